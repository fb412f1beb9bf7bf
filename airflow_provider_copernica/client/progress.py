"""How far an import is, in words for a task log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_copernica.client.import_states import ImportState, parse_moment
from airflow_provider_copernica.client.imports import CopernicaImport

__all__ = ["Observation", "ProgressLog", "duration", "progress"]

# seconds; nothing is documented about how long an import may stand still
STALLED_AFTER = 3600.0


@dataclass(frozen=True)
class Observation:
    """A status and the moment it was seen, in seconds of any clock."""

    status: CopernicaImport
    at: float


def progress(now: Observation, first: Observation) -> str:
    """
    Return ``1,200 of 9,800 lines, 12 %, 340 lines/s, about 25 s left``, as far as the counts are known.

    :param now: the latest observation.
    :param first: the first observation of the same import, for the rate.
    """
    status = now.status
    processed, total = status.processed_lines, status.total_lines
    if processed is None or not total:
        return status.status or "no status yet"
    parts = [status.lines, f"{min(100 * processed // total, 100)} %"]
    seconds = now.at - first.at
    gained = processed - (first.status.processed_lines or 0)
    if seconds > 0 and gained > 0:
        rate = gained / seconds
        parts.append(f"{rate:,.0f} lines/s" if rate >= 1 else f"{rate * 60:,.0f} lines/min")
        if processed < total:
            parts.append(f"about {duration((total - processed) / rate)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Return ``25 s``, ``12 min`` or ``3 h 5 min``."""
    whole = max(round(seconds), 0)
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


class ProgressLog:
    """
    Log a line whenever a status shows something new, and one warning for each thing that looks wrong.

    :param log: where to.
    :param clock: seconds that only grow.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._first: Observation | None = None
        self._latest: CopernicaImport | None = None
        self._moved_at = 0.0
        self._warned: frozenset[str] = frozenset()

    @property
    def last(self) -> CopernicaImport | None:
        """Return the last status; None before the first."""
        return self._latest

    def __call__(self, status: CopernicaImport) -> None:
        """
        Take note of a status.

        :param status: the latest one.
        """
        now, moved = self._clock(), status != self._latest
        if moved:
            self._latest, self._moved_at = status, now
            self._first = self._first or Observation(status, now)
            if self._log.isEnabledFor(logging.INFO):
                self._log.info("Import %d: %s", status.import_id, progress(Observation(status, now), self._first))
        oddities = _oddities(status) if moved else _stalled(status, now - self._moved_at)
        for topic, sentence in oddities.items():
            if topic not in self._warned:
                self._warned |= {topic}
                self._log.warning("%s (Import %d.)", sentence, status.import_id)


def _oddities(status: CopernicaImport) -> dict[str, str]:
    """What looks wrong in a status, by topic."""
    oddities = {}
    if status.last_run is not None and parse_moment(status.last_run) is None:
        oddities["last run"] = f"Copernica's last run can't be read as a moment: {status.last_run[:40]!r}."
    if status.state is ImportState.FINISHED and _lacks_lines(status):
        oddities["lines"] = f"Copernica processed fewer lines than there are: {status.lines}."
    return oddities


def _stalled(status: CopernicaImport, unchanged_for: float) -> dict[str, str]:
    """Whether a status has stayed the same for too long, as a topic."""
    if unchanged_for < STALLED_AFTER or status.state is not ImportState.BUSY:
        return {}
    return {
        "stalled": f"Nothing has moved for {duration(unchanged_for)}. If the status {status.status!r} means an end, "
        "name the word in the extra 'status_words' of the connection."
    }


def _lacks_lines(status: CopernicaImport) -> bool:
    return status.processed_lines is not None and status.processed_lines < (status.total_lines or 0)
