"""Rows as files of each format, and streams to read them from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any, BinaryIO

import pytest

from airflow_provider_copernica.readers.files import FileOptions, Findings, read_rows
from airflow_provider_copernica.readers.row_batch import single_rows

Rows = list[dict[str, str]]

ROWS = [
    {"Email": "jan@example.com", "Name": "O'Brien", "Code": "00001", "Note": 'a "quoted", value; with\ttab'},
    {"Email": "zoë@example.com", "Name": "Zoë 🎉", "Code": "", "Note": "two\r\nlines\n\u2028and more\x0b"},
]


class Trickle(io.RawIOBase):
    """A stream that can't be searched and gives a few bytes at a time."""

    def __init__(self, content: bytes, size: int = 7) -> None:
        self._content = io.BytesIO(content)
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._content.read(min(self._size, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


def as_csv(rows: Rows, delimiter: str = ",", end: str = "\r\n") -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def as_json(rows: Rows) -> bytes:
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()


def as_json_lines(rows: Rows) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def as_parquet(rows: Rows) -> bytes:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


WRITERS: dict[str, Callable[[Rows], bytes]] = {
    "csv": as_csv,
    "json": as_json,
    "jsonl": as_json_lines,
    "parquet": as_parquet,
}


def read(
    content: bytes | BinaryIO | io.RawIOBase, kind: str, findings: Findings | None = None, **options: Any
) -> list[Any]:
    stream: Any = io.BytesIO(content) if isinstance(content, bytes) else content
    return list(single_rows(read_rows(stream, FileOptions(kind, **options), findings)))


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
