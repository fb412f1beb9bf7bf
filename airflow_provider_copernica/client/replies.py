"""Reading replies: Copernica's own words, the ID of something new, tokens, waiting times."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from urllib.parse import urlsplit

from airflow_provider_copernica.client.messages import NOT_JSON, Reply
from airflow_provider_copernica.client.redact import redact
from airflow_provider_copernica.exceptions import CopernicaReplyError

LONGEST_MESSAGE = 300
# the documentation promises 24 hours; half of it is used where the token itself does not say
JWT_LIFETIME = 12 * 3600.0


def read_json(reply: Reply) -> object:
    """
    Parses by trying: the content type of Copernica's replies says too little.

    :raises CopernicaReplyError: when the body is no JSON.
    """
    value = reply.json
    if value is NOT_JSON:
        raise CopernicaReplyError(
            f"Copernica's reply (HTTP {reply.status}) is no JSON: {_shorten(_plain_text(reply.body)) or 'it is empty'}",
            status_code=reply.status,
        )
    return value


def is_json(reply: Reply) -> bool:
    return reply.json is not NOT_JSON


def error_message(reply: Reply, secrets: Collection[str] = ()) -> str:
    """
    Copernica's own words: ``{"error": {"message": ...}}``, or what a person would see of an HTML page, shortened.

    :param secrets: what the reply may have repeated; taken out before a cut could leave half of it.
    """
    value = reply.json
    message = _error_in(value)
    if message is None and isinstance(value, dict):
        message = next(
            (value[key] for key in ("message", "error_description") if isinstance(value.get(key), str)), None
        )
    if message is None and isinstance(value, str):
        message = value
    return _shorten(redact(_plain_text(reply.body) if message is None else message, secrets))


def has_error(reply: Reply) -> bool:
    """Whether the body is an error object, which counts whatever the status code says."""
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
    The ID of something new: ``X-Created``, else the last part of ``X-location`` (documentation, "requests").
    """
    created = reply.headers.get("x-created", "").strip()
    if not _is_id(created):
        try:
            created = urlsplit(reply.headers.get("x-location", "").strip()).path.rstrip("/").rpartition("/")[2]
        except ValueError:
            return None
    return int(created) if _is_id(created) else None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) < 20 and int(text) > 0


def retry_after(reply: Reply, now: float) -> float | None:
    """
    Seconds that the server asks us to wait: ``Retry-After`` as seconds or as a date.

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

    def usable(self, now: float, refused: str | None) -> bool:
        return now < self.renew_at and self.value != refused


def read_jwt(reply: Reply, now: float) -> Jwt:
    """
    The documentation says only that the reply contains the JWT: plain text, a JSON string and an object are understood.

    :raises CopernicaReplyError: when there is none in it.
    """
    value = reply.json
    if isinstance(value, dict):
        value = next((value[key] for key in ("token", "access_token", "jwt") if isinstance(value.get(key), str)), None)
    text = value if isinstance(value, str) else reply.body.decode("utf-8", "replace") if value is NOT_JSON else ""
    text = text.strip()
    if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]*", text, re.ASCII):
        raise CopernicaReplyError(
            f"The authentication host answered HTTP {reply.status}, but not with a token (JWT): "
            "check 'Authentication host (auth_host)'.",
            status_code=reply.status,
        )
    expires = _expiry(text)
    lifetime = JWT_LIFETIME if expires is None else expires - now
    return Jwt(text, now + lifetime - min(300.0, max(lifetime, 0.0) * 0.1))


def _expiry(jwt: str) -> float | None:
    payload = jwt.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        expires = claims["exp"]
        datetime.fromtimestamp(expires, UTC)
    except (binascii.Error, ValueError, TypeError, LookupError, OverflowError, OSError, RecursionError):
        return None
    return float(expires)


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
    text = body[:20_000].decode("utf-8", "replace").strip()
    if "<" not in text:
        return text
    page = _PageText()
    try:
        page.feed(text)
    except AssertionError:  # what Python's parser says of a broken <![ before 3.13
        return re.sub(r"<[^>]*>?", " ", text)
    return ": ".join(page.texts)


def _shorten(text: str) -> str:
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 3] + "..."
