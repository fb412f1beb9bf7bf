"""Every fault of the emulator: what the socket sees, and whether the import was accepted."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

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


def post(emulator: Emulator, timeout: float = 5.0) -> requests.Response:
    query = {"access_token": emulator.token}
    url = f"{emulator.url}/v3/imports"
    return requests.post(url, params=query, json=BODY, timeout=timeout, allow_redirects=False)


def seen_by_the_socket(emulator: Emulator, timeout: float = 5.0) -> object:
    try:
        return post(emulator, timeout).status_code
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
    Fault.NOT_FOUND_HTML: (404, 0),
    Fault.NOT_FOUND: (404, 0),
    Fault.BAD_REQUEST: (400, 0),
    Fault.UNAUTHORIZED: (401, 0),
    Fault.INVALID_TOKEN_400: (400, 0),
    Fault.NO_ID: (201, 1),
    Fault.ID_IN_BODY: (201, 1),
    Fault.SEE_OTHER: (303, 1),
    Fault.TRUNCATED_JSON: (200, 0),
    Fault.CUT_BODY: (RESET, 0),
    Fault.REDIRECT: (307, 0),
    Fault.NOT_JSON: (200, 0),
    Fault.ERROR_IN_200: (200, 0),
    Fault.REPLY: (200, 0),
    Fault.SLOW: (TIMEOUT, 0),
    Fault.DRIP: (201, 1),
    Fault.GZIP: (201, 1),
}


@pytest.mark.parametrize("fault", Fault)
def test_each_fault(emulator: Emulator, fault: Fault) -> None:
    emulator.fail("imports", fault, seconds=0.2 if fault is Fault.DRIP else 2.0)
    expected, accepted = SEEN[fault]
    assert seen_by_the_socket(emulator, timeout=0.4 if expected == TIMEOUT else 5.0) == expected
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


@pytest.mark.parametrize("status", [404, 410])
def test_not_found_with_a_message(emulator: Emulator, status: int) -> None:
    emulator.fail("imports", Fault.NOT_FOUND, status=status, message="No import with supplied ID")
    reply = post(emulator)
    assert (reply.status_code, reply.headers["Content-Type"]) == (status, "application/json")
    assert reply.json() == {"error": {"message": "No import with supplied ID"}}


@pytest.mark.parametrize(
    ("options", "location"),
    [
        ({}, "/v4/import/{id}"),
        (
            {"location": "https://api.example/v3/import/{id}?access_token=x"},
            "https://api.example/v3/import/{id}?access_token=x",
        ),
        ({"location": "/v4/imports"}, "/v4/imports"),
        ({"location": ""}, None),
        ({"status": 201, "location": "/import/{id}"}, "/import/{id}"),
    ],
)
def test_see_other_after_accepting(emulator: Emulator, options: dict[str, object], location: str | None) -> None:
    emulator.fail("imports", Fault.SEE_OTHER, **options)  # type: ignore[arg-type]  # of several types
    reply = post(emulator)
    (accepted,) = emulator.imports
    assert reply.status_code == options.get("status", 303)
    assert reply.headers.get("Location") == (location and location.replace("{id}", str(accepted.import_id)))
    assert not {"X-Created", "X-location"} & set(reply.headers)


@pytest.mark.parametrize(
    "body", [None, '{"ID": "{id}"}', '{"data": {"id": {id}}}', "{id}", '"{id}"', "import {id}", ""]
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_the_id_in_the_body(emulator: Emulator, body: str | None, status: int) -> None:
    emulator.fail("imports", Fault.ID_IN_BODY, body=body, status=status)
    reply = post(emulator)
    (accepted,) = emulator.imports
    expected = '{"id": {id}}' if body is None else body
    assert (reply.status_code, reply.text) == (status, expected.replace("{id}", str(accepted.import_id)))
    assert reply.headers["Content-Type"] == "application/json"
    assert not {"X-Created", "X-location"} & set(reply.headers)


def test_any_reply(emulator: Emulator) -> None:
    headers = {"Content-Type": "text/html", "X-Created": "{id}", "X-Odd": "é"}
    emulator.fail("imports", Fault.REPLY, status=202, body="<p>{id}</p>", headers=headers, accepted=True)
    reply = post(emulator)
    (accepted,) = emulator.imports
    number = str(accepted.import_id)
    assert (reply.status_code, reply.text, reply.headers["X-Created"]) == (202, f"<p>{number}</p>", number)
    assert reply.headers["Content-Type"] == "text/html"
    emulator.fail("imports", Fault.REPLY, body='{"data": []}')
    assert (post(emulator).json(), len(emulator.imports)) == ({"data": []}, 1)


def test_gzip_of_a_chosen_size(emulator: Emulator) -> None:
    import_id = emulator.add_import("nightly", "running")
    url, query = f"{emulator.url}/v3/import/{import_id}", {"access_token": emulator.token}
    for size in (0, 5_000_000):
        emulator.fail("import", Fault.GZIP, size=size)
        packed = requests.get(url, params=query, timeout=10, stream=True)
        assert packed.headers["Content-Encoding"] == "gzip"
        sent = len(packed.raw.read(decode_content=False))
        emulator.fail("import", Fault.GZIP, size=size)
        reply = requests.get(url, params=query, timeout=10)
        assert reply.json()["name"] == "nightly"
        assert len(reply.content) == max(size, len(reply.content.rstrip()))
        assert sent < 10_000, "the size is that of the unpacked reply"


def test_a_reply_that_drips(emulator: Emulator) -> None:
    import_id = emulator.add_import("nightly", "running")
    emulator.fail("import", Fault.DRIP, seconds=0.4)
    began = time.monotonic()
    url = f"{emulator.url}/v3/import/{import_id}"
    with requests.get(url, params={"access_token": emulator.token}, timeout=0.3, stream=True) as reply:
        parts = list(reply.iter_content(chunk_size=None))
    assert time.monotonic() - began >= 0.3, "no pause was longer than the time-out, the whole was"
    assert len(parts) > 10
    assert b"nightly" in b"".join(parts)


def test_slow_after_accepting(emulator: Emulator) -> None:
    emulator.fail("imports", Fault.SLOW, seconds=2.0, accepted=True)
    assert seen_by_the_socket(emulator, timeout=0.4) == TIMEOUT
    assert len(emulator.imports) == 1


def test_an_option_that_does_not_exist(emulator: Emulator) -> None:
    with pytest.raises(TypeError, match="colour"):
        emulator.fail("imports", Fault.SLOW, colour="red")  # type: ignore[call-arg]  # on purpose


def test_every_fault_is_documented() -> None:
    """One line of the table for each."""
    lines = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text().splitlines()
    documented = re.findall(r"`([A-Z0-9_]+)`", " ".join(line.split("|")[1] for line in lines if line.startswith("| `")))
    assert set(Fault.__members__) <= set(documented)


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


def test_a_dropped_connection_is_not_an_answer(emulator: Emulator) -> None:
    emulator.fail("imports", Fault.RESET_AFTER)
    assert seen_by_the_socket(emulator) == RESET
    assert emulator.requests[-1].status == 0


def test_faults_of_authentication(emulator: Emulator) -> None:
    emulator.fail("authenticate", Fault.UNAUTHORIZED)
    codes = [requests.post(emulator.url, data={"access_token": emulator.token}, timeout=5).status_code for _ in "ab"]
    assert codes == [401, 200]
    assert emulator.authentications == 1
