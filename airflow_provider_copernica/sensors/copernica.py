"""The sensor: waits for an import that something else made."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_copernica.client.imports import (
    CopernicaImport,
    ImportState,
    read_import_id,
    read_newer_than,
    read_state_since,
)
from airflow_provider_copernica.client.polling import DEFAULT_MAX_POLL_INTERVAL, PollSchedule, to_seconds
from airflow_provider_copernica.connection_form import DEFAULT_CONN_ID
from airflow_provider_copernica.exceptions import (
    GOES_ON,
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaUnavailableError,
)
from airflow_provider_copernica.links.copernica import CopernicaLink
from airflow_provider_copernica.operators._retries import deferral_error, telling_why
from airflow_provider_copernica.payload.parameters import is_unknown
from airflow_provider_copernica.sensors._start_trigger import start_trigger
from airflow_provider_copernica.version_compat import deferral_failure, is_being_unmapped, waiting_since

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_copernica.hooks.copernica import CopernicaHook

log = logging.getLogger(__name__)


class CopernicaImportSensor(BaseSensorOperator):
    """
    Waits until an import has finished; an import that failed fails the task.

    :param import_id: the import; usually ``import_task.output``.
    :param copernica_conn_id: the Airflow connection.
    :param deferrable: wait in the triggerer; default: Airflow's ``[operators] default_deferrable``.
    :param start_from_trigger: with ``deferrable``: wait in the triggerer from the start, so that no worker is needed
        before the import has finished. On Airflow 3.3, and on 2.11 where nothing is a template; elsewhere, and for
        mapped sensors, a worker begins all the same.
    :param newer_than: for a periodic import: done when its last run is later than this moment, a datetime or text in
        ISO 8601; without zone it is Copernica's own, Europe/Amsterdam.
    :param poke_interval: seconds before the second poll, 60 by default; later ones wait longer.
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
        import_id: int | str,
        copernica_conn_id: str = DEFAULT_CONN_ID,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        start_from_trigger: bool = False,
        newer_than: datetime | str | None = None,
        max_poll_interval: float = DEFAULT_MAX_POLL_INTERVAL,
        **kwargs: Any,  # those of BaseSensorOperator
    ) -> None:
        super().__init__(**kwargs)
        self.import_id = import_id
        self.copernica_conn_id = copernica_conn_id
        self.deferrable = deferrable
        self.newer_than = newer_than
        self.max_poll_interval = max_poll_interval
        self._last: CopernicaImport | None = None
        self._give_up_at: float | None = None
        if not is_being_unmapped(self):
            self._check_literals()
        if deferrable and start_from_trigger:
            self.start_trigger_args = start_trigger(self, self._trigger_kwargs(), "execute_complete", self.timeout)
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
        """Pokes, or defers."""
        with telling_why():
            read_import_id(self.import_id)
            read_newer_than(self.newer_than)
            if self.deferrable:
                self._defer()
            self._give_up_at = waiting_since(context) + self.timeout
            return self._poke_in_worker(context, self._give_up_at)

    def _poke_in_worker(self, context: Context, deadline: float) -> object:
        try:
            return super().execute(context)
        except CopernicaUnavailableError as error:
            if time.time() < deadline:
                raise
            raise self._out_of_time(self._waited()) from error
        except (AirflowSensorTimeout, AirflowSkipException) as error:
            raise self._out_of_time(f"{error} Last seen: {self._last or 'nothing'}. {GOES_ON}", type(error)) from error

    def poke(self, context: Context) -> PokeReturnValue:  # noqa: ARG002 - Airflow's signature
        """Asks once; an outage of minutes is sat out."""
        from airflow_provider_copernica.client.operations import failed
        from airflow_provider_copernica.client.progress import Observation, progress

        status = self.hook.poll_import(self.import_id, self.poke_interval, self._give_up_at)
        if status != self._last:
            now = Observation(status, time.monotonic())
            log.info("Import %d: %s", status.import_id, progress(now, now))
        self._last = status
        state = read_state_since(self.newer_than)(status)
        if state is ImportState.FAILED:
            raise failed(status)
        return PokeReturnValue(state is ImportState.FINISHED, status.as_dict())

    def execute_complete(
        self,
        context: Context,  # noqa: ARG002 - Airflow's signature
        event: object = None,
    ) -> dict[str, int | str | None]:
        """Called with the trigger's event."""
        from airflow_provider_copernica.triggers._events import read_event

        with telling_why():
            try:
                status = read_event(event)
            except CopernicaImportTimeoutError as error:
                raise self._out_of_time(str(error)) from error
        log.info("Finished: %s.", status)
        return status.as_dict()

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> object:
        """Called by Airflow when a deferred task goes on; only a time-out may skip it."""
        reason = deferral_failure(next_method, next_kwargs)
        if reason == "failure":
            raise deferral_error(reason)
        if reason == "timeout":
            with telling_why():
                return self._look_once_more(context)
        # past BaseSensorOperator, which would replace the reason of a skip by words of its own
        return super(BaseSensorOperator, self).resume_execution(next_method, next_kwargs, context)

    def _look_once_more(self, context: Context) -> object:
        """Airflow's own time is over, and it does not know what the trigger has seen."""
        self._give_up_at = time.time()  # once
        try:
            seen = self.poke(context)
        except CopernicaImportFailedError:
            raise
        except CopernicaError as error:
            log.warning("%s", error)
        else:
            if seen:
                return seen.xcom_value
        raise self._out_of_time(self._waited())

    def _waited(self) -> str:
        from airflow_provider_copernica.client.progress import duration

        waited = f"Waited {duration(self.timeout)} for Copernica import {self.import_id}, and it has not finished."
        return f"{waited} Last seen: {self._last or 'nothing'}. {GOES_ON}"

    def _out_of_time(self, message: str, kind: type[Exception] | None = None) -> Exception:
        log.warning("%s", message)  # Airflow does not show why a task was skipped
        return (kind or (AirflowSkipException if self.soft_fail else AirflowSensorTimeout))(message)

    def _trigger_kwargs(self) -> dict[str, object]:
        return {
            "import_id": self.import_id,
            "copernica_conn_id": self.copernica_conn_id,
            "poll_interval": self.poke_interval,
            "max_poll_interval": max(self.max_poll_interval, self.poke_interval),
            "newer_than": self.newer_than,
        }

    def _defer(self) -> None:
        from airflow_provider_copernica.operators._waiting import DEFER_GRACE_SECONDS
        from airflow_provider_copernica.triggers.copernica import CopernicaImportTrigger

        now = time.time()
        newer_than = read_newer_than(self.newer_than)
        kwargs: dict[str, Any] = {  # of many types
            **self._trigger_kwargs(),
            "newer_than": None if newer_than is None else newer_than.isoformat(),
        }
        trigger = CopernicaImportTrigger(**kwargs, deadline=now + self.timeout, started_at=now)
        # Airflow's own time-out is a backstop: it comes when no triggerer runs
        self.defer(
            trigger=trigger,
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout + DEFER_GRACE_SECONDS),
        )

    def _get_next_poke_interval(
        self, started_at: datetime | float, run_duration: Callable[[], float], poke_count: int
    ) -> float:
        """The growing intervals of operator and trigger, unless ``exponential_backoff`` asks for Airflow's own."""
        if self.exponential_backoff:
            return super()._get_next_poke_interval(started_at, run_duration, poke_count)
        waited = run_duration()
        wait = PollSchedule(self.poke_interval, self.max_poll_interval).wait(waited)
        return min(wait, max(self.timeout - waited, 0.0) + 0.01)  # Airflow looks at its time after a poke
