"""The body of a POST imports, in a temporary file: the rows checked on their way into it."""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from itertools import compress
from json.encoder import encode_basestring
from types import TracebackType
from typing import BinaryIO, cast

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.faults import FaultSink
from airflow_provider_copernica.payload.header import Header, make_header
from airflow_provider_copernica.payload.parameters import ImportParameters
from airflow_provider_copernica.payload.row_checks import RowCheck, check_against
from airflow_provider_copernica.payload.row_rules import NOT_KNOWN, Columns, ReadSchema, RowReport, RowRules
from airflow_provider_copernica.payload.row_steps import RowStep
from airflow_provider_copernica.payload.row_writer import RowWriter
from airflow_provider_copernica.payload.spool import IN_MEMORY, Spool
from airflow_provider_copernica.payload.text import check_text, text_rows
from airflow_provider_copernica.readers.row_batch import RowBatch

__all__ = ["ImportBody", "prepare_import", "write_body", "write_text_body"]

_BATCH_CHARACTERS = 1 << 16


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
        """Return what to post: bytes while these are in memory anyway, else the file, whose length is known."""
        self.file.seek(0)
        return self.file.read() if self.size <= IN_MEMORY else self.file

    def close(self) -> None:
        """Remove the file."""
        self.file.close()

    def __enter__(self) -> ImportBody:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def prepare_import(
    parameters: ImportParameters,
    *,
    read_schema: ReadSchema | None = None,
    check_values: bool = False,
    columns: Columns = NOT_KNOWN,
    tolerate_faults: bool = False,
    rejects: FaultSink | None = None,
    steps: Sequence[RowStep] = (),
) -> ImportBody:
    """
    Check the rows and write the body.

    :param parameters: converted and checked. A generator of rows is closed, whatever happens.
    :param read_schema: reads the database to compare the columns with, called when these are known; default None.
    :param check_values: compare the values with the database as well, default False.
    :param columns: what is known of the columns before the source is read; those of a location are not checked
        where they are not known.
    :param tolerate_faults: for a dry run: faults are only reported.
    :param rejects: takes faulty rows, and the others are sent; text is sent as rows then. Default None: all or none.
    :param steps: see each row that passed the checks, in this order; one that may leave rows out makes rows of text.
    :return: to be closed by the caller. The report on a location knows of no rows.
    :raises CopernicaArgumentError: columns or rows are wrong.
    :raises CopernicaEmptySourceError: there are no rows.
    """
    source = parameters.source
    rules = RowRules(
        key_fields=parameters.key_fields or (),
        ignore_empty_fields=bool(parameters.ignore_empty_fields),
        check_columns=parameters.check_columns,
        read_schema=read_schema,
        check_values=check_values,
        column_map=columns.renamed,
    )
    if source is None:
        names = _check_location(columns, rules)
        body = json.dumps(parameters.to_wire()).encode()
        return ImportBody(io.BytesIO(body), len(body), RowReport(0, names, rules.key_fields, 0))
    if isinstance(source, str):
        text_format, delimiter = parameters.format or "", parameters.delimiter
        if rejects is None and not any(step.selects for step in steps):
            report = check_text(source, text_format, delimiter, rules, tolerate_faults=tolerate_faults, steps=steps)
            return write_text_body(parameters.to_wire(), source, report, tolerate_faults=tolerate_faults)
        rows: Iterable[object] = text_rows(source, text_format, delimiter)
        parameters = replace(parameters, format=None, delimiter=None)  # which are for text
    else:
        rows = source
    # a generator that breaks off would hold its cursor or file for as long as the error lives
    with closing(rows) if isinstance(rows, Generator) else nullcontext():
        return write_body(
            parameters.to_wire(), rows, rules, tolerate_faults=tolerate_faults, rejects=rejects, steps=steps
        )


