"""What is remembered of an import across the attempts of a task, and what an attempt does with it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.client.messages import Body
from airflow_provider_copernica.client.polling import import_failed, is_unknown_import
from airflow_provider_copernica.exceptions import (
    CopernicaAmbiguousError,
    CopernicaApiError,
    CopernicaError,
    CopernicaImportUnknownError,
    CopernicaReplyError,
)
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators._attempts import (
    AcceptedImport,
    Attempt,
    AttemptRecord,
    PreviousImport,
    Resolution,
    UnconfirmedImport,
    classify_previous,
    is_retry,
    read_attempt_record,
    resolve,
)
from airflow_provider_copernica.operators._steps import Kept
from airflow_provider_copernica.payload.parameters import ImportParameters
from airflow_provider_copernica.version_compat import task_state_store

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

__all__ = ["AttemptStore", "Finished", "Plan", "Reconnect", "Submit", "SubmitAfter", "plan_attempt", "post_import"]

log = logging.getLogger(__name__)

KEY = "copernica_import"
# what a person has to do before the task may run again
LOOK_FOR_IT = (
    "It is not sent again by itself, since it may be running or done: look for it in Copernica (Profiles, Imports) "
    "and clear the task if it is not there."
)


class AttemptStore:
    """
    The record of this task in Airflow's task state store; below Airflow 3.3 that of this attempt alone.

    :param context: of the task.
    :param durable: False to remember nothing.
    """

    def __init__(self, context: Context, *, durable: bool) -> None:
        self._store = task_state_store(context) if durable else None
        self.attempt = _read_attempt(context)
        self.record: AttemptRecord | None = None

    @property
    def remembers(self) -> bool:
        """Return whether the next attempt will know of this one."""
        return self._store is not None

    def load(self) -> AttemptRecord | None:
        """
        Return the record of an earlier attempt.

        :raises CopernicaAmbiguousError: there is one that can't be read.
        """
        if self._store is None:
            return None
        try:
            return read_attempt_record(self._store.get(KEY))
        except CopernicaReplyError as error:
            self.save(self.unconfirmed("", {}, idempotent=False, reported=True))
            raise CopernicaAmbiguousError(f"{error} {LOOK_FOR_IT}") from error

    def save(self, record: AttemptRecord) -> None:
        """
        Store a record in place of the one before.

        :param record: of this attempt.
        """
        self.record = record
        if self._store is not None:
            self._store.set(KEY, record.as_dict())

    def forget(self) -> None:
        """Remove the record."""
        self.record = None
        if self._store is not None:
            self._store.delete(KEY)

    def take_over(self, record: AcceptedImport) -> AcceptedImport:
        """
        Make the import of an earlier attempt that of this one.

        :param record: of the earlier attempt.
        """
        own = replace(record, attempt=self.attempt.number, max_tries=self.attempt.max_tries)
        self.save(own)
        return own

    def unconfirmed(self, name: str, kept: Kept, *, idempotent: bool, reported: bool = False) -> UnconfirmedImport:
        """Return this attempt's record of an import without an ID."""
        return UnconfirmedImport(name, idempotent, self.attempt.number, self.attempt.max_tries, reported, kept)

    def accepted(self, import_id: int, name: str, *, idempotent: bool, kept: Kept) -> AcceptedImport:
        """Return this attempt's record of an import with an ID."""
        return AcceptedImport(import_id, name, idempotent, self.attempt.number, self.attempt.max_tries, kept)


def _read_attempt(context: Context) -> Attempt:
    """
    Return which attempt of its task this is.

    Clearing raises ``max_tries`` by the attempts made so far, so the first attempt after it can be computed, as long as
    nobody has changed the ``retries`` of the DAG file in between.
    """
    ti, task = context["ti"], context["task"]
    max_tries = int(ti.max_tries)
    return Attempt(int(ti.try_number), max_tries, max_tries - int(task.retries or 0) + 1)


def post_import(
    store: AttemptStore,
    hook: CopernicaHook,
    parameters: ImportParameters,
    body: Body,
    prepare: Callable[[], Kept],
    *,
    idempotent: bool,
) -> AcceptedImport:
    """
    Post an import between two records, so that a worker lost on the way does not go unnoticed.

    :param store: of this task.
    :param hook: of the account.
    :param parameters: of the import.
    :param body: of the request.
    :param prepare: called last of all that may fail without doubt; returns what the options of the import keep.
    :param idempotent: whether doing it twice changes nothing more than doing it once.
    :raises CopernicaAmbiguousError: it may be running, and must not be sent again.
    """
    name = parameters.name or ""
    hook.authenticate()  # what fails here leaves no doubt
    kept = prepare()
    store.save(store.unconfirmed(name, kept, idempotent=idempotent))
    try:
        import_id = hook.post_import(body, idempotent=idempotent, database=parameters.database)
    except CopernicaAmbiguousError as error:
        store.save(store.unconfirmed(name, kept, idempotent=False, reported=True))
        raise CopernicaAmbiguousError(
            f"{error.reason} {LOOK_FOR_IT}",
            names=(f"import {name!r}", *error.names),
            status_code=error.status_code,
            api_message=error.api_message,
        ) from error
    except CopernicaError:
        store.forget()  # it certainly was not accepted, or doing it again does no harm
        raise
    except BaseException as error:  # time-outs and terminations of Airflow are not an Exception
        if idempotent:
            raise
        store.save(store.unconfirmed(name, kept, idempotent=False, reported=True))
        raise CopernicaAmbiguousError(
            f"The import was interrupted while it was sent ({type(error).__name__}). {LOOK_FOR_IT}",
            names=(f"import {name!r}", f"connection {hook.copernica_conn_id!r}"),
        ) from error
    accepted = store.accepted(import_id, name, idempotent=idempotent, kept=kept)
    try:
        store.save(accepted)
    except Exception:  # whatever Airflow's API raises: the import has been made, so waiting for it goes on
        log.exception("The ID of import %d could not be stored for later attempts.", import_id)
    return accepted


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


def plan_attempt(store: AttemptStore, hook: CopernicaHook) -> Plan:
    """
    Look at what an earlier attempt left, and return what this one has to do.

    :param store: of this task.
    :param hook: of the account.
    :raises CopernicaAmbiguousError: an earlier import must not be repeated.
    :raises CopernicaImportFailedError: it failed after lines were processed, and must not be repeated.
    :raises CopernicaImportUnknownError: Copernica no longer knows it.
    """
    record = store.load()
    if record is None:
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
        store.save(store.unconfirmed(record.name, record.kept, idempotent=False, reported=True))
        return CopernicaAmbiguousError(
            f"An earlier attempt was lost while it sent the import, which Copernica may have. {LOOK_FOR_IT}",
            names=(f"import {record.name!r}", f"connection {hook.copernica_conn_id!r}"),
        )
    if status is None:
        return CopernicaImportUnknownError(
            f"Copernica no longer knows import {record.import_id}.",
            names=(f"import {record.name!r}", f"connection {hook.copernica_conn_id!r}"),
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
