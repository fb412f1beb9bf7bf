"""What a poll costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Polls"]


@dataclass(frozen=True)
class Polls:
    """
    CPU seconds per poll.

    :param cost: of each subject.
    :param against_bare: ours against the bare loop's, the median of pairs.
    """

    cost: Mapping[str, float]
    against_bare: float
