"""What the hook sends, byte by byte, and how it reads what comes back."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import requests
import requests_mock as rm

from airflow_provider_copernica.client import sync
from airflow_provider_copernica.exceptions import (
    CopernicaAmbiguousError,
    CopernicaApiError,
    CopernicaArgumentError,
    CopernicaAuthError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)
from airflow_provider_copernica.hooks.copernica import CopernicaHook

TOKEN = "s3cr3t-access-token"
V3, V4 = "https://api.copernica.com/v3", "https://api.copernica.com/v4"
AUTH = "https://authenticate.copernica.com/"
ROWS = [{"Email": "a@example.com", "Name": "A"}]
UPDATE = {"database": 7, "action": "update or add", "key_fields": ["Email"], "source": ROWS}
ADD = {"database": 7, "action": "add", "source": ROWS}


def jwt(expires_in: float = 86_400) -> str:
    claims = json.dumps({"exp": int(time.time() + expires_in)}).encode()
    return f"eyJhbGciOiJIUzI1NiJ9.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for version in (3, 4):
        connection = {"conn_type": "copernica", "password": TOKEN, "extra": {"api_version": version}}
        monkeypatch.setenv(f"AIRFLOW_CONN_COPERNICA_V{version}", json.dumps(connection))
    return None


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been slept."""
    slept: list[float] = []
    monkeypatch.setattr(sync.time, "sleep", slept.append)
    return slept


@pytest.fixture
def v3(connect: None, naps: list[float]) -> CopernicaHook:
    return CopernicaHook("copernica_v3")


@pytest.fixture
def v4(connect: None, naps: list[float]) -> CopernicaHook:
    return CopernicaHook("copernica_v4")


def test_v3_carries_the_token_in_the_url(v3: CopernicaHook, requests_mock: rm.Mocker) -> None:
    requests_mock.post(f"{V3}/imports", status_code=201, headers={"X-Created": "12"})
    assert v3.create_import(**UPDATE) == 12
    (sent,) = requests_mock.request_history
    assert sent.url == f"{V3}/imports?access_token={TOKEN}"
    assert "Authorization" not in sent.headers
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.json() == {"database": 7, "action": "update or add", "keyFields": ["Email"], "source": ROWS}


def test_v4_trades_the_token_for_a_jwt_once(v4: CopernicaHook, requests_mock: rm.Mocker) -> None:
    token = jwt()
    requests_mock.post(AUTH, text=token)
    requests_mock.post(f"{V4}/imports", status_code=201, headers={"x-created": "12"})
    requests_mock.get(f"{V4}/import/12", json={"status": "finished"})
    v4.create_import(**UPDATE)
    v4.get_import(12)
    auth, *others = requests_mock.request_history
    assert auth.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(auth.text) == {"access_token": [TOKEN]}
    assert [request.headers["Authorization"] for request in others] == [f"Bearer {token}"] * 2
    assert all(TOKEN not in request.url for request in requests_mock.request_history)


@pytest.mark.parametrize("form", ["text", "string", "token", "access_token", "jwt"])
def test_every_form_of_the_authentication_reply(v4: CopernicaHook, requests_mock: rm.Mocker, form: str) -> None:
    token = jwt()
    text = {"text": f" {token}\n", "string": json.dumps(token)}.get(form) or json.dumps({form: token})
    requests_mock.post(AUTH, text=text)
    requests_mock.get(f"{V4}/identity", json={"name": "Development", "company": "Copernica BV"})
    assert v4.test_connection() == (True, "Connected to Copernica account 'Development' (Copernica BV)")
    assert requests_mock.last_request.headers["Authorization"] == f"Bearer {token}"


def test_a_company_may_be_an_object(v4: CopernicaHook, requests_mock: rm.Mocker) -> None:
    requests_mock.post(AUTH, text=jwt())
    requests_mock.get(f"{V4}/identity", json={"name": "Development", "company": {"id": "1", "name": "Copernica BV"}})
    assert v4.test_connection() == (True, "Connected to Copernica account 'Development' (Copernica BV)")


@pytest.mark.parametrize("reply", ["", "welcome", "{}", "<html>hello</html>", '{"token": 3}', "[]"])
def test_an_authentication_reply_without_a_token(v4: CopernicaHook, requests_mock: rm.Mocker, reply: str) -> None:
    requests_mock.post(AUTH, text=reply)
    with pytest.raises(CopernicaAuthError, match="auth_host"):
        v4.get_identity()


