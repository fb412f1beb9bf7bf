"""The operator against the emulator, waiting in the worker and in the triggerer."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from support.imports import task
from support.taskrun import Outcome, TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.exceptions import (
    CopernicaAuthError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
)
from airflow_provider_copernica.payload.parameters import PARAMETERS

pytestmark = pytest.mark.usefixtures("copernica_connection")


DOCUMENTED = json.loads((Path(__file__).parent.parent / "documented_bodies.json").read_text(encoding="utf-8"))


def posted(emulator: Emulator) -> list[dict[str, object]]:
    return [each.parameters for each in emulator.imports]


def test_waits_and_tells_what_became_of_it(copernica_emulator: Emulator, deferrable: bool) -> None:
    outcome = run_task(lambda: task(deferrable=deferrable))
    assert outcome.state == "success", outcome.error
    assert outcome.result == 1
    status = outcome.xcom["import_status"]
    assert isinstance(status, dict)
    assert {key: status[key] for key in ("import_id", "status", "total_lines", "processed_lines", "last_error")} == {
        "import_id": 1,
        "status": "finished",
        "total_lines": 2,
        "processed_lines": 2,
        "last_error": None,
    }
    assert [profile["fields"]["City"] for profile in copernica_emulator.profiles(1)] == ["Gent", "Súdwest-Fryslân"]  # type: ignore[index]
    assert bool(outcome.events) is deferrable


def test_need_not_wait(copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 30
    outcome = run_task(lambda: task(wait_for_completion=False))
    assert (outcome.state, outcome.result, outcome.xcom) == ("success", 1, {})


def test_a_name_that_a_person_finds_again(copernica_emulator: Emulator) -> None:
    run_task(lambda: task())
    assert posted(copernica_emulator)[0]["name"] == "dag.load run"


@pytest.mark.parametrize("name", ["flat", "subprofiles"])
def test_the_documented_examples_go_out_as_documented(copernica_emulator: Emulator, name: str) -> None:
    body = DOCUMENTED[name]
    snake = {"keyFields": "key_fields"}
    outcome = run_task(lambda: task(**{snake.get(key, key): value for key, value in body.items()}))
    assert outcome.state == "success", outcome.error
    assert json.loads(copernica_emulator.imports[0].body) == body


def test_every_parameter_goes_out_under_its_documented_name(copernica_emulator: Emulator) -> None:
    given = {
        "database": "1",
        "name": "all of them",
        "followups": "True",
        "autostart": "true",
        "rebuild": "0",
        "action": "delete",
        "key_fields": '["Email"]',
        "ignore_empty_fields": "False",
        "remove_missing": "false",
        "delete_target": "profile",
        "format": "csv",
        "delimiter": ";",
        "source": "Email;City\na@example.com;Gent\n",
    }
    assert set(given) | {"location"} == set(PARAMETERS)
    run_task(lambda: task(**given))
    assert posted(copernica_emulator) == [
        {
            "database": 1,
            "name": "all of them",
            "followups": True,
            "autostart": True,
            "rebuild": False,
            "action": "delete",
            "keyFields": ["Email"],
            "ignoreEmptyFields": False,
            "removeMissing": False,
            "deleteTarget": "profile",
            "format": "csv",
            "delimiter": ";",
            "source": "Email;City\na@example.com;Gent\n",
        }
    ]


def test_what_was_not_given_is_not_sent(copernica_emulator: Emulator) -> None:
    run_task(lambda: task())
    assert set(posted(copernica_emulator)[0]) == {"database", "name", "action", "keyFields", "source"}


def test_a_failed_import_fails_with_copernicas_words(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.failing_imports("Disk full at line 2", after_lines=1)
    outcome = run_task(lambda: task(deferrable=deferrable, name="nightly"))
    assert outcome.state == "failed"
    assert isinstance(outcome.error, CopernicaImportFailedError)
    assert str(outcome.error) == (
        "Import 1 failed after 1 of 2 lines: Disk full at line 2. (import 'nightly', connection 'copernica_default')"
    )
    assert outcome.error.copernica_import is not None
    assert outcome.error.copernica_import.last_error == "Disk full at line 2"


def test_an_import_that_never_ends_times_out(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.import_seconds = 60
    outcome = run_task(lambda: task(deferrable=deferrable, timeout=0.4))
    assert outcome.state == "failed"
    assert isinstance(outcome.error, CopernicaImportTimeoutError)
    assert str(outcome.error).startswith("Import 1 has not finished within ")
    assert "It was last seen as '" in str(outcome.error)
    assert "The import goes on in Copernica" in str(outcome.error)


def test_a_timedelta_is_a_timeout_as_well(copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 60
    assert isinstance(run_task(lambda: task(timeout=timedelta(seconds=0.3))).error, CopernicaImportTimeoutError)


def test_a_missing_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run_task(lambda: task(copernica_conn_id="nowhere"))
    assert outcome.state == "failed"
    assert "nowhere" in str(outcome.error)


def test_a_wrong_token(copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "copernica", "host": copernica_emulator.url, "password": "a-wrong-token"}
    monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps(connection))
    outcome = run_task(lambda: task())
    assert isinstance(outcome.error, CopernicaAuthError)
    assert "a-wrong-token" not in str(outcome.error)


def test_a_file_that_copernica_fetches(copernica_emulator: Emulator, deferrable: bool) -> None:
    location = f"{copernica_emulator.url}/nothing-here.csv"
    outcome = run_task(lambda: task(location=location, delimiter=";", deferrable=deferrable))
    assert outcome.state == "failed"
    assert "The file could not be downloaded" in str(outcome.error)


def test_progress_is_in_the_log(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, deferrable: bool
) -> None:
    caplog.set_level(logging.INFO)
    copernica_emulator.import_seconds = 1
    run_task(lambda: task(deferrable=deferrable, source=[{"Email": f"{i}@example.com"} for i in range(1200)]))
    assert " of 1,200 lines" in caplog.text
    assert "1,200 of 1,200 lines" in caplog.text


def test_an_unknown_event_is_not_a_success(copernica_emulator: Emulator) -> None:
    for event in (None, {}, {"status": "success"}, {"result": "finished"}, "finished"):
        with pytest.raises(Exception, match="does not know"):
            TaskRun(lambda event=event: task()).resume(event)  # type: ignore[misc]  # bound now


@pytest.mark.parametrize("name", ["", "  "])
def test_a_blank_name_is_none(copernica_emulator: Emulator, name: str) -> None:
    run_task(lambda: task(name=name))
    assert posted(copernica_emulator)[0]["name"] == "dag.load run"


def test_killing_it_says_what_is_true(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    made = task(wait_for_completion=False)
    made.on_kill()
    assert caplog.text == ""
    TaskRun(lambda: made).run()
    made.on_kill()
    assert "(Import 'dag.load run')" in caplog.text
    assert "can't stop it" in caplog.text


def test_outcomes_are_the_same_in_both_modes(copernica_emulator: Emulator) -> None:
    def told(outcome: Outcome) -> object:
        status = outcome.xcom["import_status"]
        assert isinstance(status, dict)
        return {key: value for key, value in status.items() if key not in ("import_id", "last_run")}

    sync, deferred = (run_task(lambda each=each: task(deferrable=each)) for each in (False, True))  # type: ignore[misc]
    assert told(sync) == told(deferred)


@pytest.mark.parametrize("name", [None, "", "  "])
def test_an_import_without_a_name_is_named_after_its_task(copernica_emulator: Emulator, name: str | None) -> None:
    assert run_task(lambda: task(name=name)).state == "success"
    assert copernica_emulator.imports[0].parameters["name"] == "dag.load run"
