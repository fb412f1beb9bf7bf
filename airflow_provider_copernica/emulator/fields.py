"""Fields, and what becomes of a value: as it is read, and as a field stores it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Field", "FieldSpecs", "as_id", "as_text", "is_true", "read_specs"]

FieldSpec = str | Mapping[str, object]
FieldSpecs = Mapping[str, FieldSpec] | Iterable[str]

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FIRST_YEAR = 1000  # of the dates that the documentation calls valid


def is_true(value: object) -> bool:
    """Read a boolean: in text ``yes``, ``true`` and numbers from 1 on (observed of one parameter of queries)."""
    if isinstance(value, str):
        return value.lower() in ("yes", "true") or (bool(_NUMBER.fullmatch(value)) and abs(float(value)) >= 1)
    return isinstance(value, int | float) and abs(value) >= 1


def as_text(value: object) -> str:
    """Return what PHP makes of a value; only text is documented. What is nested becomes nothing."""
    if value is None or value is False or isinstance(value, list | dict):
        return ""
    return "1" if value is True else str(value)


def as_id(value: object) -> int:
    """Return the ID that a value holds, 0 if it does not hold one."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


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

        Dates that are not valid become zero dates, or empty where the field may be (documentation of the import in the
        user interface); the rest was observed on calls for profiles, not on imports. That a text too long is cut, and
        that a date gets or loses its time to be what the field holds, is presumed.
        """
        match self.type:
            case "text":
                return text[: self.length]
            case "date" | "datetime" | "empty_date" | "empty_datetime":
                notation = "%Y-%m-%d %H:%M:%S" if self.type.endswith("datetime") else "%Y-%m-%d"
                moment = _read_moment(text)
                if moment is not None:
                    return moment.strftime(notation)
                return "" if self.type.startswith("empty_") else re.sub("%.", "00", notation.replace("%Y", "0000"))
            case "integer":
                match = re.match(r"-?\d+", text.strip())
                return match[0] if match else "0"
            case "float":
                match = _NUMBER.match(text.strip())
                return match[0] if match else "0.0"
            case "select":
                return text if text in self._options() else ""
            case _:
                return text

    def initial(self) -> str:
        """Return what a new (sub)profile holds: nothing, the zero of its type, or the marked option of a select."""
        marked = [line for line in self._lines() if self.type == "select" and line.endswith("*")]
        return marked[0].removesuffix("*") if marked else self.store("")

    def _lines(self) -> list[str]:
        return [line.rstrip() for line in self.value.splitlines()]

    def _options(self) -> list[str]:
        return [line.removesuffix("*") for line in self._lines()]


def read_specs(specs: FieldSpecs, ids: Iterator[int]) -> dict[str, Field]:
    """Make fields: of names; or of name to type; or of name to a mapping of type, length, value and index."""
    named: Mapping[str, FieldSpec] = specs if isinstance(specs, Mapping) else dict.fromkeys(specs, "text")
    return {name: _read_spec(name, spec, next(ids)) for name, spec in named.items()}


def _read_spec(name: str, spec: FieldSpec, field_id: int) -> Field:
    if isinstance(spec, str):
        return Field(field_id, name, spec)
    length, value = int(str(spec.get("length", 255))), str(spec.get("value", ""))
    return Field(field_id, name, str(spec.get("type", "text")), length, value, bool(spec.get("index", False)))


def _read_moment(text: str) -> datetime | None:
    """Read a date, with a time or without."""
    for notation in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S"):
        try:
            moment = datetime.strptime(text, notation)  # noqa: DTZ007 - a date without zone is what Copernica stores
        except ValueError:
            continue
        return moment if moment.year >= _FIRST_YEAR else None
    return None
