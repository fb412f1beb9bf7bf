"""How an import that goes wrong ends the task: the reason on one line of the log, and whether Airflow may retry."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_copernica.client.errors import (
    GOES_ON,
    CopernicaAmbiguousError,
    CopernicaArgumentError,
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
)

log = logging.getLogger(__name__)

_NOT_AGAIN = "It is not retried: lines were processed, and would be again."


@contextmanager
def failing_for_good() -> Iterator[None]:
    """Errors that no retry can mend, or that must not be repeated, fail the task without Airflow retries."""
    try:
        yield
    except CopernicaError as error:
        log.error("%s", error)
        if isinstance(error, CopernicaImportFailedError):
            raise AirflowFailException(f"{_sentence(error)} {_NOT_AGAIN}") from error
        if isinstance(error, CopernicaArgumentError | CopernicaAmbiguousError):
            raise AirflowFailException(str(error)) from error
        raise


def woken_by_airflow(reason: Literal["timeout", "failure"]) -> CopernicaError:
    """Why a deferred task goes on without its trigger's word."""
    if reason == "timeout":
        return CopernicaImportTimeoutError(f"Airflow's time for the deferred task is over. {GOES_ON}")
    return CopernicaError(f"Airflow's triggerer gave up on the task; its log tells why. {GOES_ON}")


@contextmanager
def knowing_retries(safe_to_repeat: bool, remembers: Callable[[], bool]) -> Iterator[None]:
    """
    Fails without Airflow retries where the next attempt would import a second time.

    :param safe_to_repeat: whether the same rows may be imported twice.
    :param remembers: whether the next attempt will know of this import.
    """
    try:
        yield
    except CopernicaArgumentError as error:
        log.error("%s", error)
        raise AirflowFailException(str(error)) from error
    except CopernicaImportFailedError as error:
        from airflow_provider_copernica.client.once import failed_midway

        log.error("%s", error)
        if safe_to_repeat or not (error.copernica_import is None or failed_midway(error.copernica_import)):
            raise
        raise AirflowFailException(f"{_sentence(error)} {_NOT_AGAIN}") from error
    except CopernicaError as error:
        log.error("%s", error)
        if safe_to_repeat or remembers():
            raise
        raise AirflowFailException(
            f"{_sentence(error)} It is not retried: nothing is remembered, so it would be sent again."
        ) from error


def _sentence(error: CopernicaError) -> str:
    """Copernica's own words may end without a full stop."""
    text = str(error)
    return text if text.endswith((".", "!", "?")) else f"{text}."
