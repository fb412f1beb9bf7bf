"""Faults on request: what a real API, its load balancer and the network do on bad days."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import Enum

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE = (
    "<html><head><title>Loadbalancer Error</title></head>"
    "<body><h1>Too many requests</h1><p>Please try again later.</p></body></html>"
)


class Fault(Enum):
    """What goes wrong."""

    RESET_BEFORE = "reset before anything is accepted"
    RESET_AFTER = "accepted, then reset"
    TIMEOUT_BEFORE = "no answer, not accepted"
    TIMEOUT_AFTER = "accepted, then no answer"
    RATE_LIMIT = "429"
    ERROR_500_HTML = "500"
    UNAVAILABLE_502_HTML = "502"
    UNAVAILABLE_503_HTML = "503"
    TIMEOUT_504_HTML = "504"
    BAD_REQUEST = "400 with a message"
    UNAUTHORIZED = "401"
    INVALID_TOKEN_400 = "400 Invalid access token"  # noqa: S105 - no password
    NO_ID = "accepted, 201 without an ID"
    TRUNCATED_JSON = "200, JSON cut short"
    CUT_BODY = "connection closed within the body"
    REDIRECT = "redirect"
    NOT_JSON = "200 with an HTML page"
    ERROR_IN_200 = "200 with an error object"
    SLOW = "answered late"


PAGES = {
    Fault.ERROR_500_HTML: 500,
    Fault.UNAVAILABLE_502_HTML: 502,
    Fault.UNAVAILABLE_503_HTML: 503,
    Fault.TIMEOUT_504_HTML: 504,
}
ACCEPTING = {Fault.RESET_AFTER, Fault.TIMEOUT_AFTER, Fault.NO_ID}


@dataclass
class PlannedFault:
    """
    A fault that waits for its request.

    :param where: "authenticate", or the start of a path, with or without its version: "imports", "import",
        "v4/database/1"; "" for everything.
    :param times: how often; None for ever.
    :param after: how many requests pass first.
    :param accepted: whether the request is carried out before it goes wrong.
    :param retry_after: of 429 and 503: seconds, or a timedelta for an HTTP date.
    :param seconds: of SLOW and of the time-outs.
    :param message: of BAD_REQUEST and ERROR_IN_200.
    :param location: of REDIRECT; ``status`` likewise.
    """

    where: str
    fault: Fault
    times: int | None = 1
    after: int = 0
    accepted: bool = False
    retry_after: int | timedelta | None = None
    seconds: float = 30.0
    message: str = "Invalid data provided"
    location: str = "https://elsewhere.example/"
    status: int = 307
    hits: int = field(default=0, init=False)

    def applies(self, names: tuple[str, ...]) -> bool:
        """Counts the request, and tells whether it goes wrong."""
        start = self.where.strip("/")
        if start and not any(f"{name}/".startswith(f"{start}/") for name in names):
            return False
        self.hits += 1
        return self.hits > self.after and (self.times is None or self.hits <= self.after + self.times)


class NoAnswer(web.Response):
    """Goes nowhere: the connection was ended instead."""


async def go_wrong(planned: PlannedFault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers a request the wrong way."""
    fault = planned.fault
    if fault is Fault.SLOW:
        await asyncio.sleep(planned.seconds)
        return await handler(request)
    if planned.accepted or fault in ACCEPTING:
        await handler(request)
    else:
        await request.read()
    if fault in (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER):
        await asyncio.sleep(planned.seconds)
    if fault in (Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER):
        if request.transport is not None:
            request.transport.abort()
        return NoAnswer()
    if fault is Fault.CUT_BODY:
        return await _cut(request)
    return _answer(planned)


def _answer(planned: PlannedFault) -> web.Response:
    fault = planned.fault
    if fault in PAGES:
        return web.Response(status=PAGES[fault], text=PAGE, content_type="text/html", headers=_retry_after(planned))
    match fault:
        case Fault.RATE_LIMIT:
            return _error(429, "Too many requests", _retry_after(planned))
        case Fault.UNAUTHORIZED:
            return _error(401, "Unauthorized")
        case Fault.INVALID_TOKEN_400:
            return _error(400, "Invalid access token")
        case Fault.ERROR_IN_200:
            return _error(200, planned.message)
        case Fault.NO_ID:
            return web.Response(status=201)
        case Fault.TRUNCATED_JSON:
            return web.Response(text='{"ID": "1", "status": "fin', content_type="application/json")
        case Fault.NOT_JSON:
            return web.Response(text=PAGE, content_type="text/html")
        case Fault.REDIRECT:
            return web.Response(status=planned.status, headers={"Location": planned.location})
        case _:
            return _error(400, planned.message)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status, headers=headers)


def _retry_after(planned: PlannedFault) -> dict[str, str]:
    after = planned.retry_after
    if isinstance(after, timedelta):
        return {"Retry-After": format_datetime(datetime.now(UTC) + after, usegmt=True)}
    return {} if after is None else {"Retry-After": str(after)}


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"ID": "1", ')
    if request.transport is not None:
        request.transport.close()
    return response
