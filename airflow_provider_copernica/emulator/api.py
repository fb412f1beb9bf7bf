"""
What every request goes through: its origin, a planned fault, its token, and the function that answers it.

An emulator listens where web pages in a developer's browser can reach it. A page of another site can send requests to
this machine, and with a name of its own that leads here (DNS rebinding) it can read the answers. So the ``Host`` must
be this emulator's, no ``Origin`` but its own is let in, and a command must have a content type that a page can't send
without asking first.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import itertools
import json
import secrets
import time
from urllib.parse import urlsplit

from aiohttp import web

from airflow_provider_copernica.emulator.calls import (
    FORM,
    Call,
    RefusedError,
    SeenRequest,
    error_reply,
    json_reply,
    read_body,
    read_pairs,
)
from airflow_provider_copernica.emulator.control import answer_command
from airflow_provider_copernica.emulator.emulator import Emulator
from airflow_provider_copernica.emulator.faults import NoAnswer, go_wrong
from airflow_provider_copernica.emulator.routes import ROUTES
from airflow_provider_copernica.emulator.sources import leads_here

__all__ = ["answer", "new_jwt"]

VERSIONS = ("v3", "v4")

_SECRET = secrets.token_bytes(32)
_serial = itertools.count(1)


async def answer(emulator: Emulator, request: web.Request) -> web.StreamResponse:
    """Answer a request, and remember it if it is for Copernica's API."""
    refusal = _refuse_foreign(emulator, request)
    if refusal is not None:
        return refusal
    emulator.count_connection(request.transport)
    body = await request.read()
    if request.path.startswith(emulator.CONTROL):
        return answer_command(emulator, request, body)
    seen = SeenRequest(request.method, request.path, dict(request.query), dict(request.headers), body)
    emulator.remember(seen)
    if emulator.latency:
        await asyncio.sleep(emulator.latency)
    version, path = _split(request.path)
    fault = emulator.next_fault((f"{version}/{path}", path) if version else (path or "authenticate",))
    carry_out = functools.partial(_carry_out, emulator, request, version, path, body)
    try:
        response = carry_out() if fault is None else await go_wrong(fault, request, carry_out)
    except RefusedError as error:
        response = error_reply(str(error), error.status)
    seen.status = 0 if isinstance(response, NoAnswer) else response.status
    return response


def _refuse_foreign(emulator: Emulator, request: web.Request) -> web.Response | None:
    """Refuse what a page of another site could send."""
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if not leads_here(_host_name(host), emulator):
        return web.Response(
            status=403, text="This emulator does not go by that Host. To add one, start it with allowed_hosts.\n"
        )
    if origin is not None and origin.lower() != f"http://{host}".lower():
        return web.Response(status=403, text="Web pages of another origin may not use this emulator.\n")
    is_command = request.path.startswith(emulator.CONTROL) and request.method == "POST"
    is_empty = "Content-Type" not in request.headers and not request.body_exists
    if is_command and not is_empty and request.content_type != "application/json":
        return web.Response(status=415, text="Send commands with the header Content-Type: application/json.\n")
    return None


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _split(path: str) -> tuple[str, str]:
    """Return the version, if there is one, and the rest; empty parts at its end are ignored (observed)."""
    path = path[1:].rstrip("/")
    head, _, rest = path.partition("/")
    return (head, rest) if head in VERSIONS else ("", path)


def _carry_out(emulator: Emulator, request: web.Request, version: str, path: str, body: bytes) -> web.Response:
    if (request.method, version, path) == ("POST", "", ""):
        return _authenticate(emulator, request, body)
    _check_token(emulator, request, version)
    route = ROUTES.find(request.method, path)
    if route is None:
        raise RefusedError("Invalid method")
    carry_out, names = route
    query = read_pairs(request.query.items())
    call = Call(emulator, request, names, body, query, read_body(body, request.content_type))
    with emulator.lock:
        reply = carry_out(call)
    return reply if isinstance(reply, web.Response) else json_reply(reply)


def _check_token(emulator: Emulator, request: web.Request, version: str) -> None:
    token = request.query.get("access_token", "")
    if version != "v4":
        if not _is_token(emulator, token):
            raise RefusedError("Invalid access token")
        return
    kind, _, jwt = request.headers.get("Authorization", "").partition(" ")
    if token or kind != "Bearer" or emulator.jwt_expiry.get(jwt, 0) <= time.time():
        # which status v4 has for this is not documented
        raise RefusedError("Invalid access token", 401)


def _authenticate(emulator: Emulator, request: web.Request, body: bytes) -> web.Response:
    """Trade the access token for a JWT; how errors look here is not documented."""
    if request.content_type != FORM:
        raise RefusedError("The access token must be sent as a form")
    if not _is_token(emulator, str(read_body(body, FORM).get("access_token", ""))):
        raise RefusedError("Invalid access token", 401)
    expires = int(time.time() + emulator.token_lifetime)
    jwt = new_jwt(expires)
    with emulator.lock:
        emulator.jwt_expiry[jwt] = expires
    match emulator.token_reply:
        case "json_string":
            return json_reply(jwt)
        case "json_object":
            return json_reply({"token": jwt})
        case _:
            return web.Response(text=jwt)


def _is_token(emulator: Emulator, token: str) -> bool:
    return hmac.compare_digest(token.encode(), emulator.token.encode())


def new_jwt(expires: int) -> str:
    """
    Return a real three-part token; no claim but ``exp`` is documented.

    :param expires: seconds since 1970.
    """
    header = _part({"alg": "HS256", "typ": "JWT"})
    payload = _part({"exp": expires, "jti": next(_serial)})
    signature = hmac.new(_SECRET, f"{header}.{payload}".encode(), hashlib.sha256).digest()
    return f"{header}.{payload}.{_base64(signature)}"


def _part(claims: dict[str, object]) -> str:
    return _base64(json.dumps(claims).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
