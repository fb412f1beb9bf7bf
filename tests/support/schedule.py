"""
In which order the tests run, and which of them run in one process, one after the other.

Tests that mostly wait and tests that compute run beside each other: half of the processes begin with either, so that
neither the cores nor the processes idle. What takes longest begins first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no types
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]  # it has no types

# the beginnings of names of tests that mostly wait, and their group: its tests run in one process
WAITING = {
    "tests/e2e/test_kill.py": "kill",
    "tests/e2e/": "standalone",
    "tests/test_fault_matrix.py": "",
    "tests/triggers/test_import_trigger.py": "",
    "tests/client/test_polling.py": "",
    "tests/client/test_authentication.py": "",
    "tests/sensors/": "",
    "tests/hooks/": "",
    "tests/client/test_retry.py": "",
    "tests/operators/test_attempts.py": "",
    "tests/operators/test_verify.py": "",
    "tests/client/test_operations.py": "",
    "tests/operators/test_import_operator.py": "",
}
# the same of those that compute longest
COMPUTING = {
    "tests/e2e/test_celery.py": "celery",
    # the first DAG run of a process loads half of Airflow
    "tests/dags/": "DAG runs",
    "tests/docs/test_recipes.py": "DAG runs",
    "tests/decorators/": "DAG runs",
    "tests/operators/test_mapping.py": "DAG runs",
    "tests/docs/test_own_tests.py": "",
    "tests/test_provider_metadata.py": "",
    "tests/readers/test_parquet.py": "",
    "tests/lineage/test_openlineage.py": "",
    # they share a server
    "tests/transfers/test_object_storage_s3.py": "s3",
    "tests/operators/test_snapshot_s3.py": "s3",
    "tests/transfers/test_sql_postgres.py": "postgres",
}
# so many tests of a file are a unit when the tables do not name them
CHUNK = 20


def units(names: Sequence[str]) -> dict[str, str]:
    """Return the name of each test's unit; units come in the order in which they begin."""
    found: dict[str, str] = {}
    for queue, table in (("computing", COMPUTING), ("waiting", WAITING)):
        for start, group in table.items():
            fitting = [name for name in names if name.startswith(start) and name not in found]
            found |= {name: f"{queue} {group or name}" for name in fitting}
    seen: Counter[str] = Counter()
    for name in names:
        if name not in found:
            file = name.partition("::")[0]
            found[name] = f"computing {file} {seen[file] // CHUNK}"
            seen[file] += 1
    return found


class Schedule(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Unit by unit to whichever process is free."""

    @cached_property
    def _units(self) -> dict[str, str]:
        return units(self.collection)

    def _split_scope(self, nodeid: str) -> str:
        return self._units[nodeid]

    def _assign_work_unit(self, node: WorkerController) -> None:
        queue = ("computing", "waiting")[self.nodes.index(node) % 2]
        fitting = (unit for unit in self.workqueue if unit.startswith(queue))
        self.workqueue.move_to_end(next(fitting, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)
