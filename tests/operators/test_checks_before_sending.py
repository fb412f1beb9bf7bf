"""What stops an import before anything is sent."""

from __future__ import annotations

import logging

import pytest
from support.imports import ROWS, task
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"database": "{{ x }}"}, "database"),
        ({"database": "seven"}, "database"),
        ({"action": "upsert"}, "action"),
        ({"key_fields": "{{ none }}"}, "key_fields"),
        ({"rebuild": "maybe"}, "rebuild"),
        ({"source": "[{'Email': 'a@example.com'}]", "format": "json"}, "source=task.output"),
        ({"min_records": "many"}, "min_records"),
        ({"check_fields": "perhaps"}, "check_fields"),
    ],
)
def test_a_template_that_renders_to_nonsense(
    copernica_emulator: Emulator, arguments: dict[str, object], message: str
) -> None:
    def late() -> CopernicaImportOperator:
        """As after rendering: parsing had seen a template."""
        made = task()
        for name, value in arguments.items():
            setattr(made, name, value)
        return made

    outcome = run_task(late)
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert message in str(outcome.error)
    assert copernica_emulator.requests == []


@pytest.mark.parametrize("source", [[], "[]", "Email;City\n"])
def test_no_rows_skip_the_task(copernica_emulator: Emulator, source: object) -> None:
    text = {"format": "csv" if ";" in str(source) else "json", "delimiter": ";" if ";" in str(source) else None}
    outcome = run_task(lambda: task(source=source, **(text if isinstance(source, str) else {})))
    assert outcome.state == "skipped", outcome.error
    assert copernica_emulator.requests == []


def test_no_rows_and_remove_missing_would_empty_the_database(copernica_emulator: Emulator) -> None:
    outcome = run_task(lambda: task(source=[], remove_missing=True))
    assert outcome.state == "failed"
    assert "remove_missing" in str(outcome.error)
    assert copernica_emulator.requests == []


@pytest.mark.parametrize("value", ["", " ", "None"])
def test_a_minimum_that_rendered_to_nothing_says_so(copernica_emulator: Emulator, value: str) -> None:
    def late() -> CopernicaImportOperator:
        made = task()
        made.min_records = value
        return made

    outcome = run_task(late)
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "min_records must be a whole number of at least 0, and its template rendered to nothing" in str(
        outcome.error
    )
    assert copernica_emulator.requests == []


@pytest.mark.parametrize(("min_records", "state"), [(2, "success"), ("3", "failed")])
def test_fewer_rows_than_expected(copernica_emulator: Emulator, min_records: object, state: str) -> None:
    outcome = run_task(lambda: task(min_records=min_records, remove_missing=True))
    assert outcome.state == state, outcome.error
    assert len(copernica_emulator.imports) == (state == "success")


def test_remove_missing_without_a_minimum_warns(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    run_task(lambda: task(remove_missing=True))
    assert [
        record for record in caplog.records if "min_records" in record.message and record.levelno == logging.WARNING
    ]


def test_unknown_columns_are_found_before_anything_is_sent(copernica_emulator: Emulator) -> None:
    outcome = run_task(lambda: task(check_fields="true", source=[{"Email": "a@example.com", "city": "Gent"}]))
    assert outcome.state == "failed"
    assert "city" in str(outcome.error)
    assert copernica_emulator.imports == []


def test_a_dry_run_changes_nothing(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outcome = run_task(lambda: task(dry_run="True", source=[*ROWS, {"Email": "a@example.com", "City": "Brugge"}]))
    assert (outcome.state, outcome.result) == ("success", None)
    assert {request.method for request in copernica_emulator.requests if request.path != "/"} <= {"GET"}
    assert "3 rows, " in caplog.text
    assert "The key fields of an earlier row occur again in 1 rows" in caplog.text
    assert "example.com" not in caplog.text


def test_a_dry_run_reports_faults_of_literal_rows(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    outcome = run_task(lambda: task(source=[{"Email": ""}, {"Email": "a"}], dry_run=True))
    assert outcome.state == "success", outcome.error
    assert "Row 1 has empty cells only" in caplog.text
    assert copernica_emulator.imports == []


def test_a_mapped_task_that_can_not_wait_sends_nothing(copernica_emulator: Emulator) -> None:
    def unmapped() -> CopernicaImportOperator:
        made = task(action="add", retries=2)
        made.poll_interval = -1
        return made

    outcome = run_task(unmapped, has_store=False)
    assert (outcome.state, outcome.attempts, copernica_emulator.imports) == ("failed", 1, [])


@pytest.mark.parametrize("source", ["", "  ", "[]"])
def test_a_template_that_rendered_to_nothing_gives_no_rows(copernica_emulator: Emulator, source: str) -> None:
    outcome = run_task(lambda: task(source=source, format="json" if source == "[]" else None))
    assert outcome.state == "skipped", outcome.error
    assert copernica_emulator.requests == []
