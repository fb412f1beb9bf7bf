"""What a task hands on as XComs: the status of its import, the counts of its options, and the import's ID."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_provider_copernica.client.imports import CopernicaImport, read_import_id

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context

__all__ = ["keep_return_value", "pull_import_id", "push_outcome", "push_status", "push_status_of_failure"]

log = logging.getLogger(__name__)

STATUS, OUTCOME, RETURN_VALUE = "import_status", "import_outcome", "return_value"


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


def push_outcome(context: Context, option: str, counts: Mapping[str, object]) -> None:
    """
    Add the counts of an option to the XCom ``import_outcome``.

    :param context: of the task.
    :param option: its name: ``rejects``.
    :param counts: JSON.
    """
    pushed = _pull(context, OUTCOME)
    outcome = pushed if isinstance(pushed, Mapping) else {}
    context["ti"].xcom_push(key=OUTCOME, value={**outcome, option: dict(counts)})


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
