"""The body of a POST imports, written row by row to a file that spills to disk."""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from json.encoder import encode_basestring
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import IO, BinaryIO, cast

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.parameters import ImportParameters
from airflow_provider_copernica.payload.row_checks import RowCheck, make_header
from airflow_provider_copernica.payload.row_rules import NOT_KNOWN, Columns, RowReport, RowRules
from airflow_provider_copernica.payload.schema import DatabaseSchema
from airflow_provider_copernica.payload.text import check_text

_IN_MEMORY = 1 << 20
_BATCH_CHARACTERS = 1 << 16
_BATCH_ROWS = 32
_BETWEEN = "},\n{"


@dataclass(frozen=True)
class ImportBody:
    """
    A complete body, positioned at its start.

    :param file: holds the bytes; closed by :meth:`close`.
    :param size: their number.
    :param report: what was seen in the rows.
    """

    file: BinaryIO
    size: int
    report: RowReport

    def payload(self) -> bytes | BinaryIO:
        """Give what to post: bytes while these are in memory anyway, else the file, whose length is known."""
        self.file.seek(0)
        return self.file.read() if self.size <= _IN_MEMORY else self.file

    def close(self) -> None:
        """Remove the file."""
        self.file.close()

    def __enter__(self) -> ImportBody:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_body(
    parameters: Mapping[str, object],
    rows: Iterable[Mapping[str, object]],
    rules: RowRules,
    *,
    tolerate_faults: bool = False,
) -> ImportBody:
    """
    Write a body with its source as an array, and check every row on the way.

    :param parameters: the other parameters of POST imports, as they are sent.
    :param rows: consumed once.
    :param rules: what the rows must obey.
    :param tolerate_faults: leave faulty rows out and name the faults in the report only (a dry run), default False.
    :raises CopernicaRowError: rows break the rules.
    :raises CopernicaArgumentError: the columns are wrong.
    :raises CopernicaEmptySourceError: there are no rows.
    """
    with ExitStack() as undo, RowCheck(rules) as check:
        spool = undo.enter_context(_new_spool())
        spool.write(_start(parameters) + b"[")
        spool = undo.enter_context(_write_rows(spool, rows, check, keep=tolerate_faults))
        report = check.report()
        if not tolerate_faults:
            check.faults.raise_any()
        return _finish(undo, spool, b"]}", report)


def write_text_body(
    parameters: Mapping[str, object], text: str, report: RowReport, *, tolerate_faults: bool = False
) -> ImportBody:
    """
    Write a body with its source as text.

    :param parameters: the other parameters of POST imports, as they are sent.
    :param text: JSON or CSV, checked before by :func:`~airflow_provider_copernica.payload.text.check_text`.
    :param report: what the check saw.
    :param tolerate_faults: characters that can't be written are replaced (a dry run), default False.
    :raises CopernicaArgumentError: the text can't be written as UTF-8.
    """
    with ExitStack() as undo:
        spool = undo.enter_context(_new_spool())
        spool.write(_start(parameters) + b'"')
        try:
            for start in range(0, len(text), _BATCH_CHARACTERS):
                batch = encode_basestring(text[start : start + _BATCH_CHARACTERS])[1:-1]
                spool.write(batch.encode(errors="replace" if tolerate_faults else "strict"))
        except UnicodeEncodeError as error:
            raise CopernicaArgumentError("source: the text holds half a surrogate pair: remove it") from error
        return _finish(undo, spool, b'"}', report)


