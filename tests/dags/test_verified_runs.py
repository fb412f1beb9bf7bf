"""Looking at the database after an import, through Airflow itself: XComs, retries, the event of an asset."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG
from support.dagrun import AIRFLOW_3, run_dag

from airflow_provider_copernica.assets.copernica import create_asset
from airflow_provider_copernica.decorators.copernica import copernica_import_task
from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Verify

pytestmark = [pytest.mark.usefixtures("copernica_connection", "airflow_database")]


def asset_extras() -> list[dict[str, Any]]:
    """The extras of all events of assets, the latest last."""
    from airflow.utils.session import create_session

    try:
        from airflow.models.asset import AssetEvent
    except ImportError:
        from airflow.models.dataset import DatasetEvent as AssetEvent
    with create_session() as session:
        return [dict(event.extra) for event in session.query(AssetEvent).order_by(AssetEvent.id)]


def test_counts_travel_and_a_difference_is_not_retried(copernica_emulator: Emulator) -> None:
    """One DAG, because a run costs seconds."""
    common: Any = {
        "action": "update or add",
        "key_fields": ["Email"],
        "poll_interval": 0.2,
        "retries": 1,
        "retry_delay": timedelta(seconds=1),
    }
    second = copernica_emulator.add_database("Second", ["Email"])
    with DAG("verified_runs", schedule=None, start_date=datetime(2026, 1, 1), params={"size": "3"}) as dag:
        worker = CopernicaImportOperator(
            task_id="worker",
            database=1,
            source=[{"Email": f"{n}@example.com"} for n in range(9)],
            verify=Verify(sample="{{ params.size }}"),
            outlets=[create_asset(database=1), create_asset(database=2)],
            **common,
        )
        deferred = CopernicaImportOperator(
            task_id="deferred",
            database=1,
            source=[{"Email": f"{n}@example.com"} for n in range(6, 12)],
            verify=Verify(),
            outlets=[create_asset(database=1)],
            deferrable=True,
            **common,
        )
        differs = CopernicaImportOperator(
            task_id="differs",
            database=1,
            source=[{"Email": "x@example.com"}],
            verify=Verify(),
            **{**common, "action": "delete"},
        )

        @copernica_import_task(database=second, verify=Verify(), **common)
        def decorated() -> Any:
            yield {"Email": "a@example.com"}

        worker >> deferred >> [differs, decorated()]
    before = len(asset_extras())
    results = run_dag(dag)
    assert {name: (result.state, result.tries) for name, result in results.items()} == {
        "worker": ("success", 1),
        "deferred": ("success", 1),
        "differs": ("failed", 1),
        "decorated": ("success", 1),
    }
    outcomes: Any = {name: result.xcom["import_outcome"] for name, result in results.items()}
    seen = {name: (each["verify"]["new"], each["verify"]["sampled"]) for name, each in outcomes.items()}
    assert seen == {"worker": (9, 3), "deferred": (3, 0), "differs": (0, 1), "decorated": (1, 1)}
    extras = asset_extras()[before:]
    if not AIRFLOW_3:  # its dag.test() knows no datasets
        return
    counted = [extra["verify"] for extra in extras if "verify" in extra]
    assert counted == [outcomes["worker"]["verify"], outcomes["deferred"]["verify"]]
    assert len(extras) == 3, "the other database is not what the task wrote to"
