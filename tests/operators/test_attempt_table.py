"""The table of what the next attempt of a task does, cell by cell; what a failure means is in tests/client."""

from __future__ import annotations

import itertools

import pytest

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.exceptions import CopernicaReplyError
from airflow_provider_copernica.operators._attempts import (
    AttemptRecord,
    PreviousImport,
    Resolution,
    Stage,
    classify_previous,
    read_attempt_record,
    resolve,
)

SUBMIT, RECONNECT, RETURN, FAIL = Resolution.SUBMIT, Resolution.RECONNECT, Resolution.RETURN, Resolution.FAIL

#                      retry, safe | retry, unsafe | cleared, safe | cleared, unsafe
NEXT = {
    PreviousImport.NOTHING: (SUBMIT, SUBMIT, SUBMIT, SUBMIT),
    PreviousImport.UNCONFIRMED: (SUBMIT, FAIL, SUBMIT, FAIL),
    PreviousImport.REPORTED: (SUBMIT, FAIL, SUBMIT, SUBMIT),
    PreviousImport.RUNNING: (RECONNECT, RECONNECT, RECONNECT, RECONNECT),
    PreviousImport.FINISHED: (RETURN, RETURN, SUBMIT, SUBMIT),
    PreviousImport.FAILED: (SUBMIT, SUBMIT, SUBMIT, SUBMIT),
    PreviousImport.PARTIALLY_PROCESSED: (SUBMIT, FAIL, SUBMIT, SUBMIT),
    PreviousImport.UNKNOWN_TO_API: (FAIL, FAIL, SUBMIT, SUBMIT),
}
CELLS = [(True, True), (True, False), (False, True), (False, False)]


@pytest.mark.parametrize(("what", "cell"), list(itertools.product(PreviousImport, range(4))))
def test_the_next_attempt(what: PreviousImport, cell: int) -> None:
    retry, safe = CELLS[cell]
    assert resolve(what, retry=retry, idempotent=safe) is NEXT[what][cell]


POSTED = AttemptRecord(Stage.POSTED, "n", 1, 7)


@pytest.mark.parametrize(
    ("mark", "status", "what"),
    [
        (None, None, PreviousImport.NOTHING),
        (AttemptRecord(Stage.POSTING, "n", 2), None, PreviousImport.UNCONFIRMED),
        (AttemptRecord(Stage.UNCONFIRMED, "n", 2), None, PreviousImport.REPORTED),
        (POSTED, None, PreviousImport.UNKNOWN_TO_API),
        (POSTED, CopernicaImport(7, status="running"), PreviousImport.RUNNING),
        (POSTED, CopernicaImport(7, status="finished"), PreviousImport.FINISHED),
        (POSTED, CopernicaImport(7, status="failed", processed_lines=0), PreviousImport.FAILED),
        (POSTED, CopernicaImport(7, status="failed", processed_lines=1), PreviousImport.PARTIALLY_PROCESSED),
        (POSTED, CopernicaImport(7, status="failed"), PreviousImport.PARTIALLY_PROCESSED),
    ],
)
def test_what_became_of_the_earlier_import(
    mark: AttemptRecord | None, status: CopernicaImport | None, what: PreviousImport
) -> None:
    assert classify_previous(mark, status) is what


def test_marks_survive_storage() -> None:
    for mark in (POSTED, AttemptRecord(Stage.POSTING, "n", 2), AttemptRecord(Stage.UNCONFIRMED, "n", 2)):
        assert read_attempt_record(mark.as_dict()) == mark
    tried = {"attempt": 1}
    for nonsense in (
        {},
        {"stage": "x", **tried},
        {"stage": "posted", **tried},
        {"stage": "posting", "import_id": 3, **tried},
        {"stage": "posting"},
        {"stage": "posting", "attempt": None},
        "posted",
    ):
        with pytest.raises(CopernicaReplyError):
            read_attempt_record(nonsense)
