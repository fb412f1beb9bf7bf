"""A database as the API describes it, and which columns it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from airflow_provider_copernica.client.convert import to_boolean, to_count
from airflow_provider_copernica.exceptions import CopernicaReplyError
from airflow_provider_copernica.payload.columns import Column, show_name
from airflow_provider_copernica.payload.field_types import FieldType, parse_options

__all__ = ["CollectionSchema", "DatabaseSchema"]

_SHOWN_FIELDS = 10


@dataclass(frozen=True)
class CollectionSchema:
    """
    A collection of subprofiles.

    :param id: its ID.
    :param name: its name.
    :param fields: its fields.
    """

    id: str
    name: str
    fields: tuple[FieldType, ...] = ()


@dataclass(frozen=True)
class DatabaseSchema:
    """
    What a database can hold.

    :param id: its ID.
    :param name: its name.
    :param fields: its fields.
    :param interests: the names of its interests; None where the reply didn't hold them all, for no documented endpoint
        lists them: such columns are not checked.
    :param collections: its collections.
    :param incomplete: the endpoints of the lists that the reply didn't hold entirely, such as ``database/7/fields``;
        fetch each (all pages) and hand it to :meth:`with_list` until there are none.
    """

    id: str
    name: str
    fields: tuple[FieldType, ...] = ()
    interests: tuple[str, ...] | None = None
    collections: tuple[CollectionSchema, ...] = ()
    incomplete: tuple[str, ...] = ()

    @classmethod
    def from_api(cls, database: Mapping[str, object]) -> DatabaseSchema:
        """
        Read the reply of ``GET database/$id``, as Copernica's documentation shows it.

        :param database: the reply; lists bare or in an envelope, numbers as text or not, keys in any case.
        :raises CopernicaReplyError: it does not describe a database.
        """
        entity = _entity(database)
        schema = cls(_id(entity), _text(entity, "name"))
        path = f"database/{schema.id}"
        for name in ("fields", "collections"):
            items, complete = _embedded(entity, name)
            schema = schema.with_list(f"{path}/{name}", items)
            if not complete:
                schema = replace(schema, incomplete=(*schema.incomplete, f"{path}/{name}"))
        interests, complete = _embedded(entity, "interests")
        names = tuple(_text(_entity(interest), "name") for interest in interests)
        return replace(schema, interests=names if complete else None)

    def with_list(self, path: str, items: Iterable[object]) -> DatabaseSchema:
        """
        Replace a list by the entire one.

        :param path: its endpoint, as in :attr:`incomplete`.
        :param items: all its items, as the API gives them.
        :raises CopernicaReplyError: the items can't be understood.
        """
        entities = [_entity(item) for item in items]
        incomplete = tuple(other for other in self.incomplete if other != path)
        owner, owner_id, name = path.split("/")
        if owner == "collection":
            collections = tuple(
                replace(known, fields=_fields(entities)) if known.id == owner_id else known
                for known in self.collections
            )
            return replace(self, collections=collections, incomplete=incomplete)
        if name == "fields":
            return replace(self, fields=_fields(entities), incomplete=incomplete)
        return self._with_collections(entities, tuple(path for path in incomplete if path.startswith("database/")))

    def _with_collections(self, entities: list[dict[str, object]], incomplete: tuple[str, ...]) -> DatabaseSchema:
        collections: list[CollectionSchema] = []
        for entity in entities:
            items, complete = _embedded(entity, "fields")
            collection_id = _id(entity)
            fields = _fields([_entity(item) for item in items])
            collections.append(CollectionSchema(collection_id, _text(entity, "name"), fields))
            if not complete:
                incomplete = (*incomplete, f"collection/{collection_id}/fields")
        return replace(self, collections=tuple(collections), incomplete=incomplete)

    def check_columns(self, columns: Sequence[Column]) -> list[str]:
        """
        Return which columns this database doesn't have, spelled exactly.

        :param columns: the columns of the rows.
        :return: a sentence for each; one for all where it has none of them: values may stand in the header's place.
        """
        problems = [problem for column in columns if (problem := self._problem(column))]
        if len(problems) == len(columns) > 0 and not any(map(self._similar, columns)):
            names = ", ".join(show_name(field.name) for field in self.fields[:_SHOWN_FIELDS])
            more = ", ..." if len(self.fields) > _SHOWN_FIELDS else ""
            which = f"fields such as {names}{more}" if names else "no fields"
            reason = f"None of the columns (there are {len(columns):,}) is in the database, which has {which}"
            return [f"{reason}: correct their names, or put the header line above the first row, if that is missing"]
        return problems

    def field_type(self, column: Column) -> FieldType | None:
        """
        Return the field of a column; None for interests and for what is unknown.

        :param column: a column of the rows.
        """
        if column.kind == "interest":
            return None
        return self._by_collection.get(column.collection, {}).get(column.field)

    @cached_property
    def _by_collection(self) -> dict[str | None, dict[str, FieldType]]:
        """The fields by collection, those of the database itself under None."""
        named: dict[str | None, dict[str, FieldType]] = {None: {field.name: field for field in self.fields}}
        for collection in self.collections:
            named.setdefault(collection.name, {field.name: field for field in collection.fields})
        return named

    @cached_property
    def _spellings(self) -> dict[str, str]:
        """Every column that there can be, by its name in lower case."""
        names = [f"interest.{name}" for name in self.interests or ()]
        for collection, fields in self._by_collection.items():
            names.extend(name if collection is None else f"{collection}.{name}" for name in fields)
        return {name.lower(): name for name in names}

    def _similar(self, column: Column) -> str | None:
        spelling = self._spellings.get(column.name.lower())
        if spelling is None and column.kind == "collection" and column.collection and self.interests is None:
            return f"interest.{column.field}" if column.collection.lower() == "interest" else None
        return spelling

    def _problem(self, column: Column) -> str:
        if column.kind == "interest":
            if self.interests is None or column.field in self.interests:
                return ""
        elif self.field_type(column) is not None:
            return ""
        shown = show_name(column.name)
        if similar := self._similar(column):
            return f"The database has no column {shown}, but one called {show_name(similar)}: write it like that"
        if column.kind == "collection" and column.collection not in self._by_collection:
            return f"The database has no collection for the column {shown}: correct its name, or leave it out"
        return f"The database has no {column.kind.replace('collection', 'field')} {shown}: correct it, or leave it out"


def _entity(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise CopernicaReplyError(
            f"Copernica's description of the database holds a {type(value).__name__} in the place of an object"
        )
    return {str(key).lower(): item for key, item in value.items()}


def _text(entity: Mapping[str, object], key: str) -> str:
    value = entity.get(key)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise CopernicaReplyError(f"Copernica's description of the database has an item without {key!r}")
    return str(value)


def _id(entity: Mapping[str, object]) -> str:
    number = _number(entity.get("id"))
    if not number:
        raise CopernicaReplyError("Copernica's description of the database has an item whose ID is not a number")
    return str(number)


def _embedded(entity: Mapping[str, object], key: str) -> tuple[list[object], bool]:
    """The items of an embedded list, and whether these are all."""
    value = entity.get(key)
    if isinstance(value, Mapping):
        envelope = _entity(value)
        items, total = envelope.get("data"), _number(envelope.get("total"))
        if isinstance(items, list):
            return items, total is None or len(items) >= total
    if isinstance(value, list):
        return value, True
    return [], False


def _number(value: object) -> int | None:
    try:
        return to_count(value, least=0)
    except ValueError:
        return None


def _flag(value: object) -> bool | None:
    try:
        return to_boolean(value)
    except ValueError:
        return None


def _fields(entities: Iterable[Mapping[str, object]]) -> tuple[FieldType, ...]:
    return tuple(
        FieldType(
            _text(entity, "name"),
            str(entity.get("type") or "text").lower(),
            _number(entity.get("length")) or None,
            parse_options(str(entity.get("value") or "")),
            _flag(entity.get("index")),
        )
        for entity in entities
    )
