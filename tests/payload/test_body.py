from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.exceptions import (
    CopernicaArgumentError,
    CopernicaEmptySourceError,
    CopernicaRowError,
)
from airflow_provider_copernica.payload.body import ImportBody, write_body, write_text_body
from airflow_provider_copernica.payload.columns import is_invisible
from airflow_provider_copernica.payload.field_types import FieldType
from airflow_provider_copernica.payload.row_rules import RowReport, RowRules
from airflow_provider_copernica.payload.schema import DatabaseSchema
from airflow_provider_copernica.payload.values import to_text

PARAMETERS = {"database": 1, "action": "add", "name": "Zoë"}
NO_RULES = RowRules()
BY_EMAIL = RowRules(key_fields=("Email",))

plain_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
names = st.lists(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
    .filter(lambda text: not any(map(is_invisible, text)))
    .map("Field of {}".format),
    min_size=1,
    max_size=6,
    unique_by=str.casefold,
)
values = st.one_of(
    st.none(),
    plain_text,
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(date(1000, 1, 1)),
    st.datetimes(min_value=datetime(1000, 1, 1)),
    st.uuids(),
)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, object]]:
    """Rows that obey the rules, each with its fields in an order of its own."""
    columns = draw(names)
    columns = ["Filled", *columns]
    number = draw(st.integers(1, 80))
    cells = draw(st.lists(values, min_size=1, max_size=30))
    orders = draw(st.lists(st.permutations(columns), min_size=1, max_size=4))
    return [
        {
            name: f"row {row}" if name == "Filled" else cells[(row * 7 + columns.index(name)) % len(cells)]
            for name in orders[row % len(orders)]
        }
        for row in range(number)
    ]


def read(body: ImportBody) -> dict[str, object]:
    with body:
        content = body.file.read()
    assert len(content) == body.size
    return json.loads(content)


def rows_of(rows, rules=NO_RULES, **more) -> list[dict[str, str]]:
    return read(write_body(PARAMETERS, rows, rules, **more))["source"]


@given(tables())
def test_the_body_holds_what_was_given_in_one_order(rows):
    body = write_body(PARAMETERS, iter(rows), NO_RULES)
    assert (body.report.rows, body.report.fields) == (len(rows), tuple(rows[0]))
    decoded = read(body)
    assert {name: decoded[name] for name in PARAMETERS} == PARAMETERS
    assert decoded["source"] == [{name: to_text(value, "field") for name, value in row.items()} for row in rows]
    assert {tuple(row) for row in decoded["source"]} == {tuple(rows[0])}


@st.composite
def broken_tables(draw: st.DrawFn) -> tuple[list[dict[str, object]], int, str]:
    rows = draw(tables())
    fields = list(rows[0])
    rows = [*rows, {name: rows[0][name] for name in draw(st.permutations(fields))}]
    where = draw(st.integers(1, len(rows) - 1))
    field = draw(st.sampled_from(fields))
    damage = draw(st.sampled_from(["missing", "extra", "nested", "nan", "bytes", "nul", "surrogate"]))
    row = dict(rows[where])
    if damage == "missing":
        del row[field]
    elif damage == "extra":
        field = "Not in the first row"
        row[field] = "x"
    else:
        bad = {"nested": [1], "nan": float("nan"), "bytes": b"x", "nul": "\0", "surrogate": "\udc80"}
        row[field] = bad[damage]
    return [*rows[:where], row, *rows[where + 1 :]], where + 1, field


@given(broken_tables())
def test_a_row_that_breaks_a_rule_is_named_with_its_field(broken):
    rows, row, field = broken
    with pytest.raises(CopernicaRowError) as caught:
        write_body(PARAMETERS, rows, NO_RULES)
    assert caught.value.count == 1
    assert caught.value.faults[0].startswith(f"Row {row}: ")
    assert repr(field) in caught.value.faults[0]


filled_text = plain_text.filter(str.strip)


@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), filled_text, min_size=1), min_size=1, max_size=120))
def test_sparse_rows_are_filled_where_empty_fields_are_ignored(rows):
    rows = [{**row, "n": str(number)} for number, row in enumerate(rows)]
    fields = list(dict.fromkeys(name for row in rows for name in row))
    body = write_body(PARAMETERS, rows, RowRules(ignore_empty_fields=True))
    assert body.report.fields == tuple(fields)
    decoded = read(body)["source"]
    assert decoded == [{name: row.get(name, "") for name in fields} for row in rows]
    assert {tuple(row) for row in decoded} == {tuple(fields)}


@given(st.lists(st.sampled_from(["a", "b", "c", "A", "a b"]), min_size=1, max_size=300))
def test_repeated_keys_are_counted(keys):
    with write_body({}, [{"Email": key, "n": 1} for key in keys], BY_EMAIL) as body:
        assert body.report.duplicate_keys == len(keys) - len(set(keys))


