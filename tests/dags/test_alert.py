"""What a notifier can say of a failed import, in every mode."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task
from support.dagrun import AIRFLOW_3, AIRFLOW_3_3, poll_often, run_dag

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators import _verify
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Verify
from example_dags.example_copernica_alert import ImportAlert
from example_dags.example_copernica_alert import dag as example

pytestmark = [
    pytest.mark.usefixtures("copernica_connection", "airflow_database"),
    pytest.mark.skipif(
        AIRFLOW_3 and not AIRFLOW_3_3, reason="dag.test() of Airflow 3.0 to 3.2 does not tell callbacks the exception"
    ),
]


def test_the_failed_import_comes_along(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    copernica_emulator.failing_imports("Disk full", after_lines=1)
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
                    on_failure_callback=ImportAlert(),
                )
        CopernicaImportOperator(
            task_id="nowhere", database=1, action="add", source=[{"Email": "a@example.com"}],
            copernica_conn_id="nowhere", on_failure_callback=ImportAlert(),
        )  # fmt: skip
    results = run_dag(dag)
    assert {result.state for result in results.values()} == {"failed"}
    alerts = dict(alert.split(": ", 1) for alert in alerts_in(caplog))
    assert "nowhere" in alerts.pop("alert.nowhere")
    assert len(alerts) == 4
    for alert in alerts.values():
        assert alert.startswith("import ")
        assert alert.endswith("after 1 of 2 lines: Disk full (Customers)")


def test_of_a_difference_the_alert_says_what_differs(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_verify, "PAUSE_SECONDS", 0.01)
    short = copernica_emulator.add_database("Short", {"Email": "email", "City": {"type": "text", "length": 5}})
    with DAG("verified_alert", schedule=None, start_date=datetime(2026, 1, 1)) as dag:

        @task.copernica_import(
            database=short,
            action="update or add",
            key_fields=["Email"],
            poll_interval=0.2,
            retries=2,
            verify=Verify(max_removed="1%"),
            on_failure_callback=ImportAlert(),
        )
        def import_customers() -> Iterator[dict[str, object]]:
            yield {"Email": "a@example.com", "City": "Amsterdam"}
            yield {"Email": "b@example.com", "City": "Ede"}

        import_customers()

    result = run_dag(dag)["import_customers"]
    assert (result.state, len(copernica_emulator.imports)) == ("failed", 1)
    outcome: Any = result.xcom["import_outcome"]
    assert outcome["verify"]["columns"] == {"City": 1}
    (alert,) = alerts_in(caplog)
    assert alert.startswith(
        "verified_alert.import_customers: import 1 after 2 of 2 lines: The import has finished, but "
    )
    assert "1 of 2 sampled rows differs in 'City' (1)" in alert
    assert "Amst" not in alert


def alerts_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    messages = [record.getMessage() for record in caplog.records]
    return [message.removeprefix("Alert: ") for message in messages if message.startswith("Alert: ")]


def test_the_example_alerts(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    copernica_emulator.failing_imports("Disk full", after_lines=1)
    poll_often(example)
    assert run_dag(example)["import_customers"].state == "failed"
    (alert,) = alerts_in(caplog)
    assert alert.startswith("copernica_import_with_alert.import_customers: import 1 after 1 of 1 lines: Disk full (")
