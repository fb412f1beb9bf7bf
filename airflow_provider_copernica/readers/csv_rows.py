"""CSV by RFC 4180, the first line being the header, as Copernica's documentation wants it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.malformed_row import MalformedRow

DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon"}
_LONGEST_VALUE = 1 << 24
"""Characters: Copernica documents 16 million for its largest field; the csv module stops at 131072."""


def csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[dict[str, object] | MalformedRow]:
    """
    Read CSV.

    :param lines: the text, line by line, ends included.
    :param delimiter: a tab, comma or semicolon.
    :raises CopernicaArgumentError: no such delimiter, a column that occurs twice, or quotes that don't match.
    """
    if delimiter not in DELIMITERS:
        raise CopernicaArgumentError("delimiter: choose a tab, a comma or a semicolon")
    csv.field_size_limit(max(_LONGEST_VALUE, csv.field_size_limit()))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows = 0
    try:
        header = next(reader, None)
        if header is None:
            return
        _check_header(header)
        blank = 0
        for cells in reader:
            rows += 1
            if not cells:  # harmless at the end only, which isn't known yet
                blank += 1
                continue
            for _ in range(blank):
                yield {header[0]: ""} if len(header) == 1 else MalformedRow("is a blank line: remove it")
            blank = 0
            yield _row(header, cells, reader.line_num)
    except csv.Error as error:
        where = f"row {rows + 1} (line {reader.line_num})" if reader.line_num > 1 else "the header"
        raise CopernicaArgumentError(f"{where} is no valid CSV: {error}") from error


def _row(header: list[str], cells: list[str], line: int) -> dict[str, object] | MalformedRow:
    if len(cells) < len(header):
        missing = ", ".join(repr(name) for name in header[len(cells) :])
        return MalformedRow(
            f"(line {line}) has {len(cells)} of {len(header)} values, nothing for {missing}: complete it"
        )
    if len(cells) > len(header):
        return MalformedRow(
            f"(line {line}) has {len(cells)} values for {len(header)} columns: quote values with delimiters"
        )
    return dict(zip(header, cells, strict=True))


def _check_header(header: list[str]) -> None:
    if not header:
        raise CopernicaArgumentError("the first line is blank: it must hold the names of the columns")
    twice = dict.fromkeys(name for name in header if header.count(name) > 1)
    if twice:
        raise CopernicaArgumentError(*(f"column {name!r} occurs twice in the header: keep one" for name in twice))


def sniff_delimiter(lines: Iterator[str]) -> tuple[str, Iterator[str]]:
    """
    Find the delimiter that cuts the header into most columns; a comma if there is only one column.

    :param lines: the text, line by line.
    :return: the delimiter, and all lines.
    :raises CopernicaArgumentError: several delimiters fit as well.
    """
    first = next(lines, "")
    counts = {delimiter: _count_columns(first, delimiter) for delimiter in DELIMITERS}
    most = max(counts.values())
    best = [delimiter for delimiter, count in counts.items() if count == most]
    if most < 2:
        best = [","]
    if len(best) > 1:
        names = " or ".join(DELIMITERS[delimiter] for delimiter in best)
        raise CopernicaArgumentError(f"delimiter: the header may be cut at each {names}: say which it is")
    return best[0], chain((first,) if first else (), lines)


def _count_columns(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0
