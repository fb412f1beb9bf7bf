"""For ``make airflow``: an import that works, one that Copernica can't carry out, and one that has no rows."""

from __future__ import annotations

import os

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

with DAG(
    "three_outcomes",
    schedule=None,  # `make airflow` triggers it
    catchup=False,
    default_args={"deferrable": True, "poll_interval": 2},
    tags=["copernica"],
) as dag:
    CopernicaImportOperator(
        task_id="works",
        database=1,
        action="update or add",
        key_fields=["Email"],
        source=[{"Email": "noor@example.com", "City": "Utrecht"}],
    )
    # Copernica accepts the import, and finds no file there
    CopernicaImportOperator(
        task_id="fails",
        database=1,
        action="add",
        location=os.environ["MISSING_FILE"],
        format="csv",
        delimiter=";",
    )
    CopernicaImportOperator(
        task_id="has_no_rows",
        database=1,
        action="add",
        source=[],
    )
