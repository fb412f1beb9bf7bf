"""Conversions of what templates and forms render: text in, typed values out, never by truthiness."""

from __future__ import annotations

import ast
import json

__all__ = ["to_boolean", "to_count", "to_names", "to_text"]

# longer ones are nonsense, and arithmetic on hundreds of digits raises errors of its own
MAX_DIGITS = 18

_TRUE = {"true", "1"}
_FALSE = {"false", "0"}


def to_boolean(value: object) -> bool:
    """
    Return a boolean, from itself, from 1 or 0, or from the text that a template makes of these.

    :raises ValueError: for anything that is not a clear yes or no.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str):
        word = str(value).strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
    raise ValueError("must be true or false")


def to_count(value: object, least: int = 1) -> int:
    """
    Return a whole number, from itself or from digits, of which 18 are enough for any ID and any count.

    :raises ValueError: for anything but a whole number of at least ``least``.
    """
    if (
        isinstance(value, str)
        and value.strip().isascii()
        and value.strip().isdigit()
        and len(value.strip()) <= MAX_DIGITS
    ):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 10**MAX_DIGITS:
        raise ValueError(f"must be a whole number of at least {least}")
    return value


def to_text(value: object) -> str:
    """
    Return text, from nothing but text.

    :raises ValueError: for anything but text.
    """
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {type(value).__name__}")
    return value


def to_names(value: object) -> tuple[str, ...]:
    """
    Return a list of names, from a list, the text of a JSON or Python list, or comma-separated text.

    :raises ValueError: for anything else, and for blank or repeated names.
    """
    if isinstance(value, str):
        value = _read_list(value) if value.strip().startswith(("[", "(")) else value.split(",")
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ValueError("must be a list of names, or names separated by commas")
    names = tuple(name.strip() for name in value)
    if not all(names):
        raise ValueError("holds a blank name")
    if len({name.lower() for name in names}) < len(names):
        raise ValueError("names a field twice")
    return names


def _read_list(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("is not a list") from error
