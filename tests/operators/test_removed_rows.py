"""What is gone from a source is removed by a second task, through real task runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.imports import task
from support.taskrun import Outcome, run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators.removed_rows import CopernicaRemovedRowsOperator
from airflow_provider_copernica.options import Rejects, Snapshot

pytestmark = pytest.mark.usefixtures("copernica_connection")

Rows = dict[str, str]
A, B, C = {"a@x.nl": "Gent"}, {"b@x.nl": "Ede"}, {"c@x.nl": "Breda"}


@pytest.fixture
def database(copernica_emulator: Emulator) -> int:
    copernica_emulator.import_seconds = 0.05
    return copernica_emulator.add_database(
        "customers", ["Email", "City", "Newsletter"], collections={"Order": ["ID", "Total"]}
    )


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return Snapshot((tmp_path / "state").as_uri(), on_removed="hand_over", max_removed=5)


@pytest.fixture
def sync(database: int, snapshot: Snapshot) -> Callable[..., Outcome]:
    def run(rows: Any, **arguments: Any) -> Outcome:
        source = [{"Email": key, "City": city} for key, city in rows.items()] if isinstance(rows, dict) else rows
        outcome = run_task(lambda: task(**{"source": source, "database": database, "snapshot": snapshot, **arguments}))
        assert outcome.state == "success", outcome.error
        return outcome

    return run


@pytest.fixture
def remove(database: int, snapshot: Snapshot) -> Callable[..., Outcome]:
    def run(**arguments: Any) -> Outcome:
        given = {"task_id": "remove", "database": database, "snapshot": snapshot, "poll_interval": 0.1, **arguments}
        return run_task(lambda: CopernicaRemovedRowsOperator(**given))

    return run


def held(emulator: Emulator, database: int, field: str = "City") -> Rows:
    profiles: Any = emulator.profiles(database)
    return {profile["fields"]["Email"]: profile["fields"][field] for profile in profiles}


def posted(emulator: Emulator) -> list[dict[str, Any]]:
    return [json.loads(r.body) for r in emulator.requests if r.method == "POST" and r.path.endswith("imports")]


@pytest.mark.parametrize("waits", [{}, {"deferrable": True}, {"wait_for_completion": False}])
def test_gone_rows_are_deleted_once(
    sync: Any, remove: Any, waits: Any, copernica_emulator: Emulator, database: int
) -> None:
    sync({**A, **B, **C})
    assert remove(**waits).state == "skipped"
    sync(A)
    outcome = remove(**waits)
    assert outcome.state == "success", outcome.error
    assert outcome.xcom["import_outcome"] == {"snapshot": {"gone": 2}}
    while copernica_emulator.imports[-1].state != "finished":
        time.sleep(0.01)
    assert held(copernica_emulator, database) == A
    body = posted(copernica_emulator)[-1]
    assert (body["action"], body["keyFields"]) == ("delete", ["Email"])
    assert [*body["source"][0]] == ["Email"]
    assert remove(**waits).state == "skipped"
    sync({**A, **B})
    assert held(copernica_emulator, database) == {**A, **B}


def test_they_may_get_a_value_instead(sync: Any, remove: Any, copernica_emulator: Emulator, database: int) -> None:
    sync({**A, **B})
    sync(A)
    assert remove(set={"Newsletter": "{{ 'no' }}"}).state == "success"
    assert posted(copernica_emulator)[-1]["action"] == "update"
    assert held(copernica_emulator, database, "Newsletter")["b@x.nl"] == "{{ 'no' }}"  # nobody has rendered it here


def test_what_is_back_is_not_removed(sync: Any, remove: Any, copernica_emulator: Emulator, database: int) -> None:
    sync({**A, **B, **C})
    sync(A)
    assert sync({**A, **B}).result is None
    assert remove().state == "success"
    assert held(copernica_emulator, database) == {**A, **B}


@pytest.mark.parametrize("after_lines", [0, 1])
def test_what_could_not_be_finished_is_taken_up(
    sync: Any, remove: Any, after_lines: int, copernica_emulator: Emulator, database: int
) -> None:
    sync({**A, **B, **C})
    sync(A)
    copernica_emulator.failing_imports("Disk full", after_lines=after_lines)
    assert remove().state == "failed"
    copernica_emulator.failing_imports(None)
    sync({**A, **B})  # b may have been removed by then
    assert held(copernica_emulator, database) == (
        {**A, **B, **C} if not after_lines else held(copernica_emulator, database)
    )
    assert remove().xcom["import_outcome"] == {"snapshot": {"gone": 1}}
    assert held(copernica_emulator, database) == {**A, **B}


def test_a_running_import_of_the_other_task_is_waited_for(sync: Any, remove: Any, copernica_emulator: Emulator) -> None:
    sync({**A, **B})
    copernica_emulator.import_seconds = 60
    sync({"a@x.nl": "Epe"}, wait_for_completion=False)
    outcome = remove(retries=1)
    assert (outcome.state, outcome.attempts) == ("failed", 2)
    assert "still running" in str(outcome.error)
    assert len(posted(copernica_emulator)) == 2


def test_a_run_that_a_whole_later_one_has_overtaken_sends_nothing(
    database: int, snapshot: Snapshot, sync: Any, remove: Any, copernica_emulator: Emulator
) -> None:
    """Both of its tasks have written a pointer and removed older ones while the slow run reads its rows."""

    class Slow:
        def __iter__(self) -> Iterator[dict[str, str]]:
            yield {"Email": "a@x.nl", "City": "old"}
            sync({"a@x.nl": "new"})
            assert remove().state == "success"

    sync({**A, **B})
    outcome = run_task(lambda: task(source=Slow(), database=database, snapshot=snapshot))
    assert outcome.state == "failed"
    assert "Another run of this task took up the snapshot meanwhile" in str(outcome.error)
    assert held(copernica_emulator, database) == {"a@x.nl": "new"}
    assert sync({"a@x.nl": "new"}).result is None


def test_nothing_is_removed_while_rows_are_rejected(sync: Any, remove: Any, tmp_path: Path) -> None:
    sync({**A, **B})
    sync(A)
    rejects = Rejects((tmp_path / "rejects.jsonl").as_uri(), at_most=1)
    sync([{"Email": "a@x.nl", "City": "Gent"}, {"Email": "b@x.nl", "City": float("nan")}], rejects=rejects)
    outcome = remove()
    assert outcome.state == "skipped"
    assert "1 rows were rejected" in str(outcome.error)
    sync(A)
    assert remove().state == "success"


def test_subprofiles(sync: Any, remove: Any, copernica_emulator: Emulator, database: int) -> None:
    rows = [{"Email": "a@x.nl", "Order.ID": number, "Order.Total": "5"} for number in ("1", "2")]
    keys = {"key_fields": ["Email", "Order.ID"]}
    sync(rows, **keys)
    sync(rows[:1], **keys)
    failed = remove()
    assert "needs delete_target" in str(failed.error)
    assert remove(delete_target="subprofile").state == "success"
    subprofiles: Any = copernica_emulator.subprofiles(database, "Order")
    assert [each["fields"]["ID"] for each in subprofiles] == ["1"]


def test_a_key_that_is_back_in_another_case_is_not_removed(
    sync: Any, remove: Any, copernica_emulator: Emulator, database: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Copernica may take both for the same profile."""
    sync({"A@x.nl": "Gent", **B, **C})
    sync({**A, **C})
    assert remove().xcom["import_outcome"] == {"snapshot": {"gone": 1}}
    assert held(copernica_emulator, database) == {"A@x.nl": "Gent", **A, **C}
    assert "1 of the rows that are gone are not removed" in caplog.text
    assert remove().state == "skipped"
    sync(C)
    assert remove().xcom["import_outcome"] == {"snapshot": {"gone": 2}}
    assert held(copernica_emulator, database) == C


