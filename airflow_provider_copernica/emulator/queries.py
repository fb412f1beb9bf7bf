"""Which (sub)profiles a call selects, in which order, and which page of them it shows."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from airflow_provider_copernica.emulator.bodies import Parameters, is_true
from airflow_provider_copernica.emulator.entities import Entity
from airflow_provider_copernica.emulator.model import BaseProfile, Table

__all__ = ["conditions", "page", "page_of_profiles", "select"]

MAX_LIMIT = 1000

Selected = TypeVar("Selected", bound=BaseProfile)

_CONDITION = re.compile(r"(?P<name>.*?)(?P<operator>==|!=|<>|<=|>=|=~|!~|<|>)(?P<value>.*)", re.DOTALL)
# names that every database has; a field of the same name comes first
_SPECIAL: dict[str, Callable[[BaseProfile], str]] = {
    "id": lambda profile: str(profile.id),
    "code": lambda profile: profile.secret,
    "modified": lambda profile: profile.modified,
}


def conditions(query: Parameters) -> list[str] | None:
    """Return what was given for ``fields``; None if that is not an array."""
    given = query.get("fields")
    if isinstance(given, dict):
        given = list(given.values())
    return [text for text in given if isinstance(text, str)] if isinstance(given, list) else None


def select(table: Table, profiles: Iterable[Selected], query: Parameters) -> list[Selected]:
    """
    Return the (sub)profiles that satisfy all conditions, in order.

    As was observed of Copernica, a condition on an unknown field, or one that can't be read, is ignored.
    """
    selected = list(profiles)
    for condition in conditions(query) or ():
        match = _CONDITION.fullmatch(condition)
        value_of = _reader(table, match["name"]) if match else None
        if match and value_of:
            compare = _comparison(match["operator"], match["value"])
            selected = [profile for profile in selected if compare(value_of(profile))]
    _sort(table, selected, str(query.get("orderby", "id")), is_descending=query.get("order") == "desc")
    return selected


def _sort(table: Table, profiles: list[Selected], order_by: str, *, is_descending: bool) -> None:
    """Sort by a field, given by name or ID, or by a special name; anything unknown leaves the order of the IDs."""
    if order_by.lower() == "random":
        random.shuffle(profiles)
        return
    by_id = next((field.name for field in table.fields.values() if str(field.id) == order_by), order_by)
    value_of = _reader(table, by_id) or _SPECIAL["id"]
    profiles.sort(key=lambda profile: _sort_key(value_of(profile)), reverse=is_descending)


def _reader(table: Table, name: str) -> Callable[[BaseProfile], str] | None:
    """Return how to read the value with this name, in any case."""
    field = table.field_name(name)
    return _SPECIAL.get(name.lower()) if field is None else lambda profile: profile.fields[field]


def _sort_key(text: str) -> tuple[int, float, str]:
    return (0, float(text), "") if re.fullmatch(r"-?\d+(\.\d+)?", text) else (1, 0.0, text)


def _comparison(operator: str, wanted: str) -> Callable[[str], bool]:
    if operator in ("=~", "!~"):
        pattern = re.escape(wanted).replace("%", ".*").replace("_", ".")
        like = re.compile(pattern, re.DOTALL | re.IGNORECASE)
        return lambda text: bool(like.fullmatch(text)) == (operator == "=~")
    comparisons: dict[str, Callable[[str], bool]] = {
        "==": lambda text: text == wanted,
        "!=": lambda text: text != wanted,
        "<>": lambda text: text != wanted,
        "<": lambda text: _sort_key(text) < _sort_key(wanted),
        "<=": lambda text: _sort_key(text) <= _sort_key(wanted),
        ">": lambda text: _sort_key(text) > _sort_key(wanted),
        ">=": lambda text: _sort_key(text) >= _sort_key(wanted),
    }
    return comparisons[operator]


def page(items: Sequence[Entity], query: Parameters) -> Entity:
    """Return the paging envelope; ``start`` is an offset."""
    start, limit = _number(query.get("start"), 0), min(_number(query.get("limit"), 100), MAX_LIMIT)
    data = list(items[start : start + limit]) if start >= 0 and limit > 0 else []
    envelope: Entity = {"start": start, "limit": limit, "count": len(data)}
    if is_true(query.get("total", "true")):
        envelope["total"] = len(items)
    return {**envelope, "data": data}


def page_of_profiles(items: Sequence[Entity], query: Parameters) -> Entity:
    """
    Return the paging envelope with ``nextid``, from which a call with ``fields[]=id>=...`` goes on.

    The documentation does not say which ID that is, nor whether the last page has one: here it is the one after the
    last shown, on every page that shows any in the order of their IDs.
    """
    envelope = page(items, query)
    data = envelope["data"]
    if isinstance(data, list) and data and query.get("orderby", "id") == "id" and query.get("order", "asc") == "asc":
        envelope["nextid"] = int(data[-1]["ID"]) + 1
    return envelope


def _number(value: object, default: int) -> int:
    return int(str(value)) if re.fullmatch(r"-?[0-9]{1,9}", str(value)) else default
