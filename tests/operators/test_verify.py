"""Looking at the database after an import, through real task runs against the emulator."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from support.imports import ROWS, task
from support.taskrun import FakeTi, Outcome, TaskRun, run_task

from airflow_provider_copernica.assets.copernica import create_asset
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.emulator.faults import FaultOptions
from airflow_provider_copernica.exceptions import CopernicaUnavailableError, CopernicaVerificationError
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators import _verify, _verify_looks
from airflow_provider_copernica.options import Verify

pytestmark = pytest.mark.usefixtures("copernica_connection")

OLD = "2020-05-05 05:05:05"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(_verify, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(_verify_looks, "RetryPolicy", lambda: RetryPolicy(attempts=2, first=0.01))
    caplog.set_level(logging.INFO)


@pytest.fixture(params=[3, 4])
def version(request: pytest.FixtureRequest, copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> int:
    """Of the API."""
    connection = {"conn_type": "copernica", "host": copernica_emulator.url, "password": copernica_emulator.token}
    extra = {"api_version": request.param}
    monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps({**connection, "extra": extra}))
    return int(request.param)


def database(emulator: Emulator, *people: str, **options: Any) -> int:
    """A database of odd fields, with people in it, last changed long ago."""
    fields: dict[str, object] = {
        "Email": {"type": "email", "index": True},
        "City": {"type": "text", "length": 9},
        "Born": "date",
        "Size": {"type": "select", "value": "S\nM\nL"},
        "Age": "integer",
        "Height": "float",
    }
    orders = {"Order": {"Number": "integer", "Item": {"type": "text", "length": 5}}}
    made = emulator.add_database("Odd", fields, collections=orders, interests=["News"], **options)  # type: ignore[arg-type]  # as the emulator reads them
    for name in people:
        emulator.add_profile(made, {"Email": f"{name}@example.com", "City": "Ede"}, created=OLD)
    return made


def rows(*names: str, **cells: str) -> list[dict[str, str]]:
    return [{"Email": f"{name}@example.com", **cells} for name in names]


def run(verify: Verify | None = None, **arguments: Any) -> Outcome:
    return run_task(lambda: task(**{"verify": verify or Verify(), "retries": 2, **arguments}))


def counts(outcome: Outcome) -> dict[str, Any]:
    pushed: Any = outcome.xcom["import_outcome"]
    return dict(pushed["verify"])


def looks(emulator: Emulator) -> int:
    """GETs of lists of (sub)profiles."""
    return sum(request.method == "GET" and "profiles" in request.path for request in emulator.requests)


def posts(emulator: Emulator) -> int:
    return len(emulator.imports)


# What is counted


@pytest.mark.usefixtures("version")
def test_what_has_changed_is_counted(
    copernica_emulator: Emulator, deferrable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    held = database(copernica_emulator, "same", "changed", "gone", "gone.too")
    outcome = run(
        database=held,
        source=[*rows("same", City="Ede"), *rows("changed", "new", "newer", "newest", City="Gent")],
        remove_missing=True,
        deferrable=deferrable,
    )
    assert outcome.state == "success", outcome.error
    sampled = 0 if deferrable else 5
    assert counts(outcome) == {
        "new": 3,
        "modified": 1,
        "removed": 2,
        "sampled": sampled,
        "missing": 0,
        "twice": 0,
        "differing": 0,
        "columns": {},
        "calls": 4 + sampled,
    }
    assert looks(copernica_emulator) == 4 + sampled
    rows_said = "" if deferrable else "; 5 of 5 sampled rows are stored as sent"
    assert f"Import 1: 3 new, 1 modified, 2 removed{rows_said} ({4 + sampled} API calls)." in caplog.text
    assert caplog.text.count("The rows are not compared, only counted: this attempt does not have them") == deferrable


def test_nothing_is_asked_without_it_and_by_a_dry_run(copernica_emulator: Emulator) -> None:
    assert run_task(lambda: task()).state == "success"
    assert run(dry_run=True).result is None
    assert looks(copernica_emulator) == 0


def test_the_first_look_comes_before_the_post_and_after_the_token(copernica_emulator: Emulator) -> None:
    run(source=ROWS)
    calls = [(request.method, request.path.split("/", 2)[-1]) for request in copernica_emulator.requests]
    post = calls.index(("POST", "imports"))
    assert calls[post - 1] == ("GET", "database/1/profiles")
    query = copernica_emulator.requests[post - 1].query
    assert {**query} == {"limit": "1", "total": "true", "orderby": "id", "order": "desc"}


@pytest.mark.parametrize("deferrable", [False, True])
def test_what_must_be_known_later_stands_in_the_record_and_travels_with_the_trigger(
    copernica_emulator: Emulator, deferrable: bool
) -> None:
    held = database(copernica_emulator, "a", "b")
    made = run_of(database=held, source=rows("a", City="Gent"), deferrable=deferrable)
    outcome = made.run()
    assert outcome.state == "success", outcome.error
    assert made.store is not None
    record: Any = made.store.get("copernica_import")
    kept = record["options"]["verify"]
    assert (kept["number"], kept["path"], kept["action"]) == (2, f"database/{held}/profiles", "update or add")
    assert kept["highest"] == max(int(str(profile["ID"])) for profile in copernica_emulator.profiles(held))
    assert kept["moment"] > OLD
    for event in outcome.events:
        assert event["resume_data"] == {"idempotent": True, "import_id": 1, "options": {"verify": kept}}
    assert "example.com" not in json.dumps([record, outcome.events])


def run_of(verify: Verify | None = None, *, has_store: bool = True, **arguments: Any) -> TaskRun:
    given = {"verify": verify or Verify(), "retries": 2, **arguments}
    return TaskRun(lambda: task(**given), has_store=has_store)


def test_a_database_that_is_empty_at_first(copernica_emulator: Emulator) -> None:
    outcome = run(database=database(copernica_emulator), source=rows("a", "b"))
    assert {**counts(outcome), "calls": 0} == {
        "new": 2,
        "modified": 0,
        "removed": 0,
        "sampled": 2,
        "missing": 0,
        "twice": 0,
        "differing": 0,
        "columns": {},
        "calls": 0,
    }


def test_a_field_in_the_place_of_a_special_name(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    held = copernica_emulator.add_database("Odd", ["Email", "Modified"])
    copernica_emulator.add_profile(held, {"Email": "a@example.com", "Modified": "yesterday"})
    outcome = run(database=held, source=rows("a", "b"))
    assert (outcome.state, counts(outcome)["modified"], counts(outcome)["new"]) == ("success", None, 1)
    assert "How many were modified is not known" in caplog.text
    assert "1 new, an unknown number modified, 0 removed" in caplog.text


def test_of_a_location_there_are_counts_alone(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    held = 1
    location = f"{copernica_emulator.url}/_emulator/customers.csv"
    outcome = run(database=held, location=location, format="csv", delimiter=";")
    if outcome.state != "success":
        pytest.fail(str(outcome.error))
    assert (counts(outcome)["sampled"], counts(outcome)["calls"]) == (0, 4)
    assert "only counted: Copernica fetches the file itself." in caplog.text


def test_a_sample_of_none_is_asked_for_nothing(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    outcome = run(Verify(sample="0"), check_fields=False)
    assert (outcome.state, counts(outcome)["calls"], looks(copernica_emulator)) == ("success", 4, 4)
    assert "not compared" not in caplog.text


def test_no_more_rows_than_the_sample_are_asked_for(copernica_emulator: Emulator) -> None:
    outcome = run(Verify(sample=3), source=[{"Email": f"{n}@example.com"} for n in range(50)])
    assert (counts(outcome)["sampled"], counts(outcome)["calls"]) == (3, 7)


# What is a difference


def with_order(emulator: Emulator, **options: Any) -> int:
    """A database in which somebody has ordered something."""
    held = database(emulator, **options)
    order = {"Number": "7", "Item": "Pen"}
    emulator.add_profile(held, {"Email": "a@example.com", "City": "Ede"}, {"Order": [order]}, created=OLD)
    return held


# by what is wrong: the database, the import, some of the counts, the words of the message
Wrong = tuple[Callable[[Emulator], int], dict[str, Any], dict[str, Any], str]
WRONG: dict[str, Wrong] = {
    "cut": (
        database,
        {"source": [*rows("a", City="Amsterdam-Zuid"), *rows("b", City="Ede")]},
        {"differing": 1, "columns": {"City": 1}},
        "1 of 2 sampled rows differs in 'City' (1)",
    ),
    "dates, options and numbers": (
        database,
        {"source": rows("a", "b", Born="31-12-2000", Size="Extra large", Age="ancient", Height="gigantic")},
        {"differing": 2, "columns": {"Born": 2, "Size": 2, "Age": 2, "Height": 2}},
        "2 of 2 sampled rows differ in 'Born' (2), 'Size' (2), 'Age' (2), 'Height' (2)",
    ),
    "refused in silence": (
        lambda emulator: database(emulator, restrictions={"City": "[A-Z].*"}),
        {"source": [*rows("a", City="Ede"), *rows("b", City="ede")]},
        {"missing": 1},
        "1 of 2 sampled rows is missing",
    ),
    "a key that is there twice": (
        lambda emulator: database(emulator, "a", "a"),
        {"source": rows("a", City="Ede")},
        {"twice": 1},
        "1 of 1 sampled rows is found more than once",
    ),
    "nobody to update": (
        lambda emulator: database(emulator, "x"),
        {"source": rows("a", "b", City="Ede"), "action": "update"},
        {"missing": 2},
        "none of 2 sampled rows exists, so there was nothing to update",
    ),
    "nobody to delete": (
        lambda emulator: database(emulator, "x"),
        {"source": rows("a", "b"), "action": "delete"},
        {"removed": 0},
        "nothing was removed",
    ),
    "a deletion that deletes nothing": (
        lambda emulator: database(emulator, "a", removal_behaviour="nothing"),
        {"source": rows("a"), "action": "delete"},
        {"differing": 1, "removed": 0},
        "1 of 1 sampled rows is still there; nothing was removed",
    ),
    "nothing was ignored or added": (
        lambda emulator: database(emulator, restrictions={"City": "[A-Z].*"}),
        {"source": rows("a", City="ede"), "action": "ignore or add"},
        {"missing": 1},
        "1 of 1 sampled rows is missing",
    ),
    "an interest": (
        lambda emulator: emulator.add_database("Odd", ["Email"], interests=["News"]),
        {"source": [{"Email": "a@example.com", "interest.Nws": "yes"}], "check_fields": False},
        {"differing": 1, "columns": {"interest.Nws": 1}},
        "1 of 1 sampled rows differs in 'interest.Nws' (1)",
    ),
    "a collection that is not there": (
        database,
        {"source": [{"Email": "a@example.com", "Ordr.Item": "Pens"}], "check_fields": False},
        {"differing": 1, "columns": {"Ordr.Item": 1}},
        "1 of 1 sampled rows differs in 'Ordr.Item' (1)",
    ),
    "an order that is cut": (
        database,
        {
            "source": [{"Email": "a@example.com", "Order.Number": "7", "Order.Item": "Pencils"}],
            "key_fields": ["Email", "Order.Number"],
        },
        {"differing": 1, "columns": {"Order.Item": 1}},
        "1 of 1 sampled rows differs in 'Order.Item' (1)",
    ),
    "an order that is refused": (
        lambda emulator: database(emulator, restrictions={"Order.Item": "[A-Z].*"}),
        {
            "source": [{"Email": "a@example.com", "Order.Number": "7", "Order.Item": "pen"}],
            "key_fields": ["Email", "Order.Number"],
        },
        {"missing": 1},
        "1 of 1 sampled rows is missing",
    ),
    "an order that stays": (
        lambda emulator: with_order(emulator, collection_removal_behaviours={"Order": "nothing"}),
        {
            "source": [{"Email": "a@example.com", "Order.Number": "7"}],
            "key_fields": ["Email", "Order.Number"],
            "action": "delete",
            "delete_target": "subprofile",
        },
        {"differing": 1, "removed": 0},
        "1 of 1 sampled rows is still there; nothing was removed",
    ),
}


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("wrong", WRONG)
def test_a_difference_fails_without_a_retry(
    copernica_emulator: Emulator, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="")
    arrange, arguments, expected, words = WRONG[wrong]
    outcome = run(database=arrange(copernica_emulator), **arguments)
    assert (outcome.state, outcome.attempts, posts(copernica_emulator)) == ("failed", 1, 1), outcome.error
    assert isinstance(outcome.error.__cause__, CopernicaVerificationError)  # type: ignore[union-attr]  # it failed
    assert f"The import has finished, but the database does not hold what was sent: {words}." in str(outcome.error)
    assert "clear the task to send them again" in str(outcome.error)
    assert "(import 1 'dag.load run', connection 'copernica_default')" in str(outcome.error)
    assert expected.items() <= counts(outcome).items()
    status: Any = outcome.xcom["import_status"]
    assert status["status"] == "finished"
    said = caplog.text + str(outcome.error) + json.dumps(outcome.xcom)
    for row in arguments["source"]:
        for name, value in row.items():
            assert value not in said or name == "Order.Number", "a value"


@pytest.mark.parametrize("wrong", WRONG)
def test_a_difference_may_be_a_warning(
    copernica_emulator: Emulator, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    arrange, arguments, expected, words = WRONG[wrong]
    outcome = run(Verify(on_difference="warn"), database=arrange(copernica_emulator), **arguments)
    assert (outcome.state, outcome.result) == ("success", 1), outcome.error
    assert expected.items() <= counts(outcome).items()
    (warning,) = [record for record in caplog.records if "does not hold what was sent" in record.getMessage()]
    assert (warning.levelname, words in warning.getMessage()) == ("WARNING", True)
    assert "retried" not in warning.getMessage()


RIGHT: dict[str, tuple[Callable[[Emulator], int], dict[str, Any], int]] = {
    "stored otherwise": (
        database,
        {
            "source": rows("a", City=" Ede ", Born="2026-01-31", Size="M", Age="007", Height="1.80"),
        },
        1,
    ),
    "empty cells are ignored": (
        lambda emulator: database(emulator, "a"),
        {"source": rows("a", City="", Born="2026-01-31"), "ignore_empty_fields": True},
        1,
    ),
    "empty cells of each type": (database, {"source": rows("a", City="", Born="", Age="", Height="")}, 1),
    "the last row of a key": (database, {"source": [*rows("a", City="Ede"), *rows("a", City="Gent")]}, 1),
    "some to update": (
        lambda emulator: database(emulator, "a"),
        {"source": rows("a", "b", City="Gent"), "action": "update"},
        2,
    ),
    "add without keys": (database, {"source": rows("a", "a"), "action": "add", "key_fields": None}, 0),
    "add with keys": (
        lambda emulator: database(emulator, "a", "a"),
        {"source": rows("a", City="Gent"), "action": "add"},
        1,
    ),
    "what was ignored": (
        lambda emulator: database(emulator, "a"),
        {"source": rows("a", "b", City="Gent"), "action": "ignore or add"},
        2,
    ),
    "deletion": (lambda emulator: database(emulator, "a", "b"), {"source": rows("a"), "action": "delete"}, 1),
    "orders": (
        database,
        {
            "source": [
                {"Email": "a@example.com", "City": city, "Order.Number": number, "Order.Item": "Pen"}
                for city, number in (("Ede", "1"), ("Gent", "2"), ("Breda", "3"))
            ],
            "key_fields": ["Email", "Order.Number"],
        },
        1,
    ),
    "orders whose last one can't be asked for": (
        lambda emulator: emulator.add_database("Odd", ["Email", "City"], collections={"Order": ["Number"]}),
        {
            "source": [
                {"Email": f"{name}@example.com", "City": city, "Order.Number": number}
                for name, city, number in (("a", "Ede", "1"), ("a", "Gent", "x=y"), ("b", "Ede", "2"))
            ],
            "key_fields": ["Email", "Order.Number"],
        },
        1,
    ),
    "orders without a key": (
        database,
        {"source": [{"Email": "a@example.com", "Order.Item": "Pen"}, {"Email": "a@example.com", "Order.Item": "Ink"}]},
        1,
    ),
    "a deleted order": (
        with_order,
        {
            "source": [{"Email": "a@example.com", "Order.Number": "7"}],
            "key_fields": ["Email", "Order.Number"],
            "action": "delete",
            "delete_target": "subprofile",
        },
        1,
    ),
    "an interest": (database, {"source": rows("a", **{"interest.News": "yes"})}, 1),
    "text": (database, {"source": "Email;City\na@example.com;Ede\n", "format": "csv", "delimiter": ";"}, 1),
    "without the database": (
        database,
        {"source": rows("a", City="Ede", Age="007"), "check_fields": False},
        1,
    ),
}


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("right", RIGHT)
def test_what_is_no_difference(copernica_emulator: Emulator, right: str) -> None:
    arrange, arguments, sampled = RIGHT[right]
    outcome = run(database=arrange(copernica_emulator), **arguments)
    assert outcome.state == "success", outcome.error
    assert counts(outcome)["sampled"] == sampled
    assert counts(outcome)["differing"] == counts(outcome)["twice"] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"action": "add", "key_fields": None}, "there are no key fields to find them by"),
        ({"source": [{"Email": "a=b@example.com"}]}, "their keys can't be asked for"),
        (
            {"source": [{"Email": "ß" * 250, "City": "\U0001f600" * 250}], "key_fields": ["Email", "City"]},
            "their keys can't be asked for",
        ),
    ],
)
def test_the_log_says_why_no_row_is_compared(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, arguments: dict[str, Any], reason: str
) -> None:
    outcome = run(**arguments)
    assert (outcome.state, counts(outcome)["sampled"], counts(outcome)["calls"]) == ("success", 0, 4), outcome.error
    assert f"The rows are not compared, only counted: {reason}." in caplog.text


def test_rows_are_compared_as_texts_where_the_database_itself_can_not_be_read(copernica_emulator: Emulator) -> None:
    copernica_emulator.fail("database/1", Fault.BAD_REQUEST, times=1)
    outcome = run(Verify(on_difference="warn"), check_fields=False)
    assert (outcome.state, counts(outcome)["sampled"], counts(outcome)["new"]) == ("success", 2, None)


def test_the_database_is_read_once_for_its_types_where_nothing_has_read_it(copernica_emulator: Emulator) -> None:
    held = database(copernica_emulator)
    outcome = run(database=held, source=rows("a", Age="007"), check_fields=False)
    assert (outcome.state, counts(outcome)["calls"]) == ("success", 6), outcome.error
    read = [request for request in copernica_emulator.requests if request.path.endswith(f"/database/{held}")]
    assert len(read) == 1


def test_a_deferred_task_needs_no_types_of_fields(copernica_emulator: Emulator) -> None:
    outcome = run(check_fields=False, deferrable=True)
    assert (outcome.state, counts(outcome)["calls"]) == ("success", 4), outcome.error


def test_subprofiles_are_counted_where_they_are_deleted(copernica_emulator: Emulator) -> None:
    arrange, arguments, _ = RIGHT["a deleted order"]
    outcome = run(database=arrange(copernica_emulator), **arguments)
    assert (counts(outcome)["removed"], len(copernica_emulator.profiles(2))) == (1, 1)
    listed = [request.path for request in copernica_emulator.requests if "limit" in request.query]
    assert all(path.endswith("/subprofiles") for path in listed[:4])


def test_each_deleted_order_of_a_profile_may_be_in_the_sample(copernica_emulator: Emulator) -> None:
    held = database(copernica_emulator)
    orders = [{"Number": str(number), "Item": "Pen"} for number in range(4)]
    copernica_emulator.add_profile(held, {"Email": "a@example.com"}, {"Order": orders}, created=OLD)
    outcome = run(
        database=held,
        source=[{"Email": "a@example.com", "Order.Number": str(number)} for number in range(3)],
        key_fields=["Email", "Order.Number"],
        action="delete",
        delete_target="subprofile",
    )
    assert (outcome.state, counts(outcome)["sampled"], counts(outcome)["removed"]) == ("success", 3, 3), outcome.error


def test_a_list_of_deletions_is_red_the_second_time(copernica_emulator: Emulator) -> None:
    held = database(copernica_emulator, "a", "b")
    made = run_of(database=held, source=rows("a"), action="delete")
    assert made.run().state == "success"
    made.clear()
    outcome = made.run()
    assert outcome.state == "failed"
    assert "nothing was removed" in str(outcome.error)
    assert "a list of deletions that was sent before" in str(outcome.error)


@pytest.mark.parametrize(
    ("max_removed", "state"),
    [(2, "success"), (1, "failed"), ("50%", "success"), ("49%", "failed"), (None, "success"), ("{{ '1' }}", "failed")],
)
@pytest.mark.parametrize("deferrable", [False, True])
def test_how_many_may_be_removed(copernica_emulator: Emulator, max_removed: Any, state: str, deferrable: bool) -> None:
    held = database(copernica_emulator, "a", "b", "c", "d")
    operator = lambda: task(  # noqa: E731 - made anew each time
        database=held,
        source=rows("a", "b", City="Ede"),
        remove_missing=True,
        deferrable=deferrable,
        verify=Verify(max_removed="1" if max_removed == "{{ '1' }}" else max_removed),
        retries=2,
    )
    outcome = run_task(operator)
    assert (outcome.state, outcome.attempts, counts(outcome)["removed"]) == (state, 1, 2), outcome.error
    if state == "failed":
        assert "2 of 4 were removed, and max_removed allows at most" in str(outcome.error)


@pytest.mark.parametrize("lost", [False, True])
def test_a_retry_counts_from_before_the_import_that_failed(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, deferrable: bool, lost: bool
) -> None:
    people = "abcdefgh"
    held = database(copernica_emulator, *people)
    made = TaskRun(
        lambda: task(
            database=held,
            action="delete",
            delete_target="profile",
            source=[{"Email": f"{name}@example.com"} for name in people],
            deferrable=deferrable,
            verify=Verify(max_removed=4),
            retries=2,
        )
    )
    copernica_emulator.failing_imports("Disk full", after_lines=5)
    assert made.attempt().state == "up_for_retry"
    if lost:

        def die(*_: object, **__: object) -> int:
            raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(CopernicaHook, "post_import", die)
            with pytest.raises(SystemExit):
                made.attempt()
    copernica_emulator.failing_imports(None)
    outcome = made.run()
    assert outcome.state == "failed"
    assert "8 of 8 were removed, and max_removed allows at most 4" in str(outcome.error)


def test_a_clear_counts_anew(copernica_emulator: Emulator) -> None:
    held = database(copernica_emulator, "a", "b")
    made = TaskRun(lambda: task(database=held, source=rows("c"), verify=Verify(), retries=0))
    copernica_emulator.failing_imports("Disk full", after_lines=1)
    assert made.attempt().state == "failed"
    copernica_emulator.failing_imports(None)
    made.clear()
    assert counts(made.attempt())["new"] == 0


def test_what_comes_a_little_late_is_read_once_more(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = database(copernica_emulator, restrictions={"City": "[A-Z].*"})
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        copernica_emulator.add_profile(held, {"Email": "a@example.com", "City": "ede"})

    monkeypatch.setattr(_verify, "time", SimpleNamespace(sleep=pause))
    outcome = run(database=held, source=[*rows("a", City="ede"), *rows("b", City="Ede")])
    assert outcome.state == "success", outcome.error
    assert (pauses, counts(outcome)["sampled"], counts(outcome)["calls"]) == ([0.01], 2, 7)


def test_nobody_to_update_is_looked_for_once_more(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = database(copernica_emulator)

    def pause(_: float) -> None:
        copernica_emulator.add_profile(held, {"Email": "a@example.com", "City": "Ede"})

    monkeypatch.setattr(_verify, "time", SimpleNamespace(sleep=pause))
    outcome = run(database=held, source=rows("a", "b", City="Ede"), action="update")
    assert (outcome.state, counts(outcome)["missing"], counts(outcome)["calls"]) == ("success", 1, 8), outcome.error


def test_nobody_to_update_is_looked_for_once_more_where_other_rows_are_not_known(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = database(copernica_emulator)
    ask = _verify_looks.Looks.ask

    def odd(looks: _verify_looks.Looks, wanted: Any) -> Any:
        listing = ask(looks, wanted)
        if wanted.conditions == ("Email==b@example.com",):
            return type(listing)(({"ID": "9", "fields": {"Email": "somebody"}},), 1)
        return listing

    def pause(_: float) -> None:
        copernica_emulator.add_profile(held, {"Email": "a@example.com", "City": "Ede"})

    monkeypatch.setattr(_verify_looks.Looks, "ask", odd)
    monkeypatch.setattr(_verify, "time", SimpleNamespace(sleep=pause))
    outcome = run(database=held, source=rows("a", "b", City="Ede"), action="update")
    assert (outcome.state, counts(outcome)["sampled"], counts(outcome)["missing"]) == ("success", 1, 0), outcome.error


# What nobody may see


@pytest.mark.usefixtures("version")
def test_no_log_and_no_error_shows_a_key(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="")
    key = "zoë+o'brien%x/_*,&é@example.com"
    held = copernica_emulator.add_database("Odd", ["Email", "City"])
    outcomes = [run(database=held, source=[{"Email": key, "City": "Ede"}])]
    assert counts(outcomes[0])["sampled"] == 1
    said = f"nobody is called {key}, {quote(key)}"
    for fault in (Fault.BAD_REQUEST, Fault.ERROR_IN_200, Fault.REPLY, Fault.RESET_BEFORE):
        page: FaultOptions = {"status": 503, "body": said} if fault is Fault.REPLY else {"message": said}
        copernica_emulator.fail(f"database/{held}/profiles", fault, after=4, times=None, **page)
        outcomes.append(run(database=held, source=[{"Email": key, "City": "Ede"}]))
        assert outcomes[-1].state == "failed"
        copernica_emulator.clear_faults()
    told = caplog.text + "".join(f"{outcome.error} {outcome.error!r} {outcome.xcom}" for outcome in outcomes)
    assert "GET /v" in told, "nothing of urllib3's own"
    for spelled in (key, quote(key), quote_plus(key), quote(key, safe=""), "brien", "fields%5B%5D"):
        assert spelled not in told


def test_a_key_that_can_not_be_asked_for_is_counted(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = run(source=[{"Email": "a=b@example.com"}, {"Email": "c@example.com"}])
    assert (outcome.state, counts(outcome)["sampled"]) == ("success", 1), outcome.error
    assert "Rows can't be in the sample where Copernica's filters have no way to write their keys: 1." in caplog.text


# When the looking itself goes wrong


@pytest.mark.parametrize("fault", [Fault.BAD_REQUEST, Fault.NOT_JSON])
def test_before_the_post_it_fails_with_a_retry(copernica_emulator: Emulator, fault: Fault) -> None:
    copernica_emulator.fail("database/1/profiles", fault, times=1 if fault is Fault.BAD_REQUEST else 2)
    made = run_of()
    first = made.attempt()
    assert (first.state, posts(copernica_emulator)) == ("up_for_retry", 0)
    assert "could not be looked at before the import, so nothing was sent to Copernica" in str(first.error)
    assert isinstance(first.error, CopernicaUnavailableError) is (fault is Fault.NOT_JSON)
    assert (made.attempt().state, posts(copernica_emulator)) == ("success", 1)


def test_before_the_post_it_may_be_a_warning(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    copernica_emulator.fail("database/1/profiles", Fault.BAD_REQUEST, times=1)
    outcome = run(Verify(on_difference="warn"))
    assert (outcome.state, posts(copernica_emulator)) == ("success", 1)
    assert {**counts(outcome), "calls": 0} == {
        "new": None,
        "modified": None,
        "removed": None,
        "sampled": 2,
        "missing": 0,
        "twice": 0,
        "differing": 0,
        "columns": {},
        "calls": 0,
    }
    assert "What the database holds before the import is not known" in caplog.text


@pytest.mark.parametrize("after", [1, 4])
@pytest.mark.parametrize("deferrable", [False])
def test_after_the_post_it_fails_without_a_retry(copernica_emulator: Emulator, after: int, deferrable: bool) -> None:
    copernica_emulator.fail("database/1/profiles", Fault.BAD_REQUEST, after=after, times=None)
    made = run_of(deferrable=deferrable)
    outcome = made.run()
    assert (outcome.state, outcome.attempts, posts(copernica_emulator)) == ("failed", 1, 1)
    assert "The import has finished, but the database could not be looked at afterwards" in str(outcome.error)
    assert counts(outcome)["new"] == (None if after == 1 else 2)
    copernica_emulator.clear_faults()
    assert made.attempt().state == "failed", "an attempt without the rows"


def test_a_redirect_is_not_followed_and_not_shown(copernica_emulator: Emulator) -> None:
    copernica_emulator.fail("database/1/profiles", Fault.REDIRECT, after=4, times=None)
    outcome = run()
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "answered with a redirect to a place that is not shown, which is not followed" in str(outcome.error)


def test_after_the_post_it_may_be_a_warning(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    copernica_emulator.fail("database/1/profiles", Fault.BAD_REQUEST, after=1, times=None)
    outcome = run(Verify(on_difference="warn"))
    assert (outcome.state, counts(outcome)["new"], counts(outcome)["sampled"]) == ("success", None, 0)
    assert "could not be looked at afterwards" in caplog.text


# Across attempts


class _Lost(BaseException):
    """What ends a worker at once."""


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_difference_stays_one_when_the_worker_is_lost_right_after(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    push = FakeTi.xcom_push

    def lose(ti: FakeTi, key: str, value: object) -> None:
        if key == "import_outcome":
            raise _Lost
        push(ti, key, value)

    monkeypatch.setattr(FakeTi, "xcom_push", lose)
    made = run_of(database=database(copernica_emulator), source=rows("x"), action="delete", deferrable=deferrable)
    with pytest.raises(_Lost):
        made.attempt()
    monkeypatch.setattr(FakeTi, "xcom_push", push)
    asked = looks(copernica_emulator)
    for _ in range(2):
        outcome = made.attempt()
        assert outcome.state == "failed"
        assert str(outcome.error).count("nothing was removed") == 1
        assert isinstance(outcome.error.__cause__, CopernicaVerificationError)  # type: ignore[union-attr]  # it failed
        assert counts(outcome)["removed"] == 0
    assert (posts(copernica_emulator), looks(copernica_emulator)) == (1, asked)
    made.clear()
    copernica_emulator.add_profile(made.make_task().database, {"Email": "x@example.com"})
    assert (made.run().state, posts(copernica_emulator)) == ("success", 2)


def test_a_difference_of_an_earlier_attempt_is_a_warning_once_the_dag_says_so(
    copernica_emulator: Emulator,
) -> None:
    arguments: dict[str, Any] = {"database": database(copernica_emulator), "source": rows("x"), "action": "delete"}
    made = run_of(**arguments)
    assert made.run().state == "failed"
    made.make_task = lambda: task(verify=Verify(on_difference="warn"), **arguments)
    outcome = made.attempt()
    assert (outcome.state, counts(outcome)["removed"], posts(copernica_emulator)) == ("success", 0, 1), outcome.error


def test_an_error_of_the_push_does_not_hide_the_difference(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = FakeTi.xcom_push

    def fail(ti: FakeTi, key: str, value: object) -> None:
        if key == "import_outcome":
            raise RuntimeError
        push(ti, key, value)

    monkeypatch.setattr(FakeTi, "xcom_push", fail)
    outcome = run(database=database(copernica_emulator), source=rows("x"), action="delete")
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "nothing was removed" in str(outcome.error)


def test_a_store_that_fails_does_not_hide_the_difference(copernica_emulator: Emulator) -> None:
    made = run_of(database=database(copernica_emulator), source=rows("x"), action="delete")
    assert made.store is not None
    keep = made.store.set

    def fail(key: str, value: Any) -> None:
        if "difference" in value.get("options", {}).get("verify", {}):
            raise RuntimeError
        keep(key, value)

    made.store.set = fail  # type: ignore[method-assign]  # a store on a bad day
    outcome = made.run()
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "nothing was removed" in str(outcome.error)


@pytest.mark.parametrize("deferrable", [False, True])
def test_without_a_store_a_difference_fails_without_a_retry(copernica_emulator: Emulator, deferrable: bool) -> None:
    made = run_of(
        database=database(copernica_emulator),
        source=rows("x"),
        action="delete",
        deferrable=deferrable,
        has_store=False,
    )
    outcome = made.run()
    assert (outcome.state, outcome.attempts, posts(copernica_emulator)) == ("failed", 1, 1)


def test_an_attempt_that_reconnects_counts_alone(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    copernica_emulator.import_seconds = 1
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    made = run_of(source=[{"Email": "a@example.com", "City": "x" * 300}])
    assert made.attempt().state == "up_for_retry"
    outcome = made.run()
    assert (outcome.state, posts(copernica_emulator)) == ("success", 1), outcome.error
    assert (counts(outcome)["new"], counts(outcome)["sampled"], counts(outcome)["calls"]) == (1, 0, 4)
    assert caplog.text.count("The rows are not compared, only counted: this attempt does not have them") == 1


@pytest.mark.parametrize("reason", ["TriggerTimeout", "TriggerFailure"])
def test_airflow_wakes_a_deferred_task_without_an_event(copernica_emulator: Emulator, reason: str) -> None:
    held = database(copernica_emulator, "b")
    made = run_of(database=held, source=rows("a"), deferrable=True)
    assert made.run().state == "success"
    woken = made.make_task()
    ti = FakeTi("load", 1, 2, xcom={"import_status": {"import_id": 1}})
    context: Any = {"ti": ti, "task": woken, "run_id": "run", "task_state_store": made.store}
    assert woken.resume_execution("__fail__", {"error": reason}, context) == 1
    pushed: Any = ti.xcom["import_outcome"]
    assert (pushed["verify"]["new"], pushed["verify"]["calls"]) == (1, 4)


def test_an_import_that_was_not_looked_at_before(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The option is younger than the import: its DAG was changed in between."""
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    made = TaskRun(lambda: task(retries=2))
    assert made.attempt().state == "up_for_retry"
    made.make_task = lambda: task(retries=2, verify=Verify())
    outcome = made.attempt()
    assert (outcome.state, looks(copernica_emulator)) == ("success", 0)
    assert "What the database held before this import is not known" in caplog.text
    assert (counts(outcome)["new"], counts(outcome)["calls"]) == (None, 0)


