"""Each kind of row that must not arrive, through each source: the same refusal, and nothing is sent."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from support.taskrun import run_task

from airflow_provider_copernica.decorators.copernica import CopernicaImportDecoratedOperator
from airflow_provider_copernica.emulator import Emulator, run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

Rows = list[dict[str, Any]]
Arguments = dict[str, Any]
MakeTask = Callable[[Path, Rows, Arguments], CopernicaImportOperator]

GOOD = {"Email": "a@example.com", "City": "Gent"}


def as_csv(rows: Rows) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return text.getvalue()


def as_table(rows: Rows) -> pyarrow.Table:
    return pyarrow.Table.from_pydict({name: [row[name] for row in rows] for name in rows[0]})


def array(_: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    return CopernicaImportOperator(source=rows, **arguments)


def rendered_array(_: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    """As an upstream task hands them over: not literal, so that they are seen when the task runs."""
    operator = CopernicaImportOperator(source="{{ rows }}", format="json", **arguments)
    operator.source = rows
    return operator


def function(_: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    return CopernicaImportDecoratedOperator(python_callable=lambda: iter(rows), **arguments)


def function_of_a_frame(_: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    return CopernicaImportDecoratedOperator(python_callable=lambda: as_table(rows), **arguments)


def frame(_: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    return CopernicaImportOperator(source=as_table(rows), **arguments)


def json_text(_: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    return CopernicaImportOperator(source=json.dumps(rows), format="json", **arguments)


def csv_text(_: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    return CopernicaImportOperator(source=as_csv(rows), format="csv", delimiter=";", **arguments)


def csv_file(directory: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    (directory / "rows.csv").write_text(as_csv(rows), encoding="utf-8")
    return ObjectStorageToCopernicaOperator(path=(directory / "rows.csv").as_uri(), delimiter=";", **arguments)


def part_files(directory: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    (directory / "parts").mkdir(exist_ok=True)
    for number, row in enumerate(rows):
        (directory / "parts" / f"part-{number}.csv").write_text(as_csv([row]), encoding="utf-8")
    return ObjectStorageToCopernicaOperator(path=(directory / "parts").as_uri(), delimiter=";", **arguments)


def json_file(directory: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    (directory / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    return ObjectStorageToCopernicaOperator(path=(directory / "rows.json").as_uri(), **arguments)


def json_lines(directory: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    (directory / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return ObjectStorageToCopernicaOperator(path=(directory / "rows.jsonl").as_uri(), **arguments)


def parquet_file(directory: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    pyarrow.parquet.write_table(as_table(rows), directory / "rows.parquet")
    return ObjectStorageToCopernicaOperator(path=(directory / "rows.parquet").as_uri(), **arguments)


def query(directory: Path, rows: Rows, arguments: Arguments) -> CopernicaImportOperator:
    with closing(sqlite3.connect(directory / "warehouse.db")) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS given")
        columns = ", ".join(f'"{name}"' for name in rows[0])
        connection.execute(f"CREATE TABLE given ({columns})")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO given VALUES ({marks})", [tuple(row.values()) for row in rows])  # noqa: S608 - ours
    return SqlToCopernicaOperator(sql="SELECT * FROM given ORDER BY rowid", sql_conn_id="warehouse", **arguments)


AS_ROWS = [array, rendered_array, function, query]
AS_COLUMNS = [frame, function_of_a_frame, parquet_file]
AS_JSON = [json_text, json_file, json_lines]
AS_CSV = [csv_text, csv_file]
ALL: list[MakeTask] = [*AS_ROWS, *AS_COLUMNS, *AS_JSON, *AS_CSV, part_files]
UPSERT: Arguments = {"action": "update or add", "key_fields": ["Email"]}
ADD: Arguments = {"action": "add"}

KINDS: dict[str, tuple[list[MakeTask], Arguments, Rows, str]] = {
    **{
        f"a key with {name} at an end": (
            ALL if name in ("a blank", "a zero-width space") else [array],
            UPSERT,
            [GOOD, {**GOOD, "Email": email}],
            r"Row 2: field 'Email' has white space or something invisible at an end",
        )
        for name, email in {
            "a blank": "b@example.com ",
            "forty characters": "b@example.com".ljust(40),
            "a leading blank": " b@example.com",
            "a tab": "b@example.com\t",
            "a no-break space": "b@example.com\u00a0",
            "a zero-width space": "\u200bb@example.com",
            "a byte order mark": "b@example.com\ufeff",
        }.items()
    },
    "an empty key": (
        ALL,
        UPSERT,
        [GOOD, {**GOOD, "Email": ""}],
        r"Row 2: field 'Email' is empty, and it is a key field",
    ),
    "a blank key": (ALL, UPSERT, [GOOD, {**GOOD, "Email": "\u2003"}], r"Row 2: field 'Email' is empty"),
    "a row of empty cells": (ALL, ADD, [GOOD, {"Email": "", "City": ""}], r"Row 2 has empty cells only"),
    "a row of blank cells": (ALL, ADD, [GOOD, {"Email": " ", "City": "\u00a0"}], r"Row 2 has empty cells only"),
    "a row of nulls": (
        [*AS_ROWS, *AS_COLUMNS, *AS_JSON],
        ADD,
        [GOOD, {"Email": None, "City": None}],
        r"Row 2 has empty cells only",
    ),
    "the header once more": (
        ALL,
        UPSERT,
        [GOOD, {"Email": "Email", "City": "City"}],
        r"Row 2 is the header once more",
    ),
    "a control character": (ALL, UPSERT, [GOOD, {**GOOD, "City": "Ge\x00nt"}], r"Row 2: field 'City' .*"),
    "not a number": (
        [array, rendered_array, function, *AS_COLUMNS],
        UPSERT,
        [{**GOOD, "City": 1.5}, {**GOOD, "City": float("nan")}],
        r"Row 2: field 'City' is not a number",
    ),
    "infinity": (
        [*AS_ROWS, *AS_COLUMNS],
        UPSERT,
        [{**GOOD, "City": 1.5}, {**GOOD, "City": float("inf")}],
        r"Row 2: field 'City' is not a number",
    ),
    "bytes": ([*AS_ROWS, *AS_COLUMNS], UPSERT, [{**GOOD, "City": b"Gent"}], r"'City'.*bytes"),
    "a nested value": (
        [array, rendered_array, function, *AS_JSON, *AS_COLUMNS],
        UPSERT,
        [{**GOOD, "City": ["Gent"]}],
        r"'City' .*",
    ),
    **{
        f"a column name with U+{ord(mark):04X} {place}": (
            ALL if name == "City\u200b" else [array],
            UPSERT,
            [{"Email": "a@example.com", name: "Gent"}],
            rf"(?i)\\u{ord(mark):04x}|\\x{ord(mark):02x}",
        )
        for mark in "\u200b\ufeff\u2060\u00ad"
        for place, name in {"inside": f"Ci{mark}ty", "at the end": f"City{mark}"}.items()
    },
    "a blank column name": (
        [array, rendered_array, function, *AS_COLUMNS, *AS_JSON, *AS_CSV, part_files],
        UPSERT,
        [{"Email": "a@example.com", " ": "Gent"}],
        r"name",
    ),
    "an unnamed expression": (ALL, UPSERT, [{"Email": "a@example.com", "?column?": "Gent"}], r"\?column\?.*AS"),
    "an index of pandas": (
        ALL,
        UPSERT,
        [{"Email": "a@example.com", "__index_level_0__": "1"}],
        r"__index_level_0__.*reset_index",
    ),
    "a column that the database does not have": (
        ALL,
        UPSERT,
        [{"Email": "a@example.com", "Fristname": "Noor"}],
        r"Fristname",
    ),
    "a column in other case": (ALL, UPSERT, [{"Email": "a@example.com", "city": "Gent"}], r"'city'.*'City'"),
    "a key field in other case": (
        ALL,
        {"action": "update", "key_fields": ["email"]},
        [GOOD],
        r"key_fields: .*'email'.*'Email'",
    ),
    "one column that looks like several": (ALL, ADD, [{"Email|City": "a@example.com|Gent"}], r"looks like several"),
    "a missing header": (ALL, ADD, [{"a@example.com": "b@example.com"}], r"header line"),
}
CASES = [
    pytest.param(make, arguments, rows, message, id=f"{kind}, {make.__name__}")
    for kind, (routes, arguments, rows, message) in KINDS.items()
    for make in routes
]


@pytest.fixture(scope="module")
def shared_emulator() -> Iterator[Emulator]:
    """One for all, since the requests are what is looked at."""
    with run_emulator(import_seconds=0) as emulator, pytest.MonkeyPatch.context() as patch:
        connection = {"conn_type": "copernica", "host": emulator.url, "password": emulator.token}
        patch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps(connection))
        yield emulator


@pytest.fixture
def emulator(shared_emulator: Emulator) -> Emulator:
    shared_emulator.reset()
    add_demo_database(shared_emulator)
    return shared_emulator


@pytest.fixture(autouse=True)
def _warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))


@pytest.mark.parametrize(("make", "arguments", "rows", "message"), CASES)
def test_it_is_refused(
    emulator: Emulator, tmp_path: Path, make: MakeTask, arguments: Arguments, rows: Rows, message: str
) -> None:
    given = {"task_id": "load", "database": 1, "poll_interval": 0.05, **arguments}
    try:
        outcome = run_task(lambda: make(tmp_path, rows, given))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared: literal rows are refused at parse
        text = str(error)
    else:
        assert outcome.state == "failed"
        text = str(outcome.error)
    assert re.search(message, text), text
    assert emulator.imports == []
    assert "a@example.com" not in text


EXACT: dict[str, tuple[list[MakeTask], object, str]] = {
    "a whole float": ([*AS_ROWS, *AS_COLUMNS], 1001.0, "1001"),
    "text with zeros": (ALL, "0031", "0031"),
    "a phone number": (ALL, "+31612345678", "+31612345678"),
    "text like a float": (ALL, "12.50", "12.50"),
    "text like Python's digits": (ALL, "1_000", "1_000"),
    "text None": (ALL, "None", "None"),
    "text that looks like a template": (
        ALL[1:],
        "{{ conn.copernica_default.password }}",
        "{{ conn.copernica_default.password }}",
    ),
    "a large number": ([*AS_ROWS, *AS_COLUMNS, *AS_JSON], 2**53 + 1, "9007199254740993"),
    "line ends": ([*AS_ROWS, *AS_COLUMNS, *AS_JSON, csv_text, csv_file], "a\r\nb\nc", "a\r\nb\nc"),
    "blanks at the ends of what is not a key": (ALL, " Gent ", " Gent "),
    "an emoji": (ALL, "👩‍👩‍👧", "👩‍👩‍👧"),
}


@pytest.mark.parametrize(
    ("make", "value", "text"),
    [
        pytest.param(make, value, text, id=f"{kind}, {make.__name__}")
        for kind, (routes, value, text) in EXACT.items()
        for make in routes
    ],
)
def test_it_arrives_as_it_is(emulator: Emulator, tmp_path: Path, make: MakeTask, value: object, text: str) -> None:
    given = {"task_id": "load", "database": 1, "poll_interval": 0.05, **UPSERT}
    outcome = run_task(lambda: make(tmp_path, [{"Email": "a@example.com", "City": value}], given))
    assert outcome.state == "success", outcome.error
    (profile,) = emulator.profiles(1)
    assert profile["fields"]["City"] == text  # type: ignore[index]  # a dict
