"""CSV in the ways that people and programs write it."""

from __future__ import annotations

import time
from itertools import islice

import pytest
from support.file_contents import ROWS, Trickle, as_csv, read

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaRowError
from airflow_provider_copernica.payload.body import write_body
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.readers.csv_rows import csv_rows
from airflow_provider_copernica.readers.decoding import split_lines
from airflow_provider_copernica.readers.files import Findings
from airflow_provider_copernica.readers.malformed_row import MalformedRow
from airflow_provider_copernica.readers.row_batch import RowBatch, single_rows


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_the_delimiter_is_found(delimiter, end):
    findings = Findings()
    assert read(as_csv(ROWS, delimiter, end), "csv", findings) == ROWS
    assert findings.delimiter == delimiter


def test_a_given_delimiter_is_not_guessed():
    assert read(b"a,b;c\n1,2;3\n", "csv", delimiter=";") == [{"a,b": "1,2", "c": "3"}]


@pytest.mark.parametrize("content", [b"a,b;c\n1,2;3\n"])
def test_an_ambiguous_delimiter_is_not_guessed(content):
    with pytest.raises(CopernicaArgumentError, match=r"delimiter: .*comma or semicolon"):
        read(content, "csv")


def test_quoted_delimiters_do_not_count():
    assert read(b'"a,b,c";d\n1;2\n', "csv") == [{"a,b,c": "1", "d": "2"}]


def test_one_column_may_hold_blank_lines():
    assert read(b"a\n1\n\n2\n\n", "csv") == [{"a": "1"}, {"a": ""}, {"a": "2"}]


@pytest.mark.parametrize("broken", ['"x', '"a" b\n'])
def test_what_was_read_before_an_error_comes_before_it(broken):
    """Its own faults, or those of the columns, are the first that there are."""
    rows = csv_rows(split_lines(["a;b\n1;2\n3;4\n", f"5;6\n{broken}"]), ";")
    assert list(islice(single_rows(rows), 3)) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}, {"a": "5", "b": "6"}]
    with pytest.raises(CopernicaArgumentError, match="Row 4"):
        next(rows)


def test_malformed_rows_come_in_their_place():
    rows = list(csv_rows(split_lines(["a;b\n1;2\n3\n4;5\n", "6;7\n"]), ";"))
    assert [row.columns if isinstance(row, RowBatch) else type(row) for row in rows] == [
        [("1",), ("2",)],
        MalformedRow,
        [("4",), ("5",)],
        [("6",), ("7",)],
    ]


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"a,b\r\n\r\n"])
def test_csv_without_rows(content):
    assert read(content, "csv") == []


@pytest.mark.parametrize("line", [b"sep=;\r\n", b"SEP=;\n", b'"sep=;"\n', b"\xef\xbb\xbfsep=;\n"])
def test_the_line_in_which_excel_says_the_delimiter(line):
    findings = Findings()
    assert read(line + b"a,b;c\n1,2;3\n", "csv", findings) == [{"a,b": "1,2", "c": "3"}]
    assert findings.delimiter == ";"


@pytest.mark.parametrize("piece", [1, 3, 1 << 16])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a;b\r1;2\r3;4", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        (b'"a\r\nx";b\r1;"2\n\r3"\r', [{"a\r\nx": "1", "b": "2\n\r3"}]),
        (b'"a\rx";b\r\n1;"2\r3"\r\n', [{"a\rx": "1", "b": "2\r3"}]),
        (b'"a""\rx";b\n1;2\n', [{'a"\rx': "1", "b": "2"}]),
        (b"a;b\r", []),
    ],
)
def test_lines_may_end_in_a_carriage_return_alone(piece, content, expected):
    assert read(Trickle(content, piece), "csv") == expected


@pytest.mark.parametrize("content", [b"a;b\r\n1;2\r3;4\r\n", b"a;b\r1;2\r\n3;4\r"])
def test_two_kinds_of_line_ends_are_not_guessed(content):
    with pytest.raises(CopernicaArgumentError, match=r"not valid CSV: a carriage return stands alone"):
        read(content, "csv")


NULLS = ("\\N", "NULL")


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("\\N;NULL;x", ("", "", "x")),
        ('"\\N";NULL;"x"', ("\\N", "", "x")),
        ('"NULL";"a;""b";NULL', ("NULL", 'a;"b', "")),
        ('"a\n;NULL\nb";"NULL";\\N', ("a\n;NULL\nb", "NULL", "")),
        ('";";;NULL', (";", "", "")),
        ('a"b;NULL;"NULL"', ('a"b', "", "NULL")),
        ('"""";"""NULL""";NULL', ('"', '"NULL"', "")),
        ("null; NULL;NULL ", ("null", " NULL", "NULL ")),
    ],
)
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_null_markers_without_quotes_are_empty(line, cells, delimiter):
    line, cells = line.replace(";", delimiter), [cell.replace(";", delimiter) for cell in cells]
    content = f'a;b;c\n1;2;3\n{line}\nx;NULL;"NULL"\n'.replace(";", delimiter)
    rows = read(content.encode(), "csv", null_values=NULLS, delimiter=delimiter)
    assert [list(row.values()) for row in rows] == [["1", "2", "3"], cells, ["x", "", "NULL"]]


def test_a_header_of_very_many_columns_takes_no_time():
    names = [f"c{number}" for number in range(50_000)]
    header = ";".join(names)
    started = time.process_time()
    assert read(f"{header}\n{header}\n".encode(), "csv") == [dict(zip(names, names, strict=True))]
    with pytest.raises(CopernicaArgumentError, match="'c0' occurs twice"):
        read(f"{header};{header}\n".encode(), "csv")
    with pytest.raises(CopernicaRowError, match="and 49994 more"):
        write_body({}, read(f"{header}\n1\n".encode(), "csv"), RowRules())
    assert time.process_time() - started < 10


@pytest.mark.parametrize("content", [b"jan@example.com;Jan\n", b'"Jan";jan@example.com\nb;c\n', b"jan@example.com\n"])
def test_a_customer_in_the_first_line_is_not_shown(content):
    with pytest.raises(CopernicaArgumentError, match="not the names of the columns") as raised:
        read(content, "csv")
    assert "jan" not in str(raised.value).lower()
