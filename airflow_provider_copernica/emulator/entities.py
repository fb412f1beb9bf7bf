"""What the API answers of a database, a field, a profile: entities in the documented shapes, numbers as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airflow_provider_copernica.emulator.bodies import Parameters, is_true
from airflow_provider_copernica.emulator.fields import Field
from airflow_provider_copernica.emulator.model import Collection, Database, Profile, Subprofile, Table

__all__ = [
    "Entity",
    "collection_entities",
    "collection_entity",
    "database_entity",
    "field_entities",
    "interest_entities",
    "profile_entity",
    "subprofile_entity",
    "unsubscribe_entity",
]

Entity = dict[str, object]


def database_entity(database: Database) -> Entity:
    """Return a database with its fields, interests and collections."""
    return {
        "ID": str(database.id),
        "name": database.name,
        "description": "",
        "archived": False,
        "created": database.created,
        "fields": _embedded(field_entities(database.fields.values()), 1000),
        "interests": _embedded(interest_entities(database), 1000),
        "collections": _embedded(collection_entities(database), 1000),
        "intentions": {"email": True, "sms": True, "fax": True, "pdf": True},
    }


def field_entities(fields: Iterable[Field]) -> list[Entity]:
    """Return the fields of a database or a collection."""
    return [_field_entity(field) for field in fields]


def _field_entity(field: Field) -> Entity:
    head: Entity = {"ID": str(field.id), "name": field.name, "type": field.type, "value": field.value}
    sizes: Entity = {"length": str(field.length), "textlines": "1"}
    return {**head, **sizes, "displayed": False, "ordered": False, "hidden": False, "index": field.indexed}


def interest_entities(database: Database) -> list[Entity]:
    """Return the interests of a database."""
    return [{"ID": str(number), "name": name} for number, name in enumerate(database.interests, 1)]


def collection_entities(database: Database) -> list[Entity]:
    """Return the collections of a database."""
    return [collection_entity(database, collection) for collection in database.collections.values()]


def collection_entity(database: Database, collection: Collection) -> Entity:
    """Return a collection with its fields."""
    fields = _embedded(field_entities(collection.fields.values()), 100)
    return {"ID": str(collection.id), "name": collection.name, "database": str(database.id), "fields": fields}


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
    times: Entity = {"created": profile.created, "modified": profile.modified, "removed": profile.removed or False}
    return {**data, "database": str(database.id), "secret": profile.secret, **times}


def subprofile_entity(collection: Collection, profile: Profile, subprofile: Subprofile, query: Parameters) -> Entity:
    """Return a subprofile; with ``dataonly`` less of it."""
    data: Entity = {"ID": str(subprofile.id), "fields": dict(subprofile.fields)}
    data |= {"profile": str(profile.id), "collection": str(collection.id)}
    if is_true(query.get("dataonly")):
        return {**data, "modified": subprofile.modified}
    times: Entity = {"created": subprofile.created, "modified": subprofile.modified}
    return {**data, "secret": subprofile.secret, **times, "removed": subprofile.removed or False}


def _embedded(items: Sequence[Entity], limit: int) -> Entity:
    """Return the envelope of a list within another entity."""
    shown = list(items[:limit])
    return {"start": 0, "limit": limit, "count": len(shown), "total": len(items), "data": shown}
