"""Waiting for an import: in a worker, or handed to the triggerer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_provider_copernica.client.import_states import ImportState
from airflow_provider_copernica.client.polling import import_failed, import_timed_out
from airflow_provider_copernica.client.progress import ProgressLog
from airflow_provider_copernica.client.schedule import Watch
from airflow_provider_copernica.exceptions import (
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaImportUnknownError,
)

if TYPE_CHECKING:
    from airflow_provider_copernica.client.imports import CopernicaImport
    from airflow_provider_copernica.hooks.copernica import CopernicaHook
    from airflow_provider_copernica.triggers.copernica import CopernicaImportTrigger

__all__ = ["DEFER_GRACE_SECONDS", "look_once_more", "make_trigger", "wait_for_end", "watch_in_worker"]

# seconds that Airflow's own time-out comes after our trigger's, which can say more
DEFER_GRACE_SECONDS = 300.0

log = logging.getLogger(__name__)


def watch_in_worker(hook: CopernicaHook, import_id: int, watch: Watch) -> CopernicaImport:
    """
    Wait until an import has finished, with its progress in the task's log.

    :param hook: of the account.
    :param import_id: the import.
    :param watch: how to wait.
    :raises CopernicaImportTimeoutError: the time is over, that of ``execution_timeout`` too; the import goes on.
    """
    progress = ProgressLog(log)
    try:
        return hook.watch(import_id, watch, progress)
    except AirflowTaskTimeout as error:  # not an Exception, so that nothing else catches it
        raise import_timed_out(watch, progress.last, import_id, hook.copernica_conn_id) from error


def wait_for_end(hook: CopernicaHook, import_id: int, watch: Watch) -> None:
    """
    Wait until an import has ended, well or not.

    :param hook: of the account.
    :param import_id: the import.
    :param watch: how to wait.
    :raises CopernicaImportTimeoutError: the time is over; the import goes on.
    """
    try:
        status = watch_in_worker(hook, import_id, watch)
    except (CopernicaImportFailedError, CopernicaImportUnknownError) as error:
        log.info("The previous attempt's import has ended: %s", error)
    else:
        log.info("The previous attempt's import has ended: %s.", status)


def look_once_more(hook: CopernicaHook, import_id: int | None, error: CopernicaError) -> CopernicaImport:
    """
    Look at an import when Airflow wakes its task without knowing what the trigger has seen.

    :param hook: of the account.
    :param import_id: the import; None where it is not known.
    :param error: why Airflow has woken the task.
    :return: the status of an import that has finished.
    :raises CopernicaImportFailedError: the import failed.
    :raises CopernicaError: the given error, with what was seen.
    """
    if import_id is None:
        raise error
    try:
        status = hook.get_import(import_id)
    except CopernicaError as looking:
        log.warning("%s", looking)
        raise error from looking
    if status.state is ImportState.FAILED:
        raise import_failed(status, hook.copernica_conn_id)
    if status.state is ImportState.BUSY:
        names = (f"import {status.name!r}", f"connection {hook.copernica_conn_id!r}")
        raise CopernicaImportTimeoutError(f"{error.reason} It was last seen as {status.facts}.", status, names=names)
    return status


def make_trigger(
    import_id: int, conn_id: str, watch: Watch, resume_data: Mapping[str, object]
) -> tuple[CopernicaImportTrigger, timedelta | None]:
    """
    Return the trigger that goes on waiting, and the time that Airflow itself gives it.

    The latter is a backstop: on 3.3 it is the only limit while no triggerer runs.

    :param import_id: the import.
    :param conn_id: the Airflow connection.
    :param watch: how to wait.
    :param resume_data: what the resumed task must know, as JSON.
    """
    from airflow_provider_copernica.triggers.copernica import CopernicaImportTrigger

    schedule, began, deadline = watch.schedule, watch.started_at, watch.deadline
    trigger = CopernicaImportTrigger(
        import_id,
        conn_id,
        schedule.first,
        schedule.longest,
        deadline,
        started_at=began,
        resume_data=dict(resume_data),
    )
    return trigger, None if deadline is None else timedelta(seconds=deadline - began + DEFER_GRACE_SECONDS)
