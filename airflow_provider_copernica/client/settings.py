"""Where Copernica is, and as whom we speak to it: checked in one place."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from airflow_provider_copernica.client.convert import to_boolean
from airflow_provider_copernica.exceptions import CopernicaArgumentError

DEFAULT_HOST = "https://api.copernica.com"
DEFAULT_AUTH_HOST = "https://authenticate.copernica.com"
DEFAULT_API_VERSION = 4
DEFAULT_TIMEOUT = 60.0
API_VERSIONS = (4, 3)

ApiVersion = Literal[3, 4]


@dataclass(frozen=True)
class StatusWords:
    """
    The words that an account's imports use for their status, besides the known ones.

    :param finished: words of success.
    :param failed: words of failure.
    :param busy: words of work.
    """

    finished: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()


NO_STATUS_WORDS = StatusWords()


@dataclass(frozen=True)
class ApiSettings:
    """
    How to reach one Copernica account.

    :param token: the long-lived API access token.
    :param base_url: scheme and host (and a path, if any), without version and slash at its end.
    :param api_version: 4 sends a JWT in a header, 3 the token in the URL.
    :param auth_url: where v4 trades the token for a JWT.
    :param timeout: seconds that Copernica may take to answer a request.
    :param proxy: URL of the outgoing proxy.
    :param verify: whether to verify certificates, or the path of a CA bundle.
    :param status_words: the words that this account's imports use, besides the known ones.
    :param conn_id: the Airflow connection, for messages; empty where there is none.
    """

    token: str = field(repr=False)
    base_url: str = DEFAULT_HOST
    api_version: ApiVersion = 4
    auth_url: str = DEFAULT_AUTH_HOST + "/"
    timeout: float = DEFAULT_TIMEOUT
    proxy: str | None = field(default=None, repr=False)
    verify: bool | str = True
    status_words: StatusWords = NO_STATUS_WORDS
    conn_id: str = ""


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
    Reads the fields of a connection; an empty field or null in the extra means "not set".

    :raises CopernicaArgumentError: naming every field that is wrong, in the words of the connection form.
    """
    extras = {key: value for key, value in (extra or {}).items() if value is not None and value != ""}
    problems: list[str] = []

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
    settings = ApiSettings(
        token=token,
        base_url=base_url,
        api_version=api_version,
        auth_url=auth_url + "/" if urlsplit(auth_url).path == "" else auth_url,
        timeout=_read_timeout(extras.get("timeout", DEFAULT_TIMEOUT), problems),
        proxy=_read_proxy(extras.get("proxy"), problems),
        verify=_read_verify(extras.get("verify", True), problems),
        conn_id=conn_id,
    )
    if problems:
        raise CopernicaArgumentError(*problems)
    return settings


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
    version = re.search(r"/v([0-9]{1,9})$", url)
    if version is None:
        return url, None
    return url[: version.start()], int(version[1])


def _with_port(text: str, port: int) -> str:
    """The field of the form, unless the URL has a port itself."""
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
        problems.append(f"{field_name} is no URL: write it like {DEFAULT_HOST}.")
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
    """Whether a URL leads to this machine."""
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
        problems.append("Proxy (proxy) is no URL: write it like http://proxy.example.com:3128.")
    return proxy


def _read_verify(value: object, problems: list[str]) -> bool | str:
    try:
        return to_boolean(value)
    except ValueError:
        bundle = _text(value)
    if not os.path.isfile(bundle):  # noqa: PTH113 - unlike Path it has no errors for odd names
        problems.append(
            f"Verify (verify) is {bundle[:200]!r}, which is no file on this machine: "
            "write true, false, or the path of a CA bundle."
        )
    return bundle


def proxy_for(settings: ApiSettings, url: str) -> str | None:
    """The connection's own proxy, else that of HTTPS_PROXY and HTTP_PROXY, less loopback and what NO_PROXY names."""
    if settings.proxy:
        return settings.proxy
    parts = urlsplit(url)
    if is_loopback(parts) or proxy_bypass(parts.hostname or ""):
        return None
    proxy = getproxies().get(parts.scheme)
    # often written as host:port alone
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def ca_bundle(settings: ApiSettings) -> bool | str:
    """The connection's own choice, else the bundle that REQUESTS_CA_BUNDLE names."""
    if settings.verify is True:
        return os.environ.get("REQUESTS_CA_BUNDLE") or True
    return settings.verify
