"""Airflow spread over processes as in production: CeleryExecutor, Redis, PostgreSQL, two workers, one triggerer."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from local_airflow import airflow_command, free_port
from processes import Service, wait_until
from support.airflow_home import AirflowHome, running_airflow
from support.dagrun import AIRFLOW_3_3
from support.postgres import BIN, MISSING, running_postgres

from airflow_provider_copernica.emulator import run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database

IMPORTS = 200

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BIN is None, reason=MISSING),
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="Redis is not installed (apt-get install redis-server)"
    ),
    pytest.mark.skipif(not AIRFLOW_3_3, reason="only Airflow 3.3 and later remember an import across attempts"),
]

DAG_FILE = f"""
from datetime import timedelta
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

with DAG("many", schedule=None, max_active_tasks=32) as dag:
    CopernicaImportOperator.partial(
        task_id="load",
        database=1,
        action="update or add",
        key_fields=["Email"],
        source=[{{"Email": "a@example.com"}}],
        deferrable=True,
        poll_interval=5,
        retries=3,
        retry_delay=timedelta(seconds=1),
    ).expand(name=[f"import {{number}}" for number in range({IMPORTS})])
"""

# read by each process of Airflow: a worker imports once what each of its tasks would import again
LOCAL_SETTINGS = """
import airflow.dag_processing.dagbag
import airflow_provider_copernica.hooks.copernica
import airflow_provider_copernica.client.sync
import airflow_provider_copernica.operators.copernica
import airflow_provider_copernica.operators.submit
"""

SETTINGS = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__CORE__PARALLELISM": "32",
    "AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER": "1",
    "AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL": "False",
    # what the killed worker had reserved but not begun
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "45",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
}


@contextmanager
def running_redis(directory: Path) -> Iterator[str]:
    """A Redis of its own; its URL."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    service = Service(["redis-server", *options], dict(os.environ), directory / "redis.log")
    try:
        wait_until(lambda: "Ready to accept" in service.log.read_text(), 120, "Redis", pause=0.1)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        service.stop()


@contextmanager
def running_workers(home: AirflowHome, names: tuple[str, ...]) -> Iterator[dict[str, Service]]:
    """Celery workers, of which one may be killed."""
    workers = {}
    try:
        for name in names:
            command = airflow_command("celery", "worker", "--concurrency", "4", "--celery-hostname", f"{name}@%h")
            workers[name] = Service([*command, "--skip-serve-logs"], home.environment, home.path / f"{name}.log")
        yield workers
    finally:
        for worker in workers.values():
            worker.stop()


def test_a_worker_dies_among_200_imports(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "many.py").write_text(DAG_FILE)
    with (
        run_emulator(import_seconds=20) as emulator,
        running_postgres(tmp_path / "postgres") as postgres,
        running_redis(tmp_path) as redis,
    ):
        add_demo_database(emulator)
        settings = {
            **SETTINGS,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.uri.replace("postgresql://", "postgresql+psycopg2://"),
            "AIRFLOW__CELERY__BROKER_URL": redis,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{postgres.uri}",
        }
        home = AirflowHome(tmp_path / "home", tmp_path / "dags", settings)
        (home.path / "config").mkdir(exist_ok=True)
        (home.path / "config" / "airflow_local_settings.py").write_text(LOCAL_SETTINGS)
        home.add_connection(emulator.url, emulator.token)
        with running_airflow(home) as airflow, running_workers(home, ("one", "two")) as workers:
            api = airflow.api()
            began = time.monotonic()
            run_id = api.trigger("many")
            wait_until(lambda: len(emulator.imports) > IMPORTS // 4, 300, "a quarter of the imports", pause=0.05)
            workers["one"].kill()
            state = api.wait_for_run("many", run_id, timeout=600)
            seconds = time.monotonic() - began
        names = Counter(str(each.parameters["name"]) for each in emulator.imports)
    assert state == "success"
    assert names == {f"import {number}": 1 for number in range(IMPORTS)}
    print(f"{IMPORTS} imports in {seconds:.0f} s; one triggerer made {emulator.connections} connections in all")
