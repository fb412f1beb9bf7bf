"""What an attempt does with the import of an earlier one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.client.polling import import_failed, is_unknown_import
from airflow_provider_copernica.exceptions import (
    CopernicaAmbiguousError,
    CopernicaApiError,
    CopernicaError,
    CopernicaImportUnknownError,
)
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators._attempt_store import LOOK_FOR_IT, AttemptStore, import_names
from airflow_provider_copernica.operators._attempts import (
    AcceptedImport,
    AttemptRecord,
    PreviousImport,
    Resolution,
    UnconfirmedImport,
    classify_previous,
    is_retry,
    resolve,
)
from airflow_provider_copernica.operators._steps import Kept

__all__ = ["Finished", "Plan", "Reconnect", "Submit", "SubmitAfter", "plan_attempt"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Submit:
    """
    Send the rows.

    :param earlier: what the options kept of the earlier attempt whose import is sent again; empty after a clear.
    """

    earlier: Kept = field(default_factory=dict)


@dataclass(frozen=True)
class SubmitAfter:
    """Wait until the import of an earlier attempt has ended, then send the rows as they are now."""

    import_id: int


@dataclass(frozen=True)
class Reconnect:
    """Go on waiting for the import of an earlier attempt."""

    record: AcceptedImport


@dataclass(frozen=True)
class Finished:
    """Take the result of an earlier attempt's import."""

    record: AcceptedImport
    status: CopernicaImport


Plan = Submit | SubmitAfter | Reconnect | Finished


def plan_attempt(store: AttemptStore, hook: CopernicaHook, database: object) -> Plan:
    """
    Look at what an earlier attempt left, and return what this one has to do.

    :param store: of this task.
    :param hook: of the account.
    :param database: the argument of the task, as it was rendered.
    :raises CopernicaAmbiguousError: an earlier import must not be repeated.
    :raises CopernicaImportFailedError: it failed after lines were processed, and must not be repeated.
    :raises CopernicaImportUnknownError: Copernica no longer knows it.
    """
    record = store.load()
    if record is None:
        return Submit()
    if isinstance(record, AcceptedImport) and _is_other_database(record, database):
        log.warning(
            "The previous attempt's import %d went into database %d, which is not the database of this attempt, so "
            "that its rows are sent.",
            record.import_id,
            record.database,
        )
        return Submit()
    status = _status_of(record, hook)
    previous = classify_previous(record, status)
    retry = is_retry(record, store.attempt)
    resolution = resolve(previous, retry=retry, idempotent=record.idempotent)
    if resolution is Resolution.FAIL:
        raise _refusal(store, hook, record, status)
    log.info("%s %s", _what_became_of(previous, record, status), _what_follows(resolution, retry=retry))
    if isinstance(record, AcceptedImport):
        if resolution is Resolution.RECONNECT:
            return Reconnect(store.take_over(record))
        if resolution is Resolution.WAIT_AND_SUBMIT:
            return SubmitAfter(record.import_id)
        if resolution is Resolution.RETURN_RESULT and status is not None:
            return Finished(store.take_over(record), status)
    return Submit(record.kept if retry else {})


def _is_other_database(record: AcceptedImport, database: object) -> bool:
    """Whether somebody has changed the argument in between; one that is not a number is refused later on."""
    try:
        return record.database is not None and record.database != to_count(database)
    except ValueError:
        return False


def _status_of(record: AttemptRecord, hook: CopernicaHook) -> CopernicaImport | None:
    if isinstance(record, UnconfirmedImport):
        return None
    try:
        return hook.get_import(record.import_id)
    except CopernicaApiError as error:
        if is_unknown_import(error):
            log.warning("%s", error)
            return None
        raise


def _refusal(
    store: AttemptStore, hook: CopernicaHook, record: AttemptRecord, status: CopernicaImport | None
) -> CopernicaError:
    if isinstance(record, UnconfirmedImport):
        store.report(record.name, record.kept)
        return CopernicaAmbiguousError(
            f"An earlier attempt was lost while it sent the import, which Copernica may have. {LOOK_FOR_IT}",
            names=import_names(record.name, hook),
        )
    if status is None:
        return CopernicaImportUnknownError(
            f"Copernica no longer knows import {record.import_id}.",
            names=import_names(record.name, hook),
        )
    return import_failed(status, hook.copernica_conn_id)


_BECAME = {
    PreviousImport.UNCONFIRMED: "The previous attempt's import {name!r} was never confirmed.",
    PreviousImport.REPORTED: "The previous attempt's import {name!r} was never confirmed, and this was reported then.",
    PreviousImport.RUNNING: "The previous attempt's import is still running: {status}.",
    PreviousImport.FINISHED: "The previous attempt's import has finished: {status}.",
    PreviousImport.FAILED: "The previous attempt's import failed before a line was processed: {status}.",
    PreviousImport.PARTIALLY_PROCESSED: "The previous attempt's import failed after lines were processed: {status}.",
    PreviousImport.UNKNOWN_TO_API: "Copernica no longer knows the previous attempt's import {name!r}.",
}
_FOLLOWS = {
    Resolution.RECONNECT: (
        "This attempt goes on waiting for it. (If the task was cleared to send other rows, clear it again afterwards.)"
    ),
    Resolution.RETURN_RESULT: "This attempt takes its result.",
    Resolution.WAIT_AND_SUBMIT: "The task was cleared since: once that import has ended, the rows are sent again.",
}


def _what_became_of(previous: PreviousImport, record: AttemptRecord, status: CopernicaImport | None) -> str:
    return _BECAME[previous].format(name=record.name, status=status)


def _what_follows(resolution: Resolution, *, retry: bool) -> str:
    if resolution is not Resolution.SUBMIT:
        return _FOLLOWS[resolution]
    return "It is submitted again." if retry else "The task was cleared since, so it is submitted again."
