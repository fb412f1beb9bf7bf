"""Only what changed, in whole DAG runs through Airflow itself: mapped tasks, deferral, the serialised DAG."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG
from support.dagrun import run_dag

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.operators.removed_rows import CopernicaRemovedRowsOperator
from airflow_provider_copernica.options import Snapshot

pytestmark = [pytest.mark.usefixtures("copernica_connection", "airflow_database")]

ROWS = [{"Email": "a@example.com"}, {"Email": "b@example.com"}]
GIVEN: dict[str, Any] = {"action": "update or add", "key_fields": ["Email"], "poll_interval": 0.2}


@pytest.mark.parametrize("deferrable", [False, True])
def test_mapped_tasks_with_a_folder_each(copernica_emulator: Emulator, tmp_path: Path, deferrable: bool) -> None:
    databases = [1, copernica_emulator.add_database("second", ["Email"])]
    with DAG(f"snapshots_{deferrable}", schedule=None, start_date=datetime(2026, 1, 1)) as dag:
        each = [
            {"database": number, "snapshot": Snapshot("{{ params.folder }}/" + str(number), full_every=3)}
            for number in databases
        ]
        CopernicaImportOperator.partial(task_id="load", source=ROWS, deferrable=deferrable, **GIVEN).expand_kwargs(each)

    for made in (2, 2):
        results = run_dag(dag, {"folder": tmp_path.as_uri()})
        assert {result.state for result in results.values()} == {"success"}, results
        assert len(copernica_emulator.imports) == made
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(map(str, databases))
    assert len(copernica_emulator.profiles(databases[1])) == 2


def test_the_serialised_dag() -> None:
    try:
        from airflow.serialization.serialized_objects import DagSerialization as Serialized
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG as Serialized
    snapshot = Snapshot("s3://bucket/{{ dag.dag_id }}", on_removed="hand_over", max_removed="1%")
    with DAG("snapshots", schedule=None) as dag:
        CopernicaImportOperator(task_id="load", database=1, source=ROWS, snapshot=snapshot, **GIVEN)
        CopernicaRemovedRowsOperator(task_id="remove", database=1, snapshot=snapshot, set={"Newsletter": "no"})
        CopernicaImportOperator.partial(task_id="mapped", database=1, source=ROWS, **GIVEN).expand(
            snapshot=[Snapshot("s3://bucket/x"), Snapshot("s3://bucket/y")]
        )
    text = json.dumps(Serialized.to_dict(dag))
    assert "s3://bucket/{{ dag.dag_id }}" in text
    assert "s3://bucket/y" in text
    assert "a@example.com" not in text
