"""The recipes of the documentation that no example DAG shows."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, AirflowFailException, BaseHook, task

from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

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
        sql="""SELECT email AS "Email", number AS "Order.OrderID" FROM orders WHERE status = 'cancelled'""",
    )
    # [END delete_orders]

    forget_customers >> delete_cancelled_orders

with DAG("recipe_erase", schedule=None, params={"database": 1}) as erase:
    # [START erase_profiles]
    AT_MOST = 50  # profiles that one run may erase

    def find_profiles(copernica: CopernicaHook, database: str, email: str) -> list[dict[str, Any]]:
        found = copernica.request(
            "GET",
            f"database/{database}/profiles",
            params={"fields[]": f"Email=={email}", "limit": AT_MOST + 1},
        ).json()["data"]
        for profile in found:
            # a filter that Copernica ignores returns everybody
            stored = str(profile["fields"].get("Email", ""))
            if stored.casefold() != email.casefold():
                raise AirflowFailException("Copernica returned profiles of other people, so nothing more is erased.")
        return list(found)

    @task
    def erase_customers(database: str) -> None:
        warehouse = BaseHook.get_connection("warehouse").get_hook()
        rows = warehouse.get_records("SELECT email FROM requests_to_forget")
        # an empty one would find all profiles without an e-mail address
        emails = {str(email or "").strip() for (email,) in rows} - {""}

        copernica = CopernicaHook()
        profiles = {profile["ID"] for email in emails for profile in find_profiles(copernica, database, email)}
        if len(profiles) > AT_MOST:
            raise AirflowFailException(f"There are more than {AT_MOST} profiles to erase, so nothing was erased.")
        for profile_id in profiles:
            copernica.request("DELETE", f"profile/{profile_id}", json={"completely": "Yes"})

        left = sum(len(find_profiles(copernica, database, email)) for email in emails)
        if left:
            raise AirflowFailException(
                f"{left} profiles are still there: look at the removal behaviour of the database in Copernica."
            )

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
        location="{{ var.value.partners_file }}",  # sftp://user:password@files.example.com/customers.csv
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
        check_fields=True,
        dry_run="{{ params.dry_run }}",
    )
    # [END dry_run]
