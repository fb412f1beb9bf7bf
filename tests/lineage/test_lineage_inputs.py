"""Where rows came from, in OpenLineage's terms."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.providers.openlineage.sqlparser import DatabaseInfo
from airflow.providers.sqlite.hooks.sqlite import SqliteHook

from airflow_provider_copernica.lineage import file_input, sql_inputs
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator


class Hook(SqliteHook):
    """SQLite as a database that OpenLineage knows."""

    def get_openlineage_database_info(self, connection: object) -> DatabaseInfo:  # type: ignore[override]
        return DatabaseInfo(scheme="sqlite", authority="warehouse")

    def get_openlineage_database_dialect(self, _: object) -> str:  # type: ignore[override]
        return "sqlite"

    def get_openlineage_default_schema(self) -> str:
        return "main"


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f"sqlite:///{tmp_path}/warehouse.db")
    return "warehouse"


@pytest.mark.parametrize(
    ("url", "namespace", "name"),
    [
        ("s3://bucket/exports/customers.csv", "s3://bucket", "exports/customers.csv"),
        ("s3://conn_id@bucket/exports/customers.csv", "s3://bucket", "exports/customers.csv"),
        ("file:///data/customers.csv", "file", "/data/customers.csv"),
        ("https://a:secret@files.example.org/c.csv?sig=1#x", "https://files.example.org", "c.csv"),
        ("https://files.example.org/s3cr3t/folder/c.csv", "https://files.example.org", "c.csv"),
        ("sftp://files.example.org:2222/c.csv", "sftp://files.example.org:2222", "c.csv"),
    ],
)
def test_a_file(url: str, namespace: str, name: str) -> None:
    (found,) = file_input(url)
    assert (found.namespace, found.name) == (namespace, name)


@pytest.mark.parametrize("nothing", [None, "", "customers.csv", "s3://bucket", "http://[", "http://h:x/a"])
def test_no_file(nothing: object) -> None:
    assert file_input(nothing) == []


def test_the_tables_of_a_query(warehouse: str) -> None:
    found = sql_inputs(Hook(warehouse), "SELECT a.x FROM customers a JOIN orders o ON o.id = a.id", warehouse)
    assert {one.name.rpartition(".")[2] for one in found} == {"customers", "orders"}
    assert {one.namespace for one in found} == {"sqlite://warehouse"}


def test_a_query_of_a_hook_that_openlineage_does_not_know(warehouse: str) -> None:
    assert sql_inputs(SqliteHook(warehouse), "SELECT 1 FROM customers", warehouse) == []


def test_every_operator_names_its_own(warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    common = {"task_id": "t", "database": 1, "action": "add"}
    rows = CopernicaImportOperator(source=[{"Email": "a@example.com"}], **common)
    assert rows.lineage_inputs() == []
    location = CopernicaImportOperator(location="https://h/c.csv", format="csv", delimiter=";", **common)
    assert [one.name for one in location.lineage_inputs()] == ["c.csv"]
    stored = ObjectStorageToCopernicaOperator(path="s3://bucket/c.csv", **common)
    assert [one.namespace for one in stored.lineage_inputs()] == ["s3://bucket"]
    query = SqlToCopernicaOperator(sql="SELECT * FROM customers", sql_conn_id=warehouse, **common)
    monkeypatch.setattr(query, "sql_hook", lambda: Hook(warehouse))
    assert [one.name.rpartition(".")[2] for one in query.lineage_inputs()] == ["customers"]
