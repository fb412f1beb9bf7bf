"""How many (sub)profiles an import has added, changed and removed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

import pytest
from support.verification import answered

from airflow_provider_copernica.client.lookups import Listing
from airflow_provider_copernica.verification.counts import Baseline, count_changes, read_baseline

Result = TypeVar("Result")


NOON = datetime(2026, 7, 1, 10, 0, 0, tzinfo=UTC)
BEFORE = Baseline("database/1/profiles", 100, 500, "2026-07-01 12:00:00")


def shown(number: int, modified: object = "2026-07-01 12:00:00", **fields: object) -> dict[str, object]:
    return {"ID": str(number), "modified": modified, "fields": {"Email": "x", **fields}}


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        (Listing((shown(500),), 100, NOON), BEFORE),
        (Listing((), 0, NOON), Baseline(BEFORE.path, 0, 0, BEFORE.moment)),
        (Listing((shown(500),), None, NOON), Baseline(BEFORE.path, None, 500, BEFORE.moment)),
        (Listing((shown(500),), 100), Baseline(BEFORE.path, 100, 500, None)),
        (Listing((shown(500, Modified="x"),), 100, NOON), Baseline(BEFORE.path, 100, 500, None)),
        (Listing((shown(500, ID="x"),), 100, NOON), Baseline(BEFORE.path, 100, None, BEFORE.moment)),
        (Listing((), 100, NOON), Baseline(BEFORE.path, 100, None, BEFORE.moment)),
        (Listing(({"fields": {}},), 100, NOON), Baseline(BEFORE.path, 100, None, BEFORE.moment)),
    ],
)
def test_what_is_noted_before(listing: Listing, expected: Baseline) -> None:
    assert read_baseline(BEFORE.path, listing) == expected
    assert Baseline.from_dict(expected.as_dict()) == expected


def test_what_is_not_understood_is_not_known() -> None:
    assert Baseline.from_dict({"path": "p", "number": "many", "highest": -1, "moment": 5}) == Baseline("p")


def listing(total: int | None, *items: dict[str, object]) -> Listing:
    return Listing(items, total)


@pytest.mark.parametrize(
    ("before", "replies", "expected"),
    [
        (BEFORE, [listing(12, shown(501)), listing(109, shown(1)), listing(34, shown(7))], (12, 34, 3)),
        (BEFORE, [listing(0), listing(100, shown(1)), listing(0)], (0, 0, 0)),
        # what others add in between is not a removal
        (BEFORE, [listing(12, shown(501)), listing(115, shown(1)), listing(0)], (12, 0, 0)),
        # a filter that is ignored
        (BEFORE, [listing(112, shown(1)), listing(112, shown(1)), listing(0)], (None, 0, None)),
        (BEFORE, [listing(112, shown(500)), listing(112, shown(1)), listing(0)], (None, 0, None)),
        (BEFORE, [listing(0), listing(100, shown(1)), listing(9, shown(500))], (0, 9, 0)),
        (BEFORE, [listing(0), listing(100, shown(1)), listing(9, shown(7, "2026-07-01 11:59:59"))], (0, None, 0)),
        (BEFORE, [listing(0), listing(100, shown(1)), listing(9, shown(501))], (0, None, 0)),
        (BEFORE, [listing(0), listing(100, shown(1)), listing(9, shown(7, None))], (0, None, 0)),
        # a field in the special name's place
        (BEFORE, [listing(0), listing(100, shown(1, MODIFIED="x"))], (0, None, 0)),
        (BEFORE, [listing(0), listing(100), listing(5, shown(7, MODIFIED="x"))], (0, None, 0)),
        (BEFORE, [listing(5, shown(501, iD="x")), listing(100, shown(1)), listing(0)], (None, 0, None)),
        # totals that are missing, or that say something else than the list
        (BEFORE, [listing(None, shown(501)), listing(109, shown(1)), listing(0)], (None, 0, None)),
        (BEFORE, [listing(5), listing(109, shown(1)), listing(0)], (None, 0, None)),
        (BEFORE, [listing(12, shown(501)), listing(None, shown(1)), listing(0)], (12, 0, None)),
        # what was not known before
        (Baseline("p", 100, None, "2026-07-01 12:00:00"), [listing(100, shown(1))], (None, None, None)),
        (Baseline("p", 100, 500, None), [listing(0), listing(99, shown(1))], (0, None, 1)),
        (Baseline("p", None, 500, None), [listing(0), listing(99, shown(1))], (0, None, None)),
    ],
)
def test_what_has_changed(before: Baseline, replies: list[Listing], expected: tuple[int | None, ...]) -> None:
    counts, asked = answered(count_changes(before), *replies)
    assert (counts.new, counts.modified, counts.removed) == expected
    said = " ".join(counts.unknown)
    for number, word in zip(expected, ("are new", "modified", "removed"), strict=True):
        assert (word in said) is (number is None), "each number that is not known is said to be so, and no other"
    assert counts.before == before.number
    conditions = [ask.conditions for ask in asked]
    if len(asked) == 3:
        assert conditions == [("id>500",), (), ("modified>=2026-07-01 12:00:00", "id<=500")]
    assert {ask.limit for ask in asked} == {1}