def test_a_jwt_is_renewed_before_it_expires(
    v4: CopernicaHook, requests_mock: rm.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests_mock.post(AUTH, text=jwt(expires_in=1000))
    requests_mock.get(f"{V4}/identity", json={})
    v4.get_identity()
    now = time.time()
    for later, asked in ((850, 1), (950, 2)):
        monkeypatch.setattr(sync.time, "time", lambda later=later: now + later)
        v4.get_identity()
        assert [request.method for request in requests_mock.request_history].count("POST") == asked


def test_a_jwt_that_has_expired_by_our_clock_is_used_and_told_once(
    v4: CopernicaHook, requests_mock: rm.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    requests_mock.post(AUTH, text=jwt(expires_in=-10))
    requests_mock.get(f"{V4}/identity", json={})
    for _ in range(3):
        v4.get_identity()
    assert [request.method for request in requests_mock.request_history] == ["POST", *["GET"] * 3]
    assert caplog.text.count("check the clock") == 1


@pytest.mark.parametrize(
    "refusal",
    [{"status_code": 401}, {"status_code": 400, "json": {"error": {"message": "Invalid access token"}}}],
)
def test_a_refused_jwt_is_renewed_once(v4: CopernicaHook, requests_mock: rm.Mocker, refusal: dict[str, object]) -> None:
    requests_mock.post(AUTH, [{"text": jwt(1000)}, {"text": jwt(2000)}])
    requests_mock.get(f"{V4}/identity", [refusal, {"json": {"name": "x"}}])
    assert v4.get_identity() == {"name": "x"}
    requests_mock.get(f"{V4}/identity", [refusal])
    with pytest.raises(CopernicaAuthError, match="API access token"):
        v4.get_identity()
    assert len(requests_mock.request_history) == 4 + 3


def test_v3_hints_at_tokens_that_are_for_v4_only(v3: CopernicaHook, requests_mock: rm.Mocker) -> None:
    requests_mock.get(f"{V3}/identity", status_code=400, json={"error": {"message": "Invalid access token"}})
    ok, message = v3.test_connection()
    assert not ok
    assert "Invalid access token" in message
    assert "api_version" in message
    assert TOKEN not in message


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Created": "12"},
        {"x-created": "12"},
        {"X-CREATED": " 12 "},
        {"X-location": "https://api.copernica.com/v1/import/12"},
        {"X-Location": "https://api.copernica.com/v1/import/12/?access_token=x"},
        {"X-Created": "yes", "x-location": "/import/12"},
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_the_id_of_a_new_import(
    v3: CopernicaHook, requests_mock: rm.Mocker, headers: dict[str, str], status: int
) -> None:
    requests_mock.post(f"{V3}/imports", status_code=status, headers=headers)
    assert v3.create_import(**UPDATE) == 12


@pytest.mark.parametrize(
    "failure",
    [
        {"status_code": 500},
        {"status_code": 502, "text": "<html><title>Loadbalancer Error</title></html>"},
        {"status_code": 503},
        {"status_code": 504},
        {"exc": requests.exceptions.ReadTimeout},
        {"exc": requests.exceptions.ConnectionError("reset")},
    ],
)
def test_an_add_is_never_sent_twice_after_anything_unclear(
    v3: CopernicaHook, requests_mock: rm.Mocker, failure: dict[str, object]
) -> None:
    requests_mock.post(f"{V3}/imports", [failure])
    with pytest.raises(CopernicaAmbiguousError):
        v3.create_import(**ADD)
    with pytest.raises(CopernicaAmbiguousError):
        v3.create_import(**{**UPDATE, "followups": True})
    assert requests_mock.call_count == 2
    requests_mock.post(f"{V3}/imports", [failure, {"status_code": 201, "headers": {"X-Created": "13"}}])
    assert v3.create_import(**UPDATE) == 13


@pytest.mark.parametrize(
    "failure",
    [{"status_code": 429}, {"exc": requests.exceptions.ConnectTimeout}, {"exc": requests.exceptions.SSLError}],
)
def test_what_certainly_did_not_arrive_is_sent_again(
    v3: CopernicaHook, requests_mock: rm.Mocker, failure: dict[str, object]
) -> None:
    requests_mock.post(f"{V3}/imports", [failure, failure, {"status_code": 201, "headers": {"X-Created": "12"}}])
    assert v3.create_import(**ADD) == 12


def test_retry_after_is_honoured(v3: CopernicaHook, requests_mock: rm.Mocker, naps: list[float]) -> None:
    from datetime import UTC, datetime, timedelta
    from email.utils import format_datetime

    date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    answers = [{"status_code": 429, "headers": {"Retry-After": after}} for after in ("17", date, "99999", "soon")]
    requests_mock.get(f"{V3}/identity", [*answers, {"json": {}}])
    v3.get_identity()
    seconds, until, capped, unreadable = naps
    assert 17 <= seconds <= 18
    assert 37 <= until <= 41
    assert 300 <= capped <= 301
    assert unreadable <= 16


def test_a_get_survives_what_passes_and_gives_up_at_last(
    v3: CopernicaHook, requests_mock: rm.Mocker, naps: list[float]
) -> None:
    page = "<html><head><title>Loadbalancer Error</title></head><body><h1>Too many requests</h1></body></html>"
    passing = [
        {"status_code": 503, "text": page},
        {"status_code": 502, "text": page},
        {"text": '{"status": "fini'},
        {"exc": requests.exceptions.ConnectionError("reset")},
    ]
    requests_mock.get(f"{V3}/import/1", [*passing, {"json": {"status": "finished"}}])
    assert v3.get_import("1").status == "finished"
    assert len(naps) == 4
    requests_mock.get(f"{V3}/import/1", [{"status_code": 503, "text": page}])
    with pytest.raises(CopernicaUnavailableError, match="HTTP 503: Loadbalancer Error: Too many requests") as caught:
        v3.get_import("1")
    assert caught.value.status_code == 503


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            {"status_code": 400, "json": {"error": {"message": "No entity with supplied ID"}}},
            CopernicaApiError,
            "No entity with supplied ID",
        ),
        ({"status_code": 404, "json": {"error": "Not Found"}}, CopernicaApiError, "Not Found.*HTTP 404"),
        ({"json": {"error": {"message": "odd"}}}, CopernicaApiError, "odd"),
        ({"json": ["a"]}, CopernicaReplyError, "not the status of an import"),
        ({"status_code": 301, "headers": {"Location": "https://evil.example/"}}, CopernicaApiError, "not followed"),
    ],
)
def test_what_is_final_is_said_at_once(
    v3: CopernicaHook, requests_mock: rm.Mocker, answer: dict[str, object], kind: type[Exception], words: str
) -> None:
    requests_mock.get(f"{V3}/import/1", **answer)
    with pytest.raises(kind, match=words):
        v3.get_import(1)
    assert requests_mock.call_count == 1


