"""What a task hands on: XComs with the status, the counts and the ID of its import, and extras of asset events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_copernica.assets.copernica import database_uri
from airflow_provider_copernica.client.imports import CopernicaImport, read_import_id

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context

__all__ = [
    "PushOutcome",
    "add_to_asset_events",
    "keep_return_value",
    "pull_import_id",
    "push_outcome",
    "push_status",
    "push_status_of_failure",
]

log = logging.getLogger(__name__)

STATUS, OUTCOME, RETURN_VALUE = "import_status", "import_outcome", "return_value"

PushOutcome = Callable[[str, Mapping[str, object]], None]
"""Makes the counts of an option a part of the XCom ``import_outcome``."""


def push_status(context: Context, status: CopernicaImport) -> None:
    """
    Push the XCom ``import_status``.

    :param context: of the task.
    :param status: the last one.
    """
    context["ti"].xcom_push(key=STATUS, value=status.as_dict())


def push_status_of_failure(context: Context, status: CopernicaImport) -> None:
    """
    Push the XCom ``import_status`` where an error is about to be raised, which must not be hidden by another.

    :param context: of the task.
    :param status: the last one.
    """
    try:
        push_status(context, status)
    except Exception:  # whatever Airflow raises
        log.exception("The XCom import_status could not be pushed.")


def push_outcome(context: Context, option: str, counts: Mapping[str, object]) -> dict[str, object]:
    """
    Add the counts of an option to the XCom ``import_outcome``.

    :param context: of the task.
    :param option: its name: ``rejects``.
    :param counts: JSON.
    :return: the counts of all options so far, by their names.
    """
    pushed = _pull(context, OUTCOME)
    outcome = {**(pushed if isinstance(pushed, Mapping) else {}), option: dict(counts)}
    context["ti"].xcom_push(key=OUTCOME, value=outcome)
    return outcome


def add_to_asset_events(
    task: BaseOperator, context: Context, database: int | str, conn_id: str, outcome: Mapping[str, object]
) -> None:
    """
    Make the counts of options an extra of the event of the database's asset, where that is an outlet of the task.

    :param task: the operator; it does not fail for the sake of an event.
    :param context: of the task.
    :param database: ID of the database.
    :param conn_id: the Airflow connection.
    :param outcome: the counts by option.
    """
    events: Any = context.get("outlet_events")
    if events is None or not outcome:
        return
    try:
        uri = database_uri(database, conn_id)
        for outlet in task.outlets:
            if getattr(outlet, "uri", None) == uri:
                events[outlet].extra.update(outcome)
    except Exception:  # whatever Airflow raises, the import has been made
        log.exception("The counts are not in the event of the asset.")


def pull_import_id(context: Context) -> int | None:
    """
    Return the ID of the import that this task has made before it was deferred; None where none is known.

    :param context: of the task.
    """
    pushed = _pull(context, STATUS)
    return read_import_id(pushed.get("import_id")) if isinstance(pushed, Mapping) else None


def _pull(context: Context, key: str) -> object:
    ti = context["ti"]
    return ti.xcom_pull(task_ids=ti.task_id, key=key, map_indexes=ti.map_index)


def keep_return_value(task: BaseOperator, context: Context, import_id: int) -> None:
    """
    Push what a task returns before Airflow does so itself, when it is too late to rule out a retry.

    :param task: the operator; Airflow then pushes nothing of it.
    :param context: of the task.
    :param import_id: of the import.
    """
    if task.do_xcom_push:
        context["ti"].xcom_push(key=RETURN_VALUE, value=import_id)
        task.do_xcom_push = False
