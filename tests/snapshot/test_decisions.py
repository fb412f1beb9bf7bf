"""The table of what a run does with what it finds: each of its rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.snapshots import NOW, OWNER, pointer, run

from airflow_provider_copernica.snapshot.decisions import (
    Compare,
    DamagedPointer,
    Decision,
    ImportFate,
    NoPointer,
    NoSnapshot,
    Refuse,
    StoredPointer,
    TryLater,
    decide,
    decide_removal,
    other_columns,
)
from airflow_provider_copernica.snapshot.pointer import Owner


def never(_: int) -> ImportFate:
    raise AssertionError("Copernica is not asked")


def decision(found: dict[str, Any], wants: dict[str, Any] | None = None, fate: ImportFate | None = None) -> Decision:
    ask = never if fate is None else lambda import_id: {5: fate}[import_id]
    return decide(StoredPointer(3, pointer(**found)), run(**(wants or {})), ask)


def test_nothing_is_known() -> None:
    assert decide(NoPointer(), run(), never) == NoSnapshot("there is no snapshot yet")
    assert decide(DamagedPointer(4), run(), never) == NoSnapshot("the last snapshot can't be read")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base_url": "https://other.example.com"}, "another base URL"),
        ({"database": 2}, "another database"),
        ({"key_fields": ("Email", "Name")}, "other key fields"),
    ],
)
def test_another_place(change: dict[str, Any], words: str) -> None:
    for confirmed in (True, False):
        found = decision({"confirmed": confirmed}, change)
        assert isinstance(found, NoSnapshot)
        assert words in found.reason


def test_the_order_of_the_key_fields_does_not_matter() -> None:
    found = decision({"confirmed": True, "key_fields": ("b", "a")}, {"key_fields": ("a", "b")})
    assert isinstance(found, Compare)


@pytest.mark.parametrize("task", [Owner("other", "load"), Owner("dag", "other")])
def test_another_task_is_refused_with_the_way_to_take_over(task: Owner) -> None:
    found = decision({"confirmed": True}, {"task": task})
    assert isinstance(found, Refuse)
    assert "belongs to the task 'dag.load'" in found.message
    assert f"put dag '{task.dag}' and task '{task.task}'" in found.message
    assert "000003.json" in found.message


def test_two_instances_of_a_mapped_task_can_not_share_a_folder() -> None:
    found = {"owner": Owner("dag", "load", 0), "run": "today", "confirmed": True}
    refused = decision(found, {"task": Owner("dag", "load", 1)})
    assert isinstance(refused, Refuse)
    assert "give each a folder of its own" in refused.message
    # what is mapped may have another order in another run
    assert isinstance(decision({**found, "run": "yesterday"}, {"task": Owner("dag", "load", 1)}), Compare)


@pytest.mark.parametrize(
    ("found", "fate", "settled"),
    [
        ({"confirmed": True}, None, True),
        ({"confirmed": True, "import_id": 5}, None, True),
        ({"import_id": 5}, ImportFate.FINISHED, True),
        ({"import_id": 5}, ImportFate.FAILED, False),
        ({"import_id": 5}, ImportFate.UNKNOWN, False),
        ({"given_up": True, "written_at": NOW}, None, False),
        ({"run": "today", "written_at": NOW}, None, False),
        ({"written_at": NOW - timedelta(minutes=61)}, None, False),
        ({"written_at": NOW + timedelta(minutes=61)}, None, False),
    ],
)
def test_compared(found: dict[str, Any], fate: ImportFate | None, settled: bool) -> None:
    made = decision(found, fate=fate)
    assert made == Compare(pointer(**found), settled)


@pytest.mark.parametrize(
    "found",
    [
        {"written_at": NOW - timedelta(minutes=59)},
        {"written_at": NOW + timedelta(minutes=59)},
        {"run": "today", "written_at": NOW, "writer": "remove"},
        {"run": "other", "written_at": NOW},
    ],
)
def test_another_run_is_about_to_send(found: dict[str, Any]) -> None:
    made = decision(found)
    assert isinstance(made, TryLater)
    assert "Another run" in made.message


def test_a_running_import_is_waited_for() -> None:
    made = decision({"import_id": 5, "run": "today"}, fate=ImportFate.RUNNING)
    assert isinstance(made, TryLater)
    assert "Import 5 of the last snapshot is still running" in made.message


@pytest.mark.parametrize(
    ("wants", "words"),
    [
        ({"action": "update"}, "the action was 'update or add'"),
        ({"ignore_empty_fields": True}, "ignore_empty_fields"),
        ({"full_every": timedelta(0)}, "full_every"),
        ({"full_every": timedelta(days=1)}, "full_every"),
    ],
)
def test_everything_is_sent_and_compared_all_the_same(wants: dict[str, Any], words: str) -> None:
    made = decision({"confirmed": True}, wants)
    assert isinstance(made, Compare)
    assert words in (made.full or "")


def test_not_yet_full() -> None:
    made = decision({"confirmed": True}, {"full_every": timedelta(days=1, seconds=1)})
    assert made == Compare(pointer(confirmed=True), settled=True)


@pytest.mark.parametrize(
    ("ahead", "full_every", "is_full"),
    [(10, timedelta(0), True), (10, timedelta(days=7), False), (3_601, timedelta(days=7), True)],
)
def test_a_clock_that_was_ahead(ahead: int, full_every: timedelta, is_full: bool) -> None:
    """Clocks of workers differ by seconds; one that was ahead by years must not put everything off as long."""
    found = {"confirmed": True, "full_at": NOW + timedelta(seconds=ahead)}
    made = decision(found, {"full_every": full_every})
    assert isinstance(made, Compare)
    assert (made.full is not None) is is_full


def test_columns() -> None:
    assert other_columns(pointer(), ("City", "Email")) is None
    assert other_columns(pointer(), ("Email",)) == "the columns are others"
    assert other_columns(pointer(ignore_empty_fields=True), ("Email",)) is None


class TestRemoval:
    """What the task does that removes gone rows."""

    def test_nothing_is_known(self) -> None:
        for found in (NoPointer(), DamagedPointer(1)):
            assert isinstance(decide_removal(found, run(), never), NoSnapshot)

    @pytest.mark.parametrize("change", [{"base_url": "https://x.example.com"}, {"database": 2}, {"key_fields": ("A",)}])
    def test_another_place_is_refused(self, change: dict[str, Any]) -> None:
        found = decide_removal(StoredPointer(1, pointer(confirmed=True)), run(**change), never)
        assert isinstance(found, Refuse)

    def test_it_has_another_owner(self) -> None:
        wants = run(task=Owner("dag", "remove"), key_fields=())
        found = decide_removal(StoredPointer(1, pointer(confirmed=True)), wants, never)
        assert found == Compare(pointer(confirmed=True), settled=True)

    def test_the_import_that_came_before_is_waited_for(self) -> None:
        found = StoredPointer(1, pointer(import_id=5))
        made = decide_removal(found, run(task=Owner("dag", "remove")), lambda _: ImportFate.RUNNING)
        assert isinstance(made, TryLater)
        assert found.pointer.owner == OWNER

    def test_what_another_instance_of_a_mapped_task_is_about_to_remove_is_waited_for(self) -> None:
        written = {"owner": Owner("dag", "load", 0), "writer": "remove", "run": "today", "written_at": NOW}
        found = StoredPointer(1, pointer(**written))
        own = decide_removal(found, run(task=Owner("dag", "remove", 0)), never)
        assert own == Compare(found.pointer, settled=False)
        assert isinstance(decide_removal(found, run(task=Owner("dag", "remove", 1)), never), TryLater)
