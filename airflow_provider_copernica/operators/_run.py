"""One process's part in an attempt of a task: from what an earlier attempt left to the end of the import."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Literal, NoReturn

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.client.progress import ProgressLog
from airflow_provider_copernica.exceptions import GOES_ON, CopernicaImportError
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.lineage import report_output
from airflow_provider_copernica.operators._attempt_store import AttemptStore
from airflow_provider_copernica.operators._attempts import AcceptedImport
from airflow_provider_copernica.operators._kept import keep_in_record
from airflow_provider_copernica.operators._outcome import (
    add_to_asset_events,
    keep_return_value,
    pull_import_id,
    push_outcome,
    push_status,
    push_status_of_failure,
)
from airflow_provider_copernica.operators._plan import Finished, Reconnect, Submit, SubmitAfter, plan_attempt
from airflow_provider_copernica.operators._retries import (
    FORGOTTEN,
    after_sending,
    before_sending,
    deferral_error,
    fail_without_retry,
)
from airflow_provider_copernica.operators._steps import ImportSteps, Kept, read_kept
from airflow_provider_copernica.operators._submit import NothingSent, dry_run, submit
from airflow_provider_copernica.operators._waiting import look_once_more, make_trigger, wait_for_end, watch_in_worker
from airflow_provider_copernica.triggers._events import read_event, read_resume_data

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_copernica.operators._options import ImportOptions
    from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

__all__ = ["ImportRun"]

log = logging.getLogger(__name__)


class ImportRun:
    """
    Carry out what an operator was given, in one process.

    :param task: the operator, its template fields rendered.
    :param context: of the task.

    For OpenLineage, it holds the last ``status`` of the import and the ``outcome`` of its options.
    """

    def __init__(self, task: CopernicaImportOperator, context: Context) -> None:
        self.status: CopernicaImport | None = None
        self.outcome: Mapping[str, object] = {}
        self._task = task
        self._context = context
        self._hook = CopernicaHook(task.copernica_conn_id)
        self._store = AttemptStore(context, durable=task.durable)

    def execute(self) -> int | None:
        """Make the import, or find the one that an earlier attempt made, and wait for it."""
        task = self._task
        with fail_without_retry(before_sending):
            options = task.rendered_options()
            steps = task.make_steps(options, self._context, in_worker=not task.deferrable)
            if options.dry_run:
                dry_run(self._hook, *task.rendered_parameters(self._context), options, steps)
                return None
            accepted, status = self._find_or_submit(options, steps)
            if isinstance(accepted, NothingSent):
                return None
        with self._after_sending(idempotent=accepted.idempotent):
            if task.wait_for_completion:
                self._finish(steps, status or self._wait(accepted), accepted.kept)
            else:
                self.status = CopernicaImport(accepted.import_id, accepted.name)
                self._report_output()
            return self._result(accepted.import_id, idempotent=accepted.idempotent)

    def resume(self, event: object, *, safe_to_repeat: bool) -> int:
        """
        Go on after the trigger's event.

        :param event: of the trigger.
        :param safe_to_repeat: whether the import is idempotent, where the event does not say so.
        """
        resume_data = read_resume_data(event)
        own = self._other_import(resume_data.get("import_id"))
        if own is not None:
            log.warning("The event is that of an earlier attempt's import, so this one is waited for in the worker.")
            with self._after_sending(idempotent=own.idempotent):
                status = watch_in_worker(self._hook, own.import_id, self._task.begin_watch())
                self._finish(self._steps(), status, own.kept)
                return self._result(own.import_id, idempotent=own.idempotent)
        idempotent = resume_data.get("idempotent", safe_to_repeat) is True
        with self._after_sending(idempotent=idempotent):
            status = read_event(event)
            self._finish(self._steps(), status, read_kept(resume_data.get("options")))
            return self._result(status.import_id, idempotent=idempotent)

    def wake(self, reason: Literal["timeout", "failure"]) -> int:
        """
        Look once more, where Airflow itself wakes the task.

        :param reason: what Airflow gives.
        """
        with self._after_sending(idempotent=False):
            status = look_once_more(self._hook, pull_import_id(self._context), deferral_error(reason))
            record = self._store.load()
            kept = record.kept if isinstance(record, AcceptedImport) and record.import_id == status.import_id else {}
            self._finish(self._steps(), status, kept)
            return status.import_id

    def on_kill(self) -> None:
        """
        Say what is true when the task is killed in a worker.

        :raises AirflowFailException: Airflow would retry the task without knowing of the import.
        """
        record = self._store.record
        if record is None:
            return
        log.warning("The task was stopped. %s (Import %r)", GOES_ON, record.name)
        if not self._store.remembers and not record.idempotent:
            # it reaches the task's own code, since Airflow calls this from a handler of signals
            raise AirflowFailException(FORGOTTEN)

    def _other_import(self, import_id: object) -> AcceptedImport | None:
        """
        Return the import of this attempt, if it is another than that of the event.

        A task that is cleared while it is deferred may get the event of its earlier attempt: the trigger can end before
        Airflow stops it, and on SQLite the new trigger can have the number of the old one.
        """
        try:
            record = self._store.load()
        except Exception:  # whatever Airflow's API raises: the event is most likely the right one
            log.exception("The record of this attempt could not be read.")
            return None
        if isinstance(import_id, int) and isinstance(record, AcceptedImport) and record.import_id != import_id:
            return record
        return None

    def _steps(self) -> ImportSteps:
        """The steps of a task that was deferred: whoever sent the rows has gone."""
        return self._task.make_steps(self._task.rendered_options(), self._context, in_worker=False)

    def _find_or_submit(
        self, options: ImportOptions, steps: ImportSteps
    ) -> tuple[AcceptedImport | NothingSent, CopernicaImport | None]:
        """The import of this attempt, and its status where it is known to have finished."""
        task = self._task
        plan = plan_attempt(self._store, self._hook, task.database)
        earlier: Kept = {}
        match plan:
            case Finished(record, status):
                return record, status
            case Reconnect(record):
                return record, None
            case SubmitAfter(import_id):
                # in the worker, since two deferrals within one attempt meet a race of Airflow's
                wait_for_end(self._hook, import_id, task.begin_watch(task.execution_timeout))
            case Submit(kept):
                earlier = kept

        # not before: a file that was imported may be gone when a retry reconnects
        parameters, columns = task.rendered_parameters(self._context)
        accepted = submit(self._hook, parameters, columns, options, self._store, steps, self._push_outcome, earlier)
        return accepted, None

    def _wait(self, accepted: AcceptedImport) -> CopernicaImport:
        if self._task.deferrable:
            self._hand_to_triggerer(accepted)
        # in a worker Airflow itself sees to execution_timeout
        return watch_in_worker(self._hook, accepted.import_id, self._task.begin_watch())

    def _hand_to_triggerer(self, accepted: AcceptedImport) -> NoReturn:
        task = self._task
        resume_data: dict[str, object] = {"idempotent": accepted.idempotent, "import_id": accepted.import_id}
        if accepted.kept:
            resume_data["options"] = dict(accepted.kept)
        watch = task.begin_watch(task.execution_timeout)
        trigger, backstop = make_trigger(accepted.import_id, task.copernica_conn_id, watch, resume_data)
        # for the case that Airflow wakes the task without an event
        push_status(self._context, CopernicaImport(accepted.import_id, accepted.name))
        task.defer(trigger=trigger, method_name="execute_complete", timeout=backstop)

    def _finish(self, steps: ImportSteps, status: CopernicaImport, kept: Kept) -> None:
        task, context = self._task, self._context
        ProgressLog(log)(status)
        log.info("Import %d has finished: %s. (Import %r)", status.import_id, status.lines or "no counts", status.name)
        push_status(context, status)
        self.status = status  # after a difference as well
        keep = partial(keep_in_record, self._store, status.import_id)
        steps.after_end(self._hook, status, kept, self._push_outcome, keep)
        add_to_asset_events(task, context, task.database, task.copernica_conn_id, self.outcome)
        self._report_output()

    def _report_output(self) -> None:
        report_output(self._task, self._task.database, self._task.copernica_conn_id)

    def _result(self, import_id: int, *, idempotent: bool) -> int:
        """What the task returns."""
        if not self._store.remembers and not idempotent:
            keep_return_value(self._task, self._context, import_id)
        return import_id

    def _push_outcome(self, option: str, counts: Mapping[str, object]) -> None:
        self.outcome = push_outcome(self._context, option, counts)

    @contextmanager
    def _after_sending(self, *, idempotent: bool) -> Iterator[None]:
        """From the POST to the end: what is known of a failed import is handed on before the error is raised."""
        with fail_without_retry(after_sending(idempotent=idempotent, remembered=self._store.remembers)):
            try:
                yield
            except CopernicaImportError as error:
                if error.copernica_import is not None:
                    self.status = error.copernica_import
                    push_status_of_failure(self._context, error.copernica_import)
                raise
