"""An import is posted once, by the synchronous and the asynchronous client, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest
from support.clients import QUICK, Account, Accounts
from support.scripted import scripted

from airflow_provider_copernica.client.operations import create_import
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaAmbiguousError
from airflow_provider_copernica.payload.body import prepare_import
from airflow_provider_copernica.payload.parameters import read_parameters

# imports that Copernica holds after a POST that must not be repeated, and after one that may be
POSTS = {
    Fault.RESET_AFTER: (1, 2),
    Fault.TIMEOUT_AFTER: (1, 2),
    Fault.RESET_BEFORE: (0, 1),
    Fault.ERROR_500_HTML: (0, 1),
    Fault.UNAVAILABLE_502_HTML: (0, 1),
    Fault.UNAVAILABLE_503_HTML: (0, 1),
    Fault.TIMEOUT_504_HTML: (0, 1),
}
# a complete reply without an ID: carried out as far as anybody can tell, so that it is never sent again
CARRIED_OUT = {Fault.NO_ID: 1, Fault.TRUNCATED_JSON: 0, Fault.NOT_JSON: 0}


@pytest.mark.parametrize("fault", POSTS)
def test_a_post_is_not_repeated_blindly(account: Account, copernica_emulator: Emulator, fault: Fault) -> None:
    once, again = POSTS[fault]
    copernica_emulator.fail("imports", fault, seconds=0.6)
    with pytest.raises(CopernicaAmbiguousError):
        account.post(safe=False)
    assert len(copernica_emulator.imports) == once
    copernica_emulator.fail("imports", fault, seconds=0.6)
    assert account.post(safe=True) > 0
    assert len(copernica_emulator.imports) == once + again


@pytest.mark.parametrize("safe", [False, True])
@pytest.mark.parametrize("fault", CARRIED_OUT)
def test_a_complete_reply_without_an_id_is_never_sent_again(
    accounts: Accounts, copernica_emulator: Emulator, fault: Fault, safe: bool
) -> None:
    account = accounts(copernica_emulator.url, timeout=10)
    copernica_emulator.fail("imports", fault)
    with pytest.raises(CopernicaAmbiguousError, match="carried out the import, but its reply holds no ID"):
        account.post(safe=safe)
    assert len(copernica_emulator.imports) == CARRIED_OUT[fault]
    assert len([each for each in copernica_emulator.requests if each.path.endswith("/imports")]) == 1


@pytest.mark.parametrize("safe", [False, True])
def test_303_means_carried_out(accounts: Accounts, safe: bool) -> None:
    with scripted((200, {}, b"{}")) as elsewhere, scripted((303, {"Location": f"{elsewhere.url}/12"}, b"")) as server:
        assert accounts(server.url, 3).post(safe=safe) == 12
    with scripted((303, {"Location": f"{elsewhere.url}/"}, b"")) as server:
        with pytest.raises(CopernicaAmbiguousError, match="carried out") as caught:
            accounts(server.url, 3).post(safe=safe)
        assert len(server.seen) == 1
    assert caught.value.status_code == 303
    assert elsewhere.seen == []


def test_a_post_is_repeated_where_it_was_not_carried_out(account: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.fail("imports", Fault.RATE_LIMIT, times=3)
    account.post()
    assert len(copernica_emulator.imports) == 1


def test_a_post_is_not_lost_on_a_connection_that_died_meanwhile() -> None:
    def serve() -> None:
        for status, body in ((200, b'{"ID":1}'), (201, b"")):
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                head = f"HTTP/1.1 {status} Fine\r\nX-Created: 12\r\nContent-Length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)
                connection.recv(65536)  # either the next request, which is lost, or the end

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        account = Accounts("sync")(f"http://127.0.0.1:{server.getsockname()[1]}", 3)
        assert account.identity() == {"ID": 1}
        assert account.post() == 12
        account.close()
        thread.join(10)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (201, {"x-CREATED": "12"}),
        (200, {"X-Created": "12", "X-location": "https://api.copernica.com/v1/import/99"}),
        (202, {"X-Location": "https://api.copernica.com/v1/import/12/"}),
        (204, {"X-Created": "soon", "x-location": "/v1/import/12?access_token=x"}),
        (303, {"Location": "/v4/import/12"}),
    ],
)
def test_the_id_of_a_new_import(accounts: Accounts, status: int, headers: dict[str, str]) -> None:
    with scripted((status, headers, b"")) as server:
        assert accounts(server.url, 3).post() == 12
    (method, path, sent) = server.seen[0]
    assert (method, path.partition("?")[0], sent["Content-Type"]) == ("POST", "/v3/imports", "application/json")


@pytest.mark.parametrize("headers", [{}, {"X-Created": "0"}, {"X-Created": "-1"}, {"X-location": "http://[x"}])
def test_no_id(accounts: Accounts, headers: dict[str, str]) -> None:
    with scripted((201, headers, b"")) as server, pytest.raises(CopernicaAmbiguousError) as caught:
        accounts(server.url, 3).post()
    assert len(server.seen) == 1
    assert caught.value.status_code == 201


def test_documented_bodies_go_out_as_they_are(v4: Account, copernica_emulator: Emulator) -> None:
    documented = json.loads((Path(__file__).parents[1] / "documented_bodies.json").read_text())
    names = {"keyFields": "key_fields", "ignoreEmptyFields": "ignore_empty_fields", "removeMissing": "remove_missing"}
    for name in ("flat", "subprofiles", "json_page"):
        body = documented[name]
        with prepare_import(read_parameters({names.get(key, key): value for key, value in body.items()})) as prepared:
            v4.run(create_import(prepared.payload(), QUICK, idempotent=True))
        expected = {**body, "rebuild": body["rebuild"] is True}  # "false" as text is the documentation's slip
        assert json.loads(copernica_emulator.imports[-1].body) == expected
        assert len(copernica_emulator.requests[-1].body) == int(
            copernica_emulator.requests[-1].headers["Content-Length"]
        )
