"""
What the status of an import amounts to: busy, finished or failed.

Copernica documents one status word, ``ready for start``, and no list (documentation of ``GET import/$id``). So the
words are an open set, and are read with care:

=====================  ==================================================================================
evidence               what follows
=====================  ==================================================================================
a last error           failed: for an import that runs once, any text there is a failure
a word of failure      failed
a word of success      finished
a word of work         busy
an idle word           nothing by itself: the import may be about to run, or may have run
an unknown word        nothing by itself, and it is logged once
a run with all lines   finished, for an idle or unknown word; failed where the phrase holds a word of failure,
                       as "finished with errors" does
=====================  ==================================================================================

The words of one account can be added in the connection's extra ``status_words``. A run shows in ``lastrun``; whether
that is the start or the end of a run is not documented (the English page says end, the Dutch one is open), so it counts
only together with the numbers of lines.

A periodic import shows its last run until the next one, so that the question is about runs after a moment:
:class:`RunWatcher` answers it. Moments of Copernica have no zone; that they mean Europe/Amsterdam was observed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from airflow_provider_copernica.client.settings import NO_STATUS_WORDS, StatusWords

__all__ = [
    "COPERNICA_ZONE",
    "ImportState",
    "ImportStatus",
    "RunWatcher",
    "is_known_word",
    "parse_moment",
    "state_of",
]

COPERNICA_ZONE = ZoneInfo("Europe/Amsterdam")

# Only "ready for start" is documented, "downloading" appears in a product update; the rest is common usage in English
# and Dutch.
FINISHED_WORDS = frozenset({
    "finished", "done", "completed", "complete", "imported", "success", "successful", "succeeded",
    "voltooid", "afgerond", "klaar", "gereed",
})  # fmt: skip
FAILED_WORDS = frozenset({
    "failed", "failure", "error", "cancelled", "canceled", "aborted", "stopped", "rejected", "timed out", "timeout",
    "mislukt", "fout", "geannuleerd", "afgebroken", "gestopt", "geweigerd",
})  # fmt: skip
BUSY_WORDS = frozenset({
    "running", "busy", "processing", "importing", "downloading", "started", "starting", "in progress", "active",
    "downloaden", "bezig", "importeren",
})  # fmt: skip
IDLE_WORDS = frozenset({
    "ready for start", "ready", "new", "waiting", "queued", "pending", "paused", "scheduled",
    "klaar voor start", "nieuw", "wachten", "gepauzeerd", "gepland", "",
})  # fmt: skip
# within a phrase: "finished with errors", "partially failed"
_FAILURE_WITHIN = re.compile(
    r"\b(fail\w*|error\w*|abort\w*|cancel\w*|reject\w*|stopped|partial\w*|incomplete"
    r"|fout\w*|mislukt\w*|afgebroken|geannuleerd|geweigerd|gestopt|gedeeltelijk|onvolledig)\b"
)
_NO_FAILURE = re.compile(r"\b(without|no|0|zonder|geen) (fail\w*|error\w*|fout\w*)\b")


class ImportState(Enum):
    """What a status amounts to."""

    BUSY = "busy"
    FINISHED = "finished"
    FAILED = "failed"


class ImportStatus(Protocol):
    """As much of a status as the state depends on."""

    @property
    def status(self) -> str: ...
    @property
    def total_lines(self) -> int | None: ...
    @property
    def processed_lines(self) -> int | None: ...
    @property
    def last_run(self) -> str | None: ...
    @property
    def last_error(self) -> str | None: ...


_STATE_BY_WORD = {
    **dict.fromkeys(FINISHED_WORDS, ImportState.FINISHED),
    **dict.fromkeys(FAILED_WORDS, ImportState.FAILED),
    **dict.fromkeys(BUSY_WORDS, ImportState.BUSY),
}


def state_of(status: ImportStatus, words: StatusWords = NO_STATUS_WORDS) -> ImportState:
    """
    Return the state of an import that runs once.

    :param status: as Copernica reports it.
    :param words: those of the account, besides the known ones.
    """
    if status.last_error is not None:
        return ImportState.FAILED
    by_word = _state_by_word(status.status, words)
    if by_word is not None:
        return by_word
    if not status.last_run or not _has_processed_lines(status):
        return ImportState.BUSY
    return ImportState.FAILED if _speaks_of_failure(status.status) else ImportState.FINISHED


def is_known_word(status: str, words: StatusWords = NO_STATUS_WORDS) -> bool:
    """
    Return whether the table above has a row for a status word.

    :param status: Copernica's word.
    :param words: those of the account, besides the known ones.
    """
    return _state_by_word(status, words) is not None or _normalized(status) in IDLE_WORDS


def _state_by_word(status: str, words: StatusWords) -> ImportState | None:
    return _states_by_word(words).get(_normalized(status))


@lru_cache(maxsize=64)
def _states_by_word(words: StatusWords) -> Mapping[str, ImportState]:
    # an account may mean something else by a word: what its connection says goes first
    return {
        **_STATE_BY_WORD,
        **{_normalized(word): ImportState.BUSY for word in words.busy},
        **{_normalized(word): ImportState.FINISHED for word in words.finished},
        **{_normalized(word): ImportState.FAILED for word in words.failed},
    }


def _speaks_of_failure(status: str) -> bool:
    word = _NO_FAILURE.sub("", _normalized(status))
    return _FAILURE_WITHIN.search(word) is not None


def _has_processed_lines(status: ImportStatus) -> bool:
    return 0 < (status.total_lines or 0) <= (status.processed_lines or 0)


def _has_lines_left(status: ImportStatus) -> bool:
    return status.processed_lines is not None and status.processed_lines < (status.total_lines or 0)


@lru_cache(maxsize=256)
def _normalized(status: str) -> str:
    return " ".join(status.lower().replace("_", " ").replace("-", " ").split())


class RunWatcher:
    """
    Tell the state of a periodic import: what its status says of runs up to a moment, errors among them, is not news.

    Each look goes through the same watcher. A ``lastrun`` that was too old and then changes shows a new run, whatever
    the clock says: in the hour that comes twice in October it has two meanings.

    :param newer_than: aware; a run must be later than this.
    :param words: those of the account, besides the known ones.
    """

    def __init__(self, newer_than: datetime, words: StatusWords = NO_STATUS_WORDS) -> None:
        self._newer_than = newer_than
        self._words = words
        self._too_old: str | None = None
        self._has_seen_change = False

    def state(self, status: ImportStatus, now: datetime | None = None) -> ImportState:
        """
        Return the state of the run that is waited for.

        :param status: as Copernica reports it now.
        :param now: aware; default: the present.
        """
        now = datetime.now(UTC) if now is None else now
        if not self._is_new(status.last_run, now):
            self._too_old = status.last_run or ""
            return ImportState.BUSY
        if status.last_error is not None:
            return ImportState.FAILED
        by_word = _state_by_word(status.status, self._words)
        if by_word is not None:
            return by_word
        if _normalized(status.status) in IDLE_WORDS:
            return ImportState.BUSY if _has_lines_left(status) else ImportState.FINISHED
        return state_of(status, self._words)

    def _is_new(self, last_run: str | None, now: datetime) -> bool:
        if not last_run:
            return False
        if self._too_old not in (None, last_run) and now >= self._newer_than:
            self._has_seen_change = True
        if self._has_seen_change:
            return True
        if last_run == self._too_old:
            return False
        moment = parse_moment(last_run, not_after=now)
        if moment is None:
            return False
        # Copernica writes whole seconds: a run in the very second that was asked for may be the one
        whole = self._newer_than.replace(microsecond=0)
        return moment > self._newer_than or (moment == whole != self._newer_than)


_BASIC_UTC = re.compile(r"\d{8}T\d{6}")


def parse_moment(text: str, *, not_after: datetime | None = None) -> datetime | None:
    """
    Read a moment as Copernica or a template writes it, or in seconds since the epoch.

    :param text: ISO 8601; without zone it is Copernica's own, Europe/Amsterdam, but for Airflow's ``{{ ts_nodash }}``,
        which is UTC.
    :param not_after: aware; of the two moments that one hour in October has, the later one is meant unless it is after
        this. Default: the earlier one.
    :return: aware; None where it can't be read.
    """
    text = text.strip()
    try:
        if text.isascii() and text.isdigit() and len(text) >= 9:
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo:
            return moment
        if _BASIC_UTC.fullmatch(text):
            return moment.replace(tzinfo=UTC)
        earlier = moment.replace(tzinfo=COPERNICA_ZONE)
        later = earlier.replace(fold=1)
        if not_after is not None and later.astimezone(UTC) - earlier.astimezone(UTC) > timedelta(0):
            return later.astimezone(UTC) if later.astimezone(UTC) <= not_after else earlier.astimezone(UTC)
        # in UTC, since Python compares moments of one zone by what a clock on the wall shows
        return earlier.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
