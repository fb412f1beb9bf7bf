"""The operator that reads a database, on a PostgreSQL of its own."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.postgres import BIN, MISSING, PostgresServer, running_postgres
from support.sql_tasks import cities, task
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.readers.row_batch import single_rows
from airflow_provider_copernica.readers.sql_rows import query_rows


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
@pytest.mark.usefixtures("copernica_connection")
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
        rows = single_rows(query_rows(task().sql_hook().get_conn, "SELECT mail, city FROM customers", None, 1_000))
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
