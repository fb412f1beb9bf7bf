"""Rows that Python makes: the function's rows go to Copernica, and never become an XCom."""

from __future__ import annotations

from collections.abc import Iterator

from airflow.providers.common.compat.sdk import DAG, task

with DAG(
    "copernica_decorator",
    schedule=None,
    catchup=False,
    params={"database": 1, "copernica_conn_id": "copernica_default"},
    tags=["copernica"],
) as dag:
    # [START decorator]
    @task.copernica_import(
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email"],
        poll_interval=2,
    )
    def import_loyal_customers(threshold: int) -> Iterator[dict[str, object]]:
        for number in range(25):
            if number * 40 >= threshold:
                yield {
                    "Email": f"customer{number}@example.com",
                    "Name": f"Customer {number}",
                    "City": "Leuven",
                }

    import_loyal_customers(threshold=200)
    # [END decorator]
