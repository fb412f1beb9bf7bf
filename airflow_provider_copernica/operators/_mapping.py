"""
Mapped tasks: what ``.expand()`` and ``.expand_kwargs()`` hand on, to operators and to decorated functions.

Three things differ from Airflow's own. Rows and locations are hidden, for Airflow stores what is mapped. What another
task returned is never rendered: Airflow's ``expand_kwargs`` takes lists, dicts and texts from other tasks for the
author's own. And several imports with ``remove_missing`` into one database are refused: each would delete the profiles
of the others.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_copernica.client.convert import to_boolean
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators._storage import refuse_shared_paths
from airflow_provider_copernica.redacted_fields import (
    ARGUMENT,
    Hidden,
    redact_each,
    redact_named,
    refuse_default_args,
)
from airflow_provider_copernica.version_compat import (
    DictOfListsExpandInput,
    ListOfDictsExpandInput,
    OperatorPartial,
    TaskDecoratorBase,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

__all__ = ["ImportPartial", "ImportTask", "refuse_paths_of_group", "refuse_shared_removal"]

_OWN = {"database", "remove_missing"}


class _TaskMappings(ListOfDictsExpandInput):
    """Mappings of which some, or all, come from other tasks: their values are not rendered."""

    def resolve(self, context: Mapping[str, Any], *args: Any, **kwargs: Any) -> tuple[Mapping[str, Any], set[int]]:
        """Return the mapping of a task instance, and the identities of the values that are not to be rendered."""
        mapping, resolved = super().resolve(context, *args, **kwargs)
        written = self.value[context["ti"].map_index] if isinstance(self.value, list | tuple) else None
        if written is not mapping:
            resolved = {*resolved, *map(id, mapping.values())}
        return mapping, resolved


class ImportPartial(OperatorPartial):
    """What ``.partial()`` of an import returns."""

    @classmethod
    def of(cls, partial: OperatorPartial) -> ImportPartial:
        """
        Take over from Airflow.

        :param partial: what its own ``.partial()`` returned.
        :raises CopernicaArgumentError: rows or locations stand in the default_args of the DAG.
        """
        partial._expand_called = True  # noqa: SLF001 - else Airflow warns that it never was
        hidden = _hidden_fields(partial)
        refuse_shared_paths(partial.kwargs)
        refuse_default_args(_default_args(partial.kwargs.get("dag")), hidden)
        arguments = redact_named(partial.kwargs, hidden)
        return cls(operator_class=partial.operator_class, kwargs=arguments, params=partial.params)

    def _expand(self, expand_input: Any, *, strict: bool) -> Any:
        hidden = _hidden_fields(self)
        _refuse_pairs(expand_input, hidden)
        _refuse_removals({**_default_args(self.kwargs.get("dag")), **self.kwargs}, expand_input)
        return super()._expand(_hide(expand_input, hidden), strict=strict)


class ImportTask(TaskDecoratorBase[Any, Any, Any]):
    """A function with ``@task.copernica_import``; what is mapped are its arguments."""

    def _expand(self, expand_input: Any, *, strict: bool) -> Any:
        refuse_shared_paths(self.kwargs)
        if is_true(self.kwargs.get("remove_missing")) and _is_shared(self.kwargs.get("database")):
            raise _shared_removal()
        hidden = dict.fromkeys(inspect.signature(self.function).parameters, ARGUMENT)
        hiding = cast("ImportTask", self.override(op_kwargs=redact_named(self.kwargs.get("op_kwargs", {}), hidden)))
        return super(ImportTask, hiding)._expand(_hide(expand_input, hidden), strict=strict)


def _default_args(dag: Any) -> Mapping[str, object]:
    return getattr(dag, "default_args", None) or {}


def _hide(expand_input: Any, hidden: Mapping[str, Hidden]) -> Any:
    """Return what is mapped without what may not be seen; what other tasks return isn't stored by the DAG."""
    mapped = expand_input.value
    if isinstance(expand_input, DictOfListsExpandInput):
        return DictOfListsExpandInput(
            {name: redact_each(values, hidden[name]) if name in hidden else values for name, values in mapped.items()}
        )
    if isinstance(mapped, list | tuple):
        mapped = [redact_named(each, hidden) if isinstance(each, Mapping) else each for each in mapped]
    return _TaskMappings(mapped)