def test_a_limit_on_removals_is_no_use_where_nothing_is_known_of_before(copernica_emulator: Emulator) -> None:
    copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
    made = TaskRun(lambda: task(retries=2))
    assert made.attempt().state == "up_for_retry"
    made.make_task = lambda: task(retries=2, verify=Verify(max_removed=5))
    outcome = made.attempt()
    assert (outcome.state, counts(outcome)["removed"]) == ("failed", None)
    assert "how many were removed is not known, and max_removed asks for it" in str(outcome.error)


def test_a_failed_import_is_not_looked_at(copernica_emulator: Emulator) -> None:
    copernica_emulator.failing_imports("Disk full", after_lines=1)
    outcome = run(action="add", retries=0)
    assert (outcome.state, looks(copernica_emulator)) == ("failed", 1)


@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_two_imports_at_the_same_time(copernica_emulator: Emulator, delay: float) -> None:
    """The other one begins before or while this one runs; its profiles are counted, and no row is taken for wrong."""
    copernica_emulator.import_seconds = 1
    held = database(copernica_emulator, "a0", "b0")

    def people(name: str) -> list[dict[str, str]]:
        return [row for n in range(20) for row in rows(f"{name}{n}", City="Gent")]

    hook = CopernicaHook()
    hook.authenticate()
    other = {"database": held, "action": "update or add", "key_fields": ["Email"], "source": people("b")}
    timer = threading.Timer(delay, lambda: hook.create_import(**other))
    timer.start()
    if not delay:
        timer.join()
    outcome = run(Verify(max_removed=0), database=held, source=people("a"))
    timer.join()
    assert (outcome.state, posts(copernica_emulator)) == ("success", 2), outcome.error
    assert (counts(outcome)["sampled"], counts(outcome)["removed"]) == (20, 0)
    assert 19 <= counts(outcome)["new"] <= 38


