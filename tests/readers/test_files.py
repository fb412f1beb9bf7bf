"""Files of each format as rows."""

from __future__ import annotations

import gzip
import io
import sys
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.file_contents import ROWS, WRITERS, Trickle, as_csv, read

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaRowError
from airflow_provider_copernica.payload.body import write_body
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.readers.files import FileOptions, guess_format, read_rows
from airflow_provider_copernica.readers.row_batch import single_rows

texts = st.text(st.characters(exclude_categories=["Cs"]))


tables = st.lists(st.fixed_dictionaries({"a": texts, "b ë": texts, "c": texts}), max_size=40)


@pytest.mark.parametrize("make", [io.BytesIO, Trickle])
@pytest.mark.parametrize(("packed", "compression"), [(0, "infer"), (1, "infer"), (1, "gzip"), (0, "none")])
@pytest.mark.parametrize("kind", WRITERS)
def test_round_trip(kind, packed, compression, make):
    content = WRITERS[kind](ROWS)
    stream = make(gzip.compress(content, mtime=0) if packed else content)
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


@pytest.mark.parametrize("content", [b"", b" \n", b"[]"])
def test_json_without_rows(content):
    assert read(content, "json") == []


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("csv", b"a,b\n1,2\n1\n", r"Row 2 \(line 3\) has 1 of 2 values, nothing for 'b'"),
        ("csv", b"a,b\n1,2,3\n", "Row 1 .*3 values for 2 columns"),
        ("csv", b"a,b\n\n1,2\n", "Row 1 is a blank line"),
        ("json", b'[{"a": 1}, 5]', "Row 2 is of type int"),
        ("jsonl", b'{"a": 1}\n[]', "Row 2 is of type list"),
        ("json", b'[{"a": 1}, {"a": 1, "a": 2}]', "Row 2 has the field 'a' twice"),
    ],
)
def test_a_line_that_is_not_a_row_is_named_by_its_number(kind, content, says):
    with pytest.raises(CopernicaRowError, match=says):
        write_body({}, read(content, kind), RowRules())


def test_all_faults_of_a_file_are_named():
    with pytest.raises(CopernicaRowError) as raised:
        write_body({}, read(b"Email;City\n;a\nb\nc;1;2\nd;e\n", "csv"), RowRules(key_fields=("Email",)))
    assert [fault[:5] for fault in raised.value.faults] == ["Row 1", "Row 2", "Row 3"]
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
        ("parquet", b"PAR1 nonsense PAR1", "not valid Parquet"),
        ("parquet", b"", "not valid Parquet"),
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


def test_an_object_with_very_many_fields_is_not_a_row():
    fields = ", ".join(f'"{number}": 1' for number in range(10_001))
    with pytest.raises(CopernicaRowError, match=r"Row 2 has 10,001 fields, of 10,000 at most"):
        write_body({}, read(f'[{{"a": 1}}, {{{fields}}}]'.encode(), "json"), RowRules())


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


def test_rows_come_while_the_file_is_read():
    stream = Trickle(as_csv(ROWS * 50_000), 1 << 16)
    rows = single_rows(read_rows(stream, FileOptions("csv")))
    assert next(rows) == ROWS[0]
    assert stream._content.tell() < 1_000_000


def test_numbers_of_json_keep_their_digits():
    assert read(b'[{"a": 1.10, "b": 12345678901234567890.5, "c": null, "d": true}]', "json") == [
        {"a": Decimal("1.10"), "b": Decimal("12345678901234567890.5"), "c": None, "d": True},
    ]


def test_values_of_parquet_are_text_where_that_is_settled():
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

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
        {"ns": "2024-01-02 03:04:05", "date": "2024-01-02", "decimal": "1.10", "text": "00001"},
        {"ns": "", "date": "", "decimal": "", "text": ""},
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
        assert sum(1 for _ in single_rows(read_rows(file, FileOptions("parquet")))) == 300_000
        assert file.largest < 1 << 20, "of 6 MB in a column"


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
