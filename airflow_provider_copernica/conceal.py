"""Template fields whose values nobody may see: rows are personal data, locations hold passwords."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import XComArg

from airflow_provider_copernica.compat import ResolveMixin

if TYPE_CHECKING:
    from airflow_provider_copernica.compat import Operator


class Concealed(ResolveMixin):
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

    def __init__(self, given: object, describe: Callable[[object], str]) -> None:
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
        return self._value == (other.value if isinstance(other, Concealed) else other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return self._describe(self._value)


def conceal(value: object, describe: Callable[[object], str]) -> object:
    """Hides a value, once; None stays None."""
    return value if value is None or isinstance(value, Concealed) else Concealed(value, describe)


def reveal(value: object) -> object:
    """The value itself."""
    return value.value if isinstance(value, Concealed) else value


def describe_rows(value: object) -> str:
    """What may be seen of rows: how many."""
    if isinstance(value, str):
        return f"<text of {len(value)} characters, not shown>"
    if isinstance(value, Mapping):
        return "<rows, not shown>"
    return f"<{len(value)} rows, not shown>" if isinstance(value, Sequence) else "<rows, not shown>"


def describe_argument(value: object) -> str:
    """What may be seen of a function's argument: all but what may be rows."""
    is_short = isinstance(value, str) and len(value) <= 200 and "\n" not in value
    return repr(value) if is_short or isinstance(value, int | float | None) else describe_rows(value)


def describe_location(value: object) -> str:
    """What may be seen of a location: all but credentials and signature."""
    from airflow_provider_copernica.client.redact import redact

    return redact(value) if isinstance(value, str) else "<location, not shown>"
