"""
What a snapshot costs: CPU time and memory of a nightly import of rows of which few changed, and the size of its state.

``python benchmarks/snapshot.py`` prints a small table; the goals are those of the project: at most 1.5 times the CPU
time of the same import without a snapshot plus 5 seconds for 1,000,000 rows, at most 25 MB above the start, and 32 MB
of state. Each is measured in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from rows import LARGE, MEGABYTE, make_rows, peak_kilobytes

from airflow_provider_copernica.payload.body import prepare_import
from airflow_provider_copernica.payload.parameters import read_parameters

CHANGED_EVERY = 200
"""One row of so many is another one in the second night."""


@dataclass(frozen=True)
class SnapshotCosts:
    """
    :param plain: seconds of CPU without a snapshot.
    :param first: with one, the first night, when everything is sent.
    :param nightly: with one, when few rows changed.
    :param memory: megabytes above the start, the larger one of both nights.
    :param state: megabytes of the snapshot.
    """

    plain: float
    first: float
    nightly: float
    memory: float
    state: float

    @property
    def limit(self) -> float:
        """The goal, in seconds."""
        return 1.5 * self.plain + 5


def rows_of(night: int, number: int) -> Iterator[dict[str, object]]:
    """The same rows every night but for a few."""
    for index, row in enumerate(make_rows(number)):
        if night and not index % CHANGED_EVERY:
            row["City"] = f"Moved {night} times"
        yield row


def run(folder: str, night: int, number: int) -> tuple[float, float]:
    """Do all of an import but the POST; return seconds of CPU, and megabytes above the start."""
    step = make_step(folder) if folder else None
    hook: Any = SimpleNamespace(settings=SimpleNamespace(base_url="https://api.copernica.com"))
    start, began = peak_kilobytes(), time.process_time()
    rows = rows_of(night, number)
    given = {"database": 1, "action": "update or add", "key_fields": ["Email"], "source": rows}
    parameters = read_parameters(given)
    with prepare_import(parameters, steps=[step.row_step(hook, parameters)] if step else []) as body:
        if step:
            with closing(step):
                step.after_rows(body.report, None)
                kept = step.before_post(hook, parameters, body.report, None)
            step.after_post(1, kept)
            status: Any = SimpleNamespace(import_id=1)
            step.after_end(hook, status, kept, None, None)
    return time.process_time() - began, (peak_kilobytes() - start) * 1024 / MEGABYTE


def make_step(folder: str) -> Any:
    """The step as a task has it, on a local disk."""
    from fsspec.implementations.local import LocalFileSystem

    from airflow_provider_copernica.operators._snapshot import SnapshotStep
    from airflow_provider_copernica.snapshot.settings import SnapshotSettings
    from airflow_provider_copernica.snapshot.store import SnapshotFolder

    context: Any = {"ti": SimpleNamespace(dag_id="dag", task_id="load", map_index=-1), "run_id": "run"}
    local: Any = LocalFileSystem()
    return SnapshotStep(
        SnapshotSettings(folder),
        context,
        open_folder=lambda _: SnapshotFolder(local, folder, "folder", has_folders=True),
    )


def in_its_own_process(folder: str, night: int, number: int) -> tuple[float, float]:
    """Measure one night."""
    command = [sys.executable, __file__, folder, str(night), str(number)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes = map(float, done.stdout.splitlines()[-1].split())
    return seconds, megabytes


def measure_snapshot(number: int = LARGE) -> SnapshotCosts:
    """Measure an import without a snapshot, and two nights with one."""
    with TemporaryDirectory() as folder:
        plain, _ = in_its_own_process("", 0, number)
        first, at_first = in_its_own_process(folder, 0, number)
        nightly, at_night = in_its_own_process(folder, 1, number)
        state = sum(file.stat().st_size for file in Path(folder).iterdir()) / MEGABYTE
    return SnapshotCosts(plain, first, nightly, max(at_first, at_night), state)


def main() -> None:
    costs = measure_snapshot()
    print(f"seconds of CPU for 1,000,000 rows without a snapshot {costs.plain:.1f}, with one the first night")
    print(f"{costs.first:.1f}, then {costs.nightly:.1f} (goal: at most {costs.limit:.1f});")
    print(f"{costs.memory:.1f} MB above the start (at most 25), {costs.state:.1f} MB of state (at most 32).")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(*run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    else:
        main()
