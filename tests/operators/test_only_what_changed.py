"""Only what changed, through real task runs: each row of the table of decisions, and each step of a run."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.imports import task
from support.taskrun import FakeTi, Outcome, TaskRun, run_task

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaError
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators._snapshot import SnapshotStep
from airflow_provider_copernica.operators._verify import VerifyStep
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Rejects, Snapshot, Verify
from airflow_provider_copernica.snapshot.settings import read_snapshot_settings
from airflow_provider_copernica.snapshot.store import SnapshotFolder
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator

pytestmark = pytest.mark.usefixtures("copernica_connection")

Rows = dict[str, str]
A, B, C = {"a@x.nl": "Gent"}, {"b@x.nl": "Ede"}, {"c@x.nl": "Breda"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secret-folder" / "customers"


@pytest.fixture
def database(copernica_emulator: Emulator) -> int:
    """An empty one."""
    return copernica_emulator.add_database("customers", ["Email", "City", "Country"])


@pytest.fixture
def night(folder: Path, database: int, copernica_emulator: Emulator) -> Callable[..., Outcome]:
    """Run the task, with the rows of that night."""
    copernica_emulator.import_seconds = 0.05

    def run(rows: Any, options: dict[str, Any] | None = None, *, has_store: bool = True, **arguments: Any) -> Outcome:
        source = [{"Email": key, "City": city} for key, city in rows.items()] if isinstance(rows, dict) else rows
        made = lambda: task(  # noqa: E731 - made anew for each attempt
            **{
                "source": list(source) if isinstance(source, list) else source,
                "database": database,
                "snapshot": Snapshot(folder.as_uri(), **(options or {})),
                **arguments,
            }
        )
        return run_task(made, has_store=has_store)

    return run


def sent(emulator: Emulator) -> list[list[str]]:
    """The keys that each POST had."""
    bodies = [json.loads(r.body) for r in emulator.requests if r.method == "POST" and r.path.endswith("imports")]
    return [sorted(row["Email"] for row in body["source"]) for body in bodies]


def held(emulator: Emulator, database: int) -> Rows:
    profiles: Any = emulator.profiles(database)
    return {profile["fields"]["Email"]: profile["fields"]["City"] for profile in profiles}


def settle(emulator: Emulator) -> None:
    """Wait until every import has ended."""
    while any(each.state not in ("finished", "failed") for each in emulator.imports):
        time.sleep(0.01)


def counts(outcome: Outcome) -> dict[str, Any]:
    pushed: Any = outcome.xcom["import_outcome"]
    return dict(pushed["snapshot"])


def pointer_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(max(folder.glob("*.json")).read_text())
    return found


def change_pointer(folder: Path, **values: Any) -> None:
    path = max(folder.glob("*.json"))
    path.write_text(json.dumps({**pointer_of(folder), **values}))


@pytest.fixture(params=["worker", "triggerer", "not waiting"])
def waiting(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {
        "worker": {},
        "triggerer": {"deferrable": True},
        "not waiting": {"wait_for_completion": False},
    }[str(request.param)]


@pytest.mark.parametrize("has_store", [True, False])
def test_nights(
    night: Any, waiting: Any, has_store: bool, copernica_emulator: Emulator, database: int, folder: Path
) -> None:
    def run(rows: Rows) -> Outcome:
        outcome: Outcome = night(rows, has_store=has_store, **waiting)
        assert outcome.state == "success", outcome.error
        settle(copernica_emulator)
        return outcome

    first = run({**A, **B})
    assert counts(first) == {"rows": 2, "sent": 2, "new": 2, "changed": 0, "again": 0, "gone": 0, "full": True}
    assert pointer_of(folder)["confirmed"] is ("wait_for_completion" not in waiting)
    second = run({**A, **B})
    assert second.result is None
    assert counts(second)["sent"] == 0
    assert pointer_of(folder)["confirmed"] is True
    third = run({**A, "b@x.nl": "Epe", **C})
    assert isinstance(third.result, int)
    assert counts(third) == {"rows": 3, "sent": 2, "new": 1, "changed": 1, "again": 0, "gone": 0, "full": False}
    fourth = run({"b@x.nl": "Epe", **C})
    assert (fourth.result, counts(fourth)["gone"]) == (None, 1)
    assert sent(copernica_emulator) == [["a@x.nl", "b@x.nl"], ["b@x.nl", "c@x.nl"]]
    assert held(copernica_emulator, database) == {**A, "b@x.nl": "Epe", **C}
    if "wait_for_completion" not in waiting:
        assert len([*folder.iterdir()]) == 2  # older files are removed


def test_nothing_of_the_rows_is_stored_or_logged(night: Any, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert night(A).state == "success"
    assert night({}, {"max_removed": 0}).state == "failed"
    stored = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"a@x.nl" not in stored
    assert b"Gent" not in stored
    assert "a@x.nl" not in caplog.text
    own = "".join(each.getMessage() for each in caplog.records if each.name.startswith("airflow_provider_copernica"))
    assert "secret-folder" not in own
    assert night(A, {"on_removed": "hand_over", "max_removed": 1}).state == "success"
    assert b'["a@x.nl"]' in b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize(
    ("source", "arguments"),
    [
        ("Email;City\na@x.nl;Gent\nb@x.nl;Ede\n", {"format": "csv", "delimiter": ";"}),
        ('[{"City": "Gent", "Email": "a@x.nl"}, {"City": "Ede", "Email": "b@x.nl"}]', {"format": "json"}),
    ],
)
def test_text_is_sent_as_rows(night: Any, source: str, arguments: Any, copernica_emulator: Emulator) -> None:
    assert night({**A, "b@x.nl": "Assen"}).state == "success"
    assert night(source, **arguments).state == "success"
    assert sent(copernica_emulator)[-1] == ["b@x.nl"]


def test_a_repeated_key_fails_for_good(night: Any, copernica_emulator: Emulator) -> None:
    rows = [{"Email": "a@x.nl", "City": city} for city in ("Gent", "Ede")]
    outcome = night(rows, retries=1)
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "1 of 2 rows have the same key as an earlier row" in str(outcome.error)
    assert sent(copernica_emulator) == []


def test_min_records_counts_the_rows_of_the_source(night: Any) -> None:
    assert night({**A, **B}).state == "success"
    assert night({**A, **B}, min_records=2).state == "success"
    assert "There are 1 rows, and min_records" in str(night(A, min_records=2).error)


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ({**A, "b@x.nl": "Epe", **C}, {"max_changed": 1}, "2 of 3 rows are new or changed"),
        ({**A, "b@x.nl": "Epe"}, {"max_changed": "49%"}, "max_changed allows 49%"),
        (A, {"max_removed": "49%"}, "1 of the 2 rows before are gone"),
        ({}, {"max_removed": "100%"}, "The source has no rows, so that all 2 rows before are gone"),
    ],
)
def test_budgets(night: Any, rows: Rows, options: Any, words: str, copernica_emulator: Emulator) -> None:
    assert night({**A, **B}, options).state == "success"
    for more in ({}, {"dry_run": True}):
        outcome = night(rows, options, retries=1, **more)
        assert (outcome.state, outcome.attempts) == ("failed", 2)
        assert words in str(outcome.error)
        assert "nothing was sent" in str(outcome.error)
    assert len(sent(copernica_emulator)) == 1
    if rows:
        assert night(rows, dict.fromkeys(options, "100%")).state == "success"


def test_an_empty_source_is_skipped_where_it_does_not_matter_what_is_gone(night: Any) -> None:
    assert night(A).state == "success"
    assert night({}).state == "skipped"
    assert night(A).result is None


def test_a_dry_run_reports_and_changes_nothing(night: Any, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert night({**A, **B}).state == "success"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    outcome = night({"b@x.nl": "Epe", **C}, dry_run=True)
    assert (outcome.state, outcome.result) == ("success", None)
    assert "Of 2 rows 1 changed, 1 is new, 1 is gone." in caplog.text
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({"options": {"full_every": 0}}, "full_every is over"),
        ({"action": "update"}, "the action was 'update or add' before"),
        ({"ignore_empty_fields": True}, "ignore_empty_fields was another"),
    ],
)
def test_everything_is_sent(
    night: Any, second: dict[str, Any], words: str, copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert night({**A, **B}).state == "success"
    outcome = night(A, second.pop("options", None), **second)
    assert outcome.state == "success", outcome.error
    assert (counts(outcome)["full"], counts(outcome)["gone"]) == (True, 1)
    assert sent(copernica_emulator)[-1] == ["a@x.nl"]
    assert f"Everything is sent, since {words}." in caplog.text


def test_other_columns_and_other_key_fields(night: Any, copernica_emulator: Emulator) -> None:
    assert night({**A, **B}).state == "success"
    wide = [{"Email": "a@x.nl", "City": "Gent", "Country": ""}, {"Email": "b@x.nl", "City": "Ede", "Country": ""}]
    assert counts(night(wide))["full"] is True
    assert counts(night([{**wide[0], "City": "Epe"}], ignore_empty_fields=False))["changed"] == 1
    keys = night(wide, key_fields=["Email", "City"])
    assert counts(keys) == {"rows": 2, "sent": 2, "new": 2, "changed": 0, "again": 0, "gone": 0, "full": True}


def test_the_order_of_columns_and_rows_does_not_matter(night: Any) -> None:
    assert night({**A, **B}).state == "success"
    rows = [{"City": "Ede", "Email": "b@x.nl"}, {"City": "Gent", "Email": "a@x.nl"}]
    assert night(rows).result is None


def test_columns_that_come_up_later(night: Any, copernica_emulator: Emulator) -> None:
    rows = [{"Email": "a@x.nl", "City": "Gent"}, {"Email": "b@x.nl", "Country": "NL"}]
    assert night(rows, ignore_empty_fields=True).state == "success"
    assert night(rows[::-1], ignore_empty_fields=True).result is None
    assert night([*rows, {"Email": "c@x.nl", "City": ""}], ignore_empty_fields=True).state == "success"
    assert sent(copernica_emulator)[-1] == ["c@x.nl"]


def test_with_ignore_or_add_only_the_keys_count(night: Any, copernica_emulator: Emulator) -> None:
    assert night({**A, **B}, action="ignore or add").state == "success"
    assert night({"a@x.nl": "Epe", **B}, action="ignore or add").result is None
    assert night({**A, **B, **C}, action="ignore or add").state == "success"
    assert sent(copernica_emulator)[-1] == ["c@x.nl"]


class TestFailures:
    """What was on its way is sent again."""

    @pytest.mark.parametrize("after_lines", [0, 1])
    def test_an_import_that_failed(
        self, night: Any, waiting: Any, after_lines: int, copernica_emulator: Emulator, database: int
    ) -> None:
        assert night(A).state == "success"
        copernica_emulator.failing_imports("Disk full", after_lines=after_lines)
        failed = night({**A, **B, **C}, **waiting)
        assert failed.state == ("success" if "wait_for_completion" in waiting else "failed")
        settle(copernica_emulator)
        copernica_emulator.failing_imports(None)
        outcome = night({**A, **B, "c@x.nl": "Epe"}, {"max_changed": 0})
        assert outcome.state == "success", outcome.error
        assert counts(outcome)["again"] == 2
        assert sent(copernica_emulator)[1:] == [["b@x.nl", "c@x.nl"]] * 2
        assert held(copernica_emulator, database) == {**A, **B, "c@x.nl": "Epe"}

    def test_an_import_that_copernica_does_not_know(self, night: Any, copernica_emulator: Emulator) -> None:
        first = night(A, wait_for_completion=False)
        copernica_emulator.forget_import(first.result)
        assert night(A).state == "success"
        assert sent(copernica_emulator) == [["a@x.nl"]] * 2

    @pytest.mark.parametrize("has_store", [True, False])
    def test_a_running_import(self, night: Any, has_store: bool, copernica_emulator: Emulator) -> None:
        copernica_emulator.import_seconds = 60
        assert night(A, wait_for_completion=False).state == "success"
        outcome = night({**A, **B}, retries=1, has_store=has_store)
        assert (outcome.state, outcome.attempts) == ("failed", 2)
        assert "Import 1 of the last snapshot is still running, so nothing was sent" in str(outcome.error)
        assert len(sent(copernica_emulator)) == 1

    @pytest.mark.parametrize("durable", [True, False])
    @pytest.mark.parametrize("place", ["before the POST", "after the POST", "after the ID"])
    def test_a_worker_that_is_lost(
        self,
        night: Any,
        place: str,
        durable: bool,
        copernica_emulator: Emulator,
        database: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        assert night(A).state == "success"

        class Lost(BaseException):
            """The worker is gone."""

        def lose(*args: object, **kwargs: object) -> None:
            raise Lost

        with monkeypatch.context() as patched:
            if place == "before the POST":
                patched.setattr(CopernicaHook, "post_import", lose)
            elif place == "after the POST":
                patched.setattr(SnapshotStep, "after_post", lose)
            else:
                patched.setattr(CopernicaHook, "watch", lose)
            with pytest.raises(Lost):
                night({**A, **B}, durable=durable)
        settle(copernica_emulator)
        outcome = night({**A, **B}, durable=durable)
        assert outcome.state == "success", outcome.error
        assert held(copernica_emulator, database) == {**A, **B}
        assert len(sent(copernica_emulator)) == (3 if place == "after the POST" else 2)

    def test_a_post_that_was_refused(self, night: Any, copernica_emulator: Emulator, database: int) -> None:
        copernica_emulator.fail("imports", Fault.BAD_REQUEST)
        assert night(A).state == "failed"
        assert night(A).state == "success"
        assert held(copernica_emulator, database) == A

    def test_another_run_is_about_to_send(self, night: Any, folder: Path, copernica_emulator: Emulator) -> None:
        assert night(A).state == "success"
        change_pointer(folder, confirmed=False, import_id=None, run="another")
        outcome = night({**A, **B}, retries=1)
        assert (outcome.state, outcome.attempts) == ("failed", 2)
        assert "Another run ('another') is about to send" in str(outcome.error)
        change_pointer(folder, written_at="2026-01-01T00:00:00+00:00")
        assert counts(night({**A, **B}))["again"] == 1

    def test_two_runs_at_once(self, night: Any, copernica_emulator: Emulator, database: int) -> None:
        """The second one takes up the snapshot while the rows of the first one are read."""
        inner: list[Outcome] = []

        def rows() -> Iterator[dict[str, str]]:
            yield {"Email": "a@x.nl", "City": "old"}
            if not inner:
                inner.append(night({**A, **B}))
                assert inner[0].state == "success"

        class Again:
            def __iter__(self) -> Iterator[dict[str, str]]:
                return rows()

        outcome = night(Again())
        assert outcome.state == "failed"
        assert "Another run of this task took up the snapshot meanwhile" in str(outcome.error)
        assert held(copernica_emulator, database) == {**A, **B}
        assert night({"a@x.nl": "old"}).state == "success"
        assert held(copernica_emulator, database) == {"a@x.nl": "old", **B}

    @pytest.mark.parametrize("waits", [{}, {"deferrable": True}])
    def test_an_import_that_was_not_accepted(
        self, night: Any, waits: Any, folder: Path, copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*args: object, **kwargs: object) -> None:
            raise CopernicaError("The database is not what was asked for")

        with monkeypatch.context() as patched:
            patched.setattr(VerifyStep, "after_end", refuse)
            assert night(A, verify=Verify(sample=0), **waits).state == "failed"
        found = pointer_of(folder)
        assert (found["import_id"], found["confirmed"], found["given_up"]) == (None, False, True)
        outcome = night(A, verify=Verify(), **waits)
        assert outcome.state == "success", outcome.error
        assert counts(outcome)["again"] == 1
        assert pointer_of(folder)["confirmed"] is True


class TestStorage:
    """A storage that fails."""

    @pytest.mark.parametrize("method", ["find", "open_records", "write"])
    def test_before_the_post_nothing_is_sent(
        self, night: Any, method: str, copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert night(A).state == "success"

        def fail(*args: object, **kwargs: object) -> None:
            raise CopernicaError("The snapshot could not be read (PermissionError)")

        monkeypatch.setattr(SnapshotFolder, method, fail)
        outcome = night({**A, **B}, retries=1)
        assert (outcome.state, outcome.attempts) == ("failed", 2)
        assert len(sent(copernica_emulator)) == 1

    def test_after_the_post_it_is_a_warning(
        self,
        night: Any,
        folder: Path,
        copernica_emulator: Emulator,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(*args: object, **kwargs: object) -> None:
            raise PermissionError("password=hunter2")

        with monkeypatch.context() as patched:
            patched.setattr(SnapshotFolder, "replace", fail)
            assert night(A).state == "success"
        assert "The ID of import 1 could not be put into the snapshot (PermissionError)" in caplog.text
        assert "The snapshot could not be confirmed (PermissionError)" in caplog.text
        assert "hunter2" not in caplog.text
        assert pointer_of(folder)["confirmed"] is False
        assert counts(night({**A, **B}))["again"] == 1

    def test_only_the_confirmation_fails(
        self, night: Any, folder: Path, copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(SnapshotStep, "after_end", lambda *args, **kwargs: None)
            assert night(A).state == "success"
        assert (pointer_of(folder)["import_id"], pointer_of(folder)["confirmed"]) == (1, False)
        assert night(A).result is None
        assert pointer_of(folder)["confirmed"] is True

    @pytest.mark.parametrize("what", ["*.json", "*.records"])
    def test_damaged_files(
        self, night: Any, folder: Path, what: str, copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        assert night(A).state == "success"
        (path,) = folder.glob(what)
        path.write_bytes(path.read_bytes()[:-1])
        outcome = night({**A, **B})
        assert outcome.state == "success", outcome.error
        assert sent(copernica_emulator)[-1] == ["a@x.nl", "b@x.nl"]
        assert "last snapshot can't be read; which rows are gone is not known" in caplog.text
        assert night({**A, **B}).result is None

    @pytest.mark.parametrize("path", ["nowhere://bucket/x", "gs://bucket/x"])
    def test_a_storage_that_airflow_does_not_know_fails_for_good(self, path: str, database: int) -> None:
        outcome = run_task(lambda: task(database=database, snapshot=Snapshot(path), retries=1))
        assert (outcome.state, outcome.attempts) == ("failed", 1)
        assert "snapshot: Airflow can't write to this storage" in str(outcome.error)


def test_another_task_is_refused(night: Any, folder: Path, copernica_emulator: Emulator) -> None:
    assert night(A).state == "success"
    outcome = night({**A, **B}, task_id="renamed", retries=1)
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "put dag 'dag' and task 'renamed' in the place of the old names under 'owner'" in str(outcome.error)
    change_pointer(folder, owner={"dag": "dag", "task": "renamed", "map_index": -1})
    assert counts(night({**A, **B}, task_id="renamed"))["new"] == 1


def test_a_clear_sends_what_changed_since(folder: Path, database: int, copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 0.05
    rows = [{"Email": "a@x.nl", "City": "Gent"}]
    run = TaskRun(lambda: task(source=list(rows), database=database, snapshot=Snapshot(folder.as_uri())))
    assert run.run().state == "success"
    run.clear()
    assert run.run().result is None
    rows.append({"Email": "b@x.nl", "City": "Ede"})
    run.clear()
    assert run.run().result == 2
    assert sent(copernica_emulator) == [["a@x.nl"], ["b@x.nl"]]


def test_with_rejects(night: Any, tmp_path: Path, copernica_emulator: Emulator) -> None:
    rejects = Rejects((tmp_path / "rejects.jsonl").as_uri(), at_most=1)
    options = {"max_removed": 0}
    assert night({**A, **B}, options).state == "success"
    bad = [{"Email": "a@x.nl", "City": "Epe"}, {"Email": "b@x.nl", "City": float("nan")}]
    outcome = night(bad, options, rejects=rejects)
    assert outcome.state == "success", outcome.error
    assert (counts(outcome)["changed"], counts(outcome)["gone"]) == (1, 0)
    assert night({"a@x.nl": "Epe", **B}, options).result is None
    assert "1 of the 2 rows before are gone" in str(night({"a@x.nl": "Epe"}, options).error)
    assert sent(copernica_emulator) == [["a@x.nl", "b@x.nl"], ["a@x.nl"]]


def test_rows_that_were_on_their_way_and_are_rejected_now_are_sent_later(
    night: Any, tmp_path: Path, copernica_emulator: Emulator, database: int
) -> None:
    rejects = Rejects((tmp_path / "rejects.jsonl").as_uri(), at_most=1)
    copernica_emulator.failing_imports("Disk full")
    assert night({**A, **B}).state == "failed"
    copernica_emulator.failing_imports(None)
    bad = [{"Email": "a@x.nl", "City": "Gent"}, {"Email": "b@x.nl", "City": float("nan")}]
    assert night(bad, rejects=rejects).state == "success"
    assert night({**A, **B}).state == "success"
    assert held(copernica_emulator, database) == {**A, **B}


class TestAtParse:
    """What is wrong is said before anything runs."""

    @pytest.mark.parametrize("path", ["x", "s3://bucket/{{ dag.dag_id }}"])
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"action": "add"}, "can't go with action 'add'"),
            ({"action": "delete"}, "can't go with action 'delete'"),
            ({"remove_missing": "true"}, "can't go with remove_missing"),
            ({"autostart": "false", "wait_for_completion": False}, "autostart=False"),
            ({"followups": True}, "followups"),
            ({"location": "https://example.com/x.csv"}, "with location"),
            ({"location": "{{ params.url }}"}, "with location"),
            ({"source": [{"Email": "a", "Order.Total": "1"}]}, "a collection has no key field"),
        ],
    )
    def test_what_can_not_go_with_it(self, path: str, arguments: dict[str, Any], words: str) -> None:
        with pytest.raises(CopernicaArgumentError, match=words):
            task(snapshot=Snapshot(path), **arguments)

    def test_presign(self) -> None:
        with pytest.raises(CopernicaArgumentError, match="so snapshot can't apply"):
            ObjectStorageToCopernicaOperator(
                task_id="x", path="s3://b/x.csv", presign=True, database=1, action="update", key_fields=["Email"],
                snapshot=Snapshot("x"),
            )  # fmt: skip

    def test_one_folder_for_all_instances_of_a_mapped_task(self) -> None:
        for path in ("s3://bucket/x", "s3://bucket/{{ ti.map_index }}"):
            with pytest.raises(CopernicaArgumentError, match="a folder for each instance"):
                CopernicaImportOperator.partial(
                    task_id="x", action="update", key_fields=["Email"], snapshot=Snapshot(path)
                )
        CopernicaImportOperator.partial(
            task_id="x", action="update", key_fields=["Email"], snapshot=Snapshot("s3://b/{{ task.database }}")
        )

    def test_columns_are_checked_when_the_rows_are_read(self, night: Any, copernica_emulator: Emulator) -> None:
        outcome = night(iter([{"Email": "a", "Order.Total": "1"}]), check_fields=False, retries=1)
        assert (outcome.state, outcome.attempts) == ("failed", 1)
        assert "name one in key_fields, like 'Order.OrderID'" in str(outcome.error)
        assert sent(copernica_emulator) == []


def test_arguments_are_templates(folder: Path, database: int) -> None:
    options = Snapshot(
        "file://{{ params.folder }}",
        max_changed="{{ params.max_changed }}",
        max_removed="{{ params.nothing }}",
        full_every="{{ params.days }}",
        object_storage_conn_id="{{ params.nothing }}",
    )
    made = task(database=database, snapshot=options)
    values = {"folder": str(folder), "max_changed": "1%", "nothing": None, "days": 0}
    made.render_template_fields({"params": values})  # type: ignore[arg-type]  # enough
    read = read_snapshot_settings(made.snapshot)
    assert (read.path, str(read.max_changed), read.max_removed) == (folder.as_uri(), "1%", None)
    assert (read.full_every, read.object_storage_conn_id) == (timedelta(0), None)


class TestNothingWasKept:
    """A task that Airflow wakes without the trigger's event, and without a record of the attempt."""

    @pytest.fixture
    def step(self, folder: Path) -> SnapshotStep:
        context: Any = {"ti": FakeTi("load", 1, 0), "run_id": "run"}
        return SnapshotStep(read_snapshot_settings(Snapshot(folder.as_uri())), context)

    @pytest.mark.parametrize("kept", [None, {}])
    def test_the_pointer_of_the_import_is_confirmed(self, night: Any, step: Any, folder: Path, kept: Any) -> None:
        made = night(A, wait_for_completion=False).result
        step.after_end(None, CopernicaImport(made + 1, "another"), kept, None, None)
        assert pointer_of(folder)["confirmed"] is False
        step.after_end(None, CopernicaImport(made, "it"), kept, None, None)
        assert pointer_of(folder)["confirmed"] is True

    def test_the_pointer_of_the_run_is_given_up(self, night: Any, step: Any, folder: Path) -> None:
        assert night(A, wait_for_completion=False).state == "success"
        change_pointer(folder, run="another")
        step.after_refusal(None)
        assert pointer_of(folder)["given_up"] is False
        change_pointer(folder, run="run")
        step.after_refusal(None)
        assert (pointer_of(folder)["given_up"], pointer_of(folder)["import_id"]) == (True, None)

    def test_a_later_run_is_left_alone(
        self, night: Any, step: Any, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert night(A).state == "success"
        before = pointer_of(folder)
        step.after_end(None, CopernicaImport(1, "it"), {"number": 0, "nonce": "x"}, None, None)
        step.after_refusal({"number": 1, "nonce": "x"})
        assert pointer_of(folder) == before
        assert "A later run has taken up the snapshot before import 1 had finished" in caplog.text
