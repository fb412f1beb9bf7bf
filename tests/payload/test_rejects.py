"""Rows that are left out, with their reasons, while the others are sent."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaEmptySourceError
from airflow_provider_copernica.payload.body import prepare_import, write_body
from airflow_provider_copernica.payload.field_types import FieldType
from airflow_provider_copernica.payload.option_arguments import Limit
from airflow_provider_copernica.payload.parameters import read_parameters
from airflow_provider_copernica.payload.rejects import RejectedRows, read_reject_settings
from airflow_provider_copernica.payload.row_rules import RowReport, RowRules
from airflow_provider_copernica.payload.schema import DatabaseSchema

BY_EMAIL = RowRules(key_fields=("Email",))


def lines_of(rejected: RejectedRows) -> list[dict[str, object]]:
    file = io.BytesIO()
    rejected.copy_to(file)
    return [json.loads(line) for line in file.getvalue().splitlines()]


def split(rows, rules=BY_EMAIL, **more) -> tuple[list[dict[str, str]], list[dict[str, object]], RowReport]:
    with RejectedRows(**more) as rejected, write_body({}, rows, rules, rejects=rejected) as body:
        assert rejected.count == body.report.rejected
        return json.loads(body.file.read())["source"], lines_of(rejected), body.report


def test_faulty_rows_are_left_out_with_all_their_reasons():
    rows = [
        {"Email": "a", "Name": "b"},
        {"Email": "", "Name": float("nan")},
        {"Email": "c ", "Name": "d"},
        {"Email": "e"},
        "text",
        {"Email": "Email", "Name": "Name"},
        {"Email": "f", "Name": "g"},
    ]
    sent, rejected, report = split(rows)
    assert sent == [{"Email": "a", "Name": "b"}, {"Email": "f", "Name": "g"}]
    assert [line["row"] for line in rejected] == [2, 3, 4, 5, 6]
    assert [len(line["reasons"]) for line in rejected] == [2, 1, 1, 1, 1]
    assert rejected[0]["reasons"][0].startswith("Name: is not a number")
    assert rejected[0]["reasons"][1].startswith("Email: is empty")
    assert rejected[3]["reasons"] == ["The row is of type str: make it a mapping of fields to values"]
    assert (report.rows, report.rejected, report.accepted, report.fault_count) == (7, 5, 2, 0)
    assert all("values" not in line for line in rejected)


def test_the_first_row_may_be_rejected():
    sent, rejected, _ = split([{"Email": ""}, {"Email": "a"}])
    assert (sent, [line["row"] for line in rejected]) == ([{"Email": "a"}], [1])


def test_keys_of_rejected_rows_are_not_duplicates():
    assert split([{"Email": "a", "n": b""}, {"Email": "a", "n": 1}])[2].duplicate_keys == 0


def test_values_are_written_as_text_where_that_is_asked_for():
    rows = [
        {"Email": "a", "n": 1},
        {"Email": "", "n": 2.0},
        {"Email": None, "n": [1]},
        {"Email": "\ud800", "n": b"x"},
        5,
    ]
    _, rejected, _ = split(rows, values=True)
    assert [line.get("values") for line in rejected] == [
        {"Email": "", "n": "2"},
        {"Email": "", "n": "[1]"},
        {"Email": "\ud800", "n": "b'x'"},
        None,
    ]


def test_values_that_the_database_would_not_store_are_rejected_row_by_row():
    schema = DatabaseSchema("1", "Test", (FieldType("Email"), FieldType("Age", "integer")))
    rules = RowRules(key_fields=("Email",), read_schema=lambda: schema, check_values=True)
    sent, rejected, report = split(
        [{"Email": "a", "Age": 1}, {"Email": "b", "Age": "x"}, {"Email": "c", "Age": ""}], rules
    )
    assert sent == [{"Email": "a", "Age": "1"}]
    assert [line["reasons"] for line in rejected] == [["Age: takes whole numbers only"], ["Age: can't be empty"]]
    assert report.fault_count == 0


def test_a_rule_for_columns_still_stops_everything():
    with RejectedRows() as rejected, pytest.raises(CopernicaArgumentError, match="no column 'Email'"):
        write_body({}, [{"Mail": "a"}], BY_EMAIL, rejects=rejected)
    with RejectedRows() as rejected, pytest.raises(CopernicaEmptySourceError):
        write_body({}, [], BY_EMAIL, rejects=rejected)


@pytest.mark.parametrize(
    ("text", "text_format", "delimiter"),
    [
        ("Email;Name\na;b\n;c\nd\ne;f\n", "csv", ";"),
        (
            '[{"Email": "a", "Name": "b"}, {"Email": "", "Name": "c"}, {"Email": "d"}, {"Name": "f", "Email": "e"}]',
            "json",
            None,
        ),
    ],
)
def test_text_is_sent_as_rows(text, text_format, delimiter):
    given = {"database": 1, "action": "update", "key_fields": "Email", "source": text}
    parameters = read_parameters({**given, "format": text_format, "delimiter": delimiter})
    with RejectedRows() as rejected, prepare_import(parameters, rejects=rejected) as body:
        sent = json.loads(body.file.read())
        assert [line["row"] for line in lines_of(rejected)] == [2, 3]
    assert sent["source"] == [{"Email": "a", "Name": "b"}, {"Email": "e", "Name": "f"}]
    assert not {"format", "delimiter"} & set(sent)


def test_the_file_of_a_row_is_named_where_there_are_several():
    files = iter(["a.csv", "b.csv", None])
    _, rejected, _ = split(
        [{"Email": ""}, {"Email": " "}, {"Email": None}, {"Email": "x"}], current_file=lambda: next(files)
    )
    assert [line.get("file") for line in rejected] == ["a.csv", "b.csv", None]


@pytest.mark.parametrize(
    ("at_most", "allowed", "refused"),
    [
        (0, [(0, 5)], [(1, 1_000_000)]),
        ("20", [(20, 20), (3, 5)], [(21, 100)]),
        ("1%", [(1, 100), (0, 1), (10, 1000)], [(1, 99), (11, 1000)]),
        (" 0.1 %", [(1, 1000)], [(1, 999)]),
        ("100%", [(5, 5)], []),
        ("0%", [(0, 5)], [(1, 5)]),
    ],
)
def test_how_many_rows_may_be_rejected(at_most, allowed, refused):
    limit = read_reject_settings({"path": "x", "at_most": at_most}).at_most
    assert all(limit.allows(*pair) for pair in allowed)
    assert not any(limit.allows(*pair) for pair in refused)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 100))
def test_a_share_is_exact(rejected, read, percent):
    limit = read_reject_settings({"path": "x", "at_most": f"{percent}%"}).at_most
    assert isinstance(limit, Limit)
    assert limit.allows(rejected, read) is (rejected * 100 <= percent * read)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"path": "x", "at_most": -1}, "at_most must be a number of rows"),
        ({"path": "x", "at_most": "many"}, "at_most must be"),
        ({"path": "x", "at_most": "101%"}, "at_most must be"),
        ({"path": "x", "at_most": 0.01}, "like '1%'"),
        ({"path": "x", "at_most": True}, "at_most must be"),
        ({"path": "x", "at_most": ""}, "rendered to nothing"),
        ({"path": ""}, "path must be the path of a file"),
        ({"path": "s3://bucket/"}, "path must be the path of a file"),
        ({"path": None}, "path must be text"),
        ({}, "path must be text"),
        ({"path": "x", "values": "perhaps"}, "values must be true or false"),
        ({"path": "x", "object_storage_conn_id": 5}, "object_storage_conn_id must be text"),
        ({"path": "x", "limit": 5}, "has no argument 'limit'"),
        ("s3://bucket/x", "give Rejects"),
    ],
)
def test_arguments_that_are_wrong(given, words):
    with pytest.raises(CopernicaArgumentError, match=words):
        read_reject_settings(given)
