"""What a call selects, in which order, on which page, and in which of the documented shapes: numbers as text."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from airflow_provider_copernica.emulator.calls import Parameters
from airflow_provider_copernica.emulator.fields import Field, is_true
from airflow_provider_copernica.emulator.model import BaseProfile, Collection, Database, Profile, Subprofile, Table

__all__ = [
    "Entity",
    "collection_entity",
    "conditions",
    "database_entity",
    "field_entity",
    "interest_entity",
    "page",
    "page_of_profiles",
    "profile_entity",
    "select",
    "subprofile_entity",
    "unsubscribe_entity",
]

MAX_LIMIT = 1000

INTENTIONS = {"email": True, "sms": True, "fax": True, "pdf": True}

Entity = dict[str, object]

Item = TypeVar("Item")
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
    texts = query.get("fields")
    if isinstance(texts, dict):
        texts = list(texts.values())
    return [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else None


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
    if value_of is _SPECIAL["id"]:
        profiles.sort(key=lambda profile: profile.id, reverse=is_descending)
    else:
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


def page(items: Iterable[Item], show: Callable[[Item], object], query: Parameters) -> Entity:
    """Return the paging envelope around the items that are shown."""
    sequence = list(items)
    start, limit, part = _part(sequence, query)
    envelope: Entity = {"start": start, "limit": limit, "count": len(part)}
    if is_true(query.get("total", "true")):
        envelope["total"] = len(sequence)
    return {**envelope, "data": [show(item) for item in part]}


def page_of_profiles(profiles: Sequence[Selected], show: Callable[[Selected], object], query: Parameters) -> Entity:
    """
    Return the paging envelope with ``nextid``, from which a call with ``fields[]=id>=...`` goes on.

    The documentation does not say which ID that is, nor whether the last page has one: here it is the one after the
    last shown, on every page that shows any in the order of their IDs.
    """
    envelope = page(profiles, show, query)
    _, _, part = _part(profiles, query)
    if part and query.get("orderby", "id") == "id" and query.get("order", "asc") == "asc":
        envelope["nextid"] = part[-1].id + 1
    return envelope


def _part(items: Sequence[Item], query: Parameters) -> tuple[int, int, Sequence[Item]]:
    """Return start, limit, and the items between; ``start`` is an offset."""
    start, limit = _number(query.get("start"), 0), min(_number(query.get("limit"), 100), MAX_LIMIT)
    return start, limit, items[start : start + limit] if start >= 0 and limit > 0 else []


def _number(value: object, default: int) -> int:
    return int(str(value)) if re.fullmatch(r"-?[0-9]{1,9}", str(value)) else default


def database_entity(database: Database) -> Entity:
    """Return a database with its fields, interests and collections."""
    return {
        "ID": str(database.id),
        "name": database.name,
        "description": "",
        "archived": False,
        "created": database.created,
        "fields": page(database.fields.values(), field_entity, {"limit": 1000}),
        "interests": page(enumerate(database.interests, 1), interest_entity, {"limit": 1000}),
        "collections": page(database.collections.values(), partial(collection_entity, database), {"limit": 1000}),
        "intentions": INTENTIONS,
    }


def collection_entity(database: Database, collection: Collection) -> Entity:
    """Return a collection with its fields."""
    fields = page(collection.fields.values(), field_entity, {"limit": 100})
    head: Entity = {"ID": str(collection.id), "name": collection.name, "database": str(database.id)}
    return {**head, "fields": fields, "intentions": INTENTIONS}


def field_entity(field: Field) -> Entity:
    """Return a field of a database or a collection."""
    head: Entity = {"ID": str(field.id), "name": field.name, "type": field.type, "value": field.value}
    sizes: Entity = {"length": str(field.length), "textlines": "1"}
    return {**head, **sizes, "displayed": False, "ordered": False, "hidden": False, "index": field.indexed}


def interest_entity(interest: tuple[int, str]) -> Entity:
    """Return an interest: its ID and its name."""
    return {"ID": str(interest[0]), "name": interest[1]}


def unsubscribe_entity(table: Table) -> Entity:
    """Return what unsubscribing does; documented is only what ``update`` looks like."""
    if isinstance(table.unsubscribe, str):
        return {"behavior": table.unsubscribe, "fields": {}}
    return {"behavior": "update", "fields": dict(table.unsubscribe)}


def profile_entity(database: Database, profile: Profile, query: Parameters) -> Entity:
    """Return a profile; with ``dataonly`` less of it."""
    interests = [name for name, chosen in profile.interests.items() if chosen]
    data: Entity = {"ID": str(profile.id), "fields": dict(profile.fields), "interests": interests}
    if is_true(query.get("dataonly")):
        return {**data, "modified": profile.modified}
    return {**data, "database": str(database.id), **_history(profile)}


def subprofile_entity(collection: Collection, profile: Profile, subprofile: Subprofile, query: Parameters) -> Entity:
    """Return a subprofile; with ``dataonly`` less of it."""
    data: Entity = {"ID": str(subprofile.id), "fields": dict(subprofile.fields)}
    data |= {"profile": str(profile.id), "collection": str(collection.id)}
    return {**data, **({"modified": subprofile.modified} if is_true(query.get("dataonly")) else _history(subprofile))}


def _history(profile: BaseProfile) -> Entity:
    times: Entity = {"created": profile.created, "modified": profile.modified, "removed": profile.removed or False}
    return {"secret": profile.secret, **times}
