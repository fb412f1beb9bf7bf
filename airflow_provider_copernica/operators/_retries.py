"""How an import that goes wrong ends the task: the reason on one line of the log, and whether Airflow may retry."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_copernica.exceptions import (
    GOES_ON,
    CopernicaAmbiguousError,
    CopernicaArgumentError,
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
)

log = logging.getLogger(__name__)

_PROCESSED = "It is not retried: lines were processed, and would be again."
# why Airflow may not retry after an error, for the end of its message; None where it may
NotAgain = Callable[[CopernicaError], str | None]


@contextmanager
def telling_why(not_again: NotAgain = lambda _: None) -> Iterator[None]:
    """
    The reason on one line of the log; wrong arguments, which no retry can mend, fail without Airflow retries.

    :param not_again: says of other errors whether they do.
    """
    try:
        yield
    except CopernicaError as error:
        log.error("%s", error)
        reason = "" if isinstance(error, CopernicaArgumentError) else not_again(error)
        if reason is None:
            raise
        raise AirflowFailException(f"{_sentence(error)} {reason}" if reason else str(error)) from error


def failing_for_good() -> AbstractContextManager[None]:
    """For what comes before the waiting: an import that must not be repeated fails without Airflow retries."""
    return telling_why(_must_not_be_sent)


def knowing_retries(idempotent: bool, remembers: Callable[[], bool]) -> AbstractContextManager[None]:
    """
    For the waiting: fails without Airflow retries where the next attempt would import a second time.

    :param idempotent: whether the same rows may be imported twice.
    :param remembers: whether the next attempt will know of this import.
    """

    def would_be_sent_again(error: CopernicaError) -> str | None:
        if idempotent:
            return None
        if isinstance(error, CopernicaImportFailedError):
            from airflow_provider_copernica.operators._attempts import partially_processed

            midway = error.copernica_import is None or partially_processed(error.copernica_import)
            return _PROCESSED if midway else None
        return None if remembers() else "It is not retried: nothing is remembered, so it would be sent again."

    return telling_why(would_be_sent_again)


def _must_not_be_sent(error: CopernicaError) -> str | None:
    if isinstance(error, CopernicaImportFailedError):
        return _PROCESSED
    return "" if isinstance(error, CopernicaAmbiguousError) else None


def deferral_error(reason: Literal["timeout", "failure"]) -> CopernicaError:
    """Why a deferred task goes on without its trigger's word."""
    if reason == "timeout":
        return CopernicaImportTimeoutError(f"Airflow's time for the deferred task is over. {GOES_ON}")
    return CopernicaError(f"Airflow's triggerer gave up on the task; its log tells why. {GOES_ON}")


def _sentence(error: CopernicaError) -> str:
    """Copernica's own words may end without a full stop."""
    text = str(error)
    return text if text.endswith((".", "!", "?")) else f"{text}."
