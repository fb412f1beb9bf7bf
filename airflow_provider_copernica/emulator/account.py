"""An account: its databases, how each is to behave, and where a thing is found by its ID."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from airflow_provider_copernica.emulator.fields import FieldSpecs, read_specs
from airflow_provider_copernica.emulator.model import (
    Collection,
    Database,
    Profile,
    Removal,
    Subprofile,
    Unsubscribe,
)

__all__ = ["Account", "Behaviours"]


@dataclass(frozen=True)
class Behaviours:
    """
    How a database and its collections are to behave.

    :param removal: by the name of the collection, "" being the database; ``unsubscribe`` is the same.
    :param restrictions: patterns by ``Field`` or ``Collection.Field``.
    """

    removal: Mapping[str, Removal]
    unsubscribe: Mapping[str, Unsubscribe]
    restrictions: Mapping[str, str]

    def apply(self, database: Database) -> None:
        """
        Set them.

        :raises ValueError: for one that does not exist, and for an unknown field or collection.
        """
        tables = {"": database, **database.collections}
        for name in (*self.removal, *self.unsubscribe):
            if name not in tables:
                raise ValueError(f"{database.name} does not have the collection {name!r}")
        patterns: dict[str, dict[str, str]] = {name: {} for name in tables}
        for column, pattern in self.restrictions.items():
            table, _, field = column.rpartition(".")
            if field not in getattr(tables.get(table), "fields", ()):
                raise ValueError(f"{database.name} does not have the field {column!r}")
            patterns[table][field] = pattern
        for name, each in tables.items():
            each.behave(self.removal.get(name, "delete"), self.unsubscribe.get(name, "nothing"), patterns[name])


class Account:
    """Everything that an account holds: databases by ID."""

    def __init__(self) -> None:
        self.databases: dict[int, Database] = {}
        self._ids = itertools.count(1)
        self._database_ids = itertools.count(1)

    def add_database(
        self,
        name: str,
        fields: FieldSpecs,
        collections: Mapping[str, FieldSpecs],
        interests: Iterable[str],
        behaviours: Behaviours,
        database_id: int | None,
    ) -> Database:
        """
        Make a database; the first gets the ID 1, unless another is given.

        :raises ValueError: for a behaviour, field or collection that does not exist.
        """
        if database_id is None:
            database_id = next(number for number in self._database_ids if number not in self.databases)
        tables = {
            each: Collection(next(self._ids), each, read_specs(specs, self._ids)) for each, specs in collections.items()
        }
        database = Database(
            database_id,
            name,
            read_specs(fields, self._ids),
            interests=list(interests),
            collections=tables,
            ids=self._ids,
        )
        behaviours.apply(database)
        self.databases[database_id] = database
        return database

    def database(self, name: str) -> Database | None:
        """Find a database by its ID, or by its name, as the Dutch documentation has it."""
        return next((each for each in self.databases.values() if name in (str(each.id), each.name)), None)

    def collection(self, collection_id: str) -> tuple[Database, Collection] | None:
        """Find a collection, and the database it belongs to."""
        pairs = ((database, each) for database in self.databases.values() for each in database.collections.values())
        return next((pair for pair in pairs if str(pair[1].id) == collection_id), None)

    def profile(self, profile_id: int) -> tuple[Database, Profile] | None:
        """Find a profile, removed ones too, and its database."""
        for database in self.databases.values():
            profile = database.profiles.get(profile_id) or database.removed.get(profile_id)
            if profile is not None:
                return database, profile
        return None

    def subprofile(self, subprofile_id: int) -> tuple[Collection, Profile, Subprofile] | None:
        """Find a subprofile, removed ones too, with its collection and its profile."""
        for database in self.databases.values():
            for collection in database.collections.values():
                if subprofile_id in collection.removed:
                    return collection, *collection.removed[subprofile_id]
                for profile in database.profiles.values():
                    for subprofile in profile.subprofiles[collection.name]:
                        if subprofile.id == subprofile_id:
                            return collection, profile, subprofile
        return None
