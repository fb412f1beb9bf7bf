"""Who we are, by the synchronous and the asynchronous client, over real sockets."""

from __future__ import annotations

import time

import pytest
from support.clients import TOKEN, Account, Accounts, paths
from support.scripted import scripted

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaAuthError


def test_who_we_are(account: Account, copernica_emulator: Emulator) -> None:
    assert account.identity()["name"] == "Development"
    seen = copernica_emulator.requests[-1]
    if account.settings.api_version == 3:
        assert seen.query == {"access_token": copernica_emulator.token}
        assert "Authorization" not in seen.headers
    else:
        assert seen.query == {}
        assert seen.headers["Authorization"] == f"Bearer {copernica_emulator.jwts[-1]}"
        assert account.secrets == copernica_emulator.jwts


@pytest.mark.parametrize("shape", ["text", "json_string", "json_object"])
def test_a_jwt_in_every_shape_is_asked_for_once(v4: Account, copernica_emulator: Emulator, shape: str) -> None:
    copernica_emulator.token_reply = shape
    for _ in range(3):
        v4.identity()
    assert paths(copernica_emulator) == ["POST /"] + ["GET /v4/identity"] * 3
    asked = copernica_emulator.requests[0]
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.query == {}


@pytest.mark.parametrize("fault", [Fault.UNAUTHORIZED, Fault.INVALID_TOKEN_400])
def test_a_refused_jwt_is_renewed_once(v4: Account, copernica_emulator: Emulator, fault: Fault) -> None:
    v4.identity()
    copernica_emulator.expire_tokens()
    assert v4.identity()["name"] == "Development"
    assert v4.post() == 1
    copernica_emulator.expire_tokens()
    assert v4.post() == 2
    assert copernica_emulator.authentications == 3
    copernica_emulator.fail("v4/identity", fault, times=None)
    before = len(copernica_emulator.requests)
    with pytest.raises(CopernicaAuthError, match="API access token"):
        v4.identity()
    assert len(copernica_emulator.requests) - before == 3


def test_a_jwt_near_its_end_is_not_used(v4: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.token_lifetime = 2.0  # exp is in whole seconds: at least one
    v4.identity()
    copernica_emulator.token_lifetime = 3600.0
    time.sleep(2.0)
    v4.identity()
    assert copernica_emulator.authentications == 2
    assert all(each.status == 200 for each in copernica_emulator.requests)


def test_a_wrong_token(accounts: Accounts, copernica_emulator: Emulator) -> None:
    for version in (3, 4):
        with pytest.raises(CopernicaAuthError, match="Invalid access token") as caught:
            accounts(copernica_emulator.url, version, TOKEN).identity()
        assert ("v4 only" in str(caught.value)) == (version == 3)
    assert len(copernica_emulator.requests) == 2


@pytest.mark.parametrize(
    "reply", [b"", b"welcome", b"{}", b'{"token": 3}', b"<html>hi</html>", b"a.b", b"\xff.\xff.\xff"]
)
def test_an_authentication_host_without_tokens(accounts: Accounts, reply: bytes) -> None:
    with scripted((200, {}, reply)) as server, pytest.raises(CopernicaAuthError, match="auth_host"):
        accounts(server.url).identity()
    assert len(server.seen) == 1
