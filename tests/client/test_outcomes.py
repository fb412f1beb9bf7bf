"""The table of what a failure means, cell by cell."""

from __future__ import annotations

import itertools

import pytest

from airflow_provider_copernica.client import retry
from airflow_provider_copernica.client.messages import Answer, ApiCall, NoReply, ProxyRefusal, Reply
from airflow_provider_copernica.client.retry import UNCONFIRMED_PAUSE, Outcome, RetryPolicy, Verdict, classify, decide

ACCEPT, AGAIN, RENEW, FAIL = Verdict.ACCEPT, Verdict.AGAIN, Verdict.RENEW_TOKEN, Verdict.FAIL

#                        idempotent, can renew | idempotent | not, can renew | not
VERDICTS = {
    Outcome.DONE: (ACCEPT, ACCEPT, ACCEPT, ACCEPT),
    Outcome.NOT_RECEIVED: (AGAIN, AGAIN, AGAIN, AGAIN),
    Outcome.LATER: (AGAIN, AGAIN, AGAIN, AGAIN),
    Outcome.TOKEN_REFUSED: (RENEW, FAIL, RENEW, FAIL),
    Outcome.REFUSED: (FAIL, FAIL, FAIL, FAIL),
    Outcome.PROXY_REFUSED: (FAIL, FAIL, FAIL, FAIL),
    Outcome.MOVED: (FAIL, FAIL, FAIL, FAIL),
    Outcome.UNCONFIRMED: (AGAIN, AGAIN, FAIL, FAIL),
    Outcome.CARRIED_OUT: (FAIL, FAIL, FAIL, FAIL),
    Outcome.TOO_LARGE: (FAIL, FAIL, FAIL, FAIL),
}
IDEMPOTENT, ONCE = ApiCall("POST", "imports", idempotent=True), ApiCall("POST", "imports")


@pytest.mark.parametrize(("outcome", "cell"), list(itertools.product(Outcome, range(4))))
def test_what_follows_a_request(outcome: Outcome, cell: int) -> None:
    call, can_renew = [(IDEMPOTENT, True), (IDEMPOTENT, False), (ONCE, True), (ONCE, False)][cell]
    assert decide(call, outcome, can_renew=can_renew) is VERDICTS[outcome][cell]


def reply(status: int, body: bytes = b"", complete: bool = True, **headers: str) -> Reply:
    return Reply(status, {key.replace("_", "-"): value for key, value in headers.items()}, body, complete)


POST = ApiCall("POST", "imports", creates=True)
GET = ApiCall("GET", "import/1", idempotent=True, expects_json=True)
ANY = ApiCall("PUT", "profile/1")


@pytest.mark.parametrize(
    ("call", "answer", "outcome"),
    [
        (POST, NoReply(False, "refused"), Outcome.NOT_RECEIVED),
        (POST, NoReply(True, "reset"), Outcome.UNCONFIRMED),
        (POST, ProxyRefusal(407), Outcome.PROXY_REFUSED),
        (POST, reply(407), Outcome.PROXY_REFUSED),
        (POST, reply(201, x_created="12"), Outcome.DONE),
        (POST, reply(200, b"{cut", complete=False, x_created="12"), Outcome.DONE),
        (POST, reply(202, x_location="https://api.copernica.com/v1/import/12?x=1"), Outcome.DONE),
        (POST, reply(303, location="/v4/import/1"), Outcome.DONE),
        *((POST, reply(code), Outcome.CARRIED_OUT) for code in (200, 201, 202, 204, 303)),
        (POST, reply(201, x_created="soon"), Outcome.CARRIED_OUT),
        (POST, reply(200, b"<html>"), Outcome.CARRIED_OUT),
        (POST, reply(200, b'{"cut'), Outcome.CARRIED_OUT),
        (POST, reply(303, location="/v4/imports"), Outcome.CARRIED_OUT),
        (POST, reply(200, complete=False), Outcome.UNCONFIRMED),
        (POST, reply(303, complete=False), Outcome.UNCONFIRMED),
        (POST, reply(200, b'{"error": {"message": "no"}}'), Outcome.REFUSED),
        (POST, reply(200, b'{"error": {"message": "no"}, "id": 5}'), Outcome.REFUSED),
        (POST, reply(200, b'{"error": {"message": "Invalid access token"}}'), Outcome.TOKEN_REFUSED),
        (POST, reply(200, b'{"error": false, "id": 5}'), Outcome.DONE),
        (POST, reply(400, b'{"error": {"message": "No database with supplied ID"}}'), Outcome.REFUSED),
        (POST, reply(400, b'{"error": {"message": "Invalid value for field Token"}}'), Outcome.REFUSED),
        (POST, reply(401), Outcome.TOKEN_REFUSED),
        (POST, reply(403), Outcome.TOKEN_REFUSED),
        (POST, reply(404, b"<html>"), Outcome.REFUSED),
        (POST, reply(408), Outcome.UNCONFIRMED),
        (POST, reply(413), Outcome.REFUSED),
        (POST, reply(429), Outcome.LATER),
        *((POST, reply(code, location="/v4/import/1"), Outcome.MOVED) for code in (301, 302, 307, 308)),
        *((POST, reply(code), Outcome.UNCONFIRMED) for code in (500, 502, 503, 504)),
        (ANY, reply(204), Outcome.DONE),
        (ANY, reply(303, location="/v4/profile/1"), Outcome.DONE),
        (GET, reply(200, b'{"status": "x"}'), Outcome.DONE),
        (GET, reply(200, b'{"status": '), Outcome.UNCONFIRMED),
        (GET, reply(200, b"<html>"), Outcome.UNCONFIRMED),
        (GET, reply(200), Outcome.UNCONFIRMED),
        (GET, Reply(200, {}, b"", too_large=True), Outcome.TOO_LARGE),
        (GET, reply(503, b"<html>"), Outcome.UNCONFIRMED),
        (GET, reply(400, b'{"error": {"message": "No entity with supplied ID"}}'), Outcome.REFUSED),
        *((GET, reply(code, b'{"error": {"message": "No entity"}}'), Outcome.REFUSED) for code in (404, 410)),
        *((GET, reply(code, b"<html>not found</html>"), Outcome.UNCONFIRMED) for code in (404, 410)),
        (GET, reply(404, b"{}"), Outcome.UNCONFIRMED),
        *((GET, reply(code), Outcome.MOVED) for code in (301, 303)),
    ],
)
def test_what_became_of_a_request(call: ApiCall, answer: Answer, outcome: Outcome) -> None:
    assert classify(call, answer).outcome is outcome


