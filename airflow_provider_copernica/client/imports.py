"""Reading the status of an import: an open set of words, numbers as text, and structure as the evidence."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from airflow_provider_copernica.client.redact import redact
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaReplyError

log = logging.getLogger(__name__)

# Copernica writes moments without a zone; that it means its own was observed, not documented
COPERNICA_ZONE = ZoneInfo("Europe/Amsterdam")

# Only "ready for start" is documented, "downloading" appears in a product update; the rest is common usage in English
# and Dutch. A word that is in none of these sets decides nothing.
FINISHED_WORDS = {
    "finished",
    "done",
    "completed",
    "complete",
    "imported",
    "success",
    "successful",
    "succeeded",
}
FINISHED_WORDS |= {"voltooid", "afgerond", "klaar", "gereed"}
FAILED_WORDS = {
    "failed",
    "failure",
    "error",
    "cancelled",
    "canceled",
    "aborted",
    "stopped",
    "mislukt",
    "fout",
    "geannuleerd",
}
BUSY_WORDS = {
    "running",
    "busy",
    "processing",
    "importing",
    "downloading",
    "started",
    "starting",
    "in progress",
    "active",
}
BUSY_WORDS |= {
    "waiting",
    "queued",
    "pending",
    "paused",
    "scheduled",
    "downloaden",
    "bezig",
    "importeren",
    "wachten",
}
NEUTRAL_WORDS = {"ready for start", "ready", "new", "klaar voor start", ""}
KNOWN_WORDS = FINISHED_WORDS | FAILED_WORDS | BUSY_WORDS | NEUTRAL_WORDS

_ABSENT = {"", "false", "null", "none"}
_seen_words: set[str] = set()


class ImportState(Enum):
    """What a status amounts to."""

    BUSY = "busy"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True)
class CopernicaImport:
    """
    The status of an import, as ``GET import/$id`` tells it.

    :param import_id: its ID.
    :param name: its label.
    :param type: the action, in Copernica's wording.
    :param status: Copernica's word, untouched.
    :param total_lines: lines in the import; None where Copernica does not tell.
    :param processed_lines: lines handled so far; None likewise.
    :param last_run: when it last ran, as Copernica writes it: Europe/Amsterdam, without zone.
    :param next_run: when it will run next, for periodic imports.
    :param last_error: the last error message.
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

    @property
    def state(self) -> ImportState:
        """
        A last error is a failure; known words decide; an unknown word never ends the wait, only a run with all its
        lines processed does.
        """
        if self.last_error is not None:
            return ImportState.FAILED
        return self._state_by_word()

    def state_since(self, moment: datetime) -> ImportState:
        """
        The state of a periodic import: what it tells of runs up to ``moment``, errors among them, is no news.

        :param moment: aware; the run must be later than this.
        """
        last_run = None if self.last_run is None else parse_moment(self.last_run)
        if last_run is None or last_run <= moment:
            return ImportState.BUSY
        if self.last_error is not None:
            return ImportState.FAILED
        by_word = self._state_by_word()
        started_over = self.processed_lines is not None and self.processed_lines < (self.total_lines or 0)
        if by_word is ImportState.BUSY and (_word(self.status) in BUSY_WORDS or started_over):
            return ImportState.BUSY
        return ImportState.FAILED if by_word is ImportState.FAILED else ImportState.FINISHED

    def _state_by_word(self) -> ImportState:
        word = _word(self.status)
        if word in FAILED_WORDS:
            return ImportState.FAILED
        if word in FINISHED_WORDS:
            return ImportState.FINISHED
        if word in BUSY_WORDS:
            return ImportState.BUSY
        total, processed = self.total_lines or 0, self.processed_lines or 0
        return ImportState.FINISHED if self.last_run and 0 < total <= processed else ImportState.BUSY

    def as_dict(self) -> dict[str, int | str | None]:
        """What tasks hand on as XCom."""
        keys = ("import_id", "name", "status", "total_lines", "processed_lines", "last_run", "last_error")
        return {key: getattr(self, key) for key in keys}

    def __str__(self) -> str:
        counts = "" if self.total_lines is None else f", {self.processed_lines or 0:,} of {self.total_lines:,} lines"
        return f"Copernica import {self.import_id} {self.name!r}: {self.status or 'no status'}{counts}"


