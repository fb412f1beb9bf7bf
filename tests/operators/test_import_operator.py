"""The operator against the emulator, waiting in the worker and in the triggerer."""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowTaskTimeout
from support.taskrun import Outcome, TaskRun, run_task

from airflow_provider_copernica.client.errors import (
    CopernicaArgumentError,
    CopernicaAuthError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
)
from airflow_provider_copernica.client.parameters import PARAMETERS
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

ROWS = [{"Email": "a@example.com", "City": "Gent"}, {"Email": "b@example.com", "City": "Súdwest-Fryslân"}]
DOCUMENTED = json.loads((Path(__file__).parent.parent / "documented_bodies.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.fixture(params=["worker", "triggerer"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """Where it waits."""
    return bool(request.param == "triggerer")


def task(**arguments: object) -> CopernicaImportOperator:
    """An operator with the least that it needs, quick to ask again."""
    given = {"task_id": "load", "database": 1, "action": "update or add", "key_fields": ["Email"], "poll_interval": 0.1}
    if "location" not in arguments:
        given["source"] = ROWS
    return CopernicaImportOperator(**{**given, **arguments})  # type: ignore[arg-type]  # arguments of many types


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
        "Copernica import 1 'nightly': failed, 1 of 2 lines. Copernica says: Disk full at line 2"
    )
    assert outcome.error.copernica_import is not None
    assert outcome.error.copernica_import.last_error == "Disk full at line 2"


def test_an_import_that_never_ends_times_out(copernica_emulator: Emulator, deferrable: bool) -> None:
    copernica_emulator.import_seconds = 60
    outcome = run_task(lambda: task(deferrable=deferrable, timeout=0.4))
    assert outcome.state == "failed"
    assert isinstance(outcome.error, CopernicaImportTimeoutError)
    assert "it has not finished. Last seen: Copernica import 1" in str(outcome.error)
    assert "The import goes on in Copernica" in str(outcome.error)


def test_a_timedelta_is_a_timeout_as_well(copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 60
    assert isinstance(run_task(lambda: task(timeout=timedelta(seconds=0.3))).error, CopernicaImportTimeoutError)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"action": "upsert"}, "action"),
        ({"location": "s3://bucket/key", "source": None}, "location"),
        ({"location": "https://example.com/x.csv", "source": ROWS}, "location"),
        ({"source": None}, "source"),
        ({"source": "Email\na@example.com", "format": None}, "format"),
        ({"source": "Email\na@example.com", "format": "csv"}, "delimiter"),
        ({"key_fields": None}, "key_fields"),
        ({"delete_target": "profile"}, "delete_target"),
        ({"autostart": False}, "autostart"),
        ({"action": "add", "key_fields": None, "remove_missing": True}, "remove_missing"),
        ({"timeout": 0}, "timeout"),
        ({"poll_interval": 0}, "poll_interval"),
    ],
)
def test_a_literal_mistake_is_seen_when_the_dag_is_parsed(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=message):
        task(**arguments)


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
    assert "1 rows repeat the key fields" in caplog.text
    assert "example.com" not in caplog.text


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


def test_an_unknown_event_is_no_success(copernica_emulator: Emulator) -> None:
    for event in (None, {}, {"status": "success"}, {"result": "finished"}, "finished"):
        with pytest.raises(Exception, match="does not know"):
            task().execute_complete({}, event)  # type: ignore[typeddict-item]  # nothing of the context is needed


class TestAttempts:
    """What the next attempt does, as the second table says."""

    @pytest.mark.parametrize("action", ["add", "update or add"])
    def test_a_retry_goes_on_watching(self, copernica_emulator: Emulator, action: str, deferrable: bool) -> None:
        copernica_emulator.import_seconds = 1
        copernica_emulator.fail("import", Fault.BAD_REQUEST)
        outcome = run_task(lambda: task(action=action, deferrable=deferrable, retries=1))
        assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("success", 2, 1), outcome.error

    def test_a_retry_after_the_end_takes_its_result(self, copernica_emulator: Emulator) -> None:
        copernica_emulator.import_seconds = 0
        copernica_emulator.fail("import", Fault.BAD_REQUEST)
        run = TaskRun(lambda: task(action="add", retries=1))
        assert run.attempt().state == "up_for_retry"
        outcome = run.attempt()
        assert (outcome.result, len(copernica_emulator.imports)) == (1, 1)
        assert outcome.xcom["import_status"]

    def test_a_person_who_clears_it_imports_again(self, copernica_emulator: Emulator, deferrable: bool) -> None:
        run = TaskRun(lambda: task(deferrable=deferrable))
        run.run()
        run.clear()
        assert run.run().result == 2

    def test_clearing_while_it_runs_reconnects(self, copernica_emulator: Emulator, deferrable: bool) -> None:
        copernica_emulator.import_seconds = 600
        run = TaskRun(lambda: task(deferrable=deferrable, timeout=0.3))
        assert isinstance(run.run().error, CopernicaImportTimeoutError)
        run.clear()
        assert isinstance(run.run().error, CopernicaImportTimeoutError)
        assert len(copernica_emulator.imports) == 1

    @pytest.mark.parametrize(
        ("action", "lines", "state", "imports"),
        [("add", 1, "failed", 1), ("add", 0, "success", 2), ("update or add", 1, "success", 2)],
    )
    def test_a_failed_import_is_made_again_where_that_does_no_harm(
        self, copernica_emulator: Emulator, action: str, lines: int, state: str, imports: int, deferrable: bool
    ) -> None:
        copernica_emulator.failing_imports("Broken", after_lines=lines)
        run = TaskRun(lambda: task(action=action, deferrable=deferrable, retries=3))
        first = run.attempt()
        copernica_emulator.failing_imports(None)
        outcome = run.run() if first.state == "up_for_retry" else first
        assert (outcome.state, len(copernica_emulator.imports)) == (state, imports), outcome.error

    @pytest.mark.parametrize(("action", "followups"), [("add", None), ("update", True)])
    def test_a_worker_lost_in_the_middle(self, copernica_emulator: Emulator, action: str, followups: object) -> None:
        run = TaskRun(lambda: task(action=action, followups=followups, retries=3))
        assert run.store is not None
        run.try_number = 1
        run.store.set("copernica_import", {"stage": "posting", "name": "lost", "attempt": 1, "import_id": None})
        outcome = run.run()
        assert (outcome.state, outcome.attempts) == ("failed", 1)
        assert "look for 'lost' in Copernica" in str(outcome.error)
        assert copernica_emulator.imports == []
        run.clear()
        assert run.run().state == "success"

    def test_a_retry_after_an_add_that_failed_half_way_tells_why(
        self, copernica_emulator: Emulator, deferrable: bool
    ) -> None:
        """The worker was lost while the import failed."""
        copernica_emulator.fail("import", Fault.BAD_REQUEST)
        copernica_emulator.failing_imports("Disk full", after_lines=1)
        run = TaskRun(lambda: task(action="add", deferrable=deferrable, retries=2))
        assert run.attempt().state == "up_for_retry"
        outcome = run.run()
        assert (outcome.state, outcome.attempts) == ("failed", 1)
        assert "1 of 2 lines. Copernica says: Disk full. It is not retried: lines were" in str(outcome.error)
        failed = outcome.error and outcome.error.__cause__
        assert isinstance(failed, CopernicaImportFailedError)
        assert failed.copernica_import is not None
        assert len(copernica_emulator.imports) == 1

    def test_a_mark_that_can_not_be_read_stops_once(self, copernica_emulator: Emulator, deferrable: bool) -> None:
        run = TaskRun(lambda: task(action="add", deferrable=deferrable, retries=2))
        assert run.store is not None
        run.store.set("copernica_import", "of another version")
        outcome = run.run()
        assert (outcome.state, outcome.attempts, copernica_emulator.imports) == ("failed", 1, [])
        assert "can't be read. It is not repeated" in str(outcome.error)
        run.clear()
        assert run.run().state == "success"

    @pytest.mark.parametrize("hiccup", ["source", "status", "guard"])
    def test_a_hiccup_after_a_clear_does_not_bring_the_old_import_back(
        self, copernica_emulator: Emulator, deferrable: bool, hiccup: str
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

    def test_a_cleared_task_that_reconnected_goes_on_with_that_import(
        self, copernica_emulator: Emulator, deferrable: bool
    ) -> None:
        copernica_emulator.import_seconds = 600
        run = TaskRun(lambda: task(action="add", retries=2, deferrable=deferrable, timeout=0.2))
        assert run.attempt().state == "up_for_retry"
        run.clear()
        assert run.attempt().state == "up_for_retry"
        copernica_emulator.set_status(1, status="finished")
        assert run.attempt().state == "success"
        assert len(copernica_emulator.imports) == 1

    def test_a_connection_that_can_not_be_had_leaves_no_doubt(
        self, copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        copernica_emulator.fail("authenticate", Fault.BAD_REQUEST)
        run = TaskRun(lambda: task(action="add", retries=1))
        assert run.attempt().state == "up_for_retry"
        assert run.attempt().state == "success"
        assert len(copernica_emulator.imports) == 1

    def test_subprofiles_without_a_key_are_not_sent_twice(self, copernica_emulator: Emulator, deferrable: bool) -> None:
        """Each import would add them anew."""
        rows = [{"Email": "a@example.com", "Order.OrderID": "1"}]
        copernica_emulator.fail("imports", Fault.RESET_AFTER)
        outcome = run_task(lambda: task(source=rows, deferrable=deferrable, retries=2))
        assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 1)
        copernica_emulator.fail("import", Fault.BAD_REQUEST)
        outcome = run_task(lambda: task(source=rows, deferrable=deferrable, retries=2), has_store=False)
        assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 2)

    def test_without_a_store_an_add_is_not_made_twice(self, copernica_emulator: Emulator, deferrable: bool) -> None:
        copernica_emulator.fail("import", Fault.BAD_REQUEST)
        outcome = run_task(lambda: task(action="add", deferrable=deferrable, retries=3), has_store=False)
        assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 1)
        assert "not retried" in str(outcome.error)


class TestExecutionTimeout:
    """Airflow interrupts the worker, in the middle of anything."""

    @staticmethod
    def interrupt(monkeypatch: pytest.MonkeyPatch, method: str, *, after: bool) -> None:
        original = getattr(CopernicaHook, method)
        times = iter([True])

        def interrupted(*args: Any, **kwargs: Any) -> object:
            first = next(times, False)
            result = original(*args, **kwargs) if after or not first else None
            if first:
                raise AirflowTaskTimeout("Timeout, PID: 1")
            return result

        monkeypatch.setattr(CopernicaHook, method, interrupted)

    @pytest.mark.parametrize("has_store", [True, False])
    @pytest.mark.parametrize(("action", "without_store"), [("add", ("failed", 1)), ("update", ("success", 2))])
    def test_while_waiting(
        self,
        copernica_emulator: Emulator,
        monkeypatch: pytest.MonkeyPatch,
        has_store: bool,
        action: str,
        without_store: tuple[str, int],
    ) -> None:
        self.interrupt(monkeypatch, "watch", after=False)
        outcome = run_task(lambda: task(action=action, retries=1), has_store=has_store)
        expected = ("success", 1) if has_store else without_store
        assert (outcome.state, len(copernica_emulator.imports)) == expected, outcome.error
        if outcome.error is not None:
            assert "The import goes on in Copernica" in str(outcome.error)

    @pytest.mark.parametrize("has_store", [True, False])
    @pytest.mark.parametrize(("action", "expected"), [("add", ("failed", 1)), ("update", ("success", 2))])
    def test_while_sending(
        self,
        copernica_emulator: Emulator,
        monkeypatch: pytest.MonkeyPatch,
        has_store: bool,
        action: str,
        expected: tuple[str, int],
    ) -> None:
        self.interrupt(monkeypatch, "post_import", after=True)
        outcome = run_task(lambda: task(action=action, retries=1), has_store=has_store)
        assert (outcome.state, len(copernica_emulator.imports)) == expected, outcome.error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"action": "delete", "source": [{"Email": "a", "Order.ID": "1"}]}, "delete_target"),
        ({"action": "add", "key_fields": None, "source": [{"Email": "a", "Order.ID": "1"}]}, "names no field"),
        ({"source": [{"Name": "a"}]}, "no column 'Email'"),
        ({"source": [{"Email": "a"}, {"Name": "b"}]}, "row 2: field 'Email' is missing"),
        ({"source": [{"Email": " "}]}, "row 1: key field 'Email' is empty"),
        ({"source": "[{'Email': 'a'}]", "format": "json", "name": "{{ ds }}"}, "source=task.output"),
        ({"source": "[{'Email': '{{ x }}'}]", "format": "json", "action": "{{ y }}"}, ""),
        ({"source": "None", "format": "json"}, "source=task.output"),
        ({"min_records": "abc"}, "min_records"),
        ({"min_records": -1}, "min_records"),
        ({"check_fields": "maybe"}, "check_fields"),
        ({"dry_run": "maybe"}, "dry_run"),
        ({"location": "https://example.com/a.json", "min_records": 3}, "leave them out"),
        ({"poll_interval": "10"}, "poll_interval"),
        ({"poll_interval": None}, "poll_interval"),
        ({"timeout": "60"}, "timeout"),
        ({"timeout": 0}, "timeout"),
        ({"source": [{"Email": ""}] * 30_000}, "row 1: key field 'Email' is empty"),
        ({"source": [{"Email": ""}], "dry_run": "false"}, "row 1: key field 'Email' is empty"),
        ({"source": [{"Email": ""}], "dry_run": "{{ params.dry_run }}"}, ""),
        ({"key_fields": "[{[]: 1}]"}, "key_fields"),
        ({"key_fields": "[" * 100_000}, "key_fields"),
    ],
)
def test_what_is_literal_is_checked_at_parse(arguments: dict[str, object], words: str) -> None:
    if not words:
        task(**arguments)
        return
    with pytest.raises(CopernicaArgumentError, match=re.escape(words)):
        task(**arguments)


def test_a_dry_run_reports_faults_of_literal_rows(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    outcome = run_task(lambda: task(source=[{"Email": ""}, {"Email": "a"}], dry_run=True))
    assert outcome.state == "success", outcome.error
    assert "row 1: key field 'Email' is empty" in caplog.text
    assert copernica_emulator.imports == []


def test_a_mapped_task_that_can_not_wait_sends_nothing(copernica_emulator: Emulator) -> None:
    def unmapped() -> CopernicaImportOperator:
        made = task(action="add", retries=2)
        made.poll_interval = -1
        return made

    outcome = run_task(unmapped, has_store=False)
    assert (outcome.state, outcome.attempts, copernica_emulator.imports) == ("failed", 1, [])


@pytest.mark.parametrize("name", ["", "  "])
def test_a_blank_name_is_none(copernica_emulator: Emulator, name: str) -> None:
    run_task(lambda: task(name=name))
    assert posted(copernica_emulator)[0]["name"] == "dag.load run"


@pytest.mark.parametrize("source", ["", "  ", "[]"])
def test_a_template_that_rendered_to_nothing_is_no_rows(copernica_emulator: Emulator, source: str) -> None:
    outcome = run_task(lambda: task(source=source, format="json" if source == "[]" else None))
    assert outcome.state == "skipped", outcome.error
    assert copernica_emulator.requests == []


def test_killing_it_says_what_is_true(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    made = task(wait_for_completion=False)
    made.on_kill()
    assert caplog.text == ""
    TaskRun(lambda: made).run()
    made.on_kill()
    assert "Copernica import 1 'dag.load run'" in caplog.text
    assert "can't stop it" in caplog.text


def test_outcomes_are_the_same_in_both_modes(copernica_emulator: Emulator) -> None:
    def told(outcome: Outcome) -> object:
        status = outcome.xcom["import_status"]
        assert isinstance(status, dict)
        return {key: value for key, value in status.items() if key not in ("import_id", "last_run")}

    sync, deferred = (run_task(lambda each=each: task(deferrable=each)) for each in (False, True))  # type: ignore[misc]
    assert told(sync) == told(deferred)
