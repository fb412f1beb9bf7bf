"""The two tables that keep an import from being sent twice, cell by cell."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.exceptions import CopernicaReplyError
from airflow_provider_copernica.operators._attempts import (
    AcceptedImport,
    Attempt,
    AttemptRecord,
    PreviousImport,
    Resolution,
    UnconfirmedImport,
    classify_previous,
    is_retry,
    read_attempt_record,
    resolve,
)

SUBMIT, RECONNECT, RETURN, FAIL = Resolution.SUBMIT, Resolution.RECONNECT, Resolution.RETURN_RESULT, Resolution.FAIL
WAIT = Resolution.WAIT_AND_SUBMIT

#                      retry, idempotent | retry, not | cleared, idempotent | cleared, not
RESOLUTIONS = {
    PreviousImport.NONE: (SUBMIT, SUBMIT, SUBMIT, SUBMIT),
    PreviousImport.UNCONFIRMED: (SUBMIT, FAIL, SUBMIT, FAIL),
    PreviousImport.REPORTED: (SUBMIT, FAIL, SUBMIT, SUBMIT),
    PreviousImport.RUNNING: (RECONNECT, RECONNECT, WAIT, WAIT),
    PreviousImport.FINISHED: (RETURN, RETURN, SUBMIT, SUBMIT),
    PreviousImport.FAILED: (SUBMIT, SUBMIT, SUBMIT, SUBMIT),
    PreviousImport.PARTIALLY_PROCESSED: (SUBMIT, FAIL, SUBMIT, SUBMIT),
    PreviousImport.UNKNOWN_TO_API: (FAIL, FAIL, SUBMIT, SUBMIT),
}
CELLS = [(True, True), (True, False), (False, True), (False, False)]


@pytest.mark.parametrize(("previous", "cell"), list(itertools.product(PreviousImport, range(4))))
def test_what_the_next_attempt_does(previous: PreviousImport, cell: int) -> None:
    retry, idempotent = CELLS[cell]
    assert resolve(previous, retry=retry, idempotent=idempotent) is RESOLUTIONS[previous][cell]


ACCEPTED = AcceptedImport(7, "n", False, 1, 3)
UNCONFIRMED = UnconfirmedImport("n", False, 2, 3)
REPORTED = replace(UNCONFIRMED, reported=True)


@pytest.mark.parametrize(
    ("record", "status", "previous"),
    [
        (None, None, PreviousImport.NONE),
        (UNCONFIRMED, None, PreviousImport.UNCONFIRMED),
        (REPORTED, None, PreviousImport.REPORTED),
        (ACCEPTED, None, PreviousImport.UNKNOWN_TO_API),
        (ACCEPTED, CopernicaImport(7, status="running"), PreviousImport.RUNNING),
        (ACCEPTED, CopernicaImport(7, status="finished"), PreviousImport.FINISHED),
        (ACCEPTED, CopernicaImport(7, status="failed", processed_lines=0), PreviousImport.FAILED),
        (ACCEPTED, CopernicaImport(7, status="failed", processed_lines=1), PreviousImport.PARTIALLY_PROCESSED),
        (ACCEPTED, CopernicaImport(7, status="failed"), PreviousImport.PARTIALLY_PROCESSED),
    ],
)
def test_what_became_of_the_previous_import(
    record: AttemptRecord | None, status: CopernicaImport | None, previous: PreviousImport
) -> None:
    assert classify_previous(record, status) is previous


@pytest.mark.parametrize("record", [ACCEPTED, replace(ACCEPTED, idempotent=True), UNCONFIRMED, REPORTED])
def test_records_survive_storage(record: AttemptRecord) -> None:
    assert read_attempt_record(json.loads(json.dumps(record.as_dict()))) == record


# to the letter as version 1.0.0 stored them: a task may be waiting while the package is upgraded
YESTERDAY = [
    (
        {"stage": "posting", "name": "n", "attempt": 2, "import_id": None, "safe_to_repeat": True},
        UnconfirmedImport("n", True, 2, None),
    ),
    (
        {"stage": "unclear", "name": "n", "attempt": 2, "import_id": None, "safe_to_repeat": False},
        UnconfirmedImport("n", False, 2, None, reported=True),
    ),
    (
        {"stage": "posted", "name": "n", "attempt": 1, "import_id": 7, "safe_to_repeat": False},
        AcceptedImport(7, "n", False, 1, None),
    ),
]


@pytest.mark.parametrize(("stored", "record"), YESTERDAY)
def test_records_of_the_first_version_are_understood(stored: dict[str, object], record: AttemptRecord) -> None:
    assert read_attempt_record(stored) == record


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"stage": "x", "attempt": 1},
        {"stage": "posted", "attempt": 1},
        {"stage": "posting", "import_id": 3, "attempt": 1},
        {"stage": "posting"},
        {"stage": "posting", "attempt": None},
        {"stage": "posting", "attempt": 1, "safe_to_repeat": "perhaps"},
        {"stage": "posting", "attempt": 1, "max_tries": "many"},
        "posted",
    ],
)
def test_a_record_that_can_not_be_read_is_an_error(stored: object) -> None:
    with pytest.raises(CopernicaReplyError, match=r"can't be read\.$"):
        read_attempt_record(stored)


def test_a_stored_false_is_not_true() -> None:
    record = read_attempt_record({"stage": "posting", "attempt": 1, "safe_to_repeat": "false"})
    assert record is not None
    assert record.idempotent is False


@pytest.mark.parametrize(
    ("record", "attempt", "retry"),
    [
        (replace(ACCEPTED, max_tries=3), Attempt(2, 3, 1), True),
        # the DAG file says other retries now
        (replace(ACCEPTED, max_tries=3), Attempt(2, 3, 4), True),
        (replace(ACCEPTED, max_tries=3), Attempt(2, 4, 2), False),
        # no retry was left: the task was cleared while a worker ran it
        (replace(ACCEPTED, max_tries=0), Attempt(2, 0, 1), False),
        (replace(ACCEPTED, max_tries=1), Attempt(3, 1, 1), False),
        # of the first version
        (replace(ACCEPTED, max_tries=None), Attempt(2, 3, 1), True),
        (replace(ACCEPTED, max_tries=None), Attempt(2, 4, 2), False),
    ],
)
def test_a_retry_is_told_from_a_clear(record: AttemptRecord, attempt: Attempt, retry: bool) -> None:
    assert is_retry(record, attempt) is retry