def test_iterate_pages_until_the_total(v3: CopernicaHook, requests_mock: rm.Mocker) -> None:
    def page(request: requests.PreparedRequest, _: object) -> dict[str, object]:
        start = int(parse_qs(request.query)["start"][0])
        items = [{"ID": str(number)} for number in range(start, min(start + 2, 5))]
        return {"start": start, "limit": 2, "count": len(items), "total": 5, "data": items}

    requests_mock.get(f"{V3}/database/7/profiles", json=page)
    assert [
        item["ID"] for item in v3.iterate("database/7/profiles", {"limit": 2, "fields[]": ["a==b", "c!=d"]})
    ] == list("01234")
    assert requests_mock.call_count == 3
    assert parse_qs(requests_mock.last_request.query)["fields[]"] == ["a==b", "c!=d"]


def test_iterate_believes_the_page_size_that_the_reply_names(v3: CopernicaHook, requests_mock: rm.Mocker) -> None:
    """The host may give less than was asked for; without a total a page of that size is not the last one."""
    pages = [{"start": 0, "limit": 2, "count": 2, "data": [{"ID": 1}, {"ID": 2}]}]
    pages.append({"start": 2, "limit": 2, "count": 1, "data": [{"ID": 3}]})
    requests_mock.get(f"{V3}/database/7/profiles", [{"json": page} for page in pages])
    assert [item["ID"] for item in v3.iterate("database/7/profiles", {"total": False})] == [1, 2, 3]


def test_iterate_without_a_total_stops_at_a_short_page(v3: CopernicaHook, requests_mock: rm.Mocker) -> None:
    pages = [{"json": {"data": [{"ID": "1"}, {"ID": "2"}]}}, {"json": {"data": []}}]
    requests_mock.get(f"{V3}/database/7/profiles", pages)
    assert len(list(v3.iterate("database/7/profiles", {"limit": 2, "total": False}))) == 2


def test_any_other_endpoint(v3: CopernicaHook, requests_mock: rm.Mocker) -> None:
    requests_mock.post(f"{V3}/view/3/rebuild", status_code=200, text="")
    assert v3.request("post", "view/3/rebuild").status_code == 200
    for path in ("https://evil.example/x", "../v2/x", "view?x=1", "a/../../b", "a/%2E%2e/b"):
        with pytest.raises(CopernicaArgumentError, match="relative to the API"):
            v3.request("GET", path)


