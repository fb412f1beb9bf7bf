"""For ``make airflow``: an import that works, one that Copernica can't carry out, and one that has no rows."""

from __future__ import annotations

import os

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

with DAG(
    "three_outcomes",
    schedule=None,  # `make airflow` triggers it
    catchup=False,
    default_args={
        "database": 1,
        "action": "update or add",
        "key_fields": ["Email"],
        "deferrable": True,
        "poll_interval": 2,
    },
    tags=["copernica"],
) as dag:
    works = CopernicaImportOperator(  # type: ignore[call-arg]  # database and action are in default_args
        task_id="works",
        source=[{"Email": "noor@example.com", "City": "Utrecht"}],
    )
    # Copernica accepts the import, and finds no file there
    fails = CopernicaImportOperator(  # type: ignore[call-arg]  # as above
        task_id="fails",
        location=os.environ["MISSING_FILE"],
        format="csv",
        delimiter=";",
        retries=0,
    )
    has_no_rows = CopernicaImportOperator(  # type: ignore[call-arg]  # as above
        task_id="has_no_rows",
        source=[],
    )
