"""
``make bench``: every figure with its goal, peers on the same work included, as medians of one run.

``python benchmarks/run.py [--rounds 5] [--write]``; with ``--write`` the table goes into ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from rows import measure as measure_rows
from snapshot import measure_snapshot

from airflow_provider_copernica.client.polling import DEFAULT_MAX_POLL_INTERVAL, PollSchedule

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
POLLS, INTERVAL = 4, 2.0
# one interval between each two polls
IDEAL_WALL = (POLLS - 1) * INTERVAL
PEERS = ("dbt_cloud", "fivetran", "http")
HOUR = 3600.0
MEGABYTE = 1024 * 1024
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


@dataclass(frozen=True)
class Figure:
    """
    A line of the table.

    :param reached: None where there is no goal.
    """

    name: str
    goal: str
    measured: str
    reached: bool | None = None


@dataclass(frozen=True)
class Watching:
    """One measurement of many jobs being watched; times in seconds."""

    cpu_per_poll: float
    wall: float
    largest_lag: float
    lag_99: float
    memory: float
    lookups: int
    connections: int
    authentications: int


@contextmanager
def running_stub() -> Iterator[str]:
    """The server in a process of its own; its URL."""
    command = [sys.executable, str(HERE / "stub.py"), str(POLLS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("no output of the stub")
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


def watch(subject: str, jobs: int, url: str) -> Watching:
    """Measures in a new process."""
    command = [sys.executable, str(HERE / "watching.py"), subject, str(jobs), str(INTERVAL), url]
    _figures(url)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seen, served = json.loads(done.stdout.splitlines()[-1]), _figures(url)
    polls = served["calls"] - POLLS  # without those of the one that comes first, alone
    return Watching(
        seen["cpu"] / polls,
        seen["wall"],
        seen["largest_lag"],
        seen["lag_99"],
        seen["memory"] / MEGABYTE,
        seen["lookups"],
        served["connections"],
        served["authentications"],
    )


def _figures(url: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{url}/figures") as answer:  # noqa: S310 - of the stub
        found: dict[str, int] = json.load(answer)
        return found


def compare_cpu(url: str, rounds: int, jobs: int = 500) -> list[Figure]:
    """CPU time per poll, ours and the peers', taking turns."""
    subjects = ("bare", "copernica", *PEERS)
    runs: dict[str, list[float]] = {subject: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            runs[subject].append(watch(subject, jobs, url).cpu_per_poll)
    cost = {subject: median(seen) for subject, seen in runs.items()}
    ratio = median(ours / bare for ours, bare in zip(runs["copernica"], runs["bare"], strict=True))
    cheapest = min(PEERS, key=lambda peer: cost[peer])
    against = cost["copernica"] / cost[cheapest]
    return [
        Figure("CPU per poll against a bare aiohttp loop, 500 triggers", "at most 1.25", f"{ratio:.2f}", ratio <= 1.25),
        Figure(
            f"CPU per poll against the cheapest peer ({cheapest})", "at most 0.40", f"{against:.2f}", against <= 0.4
        ),
        *(Figure(f"CPU per poll, {subject}", "", f"{cost[subject] * 1000:.2f} ms") for subject in subjects),
    ]


def thousand(url: str, rounds: int) -> list[Figure]:
    """1,000 triggers in one process."""
    runs = [watch("copernica", 1000, url) for _ in range(rounds)]
    lag, lag_99 = (median(1000 * getattr(run, name) for run in runs) for name in ("largest_lag", "lag_99"))
    wall = median(run.wall for run in runs) / IDEAL_WALL
    memory = median(run.memory for run in runs)
    last = runs[-1]
    peers = {peer: watch(peer, 1000, url) for peer in PEERS}
    return [
        Figure("largest event-loop lag, 1,000 triggers", "at most 100 ms", f"{lag:.0f} ms", lag <= 100),
        Figure("99th percentile of it", "at most 20 ms", f"{lag_99:.1f} ms", lag_99 <= 20),
        *(
            Figure(
                f"largest lag / TCP connections, {peer}", "", f"{run.largest_lag * 1000:.0f} ms / {run.connections:,}"
            )
            for peer, run in peers.items()
        ),
        Figure("wall time against the ideal", "at most 1.10", f"{wall:.2f}", wall <= 1.1),
        Figure("TCP connections", "at most 100", str(last.connections), last.connections <= 100),
        Figure("authentications", "1 per token's life", str(last.authentications), last.authentications == 1),
        Figure("connection lookups", "1", str(last.lookups), last.lookups == 1),
        Figure("memory above the start", "at most 15 MB", f"{memory:.1f} MB", memory <= 15),
    ]


def import_cost(modules: Sequence[str], rounds: int) -> tuple[float, set[str]]:
    """Milliseconds of CPU time above Airflow's own, and which of two heavy libraries it brought in."""
    code = (
        "from airflow.sdk import DAG, BaseOperator\nimport sys, time\nstart = time.process_time()\n"
        f"import {', '.join(f'airflow_provider_copernica.{name}.copernica' for name in modules)}\n"
        "print((time.process_time() - start) * 1000, *({'requests', 'aiohttp'} & set(sys.modules)))"
    )
    runs = []
    for _ in range(rounds):
        done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
        runs.append(done.stdout.splitlines()[-1].split())
    return median(float(run[0]) for run in runs), {word for run in runs for word in run[1:]}


def imports(rounds: int) -> list[Figure]:
    """What a DAG file, and what a triggerer pays."""
    operator, heavy = import_cost(["operators"], rounds)
    everything, _ = import_cost(["operators", "hooks", "triggers"], rounds)
    return [
        Figure("CPU to import the operator above airflow.sdk", "at most 15 ms", f"{operator:.1f} ms", operator <= 15),
        Figure("requests or aiohttp imported with it", "neither", ", ".join(sorted(heavy)) or "neither", not heavy),
        Figure("CPU to import operator, hook and trigger", "at most 85 ms", f"{everything:.0f} ms", everything <= 85),
    ]


def sparse(rounds: int) -> list[Figure]:
    """Calls for an import of an hour, and how late its end is noticed: one schedule for all that wait."""
    schedule = PollSchedule()
    counts, late = [], []
    for _ in range(200 * rounds):
        elapsed, calls = 0.0, 1
        while elapsed < HOUR:
            elapsed += schedule.wait(elapsed)
            calls += 1
        counts.append(calls)
        late.append(elapsed - HOUR)
    most, longest = max(counts), max(late)
    limit = DEFAULT_MAX_POLL_INTERVAL
    return [
        Figure("API calls for an import of 1 h, at most seen", "at most 45", str(most), most <= 45),
        Figure("its end noticed late by, at most seen", f"at most {limit:.0f} s", f"{longest:.0f} s", longest <= limit),
    ]


def rows() -> list[Figure]:
    """From each kind of source to a body."""
    figures = []
    for source, costs in measure_rows().items():
        peak, ratio = max(costs.small, costs.large), costs.large / costs.small
        both = f"{peak:.1f} MB, {ratio:.2f} times"
        figures += [
            Figure(f"{source}: memory for 1,000,000 rows; against 100,000", "at most 25 MB", both, peak <= 25),
            Figure(
                f"{source}: CPU against json.dumps of the same rows", "at most 2.00", f"{costs.cpu:.2f}", costs.cpu <= 2
            ),
        ]
    return figures


def snapshot() -> list[Figure]:
    """What it costs to send only what changed."""
    costs = measure_snapshot()
    longest = max(costs.first, costs.nightly)
    seconds = f"{longest:.1f} s, and {costs.plain:.1f} s without"
    goal = f"at most {costs.limit:.1f} s (1.5 times, and 5 s)"
    return [
        Figure("snapshot: CPU for 1,000,000 rows of 8 columns", goal, seconds, longest <= costs.limit),
        Figure("snapshot: memory", "at most 25 MB", f"{costs.memory:.1f} MB", costs.memory <= 25),
        Figure("snapshot: its state", "at most 32 MB", f"{costs.state:.1f} MB", costs.state <= 32),
    ]


def table(figures: Sequence[Figure]) -> str:
    """As Markdown."""
    words = {True: "reached", False: "**missed**", None: ""}
    lines = [f"| {each.name} | {each.goal} | {each.measured} | {words[each.reached]} |" for each in figures]
    return "\n".join(("| figure | goal | measured | |", "|---|---|---|---|", *lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    figures = [*imports(options.rounds), *sparse(options.rounds), *rows(), *snapshot()]
    with running_stub() as url:
        figures += [*compare_cpu(url, options.rounds), *thousand(url, options.rounds)]
    text = table(figures)
    print(text)
    if options.write:
        where = (
            f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} with {os.cpu_count()} cores, "
            f"Python {platform.python_version()}, Airflow {version('apache-airflow')}; "
            f"medians of {options.rounds} rounds.\n\n"
        )
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{where}{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
