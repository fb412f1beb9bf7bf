"""Proxies, certificates and odd servers: each row of the table in docs/connection.md means the same to both clients."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from pathlib import Path

import pytest
from support.clients import TOKEN, Accounts
from support.raw import Certificate, make_certificate, raw, reply
from support.scripted import scripted

from airflow_provider_copernica.client import network
from airflow_provider_copernica.client.messages import MAX_REPLY, MAX_SHORT_REPLY, ApiCall
from airflow_provider_copernica.client.network import proxy_for
from airflow_provider_copernica.client.operations import get_import, get_json
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.settings import read_settings
from airflow_provider_copernica.exceptions import (
    CopernicaAmbiguousError,
    CopernicaApiError,
    CopernicaArgumentError,
    CopernicaProxyError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)

ONCE = RetryPolicy(attempts=1)
TWICE = RetryPolicy(attempts=2, first=0.01)
NAME = b'{"name": "x"}'
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*CA_VARIABLES, *PROXY_VARIABLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("name", ["connection", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_where_the_proxy_comes_from(accounts: Accounts, monkeypatch: pytest.MonkeyPatch, name: str, bare: bool) -> None:
    with scripted((502, {}, b"")) as proxy:
        extra = {"proxy": proxy.url} if name == "connection" else {}
        if name != "connection":
            monkeypatch.setenv(name, proxy.url.removeprefix("http://") if bare else proxy.url)
        with pytest.raises(CopernicaUnavailableError, match="Can't reach Copernica"):
            accounts("https://api.example.com", 3, **extra).identity(TWICE)
    assert [(method, path) for method, path, _ in proxy.seen] == [("CONNECT", "api.example.com:443")] * 2


@pytest.mark.parametrize("status", [407, 403])
def test_a_proxy_that_refuses_is_named_and_not_asked_again(accounts: Accounts, status: int) -> None:
    with scripted((status, {}, b"")) as proxy:
        for ask in ("identity", "post"):
            one = accounts("https://api.example.com", 3, proxy=proxy.url.replace("//", "//joe:hunter2@"))
            with pytest.raises(CopernicaApiError, match=rf"proxy refused the request \(HTTP {status}\)") as caught:
                getattr(one, ask)()
            assert type(caught.value) is CopernicaProxyError
            assert "hunter2" not in str(caught.value)
    assert len(proxy.seen) == 2


def test_a_proxy_of_another_kind_serves_neither(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://joe:hunter2@127.0.0.1:9")
    with pytest.raises(CopernicaUnavailableError, match="proxy of the kind 'socks5', not http"):
        accounts("https://api.example.com", 3).identity(ONCE)


def test_what_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    settings = read_settings(token=TOKEN)
    assert proxy_for(settings, settings.base_url) == "http://127.0.0.1:9"
    monkeypatch.setenv("no_proxy", "copernica.com")
    assert proxy_for(settings, settings.base_url) is None


@pytest.mark.parametrize("name", ["connection", "HTTP_PROXY", "ALL_PROXY"])
def test_loopback_takes_no_proxy(accounts: Accounts, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It would get a token that travels unencrypted."""
    if name != "connection":
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    extra = {"proxy": "http://127.0.0.1:9"} if name == "connection" else {}
    with scripted((200, {}, b'{"name": "directly"}')) as server:
        assert accounts(server.url, 3, **extra).identity() == {"name": "directly"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("name", [*CA_VARIABLES, "verify"])
def test_where_the_ca_bundle_comes_from(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, certificate: Certificate, name: str, kind: str
) -> None:
    bundle = str(getattr(certificate, kind))
    if name != "verify":
        monkeypatch.setenv(name, bundle)
    with raw(reply(NAME), tls=certificate.tls) as server:
        extra = {"verify": bundle} if name == "verify" else {}
        assert accounts(server.url, 3, timeout=5, **extra).identity(ONCE) == {"name": "x"}


def test_the_connections_own_bundle_goes_before_the_environments(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, certificate: Certificate
) -> None:
    import certifi

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.file))
    with raw(reply(NAME), tls=certificate.tls) as server:
        with pytest.raises(CopernicaUnavailableError, match="certificate"):
            accounts(server.url, 3, timeout=5, verify=certifi.where()).identity(ONCE)
        assert server.seen == []


