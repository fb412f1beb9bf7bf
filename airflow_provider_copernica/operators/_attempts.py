"""
What the next attempt of a task does about the import that an earlier attempt made, or may have made.

Imports have no undo, no list and no way to be cancelled (documentation of ``POST imports`` and ``GET import/$id``), so
a second one must never be made by accident. An attempt leaves a record in Airflow's task state store before it sends
the import and completes it with the import's ID afterwards. The next attempt reads the record, looks at the import, and
follows a table:

======================  ============================================  ==========================================
the previous import     Airflow has retried the task                  a person has cleared the task
======================  ============================================  ==========================================
none                    submit                                        submit
unconfirmed             submit if idempotent, else fail               submit if idempotent, else fail
reported                submit if idempotent, else fail               submit
running                 reconnect                                     wait until it has ended, then submit
finished                return its result                             submit
failed                  submit                                        submit
partially processed     submit if idempotent, else fail               submit
unknown to the API      fail                                          submit
======================  ============================================  ==========================================

*Unconfirmed* is a record without an ID: a worker was lost, or the reply, so that nobody knows whether Copernica has the
import. It fails once even after a clear, since the person who cleared has not been told yet; then it is *reported*.
Whoever clears a task wants the rows as they are now, so a running import is waited for, not taken as the result: two at
once may overlap in any order (undocumented).

Retry or clear: clearing raises the ``max_tries`` of the task instance, a retry does not, so the record remembers it.
The ``retries`` in the DAG file prove nothing, since the file may have changed in between. Of a task that a worker runs
Airflow 3.3 raises it when the executor reports that the worker has ended; where it reports a failure instead, the clear
looks like a retry, unless no retries were left. Then the attempt reconnects, since a second import does more harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from airflow_provider_copernica.client.convert import to_boolean
from airflow_provider_copernica.client.import_states import ImportState
from airflow_provider_copernica.client.imports import CopernicaImport, read_import_id
from airflow_provider_copernica.exceptions import CopernicaReplyError
from airflow_provider_copernica.operators._steps import Kept, read_kept

__all__ = [
    "AcceptedImport",
    "Attempt",
    "AttemptRecord",
    "PreviousImport",
    "Resolution",
    "UnconfirmedImport",
    "classify_previous",
    "has_processed_lines",
    "is_retry",
    "read_attempt_record",
    "resolve",
]

# values of "stage" as earlier versions stored them, too: they never change
_POSTING, _REPORTED, _POSTED = "posting", "unclear", "posted"


@dataclass(frozen=True)
class Attempt:
    """
    An attempt of a task, in Airflow's numbers.

    :param number: from 1 on; it goes on growing when a person clears the task.
    :param max_tries: raised by a clear, not by a retry.
    :param first_number: of the first attempt since the task was new or cleared, as the DAG file's ``retries`` have it.
    """

    number: int = 1
    max_tries: int = 0
    first_number: int = 1


@dataclass(frozen=True)
class UnconfirmedImport:
    """
    An import that was about to be sent, or was sent without a reply that confirms it.

    :param name: of the import, to look for in Copernica.
    :param idempotent: whether doing it twice changes nothing more than doing it once.
    :param attempt: number of the attempt.
    :param max_tries: of the task instance then; None in a record of the first version.
    :param reported: whether the task has failed with the advice to look for it.
    :param kept: what the options of the import need later.
    """

    name: str
    idempotent: bool
    attempt: int
    max_tries: int | None
    reported: bool = False
    kept: Kept = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return what is stored: JSON, without any row or secret."""
        return {**_common(self), "stage": _REPORTED if self.reported else _POSTING, "import_id": None}


@dataclass(frozen=True)
class AcceptedImport:
    """
    An import that Copernica gave an ID.

    :param import_id: the ID.
    :param name: of the import.
    :param idempotent: whether doing it twice changes nothing more than doing it once.
    :param attempt: number of the attempt; where a later one reconnected, that one's.
    :param max_tries: of the task instance then; None in a record of the first version.
    :param kept: what the options of the import need after its end.
    :param database: that it went into; None where an earlier version has not stored it.
    """

    import_id: int
    name: str
    idempotent: bool
    attempt: int
    max_tries: int | None
    kept: Kept = field(default_factory=dict)
    database: int | None = None

    def as_dict(self) -> dict[str, object]:
        """Return what is stored: JSON, without any row or secret."""
        return {**_common(self), "stage": _POSTED, "import_id": self.import_id, "database": self.database}


AttemptRecord = UnconfirmedImport | AcceptedImport


def _common(record: AttemptRecord) -> dict[str, object]:
    options = {"options": dict(record.kept)} if record.kept else {}
    return {
        **options,
        "name": record.name,
        "attempt": record.attempt,
        "max_tries": record.max_tries,
        "safe_to_repeat": record.idempotent,  # the word of the first version
    }


