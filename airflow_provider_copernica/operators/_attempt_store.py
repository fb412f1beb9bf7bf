"""What is remembered of an import across the attempts of a task, and what the next attempt does."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.client.messages import Body
from airflow_provider_copernica.client.operations import failed
from airflow_provider_copernica.exceptions import (
    CopernicaAmbiguousError,
    CopernicaApiError,
    CopernicaAuthError,
    CopernicaError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators._attempts import (
    AttemptRecord,
    PreviousImport,
    Resolution,
    Stage,
    classify_previous,
    read_attempt_record,
    resolve,
)
from airflow_provider_copernica.version_compat import attempts, task_state_store

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

KEY = "copernica_import"


@dataclass(frozen=True)
class Decision:
    """
    What an attempt of a task does first.

    :param step: what to do.
    :param mark: what was remembered of an earlier attempt.
    :param status: of its import, where Copernica knows it.
    """

    step: Resolution
    mark: AttemptRecord | None = None
    status: CopernicaImport | None = None


class AttemptStore:
    """
    The mark of this task in Airflow's task state store.

    :param context: of the task.
    :param durable: False to remember nothing.
    """

    def __init__(self, context: Context, *, durable: bool) -> None:
        self._store = task_state_store(context) if durable else None
        self._attempt, self._first_attempt = attempts(context) if self._store is not None else (1, 1)

    @property
    def remembers(self) -> bool:
        """False below Airflow 3.3, where a retry knows nothing of earlier attempts."""
        return self._store is not None

    def post(self, hook: CopernicaHook, name: str, body: Body, *, idempotent: bool) -> AttemptRecord:
        """
        Posts an import between two marks, so that a worker lost on the way does not go unnoticed.

        :param name: of the import.
        :param idempotent: whether doing it twice changes nothing more than doing it once.
        :return: with the ID of the import.
        :raises CopernicaAmbiguousError: when it may be running, and must not be sent again.
        """
        hook.authenticate()  # what fails here is no reason for doubt
        self._save(AttemptRecord(Stage.POSTING, name, self._attempt, idempotent=idempotent))
        try:
            import_id = hook.post_import(body, idempotent=idempotent)
        except CopernicaAmbiguousError as error:
            self._save(AttemptRecord(Stage.UNCONFIRMED, name, self._attempt))
            raise CopernicaAmbiguousError(f"{error} {look_for(name)}", status_code=error.status_code) from error
        except AirflowTaskTimeout as error:
            if idempotent:
                raise
            self._save(AttemptRecord(Stage.UNCONFIRMED, name, self._attempt))
            raise CopernicaAmbiguousError(
                f"execution_timeout came while the import was sent. {look_for(name)}"
            ) from error
        except CopernicaError:
            self._forget()  # it certainly was not accepted, or doing it again does no harm
            raise
        mark = AttemptRecord(Stage.POSTED, name, self._attempt, import_id, idempotent)
        self._save_id(mark)
        return mark

    def _load(self) -> AttemptRecord | None:
        if self._store is None:
            return None
        try:
            return read_attempt_record(self._store.get(KEY))
        except CopernicaReplyError as error:
            self._save(AttemptRecord(Stage.UNCONFIRMED, "", self._attempt))
            raise CopernicaAmbiguousError(f"{error} {look_for('')}") from error

    def _save(self, mark: AttemptRecord) -> None:
        if self._store is not None:
            self._store.set(KEY, mark.as_dict())

    def _forget(self) -> None:
        if self._store is not None:
            self._store.delete(KEY)

    def _save_id(self, mark: AttemptRecord) -> None:
        try:
            self._save(mark)
        except Exception:  # whatever Airflow's API raises: the import has been made, so waiting for it goes on
            log.exception("Could not store the ID of Copernica import %s for later attempts.", mark.import_id)

    def decide(self, hook: CopernicaHook) -> Decision:
        """
        What this attempt has to do about an earlier one.

        :raises CopernicaAmbiguousError: when an earlier import must not be repeated.
        :raises CopernicaImportFailedError: when it failed half-way, and must not be repeated.
        """
        mark = self._load()
        status = None if mark is None or mark.import_id is None else _look(hook, mark.import_id)
        what = classify_previous(mark, status)
        retry = mark is not None and mark.attempt >= self._first_attempt
        step = resolve(what, retry=retry, idempotent=mark is not None and mark.idempotent)
        if mark is not None:
            log.info("An earlier attempt: %s (%s). Now: %s.", status or repr(mark.name), what.value, step.value)
            if step is Resolution.FAIL:
                raise self._refuse(what, mark, status)
            if step is Resolution.SUBMIT and what in (
                PreviousImport.UNCONFIRMED,
                PreviousImport.REPORTED,
                PreviousImport.UNKNOWN_TO_API,
            ):
                log.warning("An earlier import named %r may have been carried out; it is sent again.", mark.name)
            if step is Resolution.RECONNECT:
                self._save(replace(mark, attempt=self._attempt))  # this attempt's import from now on
        return Decision(step, mark, status)

    def _refuse(self, what: PreviousImport, mark: AttemptRecord, status: CopernicaImport | None) -> CopernicaError:
        if what in (PreviousImport.UNCONFIRMED, PreviousImport.REPORTED):
            self._save(AttemptRecord(Stage.UNCONFIRMED, mark.name, self._attempt))
            return CopernicaAmbiguousError(
                f"An earlier attempt was lost while it sent the import. {look_for(mark.name)}"
            )
        if status is None:
            return CopernicaAmbiguousError(
                f"Copernica does not know import {mark.import_id}, which an earlier attempt made. {look_for(mark.name)}"
            )
        return failed(status)


def look_for(name: str) -> str:
    """
    What a person has to do before the task may run again.

    :param name: of the import; empty where it is not known.
    """
    return (
        f"It is not repeated, since it may be running or done: look for {repr(name) if name else 'it'} in Copernica "
        "(Profiles, Imports). "
        "If it is not there, clear the task to send it again."
    )


def _look(hook: CopernicaHook, import_id: int) -> CopernicaImport | None:
    try:
        return hook.get_import(import_id)
    except (CopernicaAuthError, CopernicaUnavailableError):
        raise
    except CopernicaApiError as error:
        if error.status_code in (400, 404, 410):
            log.warning("Copernica does not tell the status of import %d: %s", import_id, error)
            return None
        raise
