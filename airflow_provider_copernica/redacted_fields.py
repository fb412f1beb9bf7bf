"""Template fields whose values nobody may see: rows are personal data, locations hold passwords."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import XComArg

from airflow_provider_copernica.version_compat import OperatorPartial, ResolveMixin

if TYPE_CHECKING:
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    from airflow_provider_copernica.version_compat import Operator

Describe = Callable[[object], str]


class Redacted(ResolveMixin):
    """
    Holds the value of a template field and shows only a description of it.

    Airflow stores template fields in the serialised DAG and, rendered, in its database, and shows both. It renders a
    holder by its own ``template_fields``, and finds upstream tasks in it as in any :class:`ResolveMixin`.

    :param given: literal, template, or another task's output.
    :param describe: what to show of a value.
    """

    template_fields = ("given",)
    # Airflow would call this in place of rendering ``given``, without knowing which values must not be rendered again
    resolve = None  # type: ignore[assignment]  # see above

    def __init__(self, given: object, describe: Describe) -> None:
        self._given = self._value = given
        self._describe = describe

    @property
    def given(self) -> object:
        """As the author of the DAG gave it; every attempt renders it anew."""
        return self._given

    @given.setter
    def given(self, rendered: object) -> None:
        self._value = rendered

    @property
    def value(self) -> object:
        """As rendered; before that, as given."""
        return self._value

    def iter_references(self) -> Iterable[tuple[Operator, str]]:
        """The tasks whose output this is."""
        return XComArg.iter_xcom_references(self._given)

    def __eq__(self, other: object) -> bool:
        return self._value == (other.value if isinstance(other, Redacted) else other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return self._describe(self._value)


def redacted(value: object, describe: Describe) -> object:
    """Hides a value, once; None stays None."""
    return value if value is None or isinstance(value, Redacted) else Redacted(value, describe)


def redact_named(values: Mapping[str, Any], hidden: Mapping[str, Describe]) -> dict[str, Any]:
    """Hides some of the named values."""
    return {name: redacted(value, hidden[name]) if name in hidden else value for name, value in values.items()}


def redact_each(values: object, describe: Describe) -> object:
    """Hides each of the values that a mapped task has one of; another task's output stays."""
    if isinstance(values, Mapping):
        return {key: redacted(value, describe) for key, value in values.items()}
    return [redacted(value, describe) for value in values] if isinstance(values, list | tuple) else values


def redacting_partial(partial: OperatorPartial, hidden: Mapping[str, Describe]) -> OperatorPartial:
    """
    What ``.partial()`` returns, but for arguments that ``.expand()`` may not show.

    :param hidden: how to describe them, by name.
    """

    class RedactingPartial(OperatorPartial):
        def expand(self, **mapped: Any) -> MappedOperator:
            each: dict[str, Any] = {  # what Airflow takes
                name: redact_each(value, hidden[name]) if name in hidden else value for name, value in mapped.items()
            }
            return super().expand(**each)

        def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> MappedOperator:
            if isinstance(kwargs, list | tuple):
                kwargs = [redact_named(one, hidden) if isinstance(one, Mapping) else one for one in kwargs]
            return super().expand_kwargs(kwargs, strict=strict)

    partial._expand_called = True  # noqa: SLF001 - else Airflow warns that it never was
    return RedactingPartial(operator_class=partial.operator_class, kwargs=partial.kwargs, params=partial.params)


def reveal(value: object) -> object:
    """The value itself."""
    return value.value if isinstance(value, Redacted) else value


def describe_rows(value: object) -> str:
    """What may be seen of rows: how many."""
    if isinstance(value, str):
        return f"<text of {len(value)} characters, not shown>"
    return f"<{len(value)} rows, not shown>" if isinstance(value, Sequence) else "<rows, not shown>"


def describe_argument(value: object) -> str:
    """What may be seen of a function's argument: all but what may be rows."""
    is_short = isinstance(value, str) and len(value) <= 200 and "\n" not in value
    return repr(value) if is_short or isinstance(value, int | float | None) else describe_rows(value)


def describe_location(value: object) -> str:
    """What may be seen of a location: all but credentials and signature."""
    from airflow_provider_copernica.client.redact import redact

    return redact(value) if isinstance(value, str) else "<location, not shown>"
