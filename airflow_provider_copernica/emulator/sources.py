"""From the source of an import, or the file at its location, to rows of text with the same fields in the same order."""

from __future__ import annotations

import csv
import io
import json
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from airflow_provider_copernica.emulator.fields import as_text

if TYPE_CHECKING:
    from airflow_provider_copernica.emulator.emulator import Emulator

__all__ = ["RefusedSourceError", "Row", "leads_here", "read_source"]

Row = dict[str, str]
# characters: 16 million are documented for the largest field; the csv module would stop at 131072
csv.field_size_limit(max(1 << 24, csv.field_size_limit()))


class RefusedSourceError(Exception):
    """The source can't be imported; the text goes into ``lasterror``."""


async def read_source(parameters: Mapping[str, object], emulator: Emulator) -> list[Row]:
    """
    Return the rows of an import: an array, JSON text or CSV text, given as it is or by its location.

    :raises RefusedSourceError: for anything else, and for rows whose fields differ in names or order.
    """
    source, text_format, delimiter = (parameters.get(name) for name in ("source", "format", "delimiter"))
    location = parameters.get("location")
    if isinstance(location, str):
        source = await _download(_address(location, emulator))
        text_format = text_format or ("csv" if delimiter else "json")
    if isinstance(source, str):
        source = _csv(source, delimiter) if text_format == "csv" else _json(source)
    if not isinstance(source, list) or not all(isinstance(row, Mapping) for row in source):
        raise RefusedSourceError("The source is not a list of rows")
    rows = [{str(name): as_text(value) for name, value in row.items()} for row in source]
    if any(list(row) != list(rows[0]) for row in rows):
        # documented: "will not work" when the order of the fields differs between rows
        raise RefusedSourceError("The rows do not have the same fields in the same order")
    return rows


def _csv(text: str, delimiter: object) -> list[Row]:
    if delimiter not in (",", ";", "\t"):
        raise RefusedSourceError("CSV needs a delimiter: tab, comma or semicolon")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=str(delimiter))
    try:
        header, *lines = [line for line in reader if line] or [[]]
    except csv.Error as error:
        raise RefusedSourceError("The source is not CSV") from error
    if any(len(line) != len(header) for line in lines):
        raise RefusedSourceError("The lines do not all have the same number of cells")
    return [dict(zip(header, line, strict=True)) for line in lines]


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedSourceError("The source is not JSON") from error


def _address(location: str, emulator: Emulator) -> str:
    """Return where to fetch a location: a file of the emulator's own, whatever name it was given by."""
    try:
        url = urlsplit(location)
        port = url.port
    except ValueError:
        raise RefusedSourceError("The location is not a URL") from None
    host, own = url.hostname or "", urlsplit(emulator.url)
    if url.scheme == "http" and port == own.port and leads_here(host, emulator):
        return url._replace(netloc=own.netloc).geturl()
    if emulator.local_locations and url.scheme in ("http", "https") and host in ("127.0.0.1", "localhost", "::1"):
        return location
    reach = "this machine, over http" if emulator.local_locations else "its own address; start it with local_locations"
    raise RefusedSourceError(f"The emulator downloads from {reach}")


def leads_here(name: str, emulator: Emulator) -> bool:
    """
    Return whether a host name leads to the emulator: a loopback address, the one it listens on, or an allowed name.

    Where it listens on every address, each address and the machine's own name are good: an address can't be rebound.
    """
    own = urlsplit(emulator.url).hostname
    if name in ("localhost", own, *(host.lower() for host in emulator.allowed_hosts)):
        return bool(name)
    is_everywhere = own in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    try:
        return ip_address(name).is_loopback or is_everywhere
    except ValueError:
        return is_everywhere and name == socket.gethostname().lower()


async def _download(url: str) -> str:
    """Download a file; a redirect is not followed."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as reply:
            if reply.status != 200:
                raise RefusedSourceError(f"The file could not be downloaded: HTTP {reply.status}")
            return (await reply.read()).decode("utf-8-sig")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise RefusedSourceError("The file could not be downloaded") from error
