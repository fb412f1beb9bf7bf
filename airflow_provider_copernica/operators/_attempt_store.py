"""What is remembered of an import across the attempts of a task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_copernica.client.messages import Body
from airflow_provider_copernica.exceptions import (
    CopernicaAmbiguousError,
    CopernicaError,
    CopernicaReplyError,
)
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators._attempts import (
    AcceptedImport,
    Attempt,
    AttemptRecord,
    UnconfirmedImport,
    read_attempt_record,
)
from airflow_provider_copernica.operators._steps import Kept
from airflow_provider_copernica.payload.parameters import ImportParameters
from airflow_provider_copernica.version_compat import task_state_store

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

__all__ = ["LOOK_FOR_IT", "AttemptStore", "import_names", "post_import"]

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
            self.report("", {})
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

    def report(self, name: str, kept: Kept) -> None:
        """
        Store that an import may be running, must not be sent again, and is being reported.

        :param name: of the import.
        :param kept: what its options keep.
        """
        self.save(self.unconfirmed(name, kept, idempotent=False, reported=True))

    def accepted(self, import_id: int, name: str, database: int, *, idempotent: bool, kept: Kept) -> AcceptedImport:
        """Return this attempt's record of an import with an ID."""
        return AcceptedImport(import_id, name, idempotent, self.attempt.number, self.attempt.max_tries, kept, database)


def _read_attempt(context: Context) -> Attempt:
    """
    Return which attempt of its task this is.

    Clearing raises ``max_tries`` by the attempts made so far, so the first attempt after it can be computed, as long as
    nobody has changed the ``retries`` of the DAG file in between.
    """
    ti, task = context["ti"], context["task"]
    max_tries = int(ti.max_tries)
    return Attempt(int(ti.try_number), max_tries, max_tries - int(task.retries or 0) + 1)


def import_names(name: str, hook: CopernicaHook) -> tuple[str, str]:
    """
    Return what stands at the end of a message about an import without an ID.

    :param name: of the import.
    :param hook: of the account.
    """
    return f"import {name!r}", f"connection {hook.copernica_conn_id!r}"


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
        store.report(name, kept)
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
        store.report(name, kept)
        raise CopernicaAmbiguousError(
            f"The import was interrupted while it was sent ({type(error).__name__}). {LOOK_FOR_IT}",
            names=import_names(name, hook),
        ) from error
    accepted = store.accepted(import_id, name, parameters.database, idempotent=idempotent, kept=kept)
    try:
        store.save(accepted)
    except Exception:  # whatever Airflow's API raises: the import has been made, so waiting for it goes on
        log.exception("The ID of import %d could not be stored for later attempts.", import_id)
    return accepted
