"""Every fault of the emulator: what the socket sees, and whether the import was accepted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from airflow_provider_copernica.emulator import Emulator, Fault, run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database

BODY = {"database": 1, "action": "add", "source": [{"Email": "a@example.com"}]}
RESET, TIMEOUT = "reset", "time-out"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """One for each test: a request that was kept waiting may be carried out when its test is over."""
    with run_emulator(import_seconds=0) as emulator:
        add_demo_database(emulator)
        yield emulator


def post(emulator: Emulator) -> requests.Response:
    query = {"access_token": emulator.token}
    url = f"{emulator.url}/v3/imports"
    return requests.post(url, params=query, json=BODY, timeout=1.0, allow_redirects=False)


def seen_by_the_socket(emulator: Emulator) -> object:
    try:
        return post(emulator).status_code
    except requests.Timeout:
        return TIMEOUT
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        return RESET


# what the socket sees, and how many imports there are afterwards
SEEN = {
    Fault.RESET_BEFORE: (RESET, 0),
    Fault.RESET_AFTER: (RESET, 1),
    Fault.TIMEOUT_BEFORE: (TIMEOUT, 0),
    Fault.TIMEOUT_AFTER: (TIMEOUT, 1),
    Fault.RATE_LIMIT: (429, 0),
    Fault.ERROR_500_HTML: (500, 0),
    Fault.UNAVAILABLE_502_HTML: (502, 0),
    Fault.UNAVAILABLE_503_HTML: (503, 0),
    Fault.TIMEOUT_504_HTML: (504, 0),
    Fault.BAD_REQUEST: (400, 0),
    Fault.UNAUTHORIZED: (401, 0),
    Fault.INVALID_TOKEN_400: (400, 0),
    Fault.NO_ID: (201, 1),
    Fault.TRUNCATED_JSON: (200, 0),
    Fault.CUT_BODY: (RESET, 0),
    Fault.REDIRECT: (307, 0),
    Fault.NOT_JSON: (200, 0),
    Fault.ERROR_IN_200: (200, 0),
    Fault.SLOW: (TIMEOUT, 0),
}


@pytest.mark.parametrize("fault", Fault)
def test_each_fault(emulator: Emulator, fault: Fault) -> None:
    emulator.fail("imports", fault, seconds=2.0)
    expected, accepted = SEEN[fault]
    assert seen_by_the_socket(emulator) == expected
    assert len(emulator.imports) == accepted
    assert post(emulator).headers["X-Created"].isdigit(), "only once"


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE_503_HTML, Fault.CUT_BODY, Fault.TRUNCATED_JSON])
def test_any_fault_may_hide_an_accepted_import(emulator: Emulator, fault: Fault) -> None:
    emulator.fail("imports", fault, accepted=True)
    assert seen_by_the_socket(emulator) == SEEN[fault][0]
    assert len(emulator.imports) == 1


def test_what_the_pages_and_messages_say(emulator: Emulator) -> None:
    for fault, words in (
        (Fault.UNAVAILABLE_503_HTML, "<title>Loadbalancer Error</title>"),
        (Fault.NOT_JSON, "<html>"),
        (Fault.INVALID_TOKEN_400, '{"error": {"message": "Invalid access token"}}'),
        (Fault.ERROR_IN_200, '{"error": {"message": "odd"}}'),
        (Fault.BAD_REQUEST, '{"error": {"message": "odd"}}'),
    ):
        emulator.fail("imports", fault, message="odd")
        assert words in post(emulator).text
    emulator.fail("imports", Fault.REDIRECT, location="http://127.0.0.1:1/x", status=301)
    reply = post(emulator)
    assert (reply.status_code, reply.headers["Location"]) == (301, "http://127.0.0.1:1/x")


def test_retry_after_in_every_form(emulator: Emulator) -> None:
    for after in (7, timedelta(seconds=60), None):
        emulator.fail("imports", Fault.RATE_LIMIT, retry_after=after)
    assert post(emulator).headers["Retry-After"] == "7"
    moment = parsedate_to_datetime(post(emulator).headers["Retry-After"])
    assert 55 < (moment - datetime.now(UTC)).total_seconds() < 65
    assert "Retry-After" not in post(emulator).headers


def test_faults_are_counted_and_come_in_turn(emulator: Emulator) -> None:
    emulator.fail("imports", Fault.UNAVAILABLE_502_HTML, after=1, times=2)
    emulator.fail("imports", Fault.TIMEOUT_504_HTML, after=1, times=1)
    assert [post(emulator).status_code for _ in range(5)] == [201, 502, 502, 504, 201]
    emulator.fail("imports", Fault.UNAVAILABLE_502_HTML, times=None)
    assert post(emulator).status_code == 502
    emulator.clear_faults()
    assert post(emulator).status_code == 201


def test_a_dropped_connection_is_no_answer(emulator: Emulator) -> None:
    emulator.fail("imports", Fault.RESET_AFTER)
    assert seen_by_the_socket(emulator) == RESET
    assert emulator.requests[-1].status == 0


def test_faults_of_authentication(emulator: Emulator) -> None:
    emulator.fail("authenticate", Fault.UNAUTHORIZED)
    codes = [requests.post(emulator.url, data={"access_token": emulator.token}, timeout=5).status_code for _ in "ab"]
    assert codes == [401, 200]
    assert emulator.authentications == 1
