"""What is wrong with rows: said by row and field, never with a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from airflow_provider_copernica.exceptions import CopernicaRowError
from airflow_provider_copernica.payload.columns import show_name

__all__ = ["FIRST_FAULTS", "Fault", "FaultSink", "Faults"]

FIRST_FAULTS = 10
"""Faults that an error names; the others are counted."""


@dataclass(frozen=True)
class Fault:
    """
    One thing that is wrong with a row.

    :param field: the name of the column; None where the row as a whole is wrong.
    :param problem: what is wrong and what to do, as the tail of "field 'Email' ..." or "row 5 ..."; never a value.
    """

    field: str | None
    problem: str

    def in_row(self, number: int) -> str:
        """
        Return the sentence for an error or a log.

        :param number: of the row.
        """
        if self.field is None:
            return f"Row {number} {self.problem}"
        return f"Row {number}: field {show_name(self.field)} {self.problem}"

    def reason(self) -> str:
        """Return the reason for a list of rejected rows."""
        return f"{'The row' if self.field is None else f'{self.field}:'} {self.problem}"


class FaultSink(Protocol):
    """Takes the faulty rows of a stream."""

    def add(self, number: int, row: object, faults: Sequence[Fault]) -> None:
        """
        Take note of a row.

        :param number: of the row, from 1.
        :param row: as it came.
        :param faults: what is wrong with it.
        """


class Faults:
    """The faults of a stream of rows that has to be faultless: the first ones, and how many there are."""

    def __init__(self) -> None:
        self.first: list[str] = []
        self.count = 0

    def add(self, number: int, row: object, faults: Sequence[Fault]) -> None:  # noqa: ARG002 - a FaultSink
        """
        Take note of a row.

        :param number: of the row, from 1.
        :param row: as it came; not kept.
        :param faults: what is wrong with it.
        """
        room = FIRST_FAULTS - len(self.first)
        self.first.extend(fault.in_row(number) for fault in faults[: max(0, room)])
        self.count += len(faults)

    def add_summaries(self, sentences: Sequence[str]) -> None:
        """
        Take note of faults that are summed up per column; all of them are named.

        :param sentences: one for each.
        """
        self.first.extend(sentences)
        self.count += len(sentences)

    def raise_any(self) -> None:
        """
        Refuse the rows if there was any fault.

        :raises CopernicaRowError: there was.
        """
        if self.count:
            raise CopernicaRowError(self.first, self.count)
