"""
When tasks that sleep go on: a few at a time.

An event loop that wakes up for each of a thousand triggers spends more on waking up than on their requests. If all that
are due went on at once, they would hold the loop up for as long as it takes to write all their requests; and the
objects of so many requests at a time make Python look for garbage so often that a full collection, which stops a
triggerer for a tenth of a second, comes three times as soon. So they wake up on a grid, in small groups, with a pause
between groups in which the replies are read.
"""

from __future__ import annotations

import asyncio
import math
from heapq import heappop, heappush

__all__ = ["WakeUps"]

# seconds between two moments at which tasks wake up
GRID = 0.05
# tasks that go on together
GROUP = 4
# seconds until the next of those that are due go on
PAUSE = 0.001
# seconds, below which somebody would notice the grid
SHORT = 10 * GRID


class WakeUps:
    """Wake up the tasks of one event loop that share a client."""

    def __init__(self) -> None:
        # by their place on the grid: one list for many who sleep makes fewer objects than an entry for each
        self._sleepers: dict[int, list[asyncio.Future[None]]] = {}
        self._places: list[int] = []
        self._timer: asyncio.TimerHandle | None = None

    def after(self, seconds: float) -> asyncio.Future[None]:
        """
        Return a future to wait for.

        :param seconds: after which it is done, never before; from half a second on up to a twentieth of a second later,
            and a few milliseconds more for each group that is due at the same time.
        """
        loop = asyncio.get_running_loop()
        awake: asyncio.Future[None] = loop.create_future()
        if seconds < SHORT:
            loop.call_later(seconds, _wake_up, awake)
            return awake
        place = math.ceil((loop.time() + seconds) / GRID)
        if place not in self._sleepers:
            self._sleepers[place] = []
            heappush(self._places, place)
            if self._places[0] == place:
                self._set_timer(loop, place * GRID)
        self._sleepers[place].append(awake)
        return awake

    def _set_timer(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(when, self._wake_up_group, loop)

    def _wake_up_group(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now, woken = loop.time(), 0
        while self._places and self._places[0] * GRID <= now and woken < GROUP:
            sleepers = self._sleepers[self._places[0]]
            woken += _wake_up(sleepers.pop())
            if not sleepers:
                del self._sleepers[heappop(self._places)]
        if self._places:
            self._set_timer(loop, max(self._places[0] * GRID, now + PAUSE))


def _wake_up(awake: asyncio.Future[None]) -> bool:
    """Wake one up, unless it was cancelled meanwhile."""
    if awake.done():
        return False
    awake.set_result(None)
    return True
