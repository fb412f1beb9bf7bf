"""Everything that differs between the supported Airflow versions, each oddity with its reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, Protocol, cast

from airflow import __version__ as airflow_version

try:  # Airflow 3
    from airflow.sdk.bases.decorator import _TaskDecorator as TaskDecoratorBase
    from airflow.sdk.definitions._internal.expandinput import DictOfListsExpandInput, ListOfDictsExpandInput
    from airflow.sdk.definitions._internal.mixins import ResolveMixin
    from airflow.sdk.definitions.mappedoperator import OperatorPartial
except ImportError:  # where Airflow 2 has them; mypy sees Airflow 3
    from airflow.decorators.base import (  # type: ignore[import-not-found,no-redef]  # as said
        _TaskDecorator as TaskDecoratorBase,
    )
    from airflow.models.expandinput import (  # type: ignore[attr-defined,no-redef]  # as said
        DictOfListsExpandInput,
        ListOfDictsExpandInput,
    )
    from airflow.models.mappedoperator import OperatorPartial  # type: ignore[import-not-found,no-redef]  # as said
    from airflow.utils.mixins import ResolveMixin  # type: ignore[no-redef]  # as said

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context
    from airflow.sdk.types import Operator

__all__ = [
    "RENDERS_TO_NOTHING",
    "STARTS_FROM_TRIGGER",
    "TRIGGER_RENDERS",
    "DictOfListsExpandInput",
    "ListOfDictsExpandInput",
    "Operator",
    "OperatorPartial",
    "ResolveMixin",
    "TaskDecoratorBase",
    "TaskStateStore",
    "callable_on_airflow_2",
    "deferral_failure",
    "is_being_unmapped",
    "is_mapped",
    "output_template",
    "task_state_store",
    "waiting_since",
]


_AIRFLOW = tuple(int(part) for part in airflow_version.split(".")[:2])
# the triggerer renders the arguments of a first trigger
TRIGGER_RENDERS = _AIRFLOW >= (3, 3)
# 2.11 does, but renders nothing; not tried on 3.0 - 3.2, where a worker begins
STARTS_FROM_TRIGGER = _AIRFLOW < (3, 0) or TRIGGER_RENDERS
# 2.11 leaves a template in place that renders to nothing, zero or false
RENDERS_TO_NOTHING = _AIRFLOW >= (3, 0)


class TaskStateStore(Protocol):
    """What Airflow 3.3 keeps for a task across its attempts: JSON values, visible in its REST API."""

    def get(self, key: str) -> object: ...
    def set(self, key: str, value: dict[str, object]) -> None: ...
    def delete(self, key: str) -> None: ...


def task_state_store(context: Context) -> TaskStateStore | None:
    """The store of this task within this run; None below Airflow 3.3."""
    return cast("TaskStateStore | None", cast("Mapping[str, object]", context).get("task_state_store"))


def waiting_since(context: Context) -> float:
    """When a sensor began, in seconds since the epoch; in reschedule mode that was an earlier process (3.0)."""
    first = getattr(context.get("ti"), "get_first_reschedule_date", None)
    began = None if first is None else first(context)
    return time.time() if began is None else float(began.timestamp())


def is_being_unmapped(operator: BaseOperator) -> bool:
    """
    Whether a worker makes this operator from a mapped one: an error in ``__init__`` would be retried then.

    Airflow has no public way to ask; the attribute is the same from 2.11 to 3.3.
    """
    return bool(getattr(operator, "_BaseOperator__from_mapped", False))


def is_mapped(operator: BaseOperator) -> bool:
    """Whether it has several task instances, by itself or as a part of a mapped task group."""
    return hasattr(operator, "partial_kwargs") or any(True for _ in operator.iter_mapped_task_groups())


def output_template(value: object) -> str | object:
    """
    The plain output of a task as a template; anything else as it is.

    Airflow's own template lacks ``map_indexes``. Airflow 3.3 would then ask for a list of XComs, which is a question
    that its triggerer never answers.
    """
    operator, key = getattr(value, "operator", None), getattr(value, "key", None)
    if operator is None or not isinstance(key, str) or is_mapped(operator):
        return value
    pull = f"task_ids={operator.task_id!r}, dag_id={operator.dag_id!r}, key={key!r}, map_indexes=-1"
    return f"{{{{ task_instance.xcom_pull({pull}) }}}}"


class _CallableFlag(int):
    call: Callable[[], object]

    def __call__(self) -> object:
        return self.call()


class _CallableText(str):
    call: Callable[[], object]

    __slots__ = ("call",)

    def __call__(self) -> object:
        return self.call()


def callable_on_airflow_2(value: object, call: Callable[[], object] | None) -> object:
    """
    Return a boolean or a template that can also be called, on Airflow 2; elsewhere the value itself.

    Airflow 2's command line calls ``task.dry_run()``, whatever an operator has there; Airflow 3 has no such call.

    :param value: the argument of an operator.
    :param call: what the call does.
    """
    if _AIRFLOW >= (3, 0) or call is None or not isinstance(value, bool | str):
        return value
    proxy: _CallableFlag | _CallableText = _CallableText(value) if isinstance(value, str) else _CallableFlag(value)
    proxy.call = call
    return proxy


def deferral_failure(
    next_method: str, next_kwargs: Mapping[str, object] | None
) -> Literal["timeout", "failure"] | None:
    """
    Why Airflow itself, not our trigger, wakes a deferred task up; None when it was our trigger.

    Airflow 2 raises one and the same ``TaskDeferralError`` for both, so the reason is read from its text.
    """
    if next_method != "__fail__":
        return None
    reason = str((next_kwargs or {}).get("error", ""))
    return "timeout" if "timeout" in reason.lower() else "failure"
