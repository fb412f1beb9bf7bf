"""Once: what the next attempt of a task does about what an earlier one began. Imports have no undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum

from airflow_provider_copernica.client.errors import CopernicaReplyError
from airflow_provider_copernica.client.status import CopernicaImport, ImportState

_UNREADABLE = "What Airflow stores of this task's import can't be read."


class Stage(Enum):
    """How far an earlier attempt is known to have come."""

    POSTING = "posting"  # the mark made before the POST: whether it arrived is unknown
    UNCLEAR = "unclear"  # likewise, and the person who owns the task was told
    POSTED = "posted"  # Copernica gave an ID


@dataclass(frozen=True)
class Mark:
    """
    What is remembered of an attempt; no row, no secret.

    :param attempt: its number; where a later attempt went on with the same import, that one's.
    :param stage: how far it came.
    :param name: the name of the import, to look for in Copernica.
    :param import_id: its ID, once known.
    :param safe_to_repeat: whether doing it twice changes nothing more than doing it once.
    """

    stage: Stage
    name: str
    attempt: int
    import_id: int | None = None
    safe_to_repeat: bool = False

    def as_dict(self) -> dict[str, object]:
        """As it is stored: JSON."""
        return {**asdict(self), "stage": self.stage.value}


def read_mark(value: object) -> Mark | None:
    """
    Reads what was remembered.

    :param value: as stored; None for nothing.
    :raises CopernicaReplyError: when it can't be read: better to stop than to import twice.
    """
    if value is None:
        return None
    try:
        fields = dict(value) if isinstance(value, Mapping) else {}
        mark = Mark(
            Stage(fields["stage"]),
            str(fields.get("name", "")),
            int(fields["attempt"]),
            fields.get("import_id"),
            fields.get("safe_to_repeat") is True,
        )
    except (LookupError, TypeError, ValueError) as error:
        raise CopernicaReplyError(_UNREADABLE) from error
    if (mark.stage is Stage.POSTED) != isinstance(mark.import_id, int):
        raise CopernicaReplyError(_UNREADABLE)
    return mark


class Found(Enum):
    """What became of the earlier import."""

    NOTHING = "nothing"  # there was none
    LOST = "lost"  # a worker was lost between the POST and its reply
    TOLD = "told"  # likewise, and the task has said so before
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    FAILED_MIDWAY = "failed midway"  # after lines were processed
    GONE = "gone"  # Copernica no longer knows it


class Next(Enum):
    """What to do about it."""

    SUBMIT = "submit"
    RECONNECT = "reconnect"
    RETURN = "return its result"
    FAIL = "fail"


def failed_midway(status: CopernicaImport) -> bool:
    """Whether lines were processed, or may have been."""
    return status.processed_lines != 0


def found(mark: Mark | None, status: CopernicaImport | None) -> Found:
    """
    What became of an earlier import.

    :param mark: what is remembered.
    :param status: the status of the import with the remembered ID; None where Copernica doesn't know it.
    """
    if mark is None:
        return Found.NOTHING
    if mark.stage is not Stage.POSTED:
        return Found.TOLD if mark.stage is Stage.UNCLEAR else Found.LOST
    if status is None:
        return Found.GONE
    if status.state is ImportState.BUSY:
        return Found.RUNNING
    if status.state is ImportState.FINISHED:
        return Found.FINISHED
    return Found.FAILED_MIDWAY if failed_midway(status) else Found.FAILED


def next_step(what: Found, *, retry: bool, safe_to_repeat: bool) -> Next:
    """
    The table.

    :param what: what became of the earlier import.
    :param retry: Airflow has retried the task by itself since then; else a person has cleared it.
    :param safe_to_repeat: doing it twice changes nothing more than doing it once.
    """
    match what:
        case Found.NOTHING | Found.FAILED:
            return Next.SUBMIT
        case Found.RUNNING:
            return Next.RECONNECT
        case Found.FINISHED:
            return Next.RETURN if retry else Next.SUBMIT
        case Found.LOST:
            # even a person who clears the task has not been told yet
            return Next.SUBMIT if safe_to_repeat else Next.FAIL
        case Found.GONE:
            return Next.FAIL if retry else Next.SUBMIT
        case Found.TOLD | Found.FAILED_MIDWAY:
            return Next.SUBMIT if safe_to_repeat or not retry else Next.FAIL
