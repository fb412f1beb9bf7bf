"""The HTTP side: what every call goes through, authentication, and the routes."""

from __future__ import annotations

import asyncio
import functools

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from airflow_provider_copernica.emulator import reading, writing
from airflow_provider_copernica.emulator.bodies import FORM, read_body, read_pairs
from airflow_provider_copernica.emulator.calls import Answer, Call
from airflow_provider_copernica.emulator.emulator import Emulator, SeenRequest
from airflow_provider_copernica.emulator.faults import NoAnswer, go_wrong
from airflow_provider_copernica.emulator.origins import guard_origins
from airflow_provider_copernica.emulator.replies import RefusedError, error_reply, json_reply

__all__ = ["make_app", "route_names"]

VERSIONS = ("v3", "v4")


def make_app(emulator: Emulator) -> web.Application:
    """Make the application: the API without a version, with v3 and with v4."""
    middlewares = [guard_origins(emulator), _recorder(emulator), _fault_injector(emulator), _token_guard(emulator)]
    app = web.Application(middlewares=middlewares, client_max_size=0)
    app.router.add_post("/", functools.partial(_authenticate, emulator))
    routes = [("GET", path, answer) for path, answer in reading.ROUTES.items()]
    routes += [(method, path, answer) for (method, path), answer in writing.ROUTES.items()]
    # most calls take POST for PUT (documentation of v3)
    routes += [
        ("POST", path, answer)
        for (method, path), answer in writing.ROUTES.items()
        if method == "PUT" and ("POST", path) not in writing.ROUTES
    ]
    for prefix in ("", *(f"/{version}" for version in VERSIONS)):
        for method, path, answer in routes:
            # empty parts at the end of a path are ignored (observed; the documentation's PHP sample has one)
            app.router.add_route(method, f"{prefix}/{path}{{_:/*}}", functools.partial(_answer, emulator, answer))
    return app


async def _answer(emulator: Emulator, answer: Answer, request: web.Request) -> web.Response:
    body = read_body(await request.read(), request.content_type)
    if body is None:
        raise RefusedError("Invalid data provided")
    with emulator.lock:
        return answer(Call(emulator, request, read_pairs(request.query.items()), body, await request.read()))


def route_names(request: web.Request) -> tuple[str, ...]:
    """Return what a fault may call this request: its path with and without the version."""
    version, path = _split(request.path)
    return (f"{version}/{path}", path) if version else (path or "authenticate",)


def _split(path: str) -> tuple[str, str]:
    """Return the version, if there is one, and the rest."""
    head, _, tail = path.strip("/").partition("/")
    return (head, tail) if head in VERSIONS else ("", path.strip("/"))


def _recorder(emulator: Emulator) -> Middleware:
    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        emulator.count_connection(request.transport)
        if request.path.startswith(emulator.CONTROL):
            return await handler(request)
        body = await request.read()
        seen = SeenRequest(request.method, request.path, dict(request.query), dict(request.headers), body)
        emulator.remember(seen)
        if emulator.latency:
            await asyncio.sleep(emulator.latency)
        try:
            response = await handler(request)
        except web.HTTPException:
            response = error_reply("Invalid method")
        except RefusedError as error:
            response = error_reply(str(error), error.status)
        seen.status = 0 if isinstance(response, NoAnswer) else response.status
        return response

    return record


def _fault_injector(emulator: Emulator) -> Middleware:
    @web.middleware
    async def inject(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_control = request.path.startswith(emulator.CONTROL)
        fault = None if is_control else emulator.next_fault(route_names(request))
        return await (handler(request) if fault is None else go_wrong(fault, request, handler))

    return inject


def _token_guard(emulator: Emulator) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        version, path = _split(request.path)
        if path and not request.path.startswith(emulator.CONTROL):
            _check_token(emulator, request, version)
        return await handler(request)

    return guard


def _check_token(emulator: Emulator, request: web.Request, version: str) -> None:
    token = request.query.get("access_token", "")
    if version != "v4":
        if not emulator.accepts_token(token):
            raise RefusedError("Invalid access token")
        return
    kind, _, jwt = request.headers.get("Authorization", "").partition(" ")
    if token or kind != "Bearer" or not emulator.accepts_jwt(jwt):
        # which status v4 has for this is not documented
        raise RefusedError("Invalid access token", 401)


async def _authenticate(emulator: Emulator, request: web.Request) -> web.Response:
    """Trade the access token for a JWT; how errors look here is not documented."""
    if request.content_type != FORM:
        raise RefusedError("The access token must be sent as a form")
    form = await request.post()
    if not emulator.accepts_token(str(form.get("access_token", ""))):
        raise RefusedError("Invalid access token", 401)
    jwt = emulator.issue_jwt()
    match emulator.token_reply:
        case "json_string":
            return json_reply(jwt)
        case "json_object":
            return json_reply({"token": jwt})
        case _:
            return web.Response(text=jwt)
