"""The asynchronous client: carries steps out with aiohttp, for triggers."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from yarl import URL

from airflow_provider_copernica.client.exchange import Send, Sleep, StepResult, Steps, authenticate
from airflow_provider_copernica.client.messages import Answer, HttpRequest, NoReply, Reply
from airflow_provider_copernica.client.redact import redact
from airflow_provider_copernica.client.replies import Jwt
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.settings import ApiSettings, ca_bundle, proxy_for

Result = TypeVar("Result")

# enough for a thousand triggers, and kind to Copernica
MOST_CONNECTIONS = 50
# seconds between two moments at which tasks wake up
WAKEUP_GRID = 0.025


class AsyncClient:
    """
    Carries out the steps of :mod:`operations` within one event loop; many tasks may share it.

    :param settings: the account.
    :param on_secret: told of every JWT before it is used, so that it can be masked.
    """

    def __init__(self, settings: ApiSettings, on_secret: Callable[[str], Awaitable[None]] | None = None) -> None:
        self.settings = settings
        self._on_secret = on_secret
        self._jwt: Jwt | None = None
        self._renewing = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()
        # waiting here, rather than within aiohttp, costs a thousand that start at once next to nothing
        self._turns = asyncio.Semaphore(MOST_CONNECTIONS)
        self._api_proxy: str | None = None
        self._auth_proxy: str | None = None

    async def run(self, steps: Steps[Result]) -> Result:
        """Drives an operation to its end."""
        outcome: StepResult = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                result: Result = end.value
                return result
            if isinstance(step, Send):
                async with self._turns:
                    outcome = await self._send(step.request)
            elif isinstance(step, Sleep):
                outcome = None
                await _sleep(step.seconds)
            else:
                outcome = await self.jwt(step.policy, step.refused)

    async def jwt(self, policy: RetryPolicy, refused: str | None = None) -> str:
        """
        The JWT to use now; one renewal at a time, whoever asks.

        :raises CopernicaAuthError: when there is none to be had.
        """
        known = self._jwt
        if known is not None and known.usable(time.time(), refused):
            return known.value
        async with self._renewing:
            if self._jwt is None or not self._jwt.usable(time.time(), refused):
                fresh = await self.run(authenticate(self.settings, policy))
                if self._on_secret is not None:
                    await self._on_secret(fresh.value)
                self._jwt = fresh
            return self._jwt.value

    async def close(self) -> None:
        """Closes the connections; the JWT stays."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _send(self, request: HttpRequest) -> Answer:
        session = self._session
        if session is None or session.closed:
            try:
                session = await self._open()
            except OSError as error:
                return NoReply(False, f"no connection (the CA bundle can't be read: {error})", error)
        try:
            async with session.request(
                request.method,
                URL(request.url, encoded=True),
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                proxy=self._auth_proxy if request.url == self.settings.auth_url else self._api_proxy,
            ) as response:
                try:
                    body, complete = await response.read(), True
                except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError):
                    body, complete = b"", False
                return Reply(response.status, response.headers, body, complete)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return _no_reply(error, self.settings)

    async def _open(self) -> aiohttp.ClientSession:
        async with self._opening:  # a thousand triggers that start at once need one session, and one CA bundle
            if self._session is None or self._session.closed:
                self._session = await self._new_session()
            return self._session

    async def _new_session(self) -> aiohttp.ClientSession:
        settings = self.settings
        # looking through the environment takes longer than all the rest of a request
        self._api_proxy = proxy_for(settings, settings.base_url)
        self._auth_proxy = proxy_for(settings, settings.auth_url)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, ssl=await _ssl_context(ca_bundle(settings))),
            timeout=aiohttp.ClientTimeout(total=settings.timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
        )


async def _sleep(seconds: float) -> None:
    """A little less, so that many wake up together: waking up costs more than asking."""
    if seconds > 10 * WAKEUP_GRID:
        wake_up = asyncio.get_running_loop().time() + seconds
        seconds -= wake_up % WAKEUP_GRID
    await asyncio.sleep(seconds)


async def _ssl_context(verify: bool | str) -> ssl.SSLContext | bool:
    if isinstance(verify, bool):
        return verify
    # reading a CA bundle takes tens of milliseconds, too long for an event loop
    return await asyncio.to_thread(ssl.create_default_context, cafile=verify)


def _no_reply(error: Exception, settings: ApiSettings) -> NoReply:
    if isinstance(error, TimeoutError):
        return NoReply(True, f"no reply within {settings.timeout:g} s", error)
    # a ValueError is a URL, of a proxy too, that aiohttp can't use
    sent = not isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError | ValueError)
    what = "the connection broke" if sent else "no connection"
    text = redact(str(error), [settings.token, settings.proxy or ""]) or type(error).__name__
    # aiohttp's own exceptions hold the URL and the proxy's password in places that can't be redacted
    return NoReply(sent, f"{what} ({text})", ConnectionError(f"{type(error).__name__}: {text}"))