def test_several_keys_count_together():
    rows = [{"a": 1, "b": 2}, {"b": 1, "a": 2}, {"a": 1, "b": 2}]
    with write_body({}, rows, RowRules(key_fields=("b", "a"))) as body:
        assert body.report.duplicate_keys == 1
        assert body.report.key_fields == ("b", "a")


@pytest.mark.parametrize("ignore_empty_fields", [True, False])
@pytest.mark.parametrize("row", [{"Email": "  ", "n": 1}, {"Email": None, "n": 1}, {"n": 1}])
def test_every_row_needs_its_keys(row, ignore_empty_fields):
    rules = RowRules(key_fields=("Email",), ignore_empty_fields=ignore_empty_fields)
    with pytest.raises(CopernicaRowError, match=r"Row 2: .*'Email'"):
        write_body({}, [{"Email": "a", "n": 1}, row], rules)


def test_the_first_ten_faults_are_told_and_all_are_counted_without_values():
    rows = [{"Email": "a"}, *({"Email": ["private"]} for _ in range(25)), {"Email": "b"}]
    with pytest.raises(CopernicaRowError) as caught:
        write_body({}, rows, NO_RULES)
    assert caught.value.count == 25
    assert [fault.split(":")[0] for fault in caught.value.faults] == [f"Row {row}" for row in range(2, 12)]
    assert "and 15 more" in str(caught.value)
    assert "private" not in str(caught.value)


def test_a_dry_run_reports_faults_and_leaves_their_rows_out():
    rows = [{"Email": "a"}, {"Email": b""}, {"Mail": "c"}, "text", {"Email": "d"}]
    body = write_body({}, rows, NO_RULES, tolerate_faults=True)
    assert (body.report.rows, body.report.fault_count) == (5, 4)
    assert body.report.faults[-1] == "Row 4 is of type str: make it a mapping of fields to values"
    assert read(body)["source"] == [{"Email": "a"}, {"Email": "d"}]


def test_rows_may_all_be_faulty_in_a_dry_run():
    assert rows_of([5, None], tolerate_faults=True) == []


def test_no_rows_at_all():
    with pytest.raises(CopernicaEmptySourceError):
        write_body(PARAMETERS, iter(()), NO_RULES)


def test_any_mapping_is_a_row_and_iterables_are_consumed_once():
    seen: list[int] = []

    def produce() -> Iterator[MappingProxyType[str, object]]:
        for number in range(3):
            seen.append(number)
            yield MappingProxyType({"n": number, "%s": "100%"})

    assert rows_of(produce()) == [{"n": str(number), "%s": "100%"} for number in range(3)]
    assert seen == [0, 1, 2]


def test_an_error_of_the_source_comes_through():
    def produce() -> Iterator[dict[str, object]]:
        yield {"n": 1}
        raise ConnectionError("the warehouse is gone")

    with pytest.raises(ConnectionError):
        write_body(PARAMETERS, produce(), NO_RULES)


def test_columns_are_renamed():
    rules = RowRules(key_fields=("Email",), column_map={"mail": "Email"})
    assert rows_of([{"mail": "a", "n": 1}, {"n": 2, "mail": "b"}], rules)[1] == {"Email": "b", "n": "2"}
    with pytest.raises(CopernicaArgumentError, match="column_map: the source has no column 'post'"):
        write_body({}, [{"mail": "a"}], RowRules(column_map={"post": "Email"}))
    filling = RowRules(ignore_empty_fields=True, column_map={"post": "Email"})
    assert rows_of([{"n": 1}, {"n": 2, "post": "b"}], filling)[1] == {"n": "2", "Email": "b"}
    with pytest.raises(CopernicaArgumentError, match="column_map: the source has no column 'post'"):
        write_body({}, [{"mail": "a"}, {"mail": "b"}], filling)
    with pytest.raises(CopernicaArgumentError, match="same column"):
        write_body({}, [{"a": 1, "b": 2}], RowRules(column_map={"a": "b"}))


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (RowRules(key_fields=("Code",)), "key_fields: the rows have no column 'Code'"),
        (RowRules(key_fields=("email",)), "but one called 'Email'"),
        (RowRules(check_columns=lambda columns: [f"Not {columns[0].name}"]), "Not Email"),
        (RowRules(read_schema=lambda: DatabaseSchema("1", "Test")), "None of the columns"),
    ],
)
def test_wrong_columns_stop_everything(rules, says):
    def produce() -> Iterator[dict[str, object]]:
        yield {"Email": "a"}
        pytest.fail("nothing more may be read")

    with pytest.raises(CopernicaArgumentError, match=says):
        write_body({}, produce(), rules)


def test_columns_that_come_later_are_checked_as_well():
    rules = RowRules(
        ignore_empty_fields=True,
        check_columns=lambda columns: [f"No {column.name}" for column in columns if column.name == "Late"],
    )
    with pytest.raises(CopernicaArgumentError, match="No Late"):
        write_body({}, [{"a": 1}, {"Late": 1}], rules)


