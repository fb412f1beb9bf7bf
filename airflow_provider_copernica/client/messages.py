"""What is asked of the API, and what came back: plain values that every transport understands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import BinaryIO
from urllib.parse import quote, urlencode

from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import CopernicaArgumentError

# within a path: what needs no encoding, and what is encoded already
_SAFE = "/%!$&'()*+,;=:@"

QueryParams = Mapping[str, str | int | bool | Sequence[str | int]]
Body = bytes | BinaryIO


class Repeat(Enum):
    """When a request may be sent again by itself."""

    ALWAYS = "always"  # reading, or writing the same once more changes nothing
    IF_NOT_RECEIVED = "if not received"  # only where it certainly was not carried out


@dataclass(frozen=True)
class ApiCall:
    """
    A request, apart from the account it is made on.

    :param path: relative to the API version: ``import/12``.
    :param repeat: when it may be sent again.
    :param creates: whether a reply without the ID of something new is incomplete.
    :param expects_json: whether a successful reply without JSON is incomplete.
    """

    method: str
    path: str
    params: QueryParams | None = None
    body: Body | None = field(default=None, repr=False)
    repeat: Repeat = Repeat.IF_NOT_RECEIVED
    creates: bool = False
    expects_json: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class HttpRequest:
    """A request as it goes over the wire; URL and headers hold secrets, so neither shows in its repr."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: Body | None = field(default=None, repr=False)


NOT_JSON = object()


@dataclass(frozen=True)
class Reply:
    """
    An HTTP reply.

    :param headers: asked for in lower case, whatever case they came in.
    :param complete: False where the connection broke within the body.
    :param raw: the transport's own object, for callers that want more.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    complete: bool = True
    raw: object = field(default=None, repr=False, compare=False)

    @property
    def json(self) -> object:
        """The body as JSON, parsed once; :data:`NOT_JSON` where it is none."""
        if "_json" not in self.__dict__:  # cheaper than the lock of a cached_property
            self.__dict__["_json"] = _parse(self.body)
        return self.__dict__["_json"]


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return NOT_JSON


@dataclass(frozen=True)
class NoReply:
    """
    No reply came.

    :param sent: False only where the request certainly did not arrive.
    :param reason: in a person's words, redacted.
    """

    sent: bool
    reason: str
    cause: Exception | None = field(default=None, repr=False, compare=False)


Answer = Reply | NoReply


def api_request(settings: ApiSettings, call: ApiCall, jwt: str | None) -> HttpRequest:
    """
    v3 carries the token in the URL of every call, v4 a JWT in a header (REST API documentation, "introduction").

    :raises CopernicaArgumentError: for a path that would leave the configured host.
    """
    query = [(key, value) for key, value in (call.params or {}).items()]
    headers = {"Accept": "application/json"}
    if settings.api_version == 3:
        query.append(("access_token", settings.token))
    elif jwt is not None:
        headers["Authorization"] = f"Bearer {jwt}"
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    url = f"{settings.base_url}/v{settings.api_version}/{_relative(call.path)}"
    if query:
        url = f"{url}?{urlencode([(key, _plain(value)) for key, value in query], doseq=True)}"
    return HttpRequest(call.method, url, headers, call.body)


@lru_cache(maxsize=4096)
def _relative(path: str) -> str:
    part = path.strip("/")
    if any(odd in part for odd in ("://", "?", "#", "\\")) or ".." in part.split("/") or not part.isprintable():
        raise CopernicaArgumentError(
            f"path {path!r} must be relative to the API, like 'database/12/fields'; its query goes into params."
        )
    return quote(part, safe=_SAFE)


def auth_request(settings: ApiSettings) -> HttpRequest:
    """The trade of the access token for a JWT must be a form-encoded POST (v4 documentation, "introduction")."""
    body = urlencode({"access_token": settings.token}).encode()
    return HttpRequest("POST", settings.auth_url, {"Content-Type": "application/x-www-form-urlencoded"}, body)


def _plain(value: str | int | bool | Sequence[str | int]) -> str | int | Sequence[str | int]:
    return str(value).lower() if isinstance(value, bool) else value
