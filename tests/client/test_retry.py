"""What is sent again and what is final, by the synchronous and the asynchronous client, over real sockets."""

from __future__ import annotations

import socket
import time
from datetime import timedelta

import pytest
from support.clients import Account, Accounts
from support.scripted import scripted

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaApiError, CopernicaUnavailableError

TRANSIENT = [
    Fault.RESET_BEFORE,
    Fault.RESET_AFTER,
    Fault.TIMEOUT_BEFORE,
    Fault.RATE_LIMIT,
    Fault.ERROR_500_HTML,
    Fault.UNAVAILABLE_502_HTML,
    Fault.UNAVAILABLE_503_HTML,
    Fault.TIMEOUT_504_HTML,
    Fault.TRUNCATED_JSON,
    Fault.CUT_BODY,
    Fault.NOT_JSON,
]


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_get_survives_what_passes(v4: Account, copernica_emulator: Emulator, fault: Fault) -> None:
    copernica_emulator.fail("authenticate", Fault.UNAVAILABLE_503_HTML, times=3)
    copernica_emulator.fail("identity", fault, times=1 if "TIMEOUT_B" in fault.name else 3, seconds=1)
    assert v4.identity()["name"] == "Development"


@pytest.mark.parametrize("where", ["authenticate", "identity"])
def test_attempts_come_to_an_end(v4: Account, copernica_emulator: Emulator, where: str) -> None:
    copernica_emulator.fail(where, Fault.UNAVAILABLE_503_HTML, times=None)
    words = r"HTTP 503: Loadbalancer Error: Too many requests.*\(tried 4 times\)"
    with pytest.raises(CopernicaUnavailableError, match=words) as caught:
        v4.identity()
    assert caught.value.status_code == 503
    assert len([each for each in copernica_emulator.requests if each.status == 503]) == 4


@pytest.mark.parametrize("after", [1, timedelta(seconds=2)])
def test_retry_after(accounts: Accounts, copernica_emulator: Emulator, after: int | timedelta) -> None:
    copernica_emulator.fail("identity", Fault.RATE_LIMIT, retry_after=after)
    began = time.monotonic()
    accounts(copernica_emulator.url, 3).identity()
    assert 0.9 < time.monotonic() - began < 4


FINAL = [
    (Fault.BAD_REQUEST, CopernicaApiError, r"No such thing\. \(.*HTTP 400\)"),
    (Fault.ERROR_IN_200, CopernicaApiError, r"No such thing\. \(.*HTTP 200\)"),
    (Fault.REDIRECT, CopernicaApiError, "a redirect to http.*, which is not followed"),
]


@pytest.mark.parametrize(("fault", "kind", "words"), FINAL)
def test_what_is_final(
    account: Account, copernica_emulator: Emulator, fault: Fault, kind: type[CopernicaApiError], words: str
) -> None:
    with scripted((200, {}, b"{}")) as elsewhere:
        for place, ask in (("identity", account.identity), ("imports", account.post)):
            copernica_emulator.fail(place, fault, message="No such thing", location=f"{elsewhere.url}/x")
            with pytest.raises(kind, match=words) as caught:
                ask()
            assert type(caught.value) is kind
    assert elsewhere.seen == []
    assert copernica_emulator.imports == []


def test_redirects_of_authentication_are_not_followed(v4: Account, copernica_emulator: Emulator) -> None:
    with scripted((200, {}, b"a.b.c")) as elsewhere:
        copernica_emulator.fail("authenticate", Fault.REDIRECT, location=elsewhere.url)
        with pytest.raises(CopernicaApiError, match="not followed"):
            v4.identity()
    assert elsewhere.seen == []


def test_nobody_listens(accounts: Accounts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(
        CopernicaUnavailableError, match=r"Can't reach Copernica at http.*: connection refused \(tried 4 times\)"
    ):
        accounts(f"http://127.0.0.1:{port}", 3).post()
