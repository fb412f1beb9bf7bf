from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import sys
import time
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaRowError
from airflow_provider_copernica.payload.body import write_body
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.readers.files import FileOptions, Findings, guess_format, read_rows

ROWS = [
    {"Email": "jan@example.com", "Name": "O'Brien", "Code": "00001", "Note": 'a "quoted", value; with\ttab'},
    {"Email": "zoë@example.com", "Name": "Zoë 🎉", "Code": "", "Note": "two\r\nlines\n\u2028and more\x0b"},
]

texts = st.text(st.characters(exclude_categories=["Cs"]))
tables = st.lists(st.fixed_dictionaries({"a": texts, "b ë": texts, "c": texts}), max_size=40)


class Trickle(io.RawIOBase):
    """A stream that can't be searched and gives a few bytes at a time."""

    def __init__(self, content: bytes, size: int = 7) -> None:
        self._content = io.BytesIO(content)
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part = self._content.read(min(self._size, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


def as_csv(rows, delimiter=",", end="\r\n") -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def as_json(rows) -> bytes:
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()


def as_json_lines(rows) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def as_parquet(rows) -> bytes:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


WRITERS = {"csv": as_csv, "json": as_json, "jsonl": as_json_lines, "parquet": as_parquet}


def read(content, kind, findings=None, **options):
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    return list(read_rows(stream, FileOptions(kind, **options), findings))


@pytest.mark.parametrize("make", [io.BytesIO, Trickle])
@pytest.mark.parametrize(("packed", "compression"), [(0, "infer"), (1, "infer"), (1, "gzip"), (0, "none")])
@pytest.mark.parametrize("kind", WRITERS)
def test_round_trip(kind, packed, compression, make):
    content = WRITERS[kind](ROWS)
    stream = make(gzip.compress(content) if packed else content)
    assert read(stream, kind, compression=compression) == ROWS


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
@given(rows=tables)
@settings(max_examples=50)
def test_any_text_survives_each_format_in_small_pieces(kind, rows):
    if rows:
        assert read(Trickle(WRITERS[kind](rows), 50), kind, delimiter="," if kind == "csv" else None) == rows


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_many_rows_cross_the_edges_of_chunks(kind):
    rows = [{"n": "ë" * (number % 300), "m": str(number)} for number in range(5000)]
    assert read(WRITERS[kind](rows), kind) == rows


def test_a_row_longer_than_any_chunk():
    rows = [{"n": "x" * 300_000, "m": '"'}] * 3
    for kind, write in WRITERS.items():
        assert read(write(rows), kind) == rows


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_a_byte_order_mark_is_dropped(kind):
    assert read(Trickle(b"\xef\xbb\xbf" + WRITERS[kind](ROWS), 1), kind) == ROWS


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


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"a,b\r\n\r\n"])
def test_csv_without_rows(content):
    assert read(content, "csv") == []


@pytest.mark.parametrize("content", [b"", b" \n", b"[]"])
def test_json_without_rows(content):
    assert read(content, "json") == []


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("csv", b"a,b\n1,2\n1\n", r"row 2: \(line 3\) has 1 of 2 values, nothing for 'b'"),
        ("csv", b"a,b\n1,2,3\n", "row 1: .*3 values for 2 columns"),
        ("csv", b"a,b\n\n1,2\n", "row 1: is a blank line"),
        ("json", b'[{"a": 1}, 5]', "row 2: is of type int"),
        ("jsonl", b'{"a": 1}\n[]', "row 2: is of type list"),
        ("json", b'[{"a": 1}, {"a": 1, "a": 2}]', "row 2: field 'a' occurs twice"),
    ],
)
def test_what_is_no_row_is_named_by_its_number(kind, content, says):
    with pytest.raises(CopernicaRowError, match=says):
        write_body({}, read(content, kind), RowRules())


def test_all_faults_of_a_file_are_named():
    with pytest.raises(CopernicaRowError) as raised:
        write_body({}, read(b"Email;City\n;a\nb\nc;1;2\nd;e\n", "csv"), RowRules(key_fields=("Email",)))
    assert [fault.partition(":")[0] for fault in raised.value.faults] == ["row 1", "row 2", "row 3"]
    assert raised.value.count == 3


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("csv", b"a,a\n1,2\n", "Column 'a' occurs twice"),
        ("csv", b'a,b\n1,"2\n', "Row 1 .* not valid CSV"),
        ("csv", b"a,b\n1,\xff\n", "not UTF-8 at byte 6"),
        ("csv", "a,b\n1,ë".encode()[:-1], "not UTF-8 at byte 6"),
        ("csv", "a,b\n1,2\n".encode("utf-16"), "not UTF-8 at byte 0"),
        ("json", b'[{"a": "' + b"x" * 100_000 + b'\xc3("}]', "not UTF-8 at byte 100008"),
        ("json", b'{"a": 1}\n{"a": 2}', "must be an array.*format='jsonl'"),
        ("json", b'[{"a": 1}, {"a": }]', "row 2: Expecting value"),
        ("csv", b"\na,b\n1,2\n", "The first line is blank"),
        ("jsonl", b'{"a": 1}\n{"a": ', "row 2: Expecting value.*format='json'"),
        ("jsonl", b'{"a": 1}\n{"a": 2} {"a": 3}', "row 2: there is more than one value"),
        ("parquet", b"PAR1 nonsense PAR1", "no valid Parquet"),
        ("parquet", b"", "no valid Parquet"),
        ("xml", b"", "format"),
    ],
)
def test_files_that_are_something_else(kind, content, says):
    with pytest.raises(CopernicaArgumentError, match=says):
        read(content, kind)


