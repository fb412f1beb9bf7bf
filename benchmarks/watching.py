"""
Waits for many jobs in one event loop, and prints as JSON what that took.

Each subject runs in a process that holds what a triggerer holds: a full collection of garbage goes through all of it,
whoever made the garbage. Each begins right after such a collection, so that chance does not decide who has the next.

``python benchmarks/watching.py SUBJECT JOBS INTERVAL URL``; one process for each measurement.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

# before Airflow is imported: its configuration is read then
os.environ.update(
    AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
    AIRFLOW__SECRETS__BACKEND="counting.CountingBackend",
    NO_PROXY="*",
)
WAKEUP_GRID = 0.01
TRIGGERER = "airflow.jobs.triggerer_job_runner"


@dataclass(frozen=True)
class Watched:
    """
    :param cpu: seconds of CPU time.
    :param wall: seconds.
    :param largest_lag: seconds that the event loop was late at most.
    :param lag_99: the 99th percentile of that.
    :param memory: bytes above the start.
    :param lookups: of the Airflow connection.
    :param collections: of garbage, the youngest alone; the youngest and the middle; all.
    """

    cpu: float
    wall: float
    largest_lag: float
    lag_99: float
    memory: int
    lookups: int
    collections: tuple[int, ...]


def cpu_seconds() -> float:
    """Of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def collections() -> list[int]:
    """Of garbage in this process so far, by generation."""
    return [generation["collections"] for generation in gc.get_stats()]


def resident_bytes() -> int:
    """Memory of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class Ticker:
    """A task beside the others, which sees how late the event loop is and how much memory is used."""

    def __init__(self) -> None:
        self.lags: list[float] = []
        self.peak = 0

    async def run(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(WAKEUP_GRID)
            self.lags.append(time.perf_counter() - before - WAKEUP_GRID)
            if len(self.lags) % 10 == 0:
                self.peak = max(self.peak, resident_bytes())

    @contextmanager
    def running(self) -> Iterator[None]:
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            task.cancel()


async def watch(subject: str, jobs: int, interval: float, url: str) -> Watched:
    """Waits for all jobs at once."""
    importlib.import_module(TRIGGERER)
    from counting import CountingBackend
    from subjects import SUBJECTS, TO_CLOSE, is_success

    wait = SUBJECTS[subject](url, interval)
    # the first one pays for what is imported late
    await wait(10**6)
    ticker = Ticker()
    gc.collect()
    before = collections()
    started, cpu, memory = time.perf_counter(), cpu_seconds(), resident_bytes()
    with ticker.running():
        events = await asyncio.gather(*(wait(job) for job in range(1, jobs + 1)))
    wall, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    ended = collections()
    for session in TO_CLOSE:
        await session.close()
    for event in events:
        if not is_success(event):
            raise RuntimeError(f"{subject}: {event}")
    lags = sorted(ticker.lags)
    return Watched(
        cpu,
        wall,
        lags[-1],
        lags[int(len(lags) * 0.99)],
        ticker.peak - memory,
        CountingBackend.lookups.total(),
        tuple(now - then for now, then in zip(ended, before, strict=True)),
    )


if __name__ == "__main__":
    name, count, seconds, where = sys.argv[1:]
    print(json.dumps(asdict(asyncio.run(watch(name, int(count), float(seconds), where)))))
