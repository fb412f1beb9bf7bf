"""Files as streams of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import UnsupportedOperation
from itertools import chain
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, get_args

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.csv_dialect import DELIMITERS, CsvStart, read_start, sniff_delimiter
from airflow_provider_copernica.readers.csv_rows import csv_rows
from airflow_provider_copernica.readers.decoding import (
    COMPRESSIONS,
    Compression,
    check_encoding,
    decode,
    read_ahead,
    read_chunks,
    split_lines,
)
from airflow_provider_copernica.readers.json_rows import JsonTextError, json_line_rows, json_rows
from airflow_provider_copernica.readers.parquet_rows import parquet_rows, seekable_parquet_rows

__all__ = ["FILE_FORMATS", "FileFormat", "FileOptions", "Findings", "guess_format", "read_rows"]

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


@dataclass(frozen=True)
class FileOptions:
    """
    How to read a file.

    :param format: "csv", "json" (an array), "jsonl" (an object per line) or "parquet".
    :param compression: "infer" (gzip is told by its first bytes, the default), "gzip" or "none".
    :param encoding: of text, as Python calls it, default UTF-8.
    :param delimiter: of CSV: a tab, comma or semicolon; default None: found in the header.
    :param null_values: cells of CSV that are empty if they stand without quotes, default none.
    :param as_is: Copernica itself fetches the same bytes, and reads them as its documentation says: what would be
        mended or unpacked here is refused; default False.
    :raises CopernicaArgumentError: there is no such format, compression or encoding.
    """

    format: str
    compression: Compression = "infer"
    encoding: str = "utf-8"
    delimiter: str | None = None
    null_values: tuple[str, ...] = ()
    as_is: bool = False

    def __post_init__(self) -> None:
        if self.format not in FILE_FORMATS:
            raise CopernicaArgumentError("format: give 'csv', 'json', 'jsonl' or 'parquet'")
        if self.compression not in COMPRESSIONS:
            raise CopernicaArgumentError("compression: give 'infer', 'gzip' or 'none'")
        if self.null_values and self.format != "csv":
            raise CopernicaArgumentError("null_values: only cells of CSV can be null markers: leave null_values out")
        object.__setattr__(self, "encoding", check_encoding(self.encoding))


@dataclass
class Findings:
    """
    What is found in files while they are read.

    :param delimiter: of the last CSV file; None before its first row.
    """

    delimiter: str | None = None


def guess_format(path: str) -> tuple[FileFormat, Compression]:
    """
    Guess format and compression from a file's name.

    :param path: a path or URL, such as ``s3://bucket/profiles.csv.gz``.
    :return: the format; "gzip", or "infer" where the name does not say so.
    :raises CopernicaArgumentError: the name doesn't tell.
    """
    name = PurePosixPath(path.lower())
    packed = name.suffix == ".gz"
    known = _FORMATS.get((name.with_suffix("") if packed else name).suffix)
    if known is None:
        endings = ", ".join(_FORMATS)
        raise CopernicaArgumentError(
            "format: the name of the file doesn't tell its format: give format='csv', 'json', 'jsonl' or 'parquet' "
            f"(known endings: {endings}, each also with .gz)"
        )
    return known, "gzip" if packed else "infer"


def read_rows(stream: BinaryIO, options: FileOptions, findings: Findings | None = None) -> Iterator[object]:
    """
    Read a file row by row, with flat memory. What is not a row is handed on, for the row checks to name it.

    :param stream: binary, positioned at its start; closed by its owner.
    :param options: how to read it.
    :param findings: filled on the way, default None.
    :raises CopernicaArgumentError: the file is damaged, or of another encoding or format.
    """
    findings = findings or Findings()
    if options.format == "parquet":
        yield from _parquet_rows(stream, options)
        return
    text = decode(_chunks(stream, options), options.encoding, refuse_bom=options.as_is)
    if options.format == "csv":
        yield from _csv_rows(text, options, findings)
        return
    rows = json_rows(text) if options.format == "json" else json_line_rows(split_lines(text))
    yield from _explained(rows, options.format)


def _chunks(stream: BinaryIO, options: FileOptions) -> Iterator[bytes]:
    if not options.as_is:
        return read_chunks(stream, options.compression)
    chunks = read_chunks(stream, "none")
    return _refuse_gzip(chunks)


def _refuse_gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for number, chunk in enumerate(chunks):
        if number == 0 and chunk.startswith(b"\x1f\x8b"):
            raise CopernicaArgumentError("The file is compressed with gzip, which Copernica doesn't read: unpack it")
        yield chunk


def _parquet_rows(stream: BinaryIO, options: FileOptions) -> Iterator[object]:
    """Read in place what lies on this machine. Elsewhere each jump costs a request: it is copied first."""
    if options.compression != "gzip" and _is_local(stream):
        start = stream.read(2)
        stream.seek(0)
        if start != b"\x1f\x8b":
            return seekable_parquet_rows(stream)
    return parquet_rows(read_chunks(stream, options.compression))


def _is_local(stream: BinaryIO) -> bool:
    try:
        stream.fileno()
    except (UnsupportedOperation, AttributeError):
        return False
    return stream.seekable()


def _csv_rows(text: Iterator[str], options: FileOptions, findings: Findings) -> Iterator[object]:
    head, text = read_ahead(text)
    start = read_start(head)
    if options.as_is and start.line_end == "\r":
        raise CopernicaArgumentError("The lines end in a carriage return alone: end them with a line feed")
    if not options.as_is:
        text = chain((next(text, "")[start.excel_line :],), text)
    findings.delimiter = _delimiter(start, options)
    yield from csv_rows(split_lines(text, start.line_end), findings.delimiter, null_values=options.null_values)


def _delimiter(start: CsvStart, options: FileOptions) -> str:
    said, excel = options.delimiter, start.excel_delimiter
    if excel is None:
        return said or sniff_delimiter(start.header)
    if excel not in DELIMITERS or said not in (None, excel):
        expected = f"the argument delimiter says {said!r}" if said else "Copernica takes tab, comma, semicolon"
        raise CopernicaArgumentError(f"The first line of the file says that its delimiter is {excel!r}, but {expected}")
    return excel


def _explained(rows: Iterator[object], format: str) -> Iterator[object]:  # noqa: A002 - the API's name for it
    try:
        yield from rows
    except JsonTextError as error:
        other = "an object per line is format='jsonl'" if format == "json" else "an array is format='json'"
        raise CopernicaArgumentError(f"The file is not valid JSON: {error.reason} ({other})") from error
