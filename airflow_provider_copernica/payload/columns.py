"""
The column names of an import.

``Field`` is a field of the database, ``Collection.Field`` one of a collection's subprofiles, ``interest.Name`` an
interest (Copernica's documentation of imports).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = ["MAX_COLUMNS", "Column", "ColumnKind", "is_invisible", "looks_like_data", "parse_columns", "show_name"]

ColumnKind = Literal["field", "interest", "collection"]

MAX_COLUMNS = 1_000
"""Columns of one import at most; Copernica documents no limit, and a database of so many fields is not known."""

_MAX_NAME = 500
_SHOWN_CHARACTERS = 80
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
# characters that Unicode counts as letters, marks or symbols, and that show nothing all the same
_INVISIBLE_OTHERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_STRAY_NAMES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\?column\?|_col[0-9]+|f[0-9]+_|EXPR\$[0-9]+|\(No column name\)"),
        "is what a database calls an expression without a name: name it in the query (AS)",
    ),
    (
        re.compile(r"__index_level_[0-9]+__|Unnamed: [0-9]+(_level_[0-9]+)?"),
        (
            "is the index of a data frame: leave it out (to_csv(index=False), reset_index(drop=True)), "
            "or make it a column with a name (reset_index)"
        ),
    ),
)


@dataclass(frozen=True)
class Column:
    """
    One column.

    :param name: as it stands in the rows.
    :param kind: what it fills.
    :param collection: the name of the collection; None for fields and interests.
    :param field: the name of the field or interest.
    """

    name: str
    kind: ColumnKind
    collection: str | None
    field: str


def parse_columns(names: Iterable[object]) -> tuple[Column, ...]:
    """
    Read column names.

    :param names: the fields of a row, in order.
    :raises CopernicaArgumentError: names that aren't text or are blank, hold invisible characters, are strays of a
        query or a data frame, have blanks at an end or around the dot, several dots, empty parts, occur twice (also by
        case); no column at all, or more than :data:`MAX_COLUMNS`.
    """
    names = list(names)
    if len(names) > MAX_COLUMNS:
        raise CopernicaArgumentError(
            f"There are {len(names):,} columns, more than the {MAX_COLUMNS:,} that an import may have: "
            "check whether the values were taken for names"
        )
    columns: list[Column] = []
    problems: list[str] = []
    seen: dict[str, Column] = {}
    for position, name in enumerate(names, start=1):
        column = _read(name) if isinstance(name, str) else f"has a name of type {type(name).__name__}: make it text"
        if isinstance(column, str):
            problems.append(f"Column {position} {column}")
            continue
        twin = seen.get(column.name.casefold())
        if twin is None:
            seen[column.name.casefold()] = column
            columns.append(column)
        else:
            both = f"{show_name(twin.name)} and {show_name(column.name)}"
            problems.append(f"Columns {both} are the same column: keep one")
    if not names:
        problems.append("The first row has no columns: give it at least one field")
    if problems:
        raise CopernicaArgumentError(*problems)
    return tuple(columns)


def is_invisible(character: str) -> bool:
    """
    Tell whether a character shows nothing, or can't be told from a plain blank.

    :param character: one character; the plain blank itself is not one of them.
    """
    if character == " ":
        return False
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or _INVISIBLE_OTHERS.match(character) is not None


def looks_like_data(name: object) -> bool:
    """
    Tell whether a column's name looks like a value of somebody's, which no message may show.

    :param name: a name: one with an at sign, without any letter, or mostly of digits looks like data.
    """
    if not isinstance(name, str) or not name.strip():
        return False
    digits = sum(map(str.isdigit, name))
    mostly_digits = digits > 4 and 3 * digits >= 2 * len(name)
    return "@" in name or mostly_digits or (digits > 0 and not any(map(str.isalpha, name)))


def show_name(name: object) -> str:
    """
    Return a column's name as messages show it: quoted, escaped, cut, and not at all where it looks like data.

    :param name: any name.
    """
    if looks_like_data(name):
        return "(not shown, since it looks like data)"
    if not isinstance(name, str):
        return f"(a {type(name).__name__})"
    cut = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}..."
    return "".join(map(_escape, repr(cut)))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode() if is_invisible(character) else character


@lru_cache(maxsize=4 * MAX_COLUMNS)
def _read(name: str) -> Column | str:
    """Return the column, or what is wrong with its name as the tail of "Column 3 ..."."""
    if problem := _characters_problem(name) or _shape_problem(name):
        return problem
    prefix, dot, rest = name.partition(".")
    if not dot:
        return Column(name, "field", None, name)
    if prefix == "interest":
        return Column(name, "interest", None, rest)
    return Column(name, "collection", prefix, rest)


def _characters_problem(name: str) -> str:
    if not name.strip():
        return "has a blank name: give it the name of a field (in SQL with AS)"
    if len(name) > _MAX_NAME:
        return f"has a name of {len(name):,} characters, and {_MAX_NAME} is the most: check the header"
    hidden = next(filter(is_invisible, name), None)
    if hidden is not None:
        return f"has an invisible character (U+{ord(hidden):04X}) in its name: remove it from {show_name(name)}"
    return ""


def _shape_problem(name: str) -> str:
    shown, parts = show_name(name), name.split(".")
    for pattern, problem in _STRAY_NAMES:
        if pattern.fullmatch(name):
            return f"{shown} {problem}"
    if any(part != part.strip() for part in parts):
        return f"has blanks at an end of its name or around the dot: remove them from {shown}"
    if len(parts) > 2:
        return f"has several dots in its name {shown}: write 'Field', 'Collection.Field' or 'interest.Name'"
    if not all(parts):
        return f"has nothing on one side of the dot in {shown}: write 'Collection.Field' or 'interest.Name'"
    return ""
