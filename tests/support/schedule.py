"""
In which order the tests run, and which of them share a process.

What takes longest begins first, so that the rest fills the time in which it waits.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no types

# The beginnings of names of tests, and their group: its tests run in one process, one after the other.
FIRST = {
    # xdist hands a process its next tests while it still runs one: behind the longest of all there are short ones
    "tests/e2e/test_celery.py": "celery",
    "tests/test_package.py": "celery",
    "tests/e2e/test_kill.py": "kill",
    "tests/e2e/test_snapshot_kill.py": "snapshot kill",
    "tests/e2e/": "standalone",
    # the first DAG run of a process loads half of Airflow
    "tests/dags/": "dag runs",
    "tests/docs/test_recipes.py": "dag runs",
    "tests/decorators/": "dag runs",
    "tests/operators/test_mapping.py": "dag runs",
    "tests/test_fault_matrix.py": "",
    "tests/docs/test_own_tests.py": "",
    "tests/lineage/test_openlineage.py": "",
    # they share a server
    "tests/transfers/test_sql_postgres.py": "postgres",
}


def place(name: str) -> int:
    """Where a test comes; those that the table does not name come last."""
    return next((index for index, start in enumerate(FIRST) if name.startswith(start)), len(FIRST))


def group(name: str) -> str:
    """The tests of one group run in one process; a test without one is a group of its own."""
    return next((group for start, group in FIRST.items() if name.startswith(start)), "") or name


class Schedule(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Group by group to whichever process is free, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
