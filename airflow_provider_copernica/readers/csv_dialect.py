"""How a CSV file is written: what ends its lines, and what separates its columns."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Literal

from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = ["DELIMITERS", "CsvStart", "read_start", "sniff_delimiter"]

DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon"}
# a line end, or what may hold one without being one
_QUOTED_OR_LINE_END = re.compile(r'"[^"]*(?:"|\Z)|\r\n?|\n')
# Excel's own way to tell the delimiter, in a line above the header
_EXCEL_LINE = re.compile(r'"?sep=(.)"?[ \t]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


@dataclass(frozen=True)
class CsvStart:
    r"""
    What the start of a file says.

    :param line_end: ``\r`` where it stands alone, as old Macs wrote it, else ``\n``.
    :param excel_delimiter: of a line such as ``sep=;`` above the header; None where there is none.
    :param excel_line: the length of that line.
    :param header: the line that names the columns.
    """

    line_end: Literal["\r", "\n"]
    excel_delimiter: str | None
    excel_line: int
    header: str


def read_start(text: str) -> CsvStart:
    """
    Look at the start of a file.

    :param text: holds the header.
    """
    excel = _EXCEL_LINE.match(text)
    skipped = excel.end() if excel else 0
    ends = (match for match in _QUOTED_OR_LINE_END.finditer(text, skipped) if not match[0].startswith('"'))
    end = next(ends, None)
    header = text[skipped : end.start() if end else len(text)]
    return CsvStart("\r" if end and end[0] == "\r" else "\n", excel[1] if excel else None, skipped, header)


def sniff_delimiter(header: str) -> str:
    """
    Find the delimiter that cuts the header into most columns; a comma if there is only one column.

    :param header: may hold line ends within quotes.
    :raises CopernicaArgumentError: several delimiters fit as well.
    """
    counts = {delimiter: _count_columns(header, delimiter) for delimiter in DELIMITERS}
    most = max(counts.values())
    best = [delimiter for delimiter, count in counts.items() if count == most]
    if most < 2:
        best = [","]
    if len(best) > 1:
        names = " or ".join(DELIMITERS[delimiter] for delimiter in best)
        raise CopernicaArgumentError(f"delimiter: the header may be cut at each {names}: say which it is")
    return best[0]


def _count_columns(header: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([header], delimiter=delimiter), []))
    except csv.Error:
        return 0
