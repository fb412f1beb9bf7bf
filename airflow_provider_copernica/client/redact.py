"""
Keep secrets out of everything that a person or a log may see.

Text from outside (replies, names, file names) is cut first, then made printable, then redacted: see :func:`sanitize`.
Every pattern in here takes linear time, because a triggerer redacts in its event loop: no quantifier without a bound
stands before something that may be missing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from urllib.parse import quote, quote_plus

__all__ = [
    "MASK",
    "MAX_TEXT",
    "hide_queries",
    "printable",
    "quiet_http_loggers",
    "redact",
    "redact_exception",
    "sanitize",
    "show_location",
]

MASK = "***"
# characters of a text from outside that a message shows
MAX_TEXT = 300
# characters of it that are looked at: enough for what redaction takes away
_MAX_READ = 8 * MAX_TEXT
_MAX_NAME = 100
_NOT_SHOWN = "<location, not shown>"

_SECRET_NAME = re.compile(
    r"token|signature|passw|secret|api[_-]?key|apikey|authorization|tempauth|rlkey|credential|jwt|^(sig|pwd|pass|code|auth)$",
    re.IGNORECASE,
)
# name=value, also within a URL that is itself percent-encoded, and "name": "value"; not to the end of the text
_ASSIGNMENT = re.compile(r"([\w-]{1,60})(=|%3D|[\"']\s{0,3}:\s{0,3}[\"'])([^&;\s\"'<>)\\]+)", re.IGNORECASE)
_BEARER = re.compile(r"(bearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
# also a part of one: where a text was cut, the dots may be missing
_JWT = re.compile(r"eyJ[\w-]{5,}(?:\.[\w-]*)*")
_URL = re.compile(r"[a-z0-9+.-]{1,20}://\S*", re.IGNORECASE)
# of a URL or a path, whole or relative; "what? yes" holds none
_QUERY = re.compile(r"(?<=\S)\?\S+")
_URL_END = re.compile(r"[\"'<>)\]},.;:!]*\Z")
# what none of the patterns can do without: most texts have nothing of it
_SUSPECT = re.compile(r"[=%]|[\"']\s{0,3}:|bearer|eyJ", re.IGNORECASE)

_HOST = re.compile(r"[\w.*{}-]+(:\d{0,5})?|\[[0-9a-f:.]+\](:\d{0,5})?", re.IGNORECASE)
_FILE_NAME = re.compile(r".{0,90}\.[a-z][a-z0-9]{0,7}", re.IGNORECASE)
_TEMPLATE = re.compile(r"\s*\{\{[^{}:@'\"]*\}\}\s*")


def spellings(secret: str) -> set[str]:
    """Return a secret as it is, and as it looks within a URL or a JSON text."""
    return {secret, quote(secret, safe=""), quote_plus(secret), secret.replace("/", "\\/")}


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """
    Replace everything that is, or looks like, a secret by three asterisks.

    :param text: any text: a message, a page, a URL. It takes linear time; of a text from outside see :func:`sanitize`.
    :param secrets: known secrets; also found where they are percent-encoded.
    """
    text = redact_named(text, secrets)
    return _URL.sub(_show_url, text) if "://" in text else text


def redact_named(text: str, secrets: Collection[str] = ()) -> str:
    """Replace known secrets, tokens and the values of parameters with the name of a secret; leave URLs otherwise."""
    for secret in secrets:
        if secret:
            for form in sorted(spellings(secret), key=len, reverse=True):
                text = text.replace(form, MASK)
    if _SUSPECT.search(text):
        text = _ASSIGNMENT.sub(_mask_assignment, text)
        text = _BEARER.sub(rf"\1{MASK}", text)
        text = _JWT.sub(MASK, text)
    return text


def hide_queries(text: str) -> str:
    """
    Take the queries out of what libraries say of a request: they hold keys of rows, and version 3's token.

    :param text: a URL, a path, or a sentence with such in it.
    """
    return _QUERY.sub(f"?{MASK}", text)


def _mask_assignment(match: re.Match[str]) -> str:
    name, sign, _ = match.groups()
    return f"{name}{sign}{MASK}" if _SECRET_NAME.search(name) else match[0]


def _show_url(match: re.Match[str]) -> str:
    url = match[0]
    end = _URL_END.search(url)
    cut = end.start() if end else len(url)
    return show_location(url[:cut]) + url[cut:]


def show_location(value: object) -> str:
    """
    Return what may be seen of a location or path: scheme, host and the file's name.

    User, password, folders, query and fragment may all hold secrets, under any name. Where it can't be told whether
    an ``@`` ends a password or belongs to a path, nothing but the scheme is shown.

    :param value: a URL or a path, templates in it or not.
    """
    if not isinstance(value, str):
        return _NOT_SHOWN
    text = printable(value[:_MAX_READ])
    if _TEMPLATE.fullmatch(text):
        return text[:_MAX_NAME]
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _show_path(text)
    authority = _authority(rest)
    if authority is None or not re.fullmatch(r"[\w+.-]{1,20}", scheme):
        return f"{scheme[:20] if scheme.isalnum() else MASK}://{MASK}"
    user, host, tail = authority
    return f"{scheme}://{user}{host}{_show_path(tail)}"


def _authority(rest: str) -> tuple[str, str, str] | None:
    """Split what follows ``://`` into a masked user, the host, and the rest; None where that is ambiguous."""
    end = re.search(r"[/?#;]|\Z", rest)
    head = rest[: end.start()] if end else rest
    tail = rest[len(head) :]
    _, at, host = head.rpartition("@")
    if "@" in tail:
        if not at and not tail.startswith("#") and _HOST.fullmatch(head) and "." in head and ":" not in head:
            return "", head, tail  # a path or query with an @ in it, behind a host name
        if at or (_HOST.fullmatch(head) and not tail.startswith("#")):
            return None
        # a password with an unencoded delimiter: what precedes the delimiter is not a host
        after = rest.rpartition("@")[2]
        end = re.search(r"[/?#;]|\Z", after)
        host = after[: end.start()] if end else after
        at, tail = "@", after[len(host) :]
    if not _HOST.fullmatch(host) and host:
        return None
    return f"{MASK}@" if at else "", host, tail


