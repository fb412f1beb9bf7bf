"""CSV by RFC 4180, the first line being the header, as Copernica's documentation wants it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.csv_dialect import DELIMITERS
from airflow_provider_copernica.readers.decoding import LONGEST_ROW, Lines
from airflow_provider_copernica.readers.malformed_row import MalformedRow
from airflow_provider_copernica.readers.row_batch import RowBatch

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["DELIMITERS", "csv_rows"]

_LONGEST_VALUE = 1 << 24
"""Characters: Copernica documents 16 million for its largest field; the csv module stops at 131072."""
_MOST_LINES = 1 << 18
"""Of one row, within quotes."""
_NAMES_SHOWN = 5


def csv_rows(lines: Lines, delimiter: str, *, null_values: Collection[str] = ()) -> Iterator[RowBatch | MalformedRow]:
    """
    Read CSV, a block of its text at a time.

    :param lines: the text.
    :param delimiter: a tab, comma or semicolon.
    :param null_values: cells that are empty if they stand without quotes, default none.
    :raises CopernicaArgumentError: no such delimiter, a column that occurs twice, or quotes that don't match.
    """
    if delimiter not in DELIMITERS:
        raise CopernicaArgumentError("delimiter: choose a tab, a comma or a semicolon")
    csv.field_size_limit(max(_LONGEST_VALUE, csv.field_size_limit()))
    source = _Source(lines, delimiter, frozenset(null_values))
    reader = csv.reader(chain.from_iterable(source), delimiter=delimiter, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return
        _check_header(header)
        yield from _batches(_rows(reader, header, source), header, source)
    except csv.Error as error:
        where = f"Row {source.rows + 1} (line {reader.line_num})" if reader.line_num > 1 else "The header"
        raise CopernicaArgumentError(f"{where} is not valid CSV: {_explain(error)}") from error


def _batches(
    rows: Iterator[list[str] | MalformedRow], header: list[str], source: _Source
) -> Iterator[RowBatch | MalformedRow]:
    """Gather the rows of each block. What was read before an error comes before it, as if it were read row by row."""
    held: list[list[str]] = []
    block = source.blocks
    failure: Exception | None = None
    try:
        for row in rows:
            if held and (source.blocks != block or isinstance(row, MalformedRow)):
                yield RowBatch.of_rows(header, held)
                held = []
            block = source.blocks
            if isinstance(row, MalformedRow):
                yield row
            else:
                held.append(row)
    except Exception as error:  # noqa: BLE001 - raised below
        failure = error
    if held:
        yield RowBatch.of_rows(header, held)
    if failure is not None:
        raise failure


def _rows(reader: Reader, header: list[str], source: _Source) -> Iterator[list[str] | MalformedRow]:
    """The rows below the header; this loop takes most of the time of all reading."""
    width = len(header)
    start = reader.line_num
    blank_lines = 0
    for cells in reader:
        source.rows += 1
        if not cells:  # harmless at the end only, which isn't known yet
            blank_lines += 1
            start = reader.line_num
            continue
        for _ in range(blank_lines):
            yield [""] if width == 1 else MalformedRow("is a blank line: remove it")
        if source.has_markers:
            source.empty_markers(cells, start, reader.line_num)
        blank_lines = 0
        start = reader.line_num
        yield cells if len(cells) == width else _malformed(header, cells, start)


class _Source:
    """
    Feeds the csv module, and keeps what that does not tell: the text of the row that is being read.

    :param lines: the text.
    :param delimiter: of the columns.
    :param markers: cells that stand for NULL.
    """

    def __init__(self, lines: Lines, delimiter: str, markers: frozenset[str]) -> None:
        self.rows = 0
        self.blocks = 0
        self._lines = lines
        self._markers = markers
        self._cell = re.compile(rf'(?:"[^"]*(?:""[^"]*)*"|[^{delimiter}\r\n]*)(?:{delimiter}|[\r\n]*\Z)')
        # the last block, and those before in which the present row began; whether each holds a marker somewhere
        self._kept: list[list[str]] = []
        self._suspect: list[bool] = []
        self._lines_before = 0
        self.has_markers = False

    def __iter__(self) -> Iterator[list[str]]:
        rows_before, size = -1, 0
        for block in self._lines.blocks():
            if self.rows > rows_before:
                self._lines_before += sum(map(len, self._kept[:-1]))
                del self._kept[:-1], self._suspect[:-1]
                rows_before, size = self.rows, 0
            text = "".join(block)
            size += len(text)
            self._kept.append(block)
            self._suspect.append(any(marker in text for marker in self._markers))
            self.has_markers = any(self._suspect)
            if size > LONGEST_ROW or (len(self._kept) > 2 and sum(map(len, self._kept)) > _MOST_LINES):
                limits = f"{LONGEST_ROW:,} characters or {_MOST_LINES:,} lines"
                raise csv.Error(f"it is longer than {limits}; check that its quotes are closed")
            self.blocks += 1
            yield block

    def empty_markers(self, cells: list[str], start: int, end: int) -> None:
        """
        Empty the markers without quotes in a row.

        :param cells: of the row; changed in place.
        :param start: the number of lines before the row.
        :param end: the number of lines up to its end.
        """
        if self._markers.isdisjoint(cells):
            return
        lines = islice(chain.from_iterable(self._kept), start - self._lines_before, end - self._lines_before)
        for position in self._unquoted("".join(lines), len(cells)):
            if cells[position] in self._markers:
                cells[position] = ""

    def _unquoted(self, text: str, cells: int) -> Iterable[int]:
        if '"' not in text:
            return range(cells)
        matches = enumerate(islice(self._cell.finditer(text), cells))
        return [position for position, match in matches if not match[0].startswith('"')]


def _explain(error: csv.Error) -> str:
    reason = str(error)
    if "new-line character" in reason:
        return "a carriage return stands alone; end lines with a line feed, and put quotes around such values"
    if "field limit" in reason:
        return f"a value is longer than {_LONGEST_VALUE:,} characters; check that its quotes are closed"
    return reason


def _malformed(header: list[str], cells: list[str], line: int) -> MalformedRow:
    if len(cells) < len(header):
        missing = _shown(header[len(cells) :])
        reason = f"(line {line}) has {len(cells)} of {len(header)} values, nothing for {missing}: complete it"
    else:
        reason = f"(line {line}) has {len(cells)} values for {len(header)} columns: quote values with delimiters"
    return MalformedRow(reason)


def _shown(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(map(repr, names[:_NAMES_SHOWN])) + (f" and {more} more" if more > 0 else "")


def _check_header(header: list[str]) -> None:
    if not header:
        raise CopernicaArgumentError("The first line is blank: it must hold the names of the columns")
    if any("@" in name for name in header):  # a customer's address, which no message may show
        raise CopernicaArgumentError("The first line holds an address, not the names of the columns: add a header line")
    if header[0].lower().startswith("sep=") and not any(header[1:]):
        raise CopernicaArgumentError("The first line is Excel's 'sep=': remove it, the next one names the columns")
    twice = [name for name, times in Counter(header).items() if times > 1]
    if twice:
        raise CopernicaArgumentError(
            *(f"Column {name!r} occurs twice in the header: keep one" for name in twice[:_NAMES_SHOWN])
        )
