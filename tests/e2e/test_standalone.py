"""A whole Airflow with its own triggerer, as ``airflow standalone`` starts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from local_airflow import EXAMPLE_DAGS
from support.airflow_api import TaskId
from support.airflow_home import AirflowHome, running_airflow

from airflow_provider_copernica.emulator import run_emulator
from airflow_provider_copernica.emulator.demo import COLLECTION, add_demo_database

DAG_ID = "copernica_import_csv"
ROWS, CUSTOMERS = 1_000, 374


@pytest.mark.slow
def test_the_triggerer_follows_a_deferred_import_to_its_end(tmp_path: Path) -> None:
    with run_emulator(import_seconds=8, port=0) as emulator:
        database = add_demo_database(emulator)
        home = AirflowHome(tmp_path / "home", EXAMPLE_DAGS)
        home.add_connection(emulator.url, emulator.token)
        with running_airflow(home, ("standalone",)) as airflow:
            api = airflow.api()
            run_id = api.trigger(DAG_ID, {"database": database})
            task = TaskId(DAG_ID, run_id, "import_customers")
            assert api.wait_for_task(task, {"deferred", "failed", "success"})["state"] == "deferred"
            state = api.wait_for_run(DAG_ID, run_id)
            log = api.log(task)
            assert state == "success", log
            status = api.xcom(task, "import_status")
            assert isinstance(status, dict)
            assert api.xcom(task) == status["import_id"] == 1
            assert (status["processed_lines"], status["total_lines"]) == (ROWS, ROWS)
            assert f"of {ROWS:,} lines" in log
        profiles = emulator.profiles(database)
        assert len(profiles) == CUSTOMERS
        assert sum(len(profile["subprofiles"][COLLECTION]) for profile in profiles) == ROWS
        assert len(emulator.imports) == 1
        told = "".join(file.read_text(errors="replace") for file in home.path.rglob("*.log"))
        assert "Copernica made import 1" in told
        assert emulator.token not in told
        assert profiles[0]["fields"]["Email"] not in told
