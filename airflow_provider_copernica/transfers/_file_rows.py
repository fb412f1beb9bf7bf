"""The rows of several files as those of one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.files import FileOptions, Findings, read_rows
from airflow_provider_copernica.readers.malformed_row import MalformedRow
from airflow_provider_copernica.readers.row_batch import RowBatch
from airflow_provider_copernica.transfers._stored_files import StoredFiles, file_name

__all__ = ["CurrentFile", "file_rows", "naming_file"]

log = logging.getLogger(__name__)

_NAMES_SHOWN = 5


@dataclass
class CurrentFile:
    """
    Which file is being read.

    :param name: of the file, where there are several; else None.
    """

    name: str | None = None


def file_rows(files: StoredFiles, options: FileOptions, current: CurrentFile) -> Iterator[object]:
    """
    Read files one after the other. Where there are several, the log says which rows each of them has.

    :param files: opened one by one.
    :param options: how to read them.
    :param current: holds the name of the file that is being read.
    :raises CopernicaArgumentError: a file can't be read, or has other columns than the first, naming the file.
    """
    several = len(files.paths) > 1
    findings = Findings()
    columns: frozenset[object] | None = None
    rows = 0
    for path in files.paths:
        before, delimiter = rows, findings.delimiter
        current.name = file_name(path) if several else None
        with files.open(path) as stream, naming_file(path):
            read = read_rows(stream, _packed_by_name(options, path), findings)
            for first in islice(read, 1):
                columns = _compare(columns, first, options.format)
                if findings.delimiter != delimiter and options.delimiter is None:
                    log.info("The columns of %r are separated by %r.", file_name(path), findings.delimiter)
                read = chain((first,), read)
            if not several:
                yield from read
            for row in read:
                rows += len(row) if isinstance(row, RowBatch) else 1
                yield _naming_row(row, path) if isinstance(row, MalformedRow) else row
        if several and rows == before:
            log.warning("There are no rows in %r.", file_name(path))
        elif several:
            log.info("Rows %d to %d come from %r.", before + 1, rows, file_name(path))


@contextmanager
def naming_file(path: str) -> Iterator[None]:
    """Add the name of the file to what is wrong with it."""
    try:
        yield
    except CopernicaArgumentError as error:
        problems = (f"{problem.removesuffix('.')}, in the file {file_name(path)!r}" for problem in error.problems)
        raise CopernicaArgumentError(*problems) from error


def _naming_row(row: MalformedRow, path: str) -> MalformedRow:
    return MalformedRow(f"{row.reason}, in the file {file_name(path)!r}")


def _packed_by_name(options: FileOptions, path: str) -> FileOptions:
    """Insist on gzip where the name says so: a file that broke off before its first byte is not a short text."""
    packed = options.compression == "infer" and path.lower().endswith(".gz")
    return replace(options, compression="gzip") if packed else options


def _compare(columns: frozenset[object] | None, row: object, file_format: str) -> frozenset[object] | None:
    """The columns of all files, from the first row of the next; those of JSON are checked row by row."""
    if not isinstance(row, RowBatch | Mapping) or file_format not in ("csv", "parquet"):
        return columns
    names = frozenset(row.names if isinstance(row, RowBatch) else row)
    if columns is None or columns == names:
        return names
    missing, new = (sorted(map(repr, found)) for found in (columns - names, names - columns))
    parts = [f"{', '.join(missing[:_NAMES_SHOWN])} is missing"] if missing else []
    parts += [f"{', '.join(new[:_NAMES_SHOWN])} is new"] if new else []
    raise CopernicaArgumentError(
        f"The columns are not those of the files before ({' and '.join(parts)}): make them alike"
    )