def test_interests_get_yes_and_no():
    rows = [{"Email": "a", "interest.Tennis": True}, {"Email": "b", "interest.Tennis": "No"}]
    assert [row["interest.Tennis"] for row in rows_of(rows)] == ["yes", "No"]
    with pytest.raises(CopernicaRowError, match=r"Row 1: field 'interest\.Tennis' is neither yes nor no"):
        write_body({}, [{"interest.Tennis": "often"}], NO_RULES)


def test_the_payload_is_bytes_while_small_and_a_file_when_large():
    with write_body(PARAMETERS, [{"n": 1}], NO_RULES) as small:
        assert isinstance(small.payload(), bytes)
        assert small.payload() == small.payload()
    with write_body(PARAMETERS, ({"n": "x" * 1000} for _ in range(2000)), NO_RULES) as large:
        payload = large.payload()
        assert not isinstance(payload, bytes)
        first = payload.read()
        assert large.payload().read() == first
        assert len(first) == large.size > 2_000_000


@pytest.mark.parametrize("text", ["", '[{"a": "\\u00eb"}]', 'a,b\r\n"ë ""x""\n",2\r\n', "x" * 200_000 + "\\"])
def test_text_is_sent_as_it_is(text):
    report = RowReport(1, ("a",), (), 0)
    body = write_text_body({**PARAMETERS, "format": "csv"}, text, report)
    assert body.report is report
    assert read(body) == {**PARAMETERS, "format": "csv", "source": text}


def test_text_that_is_not_unicode():
    with pytest.raises(CopernicaArgumentError, match="surrogate"):
        write_text_body({}, "a\ud800", RowReport(1, ("a",), (), 0))


def test_the_database_is_read_once_and_only_when_the_columns_are_known():
    reads = []

    def read_schema() -> DatabaseSchema:
        reads.append(1)
        return DatabaseSchema("1", "Test", tuple(FieldType(name) for name in "abc"))

    with pytest.raises(CopernicaEmptySourceError):
        write_body({}, [], RowRules(read_schema=read_schema))
    with pytest.raises(CopernicaArgumentError, match="no column 'Code'"):
        write_body({}, [{"a": 1}], RowRules(key_fields=("Code",), read_schema=read_schema))
    assert reads == []
    sparse = RowRules(ignore_empty_fields=True, read_schema=read_schema)
    write_body({}, [{"a": 1}, {"b": 2}, {"c": 3}], sparse).close()
    assert reads == [1]
    with pytest.raises(CopernicaArgumentError, match=r"Row 3 has new columns\.\nThe database has no field 'd'"):
        write_body({}, [{"a": 1}, {"b": 2}, {"d": 3}], sparse)


def test_values_are_compared_only_where_that_is_asked_for():
    schema = DatabaseSchema("1", "Test", (FieldType("Age", "integer"),))
    write_body({}, [{"Age": "x"}], RowRules(read_schema=lambda: schema)).close()
    write_body({}, [{"Age": "x"}], RowRules(read_schema=lambda: None, check_values=True)).close()
    with pytest.raises(CopernicaRowError, match="takes whole numbers only"):
        write_body({}, [{"Age": "x"}], RowRules(read_schema=lambda: schema, check_values=True))


def test_memory_does_not_grow_with_the_number_of_huge_cells():
    def peak(rows: int) -> int:
        tracemalloc.start()
        write_body({}, ({"n": number, "Note": "x" * 1_000_000} for number in range(rows)), NO_RULES).close()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak(40) < peak(4) + 1_000_000


FULL_DISK = """
    import resource, signal, sys, os, tempfile
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
    from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaError
    from airflow_provider_copernica.payload.body import write_body, write_text_body
    from airflow_provider_copernica.payload.row_rules import RowReport, RowRules
    rows = ({"n": number, "Note": "x" * 1000} for number in range(10_000))
    keys = ({"n": number} for number in range(1_000_000))
    sparse = [{"a": "x"}] * 150_000 + [{"b" * 30: "x"}]
    for attempt in (
        lambda: write_body({}, rows, RowRules()),
        lambda: write_body({}, keys, RowRules(key_fields=("n",))),
        lambda: write_body({}, sparse, RowRules(ignore_empty_fields=True)),
        lambda: write_text_body({}, "x" * 4_000_000, RowReport(1, ("x",), (), 0)),
    ):
        try:
            attempt()
        except CopernicaError as error:
            assert not isinstance(error, CopernicaArgumentError)  # which no retry could mend
            print(error)
    print(os.listdir(tempfile.gettempdir()))
"""


def test_a_full_disk_is_explained_and_leaves_nothing_behind(tmp_path):
    """A limit on the size of files stands for the full disk: writing fails in the same places."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    *messages, left = done.stdout.splitlines()
    assert len(messages) == 4, done
    for message in messages:
        assert f"Make room in {tmp_path}, or let TMPDIR name a larger folder" in message
        size = int(message.partition("beyond ")[2].partition(" bytes")[0].replace(",", ""))
        assert 1_000_000 < size < 3_100_000
    assert left == "[]"
    assert list(tmp_path.iterdir()) == []
