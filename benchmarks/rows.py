"""
How much memory and CPU time the way from rows to a body takes.

``python benchmarks/rows.py`` prints a small table; the goals are those of the project: at most 25 MB above the start
whatever the number of rows, and at most twice the CPU time of a plain ``json.dumps`` of the same rows.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from airflow_provider_copernica.payload.body import write_body
from airflow_provider_copernica.payload.row_rules import RowRules

MEGABYTE = 1024 * 1024
PARAMETERS = {"database": 1, "action": "update or add", "keyFields": ["Email"]}
RULES = RowRules(key_fields=("Email",))


def make_rows(number: int) -> Iterator[dict[str, object]]:
    """Invent rows of eight fields: texts, an integer, None and a date."""
    for index in range(number):
        yield {
            "Email": f"person{index}@example.com",
            "FirstName": "Zoë",
            "LastName": "O'Brien",
            "City": "'s-Hertogenbosch",
            "CustomerNumber": f"{index:08}",
            "Age": 18 + index % 80,
            "Phone": None,
            "Since": date(2024, 1 + index % 12, 1 + index % 28),
        }


def peak_kilobytes() -> int:
    """Of this program alone: the peak that getrusage tells begins with that of the process which started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def measure_memory(number: int) -> None:
    """Print the peak of this process above its start, in kilobytes."""
    start = peak_kilobytes()
    write_body(PARAMETERS, make_rows(number), RULES).close()
    print(peak_kilobytes() - start)


def peak_of(number: int) -> float:
    """The peak in a process of its own, in megabytes."""
    command = [sys.executable, __file__, str(number)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024 / MEGABYTE


def cpu_seconds(action: Callable[[], object], repeat: int = 5) -> float:
    """The best of a few runs."""
    best = float("inf")
    for _ in range(repeat):
        gc.collect()
        start = time.process_time()
        action()
        best = min(best, time.process_time() - start)
    return best


@dataclass(frozen=True)
class RowCosts:
    """
    :param small: megabytes above the start for 100,000 rows.
    :param large: likewise for 1,000,000 rows.
    :param cpu: against ``json.dumps`` of the same rows.
    """

    small: float
    large: float
    cpu: float


def measure() -> RowCosts:
    """All of it, in one run."""
    small = 100_000
    peaks = peak_of(small), peak_of(1_000_000)
    rows = list(make_rows(small))
    plain = cpu_seconds(lambda: json.dumps(rows, default=str))
    ours = cpu_seconds(lambda: write_body(PARAMETERS, rows, RULES).close())
    return RowCosts(*peaks, ours / plain)


def main() -> None:
    costs = measure()
    print(f"  100,000 rows: peak memory {costs.small:6.1f} MB above the start (goal: at most 25)")
    print(f"1,000,000 rows: peak memory {costs.large:6.1f} MB above the start (goal: at most 25)")
    print(f"larger against smaller:     {costs.large / costs.small:6.2f} (goal: at most 1.10)")
    print(f"CPU against json.dumps:     {costs.cpu:6.2f} (goal: at most 2.00)")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure_memory(int(sys.argv[1]))
    else:
        main()
