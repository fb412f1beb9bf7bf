"""Which error a failed call becomes, and what it says: the reason first, names and the HTTP status last."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow_provider_copernica.client.messages import AUTHENTICATE, MEBIBYTE, ApiCall
from airflow_provider_copernica.client.retry import Classified, Outcome
from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import (
    CopernicaAmbiguousError,
    CopernicaApiError,
    CopernicaAuthError,
    CopernicaProxyError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)

__all__ = ["failure", "unavailable", "unavailable_reason"]


def failure(settings: ApiSettings, call: ApiCall, read: Classified) -> CopernicaApiError:
    """Return the error for a call that is not made again."""
    kind, message = _judge(settings, call, read)
    return kind(
        message,
        names=_names(settings, call, read),
        status_code=read.status_code,
        api_message=read.api_message,
    )


def _judge(settings: ApiSettings, call: ApiCall, read: Classified) -> tuple[type[CopernicaApiError], str]:
    match read.outcome:
        case Outcome.CARRIED_OUT:
            said = f" It says: {read.reason}" if read.reason else ""
            return CopernicaAmbiguousError, (
                f"Copernica carried out {call}, but its reply holds no ID, so that it can't be watched. "
                f"It is never sent again.{said}"
            )
        case Outcome.UNCONFIRMED:
            return CopernicaAmbiguousError, f"Copernica may have received {call}: {_failed_how(read)}"
        case Outcome.MOVED:
            target = "a place that is not shown" if call.private else read.reason
            return CopernicaApiError, f"Copernica answered with a redirect to {target}, which is not followed"
        case Outcome.PROXY_REFUSED:
            return CopernicaProxyError, (
                f"The outgoing proxy refused the request ({read.reason}), which is not tried again: check the user, "
                "the password and the host in 'Proxy (proxy)', or in HTTPS_PROXY"
            )
        case Outcome.TOO_LARGE:
            size = f"{call.max_reply // MEBIBYTE} MiB"
            return CopernicaReplyError, f"The reply is larger than {size}: ask for smaller pages"
    reason = read.reason.rstrip(".")
    if call is AUTHENTICATE:
        return CopernicaAuthError, f"The authentication host refused the token: {reason}. {_token_hint(settings)}"
    if read.outcome is Outcome.TOKEN_REFUSED:
        return CopernicaAuthError, f"Copernica refused the token: {reason}. {_token_hint(settings)}"
    remedy = ""
    if read.status_code == 413:
        remedy = (
            ". It is too large for one request: let Copernica fetch it as a file, by location, or by "
            "ObjectStorageToCopernicaOperator with presign=True"
        )
    return CopernicaApiError, f"Copernica refused {call}: {reason}{remedy}"


def _token_hint(settings: ApiSettings) -> str:
    if settings.api_version == 3:
        return (
            "Check the API access token and its rights. v3 refuses a token that is for v4 only: "
            "set API version (api_version) to 4."
        )
    return "Check the API access token and its rights in the connection."


def unavailable(settings: ApiSettings, call: ApiCall, read: Classified, tries: int) -> CopernicaUnavailableError:
    """Return the error for a call that was made in vain until the budget or the time was used up."""
    times = "once" if tries == 1 else f"{tries} times"
    return CopernicaUnavailableError(
        f"{unavailable_reason(settings, call, read).rstrip('.')} (tried {times})",
        names=_names(settings, call, read, with_connection=False),
        status_code=read.status_code,
        api_message=read.api_message,
    )


def unavailable_reason(settings: ApiSettings, call: ApiCall, read: Classified) -> str:
    """Return one clause on why a call has not succeeded so far."""
    host = _host(settings, call)
    if read.status_code is not None:
        return f"{host[0].upper()}{host[1:]} gave no usable reply: {_failed_how(read)}"
    verb = "Can't reach" if read.outcome is Outcome.NOT_RECEIVED else "Got no reply from"
    return f"{verb} {host}: {read.reason}"


def _failed_how(read: Classified) -> str:
    return read.reason if read.status_code is None else f"HTTP {read.status_code}: {read.reason}"


def _host(settings: ApiSettings, call: ApiCall) -> str:
    what, url = ("Copernica at", settings.base_url)
    if call is AUTHENTICATE:
        what, url = "the authentication host", settings.auth_url
    parts = urlsplit(url)
    of_connection = f" of the {settings.connection}" if settings.conn_id else ""
    return f"{what} {parts.scheme}://{parts.netloc}{of_connection}"


def _names(settings: ApiSettings, call: ApiCall, read: Classified, *, with_connection: bool = True) -> list[str]:
    status = f"HTTP {read.status_code}" if read.status_code is not None and with_connection else ""
    request = f"{call.method} {call.path}" if call is not AUTHENTICATE and not call.about else ""
    connection = settings.connection if with_connection else ""
    return [name for name in (*call.names, request, connection, status) if name]
