"""What is asked of a row, and what is made of the replies, without any request."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest
from support.verification import SCHEMA, answered, header

from airflow_provider_copernica.client.lookups import Listing
from airflow_provider_copernica.verification.rows import Examination, Finding, RowFinding
from airflow_provider_copernica.verification.sample import SampledRow

Result = TypeVar("Result")


def row(**cells: str) -> SampledRow:
    """A row with Email as its key, and with Order.Number where it has one."""
    named = {name.replace("__", "."): text for name, text in cells.items()}
    keys = ["Email", *(["Order.Number"] if "Order.Number" in named else [])]
    made = header(*named, keys=keys)
    return SampledRow(made.columns, tuple(named.values()), made.keys)


def profile(number: int = 5, *, interests: object = (), removed: object = False, **fields: object) -> dict[str, object]:
    return {
        "ID": str(number),
        "fields": {"Email": "a@b.c", "City": "Gent", "Age": "7", **fields},
        "interests": list(interests) if isinstance(interests, tuple) else interests,
        "removed": removed,
    }


GOOD = row(Email="a@b.c", City="Gent", Age="07")


@pytest.mark.parametrize(
    ("action", "found", "finding", "columns"),
    [
        ("update or add", [profile()], Finding.AS_EXPECTED, ()),
        ("update or add", [], Finding.MISSING, ()),
        ("update or add", [profile(City="Ede", Age="8")], Finding.DIFFERING, ("City", "Age")),
        ("update or add", [profile(), profile(6)], Finding.TWICE, ()),
        ("update or add", [profile(Email="A@B.C")], Finding.AS_EXPECTED, ()),
        ("update or add", [profile(Email=None)], Finding.UNKNOWN, ()),
        ("update or add", [profile(removed="2026-01-01 00:00:00")], Finding.MISSING, ()),
        ("update or add", [profile(removed=True), profile()], Finding.AS_EXPECTED, ()),
        ("update or add", [profile(removed="0000-00-00 00:00:00")], Finding.AS_EXPECTED, ()),
        ("update or add", [profile(Email="other@b.c"), profile()], Finding.UNKNOWN, ()),
        ("update or add", [{"ID": "5"}], Finding.UNKNOWN, ()),
        ("update", [profile()], Finding.AS_EXPECTED, ()),
        ("update", [], Finding.ABSENT, ()),
        ("update", [profile(City="Ede")], Finding.DIFFERING, ("City",)),
        ("update", [profile(), profile(6)], Finding.TWICE, ()),
        ("add", [profile(6), profile(5, City="Ede")], Finding.AS_EXPECTED, ()),
        ("add", [profile(6, City="Ede"), profile(5)], Finding.DIFFERING, ("City",)),
        ("add", [], Finding.MISSING, ()),
        ("ignore or add", [profile(City="Ede")], Finding.AS_EXPECTED, ()),
        ("ignore or add", [], Finding.MISSING, ()),
        ("ignore or add", [profile(), profile(6)], Finding.TWICE, ()),
        ("delete", [], Finding.AS_EXPECTED, ()),
        ("delete", [profile()], Finding.DIFFERING, ()),
        ("delete", [profile(), profile(6)], Finding.DIFFERING, ()),
        ("delete", [profile(removed="2026-01-01 00:00:00")], Finding.AS_EXPECTED, ()),
    ],
)
def test_what_became_of_a_row(action: str, found: Any, finding: Finding, columns: tuple[str, ...]) -> None:
    made, (ask,) = answered(Examination(1, action, schema=SCHEMA).examine(GOOD), found)
    assert made == RowFinding(finding, columns)
    assert (ask.path, ask.conditions, ask.newest_first) == ("database/1/profiles", ("Email==a@b.c",), action == "add")
    assert ask.private
    assert "a@b.c" not in repr(ask) + repr(GOOD)
    assert ask.limit > 1


def test_empty_cells_are_left_out_where_they_change_nothing() -> None:
    sent = row(Email="a@b.c", City="", Age="")
    made, _ = answered(Examination(1, "update", ignore_empty=True).examine(sent), [profile()])
    assert made.finding is Finding.AS_EXPECTED
    made, _ = answered(Examination(1, "update").examine(sent), [profile()])
    assert made == RowFinding(Finding.DIFFERING, ("City", "Age"))


def test_a_field_that_the_reply_does_not_have_differs() -> None:
    made, _ = answered(Examination(1, "update").examine(row(Email="a@b.c", Nope="")), [profile()])
    assert made == RowFinding(Finding.DIFFERING, ("Nope",))


def test_without_the_database_types_are_not_known() -> None:
    sent = row(Email="a@b.c", Age="7.0", City="Gent")
    made, _ = answered(Examination(1, "update").examine(sent), [profile()])
    assert made.finding is Finding.AS_EXPECTED


@pytest.mark.parametrize(
    ("text", "interests", "same"),
    [
        ("yes", ("news",), True),
        ("yes", (), False),
        ("1", (), False),
        ("no", (), True),
        ("0", ("News",), False),
        ("no", ("News",), False),
        ("", ("News",), False),
        ("maybe", (), True),
        ("yes", {"News": True}, True),
    ],
)
def test_interests(text: str, interests: object, same: bool) -> None:
    sent = row(Email="a@b.c", interest__News=text)
    made, _ = answered(Examination(1, "update", schema=SCHEMA).examine(sent), [profile(interests=interests)])
    assert made == (RowFinding(Finding.AS_EXPECTED) if same else RowFinding(Finding.DIFFERING, ("interest.News",)))


def order(number: str = "11", *, of: int = 5, **fields: object) -> dict[str, object]:
    return {"ID": "9", "profile": str(of), "fields": {"Number": number, "Item": "Pen", **fields}, "removed": False}


ORDER = row(Email="a@b.c", Order__Number="11", Order__Item="Pen")
MANY = Listing(tuple(order(of=6) for _ in range(100)), 101)


@pytest.mark.parametrize(
    ("action", "found", "finding", "columns"),
    [
        ("update or add", [order()], Finding.AS_EXPECTED, ()),
        ("update or add", [order("011")], Finding.AS_EXPECTED, ()),
        ("update or add", [order(of=6), order()], Finding.AS_EXPECTED, ()),
        ("update or add", [order(Item="Ink")], Finding.DIFFERING, ("Order.Item",)),
        ("update or add", [], Finding.MISSING, ()),
        ("update or add", [order(of=6)], Finding.MISSING, ()),
        ("update or add", [order(), order()], Finding.TWICE, ()),
        ("update or add", [order("12"), order("13")], Finding.UNKNOWN, ()),
        ("update or add", MANY, Finding.UNKNOWN, ()),
        ("update or add", Listing((order("12"),), 1), Finding.UNKNOWN, ()),
        ("update", [], Finding.AS_EXPECTED, ()),
        ("update", [order(Item="Ink")], Finding.DIFFERING, ("Order.Item",)),
        ("add", [order(), order(Item="Ink")], Finding.AS_EXPECTED, ()),
    ],
)
def test_what_became_of_a_subprofile(action: str, found: Any, finding: Finding, columns: tuple[str, ...]) -> None:
    made, asked = answered(Examination(1, action, schema=SCHEMA).examine(ORDER), [profile()], found)
    assert made == RowFinding(finding, columns)
    assert (asked[1].path, asked[1].conditions) == ("collection/7/subprofiles", ("Number==11",))
    assert asked[0].conditions == ("Email==a@b.c",)


def test_a_subprofile_of_which_only_the_key_was_sent_must_exist() -> None:
    sent = row(Email="a@b.c", Order__Number="11")
    made, _ = answered(Examination(1, "update or add", schema=SCHEMA).examine(sent), [profile()], [])
    assert made.finding is Finding.MISSING


def test_a_row_is_the_worst_of_its_profile_and_its_subprofiles() -> None:
    examination = Examination(1, "update or add", schema=SCHEMA)
    sent = row(Email="a@b.c", City="Ede", Order__Number="11", Order__Item="Ink")
    made, _ = answered(examination.examine(sent), [profile()], [order()])
    assert made == RowFinding(Finding.DIFFERING, ("City", "Order.Item"))
    made, _ = answered(examination.examine(sent), [profile()], [])
    assert made.finding is Finding.MISSING


@pytest.mark.parametrize(
    ("found", "finding"),
    [
        ([order("1", Item="Ink"), order("2")], Finding.AS_EXPECTED),
        ([order("1", Item="Ink")], Finding.MISSING),
        ([], Finding.MISSING),
        (Listing((order("1", Item="Ink"),), 2), Finding.UNKNOWN),
    ],
)
def test_of_a_collection_without_a_key_one_subprofile_must_be_equal(found: Any, finding: Finding) -> None:
    sent = row(Email="a@b.c", Order__Item="Pen")
    made, asked = answered(Examination(1, "update or add", schema=SCHEMA).examine(sent), [profile()], found)
    assert made.finding is finding
    assert (asked[1].path, asked[1].conditions) == ("profile/5/subprofiles/7", ())


@pytest.mark.parametrize(
    ("examination", "sent"),
    [
        (Examination(1, "ignore or add", schema=SCHEMA), ORDER),
        (Examination(1, "update or add"), ORDER),
        (Examination(1, "update or add", schema=SCHEMA), row(Email="a@b.c", Order__Item=" ")),
    ],
)
def test_subprofiles_that_nothing_is_promised_or_known_of_are_not_asked_for(
    examination: Examination, sent: SampledRow
) -> None:
    made, asked = answered(examination.examine(sent), [profile()])
    assert (made.finding, len(asked)) == (Finding.AS_EXPECTED, 1)


@pytest.mark.parametrize(
    ("found", "finding"),
    [
        ([], Finding.AS_EXPECTED),
        ([order(of=6)], Finding.AS_EXPECTED),
        ([order()], Finding.DIFFERING),
        ([order("12")], Finding.UNKNOWN),
        (MANY, Finding.UNKNOWN),
    ],
)
def test_of_deleted_subprofiles_the_profile_stays(found: Any, finding: Finding) -> None:
    examination = Examination(1, "delete", deletes_subprofiles=True, schema=SCHEMA)
    made, _ = answered(examination.examine(ORDER), [profile()], found)
    assert made.finding is finding
    made, asked = answered(examination.examine(ORDER), [])
    assert (made.finding, len(asked)) == (Finding.AS_EXPECTED, 1)


def test_of_a_collection_without_a_key_nothing_is_deleted() -> None:
    examination = Examination(1, "delete", deletes_subprofiles=True, schema=SCHEMA)
    made, asked = answered(examination.examine(row(Email="a@b.c", Order__Item="Pen")), [profile()])
    assert (made.finding, len(asked)) == (Finding.AS_EXPECTED, 1)


def test_a_collection_that_the_database_does_not_have_differs() -> None:
    sent = row(Email="a@b.c", Ordr__Item="Pen")
    made, _ = answered(Examination(1, "update or add", schema=SCHEMA).examine(sent), [profile()])
    assert made == RowFinding(Finding.DIFFERING, ("Ordr.Item",))
    made, _ = answered(
        Examination(1, "update or add", schema=SCHEMA).examine(row(Email="a@b.c", Ordr__Item="")), [profile()]
    )
    assert made.finding is Finding.AS_EXPECTED
    sent = SampledRow(
        *[(made := header("Email", "Ordr.No", keys=("Email", "Ordr.No"))).columns, ("a@b.c", "7"), made.keys]
    )
    found, _ = answered(Examination(1, "delete", deletes_subprofiles=True, schema=SCHEMA).examine(sent), [profile()])
    assert found.finding is Finding.UNKNOWN


def test_a_collection_is_known_in_any_case_of_letters() -> None:
    sent = row(Email="a@b.c", order__Item="Pen")
    made, asked = answered(
        Examination(1, "update or add", schema=SCHEMA).examine(sent), [profile()], [order(Item="Ink")]
    )
    assert (made.finding, asked[1].path) == (Finding.MISSING, "profile/5/subprofiles/7")