@pytest.mark.parametrize(
    "words",
    [
        *(
            "Invalid access token",
            "authorization token",
            "Authentication-Token missing",
            "bearer token",
            "access_token",
        ),
        *(
            "invalid token",
            "Expired token",
            "unknown token",
            "the token is expired",
            "token has expired",
            "token expired",
        ),
        *("JWT malformed", "Unauthorized", "unauthorised"),
    ],
)
def test_each_wording_about_tokens(words: str) -> None:
    body = f'{{"error": {{"message": "{words}"}}}}'.encode()
    assert classify(GET, reply(400, body)).outcome is Outcome.TOKEN_REFUSED


@pytest.mark.parametrize(
    "answer",
    [
        *(reply(201, x_created=text) for text in ("12", " 12 ")),
        reply(201, x_created="12", x_location="/import/99"),
        reply(201, x_created="yes", x_location="https://api.copernica.com/v1/import/12/?access_token=x"),
        reply(303, location="https://api.copernica.com/v4/import/12?access_token=x"),
        *(reply(200, f'{{"{key}": {value}}}'.encode()) for key in ("id", "ID", "Id") for value in ("12", '"12"')),
        reply(200, b'{"data": {"id": 12}}'),
        reply(200, b'{"Data": {"ID": "12"}}'),
        reply(200, b'{"id": 12, "data": {"x": 1}}'),
        reply(200, b'{"data": 12}'),
        reply(200, b"12"),
        reply(200, b' "12" '),
    ],
)
def test_where_the_id_of_a_new_import_is_read(answer: Reply) -> None:
    assert classify(POST, answer).created_id == 12


@pytest.mark.parametrize(
    "body",
    [b"0", b"-1", b"true", b"1.5", b"[12]", b'{"id": 0}', b'{"id": true}', b"9" * 25, b"9" * 5000, b'{"id": null}'],
)
def test_what_is_not_an_id(body: bytes) -> None:
    assert classify(POST, reply(201, body)).outcome is Outcome.CARRIED_OUT


def test_an_answer_is_read_once_with_message_and_waiting_time() -> None:
    read = classify(GET, reply(503, b'{"error": {"message": "busy, said t0ken"}}', retry_after="7"), ["t0ken"])
    assert (read.status_code, read.api_message, read.retry_after) == (503, "busy, said ***", 7.0)


def test_back_off_doubles_up_to_a_limit() -> None:
    policy = RetryPolicy(first=1.0, longest=6.0)
    for attempt, least in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 6.0), (1000, 6.0)):
        assert least <= policy.delay(attempt, None) <= min(least + 1.0, 6.0)
    assert 40.0 <= policy.delay(1, 40.0) <= 41.0
    assert 300.0 <= policy.delay(1, 1e9) <= 301.0


def test_there_is_a_pause_before_what_may_have_arrived_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "UNCONFIRMED_PAUSE", UNCONFIRMED_PAUSE)
    assert UNCONFIRMED_PAUSE >= 10
    assert RetryPolicy(first=0.01).delay(1, None, True) == UNCONFIRMED_PAUSE
    assert RetryPolicy(first=0.01).delay(1, 40.0, True) >= 40.0
