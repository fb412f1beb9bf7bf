"""Where Copernica is, and as whom we speak to it: read from a connection, and checked, in one place."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, cast
from urllib.parse import SplitResult, unquote, urlsplit

from airflow_provider_copernica.client.convert import to_boolean
from airflow_provider_copernica.client.redact import printable
from airflow_provider_copernica.client.status_words import NO_STATUS_WORDS, StatusWords, read_status_words
from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = [
    "API_VERSIONS",
    "DEFAULT_API_VERSION",
    "DEFAULT_AUTH_HOST",
    "DEFAULT_HOST",
    "DEFAULT_TIMEOUT",
    "NO_STATUS_WORDS",
    "ApiSettings",
    "ApiVersion",
    "StatusWords",
    "is_loopback",
    "read_settings",
]

DEFAULT_HOST = "https://api.copernica.com"
DEFAULT_AUTH_HOST = "https://authenticate.copernica.com"
DEFAULT_API_VERSION = 4
DEFAULT_TIMEOUT = 60.0
API_VERSIONS = (4, 3)

ApiVersion = Literal[3, 4]

_EXTRA_KEYS = ("api_version", "auth_host", "timeout", "proxy", "verify", "status_words")


@dataclass(frozen=True)
class ApiSettings:
    """
    How to reach one Copernica account.

    :param token: the long-lived API access token.
    :param base_url: scheme and host (and a path, if any), without version and slash at its end.
    :param api_version: 4 sends a JWT in a header, 3 the token in the URL.
    :param auth_url: where v4 trades the token for a JWT.
    :param request_timeout: seconds that Copernica may take to answer a request.
    :param proxy: URL of the outgoing proxy.
    :param verify: whether to verify certificates, or the path of a CA bundle, a file or a folder.
    :param status_words: words that the imports of this account use.
    :param conn_id: the Airflow connection, for messages.
    :param unknown_extra: keys of the connection's extra that mean nothing.
    """

    token: str = field(repr=False)
    base_url: str = DEFAULT_HOST
    api_version: ApiVersion = 4
    auth_url: str = DEFAULT_AUTH_HOST + "/"
    request_timeout: float = DEFAULT_TIMEOUT
    proxy: str | None = field(default=None, repr=False)
    verify: bool | str = True
    status_words: StatusWords = NO_STATUS_WORDS
    conn_id: str = ""
    unknown_extra: tuple[str, ...] = ()

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may see: the token, the URL of the proxy, and its password alone."""
        password = urlsplit(self.proxy).password if self.proxy else None
        return tuple(text for text in (self.token, self.proxy, password, unquote(password or "")) if text)

    @property
    def connection(self) -> str:
        """The connection, as a message names it; empty where there is none."""
        return f"connection {self.conn_id!r}" if self.conn_id else ""

    @property
    def hint(self) -> str:
        """What is wrong with the extra, with the remedy; empty where all is well."""
        return " ".join(_unknown_key(key) for key in self.unknown_extra)


def read_settings(
    *,
    token: str | None,
    host: str | None = None,
    port: int | None = None,
    schema: str | None = None,
    extra: Mapping[str, object] | None = None,
    conn_id: str = "",
) -> ApiSettings:
    """
    Read the fields of a connection; an empty field or null in the extra means "not set".

    :raises CopernicaArgumentError: naming every field that is wrong, in the words of the connection form.
    """
    problems: list[str] = []
    settings = _read(token, host, port, schema, extra, conn_id, problems)
    # not in the frame above, where those who collect local variables would find the token
    del token, extra
    if problems:
        raise CopernicaArgumentError(*problems)
    return settings


def _read(
    token: str | None,
    host: str | None,
    port: int | None,
    schema: str | None,
    extra: Mapping[str, object] | None,
    conn_id: str,
    problems: list[str],
) -> ApiSettings:
    extras = {key: value for key, value in (extra or {}).items() if value is not None and value != ""}
    token = (token or "").strip()
    if not token:
        problems.append("The connection has no API access token: put it in the field 'API access token' (password).")
    elif not token.isprintable() or " " in token:
        problems.append("The API access token holds a blank or a control character: copy it again.")
    base_url, version_in_url = _read_base_url(host, port, schema, problems)
    api_version = _read_version(extras.get("api_version"), version_in_url, problems)
    auth_host = extras.get("auth_host")
    if auth_host is None and is_loopback(urlsplit(base_url)):
        auth_host = base_url  # an emulator is its own authentication host; a token for it has no business elsewhere
    auth_url = _check_url(_text(auth_host) or DEFAULT_AUTH_HOST, "Authentication host (auth_host)", problems)
    return ApiSettings(
        token=token,
        base_url=base_url,
        api_version=api_version,
        auth_url=auth_url + "/" if urlsplit(auth_url).path == "" else auth_url,
        request_timeout=_read_timeout(extras.get("timeout", DEFAULT_TIMEOUT), problems),
        proxy=_read_proxy(extras.get("proxy"), problems),
        verify=_read_verify(extras.get("verify", True), problems),
        status_words=read_status_words(extras.get("status_words", {}), problems),
        conn_id=conn_id,
        unknown_extra=tuple(sorted(str(key) for key in extras if key not in _EXTRA_KEYS)),
    )