def read_import(value: object, import_id: int) -> CopernicaImport:
    """
    Reads the status reply: keys in any case, numbers as text, and false, null, "" or nothing at all for "absent".

    :param import_id: the import that was asked for.
    :raises CopernicaReplyError: when the reply is no status of an import.
    """
    fields = {str(key).lower(): item for key, item in value.items()} if isinstance(value, Mapping) else {}
    if "status" not in fields and "lasterror" not in fields:
        raise CopernicaReplyError(f"Copernica's reply for import {import_id} is no status of an import.")
    found = CopernicaImport(
        import_id=import_id,
        name=_text(fields.get("name")) or "",
        type=_text(fields.get("type")) or "",
        status=_text(fields.get("status")) or "",
        total_lines=_count(fields.get("totallines")),
        processed_lines=_count(fields.get("processedlines")),
        last_run=_moment(fields.get("lastrun")),
        next_run=_moment(fields.get("nextrun")),
        last_error=_error(fields.get("lasterror")),
    )
    _tell_new_word(found.status)
    return found


def read_import_id(value: object) -> int:
    """
    The ID of an import, from a number or from what a template makes of one.

    :raises CopernicaArgumentError: for anything that can't be the ID of an import.
    """
    digits = value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    if isinstance(value, bool) or not (digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) > 0):
        raise CopernicaArgumentError(
            f"import_id must be the number of an import, not {_shown(value)}: pass import_task.output, "
            "and see that the task which makes the import was not skipped."
        )
    return int(digits)


def parse_moment(text: str) -> datetime | None:
    """
    A moment as Copernica or a template writes it, or in seconds since the epoch.

    :param text: a moment; without zone it is Copernica's own, Europe/Amsterdam.
    :return: aware; None where it can't be read.
    """
    text = text.strip()
    try:
        if text.isascii() and text.isdigit() and len(text) >= 9:
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=COPERNICA_ZONE)
    except (ValueError, OverflowError, OSError):
        return None


def read_newer_than(value: object) -> datetime | None:
    """
    The sensor's ``newer_than``.

    :param value: a moment, as datetime or text; without zone it is Copernica's own, Europe/Amsterdam.
    :raises CopernicaArgumentError: when it is no moment.
    """
    if value is None:
        return None
    moment = parse_moment(str(value)) if isinstance(value, str | datetime) else None
    if moment is None:
        raise CopernicaArgumentError(
            f"newer_than must be a moment such as '2026-01-31 06:00:00' or '{{{{ ts }}}}', not {_shown(value)}."
        )
    return moment


def read_state_since(newer_than: object) -> Callable[[CopernicaImport], ImportState]:
    """
    How to read the state of an import.

    :param newer_than: see :func:`read_newer_than`; None for an import that runs once.
    """
    moment = read_newer_than(newer_than)
    return (lambda status: status.state) if moment is None else (lambda status: status.state_since(moment))


def _shown(value: object) -> str:
    return repr(value[:40]) if isinstance(value, str) else type(value).__name__


def _word(status: str) -> str:
    return " ".join(status.lower().replace("_", " ").replace("-", " ").split())


def _text(value: object) -> str | None:
    if value is None or value is False or value == []:
        return None
    text = (value if isinstance(value, str) else json.dumps(value, default=str)).strip()
    return None if text.lower() in _ABSENT else redact(text)  # a location comes back with its password


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


def _tell_new_word(status: str) -> None:
    word = _word(status)
    if word not in KNOWN_WORDS and word not in _seen_words and len(_seen_words) < 100:
        _seen_words.add(word)
        log.warning(
            "Copernica reports the import status %r, unknown to this package: counts and last run decide.",
            status[:80],
        )
