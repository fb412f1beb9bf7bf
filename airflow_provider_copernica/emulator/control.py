"""The emulator's own endpoints, for those who run it as a process: look at what it holds, and ask for faults."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from aiohttp import web

from airflow_provider_copernica.emulator.calls import Call, Routes, json_reply
from airflow_provider_copernica.emulator.demo import FILE
from airflow_provider_copernica.emulator.faults import Fault

if TYPE_CHECKING:
    from airflow_provider_copernica.emulator.emulator import Emulator

__all__ = ["answer_command"]


def answer_command(emulator: Emulator, request: web.Request, body: bytes) -> web.Response:
    """
    Answer a command, which needs no token: it is for tests, and tells nothing but made-up data.

    What can't be understood is explained, rather than answered with an error of the server.
    """
    route = _ROUTES.find(request.method, request.path.removeprefix(emulator.CONTROL))
    if route is None:
        return web.Response(status=404, text="There is no such command.\n")
    carry_out, names = route
    try:
        reply = carry_out(Call(emulator, request, names, body))
    except (KeyError, TypeError, ValueError, AttributeError, re.error) as error:
        return web.Response(status=400, text=f"Not understood: {type(error).__name__}: {error}\n")
    if reply is None:
        return web.Response(status=204)
    return reply if isinstance(reply, web.Response) else json_reply(reply)


def _summary(call: Call) -> object:
    emulator = call.emulator
    imports = [
        {"import_id": record.import_id, "name": record.name, "state": record.state, "lines": record.processed}
        for record in emulator.imports
    ]
    return {
        "profiles": {database: len(emulator.profiles(database)) for database in emulator.databases},
        "imports": imports,
        "requests": len(emulator.requests),
        "polls": sum("/import/" in request.path for request in emulator.requests),
        "connections": emulator.connections,
        "authentications": emulator.authentications,
    }


def _add_database(call: Call) -> object:
    return json_reply({"database": call.emulator.add_database(**json.loads(call.raw_body))}, status=201)


def _fail(call: Call) -> None:
    arguments = json.loads(call.raw_body)
    name = arguments.pop("fault", "")
    if name not in Fault.__members__ or "where" not in arguments:
        raise ValueError(f"needed are where, and fault, one of {', '.join(Fault.__members__)}")
    call.emulator.fail(arguments.pop("where"), Fault[name], **arguments)


def _failing_imports(call: Call) -> None:
    arguments = json.loads(call.raw_body) or {"message": None}
    call.emulator.failing_imports(arguments["message"], int(arguments.get("after_lines", 0)))


_ROUTES = Routes(
    {
        ("GET", ""): _summary,
        ("GET", "profiles/{database}"): lambda call: call.emulator.profiles(int(call.path["database"])),
        ("GET", "customers.csv"): lambda _: web.Response(text=FILE, content_type="text/csv"),
        ("POST", "databases"): _add_database,
        ("POST", "faults"): _fail,
        ("DELETE", "faults"): lambda call: call.emulator.clear_faults(),
        ("POST", "failing-imports"): _failing_imports,
        ("POST", "expire-tokens"): lambda call: call.emulator.expire_tokens(),
    }
)
