"""Columns of pandas that hold any objects: Arrow makes one type of them, and would change dates and times silently."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, time
from itertools import chain
from typing import Any

from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = ["refuse_mixed_moments"]

Values = Collection[Any]  # of any type that a frame may hold


def refuse_mixed_moments(frame: Any) -> None:
    """
    Refuse columns whose dates and times are of several kinds.

    :param frame: a data frame; others than those of pandas have one type per column.
    :raises CopernicaArgumentError: there are such columns.
    """
    of_pandas = any(kind.__module__.partition(".")[0] == "pandas" for kind in type(frame).__mro__)
    if not of_pandas or not hasattr(frame, "columns"):  # a series is refused as what it is
        return
    problems = [
        f"column {str(name)!r} {problem}: make its values alike"
        for name, values in _object_columns(frame)
        if (problem := _problem(values))
    ]
    if problems:
        raise CopernicaArgumentError(*problems)


def _object_columns(frame: Any) -> Iterator[tuple[object, Values]]:
    index = frame.index
    levels = ((index.names[level], index.get_level_values(level)) for level in range(index.nlevels))
    return ((name, values) for name, values in chain(frame.items(), levels) if str(values.dtype) == "object")


def _problem(values: Values) -> str:
    """Return what is wrong with a column, as the tail of "column 'Born' ..."."""
    if not any(issubclass(kind, date | time) for kind in set(map(type, values))):
        return ""
    # NaT is a datetime that doesn't equal itself
    moments = {value.tzinfo is None for value in values if isinstance(value, datetime) and value == value}
    if moments and any(isinstance(value, date) and not isinstance(value, datetime) for value in values):
        return "mixes dates with moments"
    if len(moments) > 1:
        return "mixes moments with and without a time zone"
    if any(isinstance(value, time) and value.tzinfo is not None for value in values):
        return "holds times with a time zone but without a date"
    return ""
