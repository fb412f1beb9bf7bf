"""The asynchronous hook, for triggers: one session and one token for all that run in the same event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import ParamSpec, TypeVar

from airflow_provider_copernica.client.aio import AsyncClient
from airflow_provider_copernica.client.exchange import Steps, exchange
from airflow_provider_copernica.client.imports import CopernicaImport, read_import_id
from airflow_provider_copernica.client.messages import QueryParams, Reply
from airflow_provider_copernica.client.operations import any_call, get_import
from airflow_provider_copernica.client.polling import watch_import
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.schedule import Watch
from airflow_provider_copernica.connection_form import DEFAULT_CONN_ID
from airflow_provider_copernica.exceptions import CopernicaAuthError
from airflow_provider_copernica.hooks._connection import look_up_async, mask_async

__all__ = ["AUTH_RECHECK_INTERVAL", "CONNECTION_TTL", "CopernicaAsyncHook"]

# seconds after which a new user of a shared client has the connection looked up again
CONNECTION_TTL = 600.0
# seconds within which many whose token is refused look it up only once
AUTH_RECHECK_INTERVAL = 5.0

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Key = tuple[object, ...]


@dataclass
class _Shared:
    """What the users of one connection in one event loop share."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    client: AsyncClient | None = None
    looked_up_at: float = 0.0
    users: dict[AsyncClient, int] = field(default_factory=dict)

    @property
    def forgettable(self) -> bool:
        """Whether nobody uses it, and its connection would be looked up again anyway."""
        is_old = time.monotonic() - self.looked_up_at > CONNECTION_TTL
        return not self.users and not self.lock.locked() and is_old


_shared: dict[asyncio.AbstractEventLoop, dict[Key, _Shared]] = {}


class CopernicaAsyncHook:
    """
    The asynchronous twin of :class:`~airflow_provider_copernica.hooks.copernica.CopernicaHook`; use ``async with``.

    All instances for the same connection in one event loop share connections, token and connection lookup. Connections
    are closed when the last one leaves; the token is kept until it expires.

    :param copernica_conn_id: the Airflow connection.
    :param api_version: 4 or 3; default: the connection's, else 4.
    :param request_timeout: seconds that Copernica may take to answer a request; default: the connection's, else 60.
    """

    def __init__(
        self,
        copernica_conn_id: str = DEFAULT_CONN_ID,
        *,
        api_version: int | None = None,
        request_timeout: float | None = None,
    ) -> None:
        self.copernica_conn_id = copernica_conn_id
        self._overrides = {"api_version": api_version, "timeout": request_timeout}
        self._client: AsyncClient | None = None
        self._users: dict[AsyncClient, int] = {}

    async def __aenter__(self) -> CopernicaAsyncHook:
        self._client = await self._acquire(refused=None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is not None:
            await self._release(client)

    async def get_import(self, import_id: int | str) -> CopernicaImport:
        """Return the status of an import."""
        number = read_import_id(import_id)
        return await self._run(get_import, number, RetryPolicy())

    async def watch(
        self, import_id: int | str, watch: Watch, on_status: Callable[[CopernicaImport], None]
    ) -> CopernicaImport:
        """Wait until an import has finished; raise like ``CopernicaHook.watch``."""
        number = read_import_id(import_id)
        return await self._run(watch_import, number, watch, on_status)

    async def request(self, method: str, path: str, *, params: QueryParams | None = None, json: object = None) -> Reply:
        """Make a request to any other endpoint, with the same authentication, retries and errors."""
        call = any_call(method, path, params, json)
        del params, json  # out of the sight of those who collect the local variables of a failed call
        return (await self._run(exchange, call, RetryPolicy())).reply

    async def _run(
        self, operation: Callable[Arguments, Steps[Result]], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        used = self._client
        if used is None:
            raise RuntimeError("use CopernicaAsyncHook with 'async with'")
        try:
            return await used.run(operation(*args, **kwargs))
        except CopernicaAuthError:
            # somebody may have changed the token in the connection
            client = await self._acquire(refused=used)
            before, self._client = self._client, client
            if before is not None:
                await self._release(before)
            if client is used:
                raise
            return await client.run(operation(*args, **kwargs))

    def _entry(self) -> _Shared:
        # locks and timers know their loop, so that a weak reference to it would not let go of it
        for closed in [loop for loop in list(_shared) if loop.is_closed()]:
            _shared.pop(closed, None)
        entries = _shared.setdefault(asyncio.get_running_loop(), {})
        for old in [key for key, entry in entries.items() if entry.forgettable]:
            del entries[old]
        return entries.setdefault((self.copernica_conn_id, *self._overrides.values()), _Shared())

    async def _acquire(self, refused: AsyncClient | None) -> AsyncClient:
        entry = self._entry()
        async with entry.lock:
            age = time.monotonic() - entry.looked_up_at
            if entry.client is None or age > (CONNECTION_TTL if entry.client is not refused else AUTH_RECHECK_INTERVAL):
                settings = await look_up_async(self.copernica_conn_id, self._overrides)
                entry.looked_up_at = time.monotonic()
                if entry.client is None or entry.client.settings != settings:
                    entry.client = AsyncClient(settings, on_secret=mask_async)
            self._users = entry.users
            self._users[entry.client] = self._users.get(entry.client, 0) + 1
            return entry.client

    async def _release(self, client: AsyncClient) -> None:
        self._users[client] -= 1
        if self._users[client] == 0:
            del self._users[client]
            # shielded: a triggerer that shuts down cancels us right here
            await asyncio.shield(client.close())
