"""A nightly sync that leaves alone what people chose: whoever unsubscribed in Copernica stays unsubscribed."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    BaseHook,
    task,
)

from airflow_provider_copernica.transfers.sql_to_copernica import (
    SqlToCopernicaOperator,
)

MEMBERS = [
    ("noor@example.com", "Noor", "Utrecht"),
    ("senna@example.com", "Senna", "'s-Hertogenbosch"),
]

with DAG(
    "copernica_consent",
    schedule=None,
    catchup=False,
    max_active_runs=1,
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
        with closing(sqlite3.connect(str(warehouse.host))) as connection, connection:
            connection.execute("DROP TABLE IF EXISTS copernica_members")
            connection.execute("CREATE TABLE copernica_members (email, firstname, city)")
            connection.executemany("INSERT INTO copernica_members VALUES (?, ?, ?)", MEMBERS)

    # [START consent]
    add_new_members = SqlToCopernicaOperator(
        task_id="add_new_members",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="ignore or add",  # all columns, and nobody known is touched
        key_fields=["Email"],
        sql_conn_id="{{ params.sql_conn_id }}",
        sql="""
            SELECT email AS "Email", firstname AS "Firstname",
                city AS "City", 'yes' AS "Newsletter"
            FROM copernica_members
        """,
        poll_interval=2,
    )
    update_members = SqlToCopernicaOperator(
        task_id="update_members",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="update",  # without the columns of consent
        key_fields=["Email"],
        sql_conn_id="{{ params.sql_conn_id }}",
        sql="""
            SELECT email AS "Email", firstname AS "Firstname",
                city AS "City"
            FROM copernica_members
        """,
        poll_interval=2,
    )
    add_new_members >> update_members
    # [END consent]

    fill_warehouse() >> add_new_members
