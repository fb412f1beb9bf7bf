"""The recipes of the documentation that no example DAG shows."""

from __future__ import annotations

# [START nightly_sync]
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_copernica.options import Snapshot
from airflow_provider_copernica.transfers.sql_to_copernica import (
    SqlToCopernicaOperator,
)

with DAG(
    "nightly_sync",
    params={"snapshots": "s3://my-bucket/copernica"},
    schedule="0 3 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,  # two nights never overlap
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
) as nightly_sync:
    SqlToCopernicaOperator(
        task_id="sync_customers",
        database=1,
        action="update or add",
        key_fields=["Email"],
        sql_conn_id="warehouse",
        sql="""
            SELECT email AS "Email", firstname AS "Firstname"
            FROM customers
        """,
        min_records=1,  # a night on which the table is empty fails
        snapshot=Snapshot(
            "{{ params.snapshots }}/customers",
            max_changed="20%",  # a night that would change more fails
        ),
        deferrable=True,
        timeout=timedelta(hours=2),
    )
# [END nightly_sync]

from collections.abc import Iterator

from airflow.providers.common.compat.sdk import AirflowFailException, BaseHook, task

from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators.copernica import (
    CopernicaImportOperator,
)
from airflow_provider_copernica.operators.removed_rows import (
    CopernicaRemovedRowsOperator,
)
from airflow_provider_copernica.options import Rejects, Verify
from airflow_provider_copernica.transfers.object_storage_to_copernica import (
    ObjectStorageToCopernicaOperator,
)
from example_dags.example_copernica_alert import ImportAlert

with DAG(
    "recipe_removed_rows",
    schedule=None,
    max_active_runs=1,
    params={"snapshots": "s3://my-bucket/copernica"},
) as removed_rows:
    # [START removed_rows]
    snapshot = Snapshot(
        "{{ params.snapshots }}/customers",
        on_removed="hand_over",
        max_removed="1%",
    )

    sync_customers = SqlToCopernicaOperator(
        task_id="sync_customers",
        database=1,
        action="update or add",
        key_fields=["Email"],
        sql_conn_id="warehouse",
        sql='SELECT email AS "Email", firstname AS "Firstname" FROM customers',
        snapshot=snapshot,
    )
    delete_customers = CopernicaRemovedRowsOperator(
        task_id="delete_customers",
        database=1,
        snapshot=snapshot,
    )
    sync_customers >> delete_customers
    # [END removed_rows]

with DAG("recipe_verified_rows", schedule=None) as verified_rows:
    # [START verified_rows]
    @task.copernica_import(
        database=1,
        action="update or add",
        key_fields=["Email"],
        verify=Verify(sample=20, max_removed="1%"),
        deferrable=False,  # the rows are compared by the process that sent them
        on_failure_callback=ImportAlert(),  # see "Alert on failure" below
    )
    def import_customers() -> Iterator[dict[str, object]]:
        yield {"Email": "noor@example.com", "City": "Utrecht"}
        yield {"Email": "senna@example.com", "City": "Gent"}

    import_customers()
    # [END verified_rows]

with DAG("recipe_delete", schedule=None) as delete:
    # [START delete_profiles]
    forget_customers = SqlToCopernicaOperator(
        task_id="forget_customers",
        database=1,
        action="delete",
        key_fields=["Email"],
        sql_conn_id="warehouse",
        sql='SELECT email AS "Email" FROM requests_to_forget',
    )
    # [END delete_profiles]

    # [START delete_orders]
    delete_cancelled_orders = SqlToCopernicaOperator(
        task_id="delete_cancelled_orders",
        database=1,
        action="delete",
        delete_target="subprofile",
        key_fields=["Email", "Order.OrderID"],
        sql_conn_id="warehouse",
        sql="""
            SELECT email AS "Email", number AS "Order.OrderID"
            FROM orders
            WHERE status = 'cancelled'
        """,
    )
    # [END delete_orders]

    forget_customers >> delete_cancelled_orders

