"""From the source of an import to rows of text, all with the same fields in the same order."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping

import aiohttp

from airflow_provider_copernica.emulator.bodies import as_text

__all__ = ["RefusedSourceError", "Row", "download", "read_rows"]

Row = dict[str, str]
# characters: 16 million are documented for the largest field; the csv module would stop at 131072
csv.field_size_limit(max(1 << 24, csv.field_size_limit()))


class RefusedSourceError(Exception):
    """The source can't be imported; the text goes into ``lasterror``."""


def read_rows(source: object, text_format: object, delimiter: object) -> list[Row]:
    """
    Read an array, JSON text or CSV text.

    :raises RefusedSourceError: for anything else, and for rows whose fields differ in names or order.
    """
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


async def download(url: str) -> str:
    """
    Download a file.

    :raises RefusedSourceError: if that fails; a redirect is not followed.
    """
    try:
        async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as reply:
            if reply.status != 200:
                raise RefusedSourceError(f"The file could not be downloaded: HTTP {reply.status}")
            return (await reply.read()).decode("utf-8-sig")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise RefusedSourceError("The file could not be downloaded") from error
