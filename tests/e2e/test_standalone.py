"""A whole Airflow with its own triggerer, as ``airflow standalone`` starts it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from local_airflow import AIRFLOW_2, EXAMPLE_DAGS
from support.airflow_api import AirflowApi, TaskId
from support.airflow_home import AirflowHome, running_airflow
from support.dagrun import AIRFLOW_3, AIRFLOW_3_1, AIRFLOW_3_3

from airflow_provider_copernica.emulator import Emulator, run_emulator
from airflow_provider_copernica.emulator.demo import COLLECTION, add_demo_database

EXAMPLE = "copernica_import_csv"
ROWS, CUSTOMERS = 1_000, 374
# two imports that the test makes up
SLOW, ENDLESS = 1, 2

FIRST_TRIGGER = f"""
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.sensors.copernica import CopernicaImportSensor

common = dict(deferrable=True, start_from_trigger=True, poke_interval=1)
with DAG("start_trigger", schedule=None, params={{"import_id": {SLOW}}}) as dag:
    load = CopernicaImportOperator(
        task_id="load", database=1, action="update", key_fields="Email", source=[{{"Email": "a@example.com"}}],
        wait_for_completion=False,
    )
    CopernicaImportSensor(task_id="output", import_id=load.output, **common)
    CopernicaImportSensor(task_id="template", import_id="{{{{ params.import_id }}}}", **common)
    CopernicaImportSensor(task_id="plain", import_id={SLOW}, **common)
    CopernicaImportSensor.partial(task_id="mapped", **common).expand(import_id=[{SLOW}, {SLOW}])
    CopernicaImportSensor(task_id="late", import_id={ENDLESS}, timeout=5, soft_fail=True, retries=2, **common)
    CopernicaImportSensor(task_id="nonsense", import_id="{{{{ run_id }}}}", retries=2, **common)
"""

pytestmark = pytest.mark.slow


@dataclass
class Stage:
    """What the tests share."""

    emulator: Emulator
    home: AirflowHome
    api: AirflowApi


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("standalone")
    dags = directory / "dags"
    dags.mkdir()
    shutil.copy(EXAMPLE_DAGS / "example_copernica_csv.py", dags)
    shutil.copytree(EXAMPLE_DAGS / "data", dags / "data")
    (dags / "start_trigger.py").write_text(FIRST_TRIGGER)
    with run_emulator(port=0) as emulator:
        add_demo_database(emulator)
        assert [emulator.add_import("slow", "running"), emulator.add_import("endless", "running")] == [SLOW, ENDLESS]
        home = AirflowHome(directory / "home", dags)
        home.add_connection(emulator.url, emulator.token)
        with running_airflow(home, ("standalone",)) as airflow:
            yield Stage(emulator, home, airflow.api())


def test_the_triggerer_follows_a_deferred_import_to_its_end(stage: Stage) -> None:
    emulator, api = stage.emulator, stage.api
    emulator.import_seconds = 8
    imports, database = len(emulator.imports), emulator.databases[0]
    run_id = api.trigger(EXAMPLE, {"database": database})
    task = TaskId(EXAMPLE, run_id, "import_customers")
    assert api.wait_for_task(task, {"deferred", "failed", "success"})["state"] == "deferred"
    state = api.wait_for_run(EXAMPLE, run_id)
    log = api.log(task)
    assert state == "success", log
    status = api.xcom(task, "import_status")
    assert isinstance(status, dict)
    assert api.xcom(task) == status["import_id"] == emulator.imports[-1].import_id
    assert (status["processed_lines"], status["total_lines"]) == (ROWS, ROWS)
    assert f"of {ROWS:,} lines" in log
    profiles = emulator.profiles(database)
    assert len(profiles) == CUSTOMERS
    assert sum(len(profile["subprofiles"][COLLECTION]) for profile in profiles) == ROWS
    assert len(emulator.imports) == imports + 1
    told = "".join(file.read_text(errors="replace") for file in stage.home.path.rglob("*.log"))
    if AIRFLOW_3 and not AIRFLOW_3_1:  # 3.0 itself logs what an upstream task returns
        told = "\n".join(line for line in told.splitlines() if "msg=SetXCom(" not in line)
    assert f"Copernica made import {status['import_id']}" in told
    assert emulator.token not in told
    assert profiles[0]["fields"]["Email"] not in told


def test_a_sensor_that_starts_in_the_triggerer_needs_no_worker(stage: Stage) -> None:
    emulator, api = stage.emulator, stage.api
    emulator.import_seconds = 20
    run_id = api.trigger("start_trigger")

    def task(name: str, index: int = -1) -> TaskId:
        return TaskId("start_trigger", run_id, name, index)

    sensors = {name: task(name) for name in ("output", "template", "plain")}
    mapped = [task("mapped", 0), task("mapped", 1)]
    seen = {name: api.wait_for_task(each, {"deferred"}) for name, each in sensors.items()}
    seen |= {"mapped": api.wait_for_task(mapped[0], {"deferred"})}
    without_a_worker = {name for name, said in seen.items() if not said["hostname"]}
    assert without_a_worker == ({"output", "template", "plain"} if AIRFLOW_3_3 else {"plain"} if AIRFLOW_2 else set())
    emulator.set_status(SLOW, status="finished", lastrun="2026-03-01 12:00:00", totallines="2", processedLines="2")
    assert api.wait_for_run("start_trigger", run_id) == "failed"  # for one of its tasks asks for nonsense
    ended = {name: api.task(task(name)) for name in (*sensors, "late", "nonsense")}
    assert {name: said["state"] for name, said in ended.items()} == {
        **dict.fromkeys(sensors, "success"),
        "late": "skipped",
        "nonsense": "failed",
    }
    assert {said["try_number"] for said in ended.values()} == {1}
    assert {api.task(each)["state"] for each in mapped} == {"success"}
    status = api.xcom(sensors["plain"])
    assert isinstance(status, dict)
    assert (status["import_id"], status["total_lines"]) == (SLOW, 2)
    status = api.xcom(sensors["output"])
    assert isinstance(status, dict)
    assert status["import_id"] == emulator.imports[-1].import_id
    log = api.log(task("late"))
    assert f"Waited 5 s for Copernica import {ENDLESS}" in log
    assert "Last seen: Copernica import" in log
    assert "The import goes on in Copernica" in log
    assert "import_id must be the number of an import" in api.log(task("nonsense"))
