"""Gathering faults: the first in words, all in number."""

from __future__ import annotations

from airflow_provider_copernica.client.errors import CopernicaRowError

FIRST = 10


class Faults:
    """The faults of a stream of rows."""

    def __init__(self) -> None:
        self.first: list[str] = []
        self.count = 0

    def add(self, row: int, reason: str) -> None:
        """
        Take note of a fault.

        :param row: the number of the row.
        :param reason: the field, what is wrong and what to do; never a value.
        """
        self.count += 1
        if len(self.first) < FIRST:
            self.first.append(f"row {row}: {reason}")

    def add_summaries(self, sentences: list[str]) -> None:
        """
        Take note of faults that are already summed up, all of them in words.

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
