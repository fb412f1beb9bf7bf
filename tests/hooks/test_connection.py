"""From an Airflow connection to settings: what is refused, what is retried, what is told."""

from __future__ import annotations

import json
import logging

import pytest
from support.scripted import scripted

from airflow_provider_copernica.client.settings import StatusWords
from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.exceptions import (
    CopernicaArgumentError,
    CopernicaConnectionLookupError,
    CopernicaError,
    CopernicaImportFailedError,
)
from airflow_provider_copernica.hooks import _connection
from airflow_provider_copernica.hooks.copernica import CopernicaAsyncHook, CopernicaHook

WORDS = {"finished": ["verwerkt", " klaar "], "busy": ["in behandeling"]}


@pytest.fixture(autouse=True)
def _nothing_was_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "_warned", set())


def connect(monkeypatch: pytest.MonkeyPatch, **fields: object) -> CopernicaHook:
    connection = {"conn_type": "copernica", "password": "the-token", **fields}
    monkeypatch.setenv("AIRFLOW_CONN_ODD", json.dumps(connection))
    return CopernicaHook("odd")


async def look_up_async(conn_id: str) -> None:
    async with CopernicaAsyncHook(conn_id):
        pass


async def test_a_failing_look_up_is_not_a_wrong_argument() -> None:
    """Arguments fail a task without retries; Airflow 3.3 says "not found" when a secrets backend fails, too."""
    with pytest.raises(CopernicaConnectionLookupError, match="does not find the connection 'nowhere'") as caught:
        CopernicaHook("nowhere").settings  # noqa: B018 - a property that looks the connection up
    assert not isinstance(caught.value, CopernicaArgumentError)
    with pytest.raises(CopernicaConnectionLookupError):
        await look_up_async("nowhere")


async def test_broken_json_is_told_as_that_without_showing_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ODD", '{"conn_type": "copernica",\n "password": "the-token"')
    good, answer = CopernicaHook("odd").test_connection()
    assert not good
    assert "AIRFLOW_CONN_ODD is not valid JSON" in answer
    assert "line 2" in answer
    assert "the-token" not in answer
    with pytest.raises(CopernicaArgumentError, match="not valid JSON"):
        await look_up_async("odd")


@pytest.mark.parametrize("conn_type", ["http", "generic", "copernica2", ""])
def test_a_connection_of_another_type_is_refused_before_its_password_goes_anywhere(
    monkeypatch: pytest.MonkeyPatch, conn_type: str
) -> None:
    with scripted((200, {}, b"{}")) as server:
        hook = connect(monkeypatch, conn_type=conn_type, host=server.url)
        with pytest.raises(CopernicaError):
            hook.get_identity()
        with pytest.raises(CopernicaError):
            hook.get_conn()
    assert server.seen == []


@pytest.mark.parametrize(
    ("key", "hint"),
    [("timout", "did you mean 'timeout'?"), ("api-version", "did you mean 'api_version'?"), ("zzz", "known are api_")],
)
def test_an_unknown_extra_fails_the_test_and_warns_a_task_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, key: str, hint: str
) -> None:
    with scripted((200, {}, b'{"name": "x"}')) as server:
        extra = {key: "1", "api_version": 3}
        hook = connect(monkeypatch, host=server.url, extra=extra)
        good, answer = hook.test_connection()
        assert not good
        assert f"{key!r}, which means nothing" in answer
        assert hint in answer
        assert server.seen == []
        connect(monkeypatch, host=server.url, extra=extra).get_identity()
    assert caplog.text.count("which means nothing") == 1


def test_the_names_that_airflow_2_gives_the_fields_of_its_form(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = connect(
        monkeypatch, extra={"extra__copernica__api_version": "3", "extra__copernica__proxy": ""}
    ).settings
    assert (settings.api_version, settings.unknown_extra) == (3, ())


@pytest.mark.parametrize("as_text", [False, True])
def test_status_words_as_object_or_text(monkeypatch: pytest.MonkeyPatch, as_text: bool) -> None:
    settings = connect(monkeypatch, extra={"status_words": json.dumps(WORDS) if as_text else WORDS}).settings
    assert settings.status_words == StatusWords(finished=("verwerkt", "klaar"), busy=("in behandeling",))
    assert settings.unknown_extra == ()


@pytest.mark.parametrize(
    "words",
    ["verwerkt", "{", ["verwerkt"], {"done": ["x"]}, {"finished": "x"}, {"finished": [1]}, {"finished": [" "]}, 3],
)
def test_status_words_that_can_not_be_read(monkeypatch: pytest.MonkeyPatch, words: object) -> None:
    with pytest.raises(CopernicaArgumentError, match=r"Status words \(status_words\) must be lists of words"):
        connect(monkeypatch, extra={"status_words": words}).settings  # noqa: B018 - a property


def test_a_status_word_with_two_meanings(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CopernicaArgumentError, match="name a word twice"):
        connect(monkeypatch, extra={"status_words": {"finished": ["x"], "failed": ["X"]}}).settings  # noqa: B018 - a property


def test_certificates_that_are_not_verified_are_told_once_and_in_the_test(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with scripted((200, {}, b'{"name": "x"}')) as server:
        for _ in range(3):
            good, answer = connect(
                monkeypatch, host=server.url, extra={"verify": False, "api_version": 3}
            ).test_connection()
            assert good
            assert "Certificates are not verified" in answer
    assert caplog.text.count("Certificates are not verified") == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"name": "<script>alert(1)</script>\x1b[2J\nx", "company": "<b>"}),
        (200, {"name": "x", "company": {"name": "<img src=x onerror=alert(1)>"}}),
        (400, {"error": {"message": "<script>alert(1)</script>\r\nforged"}}),
    ],
)
def test_the_answer_of_the_test_is_not_html(monkeypatch: pytest.MonkeyPatch, status: int, body: object) -> None:
    with scripted((status, {}, json.dumps(body).encode())) as server:
        _, answer = connect(monkeypatch, host=server.url, extra={"api_version": 3}).test_connection()
    assert "<" not in answer
    assert ">" not in answer
    assert answer.isprintable()
    assert "(" in answer


