"""
What a field of a database accepts, as far as Copernica's documentation tells.

Types that aren't listed there are not checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

__all__ = ["FieldType", "parse_options"]

_INTEGER = re.compile(r"-?[0-9]+")
_FLOAT = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_DATE = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_WITH_LENGTH = frozenset({"text", "email", "phone", "phone_fax", "phone_gsm"})
_NEVER_EMPTY = frozenset({"integer", "date", "datetime"})


@dataclass(frozen=True)
class FieldType:
    """
    A field as the API describes it.

    :param name: its name.
    :param type: the API's name of its type.
    :param length: the most characters it holds; None where the API gave none.
    :param options: the options of a select.
    :param indexed: whether it has an index, so that it is searched quickly; None where the API didn't say.
    """

    name: str
    type: str = "text"
    length: int | None = None
    options: frozenset[str] = frozenset()
    indexed: bool | None = None

    def broken_rule(self, text: str, *, ignore_empty: bool = False) -> str:
        """
        Return the rule that keeps Copernica from storing this text as it is, as the tail of "the field ..."; or "".

        :param text: the value as it is sent.
        :param ignore_empty: empty values are not stored at all, default False.
        """
        if not text:
            return "can't be empty" if self.type in _NEVER_EMPTY and not ignore_empty else ""
        if self.type in _WITH_LENGTH:
            too_long = self.length is not None and len(text) > self.length
            return f"takes at most {self.length} characters" if too_long else ""
        if self.type == "select":
            return "" if text in self.options else "takes its own options only"
        accepts, rule = _RULES.get(self.type, (None, ""))
        return "" if accepts is None or accepts(text) else rule


def parse_options(value: str) -> frozenset[str]:
    """
    Read the options of a select: one per line, the default marked by an asterisk at its end.

    :param value: the ``value`` of the field in the API.
    """
    lines = (line.rstrip() for line in value.split("\n"))
    return frozenset(line.removesuffix("*").rstrip() for line in lines)


def _is_integer(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None


def _is_float(text: str) -> bool:
    return _FLOAT.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    return _exists(text, _DATE, date.fromisoformat)


def _is_datetime(text: str) -> bool:
    return _exists(text, _DATETIME, datetime.fromisoformat)


def _exists(text: str, notation: re.Pattern[str], parse: Callable[[str], object]) -> bool:
    try:
        return notation.fullmatch(text) is not None and bool(parse(text))
    except ValueError:
        return False


_DATES_ONLY = (_is_date, "takes dates only (YYYY-MM-DD)")
_DATETIMES_ONLY = (_is_datetime, "takes dates with a time only (YYYY-MM-DD hh:mm:ss)")
_INTEGERS_ONLY = (_is_integer, "takes whole numbers only")
_RULES: dict[str, tuple[Callable[[str], bool], str]] = {
    "integer": _INTEGERS_ONLY,
    "foreign_key": _INTEGERS_ONLY,
    "float": (_is_float, "takes numbers only (digits and a dot)"),
    "date": _DATES_ONLY,
    "empty_date": _DATES_ONLY,
    "empty_data": _DATES_ONLY,  # so spelled on the pages of collection fields
    "datetime": _DATETIMES_ONLY,
    "empty_datetime": _DATETIMES_ONLY,
}
