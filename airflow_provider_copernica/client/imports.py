"""Reading the status of an import: keys in any case, numbers as text, and many spellings of "absent"."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from airflow_provider_copernica.client.import_states import (
    ImportState,
    is_known_word,
    parse_moment,
    state_of,
)
from airflow_provider_copernica.client.redact import sanitize
from airflow_provider_copernica.client.settings import NO_STATUS_WORDS, StatusWords
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaNoImportError, CopernicaReplyError

__all__ = ["CopernicaImport", "read_import", "read_import_id", "read_newer_than"]

log = logging.getLogger(__name__)

_ABSENT = {"", "false", "null", "none"}
# characters of a text that is kept, since the next reply will most likely repeat it: a name, a status
_SHORT = 100
_logged_words: set[str] = set()


@dataclass(frozen=True)
class CopernicaImport:
    """
    The status of an import, as ``GET import/$id`` reports it.

    :param import_id: the ID of the import.
    :param name: its label.
    :param type: the action, in Copernica's wording.
    :param status: Copernica's word, untouched.
    :param total_lines: lines in the import; None where Copernica reports none.
    :param processed_lines: lines handled so far; None where Copernica reports none.
    :param last_run: when it last ran, as Copernica writes it: Europe/Amsterdam, without zone.
    :param next_run: when it will run next, for periodic imports.
    :param last_error: the last error message.
    :param words: the account's own status words.
    """

    import_id: int
    name: str = ""
    type: str = ""
    status: str = ""
    total_lines: int | None = None
    processed_lines: int | None = None
    last_run: str | None = None
    next_run: str | None = None
    last_error: str | None = None
    words: StatusWords = field(default=NO_STATUS_WORDS, repr=False, compare=False)

    @property
    def state(self) -> ImportState:
        """Return what the status amounts to, for an import that runs once."""
        return state_of(self, self.words)

    def as_dict(self) -> dict[str, int | str | None]:
        """Return what tasks hand on as the XCom ``import_status``."""
        keys = ("import_id", "name", "status", "total_lines", "processed_lines", "last_run", "last_error")
        return {key: getattr(self, key) for key in keys}

    @property
    def lines(self) -> str:
        """Return ``10 of 50 lines``, as far as the counts are known; else nothing."""
        if self.total_lines is None:
            return "" if self.processed_lines is None else f"{self.processed_lines:,} lines"
        return f"{self.processed_lines or 0:,} of {self.total_lines:,} lines"

    @property
    def facts(self) -> str:
        """Return ``'running', 10 of 50 lines``, as far as they are known."""
        return ", ".join(filter(None, [repr(self.status) if self.status else "no status yet", self.lines]))

    def __str__(self) -> str:
        return f"import {self.import_id} ({self.facts})"


def read_import(value: object, import_id: int, words: StatusWords = NO_STATUS_WORDS) -> CopernicaImport:
    """
    Read the reply of ``GET import/$id``; false, null, "" and a missing key all mean "absent".

    :param value: the JSON of the reply, perhaps within a ``data`` object.
    :param import_id: the import that was asked for.
    :param words: the account's own status words.
    :raises CopernicaReplyError: the reply is not the status of an import.
    """
    fields = _lower_keys(value)
    if isinstance(fields.get("data"), dict):
        fields = _lower_keys(fields["data"])
    if "status" not in fields and "lasterror" not in fields:
        raise CopernicaReplyError(f"Copernica's reply is not the status of an import (import {import_id}).")
    word = _text(fields.get("status")) or ""
    _log_unknown_word(word, words)
    return CopernicaImport(
        import_id=import_id,
        name=_text(fields.get("name")) or "",
        type=_text(fields.get("type")) or "",
        status=word,
        total_lines=_count(fields.get("totallines")),
        processed_lines=_count(fields.get("processedlines")),
        last_run=_moment(fields.get("lastrun")),
        next_run=_moment(fields.get("nextrun")),
        last_error=_error(fields.get("lasterror")),
        words=words,
    )


def read_import_id(value: object) -> int:
    """
    Read the ID of an import.

    :param value: a number, or the text that a template makes of one.
    :raises CopernicaNoImportError: it is what a task returns that sent nothing.
    :raises CopernicaArgumentError: it can't be the ID of an import.
    """
    if value is None or (isinstance(value, str) and value.strip() in ("", "None")):
        raise CopernicaNoImportError(
            "There is no import to wait for (import_id is empty): the task that makes it was skipped or sent nothing, "
            "as with dry_run."
        )
    digits = value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    if isinstance(value, bool) or not (digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) > 0):
        raise CopernicaArgumentError(
            f"import_id must be the number of an import, not {_shown(value)}."
            " Pass the output of the task that makes it."
        )
    return int(digits)


def read_newer_than(value: object) -> datetime | None:
    """
    Read the sensor's ``newer_than``.

    :param value: a moment, as datetime or text, read as :func:`parse_moment` does; None for none.
    :return: aware.
    :raises CopernicaArgumentError: it is not a moment.
    """
    if value is None:
        return None
    moment = (
        parse_moment(value if isinstance(value, str) else value.isoformat())
        if isinstance(value, str | datetime)
        else None
    )
    if moment is None:
        raise CopernicaArgumentError(
            f"newer_than must be a moment such as '2026-01-31 06:00:00' or '{{{{ ts }}}}', not {_shown(value)}."
        )
    return moment


def _lower_keys(value: object) -> dict[str, object]:
    return {key.lower(): item for key, item in value.items()} if isinstance(value, dict) else {}


def _shown(value: object) -> str:
    return repr(value[:40]) if isinstance(value, str) else type(value).__name__


def _text(value: object) -> str | None:
    if isinstance(value, str):
        text = value.strip()
        return _shown_short_text(text) if len(text) <= _SHORT else _shown_text(text)
    return None if value is None or value is False or value == [] else _shown_text(json.dumps(value, default=str))


def _shown_text(text: str) -> str | None:
    return None if text.lower() in _ABSENT else sanitize(text)  # a location comes back with its password


_shown_short_text = lru_cache(maxsize=2048)(_shown_text)


def _error(value: object) -> str | None:
    """No message is a number or empty."""
    text = _text(value)
    return None if text in ("0", "{}", "[]") else text


def _moment(value: object) -> str | None:
    text = _text(value)
    return None if text is None or text == "0" or text.startswith("0000-00-00") else text


def _count(value: object) -> int | None:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        return max(int(float(value)) if isinstance(value, float) else int(value), 0)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=256)
def _log_unknown_word(status: str, words: StatusWords) -> None:
    word = status.lower()
    if not is_known_word(word, words) and word not in _logged_words and len(_logged_words) < 100:
        _logged_words.add(word)
        log.warning(
            "Copernica reports an import status that is not known here, so that line counts and last run decide: %r.",
            status[:80],
        )
