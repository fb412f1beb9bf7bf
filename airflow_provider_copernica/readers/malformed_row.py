"""What a reader hands on where the source holds no proper row."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MalformedRow"]


@dataclass(frozen=True)
class MalformedRow:
    """
    Stand in for a row that can't be read, so that the row checks name it with its number.

    :param reason: what is wrong with it, and what to do; never a value.
    """

    reason: str
