"""What rows must obey, and what is known of them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from airflow_provider_copernica.exceptions import CopernicaRowError
from airflow_provider_copernica.payload.columns import Column
from airflow_provider_copernica.payload.schema import DatabaseSchema


@dataclass(frozen=True)
class RowRules:
    """
    The rules for the rows of one import.

    :param key_fields: columns that must exist and be filled in every row, default none.
    :param ignore_empty_fields: Copernica leaves fields alone that are empty, so that missing ones may be filled with
        empty text; default False.
    :param check_columns: says what is wrong with the columns, called as soon as they are known; default None.
    :param schema: the database to compare columns and values with, default None.
    :param column_map: from names in the source to names of columns, default None.
    """

    key_fields: tuple[str, ...] = ()
    ignore_empty_fields: bool = False
    check_columns: Callable[[tuple[Column, ...]], Sequence[str]] | None = None
    schema: DatabaseSchema | None = None
    column_map: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Columns:
    """
    What is known of the columns beforehand.

    :param renamed: from names in the source to names of columns, default None.
    :param of_location: names in a file that Copernica fetches itself, default none: not known.
    """

    renamed: Mapping[str, str] | None = None
    of_location: Sequence[str] = ()


NOT_KNOWN = Columns()


@dataclass(frozen=True)
class RowReport:
    """
    What was seen in the rows; never a value.

    :param rows: number of rows, faulty ones included.
    :param fields: names of the columns.
    :param key_fields: the key fields that were checked.
    :param duplicate_keys: rows whose combination of key values was seen before.
    :param faults: the first faults.
    :param fault_count: number of all faults.
    """

    rows: int
    fields: tuple[str, ...]
    key_fields: tuple[str, ...]
    duplicate_keys: int
    faults: tuple[str, ...] = ()
    fault_count: int = 0


FIRST_FAULTS = 10


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
        if len(self.first) < FIRST_FAULTS:
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