def test_a_mistake_far_from_the_end_is_seen_at_once():
    class Endless(io.RawIOBase):
        read_bytes = 0

        def read(self, size: int = -1) -> bytes:
            self.read_bytes += size
            assert self.read_bytes < 1_000_000, "it reads on and on"
            return b'[{"a": oops}, ' + b" " * (size - 14)

    with pytest.raises(CopernicaArgumentError, match="row 1"):
        read(Endless(), "json")


class Endless(io.RawIOBase):
    """A start, and then the same for ever: what a small gzip file may unpack to."""

    def __init__(self, start: bytes, more: bytes) -> None:
        self._waiting = start
        self._more = more * (65536 // len(more))
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        if not self._waiting:
            self._waiting = self._more
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        self.given += len(taken)
        assert self.given < 1 << 27, "it reads on and on"
        return taken


@pytest.mark.parametrize(
    ("kind", "start", "more", "says"),
    [
        ("csv", b"a;b\n1;2\n", b"x", "Line 3 is longer than 33,554,432 characters"),
        ("csv", b"", b"x", "Line 1 is longer"),
        (
            "csv",
            b'a;b\n1;2\n1;"',
            b"x" * 1000 + b"\n",
            r"Row 2 \(line \d+\) .*a value is longer than 16,777,216 characters",
        ),
        ("csv", b'a;b\n1;2\n1;"', b"x" * 1000 + b'";"\n', r"Row 2 \(line \d+\) .*longer than 33,554,432 characters"),
        ("csv", b'a;b\n1;2\n1;"', b"x\n", r"Row 2 \(line \d+\) .*or 262,144 lines"),
        ("json", b'[{"a": 1}, {"a": "', b"x", "row 2: it is longer than 33,554,432 characters"),
        ("json", b'[{"a": 1}, {"a": ', b" ", "row 2: it is longer"),
        ("jsonl", b'{"a": 1}\n{"a": "', b"x", "Line 2 is longer"),
    ],
)
def test_a_row_without_an_end_is_given_up(kind, start, more, says):
    with pytest.raises(CopernicaArgumentError, match=says):
        read(Endless(start, more), kind)


def test_an_object_with_very_many_fields_is_not_a_row():
    fields = ", ".join(f'"{number}": 1' for number in range(10_001))
    with pytest.raises(CopernicaRowError, match=r"row 2: has 10,001 fields, of 10,000 at most"):
        write_body({}, read(f'[{{"a": 1}}, {{{fields}}}]'.encode(), "json"), RowRules())


@pytest.mark.parametrize("write", [str.encode, lambda text: text.encode("utf-8-sig")])
@pytest.mark.parametrize("name", ["utf-8", "UTF8", "utf_8"])
def test_names_of_utf_8(name, write):
    assert read(write("a,b\në,1\n"), "csv", encoding=name) == [{"a": "ë", "b": "1"}]


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-32", "cp1252", "iso8859-15", "shift_jis", "gb18030"])
def test_other_encodings_in_small_pieces(kind, name):
    text = WRITERS[kind]([{"a": "é" if name in ("cp1252", "iso8859-15") else "日本", "b": "\\"}])
    content = text.decode().encode(name)
    expected = read(text, kind)
    assert read(Trickle(content, 1), kind, encoding=name) == expected


@pytest.mark.parametrize(
    ("content", "name", "byte"),
    [
        ("a,b\n1,ë".encode("cp1252"), "utf-8", 6),
        (b"a,b\n\x81,2", "cp1252", 4),
        ("a,b\n1,2".encode("utf-16-le")[:-1], "utf-16-le", 12),
        (b"a,b\n1,2\n", "utf-16", 0),
    ],
)
def test_another_encoding_than_said(content, name, byte):
    with pytest.raises(CopernicaArgumentError, match=f"(?i)not {name}"):
        read(Trickle(content, 1), "csv", encoding=name)


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


def test_null_markers_are_counted_where_nothing_was_said():
    findings = Findings()
    assert len(read(b'a;b\n\\N;1\n"\\N";\\N\n\\N;NULL\n', "csv", findings)) == 3
    assert findings.null_markers == 3


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


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04\x14", "ZIP archive or an Excel workbook"),
        (bz2.compress(b"a,b\n"), "bzip2"),
        (lzma.compress(b"a,b\n"), "xz"),
        (b"\x28\xb5\x2f\xfdrest", "Zstandard"),
    ],
)
@pytest.mark.parametrize("make", [io.BytesIO, Trickle])
def test_other_kinds_of_files_are_named(content, says, make):
    with pytest.raises(CopernicaArgumentError, match=says):
        read(make(content), "csv")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"compression": "zip"}, "compression: give"),
        ({"encoding": "rot13"}, "encoding: Python knows no text encoding"),
        ({"encoding": "no such"}, "encoding: Python knows no text encoding"),
        ({"null_values": ("NULL",), "format": "json"}, "null_values: only cells of CSV"),
    ],
)
def test_options_that_do_not_exist(options, says):
    with pytest.raises(CopernicaArgumentError, match=says):
        FileOptions(**{"format": "csv", **options})


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(as_json(ROWS))[:-12]])
def test_damaged_gzip(content):
    with pytest.raises(CopernicaArgumentError, match="gzip"):
        read(content, "json", compression="gzip")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("cut", [3, 15, 40])
