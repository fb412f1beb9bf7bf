"""A file that Copernica fetches by itself: nothing of it passes through Airflow."""

from __future__ import annotations

import os

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

with DAG(
    "copernica_import_location",
    schedule=None,
    catchup=False,
    params={
        "database": 1,
        "copernica_conn_id": "copernica_default",
        # of a real account: an address that Copernica can reach, and that outlives queueing; without one, a file that
        # the emulator has
        "location": os.environ.get("COPERNICA_EXAMPLE_LOCATION", ""),
    },
    tags=["copernica"],
) as dag:
    import_file = CopernicaImportOperator(
        task_id="import_file",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email", "Order.OrderID"],
        location="{{ params.location or conn.get(params.copernica_conn_id).host ~ '/_emulator/customers.csv' }}",
        format="csv",
        delimiter=";",
        deferrable=True,
        poll_interval=2,
        timeout=3600,
    )
