"""Waiting for an import in a worker."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_provider_copernica.client.operations import Watch, timed_out
from airflow_provider_copernica.client.progress import ProgressLog

if TYPE_CHECKING:
    from airflow_provider_copernica.client.status import CopernicaImport
    from airflow_provider_copernica.hooks.copernica import CopernicaHook

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
