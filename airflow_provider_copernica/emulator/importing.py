"""What an import does to a database: the semantics, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow_provider_copernica.emulator.rows import Row
from airflow_provider_copernica.emulator.state import Account, Database, Profile, Subprofile

YES = {"yes", "true", "1"}


class Importer:
    """
    Carries out one import, row by row.

    Where the documentation is silent (several profiles with one key, the scope of ``removeMissing``), it does the
    simplest thing: the profile with the lowest ID is taken, and profiles are removed before subprofiles.

    :param account: holds the database.
    :param database: to import into.
    :param parameters: of POST imports, as they came.
    """

    def __init__(self, account: Account, database: Database, parameters: Mapping[str, object]) -> None:
        self._account = account
        self._database = database
        self._action = str(parameters.get("action"))
        self._ignore_empty = parameters.get("ignoreEmptyFields") is True
        self._remove_missing = parameters.get("removeMissing") is True
        self._target = str(parameters.get("deleteTarget") or "profile")
        names = parameters.get("keyFields")
        keys = [str(name) for name in names] if isinstance(names, list) else []
        self._keys = [name for name in keys if name in database.fields]
        self._sub_keys: dict[str, list[str]] = {}
        for name in keys:
            collection, dot, field = name.partition(".")
            if dot and field in getattr(database.collections.get(collection), "fields", ()):
                self._sub_keys.setdefault(collection, []).append(field)
        self._index: dict[tuple[str, ...], int] = {}
        for profile in reversed(database.profiles.values()):
            self._index[self._key(profile.fields)] = profile.id
        self._seen_profiles: set[int] = set()
        self._seen_subprofiles: set[int] = set()
        self._collections: set[str] = set()

    def row(self, row: Row) -> None:
        """Imports one row: one profile, and at most one subprofile of each collection."""
        profile = self._find(row)
        if self._action == "delete":
            self._delete(profile, row)
            return
        is_new = profile is None
        if profile is None:
            if self._action == "update":
                return
            profile = self._account.add_profile(self._database, {})
        if is_new or self._action != "ignore or add":
            self._write(profile, row)
        self._index.setdefault(self._key(profile.fields), profile.id)
        self._seen_profiles.add(profile.id)
        for collection in self._database.collections:
            fields = {name.partition(".")[2]: text for name, text in row.items() if name.startswith(f"{collection}.")}
            if fields:
                self._subprofile(profile, collection, fields)

    def finish(self) -> None:
        """Removes what was not in the import, if asked."""
        if not self._remove_missing:
            return
        for profile in list(self._database.profiles.values()):
            if profile.id not in self._seen_profiles:
                del self._database.profiles[profile.id]
                continue
            for name in self._collections:
                kept = [sub for sub in profile.subprofiles[name] if sub.id in self._seen_subprofiles]
                profile.subprofiles[name] = kept

    def _key(self, fields: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(fields.get(name, "") for name in self._keys)

    def _find(self, row: Row) -> Profile | None:
        if self._action == "add" or not self._keys:
            return None
        stored = {name: self._database.fields[name].store(row.get(name, "")) for name in self._keys}
        return self._database.profiles.get(self._index.get(self._key(stored), 0))

    def _write(self, profile: Profile, row: Row) -> None:
        for name, field in self._database.fields.items():
            if name in row and (row[name] or not self._ignore_empty):
                profile.fields[name] = field.store(row[name])
        for name in self._database.interests:
            text = row.get(f"interest.{name}")
            if text or (text is not None and not self._ignore_empty):
                profile.interests[name] = text.lower() in YES

    def _find_subprofile(self, profile: Profile, collection: str, fields: Mapping[str, str]) -> Subprofile | None:
        keys = self._sub_keys.get(collection, [])
        if not keys or self._action == "add":
            return None
        specs = self._database.collections[collection].fields
        wanted = {key: specs[key].store(fields.get(key, "")) for key in keys}
        matches = (sub for sub in profile.subprofiles[collection] if wanted.items() <= sub.fields.items())
        return next(matches, None)

    def _subprofile(self, profile: Profile, collection: str, fields: Mapping[str, str]) -> None:
        self._collections.add(collection)
        found = self._find_subprofile(profile, collection, fields)
        is_new = found is None
        if found is None:
            if self._action == "update":
                return
            found = self._account.add_subprofile(self._database, profile, collection, {})
        self._seen_subprofiles.add(found.id)
        if not is_new and self._action == "ignore or add":
            return
        for name, field in self._database.collections[collection].fields.items():
            if name in fields and (fields[name] or not self._ignore_empty):
                found.fields[name] = field.store(fields[name])

    def _delete(self, profile: Profile | None, row: Row) -> None:
        if profile is None:
            return
        if self._target == "profile":
            del self._database.profiles[profile.id]
            self._index.pop(self._key(profile.fields), None)
            return
        for collection in self._sub_keys:
            fields = {name.partition(".")[2]: text for name, text in row.items() if name.startswith(f"{collection}.")}
            found = self._find_subprofile(profile, collection, fields)
            if found is not None:
                profile.subprofiles[collection].remove(found)


def line_count(rows: Sequence[Row]) -> int:
    """Whether the header of a file counts as a line is not documented; here it does not."""
    return len(rows)
