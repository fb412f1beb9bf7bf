"""How an import that goes wrong ends the task: the reason on one line of the log, and whether Airflow may retry."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException, TaskDeferred

from airflow_provider_copernica.exceptions import (
    GOES_ON,
    CopernicaAmbiguousError,
    CopernicaArgumentError,
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaImportUnknownError,
    CopernicaProxyError,
    CopernicaVerificationError,
)
from airflow_provider_copernica.operators._attempts import has_processed_lines

__all__ = ["RetryRule", "after_sending", "before_sending", "deferral_error", "fail_without_retry", "wrong_arguments"]

log = logging.getLogger(__name__)

# why Airflow may not retry after an error, for the end of its message; None where it may
RetryRule = Callable[[BaseException], str | None]

PROCESSED = "It is not retried, since lines were processed, and would be again."
ACCEPTED = (
    "It had accepted the import, so the rows may be in the database: look there before the task is cleared, which "
    "would send them again."
)
FORGOTTEN = "It is not retried, since Airflow remembers nothing of the import, and would send it again."


@contextmanager
def fail_without_retry(rule: RetryRule) -> Iterator[None]:
    """
    Write the reason of an error to the log, on one line, and let it end the task for good where a rule says so.

    :param rule: which errors these are.
    """
    try:
        yield
    except (AirflowFailException, AirflowSkipException, TaskDeferred):
        raise
    except BaseException as error:  # time-outs and terminations of Airflow are not an Exception
        reason = rule(error)
        if isinstance(error, CopernicaError):
            log.error("%s", error)
        if reason is None:
            raise
        raise AirflowFailException(_with_reason(error, reason)) from error


def _with_reason(error: BaseException, reason: str) -> str:
    """Names come last, as in any message."""
    if not isinstance(error, CopernicaError):  # what an unknown exception says may hold anything
        return f"The task ended with {type(error).__name__}. {reason}"
    names = f" ({', '.join(error.names)})" if error.names else ""
    return f"{error.reason} {reason}{names}" if reason else str(error)


def wrong_arguments(error: BaseException) -> str | None:
    """What a retry can't help: wrong arguments, and a proxy's refusal, which a retry may make worse."""
    return "" if isinstance(error, CopernicaArgumentError | CopernicaProxyError) else None


def before_sending(error: BaseException) -> str | None:
    """What a retry must not repeat: an earlier import that was partly processed, or may have been accepted."""
    if isinstance(error, CopernicaImportFailedError):
        return PROCESSED
    if isinstance(error, CopernicaImportUnknownError):
        return ACCEPTED
    return "" if isinstance(error, CopernicaAmbiguousError) else wrong_arguments(error)


def after_sending(*, idempotent: bool, remembered: bool) -> RetryRule:
    """
    Return the rule for what comes after the import was sent.

    :param idempotent: whether doing it twice changes nothing more than doing it once.
    :param remembered: whether the next attempt will know of this import.
    """

    def rule(error: BaseException) -> str | None:
        if isinstance(error, CopernicaImportUnknownError):
            return ACCEPTED
        if isinstance(error, CopernicaArgumentError | CopernicaVerificationError):
            return ""
        if idempotent:
            return None
        if isinstance(error, CopernicaImportFailedError):
            status = error.copernica_import
            return PROCESSED if status is None or has_processed_lines(status) else None
        return None if remembered else FORGOTTEN

    return rule


def deferral_error(reason: Literal["timeout", "failure"]) -> CopernicaError:
    """
    Return the error for a deferred task that Airflow itself wakes.

    :param reason: what Airflow gives.
    """
    if reason == "timeout":
        return CopernicaImportTimeoutError(f"Airflow's time for the deferred task is over. {GOES_ON}")
    return CopernicaError(f"Airflow's triggerer gave up on the task, and its log has the reason. {GOES_ON}")