@pytest.mark.parametrize("version", [3, 4])
def test_a_session_leaves_the_host_on_no_redirect(monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    jwt = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"
    with scripted((200, {}, b"{}")) as elsewhere:
        away, home = {"Location": f"{elsewhere.url}/x"}, {"Location": f"/v{version}/identity"}
        replies = [(307, away, b""), (307, home, b""), (200, {}, b'{"name": "x"}')]
        tokens = [(200, {}, jwt.encode())] if version == 4 else []
        with scripted(*tokens, *replies) as server:
            session = connect(monkeypatch, host=server.url, extra={"api_version": version}).get_conn()
            url = f"{server.url}/v{version}/identity"
            assert session.get(url, timeout=5).status_code == 307
            assert session.get(url, timeout=5).json() == {"name": "x"}
    assert elsewhere.seen == []


@pytest.mark.parametrize("host", ["http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://[::2]"])
def test_only_loopback_is_reached_unencrypted(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    with pytest.raises(CopernicaArgumentError, match="unencrypted"):
        connect(monkeypatch, host=host).get_identity()


def test_a_list_that_repeats_its_page_ends(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    body = json.dumps({"total": 10**9, "data": [{"ID": "1"}]}).encode()
    with scripted((200, {}, body)) as server:
        hook = connect(monkeypatch, host=server.url, extra={"api_version": 3})
        assert list(hook.iterate("databases")) == [{"ID": "1"}]
    assert len(server.seen) == 2
    assert "the list may be incomplete" in caplog.text


@pytest.mark.parametrize("total", ["9" * 400, int("9" * 400), "9" * 5000])
def test_counts_of_hundreds_of_digits_raise_nothing_of_python(monkeypatch: pytest.MonkeyPatch, total: object) -> None:
    body = json.dumps({"data": [{"ID": "1"}]}).replace(
        "}]", f'}}], "total": "{total}"' if isinstance(total, str) else f'}}], "total": {total}'
    )
    with scripted((200, {}, body.encode())) as server:
        hook = connect(monkeypatch, host=server.url, extra={"api_version": 3})
        assert list(hook.iterate("databases")) == [{"ID": "1"}]


@pytest.mark.parametrize("database", ["../identity", "1?x=1", -1, 0, None, True, "9" * 30, 1.5])
def test_odd_ids_of_databases_are_refused(monkeypatch: pytest.MonkeyPatch, database: object) -> None:
    with scripted((200, {}, b"{}")) as server:
        hook = connect(monkeypatch, host=server.url, extra={"api_version": 3})
        with pytest.raises(CopernicaArgumentError, match="database_id must be a whole number"):
            hook.get_database(database)  # type: ignore[arg-type]  # odd on purpose
    assert server.seen == []


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("status", [400, 500])
def test_local_variables_of_a_failed_call_hold_no_token_and_no_row(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, version: int, status: int
) -> None:
    caplog.set_level(logging.CRITICAL)
    jwt = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"
    tokens = [(200, {}, jwt.encode())] if version == 4 else []
    with scripted(*tokens, (status, {}, b"the-token no")) as server:
        hook = connect(monkeypatch, host=server.url, extra={"api_version": version})
        calls = (
            lambda: hook.request("POST", "profiles", json={"Email": "private@example.com"}),
            lambda: hook.post_import(b'{"Email": "private@example.com"}', idempotent=False),
        )
        for call in calls:
            with pytest.raises(CopernicaError) as caught:
                call()
            shown = locals_of_ours(caught.value)
            assert shown
            for secret in ("the-token", jwt, "private@example.com"):
                assert [line for line in shown if secret in line] == []


def locals_of_ours(error: BaseException) -> list[str]:
    """The local variables of this package's frames, as trackers collect them."""
    shown, trace = [], error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        _, _, file = frame.f_code.co_filename.rpartition("/airflow_provider_copernica/")
        if file != frame.f_code.co_filename and not file.startswith("emulator/"):
            shown += [f"{frame.f_code.co_name}: {name} = {value!r}" for name, value in frame.f_locals.items()]
        trace = trace.tb_next
    return shown


@pytest.mark.parametrize(("word", "ends"), [("verwerkt", "finished"), ("afgekeurd", "failed")])
def test_a_word_of_the_account_ends_a_wait(
    monkeypatch: pytest.MonkeyPatch, copernica_emulator: Emulator, word: str, ends: str
) -> None:
    extra = {"status_words": {"finished": ["Verwerkt"], "failed": ["afgekeurd"]}}
    hook = connect(monkeypatch, host=copernica_emulator.url, password=copernica_emulator.token, extra=extra)
    import_id = copernica_emulator.add_import("nightly", word)
    if ends == "finished":
        assert hook.wait_for_import(import_id, timeout=5).status == word
    else:
        with pytest.raises(CopernicaImportFailedError, match=word):
            hook.wait_for_import(import_id, timeout=5)