def _unknown_key(key: str) -> str:
    close = difflib.get_close_matches(key.lower()[:40], _EXTRA_KEYS, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(_EXTRA_KEYS)}."
    return f"The extra of the connection has the key {printable(key[:40])!r}, which means nothing: {remedy}"


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _read_base_url(
    host: str | None, port: int | None, schema: str | None, problems: list[str]
) -> tuple[str, int | None]:
    text = _text(host) or DEFAULT_HOST
    if "://" not in text and schema:
        text = f"{schema}://{text}"
    if port:
        text = _with_port(text, port)
    url = _check_url(text, "API base URL (host)", problems)
    version = re.search(r"/v([0-9]{1,9})$", url, re.IGNORECASE)
    if version is None:
        return url, None
    return url[: version.start()], int(version[1])


def _with_port(text: str, port: int) -> str:
    """Return the URL with the port of the form, unless it has one itself."""
    scheme, separator, rest = text.rpartition("://")
    host, slash, path = rest.partition("/")
    return text if re.search(r":\d+$", host) else f"{scheme}{separator}{host}:{port}{slash}{path}"


def _check_url(text: str, field_name: str, problems: list[str]) -> str:
    text = text.rstrip("/")
    url = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or re.search(r"[\s\\]", url):
        problems.append(f"{field_name} is not a URL: write it like {DEFAULT_HOST}.")
        return DEFAULT_HOST
    url = parts._replace(netloc=parts.netloc.lower()).geturl()  # as the libraries write it
    if parts.username is not None or parts.query or parts.fragment:
        problems.append(f"{field_name} may hold no user, password or query: the token goes into the password field.")
    elif parts.scheme == "http" and not is_loopback(parts):
        problems.append(
            f"{field_name} is http://{host}: the token would travel unencrypted. "
            "Write https; http is for loopback only."
        )
    elif parts.scheme not in ("http", "https"):
        problems.append(f"{field_name} has the scheme {parts.scheme!r}: write https.")
    return url


def is_loopback(parts: SplitResult) -> bool:
    """Return whether a URL leads to this machine."""
    host = parts.hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_version(value: object, version_in_url: int | None, problems: list[str]) -> ApiVersion:
    if value is None:
        value = version_in_url or DEFAULT_API_VERSION
    digits = _text(value).lower().removeprefix("v")
    version = int(digits) if re.fullmatch(r"[0-9]{1,9}", digits) else None
    if version not in API_VERSIONS:
        shown = _text(value)[:40]
        problems.append(f"API version (api_version) is {shown!r}: choose 4, or 3. Imports exist from v3 on.")
        return 4
    if version_in_url not in (None, version):
        problems.append(
            f"API base URL (host) ends in /v{version_in_url}, but API version (api_version) is {version}: "
            "leave it out of the URL."
        )
    return cast("ApiVersion", version)


def _read_timeout(value: object, problems: list[str]) -> float:
    try:
        seconds = float(_text(value))
    except ValueError:
        seconds = 0
    if isinstance(value, bool) or not 0 < seconds < float("inf"):
        problems.append("Timeout (timeout) must be a number of seconds above 0.")
        return DEFAULT_TIMEOUT
    return seconds


def _read_proxy(value: object, problems: list[str]) -> str | None:
    if value is None:
        return None
    proxy = _text(value)
    try:
        parts = urlsplit(proxy)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        problems.append("Proxy (proxy) is not a URL: write it like http://proxy.example.com:3128.")
    return proxy


def _read_verify(value: object, problems: list[str]) -> bool | str:
    try:
        return to_boolean(value)
    except ValueError:
        bundle = _text(value)
    if not os.path.exists(bundle):  # noqa: PTH110 - unlike Path it has no errors for odd names
        problems.append(
            f"Verify (verify) is {bundle[:200]!r}, which does not exist on this machine: "
            "write true, false, or the path of a CA bundle, a file or a folder."
        )
    return bundle
