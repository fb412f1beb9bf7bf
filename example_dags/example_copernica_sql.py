"""A nightly sync: what a query selects goes into Copernica, with flat memory."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    BaseHook,
    task,
)

from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

CUSTOMERS = Path(__file__).parent / "data" / "customers.csv"

with DAG(
    "copernica_sql",
    schedule=None,
    catchup=False,
    params={
        "database": 1,
        "copernica_conn_id": "copernica_default",
        "sql_conn_id": "sqlite_default",
    },
    tags=["copernica"],
) as dag:

    @task
    def fill_warehouse(params: dict[str, str] | None = None) -> None:
        """Stands in for the warehouse that you have: a table in the SQLite file of the connection."""
        warehouse = BaseHook.get_connection((params or {})["sql_conn_id"])
        if warehouse.conn_type != "sqlite":
            raise AirflowFailException("This example makes a table, in SQLite only: leave this task out elsewhere.")
        file = sqlite3.connect(str(warehouse.host))
        with (
            CUSTOMERS.open(encoding="utf-8", newline="") as stream,
            closing(file),
            file as connection,
        ):
            header, *rows = csv.reader(stream, delimiter=";")
            columns = ", ".join(f'"{name}"' for name in header)
            connection.execute("DROP TABLE IF EXISTS copernica_example")
            connection.execute(f"CREATE TABLE copernica_example ({columns})")
            marks = ", ".join("?" * len(header))
            connection.executemany(f"INSERT INTO copernica_example VALUES ({marks})", rows)  # noqa: S608 - nothing from outside

    # [START sql]
    sync_customers = SqlToCopernicaOperator(
        task_id="sync_customers",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email", "Order.OrderID"],
        sql_conn_id="{{ params.sql_conn_id }}",
        sql="""
            SELECT "Email" AS mail, "Firstname", "Lastname", "City",
                "Order.OrderID", "Order.Status", "Order.Total"
            FROM copernica_example
            WHERE "Order.Status" <> :unwanted
        """,
        parameters={"unwanted": "Cancelled"},
        column_map={"mail": "Email"},
        min_records=500,
        deferrable=True,
        poll_interval=2,
    )
    # [END sql]

    fill_warehouse() >> sync_customers
