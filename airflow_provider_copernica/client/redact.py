"""Keeps secrets out of everything a person or a log may see."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from urllib.parse import quote, quote_plus

MASK = "***"

_PATTERNS = (
    # v3 carries the token in the URL: https://api.copernica.com/v3/...?access_token=...
    (re.compile(r"(access_token(?:=|%3D))[^&\s\"'<>)\\]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(Bearer\s+)[\w.~+/=-]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    # a password, or a user alone, inside a location: ftp://user:password@host/file.csv; whatever the password holds
    (re.compile(r"([a-z][a-z0-9+.-]*://)\S*@", re.IGNORECASE), rf"\1{MASK}@"),
    # signatures of presigned URLs, and passwords by the names they usually have
    (
        re.compile(
            r"([?&](?:[\w-]*(?:token|signature|password|passwd|secret|api[_-]?key)|sig|pwd)=)[^&\s\"'<>]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
)
# what none of the patterns can do without: most texts have nothing of it
_SUSPECT = re.compile(r"[=%@]|bearer|eyJ", re.IGNORECASE)


def spellings(secret: str) -> set[str]:
    """A secret as it is, and as it looks within a URL."""
    return {secret, quote(secret, safe=""), quote_plus(secret)}


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """
    Replaces everything that is, or looks like, a secret by three asterisks.

    :param text: any text: a message, a URL, a reply.
    :param secrets: known secrets; also found where they are percent-encoded.
    """
    for secret in secrets:
        if secret:
            for form in spellings(secret):
                text = text.replace(form, MASK)
    if _SUSPECT.search(text):
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
    return text


def redact_exception(error: BaseException, secrets: Collection[str] = ()) -> None:
    """
    Redacts the texts of an exception and of all behind it, in place, so that it can be shown as a cause.

    requests and urllib3 put the URL, and so v3's token, into their messages.
    """
    for one in _chain(error):
        one.args = tuple(redact(arg, secrets) if isinstance(arg, str) else arg for arg in one.args)


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
            yield one


class _RedactingFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


_FILTER = _RedactingFilter()


def quiet_http_loggers() -> None:
    """Redacts what urllib3 logs at DEBUG: it writes every URL, and with v3 that holds the token."""
    for name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_FILTER)
