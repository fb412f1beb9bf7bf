"""The synchronous client: carries steps out with requests."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import TypeVar

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from airflow_provider_copernica.client.exchange import (
    Authorize,
    Send,
    Sleep,
    Step,
    StepResult,
    Steps,
    authenticate,
    exchange,
)
from airflow_provider_copernica.client.messages import Answer, ApiCall, HttpRequest, NoReply, Reply
from airflow_provider_copernica.client.redact import quiet_http_loggers, redact, redact_exception
from airflow_provider_copernica.client.replies import Jwt
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.settings import ApiSettings, ca_bundle, proxy_for

Result = TypeVar("Result")


class SyncClient:
    """
    Carries out the steps of :mod:`operations`.

    :param settings: the account.
    :param on_secret: told of every JWT before it is used, so that it can be masked.
    """

    def __init__(self, settings: ApiSettings, on_secret: Callable[[str], None] = lambda _: None) -> None:
        quiet_http_loggers()
        self.settings = settings
        self.session = new_session(settings)
        self._on_secret = on_secret
        self._jwt: Jwt | None = None
        self._renewing = Lock()

    def run(self, steps: Steps[Result]) -> Result:
        """Drives an operation to its end."""
        outcome: StepResult = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                result: Result = end.value
                return result
            outcome = self._carry_out(step)

    def call(self, call: ApiCall, policy: RetryPolicy) -> Reply:
        """Makes one call."""
        return self.run(exchange(self.settings, call, policy))

    def authenticated_session(self) -> requests.Session:
        """A session of its own that adds the credentials by itself, to the configured host only."""
        session = new_session(self.settings)
        session.auth = _HostAuth(self)
        proxy = proxy_for(self.settings, self.settings.base_url)
        session.proxies = {"http": proxy, "https": proxy} if proxy else {}
        return session

    def jwt(self, policy: RetryPolicy, refused: str | None = None) -> str:
        """
        The JWT to use now; a new one where there is none, or where it is about to expire or was refused.

        :raises CopernicaAuthError: when there is none to be had.
        """
        with self._renewing:
            if self._jwt is None or not self._jwt.usable(time.time(), refused):
                self._jwt = self.run(authenticate(self.settings, policy))
                self._on_secret(self._jwt.value)
            return self._jwt.value

    def close(self) -> None:
        self.session.close()

    def _carry_out(self, step: Step) -> StepResult:
        match step:
            case Send(request):
                return send(self.session, request, self.settings)
            case Sleep(seconds):
                time.sleep(seconds)
                return None
            case Authorize(policy, refused):
                return self.jwt(policy, refused)


class _HostAuth(AuthBase):
    def __init__(self, client: SyncClient) -> None:
        self._client = client

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        settings = self._client.settings
        if not (request.url or "").startswith(f"{settings.base_url}/"):
            return request
        if settings.api_version == 3:
            request.prepare_url(request.url, {"access_token": settings.token})
        else:
            request.headers["Authorization"] = f"Bearer {self._client.jwt(RetryPolicy())}"
        return request


def new_session(settings: ApiSettings) -> requests.Session:
    """A session that retries nothing by itself, and takes no credentials from .netrc."""
    session = requests.Session()
    session.mount("https://", _WatchingAdapter(settings.timeout))
    session.mount("http://", _WatchingAdapter(settings.timeout))
    session.trust_env = False  # .netrc would replace our Authorization header
    session.verify = ca_bundle(settings)
    return session


def send(session: requests.Session, request: HttpRequest, settings: ApiSettings) -> Answer:
    """Sends a request once. Redirects are not followed: credentials go to the configured host only."""
    if request.method == "POST":
        session.close()  # a kept connection may be dead by now, and a POST lost on it leaves doubt
    proxy = proxy_for(settings, request.url)
    proxies = {"http": proxy, "https": proxy} if proxy else None
    try:
        if isinstance(request.body, bytes | None):
            data: bytes | io.BufferedIOBase | None = request.body
        else:
            request.body.seek(0)
            data = request.body  # type: ignore[assignment]  # requests takes anything with read(); its stubs don't know
        response = session.request(
            request.method,
            request.url,
            data=data,
            headers=dict(request.headers),
            timeout=settings.timeout,
            proxies=proxies,
            allow_redirects=False,
            stream=True,
        )
    except (requests.RequestException, HTTPError, OSError) as error:
        return _no_reply(error, settings)
    complete = True
    try:
        body = response.content
    except (requests.RequestException, HTTPError, OSError):
        body, complete = b"", False
    return Reply(response.status_code, response.headers, body, complete, raw=response)


class _WatchingAdapter(HTTPAdapter):
    """
    Keeps version 3's token, which is in the URL, out of what people see, and watches what goes out.

    :param timeout: seconds, where a caller gives none.
    """

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeout

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        """Tells, of a failed request, whether any of its body went out: only then can it have arrived."""
        content = request.body
        body = io.BytesIO(content) if isinstance(content, bytes) else content
        if not isinstance(body, io.IOBase | SpooledTemporaryFile):
            return self._send(request, *args, **kwargs)
        request.body = body  # type: ignore[assignment]  # requests takes anything with read()
        try:
            return self._send(request, *args, **kwargs)
        except (HTTPError, OSError) as error:
            error.body_started = body.tell() > 0  # type: ignore[union-attr]  # read by _was_sent
            raise
        finally:
            request.body = content

    def _send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        if not args and kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeout
        try:
            response = super().send(request, *args, **kwargs)  # type: ignore[arg-type]  # passed through as they came
        except (HTTPError, OSError) as error:
            redact_exception(error)
            raise
        response.url = redact(response.url)  # raise_for_status() shows it
        return response


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


def _no_reply(error: Exception, settings: ApiSettings) -> NoReply:
    secrets = [settings.token, settings.proxy or ""]
    redact_exception(error, secrets)
    sent = _was_sent(error)
    if isinstance(error, requests.ConnectTimeout):
        reason = f"no connection within {settings.timeout:g} s"
    elif isinstance(error, requests.Timeout):
        reason = f"no reply within {settings.timeout:g} s"
    else:
        what = "the connection broke" if sent else "no connection"
        reason = f"{what} ({redact(_innermost(error), secrets)})"
    return NoReply(sent, reason, error)


def _innermost(error: BaseException) -> str:
    """The operating system's words, without the layers of libraries around them."""
    inner = error.__cause__ or error.__context__
    while isinstance(inner, BaseException):
        error, inner = inner, inner.__cause__ or inner.__context__
    return str(error) or type(error).__name__
