"""A nightly export of customers and their orders: a CSV text, imported while no worker waits."""

from __future__ import annotations

from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

CUSTOMERS = Path(__file__).parent / "data" / "customers.csv"

with DAG(
    "copernica_import_csv",
    schedule=None,
    catchup=False,
    params={"database": 1, "copernica_conn_id": "copernica_default"},
    tags=["copernica"],
) as dag:

    @task(show_return_value_in_logs=False)  # customers' details
    def read_customers() -> str:
        return CUSTOMERS.read_text(encoding="utf-8")

    # [START csv]
    import_customers = CopernicaImportOperator(
        task_id="import_customers",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email", "Order.OrderID"],
        source=read_customers(),
        format="csv",
        delimiter=";",
        ignore_empty_fields=True,
        rebuild=True,
        deferrable=True,
        poll_interval=2,
        timeout=3600,
    )
    # [END csv]
