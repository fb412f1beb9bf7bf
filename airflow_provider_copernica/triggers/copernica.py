"""The trigger: watches an import from the triggerer's event loop."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_copernica.client.imports import read_import_id, read_newer_than
from airflow_provider_copernica.client.progress import ProgressLog
from airflow_provider_copernica.client.schedule import (
    DEFAULT_MAX_POLL_INTERVAL,
    DEFAULT_POLL_INTERVAL,
    PollSchedule,
    Watch,
)
from airflow_provider_copernica.connection_form import DEFAULT_CONN_ID
from airflow_provider_copernica.exceptions import GOES_ON, CopernicaError
from airflow_provider_copernica.triggers._events import error_event, finished_event

__all__ = ["CopernicaImportTrigger"]

log = logging.getLogger(__name__)

_ARGUMENTS = (
    "import_id",
    "copernica_conn_id",
    "poll_interval",
    "max_poll_interval",
    "deadline",
    "newer_than",
    "started_at",
    "resume_data",
    "ignores_errors",
)


class CopernicaImportTrigger(BaseTrigger):
    """
    Fire once: when the import has finished or failed, when the deadline has passed, or when it can't be watched.

    :param import_id: the import.
    :param copernica_conn_id: the Airflow connection.
    :param poll_interval: seconds between two polls that the intervals grow to quickly (1, 2, 4, 8 ...); from there each
        is a quarter longer.
    :param max_poll_interval: seconds between two polls at most, unless ``poll_interval`` is larger.
    :param deadline: seconds since the epoch when the waiting ends; default: never.
    :param newer_than: a moment in ISO 8601; only runs of a periodic import after it count.
    :param started_at: seconds since the epoch when the waiting began; default: now.
    :param resume_data: JSON that the event hands back to the task; no secret, no row.
    :param ignores_errors: whether errors are logged and the waiting goes on, as a sensor's ``silent_fail`` asks.
    """

    def __init__(
        self,
        import_id: int | str,
        copernica_conn_id: str = DEFAULT_CONN_ID,
        poll_interval: float = DEFAULT_POLL_INTERVAL,
        max_poll_interval: float = DEFAULT_MAX_POLL_INTERVAL,
        deadline: float | None = None,
        newer_than: str | None = None,
        started_at: float | None = None,
        resume_data: dict[str, object] | None = None,
        ignores_errors: bool = False,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Airflow
        self.import_id = import_id
        self.copernica_conn_id = copernica_conn_id
        self.poll_interval = poll_interval
        self.max_poll_interval = max_poll_interval
        self.deadline = deadline
        self.newer_than = newer_than
        self.started_at = time.time() if started_at is None else started_at
        self.resume_data = resume_data
        self.ignores_errors = ignores_errors

    def serialize(self) -> tuple[str, dict[str, object]]:
        """Return what the triggerer rebuilds the trigger from; no secret is in it."""
        kwargs = {name: getattr(self, name) for name in _ARGUMENTS}
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield exactly one event."""
        from airflow_provider_copernica.hooks._async_hook import CopernicaAsyncHook

        try:
            import_id = read_import_id(self.import_id)
            watch = Watch(
                PollSchedule(self.poll_interval, self.max_poll_interval),
                self.started_at,
                self.deadline,
                read_newer_than(self.newer_than),
                self.ignores_errors,
            )
            async with CopernicaAsyncHook(self.copernica_conn_id) as hook:
                event = finished_event(await hook.watch(import_id, watch, ProgressLog(log)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the task hears of it, instead of waiting for ever
            log.warning("%s", error if isinstance(error, CopernicaError) else f"{type(error).__name__} in the trigger.")
            event = error_event(error)
        yield TriggerEvent({**event, "resume_data": self.resume_data or {}})  # type: ignore[no-untyped-call]  # untyped in Airflow

    async def on_kill(self) -> None:
        """Called by Airflow 3.3 when a person marks or clears the deferred task."""
        log.warning("The task no longer waits for import %s. %s", self.import_id, GOES_ON)
