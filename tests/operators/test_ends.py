"""What a task leaves behind when its import ends badly, and what it knows when Airflow itself wakes it."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.imports import task
from support.scripted import scripted
from support.taskrun import FakeTi, Store, TaskRun, run_task

from airflow_provider_copernica.client import polling
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import (
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaImportUnknownError,
)

pytestmark = pytest.mark.usefixtures("copernica_connection")


def woken(
    reason: str, *, import_id: object = 1, has_status: bool = True, has_store: bool = True
) -> tuple[object, FakeTi]:
    """What a deferred task does that Airflow wakes without an event."""
    operator = task(deferrable=True)
    ti = FakeTi(operator.task_id, 1, 0)
    if has_status:
        ti.xcom_push("import_status", {"import_id": import_id, "name": "n"})
    context: Any = {"ti": ti, "task": operator, "run_id": "run"}
    if has_store:
        context["task_state_store"] = Store()
    return operator.resume_execution("__fail__", {"error": reason}, context), ti


@pytest.mark.parametrize("reason", ["Trigger timeout", "Trigger failure"])
def test_it_looks_once_more_before_it_fails(copernica_emulator: Emulator, reason: str) -> None:
    copernica_emulator.add_import("nightly", "finished", totallines="5", processedLines="5")
    result, ti = woken(reason)
    assert result == 1
    assert ti.xcom["import_status"] == {
        "import_id": 1,
        "name": "nightly",
        "status": "finished",
        "total_lines": 5,
        "processed_lines": 5,
        "last_run": None,
        "last_error": None,
    }


def test_an_import_that_still_runs_when_the_time_is_over(copernica_emulator: Emulator) -> None:
    copernica_emulator.add_import("nightly", "running", totallines="5", processedLines="2")
    with pytest.raises(
        CopernicaImportTimeoutError, match=r"time for the deferred task is over.*'running', 2 of 5 lines"
    ):
        woken("Trigger timeout")


def test_a_failed_import_is_told_as_failed_when_the_time_is_over(copernica_emulator: Emulator) -> None:
    copernica_emulator.add_import("nightly", "failed", lasterror="Disk full", processedLines="0")
    with pytest.raises(CopernicaImportFailedError, match="Disk full"):
        woken("Trigger timeout")


def test_what_is_not_remembered_is_not_retried(copernica_emulator: Emulator) -> None:
    copernica_emulator.add_import("nightly", "running")
    with pytest.raises(AirflowFailException, match="Airflow remembers nothing of the import"):
        woken("Trigger failure", has_store=False)


def test_nothing_is_known_without_a_status(copernica_emulator: Emulator) -> None:
    with pytest.raises(CopernicaError, match="triggerer gave up on the task"):
        woken("Trigger failure", has_status=False)
    assert copernica_emulator.requests == []


@pytest.mark.parametrize("has_store", [True, False])
def test_the_status_is_there_for_a_callback_when_the_import_fails(
    copernica_emulator: Emulator, deferrable: bool, has_store: bool
) -> None:
    copernica_emulator.failing_imports("Disk full", after_lines=1)
    outcome = run_task(lambda: task(deferrable=deferrable), has_store=has_store)
    assert outcome.state == "failed"
    status = outcome.xcom["import_status"]
    assert isinstance(status, dict)
    assert (status["import_id"], status["last_error"], status["processed_lines"]) == (1, "Disk full", 1)


def test_the_status_is_there_when_the_time_is_over(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.import_seconds = 600
    outcome = run_task(lambda: task(deferrable=deferrable, timeout=0.3))
    status = outcome.xcom["import_status"]
    assert isinstance(status, dict)
    assert (status["import_id"], status["status"]) == (1, "running")


def test_a_status_that_can_not_be_pushed_does_not_hide_the_reason(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(ti: FakeTi, key: str, value: object) -> None:
        raise RuntimeError("the database of Airflow is away")

    copernica_emulator.failing_imports("Disk full")
    monkeypatch.setattr(FakeTi, "xcom_push", failing)
    assert isinstance(run_task(lambda: task()).error, CopernicaImportFailedError)


def test_an_import_that_vanishes_is_not_sent_again(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.import_seconds = 600
    copernica_emulator.fail("import", Fault.BAD_REQUEST, after=2, times=None, message="No such import")
    run = TaskRun(lambda: task(deferrable=deferrable, retries=3))
    outcome = run.run()
    assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 1)
    message = str(outcome.error)
    assert message.startswith(
        "Copernica no longer knows import 1, last seen as 'running', 0 of 2 lines: No such import."
    )
    assert "look there before the task is cleared, which would send them again. (import 'dag.load run', conn" in message


def test_an_import_that_is_never_known_is_not_sent_again(
    copernica_emulator: Emulator, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "NOT_YET_SECONDS", 0.3)
    copernica_emulator.fail("import", Fault.BAD_REQUEST, times=None)
    outcome = run_task(lambda: task(deferrable=deferrable, retries=3))
    assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 1)
    assert "It had accepted the import" in str(outcome.error)


def test_a_retry_that_finds_the_import_gone_is_not_sent_again(copernica_emulator: Emulator) -> None:
    run = TaskRun(lambda: task(retries=3))
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    assert run.attempt().state == "up_for_retry"
    copernica_emulator.fail("import", Fault.BAD_REQUEST, times=None)
    outcome = run.attempt()
    assert (outcome.state, len(copernica_emulator.imports)) == ("failed", 1)
    assert isinstance(outcome.error, AirflowFailException)
    assert isinstance(outcome.error.__cause__, CopernicaImportUnknownError)
    assert "no longer knows import 1" in str(outcome.error)


def test_the_event_says_whether_a_retry_may_send_again(copernica_emulator: Emulator) -> None:
    """``dag.test()`` drops the kwargs of ``defer()``, the event arrives everywhere."""
    copernica_emulator.import_seconds = 0
    for number, action in enumerate(("add", "update or add"), start=1):
        run = TaskRun(lambda action=action: task(action=action, deferrable=True))  # type: ignore[misc]  # bound now
        (event,) = run.run().events
        assert event["resume_data"] == {"idempotent": action != "add", "import_id": number}


def test_events_of_the_first_version_are_understood(copernica_emulator: Emulator) -> None:
    """To the letter as version 1.0.0 stored and sent them: a task may be deferred while the package is upgraded."""
    event = {
        "result": "finished",
        "message": "Copernica import 5 'n': finished, 2 of 2 lines",
        "import": {
            "import_id": 5,
            "name": "n",
            "type": "update or add",
            "status": "finished",
            "total_lines": 2,
            "processed_lines": 2,
            "last_run": None,
            "next_run": None,
            "last_error": None,
        },
    }
    operator = task(deferrable=True)
    context: Any = {"ti": FakeTi("load", 1, 0), "task": operator, "run_id": "run", "task_state_store": Store()}
    kwargs = {"event": event, "safe_to_repeat": False}
    assert operator.resume_execution("execute_complete", kwargs, context) == 5
    failed = {**event, "result": "failed", "message": "Disk full"}
    with pytest.raises(CopernicaImportFailedError, match="Disk full"):
        operator.resume_execution("execute_complete", {"event": failed, "safe_to_repeat": True}, context)
    with pytest.raises(AirflowFailException, match="lines were processed"):
        operator.resume_execution("execute_complete", {"event": failed, "safe_to_repeat": False}, context)


@pytest.mark.parametrize("value", [True, False, "{{ params.dry_run }}"])
def test_the_dry_run_of_airflows_command_line(value: object, caplog: pytest.LogCaptureFixture) -> None:
    """Airflow 2's ``airflow tasks test --dry-run`` calls the method of that name."""
    from airflow_provider_copernica.version_compat import _AIRFLOW

    caplog.set_level(logging.INFO)
    operator = task(dry_run=value)
    assert operator.dry_run == value
    if _AIRFLOW < (3, 0):
        operator.dry_run()  # type: ignore[operator]  # Airflow 2 does so
    else:
        assert operator.dry_run is value


@pytest.mark.parametrize("waits_in", ["worker", "triggerer"])
def test_a_proxy_that_refuses_is_not_asked_again_by_a_retry(monkeypatch: pytest.MonkeyPatch, waits_in: str) -> None:
    """A wrong password five times locks an account."""
    with scripted((407, {}, b"")) as proxy:
        extra = {"proxy": proxy.url}
        connection = {"conn_type": "copernica", "host": "https://api.example.com", "password": "x", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps(connection))
        outcome = run_task(lambda: task(deferrable=waits_in == "triggerer", retries=3, check_fields=False))
    assert (outcome.state, outcome.attempts, len(proxy.seen)) == ("failed", 1, 1), outcome.error
    assert "The outgoing proxy refused the request" in str(outcome.error)
