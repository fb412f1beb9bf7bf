"""Many rows at once: the same bytes, reports, faults and rejects as row by row, and none of them looked at alone."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.exceptions import CopernicaError
from airflow_provider_copernica.payload.body import write_body
from airflow_provider_copernica.payload.field_types import FieldType
from airflow_provider_copernica.payload.header import Header
from airflow_provider_copernica.payload.rejects import RejectedRows
from airflow_provider_copernica.payload.row_checks import RowCheck
from airflow_provider_copernica.payload.row_rules import RowReport, RowRules
from airflow_provider_copernica.payload.schema import DatabaseSchema
from airflow_provider_copernica.payload.values import MAX_CHARACTERS
from airflow_provider_copernica.readers.malformed_row import MalformedRow
from airflow_provider_copernica.readers.row_batch import RowBatch, single_rows

NAMES = ("Email", "Name", "interest.News")


@dataclass(frozen=True)
class Outcome:
    """What comes of an import: its bytes and report, or why there is none; and its rejects."""

    body: bytes = b""
    report: RowReport | None = None
    error: str = ""
    rejects: bytes = b""


def outcome(rows: Iterable[object], rules: RowRules, *, rejects: bool, tolerate_faults: bool) -> Outcome:
    with RejectedRows(values=True) as rejected:
        sink = rejected if rejects else None
        try:
            with write_body({}, rows, rules, rejects=sink, tolerate_faults=tolerate_faults) as body:
                return Outcome(body.file.read(), body.report, rejects=lines(rejected))
        except CopernicaError as error:
            return Outcome(error=f"{type(error).__name__}: {error}", rejects=lines(rejected))


def lines(rejected: RejectedRows) -> bytes:
    file = io.BytesIO()
    rejected.copy_to(file)
    return file.getvalue()


odd = st.sampled_from(
    [
        "",
        " ",
        "a ",
        "\u00a0",
        "\ufeff",
        "\ufeffEmail",
        "Email",
        " Email",
        "Name",
        "\\N",
        "\\",
        "\0",
        "\ud800",
        "zoë",
        "\u3164",
        '"',
        "\n",
        "yes",
        "no",
        "maybe",
        "1",
        "\udc00x",
        "a b",
        "\u200b",
        "interest.News",
    ]
)
cells = (
    odd
    | st.text(max_size=5)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, 1.0, 0.5, math.nan, Decimal("1.0"), date(2024, 1, 2), datetime(999, 1, 1), b"x", [1]])
)
plain = st.sampled_from(["a", "b@example.com", "x y", "é", '"'])
rows_of_cells = st.lists(st.tuples(cells, cells, st.sampled_from([True, "no", "", "maybe", 1, None])), min_size=1)
rows_of_text = st.lists(st.tuples(plain, cells, st.sampled_from(["yes", "", "no"])), min_size=1)


def batch(rows: Sequence[Sequence[object]]) -> RowBatch:
    return RowBatch.of_rows(NAMES, rows)


other_batches = st.sampled_from(
    [
        RowBatch.of_rows(("Name", "Email", "interest.News"), [("a", "b", "yes"), ("c", "d", "")]),
        RowBatch.of_rows(("Email", "Name"), [("a", "b")]),
        RowBatch.of_rows((*NAMES, "City"), [("a", "b", "no", "c")]),
    ]
)
streams = st.lists(
    (rows_of_cells | rows_of_text).map(batch)
    | other_batches
    | st.just(MalformedRow("is a blank line"))
    | st.just({"Email": "alone", "Name": "n", "interest.News": "no"}),
    min_size=1,
    max_size=4,
)
rules = st.sampled_from(
    [
        RowRules(),
        RowRules(key_fields=("Email",)),
        RowRules(key_fields=("Name", "Email")),
        RowRules(ignore_empty_fields=True),
        RowRules(key_fields=("Email",), ignore_empty_fields=True),
        RowRules(column_map={"Name": "Full_name"}),
        RowRules(
            check_values=True,
            read_schema=lambda: DatabaseSchema(
                "1", "Customers", (FieldType("Email", length=3), FieldType("Name")), interests=("News",)
            ),
        ),
    ]
)


@given(streams, rules, st.booleans(), st.booleans())
def test_many_rows_at_once_come_to_the_same_as_one_by_one(
    stream: list[object], rules: RowRules, rejects: bool, tolerate_faults: bool
) -> None:
    options = {"rejects": rejects, "tolerate_faults": tolerate_faults}
    assert outcome(stream, rules, **options) == outcome(single_rows(stream), rules, **options)


class Chosen:
    """A step that leaves out every other row, and remembers all."""

    selects = True

    def __init__(self) -> None:
        self.seen: list[tuple[str, ...]] = []

    def begin(self, header: Header) -> None:
        self.seen.append(header.names)

    def takes(self, texts: Sequence[str]) -> bool:
        self.seen.append(tuple(texts))
        return len(self.seen) % 2 == 0


@given(streams, st.sampled_from([RowRules(), RowRules(key_fields=("Email",), ignore_empty_fields=True)]))
def test_steps_see_and_choose_the_same_rows(stream: list[object], rules: RowRules) -> None:
    seen = []
    for rows in (stream, single_rows(stream)):
        step = Chosen()
        try:
            with write_body({}, rows, rules, tolerate_faults=True, steps=[step, step]) as body:
                seen.append((step.seen, body.report, body.file.read()))
        except CopernicaError as error:
            seen.append((step.seen, str(error)))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("rules", [RowRules(), RowRules(key_fields=("Email",))])
@pytest.mark.parametrize(
    "rows",
    [
        [("a", "b", "yes"), ("c", None, ""), ("é", 5, "no")],
        [("a b", "\\N", True), ("c", "\\", False)],
        [("x", "Email", "no"), ("EMAIL", "Email", "no")],
        [(1, date(2024, 1, 2), 0), (2, None, 1)],
    ],
)
def test_clean_rows_are_never_looked_at_one_by_one(rows: list[Sequence[object]], rules: RowRules) -> None:
    """What is often in rows must not make them slow: quotes, accents, backslashes, empty cells."""
    with RowCheck(rules) as check:
        assert check.columns(batch(rows)) is not None
        assert check.report().rows == len(rows)


@pytest.mark.parametrize(
    "row",
    [
        ("", "b", "no"),
        ("a ", "b", "no"),
        ("a\x7f", "b", "no"),
        ("\u3164a", "b", "no"),
        (None, "b", "no"),
        ("Email", "Name", "interest.News"),
        ("\ufeffEmail", "Name", "interest.News"),
        ("a", math.nan, "no"),
        ("a", "\0", "no"),
        ("a", "\ud800", "no"),
        ("a", "b", "maybe"),
        ("a", [1], "no"),
        ("a", "x" * (MAX_CHARACTERS + 1), "no"),
    ],
    ids=str,
)
def test_a_faulty_row_is_left_to_the_check_of_single_rows(row: Sequence[object]) -> None:
    rows = [("a", "b", "yes"), row]
    with RowCheck(RowRules(key_fields=("Email",))) as check:
        assert check.columns(batch(rows)) is None
        assert check.rows == 0


def test_rows_without_keys_need_something_in_a_cell() -> None:
    with RowCheck(RowRules()) as check:
        assert check.columns(batch([("a", "", ""), ("", " ", "no")])) is not None
        assert check.columns(batch([("a", "", ""), ("", " ", None)])) is None


@pytest.mark.parametrize("repeated", [("Email", "Name"), (" Email", "Name"), ('\ufeff"Email"', "Name ")])
def test_the_header_once_more_is_found_among_many_rows(repeated: Sequence[object]) -> None:
    rows = RowBatch.of_rows(("Email", "Name"), [("a", "b"), repeated])
    with RowCheck(RowRules()) as check:
        assert check.columns(rows) is None


def test_null_markers_are_counted() -> None:
    with RowCheck(RowRules()) as check:
        assert check.columns(batch([("a", "\\N", "no"), ("\\N", "\\N", "no"), ("b\\N", "\\n", "no")])) is not None
        assert check.report().null_markers == 3
