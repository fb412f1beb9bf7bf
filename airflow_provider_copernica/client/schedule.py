"""
When a running import is asked for, and for how long.

API calls are billed (Copernica's licence pages), so the intervals grow; but a short import must not cost a long wait,
so they start at a second: 1, 2, 4, 8 ... up to the first interval, then a quarter longer each time.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = [
    "DEFAULT_MAX_POLL_INTERVAL",
    "DEFAULT_POLL_INTERVAL",
    "PollSchedule",
    "Watch",
    "begin_watch",
    "to_seconds",
]

DEFAULT_POLL_INTERVAL = 10.0
DEFAULT_MAX_POLL_INTERVAL = 120.0
GROWTH = 0.25
# seconds that no wait exceeds, whatever a task asks for: tests of DAGs set it
LONGEST_WAIT = float("inf")
# only ever sooner: an import is noticed at most ``longest`` seconds late
JITTER = 0.1


@dataclass(frozen=True)
class PollSchedule:
    """
    When to poll.

    :param first: seconds that the intervals grow to quickly.
    :param longest: seconds that no wait exceeds, unless ``first`` is larger.
    """

    first: float = DEFAULT_POLL_INTERVAL
    longest: float = DEFAULT_MAX_POLL_INTERVAL

    def __post_init__(self) -> None:
        to_seconds(self.first, "poll_interval")
        to_seconds(self.longest, "max_poll_interval")

    def wait(self, elapsed: float, chance: float | None = None) -> float:
        """
        Return the seconds to wait before the next poll.

        It depends on the time waited so far alone, and so goes on where it was when a triggerer restarts or a sensor
        is rescheduled: one second more than that time doubles each interval, and a quarter of it makes each a quarter
        longer.

        :param elapsed: seconds since the waiting began.
        :param chance: from 0 to 1, how much of the jitter to apply; random by default, so that many don't ask at once.
        """
        elapsed = max(elapsed, 0.0)
        ramp = 1.0 + elapsed
        ramp_ended = max(self.first - 1.0, 0.0)
        grown = ramp if ramp < self.first else self.first + GROWTH * (elapsed - ramp_ended)
        if chance is None:
            chance = random.random()  # noqa: S311 - not a secret
        return min(grown, max(self.first, self.longest), LONGEST_WAIT) * (1 - JITTER * chance)


def to_seconds(value: object, name: str = "timeout") -> float:
    """
    Read a duration.

    :param value: a number of seconds above 0, or a timedelta.
    :param name: of the argument, for the message.
    :raises CopernicaArgumentError: it is not a duration.
    """
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < float("inf"):
        raise CopernicaArgumentError(f"{name} must be a number of seconds above 0.")
    return number


@dataclass(frozen=True)
class Watch:
    """
    How to wait for an import.

    :param schedule: when to ask.
    :param started_at: when the waiting began, in seconds since the epoch.
    :param deadline: when it ends, in seconds since the epoch; None for never.
    :param newer_than: of a periodic import, only runs after this moment count; None for an import that runs once.
    :param ignores_errors: whether errors are logged and the waiting goes on, until the deadline.
    """

    schedule: PollSchedule
    started_at: float
    deadline: float | None = None
    newer_than: datetime | None = None
    ignores_errors: bool = False


def begin_watch(schedule: PollSchedule, *limits: float | timedelta | None) -> Watch:
    """
    Return a watch that begins now.

    :param schedule: when to ask.
    :param limits: seconds or timedeltas, of which the shortest counts; None for no limit.
    """
    now = time.time()
    timeout = min((to_seconds(limit) for limit in limits if limit is not None), default=None)
    return Watch(schedule, now, None if timeout is None else now + timeout)
