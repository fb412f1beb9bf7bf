"""Drivers of all kinds: what they hand over, what they say of a second result, and how they close."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from support.sql_tasks import cities, task
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator

pytestmark = pytest.mark.usefixtures("copernica_connection", "warehouse")


@pytest.mark.parametrize("parameters", [{}, [], None])
def test_empty_parameters_are_none(copernica_emulator: Emulator, parameters: object, driver: Driver) -> None:
    """A driver that formats the text would take its percent sign for a parameter."""
    driver.description, driver.results = (("Email", 253),), [[("a@example.com",)]]
    outcome = run_task(lambda: task(sql="SELECT mail AS Email WHERE mail LIKE 'a%'", parameters=parameters))
    assert outcome.state == "success", outcome.error
    assert driver.executed == [("SELECT mail AS Email WHERE mail LIKE 'a%'",)]


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
