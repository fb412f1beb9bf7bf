"""
The row rules for many rows at once, column by column.

All that is decided here is whether every row is beyond doubt. Where one is not, all of them are looked at one by one
(:mod:`airflow_provider_copernica.payload.row_checks`), which alone says what is wrong. So a test here may be stricter
than the rule for one row, and never less strict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from airflow_provider_copernica.payload.columns import ColumnKind
from airflow_provider_copernica.payload.header import Header
from airflow_provider_copernica.payload.values import MAX_CHARACTERS, TEXT_BY_TYPE, is_padded, is_plain, to_text

__all__ = ["NULL_MARKER", "CleanRows", "check_columns"]

NULL_MARKER = "\\N"
"""With which several databases write NULL."""


@dataclass(frozen=True, slots=True)
class CleanRows:
    """
    Rows without a fault.

    :param columns: their texts, column by column.
    :param null_markers: cells that are exactly :data:`NULL_MARKER`.
    """

    columns: list[Sequence[str]]
    null_markers: int


def check_columns(header: Header, columns: Iterable[Sequence[object]]) -> CleanRows | None:
    """
    Check many rows.

    :param header: of the rows.
    :param columns: their values, column by column, in the order of the header.
    :return: None if a row has to be looked at by itself.
    """
    texts: list[Sequence[str]] = []
    weight = null_markers = 0
    for position, values in enumerate(columns):
        try:
            column, joined = _to_texts(values, header.columns[position].kind)
        except ValueError:
            return None
        weight += len(joined)
        if (
            weight > MAX_CHARACTERS
            or not is_plain(joined)
            or (position == 0 and _may_repeat(header.source[0], column, joined))
            or (position in header.keys and not _are_keys(column, joined))
        ):
            return None
        if "\\" in joined:
            null_markers += column.count(NULL_MARKER)
        texts.append(column)
    return CleanRows(texts, null_markers) if header.keys or _are_filled(texts) else None


def _to_texts(values: Sequence[object], kind: ColumnKind) -> tuple[Sequence[str], str]:
    """Return a column as texts, and these as one."""
    if kind != "interest":
        try:
            texts = cast("Sequence[str]", values)
            return texts, "".join(texts)
        except TypeError:  # they are not all text
            pass
    types = set(map(type, values))
    if types == {str, type(None)}:
        texts = ["" if value is None else cast("str", value) for value in values]
    elif len(types) == 1:
        texts = list(map(TEXT_BY_TYPE[types.pop()], values))
    else:
        texts = [TEXT_BY_TYPE[type(value)](value) for value in values]
    if kind == "interest":
        texts = [to_text(value, kind) for value in values]
    return texts, "".join(texts)


def _may_repeat(name: str, column: Sequence[str], joined: str) -> bool:
    """Tell whether a row may be the header once more, which begins with this name."""
    return name in joined and any(text.strip().lstrip("\ufeff").strip('"') == name for text in column)


def _are_keys(column: Sequence[str], joined: str) -> bool:
    """Tell whether all keys are filled, and begin and end with what can be seen."""
    if not all(column):
        return False
    return (joined.isascii() and joined.isprintable() and " " not in joined) or not any(map(is_padded, column))


def _are_filled(columns: Sequence[Sequence[str]]) -> bool:
    """Tell whether each row has a cell that is not blank."""
    return any(all(map(str.strip, column)) for column in columns) or all(
        any(map(str.strip, row)) for row in zip(*columns, strict=True)
    )
