"""Read replies: Copernica's own words, the ID of something new, tokens, waiting times."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from urllib.parse import urlsplit

from airflow_provider_copernica.client.messages import NOT_JSON, Reply
from airflow_provider_copernica.client.redact import sanitize
from airflow_provider_copernica.exceptions import CopernicaReplyError

__all__ = [
    "Jwt",
    "created_id",
    "error_message",
    "has_error",
    "is_json",
    "own_words",
    "read_json",
    "read_jwt",
    "retry_after",
]

log = logging.getLogger(__name__)

# the documentation promises 24 hours; half of it is used where the token itself does not say
JWT_LIFETIME = 12 * 3600.0
# bytes of a page that are searched for words
_MAX_PAGE = 20_000
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


def read_json(reply: Reply) -> object:
    """
    Parse by trying: the content type of Copernica's replies says too little.

    :raises CopernicaReplyError: when the body is not JSON.
    """
    value = reply.json
    if value is NOT_JSON:
        said = sanitize(_plain_text(reply.body)) or "it is empty"
        raise CopernicaReplyError(
            f"Copernica's reply is not JSON: {said}", names=[f"HTTP {reply.status}"], status_code=reply.status
        )
    return value


def is_json(reply: Reply) -> bool:
    """Return whether the body is JSON."""
    return reply.json is not NOT_JSON


def error_message(reply: Reply, secrets: Collection[str] = ()) -> str:
    """
    Return Copernica's own words, or what a person would see of an HTML page; cut, on one line, redacted.

    :param secrets: what the reply may have repeated; taken out before a cut could leave half of it.
    """
    words = own_words(reply)
    return sanitize(_plain_text(reply.body) if words is None else words, secrets)


def own_words(reply: Reply) -> str | None:
    """Return the message in a JSON reply, ``{"error": {"message": ...}}`` as a rule; None where there is none."""
    value = reply.json
    message = _error_in(value)
    if message is None and isinstance(value, dict):
        message = next(
            (value[key] for key in ("message", "error_description") if isinstance(value.get(key), str)), None
        )
    return value if message is None and isinstance(value, str) else message


def has_error(reply: Reply) -> bool:
    """Return whether the body is an error object, which counts whatever the status code says."""
    return b'"error"' in reply.body and _error_in(reply.json) is not None


def _error_in(value: object) -> str | None:
    if not isinstance(value, dict) or not value.get("error"):
        return None
    error = value["error"]
    if isinstance(error, dict):
        message = error.get("message")
        return message if isinstance(message, str) else json.dumps(error)
    return error if isinstance(error, str) else json.dumps(error)


def created_id(reply: Reply) -> int | None:
    """
    Return the ID of something new; None where the reply holds none.

    What POST imports replies is not documented. ``X-Created`` and ``X-location`` are (documentation, "requests");
    ``Location`` came with 303, and the body is a guess.
    """
    return next((number for number in map(_read_id, _id_candidates(reply)) if number is not None), None)


def _id_candidates(reply: Reply) -> Iterator[object]:
    yield reply.headers.get("x-created", "")
    yield _last_part(reply.headers.get("x-location", ""))
    yield _last_part(reply.headers.get("location", ""))
    value = None if has_error(reply) else reply.json
    if isinstance(value, dict) and "data" in (named := {str(key).lower(): item for key, item in value.items()}):
        yield named.get("id")
        value = named["data"]
    if isinstance(value, dict):
        yield from (item for key, item in value.items() if str(key).lower() == "id")
    else:
        yield value


def _last_part(url: str) -> str:
    try:
        return urlsplit(url.strip()).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""


def _read_id(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = value.strip() if isinstance(value, str) else str(value) if abs(value) < 10**19 else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0 else None


def retry_after(reply: Reply, now: float) -> float | None:
    """
    Return the seconds that the server asks us to wait: ``Retry-After`` as seconds or as a date.

    :param now: seconds since the epoch.
    """
    text = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text, re.ASCII):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@dataclass(frozen=True)
class Jwt:
    """
    A short-lived token.

    :param renew_at: seconds since the epoch from which on a new one is asked for.
    """

    value: str = field(repr=False)
    renew_at: float

    def usable(self, now: float, refused: Jwt | None) -> bool:
        """Return whether it is neither about to expire nor the one that was refused."""
        return now < self.renew_at and (refused is None or self.value != refused.value)


def read_jwt(reply: Reply, now: float) -> Jwt:
    """
    Read the reply of the authentication host.

    The documentation says only that it contains the JWT: plain text, a JSON string and an object are understood.

    :param now: seconds since the epoch.
    :raises CopernicaReplyError: when there is none in it.
    """
    jwt = _find_jwt(reply, now)
    if jwt is None:
        raise CopernicaReplyError(
            "The authentication host did not answer with a token (JWT): check 'Authentication host (auth_host)'.",
            names=[f"HTTP {reply.status}"],
            status_code=reply.status,
        )
    return jwt


def _find_jwt(reply: Reply, now: float) -> Jwt | None:
    value = reply.json
    if isinstance(value, dict):
        value = next((value[key] for key in ("token", "access_token", "jwt") if isinstance(value.get(key), str)), None)
    text = value if isinstance(value, str) else reply.body.decode("utf-8", "replace") if value is NOT_JSON else ""
    return Jwt(text.strip(), _renew_at(text.strip(), now)) if _JWT.fullmatch(text.strip()) else None


def _renew_at(jwt: str, now: float) -> float:
    """Return the moment from which on a new token is asked for: shortly before the end of this one."""
    expires = _expiry(jwt)
    lifetime = JWT_LIFETIME if expires is None else expires - now
    if lifetime <= 0:
        log.warning(
            "The token (JWT) that Copernica gave out just now has expired by the clock of this machine: check the "
            "clock. The token is used all the same, until Copernica refuses it."
        )
        lifetime = JWT_LIFETIME
    return now + lifetime - min(300.0, lifetime * 0.1)


def _expiry(text: str) -> float | None:
    """
    Return when a token expires, in seconds since the epoch; None where it does not say.

    Decoded without verification: only Copernica has the key, and nothing is decided by it but when to ask again.
    """
    import jwt

    try:
        expires = jwt.decode(text, options={"verify_signature": False}).get("exp")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        return None
    return float(expires) if 0 < expires < 1e11 else None


class _PageText(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the signature of HTMLParser
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(self._hidden - (tag in ("script", "style")), 0)

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._hidden:
            self.texts.append(data.strip())


def _plain_text(body: bytes) -> str:
    text = body[:_MAX_PAGE].decode("utf-8", "replace").strip()
    if "<" not in text:
        return text
    page = _PageText()
    try:
        page.feed(text)
    except AssertionError:  # what Python's parser says of a broken <![ before 3.13
        return re.sub(r"<[^>]*>?", " ", text)
    return ": ".join(page.texts)
