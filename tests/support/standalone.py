"""One Airflow, as ``airflow standalone`` starts it and with the package from its wheel, for several scenarios."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.airflow_api import AirflowApi
from support.airflow_home import AirflowHome, running_airflow
from support.wheel import unpacked_wheel

from airflow_provider_copernica.emulator import Emulator, run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database
from local_airflow.environment import EXAMPLE_DAGS

TOKEN = "a-token-that-no-page-shows"
START_TRIGGER = """
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.sensors.copernica import CopernicaImportSensor

common = dict(deferrable=True, start_from_trigger=True, poke_interval=1)
with DAG("start_trigger", schedule=None, params={"import_id": SLOW}) as dag:
    load = CopernicaImportOperator(
        task_id="load", database=1, action="update", key_fields="Email", source=[{"Email": "a@example.com"}],
        wait_for_completion=False,
    )
    CopernicaImportSensor(task_id="output", import_id=load.output, **common)
    CopernicaImportSensor(task_id="template", import_id="{{ params.import_id }}", **common)
    CopernicaImportSensor(task_id="plain", import_id=SLOW, **common)
    CopernicaImportSensor.partial(task_id="mapped", **common).expand(import_id=[SLOW, SLOW])
    CopernicaImportSensor(task_id="late", import_id=ENDLESS, timeout=5, soft_fail=True, retries=2, **common)
    CopernicaImportSensor(task_id="nonsense", import_id="{{ run_id }}", retries=2, **common)
"""


@dataclass(frozen=True)
class Standalone:
    """
    What the scenarios share.

    :param slow: an import that ends when a test says so.
    :param endless: one that never does.
    """

    emulator: Emulator
    home: AirflowHome
    api: AirflowApi
    slow: int
    endless: int


@contextmanager
def running_standalone(folder: Path, migrated: Path) -> Iterator[Standalone]:
    """
    All of it, as long as the block.

    :param folder: for everything that is written.
    :param migrated: the database file to begin with.
    """
    installed = unpacked_wheel(folder)
    dags = folder / "dags"
    dags.mkdir()
    for example in ("csv", "asset"):
        shutil.copy(EXAMPLE_DAGS / f"example_copernica_{example}.py", dags)
    shutil.copytree(EXAMPLE_DAGS / "data", dags / "data")
    with run_emulator(token=TOKEN) as emulator:
        add_demo_database(emulator)
        slow, endless = (emulator.add_import(name, "running") for name in ("slow", "endless"))
        text = START_TRIGGER.replace("SLOW", str(slow)).replace("ENDLESS", str(endless))
        (dags / "start_trigger.py").write_text(text)
        # Airflow 2: a connection that the browser opens and keeps for later occupies a whole worker
        settings = {"PYTHONPATH": str(installed), "AIRFLOW__WEBSERVER__WORKERS": "4"}
        home = AirflowHome(folder / "home", dags, settings, migrated=migrated)
        assert Path(loaded_package(home, folder)).is_relative_to(installed)
        with running_airflow(home, ("standalone",)) as airflow:
            api = airflow.api()
            api.add_connection(emulator.url, TOKEN)
            yield Standalone(emulator, home, api, slow, endless)


def loaded_package(home: AirflowHome, folder: Path) -> str:
    """Where the processes of an Airflow have the package from."""
    code = "import airflow_provider_copernica as package; print(package.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=home.environment, cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
