"""Values as the API shows them, compared with those that were sent."""

from __future__ import annotations

from typing import TypeVar

import pytest

from airflow_provider_copernica.verification.values import is_stored_as_sent, stored_text

Result = TypeVar("Result")


@pytest.mark.parametrize(
    ("type", "sent", "stored", "same"),
    [
        ("text", "Gent", "Gent", True),
        ("text", " Gent\t", "Gent ", True),
        ("text", "Gent", "gent", False),
        ("text", "", "", True),
        ("text", "", "x", False),
        ("text", "x", "", False),
        ("text", "1.0", "1", False),
        ("text", "007", "7", False),
        ("email", "2026-01-31", "2026-01-31 00:00:00", False),
        ("select", "a", "", False),
        ("integer", "007", "7", True),
        ("integer", "7", "7.0", True),
        ("integer", "9007199254740993", "9007199254740992", False),
        ("integer", "7", "8", False),
        ("integer", "", "0", True),
        ("integer", "", "1", False),
        ("integer", "0", "", False),
        ("integer", "x", "0", False),
        ("foreign_key", "12", "012", True),
        ("float", "12.50", "12.5", True),
        ("float", "1e3", "1000", True),
        ("float", ".5", "0.50", True),
        ("float", "0.1", "0.10000000000000001", True),
        ("float", "0.1", "0.11", False),
        ("float", "", "0.0", True),
        ("float", "x", "0.0", False),
        ("date", "2026-01-31", "2026-01-31", True),
        ("date", "2026-01-31", "2026-01-31 00:00:00", True),
        ("date", "2026-01-31", "2026-01-30", False),
        ("date", "31-12-2000", "0000-00-00", False),
        ("date", "31-12-2000", "2000-12-31", False),
        ("date", "", "0000-00-00", True),
        ("date", "2026-02-30", "2026-03-02", False),
        ("empty_date", "", "0000-00-00", True),
        ("empty_date", "", "2026-01-31", False),
        ("empty_data", "2026-01-31", "2026-01-31", True),
        ("datetime", "2026-01-31", "2026-01-31 00:00:00", True),
        ("datetime", "2026-01-31T06:00:00", "2026-01-31 06:00:00", True),
        ("datetime", "2026-01-31 06:00", "2026-01-31 06:00:00", True),
        ("datetime", "2026-01-31 06:00:00.750000", "2026-01-31 06:00:00", True),
        ("datetime", "2026-01-31T06:00:00Z", "2026-01-31 07:00:00", True),
        ("datetime", "2026-07-31T23:30:00-0500", "2026-08-01 06:30:00", True),
        ("datetime", "2026-01-31T06:00:00+01:00", "2026-01-31 07:00:00", False),
        ("datetime", "2026-01-31T06:00:00+25:00", "0000-00-00 00:00:00", False),
        ("date", "2026-07-31T23:30:00Z", "2026-08-01", True),
        ("datetime", "2026-01-31 06:00:00", "2026-01-31 07:00:00", False),
        ("datetime", "", "0000-00-00 00:00:00", True),
        ("empty_datetime", "2026-01-31 06:00:00", "2026-01-31", False),
        (None, "7.0", "7", True),
        (None, "2026-01-31", "2026-01-31 00:00:00", True),
        (None, "", "0", False),
        (None, "a", "b", False),
    ],
)
def test_values_are_compared_by_the_type_of_their_field(type: str | None, sent: str, stored: str, same: bool) -> None:  # noqa: A002 - the API's word
    assert is_stored_as_sent(sent, stored, type) is same


@pytest.mark.parametrize(("value", "text"), [(None, ""), (False, ""), (True, "1"), (5, "5"), (1.5, "1.5"), ("x", "x")])
def test_stored_values_become_text(value: object, text: str) -> None:
    assert stored_text(value) == text
