"""What clients send: JSON, forms, and queries, the latter two with PHP's brackets (``fields[0]=...``)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

__all__ = ["FORM", "Parameters", "as_id", "as_text", "is_true", "read_body", "read_pairs"]

FORM = "application/x-www-form-urlencoded"
MAX_DEPTH = 64  # PHP's own

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")

Parameters = dict[str, object]


def read_body(body: bytes, content_type: str) -> Parameters | None:
    """Decode a body by its content type, anything but a form as JSON; None if it is not an object."""
    if not body:
        return {}
    try:
        if content_type == FORM:
            return read_pairs(parse_qsl(body.decode(), keep_blank_values=True))
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def read_pairs(pairs: Iterable[tuple[str, str]]) -> Parameters:
    """Nest parameters as PHP does: ``a[x][]=1`` is ``{"a": {"x": ["1"]}}``."""
    root: Parameters = {}
    for name, text in pairs:
        head = name.partition("[")[0]
        place, key = root, head
        for part in _BRACKETS.findall(name[len(head) :])[:MAX_DEPTH]:
            inner = place.get(key)
            if not isinstance(inner, dict):
                inner = place[key] = {}
            place, key = inner, part or str(len(inner))
        place[key] = text
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: object) -> object:
    if not isinstance(value, dict):
        return value
    values = [_with_lists(each) for each in value.values()]
    is_list = list(value) == [str(number) for number in range(len(value))]
    return values if is_list else dict(zip(value, values, strict=True))


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
