"""The rules that hold between the parameters of an import, each checked as soon as its parameters are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Literal, get_args

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.columns import parse_columns

__all__ = [
    "ACTIONS",
    "DELETE_TARGETS",
    "DELIMITERS",
    "FORMATS",
    "LOCATION_SCHEMES",
    "MATCHING_ACTIONS",
    "UNKNOWN",
    "Action",
    "DeleteTarget",
    "Delimiter",
    "TextFormat",
    "Unknown",
    "broken_rules",
    "is_path",
]

Action = Literal["add", "update", "update or add", "ignore or add", "delete"]
ACTIONS: tuple[Action, ...] = get_args(Action)
MATCHING_ACTIONS = ACTIONS[1:]
TextFormat = Literal["csv", "json"]
FORMATS: tuple[TextFormat, ...] = get_args(TextFormat)
Delimiter = Literal["\t", ",", ";"]
DELIMITERS: tuple[Delimiter, ...] = get_args(Delimiter)
DeleteTarget = Literal["profile", "subprofile"]
DELETE_TARGETS: tuple[DeleteTarget, ...] = get_args(DeleteTarget)
LOCATION_SCHEMES = ("http", "https", "ftp", "ftps", "sftp")

_PATH_START = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S|[A-Za-z]:[\\/]|\\\\\w|(~|\.{1,2})?/")
_FILE_ENDING = re.compile(
    r"\.(avro|csv|feather|gz|json|jsonl|ndjson|orc|parquet|pq|tsv|txt|xlsx?|xml|zip)(\.(bz2|gz|snappy|xz|zip|zst))?$",
    re.IGNORECASE,
)
_LONGEST_PATH = 4096


class Unknown(Enum):
    """A value that is a template, or another task's output: known only when the task runs."""

    UNTIL_RENDERED = 0


UNKNOWN = Unknown.UNTIL_RENDERED


def broken_rules(values: Mapping[str, object], waits: bool | Unknown) -> list[str]:
    """
    Hold the parameters of an import against each other.

    :param values: converted parameters by name; what is not known yet breaks no rule.
    :param waits: whether somebody is going to wait for the import.
    :return: a sentence for each broken rule.
    """
    facts = {**values, "waits": waits}
    problems = []
    for names, rule in _RULES:
        given = [facts.get(name) for name in names]
        if not any(value is UNKNOWN for value in given):  # not "in": a data frame can't be compared
            problem = rule(*given)
            if problem:
                problems.append(problem)
    return problems


def is_path(text: str) -> bool:
    """
    Tell whether a text is the path or URL of a file rather than rows.

    :param text: one line that starts like a path or URL, or ends like a file's name and holds no delimiter.
    """
    if len(text) > _LONGEST_PATH:
        return False
    line = text.strip()
    if not line or "\n" in line or "\r" in line:
        return False
    if _PATH_START.match(line):
        return True
    has_ending = _FILE_ENDING.search(line) is not None
    return has_ending and not any(mark in line for mark in (*DELIMITERS, "{", "["))


def _rows_of_source(source: object) -> str | None:
    if isinstance(source, str) and is_path(source):
        return (
            "source is the path or URL of a file in the place of rows: use ObjectStorageToCopernicaOperator, which "
            "reads files, or location for a URL that Copernica can fetch"
        )
    return None


def _source_or_location(source: object, location: object) -> str | None:
    if source is None and location is None:
        return "There is nothing to import: give source or location"
    if source is not None and location is not None:
        return "source and location exclude each other: give one of them"
    return None


def _format_of_source(source: object, given: object) -> str | None:
    if isinstance(source, str) and source.strip() and given is None and not is_path(source):
        return (
            "source is text, so format must say 'json' or 'csv'. "
            "If it should be the rows of another task, hand them over with source=task.output"
        )
    if source is not None and not isinstance(source, str) and given == "csv":
        return "format 'csv' is for text, but source is a list of rows: leave format out"
    return None


def _delimiter_of_csv(given: object, delimiter: object) -> str | None:
    return "format 'csv' needs a delimiter: tab, ',' or ';'" if given == "csv" and delimiter is None else None


def _keys_of_action(action: object, key_fields: object) -> str | None:
    if action in MATCHING_ACTIONS and not key_fields:
        return f"action {action!r} needs key_fields: without them Copernica can't tell which profiles exist already"
    return None


def _keys_of_profiles(key_fields: object) -> str | None:
    if not isinstance(key_fields, tuple) or not key_fields:
        return None
    try:
        columns = parse_columns(key_fields)
    except CopernicaArgumentError as error:
        return f"key_fields can't be used: {'; '.join(error.problems)}"
    if all(column.kind != "field" for column in columns):
        return "key_fields needs a field of the database itself, like key_fields=['Email', 'Order.OrderID']"
    return None


def _target_of_delete(action: object, delete_target: object) -> str | None:
    if delete_target is not None and action != "delete":
        return f"delete_target is only for action 'delete', not for {action!r}: leave it out"
    return None


def _target_of_keys(key_fields: object, action: object, delete_target: object) -> str | None:
    if action != "delete" or not isinstance(key_fields, tuple):
        return None
    of_collection = any("." in name and not name.startswith("interest.") for name in key_fields)
    if of_collection and delete_target is None:
        return (
            "action 'delete' by a field of a collection needs delete_target: "
            "'subprofile', or 'profile' for the whole profile"
        )
    if delete_target == "subprofile" and not of_collection:
        return "delete_target 'subprofile' needs a field of a collection in key_fields: nothing tells which subprofile"
    return None


def _nothing_missing(remove_missing: object, action: object) -> str | None:
    if remove_missing and action in ("add", "delete"):
        return (
            f"remove_missing with action {action!r} could remove every profile: "
            "leave it out, or use it with 'update or add' if you mean it"
        )
    return None


def _started(autostart: object, waits: object) -> str | None:
    if autostart is False and waits:
        return (
            "autostart=False makes an import that only a person can start, in Copernica, so waiting would not end: "
            "set wait_for_completion=False"
        )
    return None


_RULES: tuple[tuple[tuple[str, ...], Callable[..., str | None]], ...] = (
    (("source", "location"), _source_or_location),
    (("source",), _rows_of_source),
    (("source", "format"), _format_of_source),
    (("format", "delimiter"), _delimiter_of_csv),
    (("action", "key_fields"), _keys_of_action),
    (("key_fields",), _keys_of_profiles),
    (("action", "delete_target"), _target_of_delete),
    (("key_fields", "action", "delete_target"), _target_of_keys),
    (("remove_missing", "action"), _nothing_missing),
    (("autostart", "waits"), _started),
)
