"""
What a run does with what the last one left in the folder of a snapshot.

A run writes its records and a pointer to them *before* it sends anything, with what is on its way flagged, and puts the
import's ID into the pointer afterwards. So whatever ends it, and wherever, the next run finds one of these:

=====================================================  ===============================================================
the pointer with the highest number                    what happens
=====================================================  ===============================================================
there is none, or it can't be read                     everything is sent; what is gone can't be known
it belongs to another task                             refused
of another base URL, database or other key fields      everything is sent; what is gone can't be known
confirmed                                              compared
not confirmed, its import has finished                 compared, as if it were confirmed
not confirmed, its import is running                   fails, to be tried again: nothing is sent
not confirmed, its import failed or is not known       compared; rows that were on their way are sent again
not confirmed, given up                                the same
not confirmed, without an import, of this same run     the same: it is an earlier attempt
not confirmed, without an import, older than an hour   the same: whoever wrote it was lost
not confirmed, without an import, else                 fails, to be tried again: another run is about to send
=====================================================  ===============================================================

Where it is compared, everything is sent all the same if the action, the columns or ``ignore_empty_fields`` are others,
or if ``full_every`` is over; gone rows are still found then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from airflow_provider_copernica.snapshot.pointer import Owner, Pointer

__all__ = [
    "Ask",
    "Compare",
    "DamagedPointer",
    "Decision",
    "Found",
    "ImportFate",
    "NoPointer",
    "NoSnapshot",
    "Refuse",
    "Run",
    "StoredPointer",
    "TryLater",
    "decide",
    "decide_removal",
    "other_columns",
]

ABANDONED_AFTER = timedelta(hours=1)
"""A run that wrote a pointer sends its rows at once; after this time it is taken for lost."""
CLOCKS_DIFFER = timedelta(hours=1)  # a moment that is further ahead is a mistake


class ImportFate(Enum):
    """What Copernica says of an import."""

    FINISHED = "finished"
    RUNNING = "running"
    FAILED = "failed"
    UNKNOWN = "unknown"


Ask = Callable[[int], ImportFate]
"""Asks Copernica about an import, by its ID."""


@dataclass(frozen=True)
class Run:
    """
    The run that wants to send rows.

    :param task: that runs.
    :param run: the DAG run.
    :param base_url: of the API.
    :param database: ID of the database.
    :param key_fields: of the import.
    :param action: of the import.
    :param ignore_empty_fields: whether empty cells leave stored values alone.
    :param full_every: the longest time between two runs that send everything.
    :param now: the moment.
    """

    task: Owner
    run: str
    base_url: str
    database: int
    key_fields: tuple[str, ...]
    action: str
    ignore_empty_fields: bool
    full_every: timedelta
    now: datetime


@dataclass(frozen=True)
class NoPointer:
    """The folder has no pointer."""

    number: int = 0


@dataclass(frozen=True)
class DamagedPointer:
    """The pointer can't be read, or its records can't."""

    number: int


@dataclass(frozen=True)
class StoredPointer:
    """A pointer, and its number."""

    number: int
    pointer: Pointer


Found = NoPointer | DamagedPointer | StoredPointer


@dataclass(frozen=True)
class NoSnapshot:
    """
    There is no snapshot to compare with: everything is sent, and what is gone is not known.

    :param reason: the beginning of a sentence: "Everything is sent, since ...".
    """

    reason: str


@dataclass(frozen=True)
class Compare:
    """
    Compare the rows with a snapshot.

    :param pointer: what it means.
    :param settled: whether the import that it was written for has finished.
    :param full: why everything is sent all the same; None: only what changed.
    """

    pointer: Pointer
    settled: bool
    full: str | None = None


@dataclass(frozen=True)
class Refuse:
    """
    Fail for good.

    :param message: why, and what to do.
    """

    message: str


@dataclass(frozen=True)
class TryLater:
    """
    Fail, so that Airflow tries again later.

    :param message: why.
    """

    message: str


Decision = NoSnapshot | Compare | Refuse | TryLater


def decide(found: Found, run: Run, ask: Ask) -> Decision:
    """
    Return what a run does, as the table above says.

    :param found: what is in the folder.
    :param run: the run.
    :param ask: called for an import that is not known to have finished.
    """
    stored = _stored(found)
    if isinstance(stored, NoSnapshot):
        return stored
    pointer = stored.pointer
    if pointer.owner.name != run.task.name:
        return Refuse(_of_another_task(stored, run))
    if pointer.run == run.run and pointer.owner.map_index != run.task.map_index:
        return Refuse(
            f"snapshot: instance {pointer.owner.map_index} of this mapped task keeps its snapshot in the same folder: "
            "give each a folder of its own, named by what it imports"
        )
    if other := _other_identity(pointer, run):
        return NoSnapshot(f"the last snapshot is of {other}")
    settled = _is_settled(pointer, run, ask)
    return settled if isinstance(settled, TryLater) else Compare(pointer, settled, _why_full(pointer, run))


def decide_removal(found: Found, run: Run, ask: Ask) -> Decision:
    """
    Return what the task does that removes gone rows: :class:`NoSnapshot` where there can't be any.

    :param found: what is in the folder.
    :param run: the run; its key fields are empty where they are to be those of the snapshot.
    :param ask: called for an import that is not known to have finished.
    """
    stored = _stored(found)
    if isinstance(stored, NoSnapshot):
        return stored
    pointer = stored.pointer
    if other := _other_identity(pointer, run):
        return Refuse(
            f"snapshot: the folder holds the snapshot of {other}, whose gone rows can't be removed here: give the "
            "folder, the connection, the database and the key fields of the task that keeps it"
        )
    settled = _is_settled(pointer, run, ask)
    return settled if isinstance(settled, TryLater) else Compare(pointer, settled)


def other_columns(pointer: Pointer, columns: tuple[str, ...]) -> str | None:
    """
    Return why everything is sent, if the columns are others; known as soon as the first row is.

    With ``ignore_empty_fields`` a row with an empty cell is a row without it, so that the rows themselves tell.

    :param pointer: of the last snapshot.
    :param columns: of the rows, sorted.
    """
    return None if pointer.ignore_empty_fields or pointer.columns == columns else "the columns are others"


def _stored(found: Found) -> StoredPointer | NoSnapshot:
    """The pointer; or why there is none to compare with."""
    match found:
        case NoPointer():
            return NoSnapshot("there is no snapshot yet")
        case DamagedPointer():
            return NoSnapshot("the last snapshot can't be read")
    return found


def _of_another_task(found: StoredPointer, run: Run) -> str:
    return (
        f"snapshot: the folder belongs to the task {found.pointer.owner.name!r}: give this task a folder of its own. "
        f"If it is the same task under a new name, put dag {run.task.dag!r} and task {run.task.task!r} in the place of "
        f"the old names under 'owner' in the file {found.number:06}.json"
    )


def _other_identity(pointer: Pointer, run: Run) -> str | None:
    if pointer.base_url != run.base_url:
        return "another base URL"
    if pointer.database != run.database:
        return "another database"
    if run.key_fields and sorted(pointer.key_fields) != sorted(run.key_fields):
        return "rows with other key fields"
    return None


def _is_settled(pointer: Pointer, run: Run, ask: Ask) -> bool | TryLater:
    if pointer.confirmed:
        return True
    if pointer.import_id is not None:
        fate = ask(pointer.import_id)
        if fate is ImportFate.RUNNING:
            return TryLater(
                f"Import {pointer.import_id} of the last snapshot is still running, so nothing was sent to Copernica. "
                "If it never ends, remove all files of the folder, so that everything is sent"
            )
        return fate is ImportFate.FINISHED
    if pointer.given_up or _is_own(pointer, run) or abs(run.now - pointer.written_at) > ABANDONED_AFTER:
        return False
    return TryLater(
        f"Another run ({pointer.run!r}) is about to send rows of this snapshot, or was lost within the last hour, so "
        "nothing was sent to Copernica"
    )


def _is_own(pointer: Pointer, run: Run) -> bool:
    own = (run.run, run.task.task, run.task.map_index)
    return (pointer.run, pointer.writer, pointer.owner.map_index) == own


def _why_full(pointer: Pointer, run: Run) -> str | None:
    if pointer.action != run.action:
        return f"the action was {pointer.action!r} before"
    if pointer.ignore_empty_fields != run.ignore_empty_fields:
        return "ignore_empty_fields was another"
    return "full_every is over" if _is_over(pointer, run) else None


def _is_over(pointer: Pointer, run: Run) -> bool:
    """Whether everything is due, which a clock that was ahead must not put off."""
    since = run.now - pointer.full_at
    return not run.full_every or since >= run.full_every or -since > CLOCKS_DIFFER
