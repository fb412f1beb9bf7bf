"""What people chose in Copernica, and what a deletion really does: said in the log before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from support.imports import task
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.emulator.faults import Fault

pytestmark = pytest.mark.usefixtures("copernica_connection")

ROWS = [{"Email": "a@example.com", "Newsletter": "yes"}]
UNDONE = "may undo what people chose"
ADDED_AGAIN = "may add people again who unsubscribed"
REMOVAL = "Whether anything is really deleted is decided by the removal behaviour of database"


def reads(emulator: Emulator) -> int:
    return sum(request.path.endswith("/unsubscribe") for request in emulator.requests)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelname == "WARNING" and record.name.startswith("airflow_provider_copernica")
    ]


@pytest.mark.parametrize("check_fields", ["names", "values"])
@pytest.mark.parametrize(
    ("behaviour", "action", "expected"),
    [
        ({"Newsletter": "no"}, "update or add", UNDONE),
        ({"Newsletter": "no"}, "update", UNDONE),
        ({"Newsletter": "no"}, "ignore or add", ""),
        ({"Newsletter": "no"}, "add", ""),
        ("remove", "update or add", ADDED_AGAIN),
        ("remove", "ignore or add", ADDED_AGAIN),
        ("remove", "add", ADDED_AGAIN),
        ("remove", "update", ""),
        ("nothing", "update or add", ""),
    ],
)
def test_what_is_warned_about(
    copernica_emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
    behaviour: Any,
    action: str,
    expected: str,
    check_fields: str,
) -> None:
    fields = {"Email": "email", "Newsletter": "text"}
    database = copernica_emulator.add_database("Members", fields, unsubscribe_behaviour=behaviour)
    outcome = run_task(lambda: task(database=database, action=action, source=ROWS, check_fields=check_fields))
    assert outcome.state == "success", outcome.error
    assert reads(copernica_emulator) == 1
    found = warnings(caplog)
    assert len(found) == bool(expected), found
    if expected:
        assert expected in found[0]
        assert f"database {database}" in found[0]
        assert ("'Newsletter'" in found[0]) is (expected == UNDONE)


def test_without_the_column_nothing_is_warned_about(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    assert run_task(lambda: task(source=[{"Email": "a@example.com", "City": "Gent"}])).state == "success"
    assert reads(copernica_emulator) == 1
    assert warnings(caplog) == []


def test_a_dry_run_warns_too(copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    assert run_task(lambda: task(source=ROWS, dry_run=True)).state == "success"
    assert UNDONE in caplog.text
    assert copernica_emulator.imports == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"check_fields": False},
        {"action": "delete"},
        {"location": "https://example.com/a.csv", "wait_for_completion": False},
    ],
)
def test_where_nothing_is_asked(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, arguments: dict[str, Any]
) -> None:
    rows = {} if "location" in arguments else {"source": ROWS}
    outcome = run_task(lambda: task(**rows, **arguments))
    assert outcome.state == "success", outcome.error
    assert reads(copernica_emulator) == 0
    assert UNDONE not in caplog.text


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        (Fault.BAD_REQUEST, {"message": "Invalid method"}),
        (Fault.ERROR_IN_200, {"message": "You have no rights to this database"}),
        (Fault.NOT_FOUND, {}),
        (Fault.REPLY, {"status": 403, "body": '{"error": {"message": "Forbidden"}}'}),
        (Fault.UNAVAILABLE_503_HTML, {}),
        (Fault.RESET_BEFORE, {}),
        (Fault.REDIRECT, {}),
        (Fault.NOT_JSON, {}),
        (Fault.REPLY, {"body": "[]"}),
        (Fault.REPLY, {"body": '{"behavior": ["update"], "fields": [["Newsletter"]]}'}),
    ],
    ids=str,
)
def test_a_behaviour_that_can_not_be_read_is_neither_a_failure_nor_a_warning(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, fault: Fault, options: Any
) -> None:
    copernica_emulator.fail("database/1/unsubscribe", fault, times=None, **options)
    outcome = run_task(lambda: task(source=ROWS))
    assert (outcome.state, outcome.attempts) == ("success", 1), outcome.error
    assert len(copernica_emulator.imports) == 1
    assert reads(copernica_emulator) >= 1
    assert warnings(caplog) == []


@pytest.mark.parametrize("arguments", [{"action": "delete"}, {"remove_missing": True, "min_records": 1}])
@pytest.mark.parametrize("removal", ["delete", "nothing"])
def test_deletion_says_that_the_database_decides(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, arguments: dict[str, Any], removal: Any
) -> None:
    database = copernica_emulator.add_database("Kept", {"Email": "email"}, removal_behaviour=removal)
    sent, other = {"Email": "a@example.com"}, {"Email": "b@example.com"}
    for profile in (sent, other):
        copernica_emulator.add_profile(database, profile)
    with caplog.at_level("INFO"):
        outcome = run_task(lambda: task(database=database, source=[sent], **arguments))
    assert outcome.state == "success", outcome.error
    assert len(copernica_emulator.profiles(database)) == (1 if removal == "delete" else 2)
    assert caplog.text.count(f"{REMOVAL} {database}") == 1


def test_what_deletes_nothing_does_not_speak_of_deletion(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        assert run_task(lambda: task(remove_missing=False)).state == "success"
    assert REMOVAL not in caplog.text
