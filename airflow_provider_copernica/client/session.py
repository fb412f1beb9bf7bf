"""Sessions of requests that retry nothing, keep nothing, and send credentials to the configured host only."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from tempfile import SpooledTemporaryFile
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from airflow_provider_copernica.client.messages import Hidden
from airflow_provider_copernica.client.network import ca_bundle
from airflow_provider_copernica.client.redact import hide_queries, redact_exception, redact_named
from airflow_provider_copernica.client.settings import ApiSettings

__all__ = ["ClientSession", "HostAuth"]

# informational replies before the real one, such as 102 (Processing) and 103 (Early Hints)
_MAX_INFORMATIONAL = 10


class ClientSession(requests.Session):
    """
    A session that takes no credentials from .netrc, keeps no cookies, and follows no redirect to another host.

    :param settings: the account.
    :param limits_replies: whether a whole reply, not each piece of it, must come within the time-out.
    """

    def __init__(self, settings: ApiSettings, *, limits_replies: bool = False) -> None:
        super().__init__()
        adapter = _WatchingAdapter(settings.request_timeout, limits_replies=limits_replies)
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.trust_env = False  # .netrc would replace our Authorization header
        self.verify = ca_bundle(settings) or False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._origin = _origin(settings.base_url)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a redirect leads; None, so that it is not followed, where that is another host."""
        target = super().get_redirect_target(resp)
        return target if target is not None and _origin(urljoin(resp.url, target)) == self._origin else None


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


class HostAuth(AuthBase):
    """
    Adds the credentials to requests that go to the configured host.

    :param settings: the account.
    :param jwt: returns the JWT to use now.
    """

    def __init__(self, settings: ApiSettings, jwt: Callable[[], str]) -> None:
        self._settings = settings
        self._jwt = jwt

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests."""
        settings = self._settings
        if not (request.url or "").startswith(f"{settings.base_url}/"):
            return request
        if settings.api_version == 3:
            request.prepare_url(request.url, {"access_token": settings.token})
        else:
            request.headers["Authorization"] = f"Bearer {self._jwt()}"
        return request


class _WatchingAdapter(HTTPAdapter):
    """
    Keeps queries, which hold version 3's token and keys of rows, out of what people see; watches what goes out.

    :param timeout: seconds, where a caller gives none.
    :param limits_replies: see :class:`ClientSession`.
    """

    def __init__(self, timeout: float, *, limits_replies: bool) -> None:
        self._limits_replies = limits_replies
        super().__init__()
        self._timeout = timeout

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        """Called by requests."""
        super().init_poolmanager(*args, **kwargs)  # type: ignore[arg-type]  # passed through
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: object) -> PoolManager:
        """Called by requests."""
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        self._watch(manager)
        return manager

    def _watch(self, manager: PoolManager) -> None:
        http, https = (_TimedHTTPPool, _TimedHTTPSPool) if self._limits_replies else (_HTTPPool, _HTTPSPool)
        manager.pool_classes_by_scheme = {"http": http, "https": https}

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        """Tell, of a failed request, whether any of its body went out: only then can it have arrived."""
        original = Hidden(request.body)
        body = io.BytesIO(original.value) if isinstance(original.value, bytes) else original.value
        if not isinstance(body, io.IOBase | SpooledTemporaryFile):
            return self._send(request, *args, **kwargs)
        request.body = body  # type: ignore[assignment]  # requests takes anything with read()
        try:
            return self._send(request, *args, **kwargs)
        except (HTTPError, OSError) as error:
            error.body_started = body.tell() > 0  # type: ignore[union-attr]  # read by the client
            raise
        finally:
            request.body = original.value

    def _send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        if not args and kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeout
        try:
            response = super().send(request, *args, **kwargs)  # type: ignore[arg-type]  # passed through as they came
        except (HTTPError, OSError) as error:
            redact_exception(error)
            raise
        response.url = hide_queries(redact_named(response.url))  # raise_for_status() shows it
        return response


class _Response(HTTPResponse):
    """A reply of http.client that may be preceded by informational ones, as aiohttp has it."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MAX_INFORMATIONAL):
            line: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # private, and called by begin()
            if not 101 < line[1] < 200:
                break
            while self.fp.readline(65537).strip():
                pass
        return line


class _TimedResponse(_Response):
    """One whose whole text, a dripping one too, must come within the time-out that its socket has."""

    def __init__(self, sock: socket.socket, *args: object, **kwargs: object) -> None:
        super().__init__(sock, *args, **kwargs)  # type: ignore[arg-type]  # passed through as they came
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock))


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        self._pipe = sock.makefile("rb", buffering=0)
        seconds = sock.gettimeout()
        self._ends_at = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int | None:
        if self._ends_at is not None:
            self._sock.settimeout(max(self._ends_at - time.monotonic(), 0.001))
        return self._pipe.readinto(buffer)  # type: ignore[arg-type]  # whatever the buffered reader gives

    def close(self) -> None:
        self._pipe.close()
        super().close()


class _HTTPConnection(HTTPConnection):
    response_class = _Response


class _HTTPSConnection(HTTPSConnection):
    response_class = _Response


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _TimedHTTPConnection(HTTPConnection):
    response_class = _TimedResponse


class _TimedHTTPSConnection(HTTPSConnection):
    response_class = _TimedResponse


class _TimedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTPConnection


class _TimedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPSConnection
