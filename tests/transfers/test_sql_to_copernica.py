"""The operator that reads a database: SQLite, and a PostgreSQL of its own."""

from __future__ import annotations

import json
import logging
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.postgres import BIN, MISSING, PostgresServer, running_postgres
from support.taskrun import TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.sql_rows import query_rows
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

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


@pytest.mark.parametrize("parameters", [{}, [], None])
def test_empty_parameters_are_none(copernica_emulator: Emulator, parameters: object, driver: Driver) -> None:
    """A driver that formats the text would take its percent sign for a parameter."""
    driver.description, driver.results = (("Email", 253),), [[("a@example.com",)]]
    outcome = run_task(lambda: task(sql="SELECT mail AS Email WHERE mail LIKE 'a%'", parameters=parameters))
    assert outcome.state == "success", outcome.error
    assert driver.executed == [("SELECT mail AS Email WHERE mail LIKE 'a%'",)]


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

    rows = query_rows(DictHook("warehouse").get_conn, "SELECT mail, city FROM customers", None, 10)
    assert next(rows) == {"mail": "zoë@example.com", "city": "Súdwest-Fryslân"}


class NotSupportedError(Exception):
    """As PEP 249 names it."""


@dataclass
class Driver:
    """
    A driver that follows PEP 249 and answers as it is told.

    :param description: of its columns, name and type.
    :param results: one list of rows per result.
    :param next_result: of a cursor that has no second one: an error, or what it returns.
    :param complains: whether closing raises, as mysql-connector does with unread rows.
    """

    description: tuple[tuple[object, ...], ...] = (("Email", 253),)
    results: list[list[tuple[object, ...]]] = field(default_factory=list)
    next_result: Exception | None = None
    complains: bool = False
    module: str = "somewhere"
    executed: list[tuple[object, ...]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def connect(self) -> Any:
        connection = type("Connection", (), {"cursor": lambda _: self._cursor(), "close": lambda _: self._close("c")})
        connection.__module__ = self.module
        return connection()

    def _close(self, what: str) -> None:
        self.closed.append(what)
        if self.complains:
            raise RuntimeError("Unread result found")

    def _cursor(self) -> Any:
        driver, waiting = self, [list(rows) for rows in self.results]

        class Cursor:
            description: object = driver.description

            def execute(self, *arguments: object) -> None:
                driver.executed.append(arguments)

            def fetchmany(self, size: int) -> list[tuple[object, ...]]:
                taken, waiting[0] = waiting[0][:size], waiting[0][size:]
                return taken

            def nextset(self) -> bool | None:
                if driver.next_result:
                    raise driver.next_result
                waiting.pop(0)
                self.description = driver.description if waiting and waiting[0] else None
                return True if waiting else None

            def close(self) -> None:
                driver._close("cursor")

        return Cursor()


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    """A driver in place of SQLite's."""
    from airflow.providers.sqlite.hooks.sqlite import SqliteHook

    driver = Driver()
    monkeypatch.setattr(SqliteHook, "get_conn", lambda _: driver.connect())
    return driver


def test_a_second_result_is_refused(copernica_emulator: Emulator, driver: Driver) -> None:
    """As a procedure makes it; the driver tells when the first one is read."""
    driver.results = [[("a@example.com",)], [("b@example.com",)]]
    outcome = run_task(lambda: task(sql="CALL customers()", retries=2))
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "sql: there is a second result" in str(outcome.error)
    assert copernica_emulator.imports == []


@pytest.mark.parametrize(
    ("results", "error"),
    [
        ([[("a@example.com",)]], None),
        ([[("a@example.com",)], []], None),  # the status of a procedure, without columns
        ([[("a@example.com",)]], NotSupportedError()),
        ([[("a@example.com",)]], NotImplementedError()),
        ([[("a@example.com",)]], AttributeError()),
    ],
)
def test_one_result_is_read(
    copernica_emulator: Emulator, driver: Driver, results: list[list[tuple[object, ...]]], error: Exception | None
) -> None:
    driver.results, driver.next_result = results, error
    outcome = run_task(lambda: task(sql="CALL customers()"))
    assert outcome.state == "success", outcome.error
    assert list(cities(copernica_emulator)) == ["a@example.com"]


def test_what_breaks_after_the_rows_fails_the_task(copernica_emulator: Emulator, driver: Driver) -> None:
    driver.results, driver.next_result = [[("a@example.com",)]], ConnectionError("server has gone away")
    outcome = run_task(lambda: task())
    assert "server has gone away" in str(outcome.error)
    assert copernica_emulator.imports == []


@pytest.mark.parametrize("complains", [False, True])
def test_all_is_closed_and_our_reason_is_what_is_said(
    copernica_emulator: Emulator, driver: Driver, complains: bool
) -> None:
    driver.results, driver.complains = [[("a@example.com",), (b"x",), ("c@example.com",)]], complains
    outcome = run_task(lambda: task(fetch_size=1, key_fields=["Mail"]))
    assert "no column 'Mail'" in str(outcome.error)
    assert driver.closed == ["cursor", "c"]
    outcome = run_task(lambda: task(fetch_size=1))
    assert "row 2" in str(outcome.error)


def test_a_driver_that_complains_in_the_end_spoils_nothing(copernica_emulator: Emulator, driver: Driver) -> None:
    driver.results, driver.complains = [[("a@example.com",)]], True
    assert run_task(lambda: task()).state == "success"


class TestMySql:
    """What its drivers hand over in a form of their own."""

    @pytest.mark.parametrize("module", ["MySQLdb.connections", "pymysql.connections", "mysql.connector.connection"])
    @pytest.mark.parametrize(
        ("value", "text"), [(b"\x01", "1"), (b"\x00", "0"), (b"\x01\x00", "256"), (5, "5"), (None, "")]
    )
    def test_bits(self, copernica_emulator: Emulator, driver: Driver, module: str, value: object, text: str) -> None:
        driver.module, driver.description = module, (("Email", 253), ("City", 16))
        driver.results = [[("a@example.com", value)]]
        outcome = run_task(lambda: task())
        assert outcome.state == "success", outcome.error
        assert cities(copernica_emulator) == {"a@example.com": text}

    def test_bytes_are_refused(self, copernica_emulator: Emulator, driver: Driver) -> None:
        driver.module, driver.description = "MySQLdb.connections", (("Email", 253), ("City", 252))
        driver.results = [[("a@example.com", b"\x01")]]
        assert "field 'City' is bytes" in str(run_task(lambda: task()).error)

    @pytest.mark.parametrize("members", [set(), {"a"}, {"a", "b"}])
    def test_sets_are_refused(self, copernica_emulator: Emulator, driver: Driver, members: set[str]) -> None:
        driver.module, driver.description = "mysql.connector.connection", (("Email", 253), ("City", 254))
        driver.results = [[("a@example.com", members)]]
        outcome = run_task(lambda: task())
        assert "column 'City' is a SET" in str(outcome.error)
        assert "CAST" in str(outcome.error)


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
    assert "row 1: field 'City'" in str(outcome.error)
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

    def test_autocommit(
        self, copernica_emulator: Emulator, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A cursor on the server lives within a transaction, which a connection with autocommit does not begin."""
        from airflow.providers.postgres.hooks.postgres import USE_PSYCOPG3, PostgresHook

        if USE_PSYCOPG3:
            monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f"{server.uri}?autocommit=true")
        else:  # its driver takes this from code only
            connect = PostgresHook.get_conn

            def with_autocommit(hook: PostgresHook) -> Any:
                connection: Any = connect(hook)
                connection.autocommit = True
                return connection

            monkeypatch.setattr(PostgresHook, "get_conn", with_autocommit)
        sql = 'SELECT mail AS "Email" FROM customers WHERE number < 4'
        outcome = run_task(lambda: task(sql=sql, fetch_size=1))
        assert outcome.state == "success", outcome.error
        assert len(cities(copernica_emulator)) == 3

    def test_a_second_statement_does_nothing(self, copernica_emulator: Emulator, server: PostgresServer) -> None:
        sql = 'SELECT mail AS "Email" FROM customers WHERE number = 7; DELETE FROM customers; COMMIT'
        assert "sql holds 3 statements" in str(run_task(lambda: task(sql=sql)).error)
        outcome = run_task(lambda: task(sql=sql.partition("; ")[0] + ";  -- the end; really", parameters={}))
        assert outcome.state == "success", outcome.error

    def test_the_result_never_is_in_memory_as_a_whole(self, copernica_emulator: Emulator) -> None:
        """200,000 rows are some 50 MB in the driver's memory; what is held now is far less."""
        rows = query_rows(task().sql_hook().get_conn, "SELECT mail, city FROM customers", None, 1_000)
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
