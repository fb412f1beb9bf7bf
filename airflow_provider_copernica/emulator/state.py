"""What an account holds: databases with fields, interests and collections, profiles with subprofiles."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

# Copernica's moments have no zone; that they are in this one was observed, not documented
ZONE = ZoneInfo("Europe/Amsterdam")

FieldSpec = str | Mapping[str, object]
FieldSpecs = Mapping[str, FieldSpec] | Iterable[str]

_NOTHING = {"date": "0000-00-00", "datetime": "0000-00-00 00:00:00"}


def now() -> str:
    """This moment as Copernica writes it."""
    return datetime.now(ZONE).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True)
class Field:
    """A field of a database or of a collection."""

    id: int
    name: str
    type: str = "text"
    length: int = 255
    value: str = ""

    def store(self, text: str) -> str:
        """
        What is stored of a text.

        Dates that are none become zero dates (documentation of the import in the user interface); the rest was observed
        on calls for profiles, not on imports.
        """
        if self.type in ("date", "datetime", "empty_date", "empty_datetime"):
            return text if _is_date(text, self.type.removeprefix("empty_")) else _NOTHING.get(self.type, "")
        if self.type == "integer":
            match = re.match(r"-?\d+", text.strip())
            return match[0] if match else "0"
        if self.type == "float":
            match = re.match(r"-?\d+(\.\d+)?", text.strip())
            return match[0] if match else "0.0"
        if self.type == "select":
            return text if text in self.options() else ""
        return text[: self.length] if self.type == "text" else text

    def options(self) -> list[str]:
        return [option.rstrip().removesuffix("*") for option in self.value.splitlines()]

    def entity(self) -> dict[str, object]:
        """Numbers as text, as documented."""
        shown = {"ID": str(self.id), "name": self.name, "type": self.type, "value": self.value}
        sizes = {"length": str(self.length), "textlines": "1"}
        return {**shown, **sizes, "displayed": False, "ordered": False, "hidden": False, "index": False}


def _is_date(text: str, kind: str) -> bool:
    for pattern in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")[: 1 if kind == "date" else 2]:
        try:
            datetime.strptime(text, pattern)  # noqa: DTZ007 - a date without zone is what Copernica stores
        except ValueError:
            continue
        return True
    return False


@dataclass
class Collection:
    """A kind of subprofile."""

    id: int
    name: str
    fields: dict[str, Field]


@dataclass
class Subprofile:
    """One row of a collection, below a profile."""

    id: int
    fields: dict[str, str]


@dataclass
class Profile:
    """A profile; ``secret`` and the like are left out."""

    id: int
    fields: dict[str, str]
    interests: dict[str, bool] = field(default_factory=dict)
    subprofiles: dict[str, list[Subprofile]] = field(default_factory=dict)
    created: str = field(default_factory=now)
    modified: str = field(default_factory=now)

    def shown(self) -> dict[str, object]:
        """For a test to look at."""
        subprofiles = {
            name: [{"ID": sub.id, "fields": dict(sub.fields)} for sub in subs]
            for name, subs in self.subprofiles.items()
        }
        return {
            "ID": self.id,
            "fields": dict(self.fields),
            "interests": dict(self.interests),
            "subprofiles": subprofiles,
        }


@dataclass
class Database:
    """A database; its profiles by ID."""

    id: int
    name: str
    fields: dict[str, Field]
    interests: list[str]
    collections: dict[str, Collection]
    profiles: dict[int, Profile] = field(default_factory=dict)
    created: str = field(default_factory=now)


class Account:
    """Everything that an account holds."""

    def __init__(self) -> None:
        self.databases: dict[int, Database] = {}
        self._ids = itertools.count(1)
        self._database_ids = itertools.count(1)

    def next_id(self) -> int:
        return next(self._ids)

    def add_database(
        self,
        name: str,
        fields: FieldSpecs,
        collections: Mapping[str, FieldSpecs] | None = None,
        interests: Iterable[str] = (),
        database_id: int | None = None,
    ) -> Database:
        """Makes a database; the first gets the ID 1, unless another is given."""
        if database_id is None:
            database_id = next(number for number in self._database_ids if number not in self.databases)
        made = {
            each: Collection(self.next_id(), each, self._fields(specs)) for each, specs in (collections or {}).items()
        }
        self.databases[database_id] = Database(database_id, name, self._fields(fields), list(interests), made)
        return self.databases[database_id]

    def _fields(self, specs: FieldSpecs) -> dict[str, Field]:
        named: Mapping[str, FieldSpec] = specs if isinstance(specs, Mapping) else dict.fromkeys(specs, "text")
        return {name: self._field(name, spec) for name, spec in named.items()}

    def _field(self, name: str, spec: FieldSpec) -> Field:
        if isinstance(spec, str):
            return Field(self.next_id(), name, spec)
        length, value = int(str(spec.get("length", 255))), str(spec.get("value", ""))
        return Field(self.next_id(), name, str(spec.get("type", "text")), length, value)

    def add_profile(
        self,
        database: Database,
        fields: Mapping[str, str],
        subprofiles: Mapping[str, Iterable[Mapping[str, str]]] | None = None,
    ) -> Profile:
        """Makes a profile with all its fields, those not given empty."""
        profile = Profile(self.next_id(), dict.fromkeys(database.fields, "") | dict(fields))
        profile.interests = dict.fromkeys(database.interests, False)
        profile.subprofiles = {name: [] for name in database.collections}
        for name, rows in (subprofiles or {}).items():
            for row in rows:
                self.add_subprofile(database, profile, name, row)
        database.profiles[profile.id] = profile
        return profile

    def add_subprofile(
        self, database: Database, profile: Profile, collection: str, fields: Mapping[str, str]
    ) -> Subprofile:
        """Makes a subprofile."""
        empty = dict.fromkeys(database.collections[collection].fields, "")
        subprofile = Subprofile(self.next_id(), empty | dict(fields))
        profile.subprofiles[collection].append(subprofile)
        return subprofile
