"""
The grammar of what a person reads: every error and every line in a log is one or more whole sentences.

A message begins with a capital letter or with the name of an argument or column, ends in one full stop, or in names in
brackets behind one, and holds no stop twice.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from airflow_provider_copernica.exceptions import CopernicaError

__all__ = ["mistakes", "recorded_messages"]

LOGGER = "airflow_provider_copernica"
EXAMPLES = f"{LOGGER}.example_dags"
# a line of figures rather than a sentence: "Import 7: 10 of 50 lines, 20 %, 5 lines/s"
_PROGRESS = re.compile(r"Import \d+: ")
# arguments whose names are single words; others show by their underscore
_ARGUMENTS = (
    "action autostart compression database deferrable delimiter durable encoding followups format json location name "
    "parameters path presign rebuild rejects source sql start limit timeout"
)
_BEGINNING = re.compile(
    rf"[^a-z.]|\.\.\. and \d|[a-z]+_[a-z_]+\b|({_ARGUMENTS.replace(' ', '|')})\b|\.(csv|sql)\b|status_words|column "
)
_END = re.compile(r"([.!?][\"')]?|[.!?][\"']? \(.*\))\Z", re.DOTALL)
_STOPS = re.compile(r"(?<![./])\.\.(?![./])|[.!?][,;:]( |\Z)|[:,;]\.( |\Z)|(?<!\.)\.\)\.| \.(?!\.)( |\Z)")


def mistakes(message: str) -> list[str]:
    """What is wrong with a message, in a few words each."""
    found = []
    for line in message.splitlines() or [""]:
        if _PROGRESS.match(line):
            continue
        if not _BEGINNING.match(line):
            found.append("begins as a fragment")
        if not _END.search(line):
            found.append("has no full stop")
        if _STOPS.search(line):
            found.append("has a stop too much")
    return found


class _Handler(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__()
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(EXAMPLES):  # they speak for their authors
            self._messages.append(record.getMessage())


def _is_made_by_the_package(frame: FrameType | None) -> bool:
    """Not by a test, which may write what it likes."""
    while frame is not None and frame.f_globals["__name__"] == CopernicaError.__module__:
        frame = frame.f_back
    return frame is not None and str(frame.f_globals["__name__"]).startswith(f"{LOGGER}.")


@contextmanager
def recorded_messages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """All that is logged, and the texts of all errors that are made, in between."""
    messages: list[str] = []
    handler = _Handler(messages)
    make = CopernicaError.__init__

    def recording(error: CopernicaError, *args: object, **kwargs: object) -> None:
        make(error, *args, **kwargs)  # type: ignore[arg-type]  # as they came
        if _is_made_by_the_package(sys._getframe(1)):
            messages.append(str(error))

    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    monkeypatch.setattr(CopernicaError, "__init__", recording)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
