"""What an account holds: databases with fields, interests and collections, profiles with subprofiles."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from airflow_provider_copernica.emulator.fields import Field

__all__ = ["BaseProfile", "Collection", "Database", "Profile", "Removal", "Subprofile", "Table", "Unsubscribe", "now"]

# Copernica's moments have no zone; that they are in this one was observed, not documented
ZONE = ZoneInfo("Europe/Amsterdam")

Removal = Literal["delete", "nothing", "unsubscribe"]
# a mapping is the behaviour "update": the values that an unsubscribed (sub)profile gets
Unsubscribe = Literal["nothing", "remove"] | Mapping[str, str]


def now() -> str:
    """Return this moment as Copernica writes it."""
    return datetime.now(ZONE).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(eq=False)
class BaseProfile:
    """What profiles and subprofiles have in common."""

    id: int
    fields: dict[str, str]
    created: str = field(default_factory=now)
    modified: str = ""
    removed: str | None = None

    def __post_init__(self) -> None:
        self.modified = self.modified or self.created

    @property
    def secret(self) -> str:
        """The code that the special name ``code`` stands for in conditions."""
        return f"{self.id:032x}"

    def change(self, fields: Mapping[str, str]) -> None:
        """Store values; ``modified`` rises only if one of them is new (observed on calls, not on imports)."""
        if any(self.fields.get(name) != text for name, text in fields.items()):
            self.fields.update(fields)
            self.modified = now()

    def blank(self) -> None:
        """Leave nothing but the fact that it was removed (observed on calls)."""
        self.fields = dict.fromkeys(self.fields, "")
        self.removed = now()


@dataclass(eq=False)
class Subprofile(BaseProfile):
    """One row of a collection, below a profile."""


@dataclass(eq=False)
class Profile(BaseProfile):
    """A profile, with its subprofiles by the name of their collection."""

    interests: dict[str, bool] = field(default_factory=dict)
    subprofiles: dict[str, list[Subprofile]] = field(default_factory=dict)

    def shown(self) -> dict[str, object]:
        """Return it for a test to look at."""
        return {
            "ID": self.id,
            "fields": dict(self.fields),
            "interests": dict(self.interests),
            "subprofiles": {
                name: [{"ID": subprofile.id, "fields": dict(subprofile.fields)} for subprofile in subprofiles]
                for name, subprofiles in self.subprofiles.items()
            },
        }

    def choose(self, interests: Mapping[str, bool]) -> None:
        """Set interests by name."""
        if any(self.interests.get(name) != chosen for name, chosen in interests.items()):
            self.interests.update(interests)
            self.modified = now()


@dataclass(eq=False)
class Table:
    """
    What databases and collections have in common.

    :param removal: what comes of an attempt to delete one of its (sub)profiles.
    :param unsubscribe: what unsubscribing does.
    :param restrictions: patterns by field; a (sub)profile with a value that does not match is refused.
    :raises ValueError: for a behaviour that does not exist, or a field that it does not have.
    """

    id: int
    name: str
    fields: dict[str, Field]
    removal: Removal = "delete"
    unsubscribe: Unsubscribe = "nothing"
    restrictions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.removal not in get_args(Removal):
            raise ValueError(f"a removal behaviour is one of {', '.join(get_args(Removal))}")
        if isinstance(self.unsubscribe, str) and self.unsubscribe not in ("nothing", "remove"):
            raise ValueError("an unsubscribe behaviour is nothing, remove, or the fields to update with their values")
        updated = () if isinstance(self.unsubscribe, str) else self.unsubscribe
        for name in (*updated, *self.restrictions):
            if name not in self.fields:
                raise ValueError(f"{self.name} does not have the field {name!r}")
        self._patterns = {name: re.compile(pattern) for name, pattern in self.restrictions.items()}

    @cached_property
    def _names(self) -> dict[str, str]:
        return {name.lower(): name for name in self.fields}

    @cached_property
    def initial(self) -> dict[str, str]:
        """What a new (sub)profile holds in fields that were not given."""
        return {name: field.initial() for name, field in self.fields.items()}

    def field_name(self, name: str) -> str | None:
        """Return the name of a field as it is spelled here; case does not matter (observed on calls)."""
        return name if name in self.fields else self._names.get(name.lower())

    def stored(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return what is stored of values; unknown fields are ignored (observed on calls)."""
        named = [(self.field_name(name), text) for name, text in values.items()]
        return {name: self.fields[name].store(text) for name, text in named if name is not None}

    def write(self, profile: BaseProfile, values: Mapping[str, str]) -> bool:
        """Store values in a (sub)profile, unless a restriction refuses it; return whether it did not."""
        stored = self.stored(values)
        after = profile.fields | stored
        if any(not pattern.fullmatch(after[name]) for name, pattern in self._patterns.items()):
            return False
        profile.change(stored)
        return True

    def is_deleted(self, profile: BaseProfile) -> bool:
        """Do what the removal behaviour says, short of deleting; return whether to delete."""
        if self.removal == "delete" or (self.removal == "unsubscribe" and self.unsubscribe == "remove"):
            return True
        if self.removal == "unsubscribe" and not isinstance(self.unsubscribe, str):
            profile.change(self.stored(self.unsubscribe))
        return False


