"""
What mypy finds in DAGs, and what it lets pass. ``make lint`` checks this file; nothing runs it.

An ignore that hides nothing is an error there, so that each mistake below is one that mypy sees.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import Context, task

from airflow_provider_copernica.arguments import Template
from airflow_provider_copernica.decorators.copernica import copernica_import_task
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.operators.removed_rows import CopernicaRemovedRowsOperator
from airflow_provider_copernica.options import Rejects, Snapshot, Verify
from airflow_provider_copernica.sensors.copernica import CopernicaImportSensor
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

Rows = list[dict[str, object]]


def alert(context: Context) -> None:
    """What a callback looks like."""


@task
def upstream() -> Rows:
    return []


def mistakes_in_operators() -> None:
    CopernicaImportOperator(task_id="a", databse=1, action="add")  # type: ignore[call-arg]  # the name
    CopernicaImportOperator(task_id="b", database=1, action="upsert")  # type: ignore[arg-type]  # not an action
    CopernicaImportOperator(task_id="c", database=1, action=3)  # type: ignore[arg-type]  # not a text
    CopernicaImportOperator(task_id="d", database=1, action="{{ x }}")  # type: ignore[arg-type]  # not a Template
    CopernicaImportOperator(task_id="e", database=1, action="add", retry=1)  # type: ignore[call-arg]  # Airflow's
    CopernicaImportOperator(task_id="f", database=1, action="add", check_fields="all")  # type: ignore[arg-type]  # word
    CopernicaImportOperator(task_id="g", database=1, action="add", format="xml")  # type: ignore[arg-type]  # word
    CopernicaImportOperator(task_id="h", database=1, action="add", delimiter="|")  # type: ignore[arg-type]  # word
    CopernicaImportSensor(task_id="i", import_id=1, newer_then="2026-01-01")  # type: ignore[call-arg]  # the name
    CopernicaImportSensor(task_id="j", import_id=1, mode="wait")  # type: ignore[arg-type]  # not a mode


def mistakes_in_options() -> None:
    Verify(smaple=5)  # type: ignore[call-arg]  # the name
    Verify(5)  # type: ignore[call-arg]  # by name only
    Verify(sample=[5])  # type: ignore[arg-type]  # not a number
    Verify(max_removed=0.01)  # type: ignore[arg-type]  # a share is a text
    Snapshot()  # type: ignore[call-arg]  # where
    Snapshot("s3://bucket/a", full_evry=7)  # type: ignore[call-arg]  # the name
    Snapshot("s3://bucket/a", max_changed=0.2)  # type: ignore[arg-type]  # a share is a text
    CopernicaImportOperator(task_id="a", database=1, action="add", verify=True)  # type: ignore[arg-type]  # not a Verify
    CopernicaImportOperator(task_id="b", database=1, action="update", snapshot="s3://b")  # type: ignore[arg-type]  # not a Snapshot
    sql = "SELECT 1"
    SqlToCopernicaOperator(task_id="c", sql=sql, sql_conn_id="w", database=1, action="add", verify=20)  # type: ignore[arg-type]  # not a Verify
    ObjectStorageToCopernicaOperator(task_id="d", path="p", database=1, action="add", snapshot="s3://b")  # type: ignore[arg-type]  # not a Snapshot

    @task.copernica_import(database=1, action="add", verify=True)  # type: ignore[arg-type]  # not a Verify
    def e() -> Rows:
        return []

    e()


def mistakes_in_removed_rows() -> None:
    snapshot = Snapshot("s3://bucket/a", on_removed="hand_over", max_removed="1%")
    CopernicaRemovedRowsOperator(task_id="a", database=1)  # type: ignore[call-arg]  # without a snapshot
    CopernicaRemovedRowsOperator(task_id="b", databse=1, snapshot=snapshot)  # type: ignore[call-arg]  # the name
    CopernicaRemovedRowsOperator(task_id="c", database=1, snapshot=snapshot, action="add")  # type: ignore[arg-type]  # word
    CopernicaRemovedRowsOperator(task_id="d", database=1, snapshot=snapshot, set="no")  # type: ignore[arg-type]  # not by field
    CopernicaRemovedRowsOperator(task_id="e", database=1, snapshot=snapshot, source=[])  # type: ignore[call-arg]  # not here
    CopernicaRemovedRowsOperator(task_id="f", database=1, snapshot=snapshot, verify=20)  # type: ignore[arg-type]  # not a Verify


def mistakes_in_transfers() -> None:
    sql = {"sql": "SELECT 1", "sql_conn_id": "warehouse"}["sql"]
    SqlToCopernicaOperator(task_id="a", sql=sql, sql_conn_id="w", databse=1, action="add")  # type: ignore[call-arg]  # name
    SqlToCopernicaOperator(task_id="b", sql=sql, sql_conn_id="w", database=1, action="upsert")  # type: ignore[arg-type]  # word
    SqlToCopernicaOperator(task_id="c", sql=sql, sql_conn_id="w", database=1, action=3)  # type: ignore[arg-type]  # not text
    SqlToCopernicaOperator(task_id="d", sql=sql, sql_conn_id="w", database=1, action="add", source=[])  # type: ignore[call-arg]  # not here
    ObjectStorageToCopernicaOperator(task_id="e", path="p", databse=1, action="add")  # type: ignore[call-arg]  # the name
    ObjectStorageToCopernicaOperator(task_id="f", path="p", database=1, action="upsert")  # type: ignore[arg-type]  # word
    ObjectStorageToCopernicaOperator(task_id="g", path="p", database=1, action=3)  # type: ignore[arg-type]  # not a text
    ObjectStorageToCopernicaOperator(task_id="h", path="p", database=1, action="add", format="xml")  # type: ignore[arg-type]  # word


def mistakes_in_decorators() -> None:
    @task.copernica_import(databse=1, action="add")  # type: ignore[call-arg]  # the name
    def a() -> Rows:
        return []

    @task.copernica_import(database=1, action="upsert")  # type: ignore[arg-type]  # not an action
    def b() -> Rows:
        return []

    @task.copernica_import(database=1, action=3)  # type: ignore[arg-type]  # not a text
    def c() -> Rows:
        return []

    @copernica_import_task(databse=1, action="add")  # type: ignore[call-arg]  # the name
    def d() -> Rows:
        return []

    a(), b(), c(), d(1)  # type: ignore[call-arg]  # the function's own arguments


def what_is_right() -> None:
    CopernicaImportOperator(
        task_id="operator",
        database="{{ params.database }}",
        action=Template("{{ params.action }}"),
        key_fields="Email, Order.OrderID",
        source=upstream(),
        name=upstream(),
        remove_missing="{{ params.clean }}",
        rejects=Rejects("s3://bucket/rejects.jsonl"),
        snapshot=Snapshot("{{ params.folder }}", max_changed="20%", full_every=timedelta(days=1)),
        verify=Verify(sample="{{ params.sample }}", on_difference="warn", max_removed="1%"),
        retries=2,
        retry_delay=timedelta(minutes=5),
        pool="copernica",
        on_failure_callback=alert,
        outlets=[],
    )
    loaded = ObjectStorageToCopernicaOperator(
        task_id="file", path="s3://bucket/part-*.parquet", format="parquet", database=upstream(), action="add"
    )
    SqlToCopernicaOperator(
        task_id="sql",
        sql="SELECT 1",
        sql_conn_id="warehouse",
        database=1,
        action="update",
        key_fields=["Email"],
        on_failure_callback=[alert],
    )
    CopernicaRemovedRowsOperator(
        task_id="removed",
        database="{{ params.database }}",
        snapshot=Snapshot("s3://bucket/a", on_removed="hand_over", max_removed=100),
        set={"Customer": "no"},
        verify=Verify(),
        deferrable=True,
        retries=2,
    )
    CopernicaImportSensor(task_id="sensor", import_id=loaded.output, mode="reschedule", timeout=60)

    @task.copernica_import(task_id="other", database=1, action="add", retries=2, verify=Verify(sample=0))
    def rows(limit: int) -> Rows:
        return []

    rows(limit=3) >> loaded
