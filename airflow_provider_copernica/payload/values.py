"""
A value of a row as the text that Copernica gets.

All samples in Copernica's documentation hold strings; what the API does with numbers, booleans and null in rows is not
documented, hence text for everything.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from airflow_provider_copernica.client.import_states import COPERNICA_ZONE
from airflow_provider_copernica.payload.columns import ColumnKind, is_invisible

__all__ = ["MAX_CHARACTERS", "TEXT_BY_TYPE", "UnsafeValueError", "is_padded", "is_plain", "to_text"]

MAX_CHARACTERS = 1 << 24
"""Of one cell: Copernica documents 16 million for its largest field."""

_MAX_DIGITS = 1000
_EXACT = 1 << 53
"""Whole floats below this are exact: each stands for one whole number."""
_INTEREST_NUMBERS = {"1": "yes", "0": "no"}
_INTEREST_WORDS = frozenset({"", "yes", "no", "true", "false", "1", "0"})
_DAY = timedelta(days=1)
_NO_NUMBER = "is not a number (NaN or infinity): use None for an empty field"
_NO_DATE = "is not a date (NaT): use None for an empty field"
_TOO_EARLY = "is a date before the year 1000, which Copernica doesn't store"


class UnsafeValueError(ValueError):
    """A value has no safe notation; the text says why, as the tail of "field 'Email' ...", and never holds it."""


def to_text(value: object, kind: ColumnKind) -> str:
    """
    Write a value as text.

    :param value: None, text, a boolean, a number, a date, a time, a duration of less than a day, or a UUID.
    :param kind: the kind of its column; interests know yes and no only.
    :raises UnsafeValueError: the value has no safe notation.
    """
    if kind == "interest":
        return _interest_text(value)
    try:
        text = TEXT_BY_TYPE[type(value)](value)
    except UnsafeValueError:
        raise
    except ValueError as error:
        raise UnsafeValueError("is a number of too many digits") from error
    if len(text) > MAX_CHARACTERS:
        _fail(f"has {len(text):,} characters, and {MAX_CHARACTERS:,} is the most: shorten it")
    if not is_plain(text):
        _fail("holds a NUL or half a surrogate pair: remove such characters")
    return text


def is_plain(text: str) -> bool:
    """
    Tell whether the text can be sent: no NUL, no lone surrogate.

    :param text: any text.
    """
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_padded(text: str) -> bool:
    """
    Tell whether white space or something invisible stands at an end, so that two different texts look the same.

    :param text: the text of a key; not empty.
    """
    return len(text.strip()) != len(text) or is_invisible(text[0]) or is_invisible(text[-1])


def _interest_text(value: object) -> str:
    if isinstance(value, (bool, int, float, Decimal)) and value in (0, 1):
        return "yes" if value else "no"
    text = to_text(value, "field")
    if not isinstance(value, str):  # NumPy's
        text = _INTEREST_NUMBERS.get(text, text)
    if text.lower() not in _INTEREST_WORDS:
        _fail("is neither yes nor no: interests take yes, no, true, false, 1, 0 or nothing")
    return text


def _fail(reason: str) -> NoReturn:
    raise UnsafeValueError(reason)


def _none(_: None) -> str:
    return ""


def _bool(value: bool) -> str:
    return "1" if value else "0"


def _float(value: float) -> str:
    if not math.isfinite(value):
        _fail(_NO_NUMBER)
    if value.is_integer() and -_EXACT < value < _EXACT:  # data frames make floats of integers where one is missing
        return repr(int(value))
    text = float.__repr__(value)
    return text if "e" not in text else format(Decimal(text), "f")


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        _fail(_NO_NUMBER)
    if abs(value.adjusted()) > _MAX_DIGITS:
        _fail(f"is a number of more than {_MAX_DIGITS} digits")
    text = format(value, "f")
    # a float's notation of a whole number, as JSON has it; a price of 12.00 keeps its scale
    return repr(int(value)) if text.endswith(".0") and -_EXACT < value < _EXACT else text


def _date(value: date) -> str:
    text = date.isoformat(value)
    return text if text >= "1000" else _fail(_TOO_EARLY)


def _datetime(value: datetime) -> str:
    if value != value:  # pandas' NaT is a datetime that doesn't equal itself
        _fail(_NO_DATE)
    try:
        local = value if value.tzinfo is None else value.astimezone(COPERNICA_ZONE).replace(tzinfo=None)
    except OverflowError:
        _fail("is a date outside the years 1000 to 9999, which Copernica doesn't store")
    text = datetime.isoformat(local, sep=" ", timespec="seconds")  # not the notation of a subclass
    return text if text >= "1000" else _fail(_TOO_EARLY)


def _time(value: time) -> str:
    if value.tzinfo is not None:
        _fail("is a time with a time zone but without a date: convert it first")
    return value.isoformat(timespec="seconds")


def _timedelta(value: timedelta) -> str:
    """The time of a day: MySQL and others hand out TIME as a duration."""
    if not timedelta(0) <= value < _DAY:
        _fail("is a duration below zero or of a day and more, which is not the time of a day: convert it to text first")
    hours, seconds = divmod(value.seconds, 3600)
    return f"{hours:02}:{seconds // 60:02}:{seconds % 60:02}"


def _other(value: object) -> str:
    """Subclasses of what is known, in an order that matters: bool is an int, datetime a date."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        _fail("is bytes: decode them to text first")
    if hasattr(value, "dtype") and getattr(value, "shape", None) == ():
        return _numpy(value)
    if isinstance(value, numbers.Integral):
        return repr(int(value))
    for known in (float, Decimal, datetime, date, time, timedelta, UUID):
        if isinstance(value, known):
            return TEXT_BY_TYPE[known](value)
    if isinstance(value, (list, tuple, set, frozenset, Mapping)):
        name = "dict" if isinstance(value, Mapping) else type(value).__name__
        _fail(f"is nested ({name}), and a field holds one value: write it as text or as several columns")
    return _refuse_type(value)


def _numpy(value: Any) -> str:
    """A scalar of NumPy, which is not a dependency; databases and data frames hand them out."""
    match value.dtype.kind:
        case "b":
            return _bool(value)
        case "i" | "u":
            return repr(int(value))
        case "f":  # its own notation, for that of a narrow float is shorter than Python's
            return _decimal(Decimal(str(value)))
        case "M" | "m" as kind:
            moment = value.item()
            if isinstance(moment, int):  # finer than microseconds
                moment = value.astype("datetime64[us]" if kind == "M" else "timedelta64[us]").item()
            if moment is None:
                _fail(_NO_DATE)
            return TEXT_BY_TYPE[type(moment)](moment) if isinstance(moment, (date, timedelta)) else _refuse_type(value)
    return _refuse_type(value)


def _refuse_type(value: object) -> NoReturn:
    _fail(f"is of type {type(value).__name__}: convert it to text first")


class _ByType(dict[type, Callable[..., str]]):
    def __missing__(self, _: type) -> Callable[..., str]:
        return _other


TEXT_BY_TYPE = _ByType(
    {
        type(None): _none,
        str: str,
        bool: _bool,
        int: repr,
        float: _float,
        Decimal: _decimal,
        datetime: _datetime,
        date: _date,
        time: _time,
        timedelta: _timedelta,
        UUID: str,
    },
)
"""
How values of fields become text, by their exact type. The fast way: texts still need :func:`is_plain`, and any
ValueError is explained by :func:`to_text`.
"""
