"""Lists and any other endpoint, by the synchronous and the asynchronous client, over real sockets."""

from __future__ import annotations

import json

import pytest
from support.clients import QUICK, TOKEN, Account, Accounts
from support.scripted import scripted

from airflow_provider_copernica.client.exchange import exchange
from airflow_provider_copernica.client.messages import ApiCall
from airflow_provider_copernica.client.operations import get_json
from airflow_provider_copernica.client.pages import get_page
from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaReplyError


def pages(account: Account, params: dict[str, object]) -> list[list[str]]:
    found, start = [], 0
    while True:
        page = account.run(get_page("database/1/profiles", params, start, QUICK))  # type: ignore[arg-type]  # of the test's own making
        found.append([str(item["fields"]["Email"]) for item in page.items])  # type: ignore[index]  # an object of the API
        if page.next_start is None:
            return found
        start = page.next_start


def test_paging(account: Account, copernica_emulator: Emulator) -> None:
    for name in "abcde":
        copernica_emulator.add_profile(1, {"Email": name})
    assert pages(account, {"limit": 2}) == [["a", "b"], ["c", "d"], ["e"]]
    assert pages(account, {"limit": 2, "total": False}) == [["a", "b"], ["c", "d"], ["e"]]
    assert pages(account, {"limit": 5, "total": False}) == [["a", "b", "c", "d", "e"], []]
    assert pages(account, {"limit": 9999}) == [["a", "b", "c", "d", "e"]]
    assert pages(account, {"fields[]": ["Email!=b", "Email=~%"], "limit": "3"}) == [["a", "c", "d"], ["e"]]
    with pytest.raises(CopernicaArgumentError, match="limit must be a whole number"):
        pages(account, {"limit": "many"})


@pytest.mark.parametrize("total", ["²", -1, 2.5, True, None, [], "x"])
def test_a_total_that_is_none(accounts: Accounts, total: object) -> None:
    body = json.dumps({"data": [{"fields": {"Email": "a"}}], "total": total}).encode()
    with scripted((200, {}, body)) as server:
        assert pages(accounts(server.url, 3), {}) == [["a"]]


@pytest.mark.parametrize("body", [b'{"data": 3}', b"[1]", b'"x"', b"{}"])
def test_a_reply_that_is_not_a_list_is_an_error(accounts: Accounts, body: bytes) -> None:
    with scripted((200, {}, body)) as server, pytest.raises(CopernicaReplyError, match="not a list of objects"):
        pages(accounts(server.url, 3), {})


def test_odd_paths_are_encoded(accounts: Accounts) -> None:
    with scripted((200, {}, b"{}")) as server:
        one = accounts(server.url, 3, TOKEN)
        one.run(get_json("database/Klanten ë", {"a": "=+% é"}, QUICK))
    assert server.seen[0][1] == "/v3/database/Klanten%20%C3%AB?a=%3D%2B%25+%C3%A9&access_token=t0ken%2Bof%2Fmine"


def test_any_call_by_any_method(accounts: Accounts) -> None:
    with scripted((204, {}, b"")) as server:
        one = accounts(server.url, 3)
        call = ApiCall("DELETE", "profile/1")
        assert one.run(exchange(call, QUICK)).reply.status == 204
