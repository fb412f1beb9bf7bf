"""One import per database, by dynamic task mapping."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

with DAG(
    "copernica_import_mapped",
    schedule=None,
    catchup=False,
    params={"databases": [1], "copernica_conn_id": "copernica_default"},
    tags=["copernica"],
) as dag:
    # [START mapped]
    @task(show_return_value_in_logs=False)  # they are customers
    def customers_per_database(
        params: dict[str, list[int]] | None = None,
    ) -> list[dict[str, object]]:
        return [
            {
                "database": database,
                "source": [{"Email": f"shop{database}@example.com", "City": "Gent"}],
            }
            for database in (params or {})["databases"]
        ]

    CopernicaImportOperator.partial(
        task_id="import_customers",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        action="update or add",
        key_fields=["Email"],
        deferrable=True,
        poll_interval=2,
        max_active_tis_per_dagrun=4,
    ).expand_kwargs(customers_per_database())
    # [END mapped]
