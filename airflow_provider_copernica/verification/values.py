"""
Whether a value is stored as it was sent, by the type of its field.

What is stored need not be the same text: numbers are compared as numbers and dates as dates, and white space at the
ends does not count. An empty cell of a type that can't be empty is stored as the zero of that type (documentation of
fields and of the import in the user interface). Where the type is not known, any of these ways will do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime

from airflow_provider_copernica.client.import_states import COPERNICA_ZONE

__all__ = ["is_stored_as_sent", "stored_text"]

_NUMBER = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")
_INTEGER_TEXT = re.compile(r"[+-]?[0-9]{1,40}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[ T]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_ZERO_DATE = "0000-00-00"

Compare = Callable[[str, str], bool]


def stored_text(value: object) -> str:
    """
    Return a stored value as text.

    :param value: as the JSON of a (sub)profile has it: text as a rule.
    """
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


def is_stored_as_sent(sent: str, stored: str, type: str | None) -> bool:  # noqa: A002 - the API's word
    """
    Tell whether a value is stored as it was sent.

    :param sent: as it was sent.
    :param stored: as it is stored.
    :param type: the API's name of the field's type; None where it is not known.
    """
    sent, stored = sent.strip(), stored.strip()
    if sent == stored:
        return True
    if type is None:
        return _same_number(sent, stored) or _same_moment(sent, stored)
    compare = _BY_TYPE.get(type)
    return compare is not None and compare(sent, stored)


def _same_number(sent: str, stored: str) -> bool:
    if not _NUMBER.fullmatch(sent) or not _NUMBER.fullmatch(stored):
        return False
    return math.isclose(float(sent), float(stored), rel_tol=1e-9)


def _same_integer(sent: str, stored: str) -> bool:
    if _INTEGER_TEXT.fullmatch(sent) and _INTEGER_TEXT.fullmatch(stored):
        return int(sent) == int(stored)  # exactly: IDs may have more digits than a float
    return _same_number(sent, stored)


def _same_moment(sent: str, stored: str) -> bool:
    return _moment(sent) is not None and _moment(sent) == _moment(stored)


def _same_day(sent: str, stored: str) -> bool:
    ours, theirs = _moment(sent), _moment(stored)
    return ours is not None and theirs is not None and ours.date() == theirs.date()


def _moment(text: str) -> datetime | None:
    """Read a date or a moment, to the second; with a zone it is converted to Copernica's, as was observed there."""
    match = _MOMENT.fullmatch(text)
    if not match:
        return None
    day, minute, second, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}{zone or ''}")
        return moment.astimezone(COPERNICA_ZONE).replace(tzinfo=None) if zone else moment
    except (ValueError, OverflowError):
        return None


def _or_zero(compare: Compare, is_zero: Callable[[str], bool]) -> Compare:
    return lambda sent, stored: is_zero(stored) if not sent else compare(sent, stored)


def _is_zero_number(text: str) -> bool:
    return not text or bool(_NUMBER.fullmatch(text) and float(text) == 0)


def _is_zero_date(text: str) -> bool:
    return text in ("", _ZERO_DATE, f"{_ZERO_DATE} 00:00:00")


_INTEGER = _or_zero(_same_integer, _is_zero_number)
_DAY = _or_zero(_same_day, _is_zero_date)
_TIME = _or_zero(_same_moment, _is_zero_date)
_BY_TYPE: dict[str, Compare] = {
    "integer": _INTEGER,
    "foreign_key": _INTEGER,
    "float": _or_zero(_same_number, _is_zero_number),
    "date": _DAY,
    "empty_date": _DAY,
    "empty_data": _DAY,  # so spelled on the pages of collection fields
    "datetime": _TIME,
    "empty_datetime": _TIME,
}
