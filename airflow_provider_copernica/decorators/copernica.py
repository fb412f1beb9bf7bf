"""``@task.copernica_import``: a function that returns or yields rows, or returns a data frame."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack, cast

from airflow.providers.common.compat.sdk import (
    DecoratedOperator,
    context_merge,
    determine_kwargs,
)

from airflow_provider_copernica.arguments import DecoratorArguments, refuse_unknown
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators._mapping import ImportTask
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.readers.arrow_protocol import is_arrow
from airflow_provider_copernica.readers.arrow_rows import arrow_rows
from airflow_provider_copernica.redacted_fields import ARGUMENT, redacted, refuse_default_args, reveal
from airflow_provider_copernica.transfers._rows import ARRAY_FORMAT, IMPORT_FIELDS, UNRENDERED_SOURCE, refuse_source
from airflow_provider_copernica.version_compat import is_being_unmapped

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, TaskDecorator


__all__ = ["CopernicaImportDecoratedOperator", "check_function", "copernica_import_task"]


class CopernicaImportDecoratedOperator(DecoratedOperator, CopernicaImportOperator):
    """
    Call a function in the worker and import the rows that it returns or yields; they never become an XCom.

    A data frame, or anything with Arrow's stream protocol, is returned, not yielded. Arguments that look like rows (all
    but short texts and numbers) are shown neither in the DAG that Airflow stores nor in its rendered templates. Where
    the DAG renders native objects, a template may give one; text stays text.

    :param python_callable: the function; not an async one.
    :param op_args: its positional arguments; templates.
    :param op_kwargs: its named arguments; templates.
    """

    custom_operator_name = "@task.copernica_import"
    template_fields: Sequence[str] = ("op_args", "op_kwargs", *IMPORT_FIELDS)

    def __init__(
        self,
        *,
        python_callable: Callable[..., object],
        op_args: Sequence[object] | None = None,
        op_kwargs: Mapping[str, object] | None = None,
        **kwargs: Unpack[DecoratorArguments],
    ) -> None:
        refuse_unknown(type(self), kwargs)
        check_function(python_callable)
        refuse_source(kwargs, "the function", others=("format", "delimiter"))
        super().__init__(
            python_callable=python_callable,
            op_args=[redacted(value, ARGUMENT) for value in op_args or ()],
            op_kwargs={name: redacted(value, ARGUMENT) for name, value in (op_kwargs or {}).items()},
            **kwargs,
        )
        if not is_being_unmapped(self):
            hidden = dict.fromkeys(inspect.signature(python_callable).parameters, ARGUMENT)
            refuse_default_args(getattr(self.get_dag(), "default_args", None), hidden)

    def execute(self, context: Context) -> int | None:
        """Import the rows; DecoratedOperator would call the function itself and make an XCom of them."""
        return CopernicaImportOperator.execute(self, context)

    def given_source(self, context: Context | None) -> dict[str, object]:
        """Return the rows of the function, which is called when the first is asked for."""
        return UNRENDERED_SOURCE if context is None else {"source": self._rows(context), **ARRAY_FORMAT}

    def _rows(self, context: Context) -> Iterator[object]:
        args = [reveal(value) for value in self.op_args]
        named = {name: reveal(value) for name, value in self.op_kwargs.items()}
        context_merge(context, named)
        kwargs = determine_kwargs(self.python_callable, args, context)
        rows = self.python_callable(*args, **kwargs)
        if rows is None:
            return
        if is_arrow(rows):
            rows = arrow_rows(rows)
        if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
            raise CopernicaArgumentError(
                f"{_name_of(self.python_callable)} returned one {type(rows).__name__}: "
                "it must return or yield rows, each a dict of fields and values, or return a data frame."
            )
        yield from rows


def check_function(function: Callable[..., object]) -> None:
    """
    Refuse a function whose rows could not be read.

    :raises CopernicaArgumentError: for an async function, whose rows nobody would await.
    """
    plain: Any = inspect.unwrap(function)  # any callable
    while isinstance(plain, functools.partial):
        plain = inspect.unwrap(plain.func)
    called = plain if inspect.isroutine(plain) else type(plain).__call__
    if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
        raise CopernicaArgumentError(
            f"@task.copernica_import: {_name_of(plain)} is an async function: write it with 'def', "
            "and call asyncio.run() within it where that is needed."
        )


def _name_of(function: Callable[..., object]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def copernica_import_task(
    python_callable: Callable[..., object] | None = None,
    **kwargs: Unpack[DecoratorArguments],
) -> TaskDecorator:
    """
    Make a task that imports the rows of a function, or the data frame that it returns.

    :param python_callable: the function, when the decorator is used without parentheses.
    :param kwargs: all of :class:`~airflow_provider_copernica.operators.copernica.CopernicaImportOperator` but
        ``source``, ``location``, ``format`` and ``delimiter``.
    """
    refuse_unknown(CopernicaImportDecoratedOperator, kwargs)

    def decorate(function: Callable[..., object]) -> ImportTask:
        check_function(function)
        return ImportTask(
            function=function,
            operator_class=CopernicaImportDecoratedOperator,
            multiple_outputs=False,
            kwargs=dict(kwargs),
        )

    return cast("TaskDecorator", decorate if python_callable is None else decorate(python_callable))
