"""The operator that reads a database: SQLite, and a PostgreSQL of its own."""

from __future__ import annotations

import inspect
import json
import logging
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.sql.hooks.sql import DbApiHook
from support.postgres import BIN, MISSING, PostgresServer, running_postgres
from support.taskrun import TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.transfers import sql_to_copernica
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator, query_rows

pytestmark = pytest.mark.usefixtures("copernica_connection", "warehouse")


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An SQLite file with customers, and the connection ``warehouse`` to it."""
    path = tmp_path / "warehouse.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE customers (mail TEXT, city TEXT, born TEXT, visits INTEGER)")
        rows = [("zoë@example.com", "Súdwest-Fryslân", "1980-01-02", 7), ("o'brien@example.com", None, "", 0)]
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?, ?)", rows)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return path


def task(**arguments: object) -> SqlToCopernicaOperator:
    given: dict[str, object] = {
        "task_id": "sync",
        "sql": 'SELECT mail AS "Email", city AS "City" FROM customers ORDER BY rowid',
        "sql_conn_id": "warehouse",
        "database": 1,
        "action": "update or add",
        "key_fields": ["Email"],
        "poll_interval": 0.1,
    }
    return SqlToCopernicaOperator(**{**given, **arguments})  # type: ignore[arg-type]  # arguments of many types


def cities(emulator: Emulator) -> dict[str, str]:
    stored = [profile["fields"] for profile in emulator.profiles(1)]
    return {fields["Email"]: fields["City"] for fields in stored}  # type: ignore[index]  # a dict, for a test to look at


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
        ({"sql_conn_id": "copernica_default"}, "no DbApiHook"),
    ],
)
def test_what_can_not_be_imported(copernica_emulator: Emulator, arguments: dict[str, object], words: str) -> None:
    outcome = run_task(lambda: task(**arguments, retries=2))
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert words in str(outcome.error)
    assert copernica_emulator.imports == []


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

    rows = query_rows(DictHook("warehouse"), "SELECT mail, city FROM customers", None, 10)
    assert next(rows) == {"mail": "zoë@example.com", "city": "Súdwest-Fryslân"}


def test_the_cursor_is_closed_when_the_rows_are_wrong(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []

    def watched(hook: DbApiHook, *arguments: Any) -> Iterator[dict[str, object]]:
        opened.append(query_rows(hook, *arguments))
        return opened[-1]  # type: ignore[no-any-return]  # just appended

    monkeypatch.setattr(sql_to_copernica, "query_rows", watched)
    outcome = run_task(lambda: task(key_fields=["Mail"], fetch_size=1))
    assert "key_fields" in str(outcome.error)
    assert inspect.getgeneratorstate(opened[0]) == inspect.GEN_CLOSED


def test_a_retry_that_reconnects_runs_no_query(copernica_emulator: Emulator, warehouse: Path) -> None:
    copernica_emulator.import_seconds = 0.5
    copernica_emulator.fail("import", Fault.BAD_REQUEST)
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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    import psycopg2

    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        with closing(psycopg2.connect(server.uri)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(
                """CREATE TABLE customers AS SELECT number, 'c' || number || '@example.com' AS mail,
                'Gent ' || repeat('x', 100) AS city, 1.50::numeric AS spent, date '1980-01-02' AS born,
                timestamptz '2026-07-01 10:00:00+00' AS seen, true AS news
                FROM generate_series(1, 200000) AS number"""
            )
        yield server


@pytest.mark.slow
@pytest.mark.skipif(BIN is None, reason=MISSING)
class TestPostgres:
    """The same on a server, where the rows stay until they are fetched."""

    @pytest.fixture(autouse=True)
    def _connection(self, warehouse: Path, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", server.uri)

    def test_types(self, copernica_emulator: Emulator) -> None:
        names = ("Email", "spent", "born", "seen", "interest.news")
        database = copernica_emulator.add_database("Types", ["Email", "spent", "born", "seen"], interests=["news"])
        sql = 'SELECT mail AS "Email", spent, born, seen, news AS "interest.news" FROM customers WHERE number = %(n)s'
        outcome = run_task(lambda: task(sql=sql, parameters={"n": 7}, database=database))
        assert outcome.state == "success", outcome.error
        assert copernica_emulator.imports[0].parameters["source"] == [
            dict(zip(names, ("c7@example.com", "1.50", "1980-01-02", "2026-07-01 12:00:00", "yes"), strict=True))
        ]
        assert copernica_emulator.profiles(database)[0]["interests"] == {"news": True}

    def test_lineage(self, server: PostgresServer) -> None:
        (table,) = task(sql="SELECT mail FROM customers").lineage_inputs()
        assert (table.namespace, table.name) == (
            f"postgres://{server.host}:{server.port}",
            "postgres.public.customers",
        )

    @pytest.mark.parametrize("cursor", ["dictcursor", "namedtuplecursor"])
    def test_other_kinds_of_rows(
        self, copernica_emulator: Emulator, server: PostgresServer, monkeypatch: pytest.MonkeyPatch, cursor: str
    ) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f"{server.uri}?cursor={cursor}")
        sql = 'SELECT mail AS "Email" FROM customers WHERE number = 7'
        assert run_task(lambda: task(sql=sql)).state == "success"
        assert list(cities(copernica_emulator)) == ["c7@example.com"]

    def test_the_result_never_is_in_memory_as_a_whole(self, copernica_emulator: Emulator) -> None:
        """200,000 rows are some 50 MB in the driver's memory; what is held now is far less."""
        rows = query_rows(task().sql_hook(), "SELECT mail, city FROM customers", None, 1_000)
        next(rows)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert sum(1 for _ in rows) == 199_999
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert grown < 10

    def test_a_query_that_breaks_midway_sends_nothing(self, copernica_emulator: Emulator) -> None:
        sql = 'SELECT mail AS "Email", (1 / (150000 - number))::text AS "City" FROM customers ORDER BY number'
        outcome = run_task(lambda: task(sql=sql))
        assert "division by zero" in str(outcome.error)
        assert copernica_emulator.imports == []
