"""The sensor against the emulator: poke in the worker, and deferred. Reschedule mode is among the DAG tests."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowSensorTimeout
from support.taskrun import run_task

from airflow_provider_copernica.client import polling
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import (
    CopernicaArgumentError,
    CopernicaConnectionLookupError,
    CopernicaImportFailedError,
    CopernicaImportUnknownError,
)
from airflow_provider_copernica.sensors.copernica import CopernicaImportSensor
from local_airflow.processes import wait_until

DONE: dict[str, object] = {"lastrun": "2026-03-01 12:00:00", "totallines": "10", "processedLines": "10"}

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.fixture(params=["poke", "deferred"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """How it waits."""
    return bool(request.param == "deferred")


def sensor(**arguments: object) -> CopernicaImportSensor:
    given = {"task_id": "wait", "import_id": 1, "poke_interval": 0.05, "timeout": 20.0}
    return CopernicaImportSensor(**{**given, **arguments})  # type: ignore[arg-type]  # arguments of many types


@pytest.mark.parametrize("import_id", [1, "1", " 1 "])
def test_returns_the_status(copernica_emulator: Emulator, deferrable: bool, import_id: object) -> None:
    copernica_emulator.add_import("nightly", "finished", **DONE)
    outcome = run_task(lambda: sensor(import_id=import_id, deferrable=deferrable))
    assert outcome.state == "success", outcome.error
    result = getattr(outcome.result, "xcom_value", outcome.result)
    assert result == {
        "import_id": 1,
        "name": "nightly",
        "status": "finished",
        "total_lines": 10,
        "processed_lines": 10,
        "last_run": "2026-03-01 12:00:00",
        "last_error": None,
    }


@pytest.mark.parametrize(
    "reply",
    [
        {"ID": 1, "status": "Completed", **DONE},
        {
            "status": "DONE",
            "processedLines": None,
            "processedlines": 10,
            "totallines": 10,
            "lastrun": "2026-01-01 00:00:00",
        },
        {"status": "ready for start", **DONE},
        {"status": "afgerond", **DONE},
        {"status": "finished", "lasterror": None, "nextrun": "", **DONE},
        {"status": "finished", "lasterror": "", "nextrun": 0, **DONE},
    ],
)
def test_sees_the_end_through_every_spelling(
    copernica_emulator: Emulator, deferrable: bool, reply: dict[str, object]
) -> None:
    copernica_emulator.add_import("any", **reply)  # type: ignore[arg-type]  # status is among them
    assert run_task(lambda: sensor(deferrable=deferrable)).state == "success"


@pytest.mark.parametrize(
    "reply",
    [
        {"status": "running", **DONE, "lastrun": False, "processedLines": "5"},
        {"status": "ready for start"},
        {"status": "a word nobody knows"},
        {"status": "finished soon, honestly", "totallines": "0"},
        {"status": "", "totallines": "10", "processedLines": "12"},
    ],
)
def test_waits_for_anything_else(copernica_emulator: Emulator, deferrable: bool, reply: dict[str, object]) -> None:
    copernica_emulator.add_import("any", **reply)  # type: ignore[arg-type]  # status is among them
    outcome = run_task(lambda: sensor(deferrable=deferrable, timeout=0.3))
    assert outcome.state == "failed"
    assert isinstance(outcome.error, AirflowSensorTimeout)


@pytest.mark.parametrize("soft_fail", [False, True])
def test_a_failed_import_is_never_skipped(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, deferrable: bool, soft_fail: bool
) -> None:
    copernica_emulator.add_import("nightly", "finished", **{**DONE, "lasterror": "No such file"})
    outcome = run_task(lambda: sensor(deferrable=deferrable, soft_fail=soft_fail))
    assert outcome.state == "failed"
    assert isinstance(outcome.error, CopernicaImportFailedError)
    assert "No such file" in str(outcome.error)
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert told == [str(outcome.error)]


@pytest.mark.parametrize(("soft_fail", "state"), [(False, "failed"), (True, "skipped")])
def test_the_time_is_over(copernica_emulator: Emulator, deferrable: bool, soft_fail: bool, state: str) -> None:
    copernica_emulator.add_import("nightly", "running", totallines="20", processedLines="10")
    outcome = run_task(lambda: sensor(deferrable=deferrable, soft_fail=soft_fail, timeout=0.3, retries=2))
    assert (outcome.state, outcome.attempts) == (state, 1), outcome.error
    assert "10 of 20 lines" in str(outcome.error)
    assert "The import goes on in Copernica" in str(outcome.error)


class TestPeriodic:
    """``newer_than``: which run of a periodic import counts."""

    @pytest.mark.parametrize(
        "newer_than",
        ["2026-03-01 11:59:59", "2026-03-01T10:59:59+00:00", datetime(2026, 3, 1, 11), "2026-03-01T11:59:59"],
    )
    def test_a_run_since_then(self, copernica_emulator: Emulator, deferrable: bool, newer_than: object) -> None:
        copernica_emulator.add_import("periodic", "ready for start", **DONE)
        outcome = run_task(lambda: sensor(deferrable=deferrable, newer_than=newer_than))
        assert outcome.state == "success", outcome.error

    @pytest.mark.parametrize("newer_than", ["2026-03-01 12:00:00", "2026-03-01T11:00:00Z", "2027-01-01"])
    def test_only_older_runs(self, copernica_emulator: Emulator, deferrable: bool, newer_than: object) -> None:
        copernica_emulator.add_import("periodic", "finished", **DONE)
        outcome = run_task(lambda: sensor(deferrable=deferrable, newer_than=newer_than, timeout=0.3))
        assert isinstance(outcome.error, AirflowSensorTimeout), outcome.error

    def test_an_error_of_an_older_run_does_not_count(self, copernica_emulator: Emulator, deferrable: bool) -> None:
        import_id = copernica_emulator.add_import("periodic", "running", **{**DONE, "lasterror": "Yesterday's"})

        def run_again() -> None:
            wait_until(lambda: len(copernica_emulator.requests) > 3, 30, "polls that see the error", pause=0.01)
            copernica_emulator.set_status(import_id, status="finished", lasterror=False, lastrun="2026-03-02 12:00:00")

        thread = threading.Thread(target=run_again)
        thread.start()
        outcome = run_task(lambda: sensor(deferrable=deferrable, newer_than="2026-03-01 12:00:00"))
        thread.join()
        assert outcome.state == "success", outcome.error


NONSENSE = [
    ("import_id", "x"),
    ("import_id", True),
    ("import_id", -1),
    ("newer_than", "yesterday"),
    ("newer_than", ""),
]


@pytest.mark.parametrize(("field", "value"), [*NONSENSE, ("max_poll_interval", "10"), ("poke_interval", 0)])
def test_nonsense_is_seen_when_the_dag_is_parsed(field: str, value: object) -> None:
    with pytest.raises(CopernicaArgumentError, match=field):
        sensor(**{field: value})


@pytest.mark.parametrize(("field", "value"), [*NONSENSE, ("import_id", "{{ x }}")])
def test_a_template_that_renders_to_nonsense_fails_at_once(
    copernica_emulator: Emulator, deferrable: bool, field: str, value: object
) -> None:
    def rendered() -> CopernicaImportSensor:
        made = sensor(deferrable=deferrable, retries=3)
        setattr(made, field, value)
        return made

    outcome = run_task(rendered)
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert field in str(outcome.error)
    assert copernica_emulator.requests == []


def test_an_import_that_does_not_exist(
    copernica_emulator: Emulator, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "NOT_YET_SECONDS", 0.3)
    outcome = run_task(lambda: sensor(import_id=404, deferrable=deferrable))
    assert outcome.state == "failed"
    assert isinstance(outcome.error, CopernicaImportUnknownError)
    assert str(outcome.error).startswith("Copernica does not know import 404: No entity with supplied ID.")


@pytest.mark.parametrize("nothing", [None, "None", ""])
def test_without_an_import_it_is_skipped(
    copernica_emulator: Emulator, deferrable: bool, nothing: object, caplog: pytest.LogCaptureFixture
) -> None:
    """What a dry run returns."""
    caplog.set_level(logging.INFO)

    def rendered() -> CopernicaImportSensor:
        made = sensor(deferrable=deferrable)
        made.import_id = nothing  # type: ignore[assignment]  # as a template renders it
        return made

    assert run_task(rendered).state == "skipped"
    assert "Skipped: There is no import to wait for" in caplog.text
    assert copernica_emulator.requests == []


def test_an_outage_is_sat_out(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.add_import("nightly", "finished", **DONE)
    copernica_emulator.fail("import", Fault.UNAVAILABLE_503_HTML, times=4)
    copernica_emulator.fail("import", Fault.RESET_BEFORE, times=2, after=4)
    assert run_task(lambda: sensor(deferrable=deferrable)).state == "success"


@pytest.mark.parametrize(("soft_fail", "state"), [(False, "failed"), (True, "skipped")])
def test_an_outage_does_not_prolong_the_time(
    copernica_emulator: Emulator, deferrable: bool, soft_fail: bool, state: str
) -> None:
    copernica_emulator.add_import("nightly", "running")
    copernica_emulator.fail("import", Fault.UNAVAILABLE_503_HTML, times=None, after=1)
    began = time.monotonic()
    outcome = run_task(lambda: sensor(deferrable=deferrable, timeout=1.5, soft_fail=soft_fail, retries=2))
    assert (outcome.state, outcome.attempts) == (state, 1), outcome.error
    assert time.monotonic() - began < 5
    assert "The import goes on in Copernica" in str(outcome.error)


def test_long_intervals_do_not_prolong_the_time(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.add_import("nightly", "running")
    began = time.monotonic()
    outcome = run_task(lambda: sensor(deferrable=deferrable, timeout=0.5, poke_interval=60))
    assert isinstance(outcome.error, AirflowSensorTimeout)
    assert time.monotonic() - began < 5


def test_a_connection_that_is_not_found_may_be_retried(deferrable: bool) -> None:
    """Airflow 3.3 says so when a secrets backend fails as well."""
    outcome = run_task(lambda: sensor(deferrable=deferrable, copernica_conn_id="nowhere", retries=2, soft_fail=True))
    assert (outcome.state, outcome.attempts) == ("failed", 3), outcome.error
    assert isinstance(outcome.error, CopernicaConnectionLookupError)
    assert "Airflow does not find the connection 'nowhere'" in str(outcome.error)


def test_the_deferred_task_has_an_absolute_deadline(copernica_emulator: Emulator) -> None:
    from airflow.providers.common.compat.sdk import TaskDeferred

    with pytest.raises(TaskDeferred) as deferred:
        sensor(deferrable=True, timeout=3600).execute({})  # type: ignore[typeddict-item]  # nothing of it is needed
    kwargs = deferred.value.trigger.serialize()[1]  # type: ignore[union-attr]  # there is a trigger
    assert kwargs["deadline"] - kwargs["started_at"] == pytest.approx(3600, abs=1)
    assert deferred.value.timeout is not None
    assert deferred.value.timeout > timedelta(seconds=3600)


@pytest.mark.parametrize("soft_fail", [False, True])
def test_an_import_that_finished_while_no_triggerer_ran(copernica_emulator: Emulator, soft_fail: bool) -> None:
    copernica_emulator.add_import("nightly", "finished", **DONE)
    result = sensor(deferrable=True, soft_fail=soft_fail).resume_execution(
        "__fail__",
        {"error": "Trigger timeout"},
        {},  # type: ignore[typeddict-item]  # nothing of it is needed
    )
    assert isinstance(result, dict)
    assert result["status"] == "finished"


@pytest.mark.parametrize(("soft_fail", "kind"), [(False, "AirflowSensorTimeout"), (True, "AirflowSkipException")])
def test_airflows_own_timeout_says_the_same(copernica_emulator: Emulator, soft_fail: bool, kind: str) -> None:
    """It comes when no triggerer runs."""
    with pytest.raises(Exception, match="The import goes on") as raised:
        sensor(deferrable=True, soft_fail=soft_fail).resume_execution(
            "__fail__",
            {"error": "Trigger timeout"},
            {},  # type: ignore[typeddict-item]  # nothing of it is needed
        )
    assert type(raised.value).__name__ == kind