def test_a_gzip_file_that_broke_off(kind, cut):
    with pytest.raises(CopernicaArgumentError, match=r"not a complete gzip file|not valid Parquet|no valid Parquet"):
        read(gzip.compress(WRITERS[kind](ROWS))[:-cut], kind)


def test_rows_come_while_the_file_is_read():
    stream = Trickle(as_csv(ROWS * 50_000), 1 << 16)
    rows = read_rows(stream, FileOptions("csv"))
    assert next(rows) == ROWS[0]
    assert stream._content.tell() < 1_000_000


def test_numbers_of_json_keep_their_digits():
    assert read(b'[{"a": 1.10, "b": 12345678901234567890.5, "c": null, "d": true}]', "json") == [
        {"a": Decimal("1.10"), "b": Decimal("12345678901234567890.5"), "c": None, "d": True},
    ]


def test_values_of_parquet_keep_their_types():
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    moment = datetime(2024, 1, 2, 3, 4, 5)
    table = pa.table(
        {
            "ns": pa.array([1704164645000000001, None], pa.timestamp("ns")),
            "date": pa.array([date(2024, 1, 2), None]),
            "decimal": pa.array([Decimal("1.10"), None]),
            "text": pa.array(["00001", None]).dictionary_encode(),
        },
    )
    file = io.BytesIO()
    parquet.write_table(table, file)
    assert read(file.getvalue(), "parquet") == [
        {"ns": moment, "date": date(2024, 1, 2), "decimal": Decimal("1.10"), "text": "00001"},
        {"ns": None, "date": None, "decimal": None, "text": None},
    ]


def test_a_row_group_of_parquet_is_never_in_memory_as_a_whole(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    texts = [f"{number:016d}" for number in range(300_000)]
    path = tmp_path / "one.parquet"
    table = pa.table(dict.fromkeys("abcd", texts))
    parquet.write_table(table, path, row_group_size=len(texts), compression="none", use_dictionary=False)
    del table, texts

    class Recorder(io.FileIO):
        largest = 0

        def read(self, size=-1):
            read = super().read(size)
            self.largest = max(self.largest, len(read))
            return read

    with Recorder(path) as file:
        assert sum(1 for _ in read_rows(file, FileOptions("parquet"))) == 300_000
        assert file.largest < 1 << 20, "of 6 MB in a column"


@pytest.mark.parametrize("days", [4_000_000, -4_000_000])
def test_dates_that_python_does_not_know(days):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pa.table({"day": pa.array([days], pa.int32()).cast(pa.date32())}), file)
    with pytest.raises(CopernicaArgumentError, match="before the year 1 or after 9999"):
        read(file.getvalue(), "parquet")


def test_parquet_without_pyarrow_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CopernicaArgumentError, match=r"airflow-provider-copernica\[parquet\]"):
        read(b"", "parquet")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/a.b/profiles.csv", ("csv", "infer")),
        ("profiles.CSV.GZ", ("csv", "gzip")),
        ("/data/a.txt", ("csv", "infer")),
        ("a.tsv.gz", ("csv", "gzip")),
        ("a.json", ("json", "infer")),
        ("a.2024.jsonl", ("jsonl", "infer")),
        ("a.ndjson.gz", ("jsonl", "gzip")),
        ("a.parquet", ("parquet", "infer")),
        ("a.parquet.gz", ("parquet", "gzip")),
    ],
)
def test_formats_are_guessed_from_the_name(path, expected):
    assert guess_format(path) == expected


@pytest.mark.parametrize("path", ["", "profiles", "a.gz", ".gz", "a.xlsx", "a.zip", "csv", "a.csv/part-0"])
def test_formats_that_the_name_does_not_tell(path):
    with pytest.raises(CopernicaArgumentError, match="format="):
        guess_format(path)
