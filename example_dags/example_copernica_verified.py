"""A nightly import that is green only if the database holds what was sent: counted, and a few rows read back."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, XComArg, task

from airflow_provider_copernica.assets.copernica import create_asset
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Verify

CUSTOMERS = Path(__file__).parent / "data" / "customers.csv"

log = logging.getLogger(__name__)

with DAG(
    "copernica_verified",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={"database": 1, "copernica_conn_id": "copernica_default"},
    tags=["copernica"],
) as dag:

    @task(show_return_value_in_logs=False)  # customers' details
    def read_customers() -> str:
        return CUSTOMERS.read_text(encoding="utf-8")

    # [START verify]
    import_customers = CopernicaImportOperator(
        task_id="import_customers",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email", "Order.OrderID"],
        source=read_customers(),
        format="csv",
        delimiter=";",
        verify=Verify(sample=10, max_removed="1%"),
        outlets=[create_asset(database=1)],
        poll_interval=2,
    )

    @task
    def report(outcome: Any) -> None:  # counts by option
        log.info("%d new profiles.", outcome["verify"]["new"])

    report(XComArg(import_customers, key="import_outcome"))
    # [END verify]
