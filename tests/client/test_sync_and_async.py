"""Each promise of the client, kept by the synchronous and by the asynchronous one, over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from support.scripted import scripted

from airflow_provider_copernica.client.aio import AsyncClient
from airflow_provider_copernica.client.environment import proxy_for
from airflow_provider_copernica.client.errors import (
    CopernicaAmbiguousError,
    CopernicaApiError,
    CopernicaArgumentError,
    CopernicaAuthError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)
from airflow_provider_copernica.client.exchange import Result, Steps, exchange
from airflow_provider_copernica.client.operations import (
    Watch,
    create_import,
    get_import,
    get_json,
    get_object,
    get_page,
    watch_import,
)
from airflow_provider_copernica.client.parameters import read_parameters
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.schedule import PollSchedule
from airflow_provider_copernica.client.settings import ApiSettings, read_settings
from airflow_provider_copernica.client.status import CopernicaImport
from airflow_provider_copernica.client.sync import SyncClient
from airflow_provider_copernica.client.wire import ApiCall, Repeat
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.emulator.server import DEFAULT_TOKEN
from airflow_provider_copernica.sources.imports import prepare_import

TOKEN = "t0ken+of/mine"
QUICK = RetryPolicy(attempts=4, first=0.01, longest=0.02)
ROW = b'{"database":1,"action":"add","source":[{"Email":"a@example.com"}]}'


class Account:
    """One client of either kind; carries steps out."""

    def __init__(self, kind: str, settings: ApiSettings) -> None:
        self.settings = settings
        self.secrets: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._sync = SyncClient(settings, self.secrets.append) if kind == "sync" else None
        self._async = AsyncClient(settings, self._note) if kind == "async" else None

    async def _note(self, secret: str) -> None:
        self.secrets.append(secret)

    def run(self, steps: Steps[Result]) -> Result:
        if self._sync is not None:
            return self._sync.run(steps)
        assert self._async is not None
        return self._loop.run_until_complete(self._async.run(steps))

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()
        if self._async is not None:
            self._loop.run_until_complete(self._async.close())
        self._loop.close()

    def identity(self, policy: RetryPolicy = QUICK) -> dict[str, object]:
        return self.run(get_object(self.settings, "identity", policy))

    def post(self, *, safe: bool = False, body: bytes = ROW) -> int:
        return self.run(create_import(self.settings, body, safe_to_repeat=safe, policy=QUICK))


class Accounts:
    """Makes clients of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._made: list[Account] = []

    def __call__(self, url: str, version: int = 4, token: str = DEFAULT_TOKEN, **extra: object) -> Account:
        settings = read_settings(token=token, host=url, extra={"api_version": version, "timeout": 0.3, **extra})
        self._made.append(Account(self.kind, settings))
        return self._made[-1]

    def close(self) -> None:
        for account in self._made:
            account.close()


@pytest.fixture(params=["sync", "async"])
def accounts(request: pytest.FixtureRequest) -> Iterator[Accounts]:
    made = Accounts(request.param)
    yield made
    made.close()


@pytest.fixture(params=[3, 4], ids=["v3", "v4"])
def account(accounts: Accounts, copernica_emulator: Emulator, request: pytest.FixtureRequest) -> Account:
    return accounts(copernica_emulator.url, request.param)


@pytest.fixture
def v4(accounts: Accounts, copernica_emulator: Emulator) -> Account:
    return accounts(copernica_emulator.url)


def paths(emulator: Emulator) -> list[str]:
    return [f"{each.method} {each.path}" for each in emulator.requests]


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
def test_patience_ends(v4: Account, copernica_emulator: Emulator, where: str) -> None:
    copernica_emulator.fail(where, Fault.UNAVAILABLE_503_HTML, times=None)
    words = r"HTTP 503: Loadbalancer Error: Too many requests.*Tried 4 times"
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
    (Fault.BAD_REQUEST, CopernicaApiError, "HTTP 400: No such thing"),
    (Fault.ERROR_IN_200, CopernicaApiError, "HTTP 200: .*No such thing"),
    (Fault.REDIRECT, CopernicaApiError, "a redirect to http.*, which is not followed"),
]


@pytest.mark.parametrize(("fault", "kind", "words"), FINAL)
def test_what_is_final(
    account: Account, copernica_emulator: Emulator, fault: Fault, kind: type[CopernicaApiError], words: str
) -> None:
    with scripted((200, {}, b"{}")) as elsewhere:
        for place, ask in (("identity", account.identity), ("imports", account.post)):
            copernica_emulator.fail(place, fault, message="No such thing", location=f"{elsewhere.url}/x", status=303)
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


