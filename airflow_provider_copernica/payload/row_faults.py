"""What may be wrong with a row, in words that never hold a value."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_copernica.payload.faults import Fault
from airflow_provider_copernica.payload.header import Header
from airflow_provider_copernica.payload.values import UnsafeValueError, to_text

__all__ = [
    "EMPTY",
    "EMPTY_KEY",
    "LISTS",
    "OTHER_NOTATION",
    "OTHER_ORDER",
    "PADDED_KEY",
    "REPEATED",
    "TUPLES",
    "value_faults",
]

REPEATED = Fault(None, "is the header once more: leave it out, as where several files are put one after the other")
EMPTY = Fault(None, "has empty cells only: leave it out")
EMPTY_KEY = "is empty, and it is a key field: every row needs its keys"
PADDED_KEY = (
    "has white space or something invisible at an end, and it is a key field, so that it would be the key of "
    "another profile: remove it (TRIM in SQL, strip in Python)"
)
OTHER_NOTATION = (
    "is a number that is not written in plain digits, and it is a key field: text is sent as it is, so write the "
    "number like 1001"
)
OTHER_ORDER = Fault(
    None, "has its fields in another order than the first row: text is sent as it is, so write them alike"
)
LISTS = (
    "source holds lists in the place of rows, as the output of a mapped task does: put them into one list in a task "
    "between (itertools.chain.from_iterable), or give each its own import with .expand(source=...)"
)
TUPLES = (
    "source holds values without the names of their columns, as the output of SQLExecuteQueryOperator does: use "
    "SqlToCopernicaOperator, or make each row a dict of column names and values"
)


def value_faults(header: Header, row: Mapping[object, object]) -> list[Fault]:
    """
    Return which values have no safe notation, and which keys are empty; the header itself says it more simply.

    :param header: of the rows.
    :param row: in the order of the header.
    """
    if header.is_repeated_by(row.values()):
        return [REPEATED]
    faults = []
    for column, value in zip(header.columns, row.values(), strict=True):
        try:
            to_text(value, column.kind)
        except UnsafeValueError as error:
            faults.append(Fault(column.name, str(error)))
    values = [*row.values()]
    return faults + [
        Fault(header.columns[position].name, EMPTY_KEY)
        for position in header.keys
        if values[position] is None or not str(values[position]).strip()
    ]