def read_attempt_record(value: object) -> AttemptRecord | None:
    """
    Read what an earlier attempt stored.

    :param value: as stored; None for nothing.
    :raises CopernicaReplyError: it can't be read; better to stop than to import twice.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise _unreadable()
    try:
        name, attempt = str(value.get("name", "")), int(value["attempt"])
        idempotent = to_boolean(value.get("safe_to_repeat", False))
        max_tries = None if value.get("max_tries") is None else int(value["max_tries"])
        stage, import_id = value["stage"], value.get("import_id")
        kept = read_kept(value.get("options"))
        if stage == _POSTED:
            database = None if value.get("database") is None else int(value["database"])
            return AcceptedImport(read_import_id(import_id), name, idempotent, attempt, max_tries, kept, database)
    except (LookupError, TypeError, ValueError) as error:
        raise _unreadable() from error
    if stage not in (_POSTING, _REPORTED) or import_id is not None:
        raise _unreadable()
    return UnconfirmedImport(name, idempotent, attempt, max_tries, reported=stage == _REPORTED, kept=kept)


def _unreadable() -> CopernicaReplyError:
    return CopernicaReplyError("What Airflow stores of this task's import can't be read.")


def is_retry(record: AttemptRecord, attempt: Attempt) -> bool:
    """
    Return whether Airflow has retried the task since a record was made; else a person has cleared it.

    :param record: of the earlier attempt.
    :param attempt: the present one.
    """
    if record.max_tries is None:
        return record.attempt >= attempt.first_number
    beyond_all_retries = attempt.number > attempt.max_tries + 1
    return record.max_tries == attempt.max_tries and not beyond_all_retries


class PreviousImport(Enum):
    """What became of the import of an earlier attempt."""

    NONE = "none"
    UNCONFIRMED = "unconfirmed"
    REPORTED = "reported"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    PARTIALLY_PROCESSED = "partially processed"
    UNKNOWN_TO_API = "unknown to the API"


class Resolution(Enum):
    """What to do about it."""

    SUBMIT = "submit"
    RECONNECT = "reconnect"
    RETURN_RESULT = "return its result"
    WAIT_AND_SUBMIT = "wait until it has ended, then submit"
    FAIL = "fail"


def has_processed_lines(status: CopernicaImport) -> bool:
    """
    Return whether lines were processed, or may have been.

    :param status: of an import that failed.
    """
    return status.processed_lines != 0


def classify_previous(record: AttemptRecord | None, status: CopernicaImport | None) -> PreviousImport:
    """
    Return what became of an earlier import.

    :param record: of the earlier attempt; None where there was none.
    :param status: of the import with the recorded ID; None where Copernica doesn't know it.
    """
    if record is None:
        return PreviousImport.NONE
    if isinstance(record, UnconfirmedImport):
        return PreviousImport.REPORTED if record.reported else PreviousImport.UNCONFIRMED
    if status is None:
        return PreviousImport.UNKNOWN_TO_API
    if status.state is ImportState.BUSY:
        return PreviousImport.RUNNING
    if status.state is ImportState.FINISHED:
        return PreviousImport.FINISHED
    return PreviousImport.PARTIALLY_PROCESSED if has_processed_lines(status) else PreviousImport.FAILED


_ON_RETRY = {
    PreviousImport.NONE: Resolution.SUBMIT,
    PreviousImport.UNCONFIRMED: Resolution.FAIL,
    PreviousImport.REPORTED: Resolution.FAIL,
    PreviousImport.RUNNING: Resolution.RECONNECT,
    PreviousImport.FINISHED: Resolution.RETURN_RESULT,
    PreviousImport.FAILED: Resolution.SUBMIT,
    PreviousImport.PARTIALLY_PROCESSED: Resolution.FAIL,
    PreviousImport.UNKNOWN_TO_API: Resolution.FAIL,
}
_ON_CLEAR = {
    **dict.fromkeys(PreviousImport, Resolution.SUBMIT),
    PreviousImport.UNCONFIRMED: Resolution.FAIL,
    PreviousImport.RUNNING: Resolution.WAIT_AND_SUBMIT,
}
_SUBMIT_IF_IDEMPOTENT = {PreviousImport.UNCONFIRMED, PreviousImport.REPORTED, PreviousImport.PARTIALLY_PROCESSED}


def resolve(previous: PreviousImport, *, retry: bool, idempotent: bool) -> Resolution:
    """
    Return what an attempt has to do, as the table above says.

    :param previous: what became of the earlier import.
    :param retry: whether Airflow has retried the task; else a person has cleared it.
    :param idempotent: whether doing it twice changes nothing more than doing it once.
    """
    if idempotent and previous in _SUBMIT_IF_IDEMPOTENT:
        return Resolution.SUBMIT
    return (_ON_RETRY if retry else _ON_CLEAR)[previous]
