"""Imports: accepted, carried out row by row over some seconds, reported on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_copernica.emulator.fields import is_true
from airflow_provider_copernica.emulator.model import Collection, Database, Profile, Subprofile, Table, now
from airflow_provider_copernica.emulator.sources import RefusedSourceError, Row, read_source

if TYPE_CHECKING:
    from airflow_provider_copernica.emulator.emulator import Emulator

__all__ = ["ACTIONS", "STATUS_WORDS", "Failure", "ImportRecord", "run_import"]

ACTIONS = ("add", "update", "update or add", "ignore or add", "delete")
STEPS = 20
# only "ready for start" is documented; the other words are invented
STATUS_WORDS = {"ready": "ready for start", "running": "running", "finished": "finished", "failed": "failed"}


@dataclass
class ImportRecord:
    """
    An import as the emulator accepted it.

    :param parameters: the decoded body.
    :param body: the raw bytes.
    :param reply: for an import that a test made up: what GET answers, to the letter.
    :param is_forgotten: whether the API does not know it any more.
    """

    import_id: int
    parameters: dict[str, object]
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    state: str = "ready"
    total: int = 0
    processed: int = 0
    last_run: str | None = None
    last_error: str | None = None
    reply: dict[str, object] | None = None
    is_forgotten: bool = False

    @property
    def name(self) -> str:
        """Its name, or the location in its stead (an inference from the documentation's sample)."""
        return str(self.parameters.get("name") or self.parameters.get("location") or "")

    @property
    def database(self) -> int:
        """
        The ID of the database that it goes into.

        :raises ValueError: for an import that a test made up without one.
        """
        return int(str(self.parameters.get("database")))

    def status(self, words: Mapping[str, str]) -> dict[str, object]:
        """Return the documented reply: numbers as text, one key with a capital, false for what is absent."""
        if self.reply is not None:
            return self.reply
        action = str(self.parameters.get("action"))
        return {
            "ID": str(self.import_id),
            "name": self.name,
            "type": "add or update" if action == "update or add" else action,
            "status": words[self.state],
            "totallines": str(self.total),
            "processedLines": str(self.processed),
            "lastrun": self.last_run or False,
            "nextrun": False,
            "lasterror": self.last_error or False,
        }


@dataclass(frozen=True)
class Failure:
    """How an import is to fail."""

    message: str
    after_lines: int = 0


async def run_import(record: ImportRecord, database: Database, emulator: Emulator) -> None:
    """Carry an import out, over about as many seconds as the emulator says, and fail it if that was asked for."""
    failure, seconds = emulator.failure, emulator.import_seconds
    try:
        rows = await read_source(record.parameters, emulator)
        if not rows:
            return  # an import of nothing never starts (an old FAQ of the documentation)
        with emulator.lock:
            record.state = "running"
            # whether the header of a file counts as a line is not documented; here it does not
            record.total = len(rows)
            importer = Importer(database, record.parameters, list(rows[0]))
        part = rows if failure is None else rows[: failure.after_lines]
        chunk = max(min(-(-len(part) // STEPS), 1000), 1)
        pause = seconds / max(-(-len(part) // chunk), 1)
        for start in range(0, len(part), chunk) or [0]:
            await asyncio.sleep(pause)
            with emulator.lock:
                for row in part[start : start + chunk]:
                    importer.row(row)
                    record.processed += 1
        if failure is None:
            with emulator.lock:
                importer.finish()
    except RefusedSourceError as error:
        failure = Failure(str(error))
    with emulator.lock:
        record.last_run = now()
        record.last_error = None if failure is None else failure.message
        record.state = "finished" if failure is None else "failed"


class Importer:
    """
    One import, carried out row by row.

    Where the documentation is silent (several profiles with one key, the scope of ``removeMissing``), it does the
    simplest thing: the profile with the lowest ID is taken, and profiles are removed before subprofiles. Names are
    matched without regard to case, as was observed on calls; unknown columns are ignored, as they are there. An
    unknown key field fails the import: the documentation does not say so, and does not say what else would happen.

    :param parameters: of POST imports, as they came.
    :param columns: of every row.
    """

    def __init__(self, database: Database, parameters: Mapping[str, object], columns: list[str]) -> None:
        self._database = database
        self._action = str(parameters.get("action"))
        self._ignore_empty = is_true(parameters.get("ignoreEmptyFields"))
        self._remove_missing = is_true(parameters.get("removeMissing"))
        self._deletes_subprofiles = parameters.get("deleteTarget") == "subprofile"
        names = parameters.get("keyFields")
        self._keys = self._by_table([str(name) for name in names] if isinstance(names, list) else [], is_strict=True)
        self._columns = self._by_table(columns)
        prefixed = [name for name in columns if name.lower().startswith("interest.")]
        interests = {name: database.interest(name.partition(".")[2]) for name in prefixed}
        self._interests = {column: interest for column, interest in interests.items() if interest is not None}
        self._index: dict[tuple[str, ...], int] = {}
        for profile in reversed(database.profiles.values()):
            self._index[self._key(profile.fields)] = profile.id
        self._seen: set[int] = set()

    def row(self, row: Row) -> None:
        """Import one row: one profile, and at most one subprofile of each collection."""
        profile = self._find(row)
        if self._action == "delete":
            if profile is not None:
                self._delete(profile, row)
            return
        is_written = profile is None or self._action == "ignore or add" or self._write(profile, row)
        profile = profile or self._add_profile(row)
        if profile is None:
            return
        self._seen.add(profile.id)
        if not is_written:
            return
        for collection in self._database.collections.values():
            if collection in self._columns:
                self._import_subprofile(profile, collection, row)

    def finish(self) -> None:
        """Remove what was not in the import, if that was asked for."""
        if not self._remove_missing:
            return
        for profile in list(self._database.profiles.values()):
            if profile.id not in self._seen:
                self._database.remove(profile)
                continue
            for collection in self._database.collections.values():
                subprofiles = profile.subprofiles[collection.name] if collection in self._columns else ()
                for subprofile in [subprofile for subprofile in subprofiles if subprofile.id not in self._seen]:
                    collection.remove(profile, subprofile)

    def _by_table(self, names: Iterable[str], *, is_strict: bool = False) -> dict[Table, dict[str, str]]:
        """Return the fields by the column they are in, of the database and of each collection."""
        fields: dict[Table, dict[str, str]] = {}
        for name in names:
            place = self._database.column(name)
            if place is not None:
                fields.setdefault(place[0], {})[name] = place[1]
            elif is_strict:
                raise RefusedSourceError(f"Unknown key field: {name}")
        return fields

    def _values(self, table: Table, row: Row) -> dict[str, str]:
        """Return what a row holds for a table, by field."""
        return {name: row[column] for column, name in self._columns.get(table, {}).items()}

    def _to_write(self, table: Table, row: Row) -> dict[str, str]:
        values = self._values(table, row)
        return {name: text for name, text in values.items() if text} if self._ignore_empty else values

    def _chosen(self, row: Row) -> dict[str, bool]:
        cells = {interest: row[column] for column, interest in self._interests.items()}
        return {name: is_true(text) for name, text in cells.items() if text or not self._ignore_empty}

    def _key(self, fields: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(fields.get(name, "") for name in self._keys.get(self._database, {}).values())

    def _wanted(self, table: Table, row: Row) -> dict[str, str]:
        """Return the values of the key fields that a row asks for, as they would be stored; {} without keys."""
        if self._action == "add":
            return {}
        values = self._values(table, row)
        return table.stored({name: values.get(name, "") for name in self._keys.get(table, {}).values()})

    def _find(self, row: Row) -> Profile | None:
        wanted = self._wanted(self._database, row)
        return self._database.profiles.get(self._index.get(self._key(wanted), 0)) if wanted else None

    def _find_subprofile(self, profile: Profile, collection: Collection, row: Row) -> Subprofile | None:
        wanted = self._wanted(collection, row)
        subprofiles = profile.subprofiles[collection.name] if wanted else []
        return next((each for each in subprofiles if wanted.items() <= each.fields.items()), None)

    def _write(self, profile: Profile, row: Row) -> bool:
        """Write a row; return whether no restriction refused it."""
        if not self._database.write(profile, self._to_write(self._database, row)):
            return False
        profile.choose(self._chosen(row))
        return True

    def _add_profile(self, row: Row) -> Profile | None:
        """Make a profile of a row, unless the action or a restriction forbids it."""
        profile = self._database.new_profile()
        if self._action == "update" or not self._write(profile, row):
            return None
        self._database.profiles[profile.id] = profile
        self._index.setdefault(self._key(profile.fields), profile.id)
        return profile

    def _import_subprofile(self, profile: Profile, collection: Collection, row: Row) -> None:
        subprofile = self._find_subprofile(profile, collection, row)
        values = self._to_write(collection, row)
        if subprofile is None:
            subprofile = self._database.new_subprofile(collection)
            if self._action == "update" or not collection.write(subprofile, values):
                return
            profile.subprofiles[collection.name].append(subprofile)
        elif self._action != "ignore or add":
            collection.write(subprofile, values)
        self._seen.add(subprofile.id)

    def _delete(self, profile: Profile, row: Row) -> None:
        if not self._deletes_subprofiles:
            self._database.remove(profile)
            return
        for collection in self._database.collections.values():
            subprofile = self._find_subprofile(profile, collection, row)
            if subprofile is not None:
                collection.remove(profile, subprofile)