def _hidden_fields(partial: OperatorPartial) -> Mapping[str, Hidden]:
    hidden: Mapping[str, Hidden] = getattr(partial.operator_class, "hidden_fields")  # noqa: B009 - only imports have it
    return hidden


def _refuse_pairs(expand_input: Any, hidden: Mapping[str, Hidden]) -> None:
    if isinstance(expand_input, DictOfListsExpandInput):
        for name in hidden:
            if isinstance(expand_input.value.get(name), Mapping):
                raise CopernicaArgumentError(
                    f"{name}: expand() over a dict gives each task a pair of key and value. Give a list."
                )


def is_true(value: object) -> bool:
    """Tell whether a value is certainly true; a template isn't."""
    try:
        return value is not None and to_boolean(value)
    except ValueError:
        return False


def refuse_paths_of_group(operator: BaseOperator) -> None:
    """
    Refuse one path for all instances of a task within a mapped task group.

    :param operator: an import, as written.
    :raises CopernicaArgumentError: they would replace each other's files.
    """
    if any(True for _ in operator.iter_mapped_task_groups()):
        refuse_shared_paths(vars(operator))


def refuse_shared_removal(operator: BaseOperator) -> None:
    """
    Refuse ``remove_missing`` in one of several task instances that import into the same database.

    Whether the database is the same can't be told where it comes from a mapping, or from a template that looks at
    what differs between the instances.

    :param operator: an import, as written or as rendered.
    :raises CopernicaArgumentError: each import would delete the profiles of the others.
    """
    if not is_true(getattr(operator, "remove_missing", None)):
        return
    dag = operator.get_dag()
    written: Any = operator if dag is None else dag.task_dict.get(operator.task_id, operator)
    in_group = any(True for _ in operator.iter_mapped_task_groups())
    if not hasattr(written, "partial_kwargs"):
        shared = in_group and _is_shared(getattr(written, "database", None), in_group)
    elif "database" in written.partial_kwargs:
        shared = _is_shared(written.partial_kwargs["database"], in_group)
    else:
        shared = getattr(operator, "database", None) == _default_args(dag).get("database")
    if shared:
        raise _shared_removal()


def _is_shared(database: object, in_group: bool = False) -> bool:
    """Tell whether all instances import into the same database, as far as can be seen."""
    if isinstance(database, str):
        return "map_index" not in database and not (in_group and "xcom" in database)
    return not (in_group and hasattr(database, "resolve"))


def _refuse_removals(partial: Mapping[str, object], expand_input: Any) -> None:
    """Refuse what ``.expand()`` and ``.expand_kwargs()`` would make several imports with remove_missing of."""
    mapped = expand_input.value
    if isinstance(expand_input, DictOfListsExpandInput):
        removals = _listed(mapped.get("remove_missing", [partial.get("remove_missing")]))
        databases = _listed(mapped["database"]) if "database" in mapped else None
        # every database meets every value of the others
        repeated = any(
            not isinstance(mapped[name], list | tuple) or len(mapped[name]) > 1 for name in mapped.keys() - _OWN
        )
        shared = _is_shared(partial.get("database")) if databases is None else repeated or _repeats(databases)
    elif "database" in partial:
        written = [each for each in _listed(mapped) if isinstance(each, Mapping)]
        removals = [partial.get("remove_missing"), *(each.get("remove_missing") for each in written)]
        shared = _is_shared(partial["database"])
    else:
        written = [{**partial, **each} for each in _listed(mapped) if isinstance(each, Mapping)]
        removals = [True]
        shared = _repeats([each.get("database") for each in written if is_true(each.get("remove_missing"))])
    if shared and any(map(is_true, removals)):
        raise _shared_removal()


def _listed(values: object) -> list[Any]:
    """Return what is written out; nothing is known of another task's output."""
    return list(values) if isinstance(values, list | tuple) else []


def _repeats(databases: Sequence[object]) -> bool:
    written = [str(database).strip() for database in databases if isinstance(database, int | str)]
    return len({*written}) < len(written)


def _shared_removal() -> CopernicaArgumentError:
    return CopernicaArgumentError(
        "remove_missing: several imports into one database would each delete the profiles of the others. "
        "Send all rows in one import, or map the database too (expand_kwargs)."
    )
