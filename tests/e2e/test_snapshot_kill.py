"""Only what changed, by a real Airflow whose worker is killed at the worst moments: the next attempts put it right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.airflow_api import PATIENCE, AirflowApi, TaskId
from support.airflow_home import kill_task
from support.dagrun import AIRFLOW_3
from support.standalone import Standalone
from test_kill import MOMENTS

from airflow_provider_copernica.emulator import Emulator, run_emulator
from local_airflow.processes import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AIRFLOW_3, reason="the support for real processes that are killed speaks to Airflow 3"),
]

CONNECTION_ID = "snapshots"
DAG_FILE = """
from datetime import timedelta
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Snapshot

with DAG("nightly", schedule=None, max_active_runs=1, params={"rows": []}) as dag:
    CopernicaImportOperator(
        task_id="load", database=1, action="update or add", key_fields=["Email"], poll_interval=1,
        source="{{ params.rows | tojson }}", format="json", durable=False, copernica_conn_id="snapshots",
        snapshot=Snapshot("FOLDER", max_removed=0), retries=4, retry_delay=timedelta(seconds=3),
    )
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, standalone: Standalone) -> Iterator[tuple[Emulator, AirflowApi]]:
    folder = (tmp_path_factory.mktemp("snapshot") / "state").as_uri()
    dags = Path(standalone.home.environment["AIRFLOW__CORE__DAGS_FOLDER"])
    (dags / "nightly.py").write_text(DAG_FILE.replace("FOLDER", folder))
    with run_emulator(import_seconds=1) as emulator:
        emulator.add_database("customers", ["Email", "City"])
        standalone.api.add_connection(emulator.url, emulator.token, CONNECTION_ID)
        yield emulator, standalone.api


def held(emulator: Emulator) -> dict[str, str]:
    profiles: Any = emulator.profiles(1)
    return {profile["fields"]["Email"]: profile["fields"]["City"] for profile in profiles}


@pytest.mark.parametrize("moment", ["before", "between", "waiting"])
def test_a_worker_is_killed(stage: tuple[Emulator, AirflowApi], moment: str) -> None:
    emulator, api = stage
    emulator.import_seconds = 1
    emulator.clear_faults()
    source = {**held(emulator), "a@example.com": moment, f"{moment}@example.com": "new"}
    rows = [{"Email": email, "City": city} for email, city in source.items()]
    imports, requests = len(emulator.imports), len(emulator.requests)
    MOMENTS[moment].prepare(emulator)
    run_id = api.trigger("nightly", {"rows": rows})
    wait_until(lambda: MOMENTS[moment].has_come(emulator, imports, requests), PATIENCE, moment, pause=0.05)
    kill_task(api, TaskId("nightly", run_id, "load"))
    emulator.import_seconds = 1
    assert api.wait_for_run("nightly", run_id) == "success"
    assert held(emulator) == source
    made = len(emulator.imports)
    again = api.trigger("nightly", {"rows": rows})
    assert api.wait_for_run("nightly", again) == "success"
    assert len(emulator.imports) == made
    assert f"Of {len(rows)} rows 0 changed, 0 are new, 0 are gone." in api.log(TaskId("nightly", again, "load"))
