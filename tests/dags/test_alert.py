"""What a callback on failure is told of the import, in every mode."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG
from support.dagrun import AIRFLOW_3, AIRFLOW_3_3, poll_often, run_dag

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from example_dags.example_copernica_alert import dag as example
from example_dags.example_copernica_alert import describe_failure

pytestmark = [
    pytest.mark.usefixtures("copernica_connection", "airflow_database"),
    pytest.mark.skipif(
        AIRFLOW_3 and not AIRFLOW_3_3, reason="dag.test() of Airflow 3.0 to 3.2 does not tell callbacks the exception"
    ),
]


def test_the_failed_import_comes_along(copernica_emulator: Emulator) -> None:
    copernica_emulator.failing_imports("Disk full", after_lines=1)
    told: dict[str, str] = {}

    def tell(context: Any) -> None:
        told[context["ti"].task_id] = describe_failure(context)

    with DAG("alert", schedule=None, start_date=datetime(2026, 1, 1)) as dag:
        # adding after some lines were processed must not be retried: the error is a wrapped one
        for action in ("update or add", "add"):
            for mode in ("worker", "triggerer"):
                CopernicaImportOperator(
                    task_id=f"{mode}_{action.replace(' ', '_')}",
                    database=1,
                    name="Customers",
                    action=action,
                    key_fields=None if action == "add" else "Email",
                    source=[{"Email": "a@example.com"}, {"Email": "b@example.com"}],
                    deferrable=mode == "triggerer",
                    poll_interval=0.2,
                    on_failure_callback=tell,
                )
        CopernicaImportOperator(
            task_id="nowhere", database=1, action="add", source=[{"Email": "a@example.com"}],
            copernica_conn_id="nowhere", on_failure_callback=tell,
        )  # fmt: skip
    results = run_dag(dag)
    assert {result.state for result in results.values()} == {"failed"}
    assert len(told) == 5
    assert "Airflow has no connection 'nowhere'" in told.pop("nowhere")
    for task_id, message in told.items():
        assert message.startswith(f"alert.{task_id}: import ")
        assert message.endswith("'Customers' after 1 of 2 lines: Disk full")


def test_the_example_alerts(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    copernica_emulator.failing_imports("Disk full", after_lines=1)
    poll_often(example)
    assert run_dag(example)["import_customers"].state == "failed"
    (alert,) = [record.getMessage() for record in caplog.records if record.getMessage().startswith("Alert: ")]
    assert alert.startswith("Alert: copernica_import_with_alert.import_customers: import 1 ")
    assert alert.endswith("after 1 of 1 lines: Disk full")
