"""Waiting for an import: what the answers mean, and what is said of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from airflow_provider_copernica.client.exchange import Sleep, Steps, get_settings
from airflow_provider_copernica.client.import_states import ImportState, RunWatcher
from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.client.operations import get_import
from airflow_provider_copernica.client.progress import duration
from airflow_provider_copernica.client.retry import polling_policy
from airflow_provider_copernica.client.schedule import Watch
from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import (
    GOES_ON,
    CopernicaApiError,
    CopernicaAuthError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaImportUnknownError,
    CopernicaUnavailableError,
)

__all__ = [
    "Judge",
    "import_failed",
    "import_timed_out",
    "import_unknown",
    "is_unknown_import",
    "look_at_import",
    "watch_import",
]

log = logging.getLogger(__name__)

# seconds within which a new import may not be known yet; nothing is documented, so one unknown ID proves nothing
NOT_YET_SECONDS = 60.0


def watch_import(import_id: int, watch: Watch, on_status: Callable[[CopernicaImport], None]) -> Steps[CopernicaImport]:
    """
    Ask until an import has finished.

    :param import_id: the import.
    :param watch: how to wait.
    :param on_status: called with each status.
    :return: the last status.
    :raises CopernicaImportFailedError: it failed; with Copernica's own words.
    :raises CopernicaImportTimeoutError: the deadline has passed; the import goes on.
    :raises CopernicaImportUnknownError: Copernica does not know it, or no longer.
    :raises CopernicaApiError: its status can't be had.
    """
    settings = yield from get_settings()
    judge = Judge(watch, settings)
    status: CopernicaImport | None = None
    while True:
        try:
            seen = yield from look_at_import(import_id, watch, status)
            if seen is not None:
                status = seen
                on_status(status)
                if judge.has_finished(status):
                    return status
        except (CopernicaApiError, CopernicaImportFailedError, CopernicaImportUnknownError) as error:
            if not watch.ignores_errors:
                raise
            log.warning("%s", error)
        remaining = _remaining(watch)
        if remaining <= 0:
            raise import_timed_out(watch, status, import_id, settings.conn_id)
        yield Sleep(min(watch.schedule.wait(time.time() - watch.started_at), remaining))


class Judge:
    """
    Tell from each status whether the waiting has come to its end.

    :param watch: what is waited for.
    :param settings: of the account.
    """

    def __init__(self, watch: Watch, settings: ApiSettings) -> None:
        self._runs = None if watch.newer_than is None else RunWatcher(watch.newer_than, settings.status_words)
        self._conn_id = settings.conn_id

    def has_finished(self, status: CopernicaImport) -> bool:
        """
        Return whether the import has finished.

        :param status: the latest one.
        :raises CopernicaImportFailedError: it failed; with Copernica's own words.
        """
        state = status.state if self._runs is None else self._runs.state(status)
        if state is ImportState.FAILED:
            raise import_failed(status, self._conn_id)
        return state is ImportState.FINISHED


def look_at_import(import_id: int, watch: Watch, last: CopernicaImport | None) -> Steps[CopernicaImport | None]:
    """
    Ask once for the status of an import, through an outage of minutes.

    :param import_id: the import.
    :param watch: how it is waited for.
    :param last: the status before; None where it was never seen.
    :return: None where the import may be too new to be known.
    :raises CopernicaImportTimeoutError: the deadline has passed during an outage.
    :raises CopernicaImportUnknownError: Copernica does not know it, or no longer.
    :raises CopernicaApiError: its status can't be had.
    """
    try:
        return (yield from get_import(import_id, polling_policy(watch.schedule.first, watch.deadline)))
    except CopernicaUnavailableError as error:
        if _remaining(watch) > 0:
            raise
        settings = yield from get_settings()
        raise import_timed_out(watch, last, import_id, settings.conn_id) from error
    except CopernicaApiError as error:
        if not is_unknown_import(error):
            raise
        if last is not None or time.time() - watch.started_at >= NOT_YET_SECONDS:
            settings = yield from get_settings()
            raise import_unknown(import_id, last, error, settings.conn_id) from error
        log.debug("Copernica does not know import %d yet.", import_id)
        return None


def _remaining(watch: Watch) -> float:
    return float("inf") if watch.deadline is None else watch.deadline - time.time()


def is_unknown_import(error: CopernicaApiError) -> bool:
    """
    Return whether Copernica says that it does not know an import.

    The status and the words for that are not documented: 400 with a message is its usual refusal. It takes Copernica's
    own words, since a page of HTML with 404 comes from something in between.

    :param error: of ``GET import/$id``.
    """
    if isinstance(error, CopernicaAuthError | CopernicaUnavailableError):
        return False
    return error.status_code in (400, 404, 410) and bool(error.api_message)


def import_failed(status: CopernicaImport, conn_id: str) -> CopernicaImportFailedError:
    """
    Return the error for an import that failed, Copernica's own words in front.

    :param status: the last one.
    :param conn_id: the Airflow connection.
    """
    after = f" after {status.lines}" if status.lines else ""
    reason = f": {status.last_error}" if status.last_error else f" with the status {status.status!r}"
    return CopernicaImportFailedError(
        f"Import {status.import_id} failed{after}{reason}", status, names=_names(status, conn_id)
    )


def import_timed_out(
    watch: Watch, status: CopernicaImport | None, import_id: int, conn_id: str
) -> CopernicaImportTimeoutError:
    """
    Return the error for an import that took too long: how long it was waited for, the last status, and what is true.

    :param watch: how it was waited for.
    :param status: the last one; None where it was never seen.
    :param import_id: the import.
    :param conn_id: the Airflow connection.
    """
    waited = duration((time.time() if watch.deadline is None else watch.deadline) - watch.started_at)
    seen = f"It was last seen as {status.facts}." if status else "Its status was never seen."
    text = f"Import {import_id} has not finished within {waited}. {seen} {GOES_ON}"
    return CopernicaImportTimeoutError(text, status, names=_names(status, conn_id))


def import_unknown(
    import_id: int, status: CopernicaImport | None, error: CopernicaApiError, conn_id: str
) -> CopernicaImportUnknownError:
    """
    Return the error for an import that Copernica does not know, or no longer.

    :param import_id: the import.
    :param status: the last one; None where it was never seen.
    :param error: with Copernica's words.
    :param conn_id: the Airflow connection.
    """
    knows = "no longer knows" if status else "does not know"
    seen = f", last seen as {status.facts}" if status else ""
    text = f"Copernica {knows} import {import_id}{seen}: {error.api_message}"
    return CopernicaImportUnknownError(text, status, names=_names(status, conn_id))


def _names(status: CopernicaImport | None, conn_id: str) -> list[str]:
    names = [f"import {status.name!r}"] if status is not None and status.name else []
    return [*names, f"connection {conn_id!r}"] if conn_id else names