@pytest.mark.parametrize(
    ("gone", "back"),
    [("zoë@x.nl", "zoe@x.nl"), ("zoe\u0308@x.nl", "zoë@x.nl"), ("007", "7"), ("7.0", "7"), ("-0.50", "-0.5")],
)
def test_a_key_that_is_back_in_another_notation_is_not_removed(
    sync: Any, remove: Any, gone: str, back: str, copernica_emulator: Emulator, database: int
) -> None:
    """Many databases compare without accents, and a field of numbers holds numbers."""
    sync({gone: "Gent", **B})
    sync({back: "Gent", **B})
    assert remove().state == "skipped"
    sync(B)
    assert remove().xcom["import_outcome"] == {"snapshot": {"gone": 2}}
    assert held(copernica_emulator, database) == B


@pytest.mark.parametrize(("gone", "left"), [("70", "7"), ("-7", "7"), ("7.05", "7.5"), ("zo@x.nl", "zoë@x.nl")])
def test_a_key_that_is_another_one_is_removed(
    sync: Any, remove: Any, gone: str, left: str, copernica_emulator: Emulator, database: int
) -> None:
    sync({gone: "Gent", left: "Ede"})
    sync({left: "Ede"})
    assert remove().xcom["import_outcome"] == {"snapshot": {"gone": 1}}
    assert held(copernica_emulator, database) == {left: "Ede"}