with DAG("recipe_erase", schedule=None, params={"database": 1}) as erase:
    # [START erase_profiles]
    AT_MOST = 50  # profiles that one run may erase

    def find_profiles(copernica: CopernicaHook, database: str, email: str) -> list[str]:
        path = f"database/{database}/profiles"
        query = {"fields[]": f"Email=={email}", "limit": AT_MOST + 1}
        found = copernica.request("GET", path, params=query).json()["data"]
        for profile in found:
            # a condition that Copernica ignores returns everybody
            stored = str(profile["fields"].get("Email", ""))
            if stored.casefold() != email.casefold():
                raise AirflowFailException("Copernica returned other people's profiles.")
        return [profile["ID"] for profile in found]

    @task
    def erase_customers(database: str) -> None:
        warehouse = BaseHook.get_connection("warehouse").get_hook()
        rows = warehouse.get_records("SELECT email FROM requests_to_forget")
        # a blank one would find every profile without an e-mail address
        emails = {str(email or "").strip() for (email,) in rows} - {""}
        copernica = CopernicaHook()

        def find_all() -> set[str]:
            found = [find_profiles(copernica, database, email) for email in emails]
            return {profile for profiles in found for profile in profiles}

        profiles = find_all()
        if len(profiles) > AT_MOST:
            raise AirflowFailException("Too many profiles, so nothing was erased.")
        for profile in profiles:
            body = {"completely": "Yes"}  # Copernica's default is No
            copernica.request("DELETE", f"profile/{profile}", json=body)
        if left := find_all():
            raise AirflowFailException(f"{len(left)} profiles are still there.")

    erase_customers("{{ params.database }}")
    # [END erase_profiles]

with DAG("recipe_part_files", schedule=None, params={"exports": "s3://exports/customers"}) as part_files:
    # [START part_files]
    import_parts = ObjectStorageToCopernicaOperator(
        task_id="import_parts",
        database=1,
        action="update or add",
        key_fields=["Email"],
        path="{{ params.exports }}/part-*.csv.gz",  # or the folder alone
        null_values=["\\N"],
        min_records=2,
    )
    # [END part_files]

with DAG("recipe_presign", schedule=None) as presign:
    # [START presign]
    import_export = ObjectStorageToCopernicaOperator(
        task_id="import_export",
        database=1,
        action="update or add",
        key_fields=["Email"],
        path="s3://exports/customers.csv",
        object_storage_conn_id="aws_default",
        presign=True,
        presign_expires=6 * 60 * 60,
        deferrable=True,
        timeout=4 * 60 * 60,
    )
    # [END presign]

with DAG("recipe_location", schedule=None) as location:
    # [START location]
    import_partners_file = CopernicaImportOperator(
        task_id="import_partners_file",
        database=1,
        action="update or add",
        key_fields=["Email", "Order.OrderID"],
        # sftp://user:password@files.example.com/customers.csv
        location="{{ var.value.partners_file }}",
        format="csv",
        delimiter=";",
        deferrable=True,
        timeout=3600,
    )
    # [END location]

with DAG("recipe_dry_run", schedule=None, params={"dry_run": True}) as dry_run:
    # [START dry_run]
    import_customers = SqlToCopernicaOperator(
        task_id="import_customers",
        database=1,
        action="update or add",
        key_fields=["Email"],
        sql_conn_id="warehouse",
        sql='SELECT email AS "Email", firstname AS "Firstname" FROM customers',
        check_fields="values",
        dry_run="{{ params.dry_run }}",
    )
    # [END dry_run]

with DAG("recipe_rejects", schedule=None, params={"folder": "s3://rejects"}) as rejects:
    # [START rejects]
    import_good_rows = SqlToCopernicaOperator(
        task_id="import_good_rows",
        database=1,
        action="update or add",
        key_fields=["Email"],
        sql_conn_id="warehouse",
        sql='SELECT email AS "Email", firstname AS "Firstname" FROM customers',
        rejects=Rejects("{{ params.folder }}/{{ run_id }}.jsonl", at_most=10),
    )
    # [END rejects]

with DAG("recipe_one_at_a_time", schedule=None) as one_at_a_time:
    # [START pool]
    import_orders = SqlToCopernicaOperator(
        task_id="import_orders",
        database=1,
        action="update or add",
        key_fields=["Email", "Order.OrderID"],
        sql_conn_id="warehouse",
        sql="""
            SELECT email AS "Email", number AS "Order.OrderID",
                status AS "Order.Status"
            FROM orders
        """,
        pool="copernica_database_1",
        deferrable=True,
    )
    # [END pool]
