"""Many rows under one header: quicker to make and to check than a dict for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["RowBatch", "single_rows"]


@dataclass(frozen=True, slots=True)
class RowBatch:
    """
    Rows that follow one another, which a reader hands on in the place of one row.

    :param names: of the columns, each of them once.
    :param columns: the values, column by column; all columns have the same number, and there is at least one of each.
    """

    names: tuple[str, ...]
    columns: Sequence[Sequence[object]]

    @classmethod
    def of_rows(cls, names: Iterable[str], rows: Iterable[Iterable[object]]) -> RowBatch:
        """
        Turn rows into columns.

        :param names: of the columns.
        :param rows: the values of one row after the other, at least of one.
        """
        return cls(tuple(names), list(zip(*rows, strict=True)))

    def __len__(self) -> int:
        return len(self.columns[0])

    def rows(self) -> Iterator[dict[str, object]]:
        """Return the rows one by one."""
        names = self.names
        return (dict(zip(names, values, strict=True)) for values in zip(*self.columns, strict=True))


def single_rows(rows: Iterable[object]) -> Iterator[object]:
    """
    Return rows one by one.

    :param rows: as a reader hands them on.
    """
    for row in rows:
        if isinstance(row, RowBatch):
            yield from row.rows()
        else:
            yield row
