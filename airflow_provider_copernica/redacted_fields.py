"""
Template fields whose values nobody may see: rows are personal data, locations hold passwords.

Airflow stores template fields in the serialised DAG and, once rendered, in its database, and shows both. A
:class:`Redacted` stands in for such a value: operators keep it in their template field, render what is within
(:mod:`.operators._rendering`), and :func:`reveal` it when they run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import XComArg

from airflow_provider_copernica.client.redact import show_location
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.version_compat import ResolveMixin

if TYPE_CHECKING:
    from airflow_provider_copernica.version_compat import Operator

__all__ = [
    "ARGUMENT",
    "LOCATION",
    "ROWS",
    "Hidden",
    "Redacted",
    "describe_location",
    "redact_each",
    "redact_named",
    "redacted",
    "refuse_default_args",
    "reveal",
]

# a longer text is taken for the text of a file
_LONGEST_ARGUMENT = 200
# the start of a JSON array or object, which a template is not
_JSON_START = re.compile(r"\s*(\[|\{(?![{%#]))")


def _describe_rows(value: object) -> str:
    if isinstance(value, str):
        return f"<text of {len(value)} characters, not shown>"
    return f"<{len(value)} rows, not shown>" if isinstance(value, Sequence) else "<rows, not shown>"


def _describe_argument(value: object) -> str:
    return repr(value) if _is_harmless(value) else _describe_rows(value)


def _is_harmless(value: object) -> bool:
    if not isinstance(value, str):
        return isinstance(value, int | float | None)
    looks_like_rows = "\n" in value or "@" in value or _JSON_START.match(value)
    return len(value) <= _LONGEST_ARGUMENT and not looks_like_rows


def describe_location(value: object) -> str:
    """Return what may be seen of a location: scheme, host and the file's name."""
    return show_location(value)


@dataclass(frozen=True)
class Hidden:
    """
    A kind of value that is not shown.

    :param describe: what to show in its place.
    :param has_cells: a list or dict holds the cells of rows, which render to text; default: to whatever the template
        gives, where the DAG renders native objects.
    """

    describe: Callable[[object], str]
    has_cells: bool = False


ROWS = Hidden(_describe_rows, has_cells=True)
LOCATION = Hidden(describe_location)
# of a decorated function: most are harmless
ARGUMENT = Hidden(_describe_argument)


class Redacted(ResolveMixin):
    """
    Hold the value of a template field and show only a description of it.

    Airflow finds upstream tasks in it, as in any :class:`ResolveMixin`.

    :param template: what the author of the DAG wrote: a literal, a template, or another task's output.
    :param kind: what kind of value that is.
    """

    def __init__(self, template: object, kind: Hidden) -> None:
        self.template = template
        self.kind = kind
        self.value = template

    @property
    def has_cells(self) -> bool:
        """Whether the texts within the template are cells of rows."""
        return self.kind.has_cells and isinstance(self.template, list | tuple | dict)

    def iter_references(self) -> Iterable[tuple[Operator, str]]:
        """Yield the tasks whose output this is."""
        return XComArg.iter_xcom_references(self.template)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, Redacted) else other))

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return self.kind.describe(self.value)


def redacted(value: object, kind: Hidden) -> object:
    """Hide a value, once; None stays None."""
    return value if value is None or isinstance(value, Redacted) else Redacted(value, kind)


def redact_named(values: Mapping[str, Any], hidden: Mapping[str, Hidden]) -> dict[str, Any]:
    """Hide some of the named values."""
    return {name: redacted(value, hidden[name]) if name in hidden else value for name, value in values.items()}


def redact_each(values: Any, kind: Hidden) -> Any:
    """Hide each of the values that a mapped task has one of; another task's output stays."""
    if isinstance(values, Mapping):
        return {key: redacted(value, kind) for key, value in values.items()}
    return [redacted(value, kind) for value in values] if isinstance(values, list | tuple) else values


def reveal(value: object) -> object:
    """Return the value itself."""
    return value.value if isinstance(value, Redacted) else value


def refuse_default_args(default_args: Mapping[str, object] | None, hidden: Mapping[str, Hidden]) -> None:
    """
    Refuse values in the ``default_args`` of a DAG that have to be hidden: Airflow stores these as they are.

    :param default_args: of the DAG.
    :param hidden: the arguments to look at, by name.
    :raises CopernicaArgumentError: there is such a value.
    """
    for name, kind in hidden.items():
        value = (default_args or {}).get(name)
        if value is not None and kind.describe(value) not in (value, repr(value)):
            raise CopernicaArgumentError(
                f"The argument {name!r} can't stand in default_args, since Airflow stores these where everybody can "
                f"read them. Give {name} to the task itself."
            )
