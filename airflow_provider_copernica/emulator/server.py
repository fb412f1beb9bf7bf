"""An emulator that runs: a server in a thread of its own, and the handle that tests hold."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Generic, TypeVar

from aiohttp import web

from airflow_provider_copernica.emulator.api import make_app
from airflow_provider_copernica.emulator.control import add_control
from airflow_provider_copernica.emulator.faults import Fault, PlannedFault
from airflow_provider_copernica.emulator.imports import Failure, ImportRecord
from airflow_provider_copernica.emulator.state import FieldSpecs
from airflow_provider_copernica.emulator.world import SeenRequest, World

DEFAULT_TOKEN = "emulator-access-token"  # noqa: S105 - opens nothing but an emulator


Value = TypeVar("Value")


class _OfWorld(Generic[Value]):
    """An attribute that is the world's own, so that its routes see a change at once."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, emulator: Emulator, owner: type | None = None) -> Value:
        value: Value = getattr(emulator.world, self._name)
        return value

    def __set__(self, emulator: Emulator, value: Value) -> None:
        setattr(emulator.world, self._name, value)


class Emulator:
    """
    A Copernica account in memory, served over HTTP at :attr:`url`.

    Attributes that tests may change at any time: ``import_seconds``, ``latency`` (seconds before each answer),
    ``token_lifetime`` (seconds), ``token_reply`` ("text", "json_string", "json_object") and ``status_words``.

    :param token: the access token to accept.
    :param import_seconds: how long an import takes.
    """

    import_seconds = _OfWorld[float]()
    latency = _OfWorld[float]()
    token_lifetime = _OfWorld[float]()
    token_reply = _OfWorld[str]()
    status_words = _OfWorld[dict[str, str]]()

    def __init__(self, *, token: str = DEFAULT_TOKEN, import_seconds: float = 0.2) -> None:
        self.world = World(token, import_seconds)
        self.url = ""

    @property
    def token(self) -> str:
        """The access token that it accepts."""
        return self.world.token

    @property
    def jwts(self) -> list[str]:
        """Every JWT issued so far."""
        return list(self.world.jwts)

    @property
    def connections(self) -> int:
        """How many TCP connections there were."""
        return self.world.connections

    @property
    def authentications(self) -> int:
        """How many JWTs were issued."""
        return self.world.authentications

    @property
    def requests(self) -> list[SeenRequest]:
        """Every request so far, those that went wrong too."""
        return list(self.world.requests)

    @property
    def imports(self) -> list[ImportRecord]:
        """Every import accepted so far."""
        with self.world.lock:
            return list(self.world.imports.values())

    @property
    def databases(self) -> list[int]:
        """Their IDs."""
        return list(self.world.account.databases)

    def add_database(
        self,
        name: str,
        fields: FieldSpecs,
        *,
        collections: Mapping[str, FieldSpecs] | None = None,
        interests: Iterable[str] = (),
        database_id: int | None = None,
    ) -> int:
        """
        Makes a database.

        :param fields: names; or name to type ("text", "integer", "date" ...); or name to a dict of type, length, value.
        :param collections: fields by the name of the collection.
        :return: its ID; of the first one 1.
        """
        with self.world.lock:
            return self.world.account.add_database(name, fields, collections, interests, database_id).id

    def add_profile(
        self,
        database_id: int,
        fields: Mapping[str, str],
        subprofiles: Mapping[str, Iterable[Mapping[str, str]]] | None = None,
    ) -> int:
        """Puts a profile into a database and returns its ID."""
        account = self.world.account
        with self.world.lock:
            return account.add_profile(account.databases[database_id], fields, subprofiles).id

    def profiles(self, database_id: int) -> list[dict[str, object]]:
        """The profiles of a database: ID, fields, interests, and subprofiles by collection."""
        with self.world.lock:
            return [profile.shown() for profile in self.world.account.databases[database_id].profiles.values()]

    def add_import(self, name: str = "", status: str = "ready for start", **reply: object) -> int:
        """
        Makes up an import that never runs.

        :param reply: what GET answers instead of the documented defaults; None leaves the key out.
        :return: its ID.
        """
        record = self.world.new_import({"name": name}, b"", {})
        record.reply = record.status(self.world.status_words) | {"status": status}
        self.set_status(record.import_id, **reply)
        return record.import_id

    def set_status(self, import_id: int, **reply: object) -> None:
        """Changes what GET answers of an import, from now on; None leaves the key out."""
        with self.world.lock:
            record = self.world.imports[import_id]
            changed = record.status(self.world.status_words) | reply
            record.reply = {key: value for key, value in changed.items() if value is not None}

    def fail(
        self,
        where: str,
        fault: Fault,
        *,
        times: int | None = 1,
        after: int = 0,
        accepted: bool = False,
        retry_after: int | timedelta | None = None,
        seconds: float = 30.0,
        message: str = "Invalid data provided",
        location: str = "https://elsewhere.example/",
        status: int = 307,
    ) -> None:
        """Plans a fault; :class:`~airflow_provider_copernica.emulator.faults.PlannedFault` tells what they mean."""
        planned = PlannedFault(where, fault, times, after, accepted, retry_after, seconds, message, location, status)
        self.world.plan(planned)

    def clear_faults(self) -> None:
        """Everything goes well again."""
        self.world.forget_faults()

    def failing_imports(self, message: str | None, after_lines: int = 0) -> None:
        """New imports fail after so many lines, with this message; None ends it."""
        self.world.failure = None if message is None else Failure(message, after_lines)

    def expire_tokens(self) -> None:
        """Refuses every JWT issued so far."""
        self.world.withdraw_jwts()

    def reset(self) -> None:
        """Forgets what it holds, what it has seen and what was planned; the attributes above stay."""
        self.world.clear()


class _Server:
    """The thread with its event loop."""

    def __init__(self, emulator: Emulator, host: str, port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="copernica-emulator", daemon=True)
        self._emulator, self._host, self._port = emulator, host, port

    def start(self) -> None:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        except BaseException:
            self.stop()
            raise

    async def _serve(self) -> None:
        app = make_app(self._emulator.world)
        add_control(app, self._emulator)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=1024)
        await site.start()
        port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._emulator.url = f"http://{host}:{port}"

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _end(self) -> None:
        if hasattr(self, "_runner"):
            await self._runner.cleanup()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def run_emulator(
    *, port: int = 0, host: str = "127.0.0.1", token: str = DEFAULT_TOKEN, import_seconds: float = 0.2
) -> Iterator[Emulator]:
    """
    An emulator that runs as long as the block.

    :param port: 0 takes a free one.
    :param host: the address to listen on.
    :param token: the access token to accept.
    :param import_seconds: how long an import takes.
    """
    emulator = Emulator(token=token, import_seconds=import_seconds)
    with listening(emulator, host, port):
        yield emulator


@contextmanager
def listening(emulator: Emulator, host: str = "127.0.0.1", port: int = 0) -> Iterator[None]:
    """Serves an emulator; it keeps what it holds when it stops listening."""
    server = _Server(emulator, host, port)
    server.start()
    try:
        yield
    finally:
        server.stop()