# Around it


@pytest.mark.parametrize(("source", "warned"), [("Email", False), ("City", True)])
def test_a_key_field_without_an_index_is_warned_of(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, source: str, warned: bool
) -> None:
    held = database(copernica_emulator)
    assert run(database=held, source=rows("a", City="Ede"), key_fields=[source]).state == "success"
    assert ("have no index" in caplog.text) is warned
    assert ("(Key fields: 'City')" in caplog.text) is warned


def test_other_counts_of_the_task_stay(copernica_emulator: Emulator, tmp_path: Any) -> None:
    from airflow_provider_copernica.options import Rejects

    rejects = Rejects((tmp_path / "rejects.jsonl").as_uri(), at_most=1)
    outcome = run(source=[*ROWS, {"Email": "", "City": "Gent"}], rejects=rejects)
    assert outcome.state == "success", outcome.error
    assert list(outcome.xcom["import_outcome"]) == ["rejects", "verify"]  # type: ignore[call-overload]  # a dict
    assert counts(outcome)["sampled"] == 2


class Events:
    """As much of Airflow's accessors of asset events as is used."""

    def __init__(self) -> None:
        self.extras: dict[str, dict[str, Any]] = {}

    def __getitem__(self, asset: Any) -> SimpleNamespace:
        return SimpleNamespace(extra=self.extras.setdefault(asset.uri, {"mine": 1}))


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_event_of_the_asset_holds_the_counts(copernica_emulator: Emulator, deferrable: bool) -> None:
    outlets = [create_asset(database=1), create_asset(database=2)]
    made = run_of(outlets=outlets, deferrable=deferrable)
    events = Events()
    made.more = {"outlet_events": events}
    outcome = made.run()
    assert outcome.state == "success", outcome.error
    assert events.extras == {outlets[0].uri: {"mine": 1, "verify": counts(outcome)}}


def test_an_event_that_can_not_be_had_fails_nothing(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    made = run_of(outlets=[create_asset(database=1)])
    made.more = {"outlet_events": {}}
    assert made.run().state == "success"
    assert "The counts are not in the event of the asset." in caplog.text


def test_an_empty_source_is_skipped(copernica_emulator: Emulator) -> None:
    assert run(source=[]).state == "skipped"
    assert looks(copernica_emulator) == 0