class _LineWriter:
    """
    Writes rows as JSON objects, one per line.

    A batch is one list of alternating names and values that is joined at once: twice as fast as row by row.
    Remembers after how many lines the columns changed, so that earlier lines can be completed.
    """

    def __init__(self, spool: IO[bytes]) -> None:
        self._spool = spool
        self._start = spool.tell()
        self._lines = 0
        self._columns: list[tuple[int, tuple[str, ...]]] = []
        self._row: list[str] = []
        self._values: list[str] = []
        self._full = 0

    def set_columns(self, names: tuple[str, ...]) -> None:
        self._flush()
        self._columns.append((self._lines, names))
        self._row = [part for name in names for part in (f",{encode_basestring(name)}:", "")]
        self._row[0] = _BETWEEN + self._row[0][1:]
        self._full = _BATCH_ROWS * len(names)

    def write(self, texts: Sequence[str]) -> None:
        self._values += texts
        if len(self._values) >= self._full:
            self._flush()

    def finish(self) -> IO[bytes]:
        """Write the rest; gives the file that holds all, which is another one if earlier lines lacked columns."""
        self._flush()
        if self._lines:
            self._spool.write(b"}")
        return self._complete() if len(self._columns) > 1 else self._spool

    def _flush(self) -> None:
        rows = 2 * len(self._values) // len(self._row) if self._row else 0
        if rows:
            parts = self._row * rows
            parts[1::2] = map(encode_basestring, self._values)
            text = "".join(parts)
            self._spool.write((text if self._lines else text.removeprefix(_BETWEEN[:-1])).encode())
        self._lines += rows
        self._values.clear()

    def _complete(self) -> IO[bytes]:
        """Copy the lines, each with the columns that came up after it, empty."""
        complete = _new_spool()
        self._spool.seek(0)
        complete.write(self._spool.read(self._start))
        for number, addition in self._additions():
            for _ in range(number):
                row, brace, end = self._spool.readline().rpartition(b"}")
                complete.write(row + addition + brace + end)
        return complete

    def _additions(self) -> Iterator[tuple[int, bytes]]:
        """For each run of lines with the same columns: their number, and what they lack."""
        last = self._columns[-1][1]
        ends = [*(start for start, _ in self._columns[1:]), self._lines]
        for (start, names), end in zip(self._columns, ends, strict=True):
            yield end - start, "".join(f',{encode_basestring(name)}:""' for name in last[len(names) :]).encode()


def _write_rows(spool: IO[bytes], rows: Iterable[object], check: RowCheck, *, keep: bool) -> IO[bytes]:
    writer = _LineWriter(spool)
    header = None
    for row in rows:
        texts = check.texts(row)
        if check.header is not None and header is not check.header:
            header = check.header
            writer.set_columns(header.names)
        if texts is not None and (keep or not check.faults.count):
            writer.write(texts)
    return writer.finish()


def _new_spool() -> IO[bytes]:
    return SpooledTemporaryFile(max_size=_IN_MEMORY)


def _start(parameters: Mapping[str, object]) -> bytes:
    text = json.dumps(parameters, allow_nan=False)[:-1]
    return f'{text}{"," if parameters else ""}"source":'.encode()


def _finish(undo: ExitStack, spool: IO[bytes], end: bytes, report: RowReport) -> ImportBody:
    """Complete the body; from here on its owner closes the file."""
    spool.write(end)
    size = spool.tell()
    spool.seek(0)
    undo.pop_all()
    return ImportBody(cast("BinaryIO", spool), size, report)


def prepare_import(
    parameters: ImportParameters,
    *,
    schema: DatabaseSchema | None = None,
    columns: Columns = NOT_KNOWN,
    tolerate_faults: bool = False,
) -> ImportBody:
    """
    Checks the rows and writes the body.

    :param parameters: converted and checked. A generator of rows is closed, whatever happens.
    :param schema: the database to compare the rows with; default: they are not compared.
    :param columns: what is known of them; those of a location are not checked where they are not known.
    :param tolerate_faults: for a dry run: faults are only reported.
    :return: to be closed by the caller. The report on a location knows of no rows.
    :raises CopernicaArgumentError: when columns or rows are wrong.
    :raises CopernicaEmptySourceError: when there are no rows.
    """
    wire, source = parameters.to_wire(), parameters.source
    rules = RowRules(
        key_fields=parameters.key_fields or (),
        ignore_empty_fields=bool(parameters.ignore_empty_fields),
        check_columns=parameters.check_columns,
        schema=schema,
        column_map=columns.renamed,
    )
    if source is None:
        names = make_header(columns.of_location, rules).names if columns.of_location else ()
        body = json.dumps(wire).encode()
        return ImportBody(io.BytesIO(body), len(body), RowReport(0, names, rules.key_fields, 0))
    if isinstance(source, str):
        report = check_text(
            source, parameters.format or "", parameters.delimiter, rules, tolerate_faults=tolerate_faults
        )
        return write_text_body(wire, source, report, tolerate_faults=tolerate_faults)
    # a generator that breaks off would hold its cursor or file for as long as the error lives
    with closing(source) if isinstance(source, Generator) else nullcontext():
        return write_body(wire, source, rules, tolerate_faults=tolerate_faults)
