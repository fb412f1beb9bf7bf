"""
Only what changed since the last success is sent: every night all customers are read, and few of them are sent.

What Copernica holds is remembered in a folder, here on the disk of the worker. With several workers use an object
storage in its place: ``s3://my-bucket/copernica/customers``.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_copernica.operators.copernica import (
    CopernicaImportOperator,
)
from airflow_provider_copernica.options import Snapshot

HOME = Path(os.environ.get("AIRFLOW_HOME", Path.home() / "airflow"))

with DAG(
    "example_copernica_only_what_changed",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    max_active_runs=1,
    params={"database": 1, "max_changed": "20%", "full_every": 7},
    tags=["example", "copernica"],
) as dag:

    @task(show_return_value_in_logs=False)
    def read_customers() -> list[dict[str, str]]:
        return [
            {"Email": "noor@example.com", "City": "Utrecht"},
            {"Email": "senna@example.com", "City": "Gent"},
        ]

    # [START only_what_changed]
    CopernicaImportOperator(
        task_id="sync_customers",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email"],
        source=read_customers(),
        snapshot=Snapshot(
            (HOME / "copernica" / "customers").as_uri(),
            max_changed="{{ params.max_changed }}",
            full_every="{{ params.full_every }}",
        ),
    )
    # [END only_what_changed]
