"""What must not be seen is not seen, whatever stands around it, and however long the text is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.client.redact import (
    MAX_TEXT,
    hide_queries,
    redact,
    redact_exception,
    redact_named,
    sanitize,
    show_location,
)
from airflow_provider_copernica.redacted_fields import describe_location

TOKEN = "s3cr3t/t0ken+x"


@pytest.mark.parametrize("password", ["geheim", "it's", 'a"b', "<x>", "21#x", "pa/ss", "que?ry", "a@b", "p%40ss", ""])
@pytest.mark.parametrize("scheme", ["ftp", "https", "sftp"])
def test_a_password_in_a_location(scheme: str, password: str) -> None:
    location = f"{scheme}://bob:{password}@files.example.com/a.csv"
    shown_by = (describe_location, show_location, lambda text: redact(f"GET {text} failed: no such file"), redact, repr)
    for show in shown_by:
        shown = redact(repr(location)) if show is repr else show(location)
        assert "bob" not in shown
        assert not password or password not in shown
        assert "files.example.com/a.csv" in shown


@pytest.mark.parametrize(
    "name",
    [
        *("access_token", "token", "X-Amz-Signature", "sig", "password", "api_key", "clientSecret"),
        *("tempauth", "rlkey", "Authorization", "code", "pwd", "PWD", "x"),
    ],
)
@pytest.mark.parametrize("mark", ["?", "?page=1&", ";", "#", "?u=https%3A%2F%2Fh%2F%3F", "?u=https://h/?"])
def test_a_secret_behind_the_path_of_a_location(name: str, mark: str) -> None:
    for location in (
        f"https://files.example.com/a.csv{mark}{name}=hunter2",
        f"s3://files.example.com/a.csv{mark}hunter2",
    ):
        for shown in (show_location(location), redact(f"no file at {location}, alas")):
            assert "hunter2" not in shown
            assert "files.example.com/a.csv?***" in shown


@pytest.mark.parametrize("name", ["access_token", "signature", "pwd", "sig", "api-key", "TOKEN", "proxy_password"])
@pytest.mark.parametrize("sign", ["=", "%3D", "%3d", '": "', "': '"])
def test_a_secret_with_its_name(name: str, sign: str) -> None:
    shown = redact(f"the call ({name}{sign}hunter2) failed, code=7")
    assert "hunter2" not in shown
    assert "failed" in shown


@pytest.mark.parametrize("word", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token(word: str) -> None:
    assert redact(f"Authorization was {word} abc.def-ghi") == f"Authorization was {word} ***"


@pytest.mark.parametrize(
    "jwt", ["eyJhbGciOi.eyJpc3MiOiJ.c2ln", "eyJhbGciOi.eyJpc3MiOiJ.", "eyJhbGciOi.eyJpc", "eyJhbGciOi"]
)
def test_a_jwt_and_the_beginning_of_one(jwt: str) -> None:
    assert redact(f"refused {jwt}") == "refused ***"


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://h.example/secretpart/other/file.csv", "https://h.example/.../file.csv"),
        ("https://h.example/services/T0/B0/xoxo", "https://h.example/.../***"),
        ("https://h.example:8443/a.csv.gz", "https://h.example:8443/a.csv.gz"),
        ("https://@h.example/a.csv", "https://***@h.example/a.csv"),
        ("https://h.example/data@v2/a.csv", "https://h.example/.../a.csv"),
        ("ftp://[::1]:21/a.csv", "ftp://[::1]:21/a.csv"),
        ("ftp://user:123/45@h.example/a.csv", "ftp://***"),
        ("https://dG9r/ZW4@h.example/a.csv", "https://***"),
        ("https://u:a@b/c@h.example/a.csv", "https://***"),
        ("https://h.example/a.csv%3Ftoken%3Dabc", "https://h.example/***"),
        ("https://h.example/{{ ds }}/f_{{ ds }}.csv?sig={{ v }}", "https://h.example/.../f_{{ ds }}.csv?***"),
        ("s3://conn@bucket/in/*.parquet", "s3://***@bucket/.../*.parquet"),
        ("s3://bucket/folder/", "s3://bucket/.../"),
        ("file:///data/in/a.csv", "file:///.../a.csv"),
        ("/data/in/a.csv", "/.../a.csv"),
        ("a.csv", "a.csv"),
        ("{{ params.url }}", "{{ params.url }}"),
        ("{{ 'https://u:p@h' }}", "***://***"),
        ("https://h.example/a\x1b[2J\nb.csv", "https://h.example/a [2J b.csv"),
        (None, "<location, not shown>"),
        (["https://u:p@h"], "<location, not shown>"),
    ],
)
def test_what_is_seen_of_a_location(location: object, shown: str) -> None:
    assert show_location(location) == shown


@given(st.text(min_size=4, max_size=12), st.text(alphabet="/?#;@:.ab1 ", max_size=30), st.text(max_size=8))
def test_a_query_and_a_user_are_never_seen(secret: str, path: str, name: str) -> None:
    secret = f"q{secret}Q9"
    assert secret not in show_location(f"https://h.example/{path}?{name}={secret}")
    assert secret not in show_location(f"https://{secret}@h.example/{path}")


def test_what_is_not_a_secret_stays() -> None:
    for text in ("https://api.copernica.com", "mail a@b.nl", "12 % of a://b", "", "import 12: code 7", "eyJ"):
        assert redact(text) == text
    url = "https://api.copernica.com/v3/import/12?start=0&access_token="
    assert redact_named(f"{url}abc") == f"{url}***"


def test_known_secrets_in_any_form() -> None:
    assert redact("a b/c, a%20b%2Fc, a+b%2Fc, a b\\/c", ["a b/c"]) == "***, ***, ***, ***"


def test_a_text_from_outside_is_cut_made_printable_and_redacted() -> None:
    shown = sanitize("no\nsuch\x1b[2Jfile\u202e \r\n2026 ERROR token=abc", ["nothing"])
    assert shown == "no such [2Jfile 2026 ERROR token=***"
    assert sanitize("x" * MAX_TEXT) == "x" * MAX_TEXT
    assert sanitize("x" * (MAX_TEXT + 1)) == "x" * (MAX_TEXT - 3) + "..."
    assert len(sanitize("x " * 100_000, limit=80)) == 80


@given(st.integers(0, 2600), st.sampled_from(["", f"{TOKEN} ", "https://u@h/ ", "https://h/?"]), st.integers(0, 200))
def test_no_part_of_a_secret_is_left_by_a_cut(length: int, filling: str, times: int) -> None:
    text = filling * times + "x" * length + TOKEN
    shown = sanitize(text, [TOKEN])
    assert TOKEN[:4] not in shown
    assert len(shown) <= MAX_TEXT


HOSTILE = [
    *("a", "a=", "@", "://", "a://", "a@b://", "eyJ", "eyJhbGciOi-", "eyJhbGciOi.", "bearer ", "bearer\t\t", "?token"),
    *("=", "%3D", '":"', "'  :", "&token", "token=", "-token", "{{", "/", "?", "\x1b", "http://a@/?#@"),
]


@pytest.mark.parametrize("show", [redact, show_location, sanitize])
@pytest.mark.parametrize("end", ["", "="])
@pytest.mark.parametrize("piece", HOSTILE)
def test_the_time_per_character_does_not_grow(piece: str, end: str, show: object) -> None:
    """A ratio, so that a slow machine changes nothing: quadratic time would make it 16."""
    assert callable(show)

    def best(size: int) -> float:
        text = (piece * size)[:size] + end
        taken = []
        for _ in range(5):
            began = time.process_time()
            show(text)
            taken.append(time.process_time() - began)
        return min(taken)

    small, large = 4_000, 64_000
    assert best(large) / large < 5 * (best(small) / small) + 1e-6


def chained() -> dict[str, BaseException]:
    """A secret at each place of an exception where libraries put one, alone."""
    text = "GET https://api.copernica.com/v3/identity?access_token=s3cr3t"
    argument = ConnectionError(text)
    cause, context, reason, nested = (ConnectionError("away") for _ in range(4))
    cause.__cause__ = OSError(text)
    context.__context__ = OSError(text)
    reason.reason = OSError(text)  # type: ignore[attr-defined]  # as urllib3's MaxRetryError has it
    nested.args = (OSError(text),)
    return {"argument": argument, "cause": cause, "context": context, "reason": reason, "nested": nested}


@pytest.mark.parametrize("place", ["argument", "cause", "context", "reason", "nested"])
def test_each_place_of_an_exception_is_redacted(place: str) -> None:
    error = chained()[place]
    redact_exception(error)
    parts = (error, error.__cause__, error.__context__, getattr(error, "reason", None), *error.args)
    assert "s3cr3t" not in "".join(map(repr, parts))
    assert "***" in "".join(map(repr, parts))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/v4/database/1/profiles?fields%5B%5D=Email%3D%3Da&limit=1", "/v4/database/1/profiles?***"),
        ("https://api.example.com/v4/x?a=b", "https://api.example.com/v4/x?***"),
        ("refused url: /v3/x?access_token=t (Caused by y)", "refused url: /v3/x?*** (Caused by y)"),
        ("/v4/identity", "/v4/identity"),
        ("what? nothing", "what? nothing"),
        ("?a=b", "?a=b"),
        ("", ""),
    ],
)
def test_queries_are_hidden(text: str, shown: str) -> None:
    assert hide_queries(text) == shown
