"""
The way to Copernica: proxies, certificates, limits. Every setting means the same to both transports.

Otherwise a worker could start an import that the triggerer can't watch.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from airflow_provider_copernica.client.messages import HttpRequest, NoReply
from airflow_provider_copernica.client.redact import sanitize
from airflow_provider_copernica.client.settings import ApiSettings, is_loopback

__all__ = ["PROXY_REFUSALS", "UnusableProxyError", "ca_bundle", "no_reply", "proxy_for", "seconds_for", "unpack"]

# what a proxy says of its own accord: other credentials, a forbidden host. Asking again could lock an account
PROXY_REFUSALS = (403, 407)
# seconds that a request may still take when the deadline has come: for the last look at an import
LAST_LOOK_SECONDS = 5.0


class UnusableProxyError(ValueError):
    """The environment names a proxy that one of the transports can't use, so that neither does."""


def proxy_for(settings: ApiSettings, url: str) -> str | None:
    """
    Return the proxy: the connection's own, else that of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, as requests has it.

    Loopback addresses take none, since their tokens travel unencrypted, nor does what NO_PROXY names.

    :raises UnusableProxyError: for the environment's proxy, when it speaks neither http nor https.
    """
    parts = urlsplit(url)
    if is_loopback(parts):
        return None
    if settings.proxy:
        return settings.proxy
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return None
    if "://" not in proxy:  # often written as host:port alone
        return f"http://{proxy}"
    if not proxy.lower().startswith(("http://", "https://")):
        raise UnusableProxyError(f"the environment names a proxy of the kind {proxy.partition(':')[0]!r}, not http")
    return proxy


def ca_bundle(settings: ApiSettings) -> str | None:
    """
    Return the path of the CA bundle, a file or a folder; None where certificates are not verified.

    The connection's own, else the environment's, by the names that requests, curl and OpenSSL read, else the bundle
    that requests brings along.
    """
    if isinstance(settings.verify, str):
        return settings.verify
    if not settings.verify:
        return None
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    named = next((os.environ[name] for name in names if os.environ.get(name)), None)
    if named is not None:
        return named
    import certifi

    return certifi.where()


def seconds_for(request: HttpRequest, settings: ApiSettings) -> float:
    """Return how long a reply may take: the connection's time-out, and not longer than anybody waits for it."""
    return min(settings.request_timeout, seconds_left(request.deadline))


def seconds_left(deadline: float | None) -> float:
    """Return the seconds until a deadline, with a little more for a last look."""
    return float("inf") if deadline is None else max(deadline - time.time(), 0.0) + LAST_LOOK_SECONDS


def unpack(headers: Mapping[str, str], body: bytes, limit: int) -> bytes | None:
    """
    Return the body as it was before compression, which nobody asked for; None where it is longer than the limit.

    :param headers: of the reply.
    :param limit: bytes.
    :raises ValueError: when it can't be unpacked.
    """
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return body if len(body) <= limit else None
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ValueError("an unknown compression")
    unpacker = zlib.decompressobj(47 if encoding != "deflate" else 15)  # 47: gzip or zlib, by its header
    try:
        unpacked = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise ValueError("a broken compression") from error
    if len(unpacked) > limit:
        return None
    if not unpacker.eof:
        raise ValueError("a compression that breaks off")
    return unpacked


def no_reply(error: Exception, settings: ApiSettings, *, sent: bool) -> NoReply:
    """
    Return what a library's exception says, without its layers, its URLs and its passwords.

    :param sent: False only where the request certainly did not arrive.
    """
    text = sanitize(_clause(_innermost(error)), settings.secrets)
    what = f"the connection broke ({text})" if sent else text
    return NoReply(sent, what, ConnectionError(f"{type(error).__name__}: {text}"))


def _innermost(error: BaseException) -> BaseException:
    inner: object = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    while isinstance(inner, BaseException):
        error = inner
        inner = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    return error


def _clause(error: BaseException) -> str:
    """Return the operating system's words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({error.verify_message})"
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError | socket.gaierror) and error.errno:
        return os.strerror(error.errno).lower()
    return str(error).rstrip(" .") or type(error).__name__
