"""
``make bench-distributed``: mapped imports on Airflow's own engine, with CeleryExecutor, Redis, PostgreSQL, two workers
of four processes each, and one triggerer.

Printed is a table; with ``--write`` it goes into ``docs/performance.md``. Needs Debian's packages ``postgresql`` and
``redis-server``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from support.distributed import Site, distributed_airflow

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- distributed -->\n", "<!-- end of distributed -->\n"
IMPORT_SECONDS = 20


def figures(site: Site, imports: int) -> list[tuple[str, str]]:
    """Runs the DAG once."""
    state, seconds = site.run()
    emulator = site.emulator
    names = Counter(str(each.parameters["name"]) for each in emulator.imports)
    polls = sum("/import/" in each.path for each in emulator.requests)
    workers = imports  # each task has a process of its own, and authenticates for itself
    return [
        ("state of the run", state),
        ("imports asked for, made, made twice", f"{imports}, {len(names)}, {sum(n > 1 for n in names.values())}"),
        ("seconds in all; an import alone takes", f"{seconds:.0f}; {IMPORT_SECONDS}"),
        ("tasks per second (each starts twice: to send, and to finish)", f"{2 * imports / seconds:.1f}"),
        ("calls to ask for a status, per import", f"{polls / imports:.1f}"),
        ("authentications of the triggerer", str(emulator.authentications - workers)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imports", type=int, default=200)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        distributed_airflow(Path(directory), options.imports, IMPORT_SECONDS, ("one", "two")) as site,
    ):
        rows = figures(site, options.imports)
    lines = ["| figure | measured |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    table = "\n".join(lines)
    print(table)
    if options.write:
        where = f"{datetime.now(UTC):%Y-%m-%d}, Linux with {os.cpu_count()} cores, Airflow {version('apache-airflow')}."
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{where}\n\n{table}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
