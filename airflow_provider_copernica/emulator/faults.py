"""Faults on request: what a real API, its load balancer and the network do on bad days."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import Enum
from typing import TypedDict

from aiohttp import web

from airflow_provider_copernica.emulator.calls import error_reply

__all__ = ["Fault", "FaultOptions", "NoAnswer", "PlannedFault", "go_wrong"]

PAGE = (
    "<html><head><title>Loadbalancer Error</title></head>"
    "<body><h1>Too many requests</h1><p>Please try again later.</p></body></html>"
)
CHUNK = 1 << 16


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
    NOT_FOUND_HTML = "404 with an HTML page"
    NOT_FOUND = "404 with a message"
    BAD_REQUEST = "400 with a message"
    UNAUTHORIZED = "401"
    INVALID_TOKEN_400 = "400 Invalid access token"  # noqa: S105 - not a password
    NO_ID = "accepted, 201 without an ID"
    ID_IN_BODY = "accepted, the ID in the body"
    SEE_OTHER = "accepted, 303"
    TRUNCATED_JSON = "200, JSON cut short"
    CUT_BODY = "connection closed within the body"
    REDIRECT = "redirect"
    NOT_JSON = "200 with an HTML page"
    ERROR_IN_200 = "200 with an error object"
    REPLY = "any reply"
    SLOW = "answered late"
    DRIP = "answered drop by drop"
    GZIP = "answered with gzip, blown up"


PAGES = {
    Fault.ERROR_500_HTML: 500,
    Fault.UNAVAILABLE_502_HTML: 502,
    Fault.UNAVAILABLE_503_HTML: 503,
    Fault.TIMEOUT_504_HTML: 504,
    Fault.NOT_FOUND_HTML: 404,
    Fault.NOT_JSON: 200,
}
ERRORS = {
    Fault.RATE_LIMIT: (429, "Too many requests"),
    Fault.UNAUTHORIZED: (401, "Unauthorized"),
    Fault.INVALID_TOKEN_400: (400, "Invalid access token"),
    Fault.NOT_FOUND: (404, None),
    Fault.BAD_REQUEST: (400, None),
    Fault.ERROR_IN_200: (200, None),
}
DROPPED = {Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER}
ACCEPTING = {Fault.RESET_AFTER, Fault.TIMEOUT_AFTER, Fault.NO_ID, Fault.ID_IN_BODY, Fault.SEE_OTHER}


class FaultOptions(TypedDict, total=False):
    """The optional arguments of a fault, as :class:`PlannedFault` explains them."""

    times: int | None
    after: int
    accepted: bool
    retry_after: int | timedelta | None
    seconds: float
    message: str
    location: str | None
    status: int | None
    body: str | None
    headers: Mapping[str, str]
    size: int


@dataclass
class PlannedFault:
    """
    A fault that waits for its request.

    In ``location``, ``body`` and ``headers``, ``{id}`` is the ID of the import that the request made.

    :param where: "authenticate", or the start of a path, with or without its version: "imports", "import",
        "v4/database/1"; "" for everything.
    :param fault: what happens.
    :param times: how often; None until :meth:`Emulator.clear_faults`.
    :param after: how many such requests go well before.
    :param accepted: whether the request is carried out even so; the faults that say so in their name do it always.
    :param retry_after: of RATE_LIMIT and the HTML pages: seconds, or a timedelta for an HTTP date.
    :param seconds: of SLOW, DRIP and the time-outs.
    :param message: of BAD_REQUEST, NOT_FOUND and ERROR_IN_200.
    :param location: of REDIRECT and SEE_OTHER, whose default is the import's address; "" sends none.
    :param status: of NOT_FOUND (404), REDIRECT (307), SEE_OTHER (303), ID_IN_BODY (201) and REPLY (200).
    :param body: of ID_IN_BODY (default ``{"id": {id}}``) and REPLY.
    :param headers: of REPLY; its content type is JSON unless they say something else.
    :param size: of GZIP: how many bytes the body has when it is unpacked.
    """

    where: str
    fault: Fault
    times: int | None = 1
    after: int = 0
    accepted: bool = False
    retry_after: int | timedelta | None = None
    seconds: float = 30.0
    message: str = "Invalid data provided"
    location: str | None = None
    status: int | None = None
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 1 << 20
    hits: int = field(default=0, init=False)

    def applies(self, names: tuple[str, ...]) -> bool:
        """Count the request, and return whether it goes wrong."""
        start = self.where.strip("/")
        if start and not any(f"{name}/".startswith(f"{start}/") for name in names):
            return False
        self.hits += 1
        return self.hits > self.after and (self.times is None or self.hits <= self.after + self.times)


class NoAnswer(web.Response):
    """Goes nowhere: the connection was ended instead."""


async def go_wrong(
    planned: PlannedFault, request: web.Request, carry_out: Callable[[], web.Response]
) -> web.StreamResponse:
    """Answer a request the wrong way, which may be carried out even so."""
    fault = planned.fault
    if fault is Fault.SLOW and not planned.accepted:
        await asyncio.sleep(planned.seconds)
        return carry_out()
    answer: web.Response | None = None
    if planned.accepted or fault in (*ACCEPTING, Fault.DRIP, Fault.GZIP):
        answer = carry_out()
    if fault in (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.SLOW):
        await asyncio.sleep(planned.seconds)
    if fault in DROPPED:
        if request.transport is not None:
            request.transport.abort()
        return NoAnswer()
    if fault is Fault.CUT_BODY:
        return await _cut(request)
    if answer is not None and fault in (Fault.SLOW, Fault.DRIP, Fault.GZIP):
        return answer if fault is Fault.SLOW else await _stream(planned, request, answer)
    created = "" if answer is None else answer.headers.get("X-Created", "")
    return _answer(planned, lambda text: text.replace("{id}", created))


def _answer(planned: PlannedFault, fill: Callable[[str], str]) -> web.Response:
    fault = planned.fault
    if fault in PAGES:
        return web.Response(status=PAGES[fault], text=PAGE, content_type="text/html", headers=_retry_after(planned))
    if fault in ERRORS:
        status, message = ERRORS[fault]
        if fault is Fault.NOT_FOUND:
            status = planned.status or status
        return error_reply(message or planned.message, status, _retry_after(planned))
    match fault:
        case Fault.NO_ID:
            return web.Response(status=201)
        case Fault.TRUNCATED_JSON:
            return _json('{"ID": "1", "status": "fin', 200)
        case Fault.ID_IN_BODY:
            return _json(fill('{"id": {id}}' if planned.body is None else planned.body), planned.status or 201)
        case Fault.SEE_OTHER:
            location = fill("/v4/import/{id}" if planned.location is None else planned.location)
            return web.Response(status=planned.status or 303, headers={"Location": location} if location else None)
        case Fault.REDIRECT:
            location = "https://elsewhere.example/" if planned.location is None else planned.location
            return web.Response(status=planned.status or 307, headers={"Location": location} if location else None)
        case _:
            headers = {name: fill(text) for name, text in planned.headers.items()}
            return _json(fill(planned.body or ""), planned.status or 200, headers)


def _json(text: str, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=text.encode(), status=status, headers={"Content-Type": "application/json", **(headers or {})}
    )


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


async def _stream(planned: PlannedFault, request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send the right answer, in drops or packed, with blanks behind it: JSON allows them."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    headers = {name: text for name, text in answer.headers.items() if name.lower() != "content-length"}
    is_gzip = planned.fault is Fault.GZIP
    response = web.StreamResponse(
        status=answer.status, headers=headers | ({"Content-Encoding": "gzip"} if is_gzip else {})
    )
    await response.prepare(request)
    async for part in _packed(body, planned.size) if is_gzip else _drops(body.ljust(20), planned.seconds):
        await response.write(part)
    await response.write_eof()
    return response


async def _drops(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    size = max(len(body) // 100, 1)
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds * size / len(body))
        yield body[start : start + size]


async def _packed(body: bytes, size: int) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    yield packer.compress(body)
    for left in range(size - len(body), 0, -CHUNK):
        yield packer.compress(b" " * min(left, CHUNK))
        await asyncio.sleep(0)
    yield packer.flush()
