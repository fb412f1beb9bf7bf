"""A few rows of an import, drawn on their way into the body, to be read back afterwards."""

from __future__ import annotations

import heapq
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from airflow_provider_copernica.payload.columns import Column
from airflow_provider_copernica.payload.header import Header
from airflow_provider_copernica.verification.conditions import is_askable

__all__ = ["RowSample", "SampledRow"]


@dataclass(frozen=True)
class SampledRow:
    """
    A row as it was sent.

    :param columns: its columns.
    :param texts: their values, in the same order.
    :param keys: positions of the key fields.
    """

    columns: tuple[Column, ...]
    texts: tuple[str, ...] = field(repr=False)
    keys: tuple[int, ...] = ()


class RowSample:
    """
    Sees the rows of an import, and keeps a few of them in memory.

    They are drawn evenly by key: those whose keys have the smallest hashes, under a number that nobody can guess. A key
    among the smallest of all is among the smallest from its first row on, so that the last row of each key is kept,
    which is the one that counts. Where the rows hold subprofiles, the key is that of the profile alone, since it is the
    last row of a profile that says what its fields are; but where subprofiles are deleted, the whole key. Upper and
    lower case are one key: Copernica may take them for one.

    :param size: how many rows are kept at most.
    :param whole_key: draw by all key fields, default False: by those of the database itself.
    """

    def __init__(self, size: int, *, whole_key: bool = False) -> None:
        self.not_askable = 0
        """Rows that would have been drawn, but that can't be asked for without doubt."""
        self._size = size
        self._whole_key = whole_key
        self._salt = secrets.token_hex(8)
        self._rows: dict[str, SampledRow | None] = {}
        """By key; None where its last row so far can't be asked for."""
        self._marks: list[tuple[int, str]] = []
        """The hashes of the keys that were drawn, negative, so that the largest one comes first."""
        self._largest = sys.maxsize
        self._header: Header | None = None
        self._drawn_by: tuple[int, ...] = ()

    @property
    def selects(self) -> bool:
        """Return that every row is sent."""
        return False

    @property
    def rows(self) -> list[SampledRow]:
        """The rows that were drawn."""
        return [row for row in self._rows.values() if row is not None]

    def begin(self, header: Header) -> None:
        """
        Get to know the columns.

        :param header: of the rows from here on.
        """
        own = tuple(at for at in header.keys if header.columns[at].kind == "field")
        self._header = header
        self._drawn_by = header.keys if self._whole_key else own

    def takes(self, texts: Sequence[str]) -> bool:
        """
        Look at a row, which is sent in any case.

        :param texts: its values as they are sent, in the order of the header.
        """
        if not self._size or not self._drawn_by:
            return True
        key = "\0".join([texts[at] for at in self._drawn_by]).casefold()
        mark = hash(self._salt + key)  # of a text, whose hash is mixed well
        if mark > self._largest:
            return True
        if not self._is_askable(texts):
            self.not_askable += 1
            if key in self._rows:
                self._rows[key] = None  # not the row before, which this one overwrites
            return True
        if key not in self._rows:
            self._draw(mark, key)
        self._rows[key] = self._as_row(texts)
        return True

    def _draw(self, mark: int, key: str) -> None:
        if len(self._marks) < self._size:
            heapq.heappush(self._marks, (-mark, key))
        else:
            del self._rows[heapq.heapreplace(self._marks, (-mark, key))[1]]
        if len(self._marks) == self._size:
            self._largest = -self._marks[0][0]

    def _is_askable(self, texts: Sequence[str]) -> bool:
        header = self._header
        if header is None or any(header.columns[at].kind == "interest" for at in header.keys):
            return False
        return is_askable([text for at in header.keys for text in (header.columns[at].field, texts[at])])

    def _as_row(self, texts: Sequence[str]) -> SampledRow:
        header = self._header
        return SampledRow(header.columns, tuple(texts), header.keys) if header else SampledRow((), ())
