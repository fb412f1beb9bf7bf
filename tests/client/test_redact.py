"""What must not be seen is not seen, whatever stands around it."""

from __future__ import annotations

import pytest

from airflow_provider_copernica.client.redact import redact
from airflow_provider_copernica.redacted_fields import describe_location


@pytest.mark.parametrize("password", ["geheim", "it's", 'a"b', "<x>", "21#x", "pa/ss", "que?ry", "a@b", "p%40ss", ""])
@pytest.mark.parametrize("scheme", ["ftp", "https", "sftp"])
def test_a_password_in_a_location(scheme: str, password: str) -> None:
    location = f"{scheme}://bob:{password}@files.example.com/a.csv"
    for shown in (describe_location(location), redact(f"GET {location} failed: no such file"), redact(repr(location))):
        assert "bob" not in shown
        assert not password or password not in shown
        assert "files.example.com/a.csv" in shown


@pytest.mark.parametrize(
    "name", ["access_token", "token", "X-Amz-Signature", "sig", "password", "api_key", "clientSecret"]
)
def test_a_secret_in_a_query(name: str) -> None:
    shown = redact(f"https://files.example.com/a.csv?page=1&{name}=hunter2&x=3")
    assert shown == f"https://files.example.com/a.csv?page=1&{name}=***&x=3"


def test_what_is_no_secret_stays() -> None:
    for text in ("https://api.copernica.com/v4/import/12?start=0", "mail a@b.nl", "12 % of a://b", ""):
        assert redact(text) == text


def test_known_secrets_in_any_form() -> None:
    assert redact("a b/c, a%20b%2Fc, a+b%2Fc", ["a b/c"]) == "***, ***, ***"
