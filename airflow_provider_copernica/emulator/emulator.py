"""The emulator: an account in memory, what its routes know of it, and the handle that tests hold."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from threading import RLock
from typing import Unpack
from weakref import WeakSet

from airflow_provider_copernica.emulator.calls import SeenRequest
from airflow_provider_copernica.emulator.faults import Fault, FaultOptions, PlannedFault
from airflow_provider_copernica.emulator.fields import FieldSpecs, is_true, read_specs
from airflow_provider_copernica.emulator.imports import STATUS_WORDS, Failure, ImportRecord, run_import
from airflow_provider_copernica.emulator.model import Collection, Database, Removal, Unsubscribe

__all__ = ["DEFAULT_TOKEN", "Emulator", "SeenRequest"]

DEFAULT_TOKEN = "emulator-access-token"  # noqa: S105 - opens nothing but an emulator
DAY = 86_400.0


class Emulator:
    """
    A Copernica account in memory, served over HTTP at :attr:`url`.

    Attributes that tests may change at any time: ``token``, ``import_seconds``, ``latency`` (seconds before each
    answer), ``token_lifetime`` (seconds), ``token_reply`` ("text", "json_string", "json_object"), ``status_words`` and
    ``local_locations``.

    What changes on its own, the running imports, changes in the server's event loop, under :attr:`lock`.

    :param token: the access token to accept.
    :param import_seconds: how long an import takes.
    :param local_locations: whether a ``location`` may lead to any server of this machine, not only to the emulator.
    :param allowed_hosts: names by which clients may call it, besides its address and those of this machine.
    """

    CONTROL = "/_emulator/"

    def __init__(
        self,
        *,
        token: str = DEFAULT_TOKEN,
        import_seconds: float = 0.2,
        local_locations: bool = False,
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        self.url = ""
        self.token = token
        self.import_seconds = import_seconds
        self.local_locations = local_locations
        self.allowed_hosts = frozenset(allowed_hosts)
        self.latency = 0.0
        self.token_lifetime = DAY
        self.token_reply = "text"  # noqa: S105 - the form of the reply
        self.status_words = dict(STATUS_WORDS)
        self.lock = RLock()
        self._import_ids = itertools.count(1)
        self.reset()

    def reset(self) -> None:
        """Forget what it holds, what it has seen and what was planned; the attributes above stay."""
        with self.lock:
            self.account: dict[int, Database] = {}  # by ID
            self.jwt_expiry: dict[str, int] = {}  # seconds since 1970
            self.failure: Failure | None = None
            self.connections = 0
            self._ids = itertools.count(1)
            self._imports: dict[int, ImportRecord] = {}
            self._requests: list[SeenRequest] = []
            self._faults: list[PlannedFault] = []
            self._transports: WeakSet[asyncio.BaseTransport] = WeakSet()
            self._running: set[asyncio.Task[None]] = set()

    # What tests look at

    @property
    def requests(self) -> list[SeenRequest]:
        """Every request so far, those that went wrong too."""
        return list(self._requests)

    @property
    def imports(self) -> list[ImportRecord]:
        """Every import accepted so far, forgotten ones too."""
        with self.lock:
            return list(self._imports.values())

    @property
    def jwts(self) -> list[str]:
        """Every JWT issued so far."""
        return list(self.jwt_expiry)

    @property
    def authentications(self) -> int:
        """How many JWTs were issued."""
        return len(self.jwt_expiry)

    @property
    def databases(self) -> list[int]:
        """The IDs of the databases."""
        return list(self.account)

    def profiles(self, database_id: int) -> list[dict[str, object]]:
        """Return the profiles of a database: ID, fields, interests, and subprofiles by collection."""
        with self.lock:
            return [profile.shown() for profile in self.account[database_id].profiles.values()]

    def subprofiles(self, database_id: int, collection: str) -> list[dict[str, object]]:
        """Return the subprofiles of a collection: ID, profile (its ID) and fields."""
        with self.lock:
            return [
                {"ID": subprofile.id, "profile": profile.id, "fields": dict(subprofile.fields)}
                for profile in self.account[database_id].profiles.values()
                for subprofile in profile.subprofiles[collection]
            ]

    # What tests arrange

    def add_database(
        self,
        name: str,
        fields: FieldSpecs,
        *,
        collections: Mapping[str, FieldSpecs] | None = None,
        interests: Iterable[str] = (),
        database_id: int | None = None,
        removal_behaviour: Removal = "delete",
        unsubscribe_behaviour: Unsubscribe = "nothing",
        collection_removal_behaviours: Mapping[str, Removal] | None = None,
        collection_unsubscribe_behaviours: Mapping[str, Unsubscribe] | None = None,
        restrictions: Mapping[str, str] | None = None,
    ) -> int:
        """
        Make a database.

        :param fields: names; or name to type ("text", "integer", "date" ...); or name to a dict of type, length,
            value, index.
        :param collections: fields by the name of the collection.
        :param removal_behaviour: what comes of an attempt to delete a profile, by an import or by a call: "delete",
            "nothing" or "unsubscribe".
        :param unsubscribe_behaviour: what unsubscribing does: "nothing", "remove", or fields to update with their
            values: ``{"Newsletter": "no"}``.
        :param collection_removal_behaviours: the same of subprofiles, by the name of the collection.
        :param collection_unsubscribe_behaviours: the same of subprofiles, by the name of the collection.
        :param restrictions: regular expressions by ``Field`` or ``Collection.Field``: a row with a value that does not
            match as a whole is left out by imports, silently, and refused by calls.
        :return: its ID; of the first one 1.
        :raises ValueError: for a behaviour, field or collection that does not exist.
        """
        specs = {"": fields, **(collections or {})}
        removals = {"": removal_behaviour, **(collection_removal_behaviours or {})}
        unsubscribes = {"": unsubscribe_behaviour, **(collection_unsubscribe_behaviours or {})}
        patterns: dict[str, dict[str, str]] = {}
        for column, pattern in (restrictions or {}).items():
            table, _, field_name = column.rpartition(".")
            patterns.setdefault(table, {})[field_name] = pattern
        unknown = {*removals, *unsubscribes, *patterns} - {*specs}
        if unknown:
            raise ValueError(f"{name} does not have the collection {min(unknown)!r}")
        behaviours = {
            table: (removals.get(table, "delete"), unsubscribes.get(table, "nothing"), patterns.get(table, {}))
            for table in specs
        }
        with self.lock:
            if database_id is None:
                database_id = next(number for number in itertools.count(1) if number not in self.account)
            tables = {
                table: Collection(next(self._ids), table, read_specs(specs[table], self._ids), *behaviours[table])
                for table in specs
                if table
            }
            database = Database(database_id, name, read_specs(fields, self._ids), *behaviours[""], ids=self._ids)
            database.interests, database.collections = list(interests), tables
            self.account[database_id] = database
        return database_id

    def add_profile(
        self,
        database_id: int,
        fields: Mapping[str, str],
        subprofiles: Mapping[str, Iterable[Mapping[str, str]]] | None = None,
        *,
        created: str | None = None,
    ) -> int:
        """
        Put a profile into a database, with its values as they are given, and return its ID.

        :param created: when it was made and last modified, ``YYYY-MM-DD hh:mm:ss``; now if it is not given.
        """
        with self.lock:
            database = self.account[database_id]
            profile = database.new_profile()
            profile.fields |= fields
            for name, rows in (subprofiles or {}).items():
                for row in rows:
                    subprofile = database.new_subprofile(database.collections[name])
                    subprofile.fields |= row
                    profile.subprofiles[name].append(subprofile)
            if created is not None:
                for dated in (profile, *itertools.chain(*profile.subprofiles.values())):
                    dated.created = dated.modified = created
            database.profiles[profile.id] = profile
        return profile.id

    def add_import(self, name: str = "", status: str = "ready for start", **reply: object) -> int:
        """
        Make up an import that never runs.

        :param reply: what GET answers instead of the documented defaults; None leaves the key out.
        :return: its ID.
        """
        record = self._new_import({"name": name}, b"", {})
        self.set_status(record.import_id, status=status, **reply)
        return record.import_id

    def set_status(self, import_id: int, **reply: object) -> None:
        """Change what GET answers of an import, from now on; None leaves the key out."""
        with self.lock:
            record = self._imports[import_id]
            changed = record.status(self.status_words) | reply
            record.reply = {key: value for key, value in changed.items() if value is not None}

    def forget_import(self, import_id: int) -> None:
        """Let an import vanish: the API does not know it any more, as after its removal in Copernica."""
        self._imports[import_id].is_forgotten = True

    def failing_imports(self, message: str | None, after_lines: int = 0) -> None:
        """Let new imports fail after so many lines, with this message; None ends it."""
        self.failure = None if message is None else Failure(message, after_lines)

    def fail(self, where: str, fault: Fault, **options: Unpack[FaultOptions]) -> None:
        """Plan a fault; :class:`~airflow_provider_copernica.emulator.faults.PlannedFault` explains the options."""
        with self.lock:
            self._faults.append(PlannedFault(where, fault, **options))

    def clear_faults(self) -> None:
        """Let everything go well again."""
        with self.lock:
            self._faults.clear()

    def expire_tokens(self) -> None:
        """Refuse every JWT issued so far."""
        with self.lock:
            self.jwt_expiry = dict.fromkeys(self.jwt_expiry, 0)

    # What the routes need

    def remember(self, request: SeenRequest) -> None:
        """Remember a request."""
        self._requests.append(request)

    def count_connection(self, transport: asyncio.BaseTransport | None) -> None:
        """Count a connection once."""
        if transport is not None and transport not in self._transports:
            self._transports.add(transport)
            self.connections += 1

    def next_fault(self, names: tuple[str, ...]) -> PlannedFault | None:
        """Return the first planned fault that a request with these names meets."""
        with self.lock:
            return next((fault for fault in self._faults if fault.applies(names)), None)

    def find_import(self, import_id: int) -> ImportRecord | None:
        """Return an import that the API still knows."""
        record = self._imports.get(import_id)
        return None if record is None or record.is_forgotten else record

    def start_import(
        self, parameters: Mapping[str, object], body: bytes, headers: Mapping[str, str], database: Database
    ) -> int:
        """Accept an import, and run it in the event loop unless it is not to start."""
        record = self._new_import(parameters, body, headers)
        autostart = parameters.get("autostart")
        if autostart is None or is_true(autostart):
            task = asyncio.get_running_loop().create_task(run_import(record, database, self))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return record.import_id

    def _new_import(self, parameters: Mapping[str, object], body: bytes, headers: Mapping[str, str]) -> ImportRecord:
        with self.lock:
            record = ImportRecord(next(self._import_ids), dict(parameters), body, dict(headers))
            self._imports[record.import_id] = record
        return record
