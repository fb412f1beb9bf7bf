"""All that an emulator knows and remembers, for its routes and for the tests that look at it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock
from urllib.parse import urlsplit

import aiohttp

from airflow_provider_copernica.emulator.faults import PlannedFault
from airflow_provider_copernica.emulator.imports import STATUS_WORDS, Failure, ImportRecord, run_import
from airflow_provider_copernica.emulator.rows import RefusedSourceError
from airflow_provider_copernica.emulator.state import Account, Database
from airflow_provider_copernica.emulator.tokens import is_expired, new_jwt

DAY = 86_400.0


@dataclass
class SeenRequest:
    """A request that arrived; its status once it was answered, 0 where the connection was dropped instead."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int | None = None
    time: float = field(default_factory=time.time)


class World:
    """
    The state. What changes on its own, the running imports, changes in the server's event loop, under :attr:`lock`.

    :param token: the access token of the account.
    :param import_seconds: how long an import takes.
    """

    CONTROL = "/_emulator/"
    COMPANY = "Copernica BV"

    def __init__(self, token: str, import_seconds: float) -> None:
        self.token = token
        self.import_seconds = import_seconds
        self.latency = 0.0
        self.token_lifetime = DAY
        self.token_reply = "text"  # noqa: S105 - no password
        self.status_words = dict(STATUS_WORDS)
        self.lock = RLock()
        self._import_ids = itertools.count(1)
        self.clear()

    def clear(self) -> None:
        """Forgets what it holds, what it has seen and what was planned; its settings stay."""
        with self.lock:
            self.account = Account()
            self.imports: dict[int, ImportRecord] = {}
            self.requests: list[SeenRequest] = []
            self.jwts: list[str] = []
            self.authentications = 0
            self.connections = 0
            self.failure: Failure | None = None
            self._valid: set[str] = set()
            self._faults: list[PlannedFault] = []
            self._peers: dict[object, asyncio.BaseTransport] = {}
            self._running: set[asyncio.Task[None]] = set()

    def meet(self, transport: asyncio.BaseTransport | None) -> None:
        """Counts the connections. The transport is kept, so that no other object can have its identity."""
        if transport is None:
            return
        peer = transport.get_extra_info("peername")
        if self._peers.get(peer) is not transport:
            self._peers[peer] = transport
            self.connections += 1

    def plan(self, fault: PlannedFault) -> None:
        """Plans a fault."""
        with self.lock:
            self._faults.append(fault)

    def forget_faults(self) -> None:
        """Everything goes well again."""
        with self.lock:
            self._faults.clear()

    def next_fault(self, names: tuple[str, ...]) -> PlannedFault | None:
        """The first planned fault that meets this request."""
        with self.lock:
            return next((fault for fault in self._faults if fault.applies(names)), None)

    def authenticate(self) -> str:
        """Issues a JWT."""
        with self.lock:
            jwt = new_jwt(self.token_lifetime)
            self.jwts.append(jwt)
            self._valid.add(jwt)
            self.authentications += 1
        return jwt

    def is_valid(self, jwt: str) -> bool:
        """Whether a JWT was issued here, is not withdrawn, and its time is not over."""
        return jwt in self._valid and not is_expired(jwt)

    def withdraw_jwts(self) -> None:
        """All JWTs are refused from now on."""
        with self.lock:
            self._valid.clear()

    def new_import(self, parameters: Mapping[str, object], body: bytes, headers: Mapping[str, str]) -> ImportRecord:
        """Remembers an import."""
        with self.lock:
            record = ImportRecord(next(self._import_ids), dict(parameters), body, dict(headers))
            self.imports[record.import_id] = record
        return record

    def start_import(
        self, parameters: Mapping[str, object], body: bytes, headers: Mapping[str, str], database: Database
    ) -> int:
        """Accepts an import, and runs it in the event loop unless it is not to start."""
        record = self.new_import(parameters, body, headers)
        if parameters.get("autostart") is not False:
            running = run_import(
                record,
                self.account,
                database,
                seconds=self.import_seconds,
                failure=self.failure,
                fetch=fetch,
                lock=self.lock,
            )
            task = asyncio.get_running_loop().create_task(running)
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return record.import_id


async def fetch(location: str) -> str:
    """
    Downloads a file of this machine; an emulator has no business elsewhere.

    :raises RefusedSourceError: for any other address, and when it can't be downloaded.
    """
    try:
        url = urlsplit(location)
        is_here = url.scheme in ("http", "https") and url.hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        is_here = False
    if not is_here:
        raise RefusedSourceError("The emulator downloads from this machine only, over http")
    try:
        async with aiohttp.ClientSession() as session, session.get(location, allow_redirects=False) as answer:
            if answer.status != 200:
                raise RefusedSourceError(f"The file could not be downloaded: HTTP {answer.status}")
            return (await answer.read()).decode("utf-8-sig")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise RefusedSourceError("The file could not be downloaded") from error
