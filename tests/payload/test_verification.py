"""What is drawn, asked, compared and made of it, without any request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from airflow_provider_copernica.client.lookups import Listing
from airflow_provider_copernica.payload.header import make_header
from airflow_provider_copernica.payload.option_arguments import Limit
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.payload.schema import DatabaseSchema
from airflow_provider_copernica.verification.conditions import id_of, is_askable, is_removed, satisfies
from airflow_provider_copernica.verification.counts import Baseline, Counts, count_changes, read_baseline
from airflow_provider_copernica.verification.outcome import Outcome, SampleOutcome
from airflow_provider_copernica.verification.rows import Ask, Examination, Finding, RowFinding
from airflow_provider_copernica.verification.sample import RowSample, SampledRow
from airflow_provider_copernica.verification.settings import VerifySettings
from airflow_provider_copernica.verification.values import is_stored_as_sent, stored_text

Result = TypeVar("Result")

SCHEMA = DatabaseSchema.from_api(
    {
        "ID": "1",
        "name": "Customers",
        "fields": [
            {"ID": "1", "name": "Email"},
            {"ID": "2", "name": "Age", "type": "integer"},
            {"ID": "3", "name": "City"},
        ],
        "interests": [{"ID": "1", "name": "News"}],
        "collections": [
            {
                "ID": "7",
                "name": "Order",
                "fields": [{"ID": "4", "name": "Number", "type": "integer"}, {"ID": "5", "name": "Item"}],
            }
        ],
    }
)


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


# The sample


def header(*columns: str, keys: Sequence[str] = ("Email",)) -> Any:
    return make_header(columns, RowRules(key_fields=tuple(keys)))


def drawn(sample: RowSample, rows: Sequence[Sequence[str]], *columns: str, keys: Sequence[str] = ("Email",)) -> Any:
    assert sample.selects is False
    sample.begin(header(*columns, keys=keys))
    for row in rows:
        assert sample.takes(row)
    return {row.texts for row in sample.rows}


def test_all_rows_are_drawn_where_there_are_few() -> None:
    rows = [("a", "1"), ("b", "2")]
    assert drawn(RowSample(5), rows, "Email", "City") == {*rows}
    assert drawn(RowSample(2), rows, "Email", "City") == {*rows}
    assert drawn(RowSample(0), rows, "Email", "City") == set()


def test_the_last_row_of_each_key_is_kept_in_any_case_of_letters() -> None:
    rows = [(f"{key}{n // 2 % 50}", str(n)) for n, key in enumerate("aA" * 500)]
    for _ in range(20):
        for key, number in drawn(RowSample(7), rows, "Email", "City"):
            assert int(number) == max(int(n) for each, n in rows if each.lower() == key.lower())


def test_rows_are_drawn_evenly_by_key_however_often_a_key_occurs() -> None:
    keys = [f"{n}@example.com" for n in range(10)]
    rows = [(key,) for key in keys for _ in range(1 if key.startswith("0") else 20)]
    seen = Counter(text for _ in range(600) for (text,) in drawn(RowSample(2), rows, "Email"))
    assert sum(seen.values()) == 1200
    assert set(seen) == {*keys}
    assert max(seen.values()) < 2 * min(seen.values())  # 120 each on average: a chance of one in millions


def test_memory_is_that_of_the_sample() -> None:
    sample = RowSample(3)
    drawn(sample, [(f"{n}@example.com",) for n in range(5000)], "Email")
    assert len(sample.rows) == 3
    assert len(sample._marks) == 3


def test_a_profile_with_several_orders_is_drawn_with_its_last_row() -> None:
    rows = [("a", "Gent", "1"), ("a", "Ede", "2"), ("a", "Breda", "3")]
    columns, keys = ("Email", "City", "Order.Number"), ("Email", "Order.Number")
    assert drawn(RowSample(5), rows, *columns, keys=keys) == {rows[2]}
    assert drawn(RowSample(5, whole_key=True), rows, *columns, keys=keys) == {*rows}


def test_a_column_that_comes_up_later_belongs_to_the_rows_from_there_on() -> None:
    sample = RowSample(5)
    drawn(sample, [("a", "1")], "Email", "City")
    drawn(sample, [("2", "b", "3")], "Age", "Email", "City")
    assert {tuple(column.name for column in row.columns) for row in sample.rows} == {
        ("Email", "City"),
        ("Age", "Email", "City"),
    }
    assert {row.texts[row.keys[0]] for row in sample.rows} == {"a", "b"}


@pytest.mark.parametrize("key", ["a=b", "a<b", "a>b", "a!b", "a~b", "a\nb", "a\x00b", "x" * 301])
def test_what_can_not_be_asked_for_is_counted(key: str) -> None:
    sample = RowSample(5)
    assert drawn(sample, [(key,), ("good",)], "Email") == {("good",)}
    assert sample.not_askable == 1


def test_a_row_is_not_compared_where_a_later_row_of_its_key_can_not_be_asked_for() -> None:
    columns, keys = ("Email", "City", "Order.Number"), ("Email", "Order.Number")
    rows = [("a", "Gent", "1"), ("b", "Gent", "2"), ("a", "Ede", "x=y")]
    sample = RowSample(5)
    assert drawn(sample, rows, *columns, keys=keys) == {rows[1]}
    assert sample.not_askable == 1
    assert drawn(RowSample(5), [*rows, ("a", "Breda", "3")], *columns, keys=keys) == {rows[1], ("a", "Breda", "3")}
    for _ in range(20):
        many = [(f"{n}", "Gent", number) for n in range(50) for number in ("1", "x=y")]
        assert drawn(RowSample(3), many, *columns, keys=keys) == set()


@pytest.mark.parametrize("text", ["a@b.c", "O'Brien", "a,b", "50%", "a_b", "a*b", "a+b&c", 'a"b', "Ñ", "#1", "x" * 300])
def test_other_characters_can_be_asked_for(text: str) -> None:
    assert is_askable([text])


def test_keys_that_make_the_url_too_long_are_not_asked_for() -> None:
    assert is_askable(["x" * 300] * 4)
    assert is_askable(["\U0001f600" * 300])
    assert not is_askable(["\U0001f600" * 200] * 2)


def test_no_row_is_drawn_without_key_fields_or_by_interests() -> None:
    sample = RowSample(5)
    assert drawn(sample, [("a",)], "Email", keys=()) == set()
    assert drawn(sample, [("a", "yes")], "Email", "interest.News", keys=("Email", "interest.News")) == set()


# What is asked, and what is made of the replies


def answered(steps: Generator[Ask, Listing, Result], *replies: Any) -> tuple[Result, list[Ask]]:
    """Carries steps out with these replies: a list of objects, or a whole listing."""
    asked: list[Ask] = []
    remaining = list(replies)
    try:
        ask = next(steps)
        while True:
            asked.append(ask)
            reply = remaining.pop(0)
            ask = steps.send(reply if isinstance(reply, Listing) else Listing(tuple(reply), len(reply)))
    except StopIteration as end:
        assert not remaining, "not all was asked for"
        return end.value, asked


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


# The counts


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


# What is made of it


FAIL = VerifySettings(20, "fail", None)
COUNTS = Counts(100, 12, 340, 3)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            Outcome("update or add", COUNTS, SampleOutcome(20), 24),
            "12 new, 340 modified, 3 removed; 20 of 20 sampled rows are stored as sent (24 API calls)",
        ),
        (Outcome("add", COUNTS, None, 1), "12 new, 340 modified, 3 removed (1 API call)"),
        (Outcome("add", COUNTS, SampleOutcome(), 4), "12 new, 340 modified, 3 removed (4 API calls)"),
        (
            Outcome("delete", Counts(100, None, 1, None), SampleOutcome(1), 5),
            "an unknown number new, 1 modified, an unknown number removed; 1 of 1 sampled row is gone (5 API calls)",
        ),
        (
            Outcome("ignore or add", COUNTS, SampleOutcome(20, missing=1), 24),
            "12 new, 340 modified, 3 removed; 19 of 20 sampled rows exist (24 API calls)",
        ),
        (
            Outcome("update", COUNTS, SampleOutcome(10, 1, 2, 2, 4), 9),
            (
                "12 new, 340 modified, 3 removed; 1 of 10 sampled rows is stored as sent, and 4 are not in the "
                "database (9 API calls)"
            ),
        ),
    ],
)
def test_the_summary(outcome: Outcome, said: str) -> None:
    assert outcome.summary() == said


@pytest.mark.parametrize(
    ("outcome", "max_removed", "expected"),
    [
        (Outcome("update or add", COUNTS, SampleOutcome(20)), None, []),
        (Outcome("update", COUNTS, SampleOutcome(20, absent=19)), None, []),
        (
            Outcome("update", COUNTS, SampleOutcome(2, absent=2)),
            None,
            ["none of 2 sampled rows exists, so there was nothing to update"],
        ),
        (
            Outcome("add", COUNTS, SampleOutcome(9, 1, 2, 3, columns={"City": 3, "Order.Item": 1})),
            None,
            [
                "1 of 9 sampled rows is missing",
                "2 of 9 sampled rows are found more than once",
                "3 of 9 sampled rows differ in 'City' (3), 'Order.Item' (1)",
            ],
        ),
        (
            Outcome("add", COUNTS, SampleOutcome(9, 0, 0, 1, columns={"City": 1})),
            None,
            ["1 of 9 sampled rows differs in 'City' (1)"],
        ),
        (Outcome("delete", Counts(9, 0, 0, 0), None), None, ["nothing was removed"]),
        (Outcome("delete", Counts(9, 0, 0, None), None), None, []),
        (Outcome("delete", COUNTS, SampleOutcome(9, differing=2)), None, ["2 of 9 sampled rows are still there"]),
        (Outcome("add", Counts(9, 0, 0, 0), None), None, []),
        (Outcome("add", COUNTS), Limit(3), []),
        (Outcome("add", COUNTS), Limit(2), ["3 of 100 were removed, and max_removed allows at most 2"]),
        (Outcome("add", COUNTS), Limit(None, 3), []),  # type: ignore[arg-type]  # a whole number is a decimal
        (
            Outcome("add", Counts(None, 1, 1, None)),
            Limit(5),
            ["how many were removed is not known, and max_removed asks for it"],
        ),
    ],
)
def test_differences(outcome: Outcome, max_removed: Limit | None, expected: list[str]) -> None:
    assert outcome.differences(VerifySettings(20, "fail", max_removed)) == expected


def test_counts_hold_no_more_than_was_promised() -> None:
    outcome = Outcome("update", COUNTS, SampleOutcome(9, 1, 2, 3, 2, columns={"City": 3}), 14)
    assert outcome.as_dict() == {
        "new": 12,
        "modified": 340,
        "removed": 3,
        "sampled": 9,
        "missing": 3,
        "twice": 2,
        "differing": 3,
        "columns": {"City": 3},
        "calls": 14,
    }
    assert "removal behaviour" in outcome.causes
    assert "sent before" in Outcome("delete").causes


def test_a_sample_is_summed_up() -> None:
    findings = [
        *(RowFinding(finding) for finding in Finding),
        RowFinding(Finding.DIFFERING, ("A", "B")),
        RowFinding(Finding.DIFFERING, ("B",)),
    ]
    sample = SampleOutcome.of(findings)
    assert sample == SampleOutcome(7, 1, 1, 3, 1, 1, {"A": 1, "B": 2})
    assert sample.good == 1


def test_odd_objects() -> None:
    assert [id_of({"ID": "5"}), id_of({"id": 5}), id_of({"Id": "x"}), id_of({})] == [5, 5, None, None]
    assert [is_removed({"removed": value}) for value in (False, None, "", "false", "0000-00-00", True, "2026")] == [
        *[False] * 5,
        True,
        True,
    ]
    assert not satisfies({"fields": "x"}, {SCHEMA.fields[0]: "a"})
    assert satisfies({"fields": {"Email": "a"}}, {SCHEMA.fields[0]: "A"})
    assert satisfies({"fields": {"x": "b", "eMAIL": "a"}}, {SCHEMA.fields[0]: "a"})
    assert not is_askable(["a", " "])


@pytest.mark.parametrize(("value", "text"), [(None, ""), (False, ""), (True, "1"), (5, "5"), (1.5, "1.5"), ("x", "x")])
def test_stored_values_become_text(value: object, text: str) -> None:
    assert stored_text(value) == text
