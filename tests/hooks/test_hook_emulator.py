"""The hook's public methods, for real, against the emulator."""

from __future__ import annotations

import json
import time
import traceback

import pytest
import requests
from support.scripted import scripted

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import (
    CopernicaApiError,
    CopernicaArgumentError,
    CopernicaEmptySourceError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
)
from airflow_provider_copernica.hooks.copernica import CopernicaHook

ROWS = [{"Email": "a@example.com", "Firstname": "Ann"}, {"Email": "b@example.com", "Firstname": "Bob"}]
IMPORT = {"database": 1, "action": "update or add", "key_fields": ["Email"], "source": ROWS}


@pytest.fixture(params=[3, 4], ids=["v3", "v4"])
def hook(copernica_connection: str, request: pytest.FixtureRequest) -> CopernicaHook:
    return CopernicaHook(copernica_connection, api_version=request.param, request_timeout=2)


def test_an_import_from_beginning_to_end(hook: CopernicaHook, copernica_emulator: Emulator) -> None:
    import_id = hook.create_import(**IMPORT, name="nightly")
    assert isinstance(import_id, int)
    seen: list[int | None] = []
    done = hook.wait_for_import(
        str(import_id), poll_interval=0.02, timeout=10, on_status=lambda status: seen.append(status.processed_lines)
    )
    assert (done.import_id, done.name, done.status, done.total_lines) == (import_id, "nightly", "finished", 2)
    assert seen[-1] == 2
    assert hook.get_import(import_id) == done
    assert [each["fields"]["Firstname"] for each in copernica_emulator.profiles(1)] == ["Ann", "Bob"]  # type: ignore[index]  # as documented


def test_what_becomes_of_waiting(hook: CopernicaHook, copernica_emulator: Emulator) -> None:
    copernica_emulator.failing_imports("Disk full")
    with pytest.raises(CopernicaImportFailedError, match="Disk full"):
        hook.wait_for_import(hook.create_import(**IMPORT), poll_interval=0.02)
    import_id = copernica_emulator.add_import("slow", "running")
    began = time.monotonic()
    with pytest.raises(CopernicaImportTimeoutError, match=r"last seen as 'running'.*'slow'"):
        hook.wait_for_import(import_id, poll_interval=0.02, timeout=0.2)
    assert time.monotonic() - began < 1.5
    with pytest.raises(CopernicaArgumentError, match="import_id"):
        hook.wait_for_import("None")


def test_nothing_wrong_is_sent(hook: CopernicaHook, copernica_emulator: Emulator) -> None:
    with pytest.raises(CopernicaArgumentError, match="needs key_fields"):
        hook.create_import(database=1, action="update", source=ROWS)
    with pytest.raises(CopernicaEmptySourceError):
        hook.create_import(**{**IMPORT, "source": []})
    with pytest.raises(CopernicaArgumentError, match="Row 2"):
        hook.create_import(**{**IMPORT, "source": [*ROWS[:1], {"Email": "x"}]})
    assert copernica_emulator.requests == []


def test_reading(hook: CopernicaHook, copernica_emulator: Emulator) -> None:
    assert hook.get_identity()["name"] == "Development"
    database = hook.get_database(1)
    assert (database["ID"], database["name"]) == ("1", "Customers")
    with pytest.raises(CopernicaApiError, match="No database with supplied ID"):
        hook.get_database(99)
    for number in range(7):
        copernica_emulator.add_profile(1, {"Email": f"{number}@example.com"})
    every = [each["fields"]["Email"][0] for each in hook.iterate("database/1/profiles", {"limit": 3})]  # type: ignore[index]  # as documented
    assert every == list("0123456")
    from_two = hook.iterate("database/1/profiles", {"limit": 3, "start": 2, "total": False})
    assert len(list(from_two)) == 5
    assert len(hook.get_json("database/1/profileids")) == 7  # type: ignore[arg-type]  # a list


def test_any_other_endpoint(hook: CopernicaHook, copernica_emulator: Emulator) -> None:
    copernica_emulator.fail("database/1/fields", Fault.RESET_BEFORE)
    reply = hook.request("get", "database/1/fields", params={"limit": 2})
    assert isinstance(reply, requests.Response)
    assert reply.json()["count"] == 2
    with pytest.raises(CopernicaApiError, match="Invalid method"):
        hook.request("DELETE", "database/1")


def test_the_session(hook: CopernicaHook, copernica_emulator: Emulator) -> None:
    version = hook.settings.api_version
    with hook.get_conn() as session:
        reply = session.get(f"{copernica_emulator.url}/v{version}/identity", params={"a": "b"}, timeout=5)
    assert reply.json()["name"] == "Development"
    assert copernica_emulator.requests[-1].query["a"] == "b"