def test_an_unknown_certificate_gets_no_token(accounts: Accounts, certificate: Certificate) -> None:
    with raw(reply(NAME), tls=certificate.tls) as server:
        for version in (3, 4):
            with pytest.raises(CopernicaUnavailableError, match="certificate is not trusted"):
                accounts(server.url, version, timeout=5).identity(ONCE)
        assert server.seen == []
        assert accounts(server.url, 3, timeout=5, verify=False).identity(ONCE) == {"name": "x"}


def test_a_ca_bundle_that_can_not_be_read(accounts: Accounts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(CopernicaArgumentError, match=r"Verify \(verify\) is '/no/such/file'"):
        accounts("https://127.0.0.1:9", 3, verify="/no/such/file")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(CopernicaUnavailableError, match="CA"):
        accounts("https://127.0.0.1:9", 3).post()


ODD = {
    "102 and 103 before the reply": [b"HTTP/1.1 102 P\r\n\r\n", b"HTTP/1.1 103 E\r\nLink: </x>\r\n\r\n", reply(NAME)],
    "a header of 16 KB": [reply(NAME, "X-Long: " + "x" * 16_384)],
    "80 headers": [reply(NAME, *(f"X-{number}: 1" for number in range(80)))],
    "no Content-Length": [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", NAME],
    "chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"d\r\n", NAME, b"\r\n0\r\n\r\n"],
    "Latin-1 in a header": [reply(NAME, "X-Name: caf\xe9")],
    "gzip that nobody asked for": [reply(gzip.compress(NAME), "Content-Encoding: gzip")],
    "deflate that nobody asked for": [reply(zlib.compress(NAME), "Content-Encoding: deflate")],
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_but_readable_replies(accounts: Accounts, odd: str) -> None:
    with raw(*ODD[odd]) as server:
        one = accounts(server.url, 3, timeout=5)
        assert one.identity(ONCE) == {"name": "x"}
        assert b"\r\naccept-encoding: identity\r\n" in server.seen[0].lower()


def test_latin_1_in_a_message(accounts: Accounts) -> None:
    page = raw(reply(b"<p>caf\xe9 closed</p>", status="400 Bad"))
    with page as server, pytest.raises(CopernicaApiError, match=r"caf. closed"):
        accounts(server.url, 3, timeout=5).identity(ONCE)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "plain"])
def test_a_reply_has_a_limit_packed_or_not(accounts: Accounts, encoding: str) -> None:
    body = b"[" + b" " * 2 * MAX_SHORT_REPLY + b"]"
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "plain": bytes}[encoding](body)
    headers = [] if encoding == "plain" else [f"Content-Encoding: {encoding}"]
    with raw(reply(packed, *headers)) as server:
        one = accounts(server.url, 3, timeout=20)
        with pytest.raises(CopernicaReplyError, match="larger than 1 MiB"):
            one.run(get_import(1, ONCE))
        assert one.run(get_json("x", None, ONCE)) == []
    with raw(reply(packed, *headers, status="503 No")) as server, pytest.raises(CopernicaUnavailableError):
        accounts(server.url, 3, timeout=20).identity(ONCE)
    with raw(reply(packed, *headers, status="201 Created")) as server, pytest.raises(CopernicaAmbiguousError):
        accounts(server.url, 3, timeout=20).post()


