"""The columns, compared with the database before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from support.imports import task
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.emulator.faults import Fault
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators._options import read_options

pytestmark = pytest.mark.usefixtures("copernica_connection")

MISSPELLED = [{"Email": "a@example.com", "Cty": "Gent"}]


def reads(emulator: Emulator) -> int:
    return sum(request.method == "GET" and "/database" in request.path for request in emulator.requests)


@pytest.mark.parametrize("check_fields", ["default", "names", " NAMES ", "values", True, "true"])
@pytest.mark.parametrize(
    "source",
    [
        {"source": MISSPELLED},
        {"source": "Email;Cty\na@example.com;Gent\n", "format": "csv", "delimiter": ";"},
        {"source": '[{"Email": "a@example.com", "Cty": "Gent"}]', "format": "json"},
    ],
)
def test_a_column_that_the_database_does_not_have_is_refused(
    copernica_emulator: Emulator, check_fields: object, source: dict[str, Any]
) -> None:
    arguments = {} if check_fields == "default" else {"check_fields": check_fields}
    outcome = run_task(lambda: task(retries=1, **source, **arguments))
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "The database has no field 'Cty'" in str(outcome.error)
    assert reads(copernica_emulator) == 1
    assert copernica_emulator.imports == []


def test_a_key_in_another_case_is_refused(copernica_emulator: Emulator) -> None:
    outcome = run_task(lambda: task(key_fields=["email"], source=[{"email": "a@example.com", "City": "Gent"}]))
    assert outcome.state == "failed"
    assert "The database has no column 'email', but one called 'Email'" in str(outcome.error)
    assert copernica_emulator.imports == []


def test_what_is_right_costs_a_get_of_the_database_and_one_of_its_unsubscribe_behaviour(
    copernica_emulator: Emulator,
) -> None:
    assert run_task(lambda: task()).state == "success"
    paths = [request.path for request in copernica_emulator.requests if "/database" in request.path]
    assert [path.partition("database/")[2] for path in paths] == ["1", "1/unsubscribe"]


@pytest.mark.parametrize("value", [False, "false", "0", 0])
def test_nothing_is_asked_where_that_is_said(copernica_emulator: Emulator, value: Any) -> None:
    outcome = run_task(lambda: task(check_fields=value, source=MISSPELLED))
    assert outcome.state == "success", outcome.error
    assert reads(copernica_emulator) == 0


def test_values_are_compared_where_that_is_asked_for(copernica_emulator: Emulator) -> None:
    rows = [{"Email": "a@example.com", "City": "x" * 1000}]
    assert run_task(lambda: task(source=rows)).state == "success"
    outcome = run_task(lambda: task(source=rows, check_fields="values"))
    assert outcome.state == "failed"
    assert "Field 'City' takes at most" in str(outcome.error)


@pytest.mark.parametrize("fault", [Fault.BAD_REQUEST, Fault.ERROR_IN_200])
def test_a_database_that_may_not_be_read(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    copernica_emulator.fail("database/1", fault, times=None, message="You have no rights to this database")
    outcome = run_task(lambda: task())
    assert outcome.state == "success", outcome.error
    assert "The names of the columns are not checked, since database 1 can't be read" in caplog.text
    assert "You have no rights to this database" in caplog.text
    outcome = run_task(lambda: task(check_fields="values"))
    assert outcome.state == "failed"
    assert len(copernica_emulator.imports) == 1


def test_a_token_that_is_refused_fails_the_task(copernica_emulator: Emulator) -> None:
    copernica_emulator.fail("database/1", Fault.UNAUTHORIZED, times=None)
    outcome = run_task(lambda: task())
    assert outcome.state == "failed"
    assert copernica_emulator.imports == []


def test_a_location_with_unknown_columns_asks_nothing(copernica_emulator: Emulator) -> None:
    run_task(lambda: task(location="https://example.com/a.csv", wait_for_completion=False))
    assert reads(copernica_emulator) == 0


def test_values_of_a_location_can_not_be_compared() -> None:
    with pytest.raises(CopernicaArgumentError, match="check_fields='values' look at the rows, but with location"):
        task(location="https://example.com/a.csv", check_fields="values")


def test_without_rows_nothing_is_asked(copernica_emulator: Emulator) -> None:
    assert run_task(lambda: task(source=[])).state == "skipped"
    assert copernica_emulator.requests == []


def test_null_markers_are_warned_about(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    rows = [{"Email": f"{number}@example.com", "City": "\\N"} for number in range(1200)]
    assert run_task(lambda: task(source=rows)).state == "success"
    assert "1,200 cells hold \\N" in caplog.text
    assert "null_values" in caplog.text


@pytest.mark.parametrize("value", ["maybe", 2, None, [], "name"])
def test_what_check_fields_does_not_mean(value: object) -> None:
    with pytest.raises(CopernicaArgumentError, match="check_fields must be 'names', 'values', true or false"):
        read_options(min_records=None, check_fields=value, dry_run=False)
