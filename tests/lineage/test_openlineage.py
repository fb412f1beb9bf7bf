"""The events of Airflow's OpenLineage provider, written to a file by a real DAG run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.airflow_home import AirflowHome

from airflow_provider_copernica.emulator import run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database
from local_airflow.environment import connection_json

TOKEN = "a-token-that-no-event-holds"
ROW = "a.person@example.com"
DAG = f"""
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Verify

common = dict(action="update or add", key_fields="Email", poll_interval=0.2)
with DAG("lineage", schedule=None) as dag:
    # first, since all tasks of a test run share one process and its collector of hook lineage
    dry = CopernicaImportOperator(
        task_id="dry", database=1, source=[{{"Email": "{ROW}"}}], dry_run=True, **common
    )
    for mode in ("worker", "triggerer"):
        CopernicaImportOperator(
            task_id=mode, deferrable=mode == "triggerer",
            database="{{{{ params.database }}}}", params={{"database": 1}},
            source=[{{"Email": "{ROW}"}}, {{"Email": "b.person@example.com"}}], verify=Verify(), **common,
        )
    CopernicaImportOperator(
        task_id="left_alone", database=1, source=[{{"Email": "{ROW}"}}], wait_for_completion=False, **common
    )
    CopernicaImportOperator(
        task_id="fails", database=1, location="http://user:pass-word@127.0.0.1:9/exports/customers.csv?sig=signature",
        format="csv", delimiter=";", **common,
    )
    CopernicaImportOperator(
        task_id="differs", database=1, action="delete", key_fields="Email", source=[{{"Email": "nobody@example.com"}}],
        poll_interval=0.2, verify=Verify(),
    )
    dry >> [task for task in dag.tasks if task is not dry]
"""

Event = dict[str, object]


def events_of_a_run(folder: Path, migrated: Path) -> list[Event]:
    """Runs the DAG and returns what OpenLineage was told of the ends of its tasks."""
    (folder / "dags").mkdir()
    (folder / "dags" / "lineage.py").write_text(DAG)
    file = folder / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(file), "append": True}
    with run_emulator(token=TOKEN, import_seconds=0.2, port=0) as emulator:
        add_demo_database(emulator)
        settings = {
            "AIRFLOW__OPENLINEAGE__DISABLED": "False",
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
            "AIRFLOW__OPENLINEAGE__NAMESPACE": "tests",
            "AIRFLOW_CONN_COPERNICA_DEFAULT": connection_json(emulator.url, TOKEN),
        }
        home = AirflowHome(folder / "home", folder / "dags", settings, migrated=migrated)
        with pytest.raises(RuntimeError, match="DagRun failed"):  # one of the tasks does
            home.run("dags", "test", "lineage")
    told = file.read_text()
    for secret in (TOKEN, ROW, "pass-word", "signature", "user:"):
        assert secret not in told
    return [json.loads(line) for line in told.splitlines()]


@pytest.mark.slow
def test_events_name_database_file_and_counts(tmp_path: Path, migrated_database: Path) -> None:
    ends = {
        str(event["job"]["name"]): event  # type: ignore[index]  # an object
        for event in events_of_a_run(tmp_path, migrated_database)
        if event["eventType"] in ("COMPLETE", "FAIL")
    }
    output = {"namespace": "copernica://copernica_default", "name": "database/1"}

    def outputs(task: str) -> list[dict[str, object]]:
        return [{key: one[key] for key in output} for one in ends[f"lineage.{task}"]["outputs"]]  # type: ignore[attr-defined]

    for task in ("worker", "triggerer"):
        event = ends[f"lineage.{task}"]
        assert event["eventType"] == "COMPLETE"
        assert outputs(task) == [output]
        (written,) = event["outputs"]  # type: ignore[misc]  # a list
        assert written["outputFacets"]["outputStatistics"]["rowCount"] == 2
        query = event["run"]["facets"]["externalQuery"]  # type: ignore[index]
        assert (query["source"], int(query["externalQueryId"]) in range(1, 9)) == (output["namespace"], True)
        outcome = event["run"]["facets"]["copernica_outcome"]["outcome"]  # type: ignore[index]
        assert outcome["verify"]["sampled"] == (2 if task == "worker" else 0)
    differs = ends["lineage.differs"]
    assert differs["eventType"] == "FAIL"
    outcome = differs["run"]["facets"]["copernica_outcome"]["outcome"]  # type: ignore[index]
    assert (outcome["verify"]["removed"], outcome["verify"]["sampled"]) == (0, 1)
    assert outputs("left_alone") == [output]
    assert outputs("dry") == []

    failed = ends["lineage.fails"]
    assert failed["eventType"] == "FAIL"
    assert outputs("fails") == [output]
    (read,) = failed["inputs"]  # type: ignore[misc]
    assert (read["namespace"], read["name"]) == ("http://127.0.0.1:9", "customers.csv")
