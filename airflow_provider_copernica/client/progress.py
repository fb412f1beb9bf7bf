"""How far an import is, in words for a task log."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from airflow_provider_copernica.client.imports import CopernicaImport


@dataclass(frozen=True)
class Observation:
    """A status and the moment it was seen (seconds, of any clock)."""

    status: CopernicaImport
    at: float


def progress(now: Observation, first: Observation) -> str:
    """
    ``1,200 of 9,800 lines, 12 %, 340 lines/s, about 25 s left``, as far as the counts tell.

    :param first: the first observation of the same import, for the rate.
    """
    status = now.status
    processed, total = status.processed_lines, status.total_lines
    if processed is None or not total:
        return status.status or "no status yet"
    parts = [f"{processed:,} of {total:,} lines", f"{min(100 * processed // total, 100)} %"]
    seconds = now.at - first.at
    gained = processed - (first.status.processed_lines or 0)
    if seconds > 0 and gained > 0:
        rate = gained / seconds
        parts.append(f"{rate:,.0f} lines/s" if rate >= 1 else f"{rate * 60:,.0f} lines/min")
        if processed < total:
            parts.append(f"about {duration((total - processed) / rate)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """``25 s``, ``12 min``, ``3 h 5 min``."""
    whole = max(round(seconds), 0)
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


class ProgressLog:
    """
    Logs a line whenever a status tells something new.

    :param log: where to.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._first: Observation | None = None
        self.last: CopernicaImport | None = None

    def __call__(self, status: CopernicaImport) -> None:
        if status != self.last and self._log.isEnabledFor(logging.INFO):
            now = Observation(status, time.monotonic())
            self._first = self._first or now
            self._log.info("Import %d: %s", status.import_id, progress(now, self._first))
        self.last = status
