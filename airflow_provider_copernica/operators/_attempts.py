"""Once: what the next attempt of a task does about what an earlier one began. Imports have no undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum

from airflow_provider_copernica.client.imports import CopernicaImport, ImportState
from airflow_provider_copernica.exceptions import CopernicaReplyError

_UNREADABLE = "What Airflow stores of this task's import can't be read."


class Stage(Enum):
    """How far an earlier attempt is known to have come."""

    POSTING = "posting"  # the mark made before the POST: whether it arrived is unknown
    UNCONFIRMED = "unclear"  # likewise, and the person who owns the task was told
    POSTED = "posted"  # Copernica gave an ID


@dataclass(frozen=True)
class AttemptRecord:
    """
    What is remembered of an attempt; no row, no secret.

    :param attempt: its number; where a later attempt went on with the same import, that one's.
    :param stage: how far it came.
    :param name: the name of the import, to look for in Copernica.
    :param import_id: its ID, once known.
    :param idempotent: whether doing it twice changes nothing more than doing it once.
    """

    stage: Stage
    name: str
    attempt: int
    import_id: int | None = None
    idempotent: bool = False

    def as_dict(self) -> dict[str, object]:
        """As it is stored: JSON."""
        stored = {**asdict(self), "stage": self.stage.value}
        # the key of the first version: a task may go on with a record that another version stored
        stored["safe_to_repeat"] = stored.pop("idempotent")
        return stored


def read_attempt_record(value: object) -> AttemptRecord | None:
    """
    Reads what was remembered.

    :param value: as stored; None for nothing.
    :raises CopernicaReplyError: when it can't be read: better to stop than to import twice.
    """
    if value is None:
        return None
    try:
        fields = dict(value) if isinstance(value, Mapping) else {}
        mark = AttemptRecord(
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


class PreviousImport(Enum):
    """What became of the earlier import."""

    NOTHING = "nothing"  # there was none
    UNCONFIRMED = "lost"  # a worker was lost between the POST and its reply
    REPORTED = "told"  # likewise, and the task has said so before
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    PARTIALLY_PROCESSED = "failed midway"  # after lines were processed
    UNKNOWN_TO_API = "gone"  # Copernica no longer knows it


class Resolution(Enum):
    """What to do about it."""

    SUBMIT = "submit"
    RECONNECT = "reconnect"
    RETURN = "return its result"
    FAIL = "fail"


def partially_processed(status: CopernicaImport) -> bool:
    """Whether lines were processed, or may have been."""
    return status.processed_lines != 0


def classify_previous(mark: AttemptRecord | None, status: CopernicaImport | None) -> PreviousImport:
    """
    What became of an earlier import.

    :param mark: what is remembered.
    :param status: the status of the import with the remembered ID; None where Copernica doesn't know it.
    """
    if mark is None:
        return PreviousImport.NOTHING
    if mark.stage is not Stage.POSTED:
        return PreviousImport.REPORTED if mark.stage is Stage.UNCONFIRMED else PreviousImport.UNCONFIRMED
    if status is None:
        return PreviousImport.UNKNOWN_TO_API
    if status.state is ImportState.BUSY:
        return PreviousImport.RUNNING
    if status.state is ImportState.FINISHED:
        return PreviousImport.FINISHED
    return PreviousImport.PARTIALLY_PROCESSED if partially_processed(status) else PreviousImport.FAILED


def resolve(what: PreviousImport, *, retry: bool, idempotent: bool) -> Resolution:
    """
    The table.

    :param what: what became of the earlier import.
    :param retry: Airflow has retried the task by itself since then; else a person has cleared it.
    :param idempotent: doing it twice changes nothing more than doing it once.
    """
    match what:
        case PreviousImport.NOTHING | PreviousImport.FAILED:
            return Resolution.SUBMIT
        case PreviousImport.RUNNING:
            return Resolution.RECONNECT
        case PreviousImport.FINISHED:
            return Resolution.RETURN if retry else Resolution.SUBMIT
        case PreviousImport.UNCONFIRMED:
            # even a person who clears the task has not been told yet
            return Resolution.SUBMIT if idempotent else Resolution.FAIL
        case PreviousImport.UNKNOWN_TO_API:
            return Resolution.FAIL if retry else Resolution.SUBMIT
        case PreviousImport.REPORTED | PreviousImport.PARTIALLY_PROCESSED:
            return Resolution.SUBMIT if idempotent or not retry else Resolution.FAIL