ORDERS = [{"Email": key, "Order.ID": number} for key, number in (("a@x.nl", "1"), ("a@x.nl", "2"), ("b@x.nl", "3"))]
BY_ORDER = {"key_fields": ["Email", "Order.ID"]}


@pytest.mark.parametrize("target", ["profile", " profile"])  # as a template may render it
def test_a_profile_is_not_removed_while_a_row_has_it(
    sync: Any, remove: Any, target: str, copernica_emulator: Emulator, database: int
) -> None:
    sync(ORDERS, **BY_ORDER)
    sync(ORDERS[:1], **BY_ORDER)
    assert remove(delete_target=target).xcom["import_outcome"] == {"snapshot": {"gone": 1}}
    assert [*held(copernica_emulator, database)] == ["a@x.nl"]


@pytest.mark.parametrize(("values", "gone"), [({"Newsletter": "no"}, 1), ({"Order.Total": "0"}, 2)])
def test_a_value_of_a_profile_is_not_set_while_a_row_has_it(sync: Any, remove: Any, values: Any, gone: int) -> None:
    sync(ORDERS, **BY_ORDER)
    sync(ORDERS[:1], **BY_ORDER)
    assert remove(set=values).xcom["import_outcome"] == {"snapshot": {"gone": gone}}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"database": 1}, "the folder holds the snapshot of another database"),
        ({"key_fields": ["City"]}, "rows with other key fields"),
        ({"set": {"Email": "x"}}, "'Email' is a key field"),
    ],
)
def test_what_does_not_fit_fails_for_good(
    sync: Any, remove: Any, arguments: Any, words: str, copernica_emulator: Emulator
) -> None:
    sync({**A, **B})
    sync(A)
    outcome = remove(retries=1, **arguments)
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert words in str(outcome.error)
    assert len(posted(copernica_emulator)) == 1


def test_a_dry_run(sync: Any, remove: Any, copernica_emulator: Emulator) -> None:
    sync({**A, **B})
    sync(A)
    assert remove(dry_run=True).state == "success"
    assert len(posted(copernica_emulator)) == 1
    assert remove().state == "success"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"source": [{"Email": "x"}]}, "the rows come from the snapshot: leave source out"),
        ({"rejects": {"path": "x"}}, "leave rejects out"),
        ({"remove_missing": True}, "leave remove_missing out"),
        ({"action": "update"}, "needs set"),
        ({"database": "x"}, "database must be a whole number"),
        ({"action": "add"}, "action must be 'delete', or 'update'"),
        ({"set": {}}, "set must be a dict"),
        ({"followups": True}, "snapshot can't go with followups"),
        ({"autostart": False, "wait_for_completion": False}, "snapshot can't go with autostart=False"),
        ({"key_fields": ["Order.ID"]}, "needs delete_target"),
    ],
)
def test_at_parse(arguments: Any, words: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=words):
        CopernicaRemovedRowsOperator(**{"task_id": "x", "database": 1, "snapshot": Snapshot("x"), **arguments})
