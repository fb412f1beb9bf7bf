"""Fields of databases and collections, and what is stored of a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Field", "FieldSpecs", "read_specs"]

FieldSpec = str | Mapping[str, object]
FieldSpecs = Mapping[str, FieldSpec] | Iterable[str]

_ZERO_DATES = {"date": "0000-00-00", "datetime": "0000-00-00 00:00:00"}
_FIRST_YEAR = 1000  # of the dates that the documentation calls valid


@dataclass(frozen=True)
class Field:
    """A field of a database or of a collection."""

    id: int
    name: str
    type: str = "text"
    length: int = 255
    value: str = ""
    indexed: bool = False

    def store(self, text: str) -> str:
        """
        Return what is stored of a text.

        Dates that are not valid become zero dates (documentation of the import in the user interface); the rest was
        observed on calls for profiles, not on imports. That a text too long is cut is presumed.
        """
        match self.type:
            case "text":
                return text[: self.length]
            case "date" | "datetime" | "empty_date" | "empty_datetime":
                is_valid = _is_date(text, self.type.removeprefix("empty_"))
                return text if is_valid else _ZERO_DATES.get(self.type, "")
            case "integer":
                match = re.match(r"-?\d+", text.strip())
                return match[0] if match else "0"
            case "float":
                match = re.match(r"-?\d+(\.\d+)?", text.strip())
                return match[0] if match else "0.0"
            case "select":
                return text if text in self._options() else ""
            case _:
                return text

    def initial(self) -> str:
        """Return what a new (sub)profile holds: nothing, the zero of its type, or the marked option of a select."""
        marked = [
            line.rstrip() for line in self.value.splitlines() if self.type == "select" and line.rstrip()[-1:] == "*"
        ]
        return marked[0].removesuffix("*") if marked else self.store("")

    def _options(self) -> list[str]:
        return [option.rstrip().removesuffix("*") for option in self.value.splitlines()]


def read_specs(specs: FieldSpecs, ids: Iterator[int]) -> dict[str, Field]:
    """Make fields: of names; or of name to type; or of name to a mapping of type, length and value."""
    named: Mapping[str, FieldSpec] = specs if isinstance(specs, Mapping) else dict.fromkeys(specs, "text")
    return {name: _read_spec(name, spec, next(ids)) for name, spec in named.items()}


def _read_spec(name: str, spec: FieldSpec, field_id: int) -> Field:
    if isinstance(spec, str):
        return Field(field_id, name, spec)
    length, value = int(str(spec.get("length", 255))), str(spec.get("value", ""))
    return Field(field_id, name, str(spec.get("type", "text")), length, value, bool(spec.get("index", False)))


def _is_date(text: str, kind: str) -> bool:
    for pattern in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")[: 1 if kind == "date" else 2]:
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - a date without zone is what Copernica stores
        except ValueError:
            continue
        return moment.year >= _FIRST_YEAR
    return False
