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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from drawing import draw
from polls import Polls
from rows import RowCosts
from rows import measure as measure_rows
from snapshot import measure_snapshot

from airflow_provider_copernica.client.schedule import DEFAULT_MAX_POLL_INTERVAL, PollSchedule

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
PICTURE = HERE.parent / "docs" / "images" / "performance.svg"
# so many that the waiting counts for more than the start of all at once
POLLS, INTERVAL = 7, 2.0
# one interval between each two polls
IDEAL_WALL = (POLLS - 1) * INTERVAL
PEERS = ("dbt_cloud", "fivetran", "http")
PEER_ROUNDS = 2
LAGS = {"largest_lag": "largest event-loop lag", "lag_99": "99th percentile of the event-loop lag"}
HTTP_INTERVAL = 60.0
"""Seconds between two calls of the HTTP provider's sensor, which has Airflow's default."""
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
    full_collections: int


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
        seen["collections"][-1],
    )


def _figures(url: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{url}/figures") as answer:  # noqa: S310 - of the stub
        found: dict[str, int] = json.load(answer)
        return found


def watch_pairs(jobs: int, url: str, pairs: int) -> list[tuple[Watching, Watching]]:
    """Ours and the bare loop, taking turns: what slows one down slows the other down as well."""
    return [(watch("copernica", jobs, url), watch("bare", jobs, url)) for _ in range(pairs)]


def compare_cpu(url: str, rounds: int, jobs: int = 500) -> Polls:
    """CPU time per poll, ours and the peers', taking turns."""
    pairs: list[tuple[Watching, Watching]] = []
    peers: dict[str, list[float]] = {peer: [] for peer in PEERS}
    for number in range(rounds):
        pairs += watch_pairs(jobs, url, 1)
        for peer in PEERS if number < PEER_ROUNDS else ():
            peers[peer].append(watch(peer, jobs, url).cpu_per_poll)
    ours, bare = (median(pair[side].cpu_per_poll for pair in pairs) for side in (0, 1))
    cost = {"bare": bare, "copernica": ours, **{peer: median(seen) for peer, seen in peers.items()}}
    return Polls(cost, median(ours.cpu_per_poll / bare.cpu_per_poll for ours, bare in pairs))


def polls(found: Polls) -> list[Figure]:
    """CPU time per poll."""
    cost, ratio = found.cost, found.against_bare
    cheapest = min(PEERS, key=lambda peer: cost[peer])
    against = cost["copernica"] / cost[cheapest]
    return [
        Figure("CPU per poll against a bare aiohttp loop, 500 triggers", "at most 1.25", f"{ratio:.2f}", ratio <= 1.25),
        Figure(
            f"CPU per poll against the cheapest peer ({cheapest})", "at most 0.40", f"{against:.2f}", against <= 0.4
        ),
        *(Figure(f"CPU per poll, {subject}", "", f"{each * 1000:.2f} ms") for subject, each in cost.items()),
    ]


def thousand(url: str, rounds: int) -> list[Figure]:
    """1,000 triggers in one process."""
    pairs = watch_pairs(1000, url, rounds)
    runs = [ours for ours, _ in pairs]
    lags = [lag_figure(pairs, name, words) for name, words in LAGS.items()]
    wall = median(run.wall for run in runs) / IDEAL_WALL
    memory = median(run.memory for run in runs)
    last = runs[-1]
    peers = {peer: watch(peer, 1000, url) for peer in PEERS}
    collections = " / ".join(f"{median(pair[side].full_collections for pair in pairs):.0f}" for side in (0, 1))
    return [
        *lags,
        Figure("full collections of garbage meanwhile / of the bare loop", "", collections),
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


def lag_figure(pairs: Sequence[tuple[Watching, Watching]], name: str, words: str) -> Figure:
    """How late the event loop was, beside the bare loop."""
    ours, bare = (median(1000 * getattr(pair[side], name) for pair in pairs) for side in (0, 1))
    ratio = median(getattr(ours, name) / getattr(bare, name) for ours, bare in pairs)
    shown = f"{ratio:.2f} ({ours:.0f} ms; {bare:.0f} ms)"
    return Figure(f"{words}, 1,000 triggers, against the bare loop", "at most 1.50", shown, ratio <= 1.5)


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


def asked(schedule: PollSchedule, times: int) -> tuple[int, float]:
    """Calls for an import of an hour, and how late its end is noticed: the most of many times."""
    counts, late = [], []
    for _ in range(times):
        elapsed, calls = 0.0, 1
        while elapsed < HOUR:
            elapsed += schedule.wait(elapsed)
            calls += 1
        counts.append(calls)
        late.append(elapsed - HOUR)
    return max(counts), max(late)


def sparse(rounds: int) -> list[Figure]:
    """Calls for an import of an hour, and how late its end is noticed: one schedule for all that wait."""
    most, longest = asked(PollSchedule(), 200 * rounds)
    limit = DEFAULT_MAX_POLL_INTERVAL
    return [
        Figure("API calls for an import of 1 h, at most seen", "at most 45", str(most), most <= 45),
        Figure("its end noticed late by, at most seen", f"at most {limit:.0f} s", f"{longest:.0f} s", longest <= limit),
    ]


def rows(costs: Mapping[str, RowCosts]) -> list[Figure]:
    """From each kind of source to a body."""
    figures = []
    for source, each in costs.items():
        memory = f"{each.large:.1f} MB ({each.small:.1f} MB)"
        figures += [
            Figure(f"{source}: memory for 1,000,000 rows (for 100,000)", "at most 25 MB", memory, each.large <= 25),
            Figure(
                f"{source}: CPU against json.dumps of the same rows", "at most 2.00", f"{each.cpu:.2f}", each.cpu <= 2
            ),
        ]
        if each.pandas:
            frame = f"{each.pandas.cpu:.1f}, {each.pandas.peak:,.0f} MB"
            figures.append(Figure(f"{source}, with pandas and json.dumps: CPU, memory", "", frame))
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


def gains(costs: Mapping[str, RowCosts], found: Polls) -> str:
    """What a user gets, beside what there would be otherwise: as Markdown."""
    lines = [
        f"| {source}, 1,000,000 rows | {each.rows_per_second:,.0f} rows per second of CPU time, {each.large:.0f} MB "
        f"| pandas and requests: {each.pandas.cpu / each.cpu:.1f} times the CPU time, {each.pandas.peak:,.0f} MB |"
        for source, each in costs.items()
        if each.pandas
    ]
    most, late = asked(PollSchedule(), 200)
    fixed = HOUR / HTTP_INTERVAL
    times = found.cost["http"] / found.cost["copernica"]
    calls = f"{most}; its end is noticed at most {late:.0f} s late"
    lines += [
        f"| calls for an import of an hour | {calls} | HTTP provider: {fixed:.0f}, one each {HTTP_INTERVAL:.0f} s |",
        f"| triggers for the same CPU time | {times:.1f} | HTTP provider: 1 |",
    ]
    return "\n".join(("| what | with this package | otherwise |", "|---|---|---|", *lines))


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
    costs = measure_rows()
    figures = [*imports(options.rounds), *sparse(options.rounds), *rows(costs), *snapshot()]
    with running_stub() as url:
        found = compare_cpu(url, options.rounds)
        figures += [*polls(found), *thousand(url, min(options.rounds, 3))]
    text = f"{gains(costs, found)}\n\n{table(figures)}"
    print(text)
    if options.write:
        where = (
            f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} with {os.cpu_count()} cores, "
            f"Python {platform.python_version()}, Airflow {version('apache-airflow')}; "
            f"medians of {options.rounds} rounds.\n\n"
        )
        draw(costs, found, PICTURE)
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{where}{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