def test_the_session_authenticates_towards_its_own_host_only(
    v3: CopernicaHook, v4: CopernicaHook, requests_mock: rm.Mocker
) -> None:
    token = jwt()
    requests_mock.post(AUTH, text=token)
    requests_mock.get(rm.ANY, text="x")
    v4.get_conn().get(f"{V4}/identity")
    assert requests_mock.last_request.headers["Authorization"] == f"Bearer {token}"
    v4.get_conn().get("https://other.example/")
    assert "Authorization" not in requests_mock.last_request.headers
    v3.get_conn().get(f"{V3}/identity", params={"a": "b"})
    assert requests_mock.last_request.url == f"{V3}/identity?a=b&access_token={TOKEN}"
    v3.get_conn().get("https://other.example/")
    assert TOKEN not in requests_mock.last_request.url


def test_documented_bodies(v3: CopernicaHook, requests_mock: rm.Mocker) -> None:
    requests_mock.post(f"{V3}/imports", status_code=201, headers={"X-Created": "12"})
    documented = json.loads((Path(__file__).parents[1] / "documented_bodies.json").read_text())
    names = {"keyFields": "key_fields", "ignoreEmptyFields": "ignore_empty_fields", "removeMissing": "remove_missing"}
    for body in (documented["flat"], documented["subprofiles"], documented["json_page"]):
        v3.create_import(**{names.get(key, key): value for key, value in body.items()})
        sent = requests_mock.last_request.json()
        assert sent == {**body, "rebuild": body["rebuild"] is True}  # "false" as text is the documentation's slip


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ({"conn_type": "copernica"}, "API access token"),
        ({"conn_type": "copernica", "password": "a b"}, "copy it again"),
        ({"conn_type": "copernica", "password": "x", "host": "http://api.example.com"}, "unencrypted"),
        ({"conn_type": "copernica", "password": "x", "host": "ftp://api.example.com"}, "write https"),
        ({"conn_type": "copernica", "password": "x", "host": "https://u:p@api.example.com"}, "no user, password"),
        ({"conn_type": "copernica", "password": "x", "host": "api.example.com/v2"}, "Imports exist from v3 on"),
        (
            {"conn_type": "copernica", "password": "x", "host": "api.example.com/v3", "extra": {"api_version": 4}},
            "leave it out",
        ),
        ({"conn_type": "copernica", "password": "x", "extra": {"api_version": "5"}}, "choose 4, or 3"),
        ({"conn_type": "copernica", "password": "x", "extra": {"timeout": -1}}, "above 0"),
        ({"conn_type": "copernica", "password": "x", "extra": {"proxy": "nope"}}, "Proxy"),
        ({"conn_type": "copernica", "password": "x", "extra": {"auth_host": "http://auth.example.com"}}, "auth_host"),
        ({"conn_type": "postgres", "password": "x", "host": "db"}, "not 'copernica'"),
    ],
)
def test_a_wrong_connection_is_explained(
    monkeypatch: pytest.MonkeyPatch, connection: dict[str, object], words: str, requests_mock: rm.Mocker
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ODD", json.dumps(connection))
    ok, message = CopernicaHook("odd").test_connection()
    assert not ok
    assert words in message
    assert requests_mock.call_count == 0


def test_a_missing_connection_is_explained() -> None:
    ok, message = CopernicaHook("nowhere").test_connection()
    assert not ok
    assert "Airflow does not find the connection 'nowhere'" in message


@pytest.mark.parametrize(
    ("fields", "base", "auth"),
    [
        ({}, "https://api.copernica.com", "https://authenticate.copernica.com/"),
        ({"host": "api.copernica.com/"}, "https://api.copernica.com", "https://authenticate.copernica.com/"),
        (
            {"host": "https://rest.copernica.com/v4"},
            "https://rest.copernica.com",
            "https://authenticate.copernica.com/",
        ),
        ({"host": "Rest.Copernica.com/V4/"}, "https://rest.copernica.com", "https://authenticate.copernica.com/"),
        ({"host": "http://127.0.0.1:8088"}, "http://127.0.0.1:8088", "http://127.0.0.1:8088/"),
        ({"host": "127.0.0.1", "port": 8088, "schema": "http"}, "http://127.0.0.1:8088", "http://127.0.0.1:8088/"),
        (
            {"host": "api.example.com/x", "port": 8443},
            "https://api.example.com:8443/x",
            "https://authenticate.copernica.com/",
        ),
        (
            {"host": "api.example.com:1", "port": 8443},
            "https://api.example.com:1",
            "https://authenticate.copernica.com/",
        ),
        ({"port": 443}, "https://api.copernica.com:443", "https://authenticate.copernica.com/"),
        (
            {"extra": {"auth_host": "auth.example.com", "proxy": None}},
            "https://api.copernica.com",
            "https://auth.example.com/",
        ),
    ],
)
def test_hosts_in_every_spelling(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, object], base: str, auth: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_C", json.dumps({"conn_type": "copernica", "password": "x", **fields}))
    settings = CopernicaHook("c").settings
    assert (settings.base_url, settings.auth_url) == (base, auth)
