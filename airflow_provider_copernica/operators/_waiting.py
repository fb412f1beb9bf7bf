"""Waiting for an import: in a worker, or handed to the triggerer."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_provider_copernica.client.operations import Watch, timed_out
from airflow_provider_copernica.client.progress import ProgressLog

if TYPE_CHECKING:
    from airflow_provider_copernica.client.imports import CopernicaImport
    from airflow_provider_copernica.hooks.copernica import CopernicaHook
    from airflow_provider_copernica.triggers.copernica import CopernicaImportTrigger

# seconds that Airflow's own time-out comes after our trigger's, which can say more
DEFER_GRACE_SECONDS = 300.0

log = logging.getLogger(__name__)


def watch_in_worker(hook: CopernicaHook, import_id: int, watch: Watch) -> CopernicaImport:
    """
    Waits until an import has finished, with its progress in the task's log.

    :param watch: how to wait.
    :raises CopernicaImportTimeoutError: when the time is over, ``execution_timeout`` too; the import goes on.
    """
    progress = ProgressLog(log)
    try:
        return hook.watch(import_id, watch, progress)
    except AirflowTaskTimeout as error:  # no Exception, so that nothing else catches it
        raise timed_out(watch, progress.last, import_id) from error


def make_trigger(import_id: int, conn_id: str, watch: Watch) -> tuple[CopernicaImportTrigger, timedelta | None]:
    """
    The trigger that goes on waiting, and the time that Airflow itself gives it.

    The latter is only the net below: on 3.3 it is the only limit while no triggerer runs.

    :param conn_id: the Airflow connection.
    :param watch: how to wait.
    """
    from airflow_provider_copernica.triggers.copernica import CopernicaImportTrigger

    schedule, began, deadline = watch.schedule, watch.started_at, watch.deadline
    trigger = CopernicaImportTrigger(import_id, conn_id, schedule.first, schedule.longest, deadline, started_at=began)
    return trigger, None if deadline is None else timedelta(seconds=deadline - began + DEFER_GRACE_SECONDS)
