"""The synchronous client: carries steps out with requests."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import requests
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from airflow_provider_copernica.client.exchange import (
    Authorize,
    GetSettings,
    Send,
    Sleep,
    Step,
    StepResult,
    Steps,
    authenticate,
)
from airflow_provider_copernica.client.messages import (
    MAX_SHORT_REPLY,
    Answer,
    HttpRequest,
    NoReply,
    ProxyRefusal,
    Reply,
)
from airflow_provider_copernica.client.network import (
    PROXY_REFUSALS,
    UnusableProxyError,
    no_reply,
    proxy_for,
    seconds_for,
    seconds_left,
    unpack,
)
from airflow_provider_copernica.client.redact import quiet_http_loggers
from airflow_provider_copernica.client.replies import Jwt
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.session import ClientSession, HostAuth
from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import CopernicaError, CopernicaUnavailableError

__all__ = ["SyncClient"]

Result = TypeVar("Result")

_CHUNK = 64 * 1024


class SyncClient:
    """
    Carries out the steps of :mod:`operations`: ``client.run(get_import(12, policy))``.

    :param settings: the account.
    :param on_secret: called with every JWT before it is used, so that it can be masked.
    """

    def __init__(self, settings: ApiSettings, on_secret: Callable[[str], None] = lambda _: None) -> None:
        quiet_http_loggers()
        self.settings = settings
        self._session = ClientSession(settings, limits_replies=True)
        self._on_secret = on_secret
        self._jwt: Jwt | None = None
        self._renewing = Lock()

    def run(self, steps: Steps[Result]) -> Result:
        """Carry an operation out to its end."""
        outcome: StepResult = None
        failure: CopernicaError | None = None
        while True:
            try:
                step = steps.send(outcome) if failure is None else steps.throw(failure)
            except StopIteration as end:
                result: Result = end.value
                return result
            outcome, failure = None, None
            try:
                outcome = self._carry_out(step)
            except CopernicaError as error:  # no token to be had: the operation knows what that means for it
                failure = error

    def authenticated_session(self) -> requests.Session:
        """Return a session of its own that adds the credentials by itself, to the configured host only."""
        session = ClientSession(self.settings)
        session.auth = HostAuth(self.settings, lambda: self.jwt(RetryPolicy()).value)
        proxy = proxy_for(self.settings, self.settings.base_url)
        session.proxies = {"http": proxy, "https": proxy} if proxy else {}
        return session

    def jwt(self, policy: RetryPolicy, refused: Jwt | None = None) -> Jwt:
        """
        Return the JWT to use now; a new one where there is none, or where it is about to expire or was refused.

        :raises CopernicaAuthError: when there is none to be had.
        """
        seconds = seconds_left(policy.deadline)
        if not self._renewing.acquire(timeout=-1 if seconds == float("inf") else seconds):
            raise CopernicaUnavailableError(
                "Another thread was still waiting for a token when the time was over", names=[self.settings.connection]
            )
        try:
            if self._jwt is None or not self._jwt.usable(time.time(), refused):
                self._jwt = self.run(authenticate(policy))
                self._on_secret(self._jwt.value)
            return self._jwt
        finally:
            self._renewing.release()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _carry_out(self, step: Step) -> StepResult:
        match step:
            case Send(request):
                return _send(self._session, request, self.settings)
            case Sleep(seconds):
                time.sleep(seconds)
                return None
            case Authorize(policy, refused):
                return self.jwt(policy, refused)
            case GetSettings():
                return self.settings


def _send(session: requests.Session, request: HttpRequest, settings: ApiSettings) -> Answer:
    """Send a request once. Redirects are not followed: credentials go to the configured host only."""
    if request.method == "POST":
        session.close()  # a kept connection may be dead by now, and a POST lost on it leaves doubt
    try:
        proxy = proxy_for(settings, request.url)
        if not isinstance(request.body, bytes | None):
            request.body.seek(0)
        response = session.request(
            request.method,
            request.url,
            data=request.body,
            headers=dict(request.headers),
            timeout=seconds_for(request, settings),
            proxies={"http": proxy, "https": proxy} if proxy else None,
            allow_redirects=False,
            stream=True,
        )
    except UnusableProxyError as error:
        return NoReply(False, str(error))
    except (requests.RequestException, HTTPError, OSError) as error:
        return _no_answer(error, request, settings)
    return _read(response, request)


def _read(response: requests.Response, request: HttpRequest) -> Reply:
    """Read the body, as far as the limit allows; the rest of a longer one is left where it is."""
    limit = request.max_reply if response.status_code < 300 else min(request.max_reply, MAX_SHORT_REPLY)
    complete, too_large = True, False
    # private, and what requests does itself: the body is read by our limits, and callers find it where they look
    response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001 - see above
    response._content = b""  # noqa: SLF001 - see above
    try:
        body = io.BytesIO()
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            body.write(chunk)
            if body.tell() > limit:
                too_large = True
                break
        unpacked = None if too_large else unpack(response.headers, body.getvalue(), limit)
        too_large = unpacked is None
        response._content = unpacked or b""  # noqa: SLF001 - see above
    except (requests.RequestException, HTTPError, OSError, ValueError):
        complete = False
    finally:
        response.close()
    return Reply(response.status_code, response.headers, response.content, complete, too_large, raw=response)


def _was_sent(error: Exception) -> bool:
    started = getattr(error, "body_started", None)
    if isinstance(started, bool):
        return started
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError | requests.exceptions.SSLError):
        return False
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return False
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return not isinstance(reason, NewConnectionError | NameResolutionError)


def _no_answer(error: Exception, request: HttpRequest, settings: ApiSettings) -> Answer:
    if isinstance(error, requests.exceptions.ProxyError):
        # urllib3 tells the status in words only: "Tunnel connection failed: 407 Proxy Authentication Required"
        for status in PROXY_REFUSALS:
            if f"Tunnel connection failed: {status}" in str(error):
                return ProxyRefusal(status)
    seconds = f"{seconds_for(request, settings):.3g} s"
    cause = TimeoutError(type(error).__name__)
    if isinstance(error, requests.ConnectTimeout):
        return NoReply(False, f"no connection within {seconds}", cause)
    if isinstance(error, requests.Timeout):
        return NoReply(True, f"no reply within {seconds}", cause)
    return no_reply(error, settings, sent=_was_sent(error))
