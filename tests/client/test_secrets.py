"""What errors and logs tell, and what not, by the synchronous and the asynchronous client, over real sockets."""

from __future__ import annotations

import json
import logging
import traceback

import pytest
from support.clients import TOKEN, Accounts
from support.scripted import scripted

from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.exceptions import CopernicaApiError


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
