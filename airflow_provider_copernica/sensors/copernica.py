"""The sensor: waits for an import that something else made."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, Unpack

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_copernica.arguments import SensorArguments, refuse_unknown, rendered
from airflow_provider_copernica.client.imports import read_import_id, read_newer_than
from airflow_provider_copernica.client.polling import Judge, import_timed_out, look_at_import
from airflow_provider_copernica.client.progress import ProgressLog
from airflow_provider_copernica.client.schedule import DEFAULT_MAX_POLL_INTERVAL, PollSchedule, Watch, to_seconds
from airflow_provider_copernica.connection_form import DEFAULT_CONN_ID
from airflow_provider_copernica.exceptions import (
    CopernicaArgumentError,
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaNoImportError,
)
from airflow_provider_copernica.links.copernica import CopernicaLink
from airflow_provider_copernica.operators._retries import deferral_error, fail_without_retry, wrong_arguments
from airflow_provider_copernica.payload.parameters import is_unknown
from airflow_provider_copernica.sensors._start_trigger import start_trigger
from airflow_provider_copernica.version_compat import deferral_failure, is_being_unmapped, waiting_since

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_copernica.hooks.copernica import CopernicaHook

__all__ = ["CopernicaImportSensor"]

log = logging.getLogger(__name__)


class CopernicaImportSensor(BaseSensorOperator):
    """
    Wait until an import has finished; an import that failed fails the task.

    :param import_id: the import; usually ``import_task.output``.
    :param copernica_conn_id: the Airflow connection.
    :param deferrable: wait in the triggerer; default: Airflow's ``[operators] default_deferrable``.
    :param start_from_trigger: with ``deferrable``: wait in the triggerer from the start, so that no worker is needed
        before the import has finished. On Airflow 3.3, and on 2.11 where nothing is a template; elsewhere, and for
        mapped sensors, a worker begins all the same.
    :param newer_than: for a periodic import: done when its last run is later than this moment, a datetime or text in
        ISO 8601; without zone it is Copernica's own, Europe/Amsterdam, but for ``{{ ts_nodash }}``, which is UTC.
    :param poke_interval: seconds between two polls that the intervals grow to quickly (1, 2, 4, 8 ...), 60 by default;
        from there each is a quarter longer. In reschedule mode the first is that long already.
    :param max_poll_interval: seconds between two polls at most, unless ``poke_interval`` is larger.
    :param timeout: seconds to wait in all, a week by default; then AirflowSensorTimeout, or skipped with ``soft_fail``.
    :raises CopernicaArgumentError: at parse, when a literal argument is wrong.
    :return: import_id, name, status, total_lines, processed_lines, last_run and last_error.
    :raises CopernicaImportFailedError: when the import failed, with Copernica's own words; never skipped.
    """

    template_fields: Sequence[str] = ("import_id", "copernica_conn_id", "newer_than")
    operator_extra_links = (CopernicaLink(),)
    ui_color = "#d8ebf5"

    def __init__(
        self,
        *,
        task_id: str,
        import_id: int | str | XComArg,
        copernica_conn_id: str | XComArg = DEFAULT_CONN_ID,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        start_from_trigger: bool = False,
        newer_than: datetime | str | XComArg | None = None,
        max_poll_interval: float = DEFAULT_MAX_POLL_INTERVAL,
        **kwargs: Unpack[SensorArguments],
    ) -> None:
        refuse_unknown(type(self), kwargs)
        super().__init__(task_id=task_id, **kwargs)
        self.import_id = import_id
        self.copernica_conn_id = rendered(copernica_conn_id)
        self.deferrable = deferrable
        self.newer_than = newer_than
        self.max_poll_interval = max_poll_interval
        self._progress = ProgressLog(log)
        self._watch: Watch | None = None
        if not is_being_unmapped(self):
            self._check_literals()
        if deferrable and start_from_trigger:
            self.start_trigger_args = start_trigger(self, self._trigger_kwargs(), "execute_complete", self._limit)
            self.start_from_trigger = self.start_trigger_args is not None

    def _check_literals(self) -> None:
        to_seconds(self.poke_interval, "poke_interval")
        to_seconds(self.max_poll_interval, "max_poll_interval")
        if not is_unknown(self.import_id):
            read_import_id(self.import_id)
        if not is_unknown(self.newer_than):
            read_newer_than(self.newer_than)

    @cached_property
    def hook(self) -> CopernicaHook:
        """One for all pokes of this process."""
        from airflow_provider_copernica.hooks.copernica import CopernicaHook

        return CopernicaHook(self.copernica_conn_id)

    def execute(self, context: Context) -> object:
        """Poke, or defer."""
        with fail_without_retry(wrong_arguments):
            try:
                read_import_id(self.import_id)
            except CopernicaNoImportError as error:
                raise self._skip(str(error)) from error
            if self.deferrable:
                self._defer()
            self._watch = self._make_watch(waiting_since(context))
            return self._poke_in_worker(context)

    def _make_watch(self, started_at: float) -> Watch:
        return Watch(
            PollSchedule(self.poke_interval, max(self.max_poll_interval, self.poke_interval)),
            started_at,
            started_at + self.timeout,
            read_newer_than(self.newer_than),
        )

    def _poke_in_worker(self, context: Context) -> object:
        try:
            return super().execute(context)
        except (AirflowSensorTimeout, AirflowSkipException) as error:
            # Airflow's own words name neither the import nor its status
            reason = error.__cause__
            if isinstance(reason, CopernicaError) and not isinstance(reason, CopernicaImportTimeoutError):
                raise self._skip(str(reason)) from reason
            raise self._out_of_time(self._timed_out()) from error
        except CopernicaImportTimeoutError as error:
            raise self._out_of_time(error) from error

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self._present_watch, self.hook.settings)

    @property
    def _present_watch(self) -> Watch:
        if self._watch is None:  # poke() may be called by itself
            self._watch = self._make_watch(time.time())
        return self._watch

    def poke(self, context: Context) -> PokeReturnValue:  # noqa: ARG002 - Airflow's signature
        """Ask once, through an outage of minutes."""
        watch, hook = self._present_watch, self.hook
        status = hook.client.run(look_at_import(read_import_id(self.import_id), watch, self._progress.last))
        if status is None:
            return PokeReturnValue(is_done=False)
        self._progress(status)
        return PokeReturnValue(self._judge.has_finished(status), status.as_dict())

    def execute_complete(
        self,
        context: Context,  # noqa: ARG002 - Airflow's signature
        event: object = None,
    ) -> dict[str, int | str | None]:
        """
        Go on after the trigger's event.

        :param context: of the task.
        :param event: of the trigger.
        """
        from airflow_provider_copernica.triggers._events import read_event

        with fail_without_retry(wrong_arguments), self._never_failing():
            try:
                status = read_event(event)
            except CopernicaImportTimeoutError as error:
                raise self._out_of_time(error) from error
            except CopernicaNoImportError as error:
                raise self._skip(str(error)) from error
            self._progress(status)
            return status.as_dict()

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> object:
        """Go on after a deferral; where no event of the trigger is the reason, look once more."""
        reason = deferral_failure(next_method, next_kwargs)
        if reason is None:
            # past BaseSensorOperator, which would replace the reason of a skip by words of its own
            return super(BaseSensorOperator, self).resume_execution(next_method, next_kwargs, context)
        with fail_without_retry(wrong_arguments), self._never_failing():
            if reason == "failure":
                raise deferral_error(reason)
            return self._look_once_more(context)

    def _look_once_more(self, context: Context) -> object:
        """Airflow's own time is over, and it does not know what the trigger has seen."""
        now = time.time()
        self._watch = replace(self._make_watch(now - self.timeout), deadline=now)
        try:
            seen = self.poke(context)
        except CopernicaImportFailedError:
            raise
        except CopernicaError as error:
            log.warning("%s", error)
        else:
            if seen:
                return seen.xcom_value
        raise self._out_of_time(self._timed_out())

    @contextmanager
    def _never_failing(self) -> Iterator[None]:
        """``never_fail`` outside of Airflow's own loop, as within it; wrong arguments fail all the same."""
        try:
            yield
        except (AirflowException, AirflowTaskTimeout, CopernicaArgumentError):
            raise
        except Exception as error:
            if not self.never_fail:
                raise
            raise self._skip(str(error) if isinstance(error, CopernicaError) else type(error).__name__) from error

    def _timed_out(self) -> CopernicaImportTimeoutError:
        last, import_id = self._progress.last, read_import_id(self.import_id)
        return import_timed_out(self._present_watch, last, import_id, self.copernica_conn_id)

    def _skip(self, reason: str) -> AirflowSkipException:
        log.info("Skipped: %s", reason)  # Airflow 2 does not show why
        return AirflowSkipException(reason)

    def _out_of_time(self, error: CopernicaImportTimeoutError) -> BaseException:
        if self.soft_fail or self.never_fail:
            return self._skip(str(error))
        log.error("%s", error)
        if self._limit < self.timeout:
            return AirflowTaskTimeout(str(error))  # as in a worker: Airflow may retry it
        return AirflowSensorTimeout(str(error))

    @property
    def _limit(self) -> float:
        """Seconds to wait in all; Airflow 3.3 does not see to ``execution_timeout`` while a task is deferred."""
        if self.execution_timeout is None:
            return self.timeout
        return min(self.timeout, self.execution_timeout.total_seconds())

    def _trigger_kwargs(self) -> dict[str, object]:
        return {
            "import_id": self.import_id,
            "copernica_conn_id": self.copernica_conn_id,
            "poll_interval": self.poke_interval,
            "max_poll_interval": max(self.max_poll_interval, self.poke_interval),
            "newer_than": self.newer_than,
            "ignores_errors": self.silent_fail,
        }

    def _defer(self) -> NoReturn:
        from airflow_provider_copernica.operators._waiting import DEFER_GRACE_SECONDS
        from airflow_provider_copernica.triggers.copernica import CopernicaImportTrigger

        now = time.time()
        newer_than = read_newer_than(self.newer_than)
        kwargs: dict[str, Any] = {  # of many types
            **self._trigger_kwargs(),
            "newer_than": None if newer_than is None else newer_than.isoformat(),
        }
        trigger = CopernicaImportTrigger(**kwargs, deadline=now + self._limit, started_at=now)
        # Airflow's own time-out is a backstop: it comes when no triggerer runs
        backstop = timedelta(seconds=self._limit + DEFER_GRACE_SECONDS)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=backstop)

    def _get_next_poke_interval(
        self, started_at: datetime | float, run_duration: Callable[[], float], poke_count: int
    ) -> float:
        """Return the growing intervals of operator and trigger, unless ``exponential_backoff`` asks for Airflow's."""
        if self.exponential_backoff:
            return super()._get_next_poke_interval(started_at, run_duration, poke_count)
        waited = run_duration()
        wait = self._present_watch.schedule.wait(waited)
        if self.reschedule:
            wait = max(wait, self.poke_interval)  # each poke is a process of its own
        return min(wait, max(self.timeout - waited, 0.0) + 0.01)  # Airflow looks at its time after a poke
