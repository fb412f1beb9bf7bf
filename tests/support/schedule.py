"""
In which order the tests run, and which of them run in one process, one after the other.

There are two queues: tests that mostly wait, and tests that compute. Half of the processes begin with either, so that
neither the cores nor the processes idle. What takes longest begins first.
"""

from __future__ import annotations

from collections.abc import Sequence

Unit = tuple[int, ...]

# the beginnings of names of tests that mostly wait, and their group
WAITING = {
    "tests/e2e/test_kill.py": "kill",
    "tests/e2e/test_connection_form.py": "standalone",
    "tests/e2e/test_snapshot_kill.py": "standalone",
    "tests/e2e/test_standalone.py": "standalone",
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
    "tests/dags/test_rendering.py": "more DAG runs",
    "tests/docs/test_recipes.py": "more DAG runs",
    "tests/decorators/": "more DAG runs",
    "tests/operators/test_mapping.py": "more DAG runs",
    "tests/dags/": "DAG runs",
    "tests/docs/test_own_tests.py": "",
    "tests/test_provider_metadata.py": "",
    "tests/readers/test_parquet.py": "",
    "tests/lineage/test_openlineage.py": "",
    # Airflow keeps the storage behind a connection for the life of a process
    "tests/transfers/test_object_storage_s3.py": "s3",
    "tests/operators/test_snapshot_s3.py": "s3",
    # they share a server
    "tests/transfers/test_sql_postgres.py": "postgres",
}
# so many tests of a file are a unit when the tables do not name them
CHUNK = 20


def waiting_and_computing(names: Sequence[str]) -> tuple[list[Unit], list[Unit]]:
    """Return both queues of units; a unit is a list of positions of tests."""
    queues = []
    remaining = list(range(len(names)))
    for table in (WAITING, COMPUTING):
        units: dict[str, list[int]] = {}
        for start, group in table.items():
            for index in [index for index in remaining if names[index].startswith(start)]:
                units.setdefault(group or names[index], []).append(index)
                remaining.remove(index)
        queues.append([tuple(unit) for unit in units.values()])
    queues[1] += chunks(remaining, names)
    return queues[0], queues[1]


def chunks(indices: Sequence[int], names: Sequence[str]) -> list[Unit]:
    """Return the tests of each file in pieces."""
    files: dict[str, list[int]] = {}
    for index in indices:
        files.setdefault(names[index].partition("::")[0], []).append(index)
    return [tuple(file[start : start + CHUNK]) for file in files.values() for start in range(0, len(file), CHUNK)]
