"""Rows as JSON objects, one per line, written to a spool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from json.encoder import encode_basestring

from airflow_provider_copernica.payload.header import Header
from airflow_provider_copernica.payload.spool import Spool

__all__ = ["RowWriter"]

_BATCH_CHARACTERS = 1 << 13
_BETWEEN = "},\n{"


class RowWriter:
    """
    Writes rows as JSON objects, one per line.

    A batch is one list of alternating names and values that is joined at once: twice as fast as row by row. It is
    measured in characters, not in rows, so that memory stays flat whatever the cells hold.
    Remembers after how many lines the columns changed, so that earlier lines can be completed.

    :param spool: where to, from its current position on.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._start = spool.tell()
        self._lines = 0
        self.header: Header | None = None
        self._columns: list[tuple[int, tuple[str, ...]]] = []
        self._row: list[str] = []
        self._values: list[str] = []
        self._weight = 0
        self._weight_of_names = 0

    def set_header(self, header: Header) -> None:
        """
        Go on with other columns, the earlier ones first.

        :param header: of the rows from here on.
        """
        self._flush()
        self.header = header
        names = header.names
        self._columns.append((self._lines, names))
        self._row = [part for name in names for part in (f",{encode_basestring(name)}:", "")]
        self._row[0] = _BETWEEN + self._row[0][1:]
        self._weight_of_names = sum(map(len, self._row))

    def write(self, texts: Sequence[str], weight: int) -> None:
        """
        Write a row.

        :param texts: its values, in the order of the columns.
        :param weight: the number of their characters.
        """
        self._values += texts
        self._weight += weight + self._weight_of_names
        if self._weight >= _BATCH_CHARACTERS:
            self._flush()

    def write_columns(self, columns: Sequence[Sequence[str]]) -> None:
        """
        Write many rows.

        :param columns: their values, column by column.
        """
        self._flush()
        rows, width = len(columns[0]), len(self._row)
        parts = self._row * rows
        for position, texts in enumerate(columns):
            parts[2 * position + 1 :: width] = map(encode_basestring, texts)
        self._put(parts, rows)

    def finish(self) -> Spool:
        """Write the rest; return the file that holds all, which is another one if earlier lines lacked columns."""
        self._flush()
        if self._lines:
            self._spool.write(b"}")
        return self._complete() if len(self._columns) > 1 else self._spool

    def _flush(self) -> None:
        rows = 2 * len(self._values) // len(self._row) if self._row else 0
        if rows:
            parts = self._row * rows
            parts[1::2] = map(encode_basestring, self._values)
            self._put(parts, rows)
        self._values.clear()
        self._weight = 0

    def _put(self, parts: list[str], rows: int) -> None:
        text = "".join(parts)
        self._spool.write((text if self._lines else text.removeprefix(_BETWEEN[:-1])).encode())
        self._lines += rows

    def _complete(self) -> Spool:
        """Copy the lines, each with the columns that came up after it, empty."""
        complete = Spool()
        try:
            self._spool.seek(0)
            complete.write(self._spool.read(self._start))
            for number, addition in self._additions():
                for _ in range(number):
                    row, brace, end = self._spool.readline().rpartition(b"}")
                    complete.write(row + addition + brace + end)
        except BaseException:
            complete.close()
            raise
        self._spool.close()
        return complete

    def _additions(self) -> Iterator[tuple[int, bytes]]:
        """Return for each run of lines with the same columns their number, and what they lack."""
        last = self._columns[-1][1]
        ends = [*(start for start, _ in self._columns[1:]), self._lines]
        for (start, names), end in zip(self._columns, ends, strict=True):
            yield end - start, "".join(f',{encode_basestring(name)}:""' for name in last[len(names) :]).encode()