def test_errors_of_the_session_hold_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "copernica", "host": "http://127.0.0.1:9", "password": "the-token"}
    monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps({**connection, "extra": {"api_version": 3}}))
    with pytest.raises(requests.ConnectionError) as raised:
        CopernicaHook().get_conn().get("http://127.0.0.1:9/v3/identity", timeout=5)
    assert "access_token=***" in str(raised.value)
    assert "the-token" not in "".join(traceback.format_exception(raised.value))


def test_the_status_that_the_session_complains_of_holds_no_token(
    monkeypatch: pytest.MonkeyPatch, copernica_emulator: Emulator
) -> None:
    copernica_emulator.fail("identity", Fault.BAD_REQUEST)
    extra = {"api_version": 3}
    connection = {"conn_type": "copernica", "host": copernica_emulator.url, "password": "the-token", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps(connection))
    reply = CopernicaHook().get_conn().get(f"{copernica_emulator.url}/v3/identity", timeout=5)
    with pytest.raises(requests.HTTPError) as raised:
        reply.raise_for_status()
    assert "the-token" not in str(raised.value)


def test_the_session_has_the_time_out_of_the_connection(
    monkeypatch: pytest.MonkeyPatch, copernica_emulator: Emulator
) -> None:
    copernica_emulator.fail("identity", Fault.SLOW, seconds=30)
    extra = {"timeout": 0.2}
    connection = {"host": copernica_emulator.url, "password": copernica_emulator.token, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps({"conn_type": "copernica", **connection}))
    with pytest.raises(requests.Timeout):
        CopernicaHook().get_conn().get(f"{copernica_emulator.url}/v4/identity")


@pytest.mark.parametrize("extra", [[1], "text", 3])
def test_an_extra_that_is_not_an_object(monkeypatch: pytest.MonkeyPatch, extra: object) -> None:
    connection = {"conn_type": "copernica", "password": "x", "extra": json.dumps(extra)}
    monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps(connection))
    good, said = CopernicaHook().test_connection()
    assert not good
    assert "extra" in said


def test_a_body_that_is_not_json(hook: CopernicaHook, copernica_emulator: Emulator) -> None:
    for body in (object(), float("nan")):
        with pytest.raises(CopernicaArgumentError, match="json"):
            hook.request("POST", "database/1/profiles", json=body)
    assert copernica_emulator.requests == []


def test_the_session_uses_the_proxy_of_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted((407, {}, b"")) as proxy:
        extra = {"api_version": 3, "proxy": proxy.url}
        connection = {"conn_type": "copernica", "password": "x", "host": "https://api.example.com", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_BEHIND", json.dumps(connection))
        with pytest.raises(requests.exceptions.ProxyError):
            CopernicaHook("behind").get_conn().get("https://api.example.com/v3/identity", timeout=5)
    assert [(method, path) for method, path, _ in proxy.seen] == [("CONNECT", "api.example.com:443")]


def test_the_credentials_follow_a_host_in_capitals(
    monkeypatch: pytest.MonkeyPatch, copernica_emulator: Emulator
) -> None:
    host = copernica_emulator.url.replace("http://127.0.0.1", "HTTP://LOCALHOST")
    connection = {"conn_type": "copernica", "password": copernica_emulator.token, "host": host}
    monkeypatch.setenv("AIRFLOW_CONN_LOUD", json.dumps(connection))
    hook = CopernicaHook("loud")
    assert hook.test_connection()[0]
    assert hook.get_conn().get(f"{host}/v4/identity", timeout=5).status_code == 200


def test_the_connection_test_names_the_account(hook: CopernicaHook) -> None:
    assert hook.test_connection() == (True, "Connected to Copernica account 'Development' (Copernica BV)")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.UNAUTHORIZED, "Unauthorized. Check the API access token"),
        (Fault.UNAVAILABLE_503_HTML, "Loadbalancer Error: Too many requests"),
        (Fault.RESET_BEFORE, "the connection broke"),
        (Fault.REDIRECT, "not followed"),
        (Fault.NOT_JSON, "HTTP 200: it is not JSON: Loadbalancer Error"),
    ],
)
def test_the_connection_test_says_why(
    hook: CopernicaHook, copernica_emulator: Emulator, fault: Fault, words: str
) -> None:
    copernica_emulator.fail(f"v{hook.settings.api_version}/identity", fault, times=None)
    ok, message = hook.test_connection()
    assert not ok
    assert words in message
    assert copernica_emulator.token not in message


def test_something_else_that_answers_is_not_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted((200, {}, b'{"status": "ok"}')) as server:
        connection = {"conn_type": "copernica", "password": "x", "host": server.url, "extra": {"api_version": 3}}
        monkeypatch.setenv("AIRFLOW_CONN_PORTAL", json.dumps(connection))
        assert CopernicaHook("portal").test_connection() == (
            False,
            "The reply names no account: check 'API base URL' (host).",
        )
