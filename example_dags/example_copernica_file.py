"""A file of customers and their orders, from any storage that Airflow knows."""

from __future__ import annotations

import os
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_copernica.transfers.object_storage_to_copernica import (
    ObjectStorageToCopernicaOperator,
)

CUSTOMERS = os.environ.get("COPERNICA_EXAMPLE_FILE") or f"file://{Path(__file__).parent}/data/customers.csv"

with DAG(
    "copernica_file",
    schedule=None,
    catchup=False,
    params={"database": 1, "copernica_conn_id": "copernica_default", "file": CUSTOMERS},
    tags=["copernica"],
) as dag:
    # [START file]
    import_file = ObjectStorageToCopernicaOperator(
        task_id="import_file",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email", "Order.OrderID"],
        path="{{ params.file }}",  # s3://bucket/customers.csv.gz, gs://..., file:///...
        ignore_empty_fields=True,
        deferrable=True,
        poll_interval=2,
    )
    # [END file]
