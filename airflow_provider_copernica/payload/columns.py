"""
The column names of an import.

``Field`` is a field of the database, ``Collection.Field`` one of a collection's subprofiles, ``interest.Name`` an
interest (Copernica's documentation of imports).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from airflow_provider_copernica.exceptions import CopernicaArgumentError

ColumnKind = Literal["field", "interest", "collection"]


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
    :raises CopernicaArgumentError: names that aren't text or are blank, blanks around the name or the dot, several
        dots, empty parts, duplicates (also by case), no column at all.
    """
    columns: list[Column] = []
    problems: list[str] = []
    seen: dict[str, str] = {}
    for position, name in enumerate(names, start=1):
        problem = _problem(name, position)
        if not problem and isinstance(name, str):
            twin = seen.setdefault(name.casefold(), name)
            if len(seen) > len(columns):
                columns.append(_parse(name))
                continue
            problem = f"columns {twin!r} and {name!r} are the same column: keep one of them"
        problems.append(problem)
    if not columns and not problems:
        problems.append("the first row has no columns: give it at least one field")
    if problems:
        raise CopernicaArgumentError(*problems)
    return tuple(columns)


def _problem(name: object, position: int) -> str:
    if not isinstance(name, str):
        return f"column {position} has a name of type {type(name).__name__}: column names must be text"
    if not name.strip():
        return f"column {position} has a blank name: give it the name of a field"
    if "\0" in name or any("\ud800" <= char <= "\udfff" for char in name):
        return f"column {position} has a name with characters that are no text: correct the name"
    if any(part != part.strip() for part in name.split(".")):
        return f"column {name!r} has blanks at an end or around the dot: remove them"
    if name.count(".") > 1:
        return f"column {name!r} has several dots: write 'Field', 'Collection.Field' or 'interest.Name'"
    if not all(name.split(".")):
        return f"column {name!r} has nothing on one side of the dot: write 'Collection.Field' or 'interest.Name'"
    return ""


def _parse(name: str) -> Column:
    prefix, dot, rest = name.partition(".")
    if not dot:
        return Column(name, "field", None, name)
    if prefix == "interest":
        return Column(name, "interest", None, rest)
    return Column(name, "collection", prefix, rest)
