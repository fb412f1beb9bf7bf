"""What may be seen of values that are hidden."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.redacted_fields import (
    ARGUMENT,
    LOCATION,
    ROWS,
    Redacted,
    redact_each,
    redact_named,
    redacted,
    refuse_default_args,
    reveal,
)

PRIVATE = "private@example.com"
HIDDEN_ARGUMENTS = {
    "an address": PRIVATE,
    "a JSON array": json.dumps([{"Name": "private"}]),
    "a JSON object": ' {"Name": "private"}',
    "lines": "private\nprivate",
    "a long text": "private " * 30,
    "rows": [{"Name": "private"}],
    "a row": {"Name": "private"},
    "bytes": b"private",
    "a frame": pa.table({"Name": ["private"]}),
}


@pytest.mark.parametrize("kind", HIDDEN_ARGUMENTS)
def test_arguments_that_look_like_rows_are_not_shown(kind: str) -> None:
    assert "private" not in repr(Redacted(HIDDEN_ARGUMENTS[kind], ARGUMENT))


@pytest.mark.parametrize("value", ["Gent", "{{ params.city }}", "{% if a %}x{% endif %}", "{# note #}", 5, 1.5, True])
def test_other_arguments_are_shown(value: object) -> None:
    assert repr(Redacted(value, ARGUMENT)) == repr(value)


def test_a_template_that_renders_to_rows_is_hidden_from_then_on() -> None:
    argument = Redacted("{{ ti.xcom_pull('rows') }}", ARGUMENT)
    assert "xcom_pull" in repr(argument)
    argument.value = "private " * 30
    assert "private" not in repr(argument)
    assert argument.template == "{{ ti.xcom_pull('rows') }}"


@pytest.mark.parametrize("location", ["https://me:private@example.com/private/x.csv?code=private", 5, b"private", None])
def test_locations_show_scheme_host_and_name(location: Any) -> None:
    """One that is not text as well."""
    shown = repr(Redacted(location, LOCATION))
    assert "private" not in shown
    assert "5" not in shown
    assert not isinstance(location, str) or "example.com" in shown


@pytest.mark.parametrize(
    "rows", [[{"Email": PRIVATE}], f"Email\n{PRIVATE}", ({"Email": PRIVATE},), {PRIVATE: 1}, {PRIVATE}]
)
def test_rows_are_counted_at_most(rows: Any) -> None:
    assert "private" not in repr(Redacted(rows, ROWS))
    assert "private" not in str(redact_each({"a": rows}, ROWS))
    assert "private" not in str(redact_each([rows], ROWS))
    assert "private" not in str(redact_named({"source": rows}, {"source": ROWS}))


def test_a_value_is_hidden_once_and_revealed_as_it_was() -> None:
    once = redacted([1], ROWS)
    assert redacted(once, ROWS) is once
    assert reveal(once) == reveal([1]) == [1]
    assert redacted(None, ROWS) is None
    assert once == [1]
    assert once == Redacted([1], ROWS)
    assert once != [2]


def test_default_args_may_hold_what_is_shown_as_it_is() -> None:
    refuse_default_args(
        {"source": None, "location": "https://example.com/x.csv", "city": "Gent"}, {"location": LOCATION}
    )
    refuse_default_args({"city": "Gent"}, {"city": ARGUMENT})
    refuse_default_args(None, {"source": ROWS})
    with pytest.raises(CopernicaArgumentError, match="source"):
        refuse_default_args({"source": []}, {"source": ROWS})
