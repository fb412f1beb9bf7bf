"""``soft_fail``, ``never_fail`` and ``silent_fail`` mean the same in the worker and in the triggerer."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowSensorTimeout, AirflowTaskTimeout
from support.taskrun import Outcome, TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaAuthError, CopernicaImportFailedError
from airflow_provider_copernica.sensors.copernica import CopernicaImportSensor

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.fixture(params=["poke", "deferred"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """How it waits."""
    return bool(request.param == "deferred")


def run(deferrable: bool, **arguments: object) -> Outcome:
    given = {"task_id": "wait", "import_id": 1, "poke_interval": 0.05, "timeout": 20.0, "deferrable": deferrable}
    return run_task(lambda: CopernicaImportSensor(**{**given, **arguments}))  # type: ignore[arg-type]  # of many types


@pytest.mark.parametrize(
    ("mode", "state"), [({}, "failed"), ({"soft_fail": True}, "failed"), ({"never_fail": True}, "skipped")]
)
def test_a_failed_import(
    copernica_emulator: Emulator,
    deferrable: bool,
    mode: dict[str, object],
    state: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    copernica_emulator.add_import("nightly", "failed", lasterror="Disk full")
    outcome = run(deferrable, **mode)
    assert outcome.state == state, outcome.error
    assert "Disk full" in str(outcome.error)
    if state == "failed":
        assert isinstance(outcome.error, CopernicaImportFailedError)
    shown = "Skipped: Import 1 failed" if state == "skipped" else "Import 1 failed"
    assert any(record.getMessage().startswith(shown) for record in caplog.records)


@pytest.mark.parametrize(
    ("mode", "state"), [({}, "failed"), ({"soft_fail": True}, "skipped"), ({"never_fail": True}, "skipped")]
)
def test_the_time_is_over(copernica_emulator: Emulator, deferrable: bool, mode: dict[str, object], state: str) -> None:
    copernica_emulator.add_import("nightly", "running", totallines="5", processedLines="2")
    outcome = run(deferrable, timeout=0.3, **mode)
    assert outcome.state == state
    assert "Import 1 has not finished within" in str(outcome.error)
    assert "'running', 2 of 5 lines" in str(outcome.error)
    assert isinstance(outcome.error, AirflowSensorTimeout) is (state == "failed")


@pytest.mark.parametrize(
    ("mode", "state"), [({}, "failed"), ({"soft_fail": True}, "failed"), ({"never_fail": True}, "skipped")]
)
def test_a_refused_token(copernica_emulator: Emulator, deferrable: bool, mode: dict[str, object], state: str) -> None:
    copernica_emulator.add_import("nightly", "running")
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=None)
    outcome = run(deferrable, **mode)
    assert outcome.state == state
    if state == "failed":
        assert isinstance(outcome.error, CopernicaAuthError)


def test_errors_are_sat_out_in_silence(
    copernica_emulator: Emulator, deferrable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    copernica_emulator.add_import("nightly", "finished")
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=4)
    assert run(deferrable, silent_fail=True).state == "success"
    if deferrable:  # in the worker Airflow itself logs it
        assert "Invalid access token" in caplog.text


def test_silence_ends_with_the_time(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.add_import("nightly", "failed", lasterror="Disk full")
    outcome = run(deferrable, silent_fail=True, timeout=0.3)
    assert isinstance(outcome.error, AirflowSensorTimeout)


def test_wrong_arguments_fail_whatever_the_mode(copernica_emulator: Emulator, deferrable: bool) -> None:
    def rendered() -> CopernicaImportSensor:
        sensor = CopernicaImportSensor(task_id="wait", import_id=1, never_fail=True, deferrable=deferrable, retries=3)
        sensor.import_id = "twelve"
        return sensor

    outcome = run_task(rendered)
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "import_id must be the number of an import" in str(outcome.error)


def test_execution_timeout_holds_while_deferred(copernica_emulator: Emulator) -> None:
    """Airflow 3.3 does not see to it; like in a worker, Airflow may retry the task."""
    copernica_emulator.add_import("nightly", "running")
    outcome = run(True, execution_timeout=timedelta(seconds=0.3), retries=1)
    assert isinstance(outcome.error, AirflowTaskTimeout)
    assert (outcome.state, outcome.attempts) == ("failed", 2)


@pytest.mark.parametrize("mode", [{"soft_fail": True}, {}])
def test_a_failed_import_at_the_last_look_is_not_skipped(copernica_emulator: Emulator, mode: dict[str, object]) -> None:
    """No triggerer ran, and Airflow's own time is over."""
    copernica_emulator.add_import("nightly", "failed", lasterror="Disk full")
    sensor = CopernicaImportSensor(task_id="wait", import_id=1, deferrable=True, **mode)  # type: ignore[arg-type]  # bools
    with pytest.raises(CopernicaImportFailedError, match="Disk full"):
        TaskRun(lambda: sensor).wake("Trigger timeout")


def test_a_last_look_that_fails_is_logged_and_the_time_is_over(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    copernica_emulator.add_import("nightly", "running")
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=None)
    sensor = CopernicaImportSensor(task_id="wait", import_id=1, deferrable=True, timeout=60)
    with pytest.raises(AirflowSensorTimeout, match=r"not finished within 60 s\. Its status was never"):
        TaskRun(lambda: sensor).wake("Trigger timeout")
    assert "Invalid access token" in caplog.text