def test_a_small_reply_takes_little_memory(accounts: Accounts) -> None:
    import tracemalloc

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(4 * MAX_REPLY >> 20)) + packer.flush()
    assert len(bomb) < 400_000
    with raw(reply(bomb, "Content-Encoding: gzip")) as server:
        one = accounts(server.url, 3, timeout=20)
        tracemalloc.start()
        try:
            with pytest.raises(CopernicaReplyError, match="larger than 1 MiB"):
                one.run(get_import(1, ONCE))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 8 * MAX_SHORT_REPLY


@pytest.mark.parametrize("headers", [["Content-Encoding: br"], ["Content-Encoding: gzip"]])
def test_a_compression_that_can_not_be_read(accounts: Accounts, headers: list[str]) -> None:
    with raw(reply(NAME, *headers)) as server, pytest.raises(CopernicaUnavailableError, match="broke off"):
        accounts(server.url, 3, timeout=5).identity(ONCE)
    cut = raw(reply(gzip.compress(NAME)[:-9], "Content-Encoding: gzip"))
    with cut as server, pytest.raises(CopernicaUnavailableError, match="broke off"):
        accounts(server.url, 3, timeout=5).identity(ONCE)


@pytest.mark.parametrize("drips_from", ["the first line", "the body"])
def test_a_dripping_reply_ends_with_the_time_out(accounts: Accounts, drips_from: str) -> None:
    whole = reply(NAME + b" " * 200)
    start = 0 if drips_from == "the first line" else whole.index(b"{")
    pieces = [whole[:start], *(whole[at : at + 1] for at in range(start, len(whole)))]
    with raw(*(piece for piece in pieces if piece), pause=0.05) as server:
        began = time.monotonic()
        with pytest.raises(CopernicaUnavailableError):
            accounts(server.url, 3, timeout=0.5).identity(ONCE)
        assert time.monotonic() - began < 2.5


def test_a_dripping_reply_ends_with_the_deadline(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LAST_LOOK_SECONDS", 0.2)
    with raw(*(b"H" for _ in range(300)), pause=0.05) as server:
        began = time.monotonic()
        with pytest.raises(CopernicaUnavailableError):
            accounts(server.url, 3, timeout=60).identity(RetryPolicy(first=0.01, deadline=time.time() + 0.3))
        assert time.monotonic() - began < 5


def test_cookies_are_never_kept(accounts: Accounts) -> None:
    with raw(reply(NAME, "Set-Cookie: session=abc; Path=/")) as server:
        one = accounts(server.url, 3, timeout=5)
        for _ in range(2):
            one.identity(ONCE)
        assert b"cookie" not in server.seen[1].lower()


def test_a_request_that_is_too_large_gets_advice(accounts: Accounts) -> None:
    body = json.dumps({"error": {"message": "too much"}}).encode()
    with scripted((413, {}, body)) as server, pytest.raises(CopernicaApiError, match=r"too much\. .*presign=True"):
        accounts(server.url, 3).post()


def test_a_request_shows_no_token(accounts: Accounts) -> None:
    from airflow_provider_copernica.client.messages import api_request, auth_request

    for version in (3, 4):
        settings = accounts("https://api.example.com", version, TOKEN, proxy="http://joe:hunter2@proxy:1").settings
        call = ApiCall("POST", "imports", {"fields[]": "Email==a@example.com"}, b"secret rows")
        shown = repr([settings, call, api_request(settings, call, "e.y.J"), auth_request(settings)])
        for secret in (TOKEN, "t0ken%2Bof%2Fmine", "e.y.J", "secret rows", "hunter2", "a@example.com"):
            assert secret not in shown


@pytest.mark.parametrize("said", ["Connector is closed.", "it broke ..."])
def test_what_a_library_says_becomes_a_clause(said: str) -> None:
    words = said.rstrip(" .")
    settings = read_settings(token=TOKEN)
    assert network.no_reply(RuntimeError(said), settings, sent=True).reason == f"the connection broke ({words})"
    assert network.no_reply(RuntimeError("."), settings, sent=False).reason == "RuntimeError"
