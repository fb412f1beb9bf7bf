"""Other endpoints through the hook: the ID of a database by its name, and how many profiles it has after an import."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

CONN_ID = "copernica_default"

with DAG(
    "copernica_hook",
    schedule=None,
    catchup=False,
    params={"database_name": "Customers"},
    tags=["copernica"],
) as dag:
    # [START hook]
    @task
    def find_database(name: str) -> int:
        databases = CopernicaHook(CONN_ID).iterate("databases")
        matching = [database for database in databases if database["name"] == name]
        if len(matching) != 1:
            raise ValueError(f"{len(matching)} databases are called {name!r}")
        return int(str(matching[0]["ID"]))

    @task
    def count_profiles(database: int) -> int:
        reply = CopernicaHook(CONN_ID).request(
            "GET", f"database/{database}/profiles", params={"limit": 1, "total": "true"}
        )
        return int(reply.json()["total"])

    database = find_database("{{ params.database_name }}")
    import_customers = CopernicaImportOperator(
        task_id="import_customers",
        copernica_conn_id=CONN_ID,
        database=database,
        action="update or add",
        key_fields=["Email"],
        source=[{"Email": "noor@example.com", "City": "Utrecht"}],
        poll_interval=2,
    )
    import_customers >> count_profiles(database)
    # [END hook]
