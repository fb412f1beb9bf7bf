"""What rows must obey, and what is known of them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from airflow_provider_copernica.payload.columns import Column
from airflow_provider_copernica.payload.schema import DatabaseSchema

__all__ = ["NOT_KNOWN", "Columns", "ReadSchema", "RowReport", "RowRules"]

ReadSchema = Callable[[], DatabaseSchema | None]


@dataclass(frozen=True)
class RowRules:
    """
    The rules for the rows of one import.

    :param key_fields: columns that must exist and be filled in every row, default none.
    :param ignore_empty_fields: Copernica leaves fields alone that are empty, so that missing ones may be filled with
        empty text; default False.
    :param check_columns: says what is wrong with the columns, called as soon as they are known; default None.
    :param read_schema: reads the database to compare the columns with, called once, when the columns are known: an
        empty source asks nothing. It may return None where the database can't be read. Default None: not compared.
    :param check_values: compare the values with the fields of the database too, default False.
    :param column_map: from names in the source to names of columns, default None.
    """

    key_fields: tuple[str, ...] = ()
    ignore_empty_fields: bool = False
    check_columns: Callable[[tuple[Column, ...]], Sequence[str]] | None = None
    read_schema: ReadSchema | None = None
    check_values: bool = False
    column_map: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Columns:
    """
    What is known of the columns beforehand.

    :param renamed: from names in the source to names of columns, default None.
    :param of_location: names in a file that Copernica fetches itself, default none: not known.
    :param current_file: names the file that a row comes from, where there are several; default None.
    """

    renamed: Mapping[str, str] | None = None
    of_location: Sequence[str] = ()
    current_file: Callable[[], str | None] | None = None


NOT_KNOWN = Columns()


@dataclass(frozen=True)
class RowReport:
    """
    What was seen in the rows; never a value.

    :param rows: number of rows that were read, faulty ones included.
    :param fields: names of the columns.
    :param key_fields: the key fields that were checked.
    :param duplicate_keys: rows whose combination of key values was seen before.
    :param faults: the first faults.
    :param fault_count: number of all faults.
    :param null_markers: cells that are exactly ``\\N``, with which several databases write NULL.
    :param rejected: rows that were left out and kept as rejects.
    :param left_out: rows that a step left out of the body, since they need not be sent.
    """

    rows: int
    fields: tuple[str, ...]
    key_fields: tuple[str, ...]
    duplicate_keys: int
    faults: tuple[str, ...] = ()
    fault_count: int = 0
    null_markers: int = 0
    rejected: int = 0
    left_out: int = 0

    @property
    def accepted(self) -> int:
        """The number of rows without those that were rejected."""
        return self.rows - self.rejected

    @property
    def sent(self) -> int:
        """The number of rows in the body."""
        return self.accepted - self.left_out
