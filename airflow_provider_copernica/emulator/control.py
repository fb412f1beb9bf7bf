"""The emulator's own endpoints, for those who run it as a process: look at what it holds, and ask for faults."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable

from aiohttp import web

from airflow_provider_copernica.emulator.demo import FILE
from airflow_provider_copernica.emulator.emulator import Emulator
from airflow_provider_copernica.emulator.faults import Fault
from airflow_provider_copernica.emulator.replies import json_reply

__all__ = ["add_control"]

Handler = Callable[[Emulator, web.Request], Awaitable[web.Response]]


def add_control(app: web.Application, emulator: Emulator) -> None:
    """Add the endpoints, which need no token: they are for tests, and tell nothing but made-up data."""
    for method, path, handler in (
        ("GET", "", _summary),
        ("GET", "profiles/{database}", _profiles),
        ("GET", "customers.csv", _file),
        ("POST", "databases", _add_database),
        ("POST", "faults", _fail),
        ("DELETE", "faults", _clear_faults),
        ("POST", "failing-imports", _failing_imports),
        ("POST", "expire-tokens", _expire_tokens),
    ):
        app.router.add_route(method, f"{emulator.CONTROL}{path}", functools.partial(_explained, handler, emulator))


async def _explained(handler: Handler, emulator: Emulator, request: web.Request) -> web.Response:
    """Say what can't be understood, rather than answer with an error of the server."""
    try:
        return await handler(emulator, request)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return web.Response(status=400, text=f"Not understood: {type(error).__name__}: {error}\n")


async def _summary(emulator: Emulator, request: web.Request) -> web.Response:  # noqa: ARG001 - one kind of handler
    imports = [
        {"import_id": each.import_id, "name": each.name, "state": each.state, "lines": each.processed}
        for each in emulator.imports
    ]
    counts = {database: len(emulator.profiles(database)) for database in emulator.databases}
    figures = {
        "requests": len(emulator.requests),
        "polls": sum("/import/" in each.path for each in emulator.requests),
        "connections": emulator.connections,
        "authentications": emulator.authentications,
    }
    return json_reply({"profiles": counts, "imports": imports, **figures})


async def _profiles(emulator: Emulator, request: web.Request) -> web.Response:
    return json_reply(emulator.profiles(int(request.match_info["database"])))


async def _file(emulator: Emulator, request: web.Request) -> web.Response:  # noqa: ARG001 - as above
    return web.Response(text=FILE, content_type="text/csv")


async def _add_database(emulator: Emulator, request: web.Request) -> web.Response:
    return json_reply({"database": emulator.add_database(**await request.json())}, status=201)


async def _fail(emulator: Emulator, request: web.Request) -> web.Response:
    arguments = await request.json()
    name = arguments.pop("fault", "")
    if name not in Fault.__members__ or "where" not in arguments:
        raise ValueError(f"needed are where, and fault, one of {', '.join(Fault.__members__)}")
    emulator.fail(arguments.pop("where"), Fault[name], **arguments)
    return web.Response(status=204)


async def _clear_faults(emulator: Emulator, request: web.Request) -> web.Response:  # noqa: ARG001 - as above
    emulator.clear_faults()
    return web.Response(status=204)


async def _failing_imports(emulator: Emulator, request: web.Request) -> web.Response:
    arguments = await request.json() or {"message": None}
    emulator.failing_imports(arguments["message"], int(arguments.get("after_lines", 0)))
    return web.Response(status=204)


async def _expire_tokens(emulator: Emulator, request: web.Request) -> web.Response:  # noqa: ARG001 - as above
    emulator.expire_tokens()
    return web.Response(status=204)
