"""What is asked of the API, and what came back: plain values that every transport understands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, Generic, TypeVar
from urllib.parse import quote, unquote, urlencode

from airflow_provider_copernica.client.redact import show_location
from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = [
    "AUTHENTICATE",
    "NOT_JSON",
    "Answer",
    "ApiCall",
    "Body",
    "Hidden",
    "HttpRequest",
    "NoReply",
    "ProxyRefusal",
    "QueryParams",
    "Reply",
    "api_request",
    "auth_request",
]

# within a path: what needs no encoding, and what is encoded already
_SAFE = "/%!$&'()*+,;=:@"

MEBIBYTE = 1024 * 1024
# bytes of a reply, unpacked: a page of 1,000 profiles with long texts stays far below
MAX_REPLY = 64 * MEBIBYTE
# of a status and of a token, which are read in a triggerer's event loop
MAX_SHORT_REPLY = MEBIBYTE

QueryParams = Mapping[str, str | int | bool | Sequence[str | int]]
Body = bytes | BinaryIO

Value = TypeVar("Value")


@dataclass(frozen=True)
class Hidden(Generic[Value]):
    """A value that must not be seen by those who collect the local variables of a failed call: rows, tokens."""

    value: Value = field(repr=False)


@dataclass(frozen=True)
class ApiCall:
    """
    A request, apart from the account it is made on.

    :param path: relative to the API version: ``import/12``.
    :param idempotent: whether carrying it out twice changes nothing more than carrying it out once.
    :param creates: whether a reply without the ID of something new is incomplete.
    :param expects_json: whether a successful reply without JSON is incomplete.
    :param about: what an error calls it, in place of method and path: ``the import``.
    :param names: what an error adds in brackets: ``database 99``.
    :param max_reply: bytes that a reply may have.
    :param private: its query holds keys of rows, which Copernica's words may repeat: no message shows these.
    """

    method: str
    path: str
    params: QueryParams | None = field(default=None, repr=False)
    body: Body | None = field(default=None, repr=False)
    idempotent: bool = False
    creates: bool = False
    expects_json: bool = False
    about: str = ""
    names: tuple[str, ...] = ()
    max_reply: int = MAX_REPLY
    private: bool = False

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.method in ("GET", "HEAD")

    def __str__(self) -> str:
        return self.about or f"{self.method} {self.path}"


@dataclass(frozen=True)
class HttpRequest:
    """
    A request as it goes over the wire; URL, headers and body hold secrets, so that none shows in its repr.

    :param deadline: seconds since the epoch after which nobody waits for its reply any more.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: Body | None = field(default=None, repr=False)
    max_reply: int = MAX_REPLY
    deadline: float | None = None


AUTHENTICATE = ApiCall("POST", "authenticate", idempotent=True)

NOT_JSON = object()


@dataclass(frozen=True)
class Reply:
    """
    An HTTP reply.

    :param headers: asked for in lower case, whatever case they came in.
    :param complete: False where the connection broke within the body.
    :param too_large: whether the body was longer than allowed, and was thrown away.
    :param raw: the transport's own object, for callers that want more.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    complete: bool = True
    too_large: bool = False
    raw: object = field(default=None, repr=False, compare=False)

    @property
    def json(self) -> object:
        """The body as JSON, parsed once; :data:`NOT_JSON` where it is not JSON."""
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
    :param reason: a clause without a full stop, redacted: ``connection refused``.
    """

    sent: bool
    reason: str
    cause: Exception | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class ProxyRefusal:
    """
    The proxy on the way said no, so that nothing arrived.

    :param status: its HTTP status: 407 where it wants other credentials, 403 where it forbids the host.
    """

    status: int


Answer = Reply | NoReply | ProxyRefusal


def api_request(settings: ApiSettings, call: ApiCall, jwt: str | None, deadline: float | None = None) -> HttpRequest:
    """
    Return the request: v3 carries the token in the URL of every call, v4 a JWT in a header.

    Source: REST API documentation, "introduction".

    :raises CopernicaArgumentError: for a path that would leave the configured host.
    """
    query = [(key, value) for key, value in (call.params or {}).items()]
    # a compressed reply could be a thousand times its size, and there is nothing to gain on small ones
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if settings.api_version == 3:
        query.append(("access_token", settings.token))
    elif jwt is not None:
        headers["Authorization"] = f"Bearer {jwt}"
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    url = f"{settings.base_url}/v{settings.api_version}/{_relative(call.path)}"
    if query:
        url = f"{url}?{urlencode([(key, _plain(value)) for key, value in query], doseq=True)}"
    return HttpRequest(call.method, url, headers, call.body, call.max_reply, deadline)


@lru_cache(maxsize=4096)
def _relative(path: str) -> str:
    part = path.strip("/")
    if (
        any(odd in part for odd in ("://", "?", "#", "\\"))
        or ".." in unquote(part).split("/")
        or not part.isprintable()
    ):
        shown = show_location(path) if "://" in path else repr(path[:100].partition("?")[0])
        raise CopernicaArgumentError(
            f"path {shown} must be relative to the API, like 'database/12/fields'; its query goes into params."
        )
    return quote(part, safe=_SAFE)


def auth_request(settings: ApiSettings, deadline: float | None = None) -> HttpRequest:
    """
    Return the request that trades the access token for a JWT: it must be a form-encoded POST.

    Source: v4 documentation, "introduction".
    """
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "identity"}
    body = urlencode({"access_token": settings.token}).encode()
    return HttpRequest("POST", settings.auth_url, headers, body, MAX_SHORT_REPLY, deadline)


def _plain(value: str | int | bool | Sequence[str | int]) -> str | int | Sequence[str | int]:
    return str(value).lower() if isinstance(value, bool) else value
