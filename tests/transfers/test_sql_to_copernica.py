"""The operator that reads a database: SQLite."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.sql_tasks import cities, task
from support.taskrun import TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.row_batch import single_rows
from airflow_provider_copernica.readers.sql_rows import query_rows

pytestmark = pytest.mark.usefixtures("copernica_connection", "warehouse")


@pytest.mark.parametrize("deferrable", [False, True])
def test_what_a_query_selects_is_imported(copernica_emulator: Emulator, deferrable: bool) -> None:
    outcome = run_task(lambda: task(deferrable=deferrable))
    assert (outcome.state, outcome.result) == ("success", 1), outcome.error
    assert cities(copernica_emulator) == {"zoë@example.com": "Súdwest-Fryslân", "o'brien@example.com": ""}


def test_parameters_and_new_names(copernica_emulator: Emulator) -> None:
    sql = "SELECT mail, city FROM customers WHERE visits > :least"
    column_map = {"mail": "Email", "city": "City"}
    outcome = run_task(lambda: task(sql=sql, parameters={"least": 3}, column_map=column_map))
    assert outcome.state == "success", outcome.error
    assert list(cities(copernica_emulator)) == ["zoë@example.com"]


def test_every_row_counts_whatever_the_fetch_size(copernica_emulator: Emulator, warehouse: Path) -> None:
    with closing(sqlite3.connect(warehouse)) as connection, connection:
        connection.executemany("INSERT INTO customers (mail) VALUES (?)", [(f"{i}@example.com",) for i in range(100)])
    for fetch_size in (1, 7, 102, 1000):
        run_task(lambda size=fetch_size: task(fetch_size=size))  # type: ignore[misc]  # size has a default
        assert len(copernica_emulator.imports[-1].parameters["source"]) == 102  # type: ignore[arg-type]  # a list


def test_no_rows_skip_the_task(copernica_emulator: Emulator) -> None:
    outcome = run_task(lambda: task(sql='SELECT mail AS "Email" FROM customers WHERE 0'))
    assert outcome.state == "skipped", outcome.error
    assert copernica_emulator.imports == []


def test_fewer_rows_than_expected(copernica_emulator: Emulator) -> None:
    outcome = run_task(lambda: task(min_records=3, remove_missing=True))
    assert outcome.state == "failed"
    assert copernica_emulator.imports == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sql": "SELECT mail AS Email, city AS Email FROM customers"}, "several columns named 'Email'"),
        ({"sql": "CREATE TABLE other (a)"}, "must be a query"),
        ({"sql_conn_id": "copernica_default"}, "type 'copernica', which is not a database"),
        ({"sql": "SELECT mail AS Email FROM customers; SELECT city FROM customers"}, "sql holds 2 statements"),
        ({"sql": "SELECT mail AS Email FROM customers; DELETE FROM customers; COMMIT"}, "sql holds 3 statements"),
        ({"sql": ["SELECT 1"]}, "not list"),
        ({"sql": " "}, "sql is blank"),
        ({"fetch_size": "{{ 5 }} rows"}, "fetch_size must be a whole number"),
    ],
)
def test_what_can_not_be_imported(copernica_emulator: Emulator, arguments: dict[str, object], words: str) -> None:
    outcome = run_task(lambda: task(**arguments, retries=2))
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert words in str(outcome.error)
    assert copernica_emulator.imports == []


@pytest.mark.parametrize(
    "tail",
    [";", " ;\n", "; -- the end; really\n", ";\n/* a; b */\n;", " -- it's; fine", "; ;"],
)
def test_one_statement_may_have_a_tail(copernica_emulator: Emulator, tail: str) -> None:
    sql = """/* first; */ SELECT mail AS "Email", 'a; b''; c' AS "City" FROM customers WHERE visits > 3"""
    outcome = run_task(lambda: task(sql=sql + tail))
    assert outcome.state == "success", outcome.error
    assert cities(copernica_emulator) == {"zoë@example.com": "a; b'; c"}


def test_no_statement_runs_before_several_are_refused(copernica_emulator: Emulator, warehouse: Path) -> None:
    outcome = run_task(lambda: task(sql="DELETE FROM customers; SELECT mail AS Email FROM customers"))
    assert "sql holds 2 statements" in str(outcome.error)
    with closing(sqlite3.connect(warehouse)) as connection:
        assert connection.execute("SELECT count(*) FROM customers").fetchone() == (2,)


@pytest.mark.parametrize(
    ("conn_type", "words"),
    [
        ("mysql", "pip install 'airflow-provider-copernica[mysql]'"),
        ("gcpbigquery", "pip install 'airflow-provider-copernica[bigquery]'"),
        ("mssql", "pip install 'apache-airflow-providers-microsoft-mssql'"),
        ("clickhouse", "pip install 'apache-airflow-providers-clickhouse'"),
    ],
)
def test_a_provider_that_is_not_installed(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, conn_type: str, words: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": conn_type, "host": "127.0.0.1"}))
    outcome = run_task(lambda: task(retries=2))
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert words in str(outcome.error)
    assert repr(conn_type) in str(outcome.error)


def test_hook_params_reach_the_hook(copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.providers.sqlite.hooks.sqlite import SqliteHook

    seen: list[object] = []
    original = SqliteHook.__init__
    monkeypatch.setattr(SqliteHook, "__init__", lambda hook, *a, **k: [seen.append(k), original(hook, *a, **k)][0])
    assert run_task(lambda: task(hook_params={"schema": "sales"})).state == "success"
    assert seen == [{"sqlite_conn_id": "warehouse", "schema": "sales"}]


def test_the_databases_own_errors_stay_as_they_are(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = run_task(lambda: task(sql="SELECT a FROM nowhere", retries=1))
    assert (type(outcome.error), outcome.attempts) == (sqlite3.OperationalError, 2)
    assert "nowhere" in str(outcome.error)
    assert "The query failed on the connection 'warehouse': OperationalError." in caplog.messages


@pytest.mark.parametrize(
    "arguments",
    [
        {"source": [{"Email": "a"}]},
        {"location": "https://example.com/a.csv"},
        {"format": "csv"},
        {"delimiter": ";"},
        {"fetch_size": 0},
        {"fetch_size": True},
        {"fetch_size": "many"},
    ],
)
def test_a_mistake_is_seen_when_the_dag_is_parsed(arguments: dict[str, object]) -> None:
    with pytest.raises(CopernicaArgumentError, match=next(iter(arguments))):
        task(**arguments)


def test_cursors_that_give_dicts() -> None:
    """As ``{"cursor": "dictcursor"}`` in the extra of several connections makes them."""
    from airflow.providers.sqlite.hooks.sqlite import SqliteHook

    class DictHook(SqliteHook):
        def get_conn(self) -> sqlite3.Connection:
            connection = super().get_conn()
            connection.row_factory = lambda cursor, row: dict(zip([d[0] for d in cursor.description], row, strict=True))
            return connection

    rows = single_rows(query_rows(DictHook("warehouse").get_conn, "SELECT mail, city FROM customers", None, 10))
    assert next(rows) == {"mail": "zoë@example.com", "city": "Súdwest-Fryslân"}


def test_a_retry_that_reconnects_runs_no_query(copernica_emulator: Emulator, warehouse: Path) -> None:
    copernica_emulator.import_seconds = 0.5
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    run = TaskRun(lambda: task(action="add", retries=1))
    assert run.attempt().state == "up_for_retry"
    warehouse.unlink()
    assert run.attempt().result == 1


def test_the_template_of_a_sql_file(tmp_path: Path) -> None:
    from datetime import datetime

    from airflow.providers.common.compat.sdk import DAG

    (tmp_path / "customers.sql").write_text("SELECT * FROM {{ params.table }}")
    with DAG("files", schedule=None, start_date=datetime(2026, 1, 1), template_searchpath=[str(tmp_path)]):
        made = task(sql="customers.sql", parameters={"least": "{{ params.least }}"})
    made.resolve_template_files()
    made.render_template_fields({"params": {"table": "customers", "least": "3"}})  # type: ignore[typeddict-item]  # enough
    assert (made.sql, made.parameters) == ("SELECT * FROM customers", {"least": "3"})


def test_row_data_is_not_logged(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sql = """SELECT mail AS "Email", x'00' AS "City" FROM customers"""
    outcome = run_task(lambda: task(sql=sql))
    assert "Row 1: field 'City'" in str(outcome.error)
    run_task(lambda: task())
    assert "example.com" not in caplog.text + str(outcome.error)
