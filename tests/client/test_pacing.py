"""When tasks that sleep go on: not before their time, and a few at a time."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from airflow_provider_copernica.client.pacing import GRID, GROUP, PAUSE, SHORT, WakeUps


async def test_nobody_wakes_up_before_the_time_and_hardly_later() -> None:
    wake_ups, loop = WakeUps(), asyncio.get_running_loop()
    later = wake_ups.after(60)
    began = loop.time()

    async def sleep(seconds: float) -> float:
        await wake_ups.after(seconds)
        return loop.time() - began - seconds

    # one that is to wake up sooner than the one before it, some at the same moment, and short ones
    late = await asyncio.wait_for(asyncio.gather(*map(sleep, (0.7, 0.55, 0.6, 0.6, 0.01, 0.0, SHORT))), 10)
    assert min(late) > -0.001
    assert max(late) < GRID + 1  # a busy machine is late itself
    assert not later.done()


async def test_short_ones_are_exact() -> None:
    wake_ups, loop = WakeUps(), asyncio.get_running_loop()
    began = loop.time()
    for _ in range(20):
        await wake_ups.after(0.001)
    assert loop.time() - began < 10 * GRID


async def test_few_go_on_at_a_time() -> None:
    wake_ups, loop, turn = WakeUps(), asyncio.get_running_loop(), 0
    moments: list[float] = []
    woken: Counter[int] = Counter()

    async def sleep() -> None:
        await wake_ups.after(SHORT)
        woken[turn] += 1
        moments.append(loop.time())

    async def count_turns() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    counting = asyncio.create_task(count_turns())
    await asyncio.gather(*(sleep() for _ in range(10 * GROUP)))
    counting.cancel()
    assert woken.total() == 10 * GROUP
    assert max(woken.values()) <= GROUP
    assert moments[-1] - moments[0] >= 8 * PAUSE, "there was no time for replies"


@pytest.mark.parametrize("seconds", [0.01, SHORT])
async def test_one_that_was_cancelled_meanwhile_takes_nobodys_place(seconds: float) -> None:
    wake_ups = WakeUps()

    async def sleep() -> None:
        await wake_ups.after(seconds)

    tasks = [asyncio.create_task(sleep()) for _ in range(3 * GROUP)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), SHORT + 5)
    assert [isinstance(end, asyncio.CancelledError) for end in ends] == [True, False] * (3 * GROUP // 2)
