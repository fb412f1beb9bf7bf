"""The two tables that keep an import from being sent twice, cell by cell."""

from __future__ import annotations

import itertools

import pytest

from airflow_provider_copernica.client.errors import CopernicaReplyError
from airflow_provider_copernica.client.once import Found, Mark, Next, Stage, found, next_step, read_mark
from airflow_provider_copernica.client.retry import Happened, Verdict, decide, what_happened
from airflow_provider_copernica.client.status import CopernicaImport
from airflow_provider_copernica.client.wire import ApiCall, NoReply, Repeat, Reply

SUBMIT, RECONNECT, RETURN, FAIL = Next.SUBMIT, Next.RECONNECT, Next.RETURN, Next.FAIL

#                      retry, safe | retry, unsafe | cleared, safe | cleared, unsafe
NEXT = {
    Found.NOTHING: (SUBMIT, SUBMIT, SUBMIT, SUBMIT),
    Found.LOST: (SUBMIT, FAIL, SUBMIT, FAIL),
    Found.TOLD: (SUBMIT, FAIL, SUBMIT, SUBMIT),
    Found.RUNNING: (RECONNECT, RECONNECT, RECONNECT, RECONNECT),
    Found.FINISHED: (RETURN, RETURN, SUBMIT, SUBMIT),
    Found.FAILED: (SUBMIT, SUBMIT, SUBMIT, SUBMIT),
    Found.FAILED_MIDWAY: (SUBMIT, FAIL, SUBMIT, SUBMIT),
    Found.GONE: (FAIL, FAIL, SUBMIT, SUBMIT),
}
CELLS = [(True, True), (True, False), (False, True), (False, False)]


@pytest.mark.parametrize(("what", "cell"), list(itertools.product(Found, range(4))))
def test_the_next_attempt(what: Found, cell: int) -> None:
    retry, safe = CELLS[cell]
    assert next_step(what, retry=retry, safe_to_repeat=safe) is NEXT[what][cell]


POSTED = Mark(Stage.POSTED, "n", 1, 7)


@pytest.mark.parametrize(
    ("mark", "status", "what"),
    [
        (None, None, Found.NOTHING),
        (Mark(Stage.POSTING, "n", 2), None, Found.LOST),
        (Mark(Stage.UNCLEAR, "n", 2), None, Found.TOLD),
        (POSTED, None, Found.GONE),
        (POSTED, CopernicaImport(7, status="running"), Found.RUNNING),
        (POSTED, CopernicaImport(7, status="finished"), Found.FINISHED),
        (POSTED, CopernicaImport(7, status="failed", processed_lines=0), Found.FAILED),
        (POSTED, CopernicaImport(7, status="failed", processed_lines=1), Found.FAILED_MIDWAY),
        (POSTED, CopernicaImport(7, status="failed"), Found.FAILED_MIDWAY),
    ],
)
def test_what_became_of_the_earlier_import(mark: Mark | None, status: CopernicaImport | None, what: Found) -> None:
    assert found(mark, status) is what


def test_marks_survive_storage() -> None:
    for mark in (POSTED, Mark(Stage.POSTING, "n", 2), Mark(Stage.UNCLEAR, "n", 2)):
        assert read_mark(mark.as_dict()) == mark
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
            read_mark(nonsense)


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
    Happened.DONE: (ACCEPT, ACCEPT, ACCEPT, ACCEPT),
    Happened.NOT_RECEIVED: (AGAIN, AGAIN, AGAIN, AGAIN),
    Happened.LATER: (AGAIN, AGAIN, AGAIN, AGAIN),
    Happened.TOKEN_REFUSED: (RENEW, END, RENEW, END),
    Happened.REFUSED: (END, END, END, END),
    Happened.MOVED: (END, END, END, END),
    Happened.UNCLEAR: (AGAIN, AGAIN, AMBIGUOUS, AMBIGUOUS),
}


@pytest.mark.parametrize(("happened", "cell"), list(itertools.product(Happened, range(4))))
def test_what_follows_a_request(happened: Happened, cell: int) -> None:
    repeat, can_renew = [(ALWAYS, True), (ALWAYS, False), (ONCE, True), (ONCE, False)][cell]
    assert decide(repeat, happened, can_renew=can_renew) is VERDICTS[happened][cell]


def reply(status: int, body: bytes = b"", complete: bool = True, **headers: str) -> Reply:
    return Reply(status, {key.replace("_", "-"): value for key, value in headers.items()}, body, complete)


POST = ApiCall("POST", "imports", creates=True)
GET = ApiCall("GET", "import/1", repeat=ALWAYS, expects_json=True)


@pytest.mark.parametrize(
    ("call", "answer", "happened"),
    [
        (POST, NoReply(False, "refused"), Happened.NOT_RECEIVED),
        (POST, NoReply(True, "reset"), Happened.UNCLEAR),
        (POST, reply(201, x_created="12"), Happened.DONE),
        (POST, reply(200, b"{cut", complete=False, x_created="12"), Happened.DONE),
        (POST, reply(202, x_location="https://api.copernica.com/v1/import/12?x=1"), Happened.DONE),
        (POST, reply(201), Happened.UNCLEAR),
        (POST, reply(201, x_created="soon"), Happened.UNCLEAR),
        (POST, reply(204), Happened.UNCLEAR),
        (POST, reply(200, b'{"error": {"message": "no"}}'), Happened.REFUSED),
        (POST, reply(400, b'{"error": {"message": "No database with supplied ID"}}'), Happened.REFUSED),
        (POST, reply(400, b'{"error": {"message": "Invalid access token"}}'), Happened.TOKEN_REFUSED),
        (POST, reply(400, b'{"error": {"message": "Invalid value for field Token"}}'), Happened.REFUSED),
        (POST, reply(401), Happened.TOKEN_REFUSED),
        (POST, reply(403), Happened.TOKEN_REFUSED),
        (POST, reply(404), Happened.REFUSED),
        (POST, reply(408), Happened.UNCLEAR),
        (POST, reply(413), Happened.REFUSED),
        (POST, reply(429), Happened.LATER),
        (POST, reply(303, location="/v4/import/1"), Happened.MOVED),
        *((POST, reply(code), Happened.UNCLEAR) for code in (500, 502, 503, 504)),
        (GET, reply(200, b'{"status": "x"}'), Happened.DONE),
        (GET, reply(200, b'{"status": '), Happened.UNCLEAR),
        (GET, reply(200, b"<html>"), Happened.UNCLEAR),
        (GET, reply(503, b"<html>"), Happened.UNCLEAR),
        (GET, reply(400, b'{"error": {"message": "No entity with supplied ID"}}'), Happened.REFUSED),
        (GET, reply(301), Happened.MOVED),
    ],
)
def test_what_became_of_a_request(call: ApiCall, answer: Reply | NoReply, happened: Happened) -> None:
    assert what_happened(call, answer) is happened
