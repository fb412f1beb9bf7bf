"""What the next attempt does, as the second table says."""

from __future__ import annotations

import logging
import threading

import pytest
from support.imports import ROWS, task
from support.taskrun import Store, TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaImportFailedError, CopernicaImportTimeoutError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.mark.parametrize("action", ["add", "update or add"])
def test_a_retry_goes_on_watching(copernica_emulator: Emulator, action: str, deferrable: bool) -> None:
    copernica_emulator.import_seconds = 1
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    outcome = run_task(lambda: task(action=action, deferrable=deferrable, retries=1))
    assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("success", 2, 1), outcome.error


def test_a_retry_after_the_end_takes_its_result(copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 0
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    run = TaskRun(lambda: task(action="add", retries=1))
    assert run.attempt().state == "up_for_retry"
    outcome = run.attempt()
    assert (outcome.result, len(copernica_emulator.imports)) == (1, 1)
    assert outcome.xcom["import_status"]


@pytest.mark.parametrize("seconds", [0, 600])
@pytest.mark.parametrize("action", ["add", "update or add"])
def test_a_retry_into_another_database_takes_no_result_of_the_first(
    copernica_emulator: Emulator, seconds: float, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody has seen the mistake, and corrected the DAG file in between."""
    copernica_emulator.import_seconds = seconds
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    database: object = "1"
    run = TaskRun(lambda: task(action=action, database=database, retries=2, timeout=5))
    assert run.attempt().state == "up_for_retry"
    copernica_emulator.import_seconds = 0
    database = copernica_emulator.add_database("right", ["Email", "City"])
    assert run.attempt().result == 2
    assert len(copernica_emulator.profiles(database)) == len(ROWS)
    assert "import 1 went into database 1, which is not the database of this attempt" in caplog.text


def test_a_person_who_clears_it_imports_again(copernica_emulator: Emulator, deferrable: bool) -> None:
    run = TaskRun(lambda: task(deferrable=deferrable))
    run.run()
    run.clear()
    assert run.run().result == 2


def test_clearing_while_it_runs_waits_for_its_end_and_imports_again(
    copernica_emulator: Emulator, deferrable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    copernica_emulator.import_seconds = 600
    timeout = 0.2
    run = TaskRun(lambda: task(action="add", deferrable=deferrable, timeout=timeout))
    assert isinstance(run.run().error, CopernicaImportTimeoutError)
    timeout = 5
    run.clear()
    ended = threading.Timer(0.5, lambda: end_imports(copernica_emulator))
    ended.start()
    outcome = run.run()
    ended.join()
    assert (outcome.state, outcome.result, len(copernica_emulator.imports)) == ("success", 2, 2), outcome.error
    second = copernica_emulator.imports[1]
    assert "once that import has ended, the rows are sent again" in caplog.text
    assert "The previous attempt's import has ended" in caplog.text
    assert second.import_id == 2
    assert len(outcome.events) == (2 if deferrable else 0), "the earlier attempt's and one of this attempt"


def end_imports(emulator: Emulator) -> None:
    emulator.set_status(1, status="finished")
    emulator.import_seconds = 0


def test_clearing_gives_up_when_the_running_import_takes_too_long(copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 600
    run = TaskRun(lambda: task(action="add", timeout=0.2))
    assert isinstance(run.run().error, CopernicaImportTimeoutError)
    run.clear()
    outcome = run.run()
    assert isinstance(outcome.error, CopernicaImportTimeoutError)
    assert len(copernica_emulator.imports) == 1


def test_other_retries_in_the_dag_file_make_no_clear_of_a_retry(copernica_emulator: Emulator) -> None:
    """The file was edited while the task waited for its retry: 3 retries then, none now."""
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    run = TaskRun(lambda: task(action="add", retries=3))
    assert run.attempt().state == "up_for_retry"
    run.make_task = lambda: task(action="add", retries=0)
    outcome = run.attempt()
    assert (outcome.state, outcome.result, len(copernica_emulator.imports)) == ("success", 1, 1)


def test_a_clear_of_a_running_task_is_known_where_no_retry_was_left(copernica_emulator: Emulator) -> None:
    """Airflow restarts the task without raising max_tries."""
    run = TaskRun(lambda: task(action="add", wait_for_completion=False))
    assert run.attempt().result == 1
    assert run.attempt().result == 2


@pytest.mark.parametrize(
    ("action", "lines", "state", "imports"),
    [("add", 1, "failed", 1), ("add", 0, "success", 2), ("update or add", 1, "success", 2)],
)
def test_a_failed_import_is_made_again_where_that_does_no_harm(
    copernica_emulator: Emulator, action: str, lines: int, state: str, imports: int, deferrable: bool
) -> None:
    copernica_emulator.failing_imports("Broken", after_lines=lines)
    run = TaskRun(lambda: task(action=action, deferrable=deferrable, retries=3))
    first = run.attempt()
    copernica_emulator.failing_imports(None)
    outcome = run.run() if first.state == "up_for_retry" else first
    assert (outcome.state, len(copernica_emulator.imports)) == (state, imports), outcome.error


@pytest.mark.parametrize(("action", "followups"), [("add", None), ("update", True)])
def test_a_worker_lost_in_the_middle(copernica_emulator: Emulator, action: str, followups: object) -> None:
    run = TaskRun(lambda: task(action=action, followups=followups, retries=3))
    assert run.store is not None
    run.try_number = 1
    run.store.set("copernica_import", {"stage": "posting", "name": "lost", "attempt": 1, "import_id": None})
    outcome = run.run()
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "look for it in Copernica" in str(outcome.error)
    assert "(import 'lost', connection 'copernica_default')" in str(outcome.error)
    assert copernica_emulator.imports == []
    run.clear()
    assert run.run().state == "success"


def test_a_retry_after_an_add_that_failed_half_way_tells_why(copernica_emulator: Emulator, deferrable: bool) -> None:
    """The worker was lost while the import failed."""
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    copernica_emulator.failing_imports("Disk full", after_lines=1)
    run = TaskRun(lambda: task(action="add", deferrable=deferrable, retries=2))
    assert run.attempt().state == "up_for_retry"
    outcome = run.run()
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert str(outcome.error).startswith("Import 1 failed after 1 of 2 lines: Disk full.")
    assert "It is not retried, since lines were processed" in str(outcome.error)
    failed = outcome.error and outcome.error.__cause__
    assert isinstance(failed, CopernicaImportFailedError)
    assert failed.copernica_import is not None
    assert len(copernica_emulator.imports) == 1


def test_a_mark_that_can_not_be_read_stops_once(copernica_emulator: Emulator, deferrable: bool) -> None:
    run = TaskRun(lambda: task(action="add", deferrable=deferrable, retries=2))
    assert run.store is not None
    run.store.set("copernica_import", "of another version")
    outcome = run.run()
    assert (outcome.state, outcome.attempts, copernica_emulator.imports) == ("failed", 1, [])
    assert "can't be read. It is not sent again by itself" in str(outcome.error)
    run.clear()
    assert run.run().state == "success"


@pytest.mark.parametrize("hiccup", ["source", "status", "guard"])
def test_a_hiccup_after_a_clear_does_not_bring_the_old_import_back(
    copernica_emulator: Emulator, deferrable: bool, hiccup: str
) -> None:
    """The next attempt is Airflow's retry, but it is still the person's wish that counts."""
    fails: list[bool] = []

    class Flaky(CopernicaImportOperator):
        def given_source(self, context: object) -> dict[str, object]:
            if context and fails:
                raise OSError("the disk is away")
            return super().given_source(context)  # type: ignore[arg-type]  # as it came

    def make() -> CopernicaImportOperator:
        least = 3 if hiccup == "guard" and fails else None
        return Flaky(
            task_id="load", database=1, action="update", key_fields="Email", source=ROWS, retries=2,
            poll_interval=0.1, deferrable=deferrable, min_records=least,
        )  # fmt: skip

    run = TaskRun(make)
    assert run.run().state == "success"
    run.clear()
    if hiccup == "status":
        copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    else:
        fails.append(True)
    assert run.attempt().state == "up_for_retry"
    fails.clear()
    assert run.run().state == "success"
    assert len(copernica_emulator.imports) == 2


def test_a_retry_that_reconnected_goes_on_with_that_import(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.import_seconds = 600
    run = TaskRun(lambda: task(action="add", retries=2, deferrable=deferrable, timeout=0.2))
    assert run.attempt().state == "up_for_retry"
    assert run.attempt().state == "up_for_retry"
    copernica_emulator.set_status(1, status="finished")
    assert run.attempt().state == "success"
    assert len(copernica_emulator.imports) == 1


def test_a_connection_that_can_not_be_had_leaves_no_doubt(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    copernica_emulator.fail("authenticate", Fault.BAD_REQUEST)
    run = TaskRun(lambda: task(action="add", retries=1))
    assert run.attempt().state == "up_for_retry"
    assert run.attempt().state == "success"
    assert len(copernica_emulator.imports) == 1


def test_subprofiles_without_a_key_are_not_sent_twice(copernica_emulator: Emulator, deferrable: bool) -> None:
    """Each import would add them anew."""
    rows = [{"Email": "a@example.com", "Order.OrderID": "1"}]
    copernica_emulator.fail("imports", Fault.RESET_AFTER)
    outcome = run_task(lambda: task(source=rows, deferrable=deferrable, retries=2))
    assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 1)
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    outcome = run_task(lambda: task(source=rows, deferrable=deferrable, retries=2), has_store=False)
    assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 2)


def test_without_a_store_an_add_is_not_made_twice(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    outcome = run_task(lambda: task(action="add", deferrable=deferrable, retries=3), has_store=False)
    assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 1)
    assert "It is not retried, since Airflow remembers nothing" in str(outcome.error)


def test_the_record_is_made_after_the_token_and_before_the_post(
    copernica_emulator: Emulator, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[object, int, int]] = []
    store = Store.set

    def watched(self: Store, key: str, value: object) -> None:
        assert isinstance(value, dict)
        posts = sum(request.path.endswith("/imports") for request in copernica_emulator.requests)
        seen.append((value["stage"], copernica_emulator.authentications, posts))
        store(self, key, value)

    monkeypatch.setattr(Store, "set", watched)
    assert run_task(lambda: task(action="add", deferrable=deferrable, check_fields=False)).state == "success"
    assert seen == [("posting", 1, 0), ("posted", 1, 1)]


def test_without_a_token_there_is_no_record(copernica_emulator: Emulator) -> None:
    copernica_emulator.fail("authenticate", Fault.BAD_REQUEST, times=None)
    run = TaskRun(lambda: task(action="add", check_fields=False, retries=1))
    assert run.attempt().state == "up_for_retry"
    assert run.store is not None
    assert run.store.get("copernica_import") is None


@pytest.mark.parametrize(("cleared", "imports"), [(False, 1), (True, 2)])
def test_a_record_of_the_first_version_goes_by_the_retries_of_the_dag_file(
    copernica_emulator: Emulator, cleared: bool, imports: int
) -> None:
    copernica_emulator.import_seconds = 0
    run = TaskRun(lambda: task(action="add", retries=2))
    assert run.attempt().state == "success"
    assert run.store is not None
    stored = {"stage": "posted", "name": "n", "attempt": 1, "import_id": 1, "safe_to_repeat": False}
    run.store.set("copernica_import", stored)
    if cleared:
        run.clear()
    assert run.attempt().state == "success"
    assert len(copernica_emulator.imports) == imports


def test_the_event_of_an_earlier_attempt_is_not_taken_for_this_ones(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As a task that is cleared while it is deferred may meet it: its old trigger has ended in the same moment."""
    run = TaskRun(lambda: task(action="add", deferrable=True))
    (event,) = run.run().events
    run.clear()
    monkeypatch.setattr("support.taskrun.run_trigger", lambda _: event)
    outcome = run.run()
    assert (outcome.state, outcome.result, len(copernica_emulator.imports)) == ("success", 2, 2)
    assert outcome.xcom["import_status"]["import_id"] == 2
    assert "The event is that of an earlier attempt's import" in caplog.text
