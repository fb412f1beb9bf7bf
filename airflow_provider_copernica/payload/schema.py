"""The preflight: columns and values against the fields, interests and collections of the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from airflow_provider_copernica.exceptions import CopernicaReplyError
from airflow_provider_copernica.payload.columns import Column
from airflow_provider_copernica.payload.field_types import FieldType, parse_options


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
        :raises CopernicaReplyError: it is no description of a database.
        """
        entity = _entity(database)
        path = f"database/{_text(entity, 'id')}"
        schema = cls(_text(entity, "id"), _text(entity, "name"))
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
            collection_id = _text(entity, "id")
            fields = _fields([_entity(item) for item in items])
            collections.append(CollectionSchema(collection_id, _text(entity, "name"), fields))
            if not complete:
                incomplete = (*incomplete, f"collection/{collection_id}/fields")
        return replace(self, collections=tuple(collections), incomplete=incomplete)

    def check_columns(self, columns: Sequence[Column]) -> list[str]:
        """
        Say which columns this database doesn't know.

        :param columns: the columns of the rows.
        :return: a sentence for each.
        """
        return [problem for column in columns if (problem := self._column_problem(column))]

    def field_type(self, column: Column) -> FieldType | None:
        """
        Find the field of a column.

        :param column: a column of the rows.
        :return: None for interests and for what is unknown.
        """
        return next((known for known in self._fields_of(column) if known.name == column.field), None)

    def _fields_of(self, column: Column) -> tuple[FieldType, ...]:
        if column.kind == "interest":
            return ()
        if column.kind == "field":
            return self.fields
        return next((known.fields for known in self.collections if known.name == column.collection), ())

    def _column_problem(self, column: Column) -> str:
        if column.kind == "interest":
            known_interests = (column.field,) if self.interests is None else self.interests
            return _unknown("interest", column.name, column.field, known_interests, "interest.")
        if column.collection is None:
            return _unknown("field", column.name, column.field, [known.name for known in self.fields])
        if column.collection.lower() == "interest" and column.collection not in self._collection_names():
            return f"column {column.name!r}: write 'interest.{column.field}' for an interest"
        names = self._collection_names()
        end = f".{column.field}"
        if problem := _unknown("collection", column.name, column.collection, names, end=end):
            return problem
        fields = [known.name for known in self._fields_of(column)]
        return _unknown(
            f"field of collection {column.collection!r}", column.name, column.field, fields, f"{column.collection}."
        )

    def _collection_names(self) -> list[str]:
        return [known.name for known in self.collections]


def _unknown(what: str, column: str, name: str, known: Sequence[str], start: str = "", end: str = "") -> str:
    if name in known:
        return ""
    for other in known:
        if other.lower() == name.lower():
            return f"column {column!r}: write {start + other + end!r}, not {column!r}"
    return f"column {column!r}: the database has no {what} of that name"


def _entity(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise CopernicaReplyError(f"expected an object in the description of a database, got {type(value).__name__}")
    return {str(key).lower(): item for key, item in value.items()}


def _text(entity: Mapping[str, object], key: str) -> str:
    value = entity.get(key)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise CopernicaReplyError(f"the description of a database has an item without {key!r}")
    return str(value)


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
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _fields(entities: Iterable[Mapping[str, object]]) -> tuple[FieldType, ...]:
    return tuple(
        FieldType(
            _text(entity, "name"),
            str(entity.get("type") or "text").lower(),
            _number(entity.get("length")) or None,
            parse_options(str(entity.get("value") or "")),
        )
        for entity in entities
    )
