"""
The types of what the authors of DAGs write, each defined once: a type checker and an editor read them.

An operator names its own arguments in its signature, from which Airflow takes default_args; what it passes on is a
``TypedDict`` of this module. Without a type checker, a misspelt name is refused when the DAG is parsed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NewType, Required, TypedDict, TypeVar, cast

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.parameter_rules import Action, DeleteTarget, Delimiter, TextFormat

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import DAG, Context, TaskGroup, XComArg

__all__ = [
    "Action",
    "CheckFields",
    "DecoratorArguments",
    "DeleteTarget",
    "Delimiter",
    "ImportArguments",
    "SensorArguments",
    "TaskArguments",
    "Template",
    "TextFormat",
    "refuse_unknown",
    "rendered",
]

Value = TypeVar("Value")
CheckFields = Literal["names", "values"]

Template = NewType("Template", str)
"""
A template in the place of one of a few words: ``action=Template("{{ params.action }}")``.

It is for type checkers alone, which would take a plain text for a word that is not known; when the DAG runs, both are
the same. Other arguments take plain templates.
"""

Callback = Callable[["Context"], None]


class TaskArguments(TypedDict, total=False):
    """Those of Airflow's BaseOperator, on any supported version."""

    owner: str
    email: str | Sequence[str] | None
    email_on_retry: bool
    email_on_failure: bool
    retries: int | None
    retry_delay: timedelta | float
    retry_exponential_backoff: float
    max_retry_delay: timedelta | float | None
    retry_policy: Any  # its class is of Airflow 3.3
    start_date: datetime | None
    end_date: datetime | None
    depends_on_past: bool
    ignore_first_depends_on_past: bool
    wait_for_past_depends_before_skipping: bool
    wait_for_downstream: bool
    dag: DAG | None
    params: MutableMapping[str, Any] | None
    default_args: dict[str, Any] | None
    priority_weight: int
    weight_rule: Any  # a word, or a strategy, whose class differs between versions
    queue: str
    pool: str | None
    pool_slots: int
    sla: timedelta | None
    execution_timeout: timedelta | None
    on_execute_callback: Callback | list[Callback] | None
    on_failure_callback: Callback | list[Callback] | None
    on_success_callback: Callback | list[Callback] | None
    on_retry_callback: Callback | list[Callback] | None
    on_skipped_callback: Callback | list[Callback] | None
    pre_execute: Callback | None
    post_execute: Callable[[Context, Any], None] | None
    trigger_rule: str
    resources: dict[str, Any] | None
    run_as_user: str | None
    map_index_template: str | None
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    executor: str | None
    executor_config: dict[str, Any] | None
    do_xcom_push: bool
    multiple_outputs: bool
    inlets: Any  # as Airflow says
    outlets: Any  # as Airflow says
    task_group: TaskGroup | None
    doc: str | None
    doc_md: str | None
    doc_json: str | None
    doc_yaml: str | None
    doc_rst: str | None
    task_display_name: str | None
    logger_name: str | None
    allow_nested_operators: bool
    render_template_as_native_obj: bool | None


class SensorArguments(TaskArguments, total=False):
    """Those of Airflow's BaseSensorOperator."""

    poke_interval: timedelta | float
    timeout: timedelta | float | None
    soft_fail: bool
    mode: Literal["poke", "reschedule"]
    exponential_backoff: bool
    max_wait: timedelta | float | None
    silent_fail: bool
    never_fail: bool


class ImportArguments(TaskArguments, total=False):
    """Those of CopernicaImportOperator but for ``task_id`` and for those that say where the rows come from."""

    database: Required[int | str | XComArg]
    action: Required[Action | Template | XComArg]
    name: str | XComArg | None
    key_fields: Sequence[str] | str | XComArg | None
    followups: bool | str | XComArg | None
    autostart: bool | str | XComArg | None
    rebuild: bool | str | XComArg | None
    ignore_empty_fields: bool | str | XComArg | None
    remove_missing: bool | str | XComArg | None
    delete_target: DeleteTarget | Template | XComArg | None
    copernica_conn_id: str | XComArg
    wait_for_completion: bool
    deferrable: bool
    poll_interval: float
    max_poll_interval: float
    timeout: float | timedelta | None
    durable: bool
    min_records: int | str | XComArg | None
    check_fields: bool | CheckFields | Template | XComArg
    dry_run: bool | str | XComArg
    rejects: Mapping[str, object] | None


class DecoratorArguments(ImportArguments, total=False):
    """Those of ``@task.copernica_import``, whose task is named after the function by default."""

    task_id: str


def rendered(value: Value | XComArg) -> Value:
    """Return an argument with the type that it has when the task runs: Airflow has put the output in its place then."""
    return cast("Value", value)


def refuse_unknown(operator: type, arguments: Iterable[str]) -> None:
    """
    Refuse arguments that an operator does not have.

    Airflow does so too, but prints their values, which may be rows.

    :param operator: the class.
    :param arguments: their names.
    :raises CopernicaArgumentError: naming each, and the name that was probably meant.
    """
    known = _argument_names(operator)
    # those that begin with an underscore are Airflow's own
    unknown = [name for name in arguments if name not in known and not name.startswith("_")]
    if unknown:
        shown = getattr(operator, "custom_operator_name", operator.__name__)
        raise CopernicaArgumentError(*(f"{shown} has no argument {name!r}: {_hint(name, known)}" for name in unknown))


def _hint(name: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    meant = get_close_matches(name, known, n=1)
    return f"write {meant[0]!r}" if meant else "leave it out"


@functools.cache
def _argument_names(operator: type) -> frozenset[str]:
    return frozenset(
        name
        for each in operator.__mro__
        if "__init__" in vars(each)
        for name, parameter in inspect.signature(vars(each)["__init__"]).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY) and name != "self"
    )
