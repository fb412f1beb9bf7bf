"""
Columns of pandas that hold any objects.

Arrow makes one type of all that such a column holds, and changes values for that without a word: a number beside dates
becomes a day in 1970, a moment beside dates loses its time, 1.1 beside 1.25 becomes 1.10. Where it says nothing, this
module does. Values that are missing go with everything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = ["refuse_mixed_objects"]

Values = Collection[Any]  # of any type that a frame may hold

# a moment is a date to Python, and so comes first
_FAMILIES: dict[type, str] = {
    datetime: "moments",
    date: "dates",
    time: "times",
    timedelta: "durations",
    UUID: "UUIDs",
}
_OTHERS = "other values"
_MISSING = {"NoneType", "NaTType", "NAType"}
_NARROW_FLOATS = {"float16", "float32"}


def refuse_mixed_objects(frame: Any) -> None:
    """
    Refuse columns whose values would be changed so that they have one type.

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
    for name, column in chain(frame.items(), levels):
        values = column.dtype.categories if str(column.dtype) == "category" else column
        if str(values.dtype) == "object":
            yield name, values


def _problem(values: Values) -> str:
    """Return what is wrong with a column, as the tail of "column 'Born' ..."."""
    kinds = {kind for kind in set(map(type, values)) if kind.__name__ not in _MISSING}
    if float in kinds and len(kinds) > 1 and all(value != value for value in values if type(value) is float):
        kinds.remove(float)  # NaN is what is missing
    families = {_family(kind) for kind in kinds}
    if families <= {_OTHERS}:
        return _problem_of_numbers(values, kinds)
    if len(families) > 1:
        first, second, *_ = sorted(families, key=lambda family: (family == _OTHERS, family))
        return f"mixes {first} with {second}"
    return _problem_of_zones(values)


def _family(kind: type) -> str:
    return next((name for known, name in _FAMILIES.items() if issubclass(kind, known)), _OTHERS)


def _problem_of_zones(values: Values) -> str:
    # NaT is a datetime that doesn't equal itself
    if len({value.tzinfo is None for value in values if isinstance(value, datetime) and value == value}) > 1:
        return "mixes moments with and without a time zone"
    if any(isinstance(value, time) and value.tzinfo is not None for value in values):
        return "holds times with a time zone but without a date"
    return ""


def _problem_of_numbers(values: Values, kinds: set[type]) -> str:
    if any(issubclass(kind, Decimal) for kind in kinds) and len(set(_decimal_places(values))) > 1:
        return "mixes decimals with more and fewer decimal places"
    narrow = {kind for kind in kinds if kind.__module__ == "numpy" and kind.__name__ in _NARROW_FLOATS}
    return "mixes floats of 16 or 32 bits with other numbers" if narrow and len(kinds) > 1 else ""


def _decimal_places(values: Values) -> Iterator[int]:
    for value in values:
        if isinstance(value, Decimal):
            exponent = value.as_tuple().exponent
            if isinstance(exponent, int):  # not NaN
                yield max(-exponent, 0)
        elif isinstance(value, int):
            yield 0