def _show_path(path: str) -> str:
    """Return the file's name, where it looks like one, and whether there is a query."""
    plain = re.split(r"[?#;]", path, maxsplit=1)[0]
    secret = f"?{MASK}" if len(plain) < len(path) else ""
    folders, _, name = plain.rpartition("/")
    root = "/" if path.startswith("/") else ""
    if folders.strip("/"):
        root += ".../"
    shown = redact_named(name) if len(name) <= _MAX_NAME and _FILE_NAME.fullmatch(name) else MASK if name else ""
    return f"{root}{shown}{secret}"


def printable(text: str) -> str:
    """Replace what could start a line or steer a terminal by blanks."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def sanitize(text: str, secrets: Collection[str] = (), *, limit: int = MAX_TEXT) -> str:
    """
    Return a text from outside as a message may show it: cut, on one line, without control characters and secrets.

    :param text: of any length.
    :param secrets: known secrets, see :func:`redact`.
    :param limit: characters shown at most.
    """
    cut = len(text) > _MAX_READ
    text = _without_part_of(text[:_MAX_READ], secrets) if cut else text
    text = " ".join(redact(" ".join(printable(text).split()), secrets).split())
    return text if len(text) <= limit and not cut else text[: limit - 3] + "..."


def _without_part_of(text: str, secrets: Collection[str]) -> str:
    """Take off the part of a known secret that a cut has left at the end."""
    for secret in secrets:
        for form in spellings(secret):
            for length in range(min(len(form), len(text)), 2, -1):
                if text.endswith(form[:length]):
                    text = text[:-length]
                    break
    return text


def redact_exception(error: BaseException, secrets: Collection[str] = ()) -> None:
    """
    Redact the texts of an exception and of all behind it, in place, so that it can be shown as a cause.

    requests and urllib3 put the URL into their messages, and so its query: v3's token, and keys of rows.
    """
    for each in _chain(error):
        each.args = tuple(hide_queries(redact(arg, secrets)) if isinstance(arg, str) else arg for arg in each.args)


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
            yield each


class _RedactingFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(hide_queries(redact(arg)) if isinstance(arg, str) else arg for arg in record.args)
        return True


_FILTER = _RedactingFilter()


def quiet_http_loggers() -> None:
    """Redact what urllib3 logs at DEBUG: it writes every URL, with v3's token and the keys of rows in its query."""
    for name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_FILTER)
