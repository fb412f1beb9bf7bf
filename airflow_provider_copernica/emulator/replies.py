"""Replies in Copernica's form: exactly ``application/json``, which is what the vendor's own helper looks for."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

__all__ = ["RefusedError", "created_reply", "error_reply", "json_reply"]


class RefusedError(Exception):
    """The call is refused: answered with Copernica's error object."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with JSON."""
    body = json.dumps(value).encode()
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def error_reply(message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with Copernica's error object."""
    return json_reply({"error": {"message": message}}, status, headers)


def created_reply(request: web.Request, kind: str, number: int) -> web.Response:
    """Say that something was made; the documentation's sample of X-location says v1, whatever the version."""
    location = f"{request.url.origin()}/v1/{kind}/{number}"
    return web.Response(status=201, headers={"X-Created": str(number), "X-location": location})
