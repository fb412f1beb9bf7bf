"""A sensor that the scheduler hands to the triggerer at once: no worker is needed until the import has finished."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_copernica.payload.parameters import is_unknown
from airflow_provider_copernica.version_compat import STARTS_FROM_TRIGGER, TRIGGER_RENDERS, is_mapped, output_template

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator
    from airflow.triggers.base import StartTriggerArgs

__all__ = ["start_trigger"]

TRIGGER = "airflow_provider_copernica.triggers.copernica.CopernicaImportTrigger"
# What templates may use: the run itself. Asking for more, an XCom say, hangs a triggerer of Airflow 3.3 for ever.
RUN_TEMPLATE_VARIABLES = {"params", "dag_run", "run_id", "logical_date", "data_interval_start", "data_interval_end"}
RUN_TEMPLATE_VARIABLES |= {"ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz", "macros"}


def start_trigger(
    sensor: BaseOperator, kwargs: Mapping[str, object], next_method: str, timeout: float
) -> StartTriggerArgs | None:
    """
    What the scheduler needs to defer a sensor that no worker has seen.

    :param sensor: in its DAG. Of sensors that are mapped themselves Airflow looks at the class only, which has no first
        trigger, so that a worker begins.
    :param kwargs: of the trigger, templates and outputs of other tasks among them.
    :param next_method: called by the worker that the trigger wakes.
    :param timeout: seconds until Airflow itself gives up; kept in its database, so that no restart prolongs it.
    :return: None where only a worker can begin.
    """
    if not STARTS_FROM_TRIGGER or is_mapped(sensor):
        return None
    ready = {name: _as_json(value) for name, value in kwargs.items()}
    if any(is_unknown(value) for value in kwargs.values()) and not TRIGGER_RENDERS:
        return None
    if any(not isinstance(value, str | int | float | None) for value in ready.values()):
        return None
    from airflow.triggers.base import StartTriggerArgs

    return StartTriggerArgs(
        trigger_cls=TRIGGER, trigger_kwargs=ready, next_method=next_method, timeout=timedelta(seconds=timeout)
    )


def _as_json(value: object) -> object:
    """The value as text or number, where it can be; a template where the triggerer can render it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        return output_template(value) if is_unknown(value) else value
    return value if not is_unknown(value) or _needs_only_the_run(value) else object()


def _needs_only_the_run(template: str) -> bool:
    from jinja2 import Environment, TemplateError
    from jinja2.meta import find_undeclared_variables

    try:
        parsed = Environment(autoescape=True).parse(template)
    except TemplateError:
        return False  # a worker says what is wrong with it
    return find_undeclared_variables(parsed) <= RUN_TEMPLATE_VARIABLES
