"""Airflow spread over processes as in production: CeleryExecutor, Redis, PostgreSQL, workers, one triggerer."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.airflow_home import STOP_SECONDS, AirflowHome, RunningAirflow, running_airflow
from support.postgres import running_postgres

from airflow_provider_copernica.emulator import Emulator, run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database
from local_airflow.environment import airflow_command, free_port
from local_airflow.processes import Service, stop_all, wait_until

MISSING = "Redis is not installed (apt-get install redis-server)"
# tasks at a time in one worker
CONCURRENCY = 4
HAS_REDIS = shutil.which("redis-server") is not None

DAG_ID = "many"
DAG_FILE = """
from datetime import timedelta
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

with DAG("many", schedule=None, max_active_tasks=32) as dag:
    CopernicaImportOperator.partial(
        task_id="load",
        database=1,
        action="update or add",
        key_fields=["Email"],
        source=[{"Email": "a@example.com"}],
        deferrable=True,
        poll_interval=5,
        retries=3,
        retry_delay=timedelta(seconds=1),
    ).expand(name=[f"import {number}" for number in range(IMPORTS)])
"""

# read by each process of Airflow: a worker imports once what each of its tasks would import again
LOCAL_SETTINGS = """
import airflow.dag_processing.dagbag
import airflow.providers.amazon.aws.hooks.s3
import airflow.providers.common.compat.assets
import airflow.providers.openlineage.conf
import airflow.providers.standard.operators.empty
import airflow.sdk.lineage
import airflow_provider_copernica.hooks.copernica
import airflow_provider_copernica.client.sync
import airflow_provider_copernica.operators.copernica
import airflow_provider_copernica.lineage
import airflow_provider_copernica.operators._submit
import airflow_provider_copernica.operators._waiting
import airflow_provider_copernica.triggers.copernica
"""

SETTINGS = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__CORE__PARALLELISM": "32",
    "AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER": "1",
    "AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL": "False",
    # what a killed worker had reserved but not begun
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "45",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
}


@dataclass(frozen=True)
class Site:
    """
    All that runs.

    :param workers: by name; each may be killed.
    """

    emulator: Emulator
    airflow: RunningAirflow
    workers: dict[str, Service]

    def run(self, *, timeout: float = 900) -> tuple[str, float]:
        """Starts the DAG and waits; how it ended, and after how many seconds."""
        api = self.airflow.api()
        began = time.monotonic()
        run_id = api.trigger(DAG_ID)
        return api.wait_for_run(DAG_ID, run_id, timeout=timeout), time.monotonic() - began


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
            command = airflow_command(
                "celery", "worker", "--concurrency", str(CONCURRENCY), "--celery-hostname", f"{name}@%h"
            )
            workers[name] = Service([*command, "--skip-serve-logs"], home.environment, home.path / f"{name}.log")
        yield workers
    finally:
        stop_all(list(workers.values()), STOP_SECONDS)


@contextmanager
def distributed_airflow(
    directory: Path, imports: int, import_seconds: float, workers: tuple[str, ...]
) -> Iterator[Site]:
    """
    All of it, with a DAG of so many mapped imports.

    :param directory: for everything that is written.
    :param import_seconds: how long each import takes.
    :param workers: their names.
    """
    (directory / "dags").mkdir()
    (directory / "dags" / "many.py").write_text(DAG_FILE.replace("IMPORTS", str(imports)))
    with (
        run_emulator(import_seconds=import_seconds) as emulator,
        running_postgres(directory / "postgres") as postgres,
        running_redis(directory) as redis,
    ):
        add_demo_database(emulator)
        settings = {
            **SETTINGS,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.uri.replace("postgresql://", "postgresql+psycopg2://"),
            "AIRFLOW__CELERY__BROKER_URL": redis,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{postgres.uri}",
        }
        home = AirflowHome(directory / "home", directory / "dags", settings, migrated=None)
        (home.path / "config").mkdir(exist_ok=True)
        (home.path / "config" / "airflow_local_settings.py").write_text(LOCAL_SETTINGS)
        with running_airflow(home) as airflow, running_workers(home, workers) as started:
            airflow.api().add_connection(emulator.url, emulator.token)
            yield Site(emulator, airflow, started)
