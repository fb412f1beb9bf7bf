"""The asynchronous client: carries steps out with aiohttp, for triggers."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import aiohttp
from yarl import URL

from airflow_provider_copernica.client.exchange import (
    Authorize,
    GetSettings,
    Send,
    StepResult,
    Steps,
    authenticate,
)
from airflow_provider_copernica.client.messages import (
    MAX_SHORT_REPLY,
    Answer,
    HttpRequest,
    NoReply,
    ProxyRefusal,
    Reply,
)
from airflow_provider_copernica.client.network import (
    PROXY_REFUSALS,
    UnusableProxyError,
    ca_bundle,
    no_reply,
    proxy_for,
    seconds_for,
    seconds_left,
    unpack,
)
from airflow_provider_copernica.client.pacing import WakeUps
from airflow_provider_copernica.client.replies import Jwt
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import CopernicaAuthError, CopernicaError, CopernicaUnavailableError

__all__ = ["AsyncClient"]

Result = TypeVar("Result")

# enough for a thousand triggers, and kind to Copernica; more of them leave more for the garbage collector
MOST_CONNECTIONS = 25
# seconds for which a refused access token is not sent again, whoever asks
REFUSAL_TTL = 60.0
# bytes of one line and of one header, as Python's own library has it
_MAX_LINE = 65536
_CHUNK = 64 * 1024


@dataclass
class _Renewal:
    """A token that is being asked for, by the first who needs it, for all."""

    task: asyncio.Task[Jwt]
    waiters: int = 0


@dataclass(frozen=True)
class _Refusal:
    """What the authentication host said, and until when it is taken for its answer."""

    error: CopernicaAuthError = field(repr=False)
    until: float


class AsyncClient:
    """
    Carries out the steps of :mod:`operations` within one event loop; many tasks may share it.

    :param settings: the account.
    :param on_secret: called with every JWT before it is used, so that it can be masked.
    """

    def __init__(self, settings: ApiSettings, on_secret: Callable[[str], Awaitable[None]] | None = None) -> None:
        self.settings = settings
        self._on_secret = on_secret
        self._jwt: Jwt | None = None
        self._renewal: _Renewal | None = None
        self._refusal: _Refusal | None = None
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()
        # waiting here, rather than within aiohttp, costs a thousand that start at once next to nothing
        self._turns = asyncio.Semaphore(MOST_CONNECTIONS)
        self._wake_ups = WakeUps()
        self._proxies: dict[str, str | None] = {}

    async def run(self, steps: Steps[Result]) -> Result:
        """Carry an operation out to its end."""
        outcome: StepResult = None
        failure: CopernicaError | None = None
        while True:
            try:
                step = steps.send(outcome) if failure is None else steps.throw(failure)
            except StopIteration as end:
                result: Result = end.value
                return result
            outcome, failure = None, None
            try:
                if isinstance(step, GetSettings):
                    outcome = self.settings
                elif isinstance(step, Authorize):
                    outcome = await self.jwt(step.policy, step.refused)
                elif isinstance(step, Send):
                    outcome = await self._send_in_turn(step.request)
                else:
                    awake = self._wake_ups.after(step.seconds)
                    del step  # the less each of a thousand sleepers holds, the less there is to collect
                    await awake
            except CopernicaError as error:  # no token to be had: the operation knows what that means for it
                failure = error

    async def jwt(self, policy: RetryPolicy, refused: Jwt | None = None) -> Jwt:
        """
        Return the JWT to use now. One renewal at a time, whoever asks, and each waits for it no longer than it may.

        :raises CopernicaAuthError: when there is none to be had.
        """
        known = self._jwt
        if known is not None and known.usable(time.time(), refused):
            return known
        if self._refusal is not None and time.monotonic() < self._refusal.until:
            raise copy(self._refusal.error)
        renewal = self._renewal = self._renewal or self._begin_renewal(policy)
        renewal.waiters += 1
        try:
            async with _limit(policy.deadline):
                return await asyncio.shield(renewal.task)
        except TimeoutError:
            raise CopernicaUnavailableError(
                "The authentication host had given no token when the time was over", names=[self.settings.connection]
            ) from None
        finally:
            renewal.waiters -= 1
            if not renewal.waiters or renewal.task.done():
                self._renewal = None if self._renewal is renewal else self._renewal
            if not renewal.waiters and not renewal.task.done():
                renewal.task.cancel()
                await asyncio.wait({renewal.task})

    def _begin_renewal(self, policy: RetryPolicy) -> _Renewal:
        # without a deadline: each who waits has one of its own
        task = asyncio.create_task(self._renew(replace(policy, deadline=None)))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # those who waited may be gone
        return _Renewal(task)

    async def _renew(self, policy: RetryPolicy) -> Jwt:
        try:
            fresh = await self.run(authenticate(policy))
        except CopernicaAuthError as error:
            self._refusal = _Refusal(error, time.monotonic() + REFUSAL_TTL)
            raise
        if self._on_secret is not None:
            await self._on_secret(fresh.value)
        self._jwt = fresh
        return fresh

    def close(self) -> Awaitable[None]:
        """Let go of the connections at once, since others may come, and return what closes them; the JWT stays."""
        session, self._session = self._session, None
        self._proxies.clear()
        return _close(session)

    async def _send_in_turn(self, request: HttpRequest) -> Answer:
        if request.deadline is None or not self._turns.locked():
            await self._turns.acquire()
        else:
            try:
                async with _limit(request.deadline):
                    await self._turns.acquire()
            except TimeoutError:
                return NoReply(False, "no connection was free when the time was over")
        try:
            return await self._send(request)
        finally:
            self._turns.release()

    async def _send(self, request: HttpRequest) -> Answer:
        seconds = seconds_for(request, self.settings)
        session = self._session
        if session is None or session.closed:
            try:
                session = await self._open()
            except OSError as error:
                reason = no_reply(error, self.settings, sent=False).reason
                return NoReply(False, f"the CA bundle can't be read ({reason})")
        try:
            async with session.request(
                request.method,
                URL(request.url, encoded=True),
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                proxy=self._proxy(request.url),
                timeout=_timeout(seconds),
            ) as response:
                return await _read(response, request)
        except UnusableProxyError as error:
            return NoReply(False, str(error))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return _no_answer(error, seconds, self.settings)

    def _proxy(self, url: str) -> str | None:
        # looking through the environment takes longer than all the rest of a request
        host = self.settings.auth_url if url == self.settings.auth_url else self.settings.base_url
        if host not in self._proxies:
            self._proxies[host] = proxy_for(self.settings, host)
        return self._proxies[host]

    async def _open(self) -> aiohttp.ClientSession:
        async with self._opening:  # a thousand triggers that start at once need one session, and one CA bundle
            if self._session is None or self._session.closed:
                self._session = await self._new_session()
            return self._session

    async def _new_session(self) -> aiohttp.ClientSession:
        # an emulator on this machine has no certificate to look at
        has_tls = any(url.startswith("https:") for url in (self.settings.base_url, self.settings.auth_url))
        context = await _ssl_context(ca_bundle(self.settings)) if has_tls else False
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, ssl=context),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
        )


async def _close(session: aiohttp.ClientSession | None) -> None:
    if session is not None:
        await session.close()


@lru_cache(maxsize=16)  # most requests have that of the connection
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds)


def _limit(deadline: float | None) -> asyncio.Timeout:
    return asyncio.timeout(None if deadline is None else seconds_left(deadline))


async def _read(response: aiohttp.ClientResponse, request: HttpRequest) -> Reply:
    """Read the body, as far as the limit allows; the rest of a longer one is left where it is."""
    limit = request.max_reply if response.status < 300 else min(request.max_reply, MAX_SHORT_REPLY)
    try:
        if response.content_length is not None and response.content_length <= limit:
            body: bytes | None = await response.read()  # never more than it said
        else:
            body = await _read_chunks(response, limit)
        unpacked = None if body is None else unpack(response.headers, body, limit)
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, ValueError):
        return Reply(response.status, response.headers, b"", complete=False)
    return Reply(response.status, response.headers, unpacked or b"", too_large=unpacked is None)


async def _read_chunks(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            response.close()
            return None
    return bytes(body)


async def _ssl_context(bundle: str | None) -> ssl.SSLContext | bool:
    if bundle is None:
        return False
    # reading a CA bundle takes tens of milliseconds, too long for an event loop
    return await asyncio.to_thread(_load, bundle)


def _load(bundle: str) -> ssl.SSLContext:
    is_folder = Path(bundle).is_dir()
    return ssl.create_default_context(cafile=None if is_folder else bundle, capath=bundle if is_folder else None)


def _no_answer(error: Exception, seconds: float, settings: ApiSettings) -> Answer:
    if isinstance(error, aiohttp.ClientHttpProxyError) and error.status in PROXY_REFUSALS:
        return ProxyRefusal(error.status)
    if isinstance(error, TimeoutError):
        return NoReply(True, f"no reply within {seconds:.3g} s", TimeoutError(type(error).__name__))
    # a ValueError is a URL, of a proxy too, that aiohttp can't use
    sent = not isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError | ValueError)
    return no_reply(error, settings, sent=sent)
