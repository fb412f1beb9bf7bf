"""A throwaway Airflow for every test process, set before anything imports Airflow; and in which order the tests run."""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_home = tempfile.TemporaryDirectory(prefix="airflow-copernica-")
HOME = Path(_home.name)
os.environ["AIRFLOW_HOME"] = str(HOME)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(HOME / "dags")
os.environ["AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS"] = "False"
os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = secrets.token_hex()  # dag.test() of 3.2 wants one
# a proxy of the machine has no business between tests and loopback
for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
    os.environ.pop(name, None)

# a busy machine is no fault of the code
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

pytest_plugins = ["airflow_provider_copernica.emulator.pytest_plugin"]

# What takes longest begins first, so that the rest fills the time in which it waits. xdist hands a process its next
# tests while it still runs one, unless those of its group are next: behind the longest of all there are short ones.
FIRST = {
    "tests/e2e/test_celery.py": "celery",
    "tests/test_package.py": "celery",
    "tests/e2e/test_kill.py": "kill",
    "tests/e2e/": "standalone",
    # the first DAG run of a process loads half of Airflow
    "tests/dags/test_dag_runs.py": "dag_runs",
    "tests/dags/": "other_dag_runs",
    "tests/docs/test_recipes.py": "other_dag_runs",
    "tests/decorators/": "other_dag_runs",
    "tests/test_fault_matrix.py": None,
    "tests/docs/test_own_tests.py": None,
    "tests/lineage/test_openlineage.py": None,
}
SLOW_SECONDS = 1200


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the tests, and groups those that run in one process; those that start processes may take longer."""
    starts = list(FIRST)
    places = {item: next((start for start in starts if item.nodeid.startswith(start)), None) for item in items}
    items.sort(key=lambda item: starts.index(start) if (start := places[item]) else len(starts))
    for item in items:
        if group := FIRST.get(places[item] or ""):
            item.add_marker(pytest.mark.xdist_group(group))
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> None:
    """Airflow hides the secrets of one task's process; with all that the tests make it would search for thousands."""
    from support.masker import forget_secrets

    forget_secrets()


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow database with its tables and nothing in them: a file to copy, made once for all processes of a run."""
    from support.database import copy_database, make_database

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    file = folder / "migrated.db"
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            make_database()
            copy_database(HOME / "airflow.db", file)
    return file


@pytest.fixture(scope="session")
def airflow_database(migrated_database: Path) -> None:
    """The metadata database of this process's throwaway Airflow."""
    from support.database import copy_database

    copy_database(migrated_database, HOME / "airflow.db")