def write_body(
    parameters: Mapping[str, object],
    rows: Iterable[object],
    rules: RowRules,
    *,
    tolerate_faults: bool = False,
    rejects: FaultSink | None = None,
    steps: Sequence[RowStep] = (),
) -> ImportBody:
    """
    Write a body with its source as an array, and check every row on the way.

    :param parameters: the other parameters of POST imports, as they are sent.
    :param rows: consumed once; what is not a mapping of fields to values is a faulty row.
    :param rules: what the rows must obey.
    :param tolerate_faults: leave faulty rows out and name the faults in the report only (a dry run), default False.
    :param rejects: takes the faulty rows, which are left out; default None.
    :param steps: see each row that passed the checks, in this order, and may leave it out; default none.
    :raises CopernicaRowError: rows break the rules.
    :raises CopernicaArgumentError: the columns are wrong.
    :raises CopernicaEmptySourceError: there are no rows.
    """
    with ExitStack() as undo, RowCheck(rules, rejects=rejects) as check:
        spool = undo.enter_context(closing(Spool()))
        spool.write(_start(parameters) + b"[")
        spool, left_out = _write_rows(spool, rows, check, steps, keep=tolerate_faults)
        undo.enter_context(closing(spool))
        report = replace(check.report(), left_out=left_out)
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
        spool = undo.enter_context(closing(Spool()))
        spool.write(_start(parameters) + b'"')
        try:
            for start in range(0, len(text), _BATCH_CHARACTERS):
                batch = encode_basestring(text[start : start + _BATCH_CHARACTERS])[1:-1]
                spool.write(batch.encode(errors="replace" if tolerate_faults else "strict"))
        except UnicodeEncodeError as error:
            raise CopernicaArgumentError("source holds half a surrogate pair in its text: remove it") from error
        return _finish(undo, spool, b'"}', report)


def _check_location(columns: Columns, rules: RowRules) -> tuple[str, ...]:
    """Return the columns of a file that Copernica fetches, checked as far as they are known."""
    if not columns.of_location:
        return ()
    header = make_header(columns.of_location, rules)
    check_against(rules.read_schema() if rules.read_schema else None, header.columns)
    return header.names


def _write_rows(
    spool: Spool, rows: Iterable[object], check: RowCheck, steps: Sequence[RowStep], *, keep: bool
) -> tuple[Spool, int]:
    """Write the rows; return the file that holds them, and how many the steps left out."""
    writer = RowWriter(spool)
    left_out = 0
    for row in rows:
        columns = check.columns(row) if isinstance(row, RowBatch) else None
        if columns is not None:
            _follow(check.header, writer, steps)
            if keep or not check.faults.count:
                taken = _taken(columns, steps)
                left_out += len(columns[0]) - len(taken[0])
                writer.write_columns(taken)
            continue
        for single in row.rows() if isinstance(row, RowBatch) else (row,):
            texts = check.texts(single)
            _follow(check.header, writer, steps)
            if texts is None or (check.faults.count and not keep):
                continue
            if not steps or all(step.takes(texts) for step in steps):
                writer.write(texts, check.weight)
            else:
                left_out += 1
    return writer.finish(), left_out


def _follow(header: Header | None, writer: RowWriter, steps: Sequence[RowStep]) -> None:
    """Go on with the columns of the latest row, where they are others."""
    if header is not None and header is not writer.header:
        writer.set_header(header)
        for step in steps:
            step.begin(header)


def _taken(columns: Sequence[Sequence[str]], steps: Sequence[RowStep]) -> Sequence[Sequence[str]]:
    """Return the columns without the rows that a step leaves out."""
    if not steps:
        return columns
    taken = [all(step.takes(row) for step in steps) for row in zip(*columns, strict=True)]
    return columns if all(taken) else [list(compress(column, taken)) for column in columns]


def _start(parameters: Mapping[str, object]) -> bytes:
    text = json.dumps(parameters, allow_nan=False)[:-1]
    return f'{text}{"," if parameters else ""}"source":'.encode()


def _finish(undo: ExitStack, spool: Spool, end: bytes, report: RowReport) -> ImportBody:
    """Complete the body; from here on its owner closes the file."""
    spool.write(end)
    size = spool.tell()
    spool.seek(0)
    undo.pop_all()
    return ImportBody(cast("BinaryIO", spool), size, report)
