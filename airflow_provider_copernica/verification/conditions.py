"""
Conditions that select (sub)profiles, and whether what came back satisfies them.

A condition is ``name operator value`` (documentation of the ``fields`` parameter). How a value is written that holds an
operator itself is not documented, so such a value is not asked for. A condition that Copernica does not understand is
ignored, as was observed, and the reply holds everything: what comes back is compared with the condition once more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.payload.field_types import FieldType
from airflow_provider_copernica.verification.values import is_stored_as_sent, stored_text

__all__ = ["equals", "field_of", "has_field", "id_of", "is_askable", "is_removed", "satisfies"]

# characters of the documented operators (==, !=, <>, <, >, <=, >=, =~, !~), and what no line of a log shows
_UNSAFE = re.compile(r"[=<>!~\x00-\x1f\x7f]")
# characters of a value
_LONGEST = 300
# characters of all conditions in a URL, where an emoji takes twelve: many servers refuse a URL of more than 8,000
_LONGEST_QUERY = 4_000


def is_askable(texts: Sequence[str]) -> bool:
    """
    Tell whether values can be asked for without doubt.

    :param texts: names of fields, or their values.
    """
    if any(len(text) > _LONGEST or not text.strip() or _UNSAFE.search(text) for text in texts):
        return False
    return len(quote("".join(texts))) <= _LONGEST_QUERY


def equals(name: str, text: str) -> str:
    """
    Return the condition that a field holds a value.

    :param name: of the field.
    :param text: its value.
    """
    return f"{name}=={text}"


def satisfies(item: Mapping[str, object], wanted: Mapping[FieldType, str]) -> bool:
    """
    Tell whether a (sub)profile holds the values that were asked for.

    Whether Copernica minds the case of letters is not documented, so that it does not count.

    :param item: as the API gives it.
    :param wanted: values by field.
    """
    return all(
        is_stored_as_sent(text.casefold(), stored_text(field_of(item, field.name)).casefold(), field.type)
        for field, text in wanted.items()
    )


def field_of(item: Mapping[str, object], name: str) -> object:
    """
    Return the value of a field, whose name is spelled in any case; None where there is none.

    :param item: a (sub)profile as the API gives it.
    :param name: of the field.
    """
    fields = item.get("fields")
    if not isinstance(fields, Mapping):
        return None
    if name in fields:
        return fields[name]
    return next((value for key, value in fields.items() if str(key).casefold() == name.casefold()), None)


def has_field(item: Mapping[str, object], name: str) -> bool:
    """
    Tell whether a database or collection has a field of a name, in any case.

    :param item: one of its (sub)profiles, as the API gives it.
    :param name: of the field.
    """
    fields = item.get("fields")
    return isinstance(fields, Mapping) and any(str(key).casefold() == name.casefold() for key in fields)


def id_of(item: Mapping[str, object]) -> int | None:
    """
    Return the ID of a (sub)profile; None where it has none.

    :param item: as the API gives it.
    """
    try:
        return to_count(next((value for key, value in item.items() if key.lower() == "id"), None))
    except ValueError:
        return None


def is_removed(item: Mapping[str, object]) -> bool:
    """
    Tell whether a (sub)profile is shown although it was removed, as was observed where it is asked for by ID.

    :param item: as the API gives it.
    """
    return stored_text(item.get("removed")).strip("0-: ").lower() not in ("", "false")
