"""When to ask again: API calls are billed, so intervals grow."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from airflow_provider_copernica.exceptions import CopernicaArgumentError

DEFAULT_POLL_INTERVAL = 10.0
DEFAULT_MAX_POLL_INTERVAL = 120.0
GROWTH = 0.25
# only ever sooner: an import is noticed at most ``longest`` seconds late
JITTER = 0.1


@dataclass(frozen=True)
class PollSchedule:
    """
    When to poll: ever more rarely, since Copernica bills API calls.

    :param first: seconds before the second poll.
    :param longest: seconds that no wait exceeds, unless ``first`` is larger.
    """

    first: float = DEFAULT_POLL_INTERVAL
    longest: float = DEFAULT_MAX_POLL_INTERVAL

    def __post_init__(self) -> None:
        for name, value in (("poll_interval", self.first), ("max_poll_interval", self.longest)):
            _check_seconds(name, value)

    def wait(self, elapsed: float, chance: float | None = None) -> float:
        """
        Seconds to wait before the next poll.

        The first interval plus a quarter of the time waited so far makes each interval a quarter longer than the one
        before, and needs no memory: it goes on where it was when a triggerer restarts or a sensor is rescheduled.

        :param elapsed: seconds since the waiting began.
        :param chance: from 0 to 1, how much of the jitter to apply; random by default, so that many don't ask at once.
        """
        grown = self.first + GROWTH * max(elapsed, 0.0)
        if chance is None:
            chance = random.random()  # noqa: S311 - no secret
        return min(grown, max(self.first, self.longest)) * (1 - JITTER * chance)


def to_seconds(duration: float | timedelta, name: str = "timeout") -> float:
    """
    A duration in seconds.

    :raises CopernicaArgumentError: when it is none.
    """
    number = duration.total_seconds() if isinstance(duration, timedelta) else duration
    _check_seconds(name, number)
    return number


def _check_seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise CopernicaArgumentError(f"{name} must be a number of seconds above 0.")
