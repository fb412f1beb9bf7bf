"""A Copernica database as an asset: what comes after an import starts when the import has finished."""

from __future__ import annotations

import os
from datetime import datetime

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_copernica.assets.copernica import create_asset
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

DATABASE = int(os.environ.get("COPERNICA_EXAMPLE_DATABASE", "1"))

# [START asset]
customers = create_asset(database=DATABASE, copernica_conn_id="copernica_default")

with DAG(
    "copernica_import_into_asset",
    schedule=None,
    catchup=False,
    tags=["copernica"],
) as producer:
    CopernicaImportOperator(
        task_id="import_customers",
        database=DATABASE,
        action="update or add",
        key_fields=["Email"],
        source=[{"Email": "noor@example.com", "City": "Utrecht"}],
        poll_interval=2,
        outlets=[customers],
    )

with DAG(
    "copernica_after_import",
    schedule=[customers],
    start_date=datetime(2026, 1, 1),  # for Airflow 2
    catchup=False,
    tags=["copernica"],
) as consumer:

    @task
    def count_profiles() -> object:
        path = f"database/{DATABASE}/profiles"
        profiles = CopernicaHook().get_json(path, {"limit": 1, "total": "true"})
        return profiles["total"] if isinstance(profiles, dict) else None

    count_profiles()
# [END asset]
