"""Bytes to text: encodings, compression, and rows without an end."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma

import pytest
from support.file_contents import ROWS, WRITERS, Endless, Trickle, as_json, read

from airflow_provider_copernica.exceptions import CopernicaArgumentError


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_a_byte_order_mark_is_dropped(kind):
    assert read(Trickle(b"\xef\xbb\xbf" + WRITERS[kind](ROWS), 1), kind) == ROWS


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


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(as_json(ROWS), mtime=0)[:-12]])
def test_damaged_gzip(content):
    with pytest.raises(CopernicaArgumentError, match="gzip"):
        read(content, "json", compression="gzip")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("cut", [3, 15, 40])
def test_a_gzip_file_that_broke_off(kind, cut):
    with pytest.raises(CopernicaArgumentError, match=r"not a complete gzip file|not valid Parquet|no valid Parquet"):
        read(gzip.compress(WRITERS[kind](ROWS), mtime=0)[:-cut], kind)
