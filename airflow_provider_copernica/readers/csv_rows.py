"""CSV by RFC 4180, the first line being the header, as Copernica's documentation wants it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain, islice

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.decoding import LONGEST_ROW
from airflow_provider_copernica.readers.malformed_row import MalformedRow

__all__ = ["DELIMITERS", "NULL_MARKER", "csv_rows", "read_excel_line", "sniff_delimiter"]

DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon"}
NULL_MARKER = r"\N"
"""How Snowflake, MySQL and Hive write NULL into CSV."""
_LONGEST_VALUE = 1 << 24
"""Characters: Copernica documents 16 million for its largest field; the csv module stops at 131072."""
_MOST_LINES = 1 << 18
"""Of one row, within quotes."""
_LONGEST_HEADER = 1 << 16
_NAMES_SHOWN = 5
# Excel's own way to tell the delimiter, in a line above the header
_EXCEL_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE | re.DOTALL)


def csv_rows(
    lines: Iterable[str],
    delimiter: str,
    *,
    null_values: Collection[str] = (),
    on_null_markers: Callable[[int], None] | None = None,
) -> Iterator[dict[str, object] | MalformedRow]:
    r"""
    Read CSV.

    :param lines: the text, line by line, ends included.
    :param delimiter: a tab, comma or semicolon.
    :param null_values: cells that are empty if they stand without quotes, default none.
    :param on_null_markers: called at the end with the number of cells ``\N`` without quotes that were left as they
        are, if there were any; default None.
    :raises CopernicaArgumentError: no such delimiter, a column that occurs twice, or quotes that don't match.
    """
    if delimiter not in DELIMITERS:
        raise CopernicaArgumentError("delimiter: choose a tab, a comma or a semicolon")
    csv.field_size_limit(max(_LONGEST_VALUE, csv.field_size_limit()))
    record = _Record(lines, delimiter)
    reader = csv.reader(record, delimiter=delimiter, strict=True)
    markers = frozenset(null_values) or frozenset((NULL_MARKER,))
    rows = left = 0
    try:
        header = next(reader, None)
        if header is None:
            return
        _check_header(header)
        blank = 0
        record.forget()
        for cells in reader:
            rows += 1
            if not cells:  # harmless at the end only, which isn't known yet
                blank += 1
                continue
            for _ in range(blank):
                yield {header[0]: ""} if len(header) == 1 else MalformedRow("is a blank line: remove it")
            blank = 0
            if not markers.isdisjoint(cells):
                positions = [at for at in record.unquoted(len(cells)) if cells[at] in markers]
                left += 0 if null_values else len(positions)
                for at in positions if null_values else ():
                    cells[at] = ""
            record.forget()
            yield _row(header, cells, reader.line_num)
    except csv.Error as error:
        where = f"Row {rows + 1} (line {reader.line_num})" if reader.line_num > 1 else "The header"
        raise CopernicaArgumentError(f"{where} is not valid CSV: {_explain(error)}") from error
    if left and on_null_markers:
        on_null_markers(left)


class _Record:
    """The lines of the row that is being read, which know what the csv module does not tell."""

    def __init__(self, lines: Iterable[str], delimiter: str) -> None:
        self._lines = iter(lines)
        self._taken: list[str] = []
        self._size = 0
        self._cell = re.compile(rf'(?:"[^"]*(?:""[^"]*)*"|[^{delimiter}\r\n]*)(?:{delimiter}|[\r\n]*\Z)')

    def __iter__(self) -> _Record:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._taken.append(line)
        self._size += len(line)
        if (self._size > LONGEST_ROW and len(self._taken) > 1) or len(self._taken) > _MOST_LINES:
            limits = f"{LONGEST_ROW:,} characters or {_MOST_LINES:,} lines"
            raise csv.Error(f"it is longer than {limits}; check that its quotes are closed")
        return line

    def forget(self) -> None:
        """Begin with the next row."""
        self._taken.clear()
        self._size = 0

    def unquoted(self, cells: int) -> Iterator[int]:
        """Give the positions of the cells without quotes, of so many."""
        text = "".join(self._taken)
        if '"' not in text:
            yield from range(cells)
            return
        for position, match in enumerate(islice(self._cell.finditer(text), cells)):
            if not match[0].startswith('"'):
                yield position


def _explain(error: csv.Error) -> str:
    reason = str(error)
    if "new-line character" in reason:
        return "a carriage return stands alone; end lines with a line feed, and put quotes around such values"
    if "field limit" in reason:
        return f"a value is longer than {_LONGEST_VALUE:,} characters; check that its quotes are closed"
    return reason


def _row(header: list[str], cells: list[str], line: int) -> dict[str, object] | MalformedRow:
    if len(cells) < len(header):
        missing = _shown(header[len(cells) :])
        return MalformedRow(
            f"(line {line}) has {len(cells)} of {len(header)} values, nothing for {missing}: complete it"
        )
    if len(cells) > len(header):
        return MalformedRow(
            f"(line {line}) has {len(cells)} values for {len(header)} columns: quote values with delimiters"
        )
    return dict(zip(header, cells, strict=True))


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


def read_excel_line(lines: Iterator[str]) -> tuple[str | None, Iterator[str]]:
    """
    Read the line in which Excel says the delimiter, such as ``sep=;``.

    :param lines: the text, line by line.
    :return: the delimiter, and the other lines; None, and all lines, where the first line is another one.
    """
    first = next(lines, "")
    if found := _EXCEL_LINE.fullmatch(first):
        return found[1], lines
    return None, chain((first,) if first else (), lines)


def sniff_delimiter(lines: Iterator[str]) -> tuple[str, Iterator[str]]:
    """
    Find the delimiter that cuts the header into most columns; a comma if there is only one column.

    :param lines: the text, line by line.
    :return: the delimiter, and all lines.
    :raises CopernicaArgumentError: several delimiters fit as well.
    """
    taken = [next(lines, "")]
    while (first := "".join(taken)).count('"') % 2 and len(first) < _LONGEST_HEADER and (more := next(lines, "")):
        taken.append(more)
    counts = {delimiter: _count_columns(first, delimiter) for delimiter in DELIMITERS}
    most = max(counts.values())
    best = [delimiter for delimiter, count in counts.items() if count == most]
    if most < 2:
        best = [","]
    if len(best) > 1:
        names = " or ".join(DELIMITERS[delimiter] for delimiter in best)
        raise CopernicaArgumentError(f"delimiter: the header may be cut at each {names}: say which it is")
    return best[0], chain(filter(None, taken), lines)


def _count_columns(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0