# imports that Copernica holds after a POST that must not be repeated, and after one that may be
POSTS = {
    Fault.RESET_AFTER: (1, 2),
    Fault.TIMEOUT_AFTER: (1, 2),
    Fault.RESET_BEFORE: (0, 1),
    Fault.ERROR_500_HTML: (0, 1),
    Fault.UNAVAILABLE_502_HTML: (0, 1),
    Fault.UNAVAILABLE_503_HTML: (0, 1),
    Fault.TIMEOUT_504_HTML: (0, 1),
    Fault.NO_ID: (1, 2),
    Fault.TRUNCATED_JSON: (0, 1),
}


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


def test_nobody_listens(accounts: Accounts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(CopernicaUnavailableError, match=r"no connection \(.*Tried 4 times"):
        accounts(f"http://127.0.0.1:{port}", 3).post()


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (201, {"x-CREATED": "12"}),
        (200, {"X-Created": "12", "X-location": "https://api.copernica.com/v1/import/99"}),
        (202, {"X-Location": "https://api.copernica.com/v1/import/12/"}),
        (204, {"X-Created": "soon", "x-location": "/v1/import/12?access_token=x"}),
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
            v4.run(create_import(v4.settings, prepared.payload(), safe_to_repeat=True, policy=QUICK))
        expected = {**body, "rebuild": body["rebuild"] is True}  # "false" as text is the documentation's slip
        assert json.loads(copernica_emulator.imports[-1].body) == expected
        assert len(copernica_emulator.requests[-1].body) == int(
            copernica_emulator.requests[-1].headers["Content-Length"]
        )


def pages(account: Account, params: dict[str, object]) -> list[list[str]]:
    found, start = [], 0
    while True:
        page = account.run(get_page(account.settings, "database/1/profiles", params, start, QUICK))  # type: ignore[arg-type]  # of the test's own making
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
def test_what_is_no_list(accounts: Accounts, body: bytes) -> None:
    with scripted((200, {}, body)) as server, pytest.raises(CopernicaReplyError, match="no list of objects"):
        pages(accounts(server.url, 3), {})


def test_odd_paths_are_encoded(accounts: Accounts) -> None:
    with scripted((200, {}, b"{}")) as server:
        one = accounts(server.url, 3, TOKEN)
        one.run(get_json(one.settings, "database/Klanten ë", {"a": "=+% é"}, QUICK))
    assert server.seen[0][1] == "/v3/database/Klanten%20%C3%AB?a=%3D%2B%25+%C3%A9&access_token=t0ken%2Bof%2Fmine"


def watch(account: Account, import_id: int, patience: float | None = None) -> tuple[CopernicaImport, list[str]]:
    seen: list[str] = []
    now = time.time()
    plan = Watch(PollSchedule(0.04, 0.5), now, None if patience is None else now + patience)
    steps = watch_import(account.settings, import_id, plan, lambda status: seen.append(status.status))
    return account.run(steps), seen


def test_an_import_is_followed_to_its_end(account: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 2.0
    copernica_emulator.status_words["running"] = "frobnicating"
    status, seen = watch(account, account.post())
    assert (status.status, status.processed_lines) == ("finished", 1)
    assert {"frobnicating", "finished"} <= set(seen)
    times = [each.time for each in copernica_emulator.requests if "/import/" in each.path]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert gaps[-1] > 2 * gaps[0], "intervals grow"
    assert len(times) < 25


def test_a_poll_may_fail_now_and_then(account: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 0.5
    for after in (1, 3):
        copernica_emulator.fail("import", Fault.UNAVAILABLE_503_HTML, times=3, after=after)
    assert watch(account, account.post())[0].status == "finished"


def test_a_failed_import(account: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.failing_imports("Disk full", after_lines=1)
    with pytest.raises(CopernicaImportFailedError, match=r"1 of 1 lines\. Copernica says: Disk full"):
        watch(account, account.post())


def test_patience_with_an_import_ends(account: Account, copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import("nightly", "frobnicated")
    began = time.monotonic()
    with pytest.raises(CopernicaImportTimeoutError, match=r"'nightly': frobnicated.*goes on in Copernica"):
        watch(account, import_id, 0.3)
    assert 0.25 < time.monotonic() - began < 1.5
    copernica_emulator.fail("import", Fault.UNAVAILABLE_503_HTML, times=None)
    with pytest.raises(CopernicaImportTimeoutError, match="never seen"):
        watch(account, import_id, 0.3)


def test_an_import_that_is_not_there(account: Account, copernica_emulator: Emulator) -> None:
    with pytest.raises(CopernicaApiError, match="No entity with supplied ID"):
        watch(account, 99)
    assert paths(copernica_emulator)[-1].endswith("import/99")


def test_what_is_no_status(accounts: Accounts) -> None:
    with scripted((200, {}, b'{"a": 1}')) as server:
        one = accounts(server.url, 3)
        with pytest.raises(CopernicaReplyError, match="no status of an import"):
            one.run(get_import(one.settings, 1, QUICK))


def test_any_call_by_any_method(accounts: Accounts) -> None:
    with scripted((204, {}, b"")) as server:
        one = accounts(server.url, 3)
        call = ApiCall("DELETE", "profile/1", repeat=Repeat.IF_NOT_RECEIVED)
        assert one.run(exchange(one.settings, call, QUICK)).status == 204


def test_the_proxy_of_the_connection_is_used(accounts: Accounts) -> None:
    with scripted((200, {}, b'{"name": "by proxy"}')) as proxy:
        one = accounts("http://127.0.0.1:9", 3, proxy=proxy.url)
        assert one.identity() == {"name": "by proxy"}
    assert proxy.seen[0][1].startswith("http://127.0.0.1:9/v3/identity?")


@pytest.mark.parametrize("bare", [False, True])
def test_the_proxy_of_the_environment_is_used(accounts: Accounts, monkeypatch: pytest.MonkeyPatch, bare: bool) -> None:
    with scripted((407, {}, b"")) as proxy:
        use_proxy(monkeypatch, proxy.url.removeprefix("http://") if bare else proxy.url)
        with pytest.raises(CopernicaUnavailableError):
            accounts("https://api.example.com", 3).identity(RetryPolicy(attempts=1))
    assert [(method, path) for method, path, _ in proxy.seen] == [("CONNECT", "api.example.com:443")]


def test_what_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    use_proxy(monkeypatch, "http://127.0.0.1:9")
    settings = read_settings(token=TOKEN)
    assert proxy_for(settings, settings.base_url) == "http://127.0.0.1:9"
    monkeypatch.setenv("no_proxy", "copernica.com")
    assert proxy_for(settings, settings.base_url) is None


def test_loopback_needs_no_proxy(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would get a token that travels unencrypted."""
    use_proxy(monkeypatch, "http://127.0.0.1:9")
    with scripted((200, {}, b'{"name": "directly"}')) as server:
        assert accounts(server.url, 3).identity() == {"name": "directly"}


def use_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name, value in (("HTTP_PROXY", url), ("HTTPS_PROXY", url), ("NO_PROXY", "")):
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)


def test_a_ca_bundle_that_can_not_be_read(accounts: Accounts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(CopernicaArgumentError, match=r"Verify \(verify\) is '/no/such/file'"):
        accounts("https://127.0.0.1:9", 3, verify="/no/such/file")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(CopernicaUnavailableError, match="CA"):
        accounts("https://127.0.0.1:9", 3).post()


@pytest.mark.parametrize(
    ("answer", "url", "proxied"),
    [
        ((407, {}, b""), "https://api.example.com", True),
        ((500, {}, f"token {TOKEN} and {'x' * 280}{TOKEN}".encode()), "", False),
        ((400, {}, json.dumps({"error": {"message": "x" * 295 + TOKEN}}).encode()), "", False),
        ((302, {"Location": f"/x?access_token={TOKEN}"}, b""), "", False),
        ((200, {"Content-Length": "99"}, b"{"), "", False),
    ],
)
def test_secrets_stay_out_of_errors_and_logs(
    accounts: Accounts,
    caplog: pytest.LogCaptureFixture,
    answer: tuple[int, dict[str, str], bytes],
    url: str,
    proxied: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(answer) as server:
        proxy = server.url.replace("//", "//joe:hunter2@") if proxied else None
        one = accounts(url or server.url, 3, TOKEN, proxy=proxy)
        with pytest.raises(CopernicaApiError) as caught:
            one.identity(RetryPolicy(attempts=2, first=0.01))
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.__cause__)
    said += caught.value.api_message + caplog.text
    for secret in (TOKEN, TOKEN[:5], "t0ken%2Bof%2Fmine", "hunter2"):
        assert secret not in said


def test_a_long_page_is_shortened(accounts: Accounts) -> None:
    page = b"<html><style>p {}</style></script><![x[<body>" + b"<p>word</p>" * 5000
    with scripted((400, {}, page)) as server, pytest.raises(CopernicaApiError, match="word") as caught:
        accounts(server.url, 3).identity()
    assert len(str(caught.value)) < 400
