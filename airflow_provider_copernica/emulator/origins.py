"""
Who may ask, and what may be fetched: an emulator listens where web pages in a developer's browser can reach it.

A page of another site can send requests to this machine, and with a name of its own that leads here (DNS rebinding) it
can read the answers. So the ``Host`` must be this emulator's, no ``Origin`` but its own is let in, and a command must
have a content type that a page can't send without asking first.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from airflow_provider_copernica.emulator.rows import RefusedSourceError

if TYPE_CHECKING:
    from airflow_provider_copernica.emulator.emulator import Emulator

__all__ = ["guard_origins", "hostname_of", "is_own_host", "own_address"]

# what the HTML standard lets a page send to any site without asking that site
SIMPLE_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}


def guard_origins(emulator: Emulator) -> Middleware:
    """Return a middleware that refuses what a page of another site could send."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        if not is_own_host(hostname_of(f"//{host}"), emulator):
            return _forbidden("This emulator does not go by that Host. To add one, start it with allowed_hosts.")
        if origin is not None and origin.lower() != f"http://{host}".lower():
            return _forbidden("Web pages of another origin may not use this emulator.")
        is_command = request.path.startswith(emulator.CONTROL) and request.method == "POST"
        if is_command and not _is_json_or_empty(request):
            return web.Response(status=415, text="Send commands with the header Content-Type: application/json.\n")
        return await handler(request)

    return guard


def _forbidden(reason: str) -> web.Response:
    return web.Response(status=403, text=f"{reason}\n")


def _is_json_or_empty(request: web.Request) -> bool:
    if "Content-Type" not in request.headers:
        return not request.body_exists
    return request.content_type == "application/json"


def hostname_of(url: str) -> str:
    """Return the host name of a URL in lower case, "" if it can't be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_own_host(name: str, emulator: Emulator) -> bool:
    """
    Return whether a name leads here: a loopback address, the one it listens on, or one that it was started with.

    Where it listens on every address, each address and the machine's own name are good: an address can't be rebound.
    """
    own = hostname_of(emulator.url)
    if name in ("localhost", own, *(host.lower() for host in emulator.allowed_hosts)):
        return bool(name)
    try:
        address = ip_address(name)
    except ValueError:
        return own in ("0.0.0.0", "::") and name == socket.gethostname().lower()  # noqa: S104 - compared, not bound
    return address.is_loopback or own in ("0.0.0.0", "::")  # noqa: S104 - as above


def own_address(location: str, emulator: Emulator) -> str:
    """
    Return the address to fetch a location from: a file of the emulator's own, whatever name it was given by.

    :raises RefusedSourceError: for any other location; with ``local_locations`` any of this machine is good.
    """
    try:
        url = urlsplit(location)
        port = url.port
    except ValueError:
        raise RefusedSourceError("The location is not a URL") from None
    host, own = url.hostname or "", urlsplit(emulator.url)
    if url.scheme == "http" and port == own.port and is_own_host(host, emulator):
        return url._replace(netloc=own.netloc).geturl()
    if emulator.local_locations and url.scheme in ("http", "https") and host in ("127.0.0.1", "localhost", "::1"):
        return location
    reach = "this machine, over http" if emulator.local_locations else "its own address; start it with local_locations"
    raise RefusedSourceError(f"The emulator downloads from {reach}")
