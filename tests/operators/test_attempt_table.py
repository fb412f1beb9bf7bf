"""The two tables that keep an import from being sent twice, cell by cell."""

from __future__ import annotations

import itertools

import pytest

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.client.messages import ApiCall, NoReply, Repeat, Reply
from airflow_provider_copernica.client.retry import Outcome, Verdict, classify, decide
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


ALWAYS, ONCE = Repeat.ALWAYS, Repeat.IF_NOT_RECEIVED
ACCEPT, AGAIN, RENEW, END, AMBIGUOUS = (
    Verdict.ACCEPT,
    Verdict.AGAIN,
    Verdict.RENEW_TOKEN,
    Verdict.FAIL,
    Verdict.FAIL_AMBIGUOUS,
)

#                        always, can renew | always | once, can renew | once
VERDICTS = {
    Outcome.DONE: (ACCEPT, ACCEPT, ACCEPT, ACCEPT),
    Outcome.NOT_RECEIVED: (AGAIN, AGAIN, AGAIN, AGAIN),
    Outcome.LATER: (AGAIN, AGAIN, AGAIN, AGAIN),
    Outcome.TOKEN_REFUSED: (RENEW, END, RENEW, END),
    Outcome.REFUSED: (END, END, END, END),
    Outcome.MOVED: (END, END, END, END),
    Outcome.UNCLEAR: (AGAIN, AGAIN, AMBIGUOUS, AMBIGUOUS),
}


@pytest.mark.parametrize(("happened", "cell"), list(itertools.product(Outcome, range(4))))
def test_what_follows_a_request(happened: Outcome, cell: int) -> None:
    repeat, can_renew = [(ALWAYS, True), (ALWAYS, False), (ONCE, True), (ONCE, False)][cell]
    assert decide(repeat, happened, can_renew=can_renew) is VERDICTS[happened][cell]


def reply(status: int, body: bytes = b"", complete: bool = True, **headers: str) -> Reply:
    return Reply(status, {key.replace("_", "-"): value for key, value in headers.items()}, body, complete)


POST = ApiCall("POST", "imports", creates=True)
GET = ApiCall("GET", "import/1", repeat=ALWAYS, expects_json=True)


@pytest.mark.parametrize(
    ("call", "answer", "happened"),
    [
        (POST, NoReply(False, "refused"), Outcome.NOT_RECEIVED),
        (POST, NoReply(True, "reset"), Outcome.UNCLEAR),
        (POST, reply(201, x_created="12"), Outcome.DONE),
        (POST, reply(200, b"{cut", complete=False, x_created="12"), Outcome.DONE),
        (POST, reply(202, x_location="https://api.copernica.com/v1/import/12?x=1"), Outcome.DONE),
        (POST, reply(201), Outcome.UNCLEAR),
        (POST, reply(201, x_created="soon"), Outcome.UNCLEAR),
        (POST, reply(204), Outcome.UNCLEAR),
        (POST, reply(200, b'{"error": {"message": "no"}}'), Outcome.REFUSED),
        (POST, reply(400, b'{"error": {"message": "No database with supplied ID"}}'), Outcome.REFUSED),
        (POST, reply(400, b'{"error": {"message": "Invalid access token"}}'), Outcome.TOKEN_REFUSED),
        (POST, reply(400, b'{"error": {"message": "Invalid value for field Token"}}'), Outcome.REFUSED),
        (POST, reply(401), Outcome.TOKEN_REFUSED),
        (POST, reply(403), Outcome.TOKEN_REFUSED),
        (POST, reply(404), Outcome.REFUSED),
        (POST, reply(408), Outcome.UNCLEAR),
        (POST, reply(413), Outcome.REFUSED),
        (POST, reply(429), Outcome.LATER),
        (POST, reply(303, location="/v4/import/1"), Outcome.MOVED),
        *((POST, reply(code), Outcome.UNCLEAR) for code in (500, 502, 503, 504)),
        (GET, reply(200, b'{"status": "x"}'), Outcome.DONE),
        (GET, reply(200, b'{"status": '), Outcome.UNCLEAR),
        (GET, reply(200, b"<html>"), Outcome.UNCLEAR),
        (GET, reply(503, b"<html>"), Outcome.UNCLEAR),
        (GET, reply(400, b'{"error": {"message": "No entity with supplied ID"}}'), Outcome.REFUSED),
        (GET, reply(301), Outcome.MOVED),
    ],
)
def test_what_became_of_a_request(call: ApiCall, answer: Reply | NoReply, happened: Outcome) -> None:
    assert classify(call, answer) is happened
