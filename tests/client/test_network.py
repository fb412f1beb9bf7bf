"""Proxies and certificates, by the synchronous and the asynchronous client, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.clients import TOKEN, Accounts
from support.scripted import scripted

from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.settings import proxy_for, read_settings
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaUnavailableError


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
