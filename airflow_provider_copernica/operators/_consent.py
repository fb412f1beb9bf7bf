"""A warning before an import that would undo what people chose."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from airflow_provider_copernica.client.operations import get_object
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.exceptions import CopernicaApiError
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.payload.consent import UnsubscribeBehaviour, consent_warning, may_undo_unsubscribing
from airflow_provider_copernica.payload.parameters import ImportParameters

__all__ = ["warn_of_undone_consent"]

log = logging.getLogger(__name__)

# it is only advice: no import waits for a second attempt
_ONE_ATTEMPT = RetryPolicy(attempts=1)


def warn_of_undone_consent(hook: CopernicaHook, parameters: ImportParameters, columns: Sequence[str]) -> None:
    """
    Read what unsubscribing does in the database, and warn if the import may undo it.

    A reply that can't be had or understood is not a failure: the token may lack the right, and the import is what
    counts.

    :param hook: of the connection.
    :param parameters: of the import.
    :param columns: names of the columns, as far as they are known.
    """
    if not may_undo_unsubscribing(parameters.action, columns):
        return
    path = f"database/{parameters.database}/unsubscribe"
    try:
        reply = hook.client.run(get_object(path, _ONE_ATTEMPT))
    except CopernicaApiError as error:
        log.debug("Whether the import undoes unsubscribing is not known: %s", error)
        return
    if warning := consent_warning(parameters, columns, UnsubscribeBehaviour.from_api(reply)):
        log.warning("%s", warning)
