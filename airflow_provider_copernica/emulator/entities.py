"""What the read endpoints answer: entities, paging and filters, in the documented shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from airflow_provider_copernica.emulator.state import Collection, Database, Field, Profile, Subprofile

Entity = dict[str, object]

MAX_LIMIT = 1000
_CONDITION = re.compile(r"(?P<name>.*?)(?P<operator>==|!=|<>|<=|>=|=~|!~|<|>)(?P<value>.*)", re.DOTALL)


class Query(Protocol):
    """The parameters in the URL, of which one name may come more than once."""

    def get(self, key: str, default: str) -> str: ...

    def getall(self, key: str, default: list[str]) -> list[str]: ...


def page(items: Sequence[Entity], query: Query) -> Entity:
    """The paging envelope; ``start`` is an offset."""
    start, limit = _number(query.get("start", ""), 0), min(_number(query.get("limit", ""), 100), MAX_LIMIT)
    data = list(items[start : start + limit]) if start >= 0 and limit > 0 else []
    envelope: Entity = {"start": start, "limit": limit, "count": len(data)}
    if query.get("total", "true").lower() in ("true", "yes", "1"):
        envelope["total"] = len(items)
    return {**envelope, "data": data}


def _number(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else default


def envelope(items: Sequence[Entity], limit: int) -> Entity:
    """Of a list within another entity."""
    shown = list(items[:limit])
    return {"start": 0, "limit": limit, "count": len(shown), "total": len(items), "data": shown}


def database_entity(database: Database) -> Entity:
    """As ``GET database/$id`` answers."""
    return {
        "ID": str(database.id),
        "name": database.name,
        "description": "",
        "archived": False,
        "created": database.created,
        "fields": envelope(field_entities(database.fields.values()), MAX_LIMIT),
        "interests": envelope(interest_entities(database), MAX_LIMIT),
        "collections": envelope(collection_entities(database), MAX_LIMIT),
        "intentions": {"email": True, "sms": True, "fax": True, "pdf": True},
    }


def field_entities(fields: Iterable[Field]) -> list[Entity]:
    return [field.entity() for field in fields]


def interest_entities(database: Database) -> list[Entity]:
    return [{"ID": str(number), "name": name} for number, name in enumerate(database.interests, 1)]


def collection_entities(database: Database) -> list[Entity]:
    return [collection_entity(database, collection) for collection in database.collections.values()]


def collection_entity(database: Database, collection: Collection) -> Entity:
    fields = envelope(field_entities(collection.fields.values()), 100)
    return {"ID": str(collection.id), "name": collection.name, "database": str(database.id), "fields": fields}


def profile_entity(database: Database, profile: Profile, query: Query) -> Entity:
    data: Entity = {
        "ID": str(profile.id),
        "fields": dict(profile.fields),
        "interests": [name for name, chosen in profile.interests.items() if chosen],
    }
    if _data_only(query):
        return data
    times: Entity = {"created": profile.created, "modified": profile.modified, "removed": False}
    return {**data, "database": str(database.id), "secret": f"{profile.id:032x}", **times}


def subprofile_entity(profile: Profile, collection: Collection, subprofile: Subprofile, query: Query) -> Entity:
    data: Entity = {"ID": str(subprofile.id), "fields": dict(subprofile.fields)}
    if _data_only(query):
        return data
    parents: Entity = {"profile": str(profile.id), "collection": str(collection.id)}
    return {**data, "secret": f"{subprofile.id:032x}", **parents, "removed": False}


def _data_only(query: Query) -> bool:
    return query.get("dataonly", "").lower() in ("true", "yes", "1")


def select_profiles(database: Database, query: Query) -> list[Profile]:
    """
    The profiles that satisfy all conditions, in order.

    As was observed of Copernica, a condition on an unknown field, or one that can't be read, is ignored.
    """
    found: list[Profile] = list(database.profiles.values())
    for condition in query.getall("fields[]", []):
        match = _CONDITION.fullmatch(condition)
        if match and (match["name"] in database.fields or match["name"] == "id"):
            compare = _comparison(match["operator"], match["value"])
            found = [profile for profile in found if compare(_value(profile, match["name"]))]
    order_by = query.get("orderby", "id")
    if order_by in database.fields or order_by == "id":
        found.sort(
            key=lambda profile: _sort_key(_value(profile, order_by)), reverse=query.get("order", "asc") == "desc"
        )
    return found


def _value(profile: Profile, name: str) -> str:
    return str(profile.id) if name == "id" else profile.fields[name]


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
