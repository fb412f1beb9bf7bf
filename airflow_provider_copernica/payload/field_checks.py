"""Values of rows against the fields of the database, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_copernica.payload.columns import Column
from airflow_provider_copernica.payload.schema import DatabaseSchema


class ValueProblems:
    """
    Gathers what the database would not store, per column and kind of problem.

    :param schema: the database.
    :param columns: the columns of the rows, in order.
    :param ignore_empty: empty values are not stored, default False.
    """

    def __init__(self, schema: DatabaseSchema, columns: Sequence[Column], *, ignore_empty: bool = False) -> None:
        self._ignore_empty = ignore_empty
        self._schema = schema
        self._found: dict[tuple[str, str], tuple[int, int]] = {}
        self.set_columns(columns)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """
        Go on with other columns.

        :param columns: the columns of the rows from here on.
        """
        self._fields = [(column.name, self._schema.field_type(column)) for column in columns]

    def check(self, row: int, texts: Sequence[str]) -> None:
        """
        Check one row.

        :param row: its number.
        :param texts: its values as they are sent.
        """
        for (name, known), text in zip(self._fields, texts, strict=True):
            if known is None:
                continue
            problem = known.problem(text, ignore_empty=self._ignore_empty)
            if problem:
                first, count = self._found.get((name, problem), (row, 0))
                self._found[name, problem] = (first, count + 1)

    def sentences(self) -> list[str]:
        """Write down what was found: the column, how often, and where first."""
        return [_sentence(name, what, first, count) for (name, what), (first, count) in self._found.items()]


def _sentence(name: str, what: str, first: int, count: int) -> str:
    if count > 1:
        return f"column {name!r}: {count} values {what}, first in row {first}"
    return f"column {name!r}: 1 value {what.replace('are', 'is', 1)}, in row {first}"
