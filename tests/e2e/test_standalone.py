"""A whole Airflow with its own triggerer, as ``airflow standalone`` starts it."""

from __future__ import annotations

from typing import Any

import pytest
from support.airflow_api import TaskId
from support.dagrun import AIRFLOW_3, AIRFLOW_3_1, AIRFLOW_3_3
from support.standalone import Standalone

from airflow_provider_copernica.emulator.demo import COLLECTION, add_demo_database
from local_airflow.environment import AIRFLOW_2

EXAMPLE = "copernica_import_csv"
ROWS, CUSTOMERS = 1_000, 374

pytestmark = pytest.mark.slow


def test_the_triggerer_follows_a_deferred_import_to_its_end(standalone: Standalone) -> None:
    emulator, api = standalone.emulator, standalone.api
    emulator.import_seconds = 8
    imports, database = len(emulator.imports), add_demo_database(emulator)
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
    told = "".join(file.read_text(errors="replace") for file in standalone.home.path.rglob("*.log"))
    if AIRFLOW_3 and not AIRFLOW_3_1:  # 3.0 itself logs what an upstream task returns
        told = "\n".join(line for line in told.splitlines() if "msg=SetXCom(" not in line)
    assert f"Copernica made import {status['import_id']}" in told
    assert emulator.token not in told
    assert profiles[0]["fields"]["Email"] not in told


def test_a_sensor_that_starts_in_the_triggerer_needs_no_worker(standalone: Standalone) -> None:
    emulator, api = standalone.emulator, standalone.api
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
    emulator.set_status(
        standalone.slow, status="finished", lastrun="2026-03-01 12:00:00", totallines="2", processedLines="2"
    )
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
    assert (status["import_id"], status["total_lines"]) == (standalone.slow, 2)
    status = api.xcom(sensors["output"])
    assert isinstance(status, dict)
    assert status["import_id"] == emulator.imports[-1].import_id
    log = api.log(task("late"))
    assert f"Import {standalone.endless} has not finished within 5 s. It was last seen as 'running'" in log
    assert "The import goes on in Copernica" in log
    assert "import_id must be the number of an import" in api.log(task("nonsense"))


def test_an_import_is_verified_in_a_worker_and_after_a_deferral(standalone: Standalone) -> None:
    emulator, api, database = standalone.emulator, standalone.api, standalone.verified
    emulator.import_seconds = 1
    run_id = api.trigger("verified", {"database": database})
    assert api.wait_for_run("verified", run_id) == "failed"  # for its last task deletes nobody
    tasks = {name: TaskId("verified", run_id, name) for name in ("worker", "triggerer", "differs")}
    ended = {name: api.task(task) for name, task in tasks.items()}
    assert {name: (said["state"], said["try_number"]) for name, said in ended.items()} == {
        "worker": ("success", 1),
        "triggerer": ("success", 1),
        "differs": ("failed", 1),
    }
    outcomes: Any = {name: api.xcom(task, "import_outcome") for name, task in tasks.items()}
    seen = {name: (each["verify"]["new"], each["verify"]["sampled"]) for name, each in outcomes.items()}
    assert seen == {"worker": (30, 20), "triggerer": (0, 0), "differs": (0, 1)}
    assert "20 of 20 sampled rows are stored as sent (24 API calls)." in api.log(tasks["worker"])
    assert "The rows are not compared, only counted" in api.log(tasks["triggerer"])
    assert "nothing was removed" in api.log(tasks["differs"])
    asset = "datasets" if AIRFLOW_2 else "assets"
    events: Any = api.call("GET", f"{asset}/events", params={"source_dag_id": "verified"})
    extras = [event["extra"] for event in events[f"{asset[:-1]}_events"]]
    assert sorted(extra["verify"]["new"] for extra in extras) == [0, 30]
    told = "".join(file.read_text(errors="replace") for file in standalone.home.path.rglob("*.log"))
    assert "@verified.example" not in told