@dataclass(eq=False)
class Collection(Table):
    """A kind of subprofile; those removed by ID."""

    removed: dict[int, tuple[Profile, Subprofile]] = field(default_factory=dict)

    def remove(self, profile: Profile, subprofile: Subprofile, *, completely: bool = False) -> None:
        """Remove a subprofile, as far as the removal behaviour lets it go."""
        if self.is_deleted(subprofile):
            profile.subprofiles[self.name].remove(subprofile)
            self.forget(profile, subprofile, completely=completely)

    def forget(self, profile: Profile, subprofile: Subprofile, *, completely: bool) -> None:
        """Blank what was removed; keep nothing of it if it was removed completely."""
        subprofile.blank()
        if not completely:
            self.removed[subprofile.id] = profile, subprofile


@dataclass(eq=False)
class Database(Table):
    """
    A database; its profiles by ID, and those removed.

    :param ids: where the IDs of new profiles and subprofiles come from.
    """

    interests: list[str] = field(default_factory=list)
    collections: dict[str, Collection] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=itertools.count, repr=False)
    profiles: dict[int, Profile] = field(default_factory=dict)
    removed: dict[int, Profile] = field(default_factory=dict)
    created: str = field(default_factory=now)

    def column(self, name: str) -> tuple[Table, str] | None:
        """Find the field that a column of an import is for: ``Field``, or ``Collection.Field``."""
        own = self.field_name(name)
        if own is not None:
            return self, own
        table, _, rest = name.partition(".")
        for collection in self.collections.values():
            field_name = collection.field_name(rest)
            if collection.name.lower() == table.lower() and field_name is not None:
                return collection, field_name
        return None

    def interest(self, name: str) -> str | None:
        """Return the name of an interest as it is spelled here."""
        return next((interest for interest in self.interests if interest.lower() == name.lower()), None)

    def new_profile(self) -> Profile:
        """Make a profile that is yet to be put in."""
        profile = Profile(next(self.ids), dict(self.initial))
        profile.interests = dict.fromkeys(self.interests, False)
        profile.subprofiles = {name: [] for name in self.collections}
        return profile

    def new_subprofile(self, collection: Collection) -> Subprofile:
        """Make a subprofile that belongs to no profile yet."""
        return Subprofile(next(self.ids), dict(collection.initial))

    def remove(self, profile: Profile, *, completely: bool = False) -> None:
        """Remove a profile with its subprofiles, as far as the removal behaviour lets it go."""
        if not self.is_deleted(profile):
            return
        del self.profiles[profile.id]
        for name, subprofiles in profile.subprofiles.items():
            for subprofile in subprofiles:
                self.collections[name].forget(profile, subprofile, completely=completely)
        profile.blank()
        profile.subprofiles = {name: [] for name in profile.subprofiles}
        profile.interests = dict.fromkeys(profile.interests, False)
        if not completely:
            self.removed[profile.id] = profile
