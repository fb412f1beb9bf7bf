"""Values of rows against the fields of the database, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_copernica.payload.columns import Column, show_name
from airflow_provider_copernica.payload.faults import Fault
from airflow_provider_copernica.payload.schema import DatabaseSchema

__all__ = ["ValueCheck", "ValueSummary"]


class ValueCheck:
    """
    Compares the values of one row after the other with their fields.

    :param schema: the database.
    :param columns: the columns of the rows, in order.
    :param ignore_empty: empty values are not stored, default False.
    """

    def __init__(self, schema: DatabaseSchema, columns: Sequence[Column], *, ignore_empty: bool = False) -> None:
        self._ignore_empty = ignore_empty
        known = ((at, column.name, schema.field_type(column)) for at, column in enumerate(columns))
        self._fields = [(at, name, field) for at, name, field in known if field is not None]

    def faults(self, texts: Sequence[str]) -> list[Fault]:
        """
        Return what Copernica would not store as it is.

        :param texts: the values of a row as they are sent.
        """
        ignore_empty = self._ignore_empty
        return [
            Fault(name, rule)
            for at, name, field in self._fields
            if (rule := field.broken_rule(texts[at], ignore_empty=ignore_empty))
        ]


class ValueSummary:
    """Sums faults of values up per column and rule: the same mistake is often in every row."""

    def __init__(self) -> None:
        self._seen: dict[Fault, tuple[int, int]] = {}

    def add(self, number: int, faults: Sequence[Fault]) -> None:
        """
        Take note of a row's faults.

        :param number: of the row.
        :param faults: as :class:`ValueCheck` gives them.
        """
        for fault in faults:
            first, count = self._seen.get(fault, (number, 0))
            self._seen[fault] = (first, count + 1)

    def sentences(self) -> list[str]:
        """Return a sentence for each column and rule: how often it is broken, and where first."""
        return [_sentence(fault, first, count) for fault, (first, count) in self._seen.items()]


def _sentence(fault: Fault, first: int, count: int) -> str:
    broken = f"{count:,} values break this, first in" if count > 1 else "1 value breaks this, in"
    return f"Field {show_name(fault.field)} {fault.problem}: {broken} row {first}"
