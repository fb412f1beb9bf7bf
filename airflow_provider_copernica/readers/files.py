"""Files as streams of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, get_args

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.csv_rows import csv_rows, sniff_delimiter
from airflow_provider_copernica.readers.decoding import decode, read_chunks, split_lines
from airflow_provider_copernica.readers.json_rows import JsonTextError, json_line_rows, json_rows
from airflow_provider_copernica.readers.parquet_rows import parquet_rows, seekable_parquet_rows

Compression = Literal["gzip"] | None
FileFormat = Literal["csv", "json", "jsonl", "parquet"]
FILE_FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)

_FORMATS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


def guess_format(path: str) -> tuple[FileFormat, Compression]:
    """
    Guess format and compression from a file's name.

    :param path: a path or URL, such as ``s3://bucket/profiles.csv.gz``.
    :return: the format, and "gzip" or None.
    :raises CopernicaArgumentError: the name doesn't tell.
    """
    name = PurePosixPath(path.lower())
    compression: Compression = "gzip" if name.suffix == ".gz" else None
    known = _FORMATS.get((name.with_suffix("") if compression else name).suffix)
    if known is None:
        endings = ", ".join(_FORMATS)
        raise CopernicaArgumentError(
            f"format: the name of the file doesn't tell its format: give format='csv', 'json', 'jsonl' or 'parquet' "
            f"(known endings: {endings}, each also with .gz)",
        )
    return known, compression


def read_rows(
    stream: BinaryIO,
    format: str,  # noqa: A002 - the API's name for it
    *,
    compression: str | None = None,
    delimiter: str | None = None,
    on_delimiter: Callable[[str], None] | None = None,
) -> Iterator[object]:
    """
    Read a file row by row, with flat memory. What is no row is handed on, for the row rules to name it.

    :param stream: binary, positioned at its start; closed by its owner.
    :param format: "csv", "json" (an array), "jsonl" (an object per line) or "parquet".
    :param compression: "gzip" or None, the default.
    :param delimiter: of CSV: a tab, comma or semicolon; default None: found in the header.
    :param on_delimiter: called with the delimiter that was found, default None.
    :raises CopernicaArgumentError: the file is damaged, not UTF-8, or of another format.
    """
    if format not in FILE_FORMATS or compression not in (None, "gzip"):
        raise CopernicaArgumentError("format: give 'csv', 'json', 'jsonl' or 'parquet', compressed with 'gzip' or not")
    yield from _rows(stream, format, compression, delimiter, on_delimiter)


def _rows(
    stream: BinaryIO,
    format: str,  # noqa: A002 - as above
    compression: str | None,
    delimiter: str | None,
    on_delimiter: Callable[[str], None] | None,
) -> Iterator[object]:
    if format == "parquet" and not compression and stream.seekable():
        return seekable_parquet_rows(stream)
    chunks = read_chunks(stream, compression)
    if format == "parquet":
        return parquet_rows(chunks)
    text = decode(chunks)
    if format == "csv":
        return _csv_rows(split_lines(text), delimiter, on_delimiter)
    return _explained(json_rows(text) if format == "json" else json_line_rows(split_lines(text)), format)


def _csv_rows(
    lines: Iterator[str], delimiter: str | None, on_delimiter: Callable[[str], None] | None
) -> Iterator[object]:
    if delimiter is None:
        delimiter, lines = sniff_delimiter(lines)
        if on_delimiter:
            on_delimiter(delimiter)
    return csv_rows(lines, delimiter)


def _explained(rows: Iterator[object], format: str) -> Iterator[object]:  # noqa: A002 - as above
    try:
        yield from rows
    except JsonTextError as error:
        other = "an object per line is format='jsonl'" if format == "json" else "an array is format='json'"
        raise CopernicaArgumentError(f"the file is no valid JSON: {error.reason} ({other})") from error
