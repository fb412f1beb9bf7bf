"""The parameters of POST imports: converted, checked, and as they go over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from typing import cast
from urllib.parse import urlsplit

from airflow_provider_copernica.client.convert import to_boolean, to_count, to_names, to_text
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.columns import Column, parse_columns
from airflow_provider_copernica.payload.parameter_rules import (
    ACTIONS,
    DELETE_TARGETS,
    DELIMITERS,
    FORMATS,
    LOCATION_SCHEMES,
    MATCHING_ACTIONS,
    UNKNOWN,
    Unknown,
    broken_rules,
)
from airflow_provider_copernica.readers.arrow_protocol import is_arrow

__all__ = [
    "PARAMETERS",
    "ImportParameters",
    "Rows",
    "check_parameters",
    "hint_at_template",
    "is_unknown",
    "read_parameters",
]

Rows = Iterable[Mapping[str, object]]


@dataclass(frozen=True)
class ImportParameters:
    """
    Everything that can be asked of ``POST imports``; None is not sent, so that Copernica's own default applies.

    :param database: ID of the database to import into.
    :param action: one of :data:`ACTIONS`.
    :param name: label of the import.
    :param key_fields: fields that tell whether a row exists already; collection fields as ``Collection.Field``.
    :param source: the rows, or the text of a CSV or JSON file.
    :param location: URL of a file that Copernica fetches.
    :param format: ``csv`` or ``json``, of a text.
    :param delimiter: tab, comma or semicolon, of CSV.
    :param followups: whether follow-up actions run for every profile touched.
    :param autostart: whether the import starts at once.
    :param rebuild: whether selections are rebuilt afterwards.
    :param ignore_empty_fields: whether empty cells leave stored values alone.
    :param remove_missing: whether profiles that are not in this import are deleted.
    :param delete_target: ``profile`` or ``subprofile``, for the action ``delete``.
    """

    database: int
    action: str
    name: str | None = None
    followups: bool | None = None
    autostart: bool | None = None
    rebuild: bool | None = None
    key_fields: tuple[str, ...] | None = None
    ignore_empty_fields: bool | None = None
    remove_missing: bool | None = None
    delete_target: str | None = None
    location: str | None = field(default=None, repr=False)
    format: str | None = None
    delimiter: str | None = None
    source: str | Rows | None = field(default=None, repr=False)

    def idempotent(self, columns: Iterable[str] = ()) -> bool:
        """
        Tell whether doing it twice changes nothing more than doing it once: nothing is added or mailed twice.

        Subprofiles of a collection without a key field match nothing, so that they are presumably added each time.

        :param columns: of the rows, as far as they are known.
        """
        keyed = {name.partition(".")[0] for name in self.key_fields or () if "." in name}
        collections = {name.partition(".")[0] for name in columns if "." in name} - {"interest"}
        return self.action in MATCHING_ACTIONS and not self.followups and collections <= keyed

    def to_wire(self) -> dict[str, object]:
        """Return the parameters by their documented names, without ``source``, which :mod:`.body` writes."""
        values = {_camel_case(name): getattr(self, name) for name in PARAMETERS if name != "source"}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if v is not None}

    def check_columns(self, columns: Sequence[Column]) -> list[str]:
        """
        Return what is wrong with importing these columns in this way, a sentence each.

        :param columns: of the rows.
        """
        keys = [parse_columns([name])[0] for name in self.key_fields or ()]
        problems: list[str] = []
        if not any(column.kind == "collection" for column in (*columns, *keys)):
            return problems
        if not any(key.kind == "field" for key in keys):
            problems.append(
                "The rows hold subprofiles, but key_fields names no field of the database itself: "
                "each row might make a profile of its own. Add one, like key_fields=['Email', 'Order.OrderID']"
            )
        if self.action == "delete" and self.delete_target is None:
            problems.append(
                "action 'delete' with fields of a collection would remove the profiles, not the subprofiles: "
                "say which with delete_target='subprofile' or 'profile'"
            )
        return problems


PARAMETERS = tuple(f.name for f in fields(ImportParameters))


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def read_parameters(given: Mapping[str, object], *, waits: bool = False) -> ImportParameters:
    """
    Convert and check rendered values.

    :param given: parameters by name; None means "not given".
    :param waits: whether somebody is going to wait for the import.
    :raises CopernicaArgumentError: naming everything that is wrong.
    """
    values, problems = _convert(given, at_parse=False)
    problems += broken_rules(values, waits)
    if problems:
        raise CopernicaArgumentError(*problems)
    return ImportParameters(**values)  # type: ignore[arg-type]  # each was converted to its type by _CONVERTERS


def check_parameters(given: Mapping[str, object], *, waits: bool | Unknown = False) -> None:
    """
    Check what is literal, before anything is rendered.

    :param given: parameters by name; None means "not given".
    :param waits: whether somebody is going to wait for the import.
    :raises CopernicaArgumentError: naming everything that is wrong already.
    """
    values, problems = _convert(given, at_parse=True)
    problems += broken_rules(values, waits)
    if problems:
        raise CopernicaArgumentError(*problems)


def is_unknown(value: object) -> bool:
    """
    Tell whether a value holds a template, or is something that only Airflow can resolve.

    :param value: an argument of a DAG's author.
    """
    if isinstance(value, str):
        return any(mark in value for mark in ("{{", "{%", "{#"))
    if isinstance(value, Mapping):
        return any(is_unknown(item) for pair in value.items() for item in pair)
    if isinstance(value, list | tuple | set):
        return any(map(is_unknown, value))
    return value is UNKNOWN or hasattr(value, "resolve") or hasattr(value, "iter_references")


def _convert(given: Mapping[str, object], *, at_parse: bool) -> tuple[dict[str, object], list[str]]:
    values: dict[str, object] = {}
    problems = []
    for name, value in given.items():
        if name not in _CONVERTERS:
            problems.append(f"{str(name)[:40]!r} is not a parameter of an import: there are {', '.join(PARAMETERS)}")
        elif value is None or (name in _BLANK_IS_NONE and isinstance(value, str) and not value.strip()):
            values[name] = None
        elif at_parse and is_unknown(value):
            values[name] = UNKNOWN
        else:
            try:
                values[name] = _CONVERTERS[name](value)
            except ValueError as error:
                values[name] = UNKNOWN
                problems.append(f"{name} {error}{hint_at_template(value)}")
    for name, choices in (("database", "the ID of a database"), ("action", _one_of(ACTIONS))):
        if values.get(name) is None:
            problems.append(f"{name} is missing: give {choices}")
            values[name] = UNKNOWN
    return values, problems


def hint_at_template(value: object) -> str:
    """
    Return the end of a message about a rendered value that nobody would have written like that; or nothing.

    :param value: as it was rendered.
    """
    empty = isinstance(value, str) and value.strip() in ("", "None")
    return ", and its template rendered to nothing: give the variable or XCom that it names a value" if empty else ""


def _one_of(choices: Sequence[str]) -> str:
    return "one of " + ", ".join(map(repr, choices))


def _choice(choices: Sequence[str]) -> Callable[[object], str]:
    def convert(value: object) -> str:
        text = to_text(value)
        text = "\t" if text == "\\t" else text if text in choices else text.strip()
        if text not in choices:
            raise ValueError(f"is {text[:40]!r}: it must be {_one_of(choices)}")
        return text

    return convert


def _name(value: object) -> str:
    # a template that is rendered natively gives the number itself
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else to_text(value)


def _location(value: object) -> str:
    text = to_text(value).strip()
    try:
        parts = urlsplit(text)
        known = parts.scheme in LOCATION_SCHEMES and bool(parts.hostname) and parts.port != 0
        known = known and "@" not in parts.fragment  # else the host is a piece of somebody's password
    except ValueError:
        known = False
    if not known or not text.isprintable() or " " in text:
        raise ValueError(
            f"must be a URL that Copernica can fetch ({', '.join(LOCATION_SCHEMES)}), its password percent-encoded"
        )
    return text


def _source(value: object) -> str | Rows:
    if isinstance(value, str):
        return value
    if isinstance(value, PathLike):
        raise ValueError(
            "is the path of a file in the place of rows: use ObjectStorageToCopernicaOperator, which reads files"
        )
    if is_arrow(value):
        from airflow_provider_copernica.readers.arrow_rows import arrow_rows

        return cast("Rows", arrow_rows(value))
    if isinstance(value, Mapping | bytes) or not isinstance(value, Iterable) or hasattr(value, "to_dict"):
        hint = ": use df.to_dict('records')" if hasattr(value, "to_dict") else ""
        raise ValueError(f"must be a list of rows (dicts), or text, not {type(value).__name__}{hint}")
    return value


_CONVERTERS: dict[str, Callable[[object], object]] = {
    "database": to_count,
    "action": _choice(ACTIONS),
    "name": _name,
    "key_fields": to_names,
    "source": _source,
    "location": _location,
    "format": _choice(FORMATS),
    "delimiter": _choice(DELIMITERS),
    "followups": to_boolean,
    "autostart": to_boolean,
    "rebuild": to_boolean,
    "ignore_empty_fields": to_boolean,
    "remove_missing": to_boolean,
    "delete_target": _choice(DELETE_TARGETS),
}
_BLANK_IS_NONE = {"name"}
