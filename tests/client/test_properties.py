"""Whatever comes in: only errors of this package come out, and nothing counts as success by accident."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_copernica.client.exchange import (
    Authorize,
    GetSettings,
    Result,
    Send,
    Sleep,
    StepResult,
    Steps,
    authenticate,
)
from airflow_provider_copernica.client.import_states import FINISHED_WORDS, ImportState
from airflow_provider_copernica.client.imports import read_newer_than
from airflow_provider_copernica.client.messages import Answer, NoReply, ProxyRefusal, Reply
from airflow_provider_copernica.client.operations import create_import, get_import, get_object
from airflow_provider_copernica.client.pages import get_page
from airflow_provider_copernica.client.redact import MAX_TEXT
from airflow_provider_copernica.client.replies import Jwt, error_message, read_jwt, retry_after
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.settings import ApiSettings, read_settings
from airflow_provider_copernica.exceptions import (
    CopernicaApiError,
    CopernicaArgumentError,
    CopernicaError,
    CopernicaReplyError,
)
from airflow_provider_copernica.payload.parameters import PARAMETERS, check_parameters, read_parameters

pytestmark = pytest.mark.any_text

TOKEN = "s3cr3t-t0ken"
POLICY = RetryPolicy(attempts=2, first=0.0)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
words = st.sampled_from(
    [
        "status",
        "STATUS",
        "totallines",
        "processedLines",
        "lastrun",
        "lasterror",
        "data",
        "total",
        "error",
        "message",
        "ID",
    ]
)
objects = st.dictionaries(words | st.text(max_size=5), json_values, max_size=5)
bodies = (
    st.binary(max_size=60)
    | (objects | json_values).map(lambda value: json.dumps(value).encode())
    | st.lists(st.sampled_from(["<!", "[", "<p", ">", "x", "&#", "-->", "</", '"', TOKEN]), max_size=12).map(
        lambda parts: "".join(parts).encode()
    )
)
header_values = st.text(max_size=12) | st.sampled_from(
    ["12", "0", "²", "9" * 30, "/v1/import/7", "http://[x", "Wed, 21 Oct 2099 07:28:00 GMT", TOKEN]
)
headers = st.dictionaries(st.sampled_from(["x-created", "x-location", "retry-after", "location"]), header_values)
replies = st.builds(Reply, st.integers(100, 599), headers, bodies, st.booleans())
answers = replies | st.builds(NoReply, st.booleans(), st.just("broken")) | st.builds(ProxyRefusal, st.just(407))
versions = st.sampled_from([3, 4])


def carry_out(steps: Steps[Result], answer: Answer, version: int = 4) -> tuple[Result, int]:
    """Answers every request alike; the result, and how many were sent."""
    outcome: StepResult = None
    sent = 0
    while True:
        try:
            step = steps.send(outcome)
        except StopIteration as end:
            return end.value, sent
        match step:
            case Send():
                sent, outcome = sent + 1, answer
            case Authorize():
                outcome = Jwt("eyJh.eyJi.c", 1e12)
            case GetSettings():
                outcome = ApiSettings(TOKEN, api_version=4 if version == 4 else 3)
            case Sleep():
                outcome = None
        assert sent <= 4, "no endless loop"


def keeps_quiet(error: CopernicaApiError) -> None:
    assert TOKEN not in str(error) + error.api_message


def loaded(reply: Answer) -> object:
    assert isinstance(reply, Reply)
    assert 200 <= reply.status < 300
    return json.loads(reply.body)


@given(answers, versions)
@example(Reply(400, {}, b"<![x["), 3)
@example(Reply(200, {}, b'{"status": "finished", "error": {"message": "no"}}'), 3)
def test_any_reply_to_get_import(answer: Answer, version: int) -> None:
    try:
        status, _ = carry_out(get_import(1, POLICY), answer, version)
    except CopernicaApiError as error:
        keeps_quiet(error)
        return
    value = loaded(answer)
    assert isinstance(value, Mapping)
    assert not value.get("error")
    if status.state is ImportState.FINISHED:
        word = " ".join(status.status.lower().replace("_", " ").replace("-", " ").split())
        counted = status.last_run and 0 < (status.total_lines or 0) <= (status.processed_lines or 0)
        assert status.last_error is None
        assert word in FINISHED_WORDS or counted


@given(answers, versions, st.booleans())
def test_any_reply_to_post_imports(answer: Answer, version: int, safe: bool) -> None:
    steps = create_import(b"{}", POLICY, idempotent=safe)
    try:
        import_id, _ = carry_out(steps, answer, version)
    except CopernicaApiError as error:
        keeps_quiet(error)
        return
    assert isinstance(answer, Reply)
    assert 200 <= answer.status < 300 or answer.status == 303
    told = "".join(answer.headers.get(name, "") for name in ("x-created", "x-location", "location"))
    assert str(import_id) in told or (f"{import_id}".encode() in answer.body and json.loads(answer.body))


@given(answers, versions)
@example(Reply(200, {}, '{"data": [], "total": "²"}'.encode()), 3)
def test_any_reply_to_a_read(answer: Answer, version: int) -> None:
    for steps in (
        get_object("identity", POLICY),
        get_page("databases", {}, 0, POLICY),
    ):
        try:
            carry_out(steps, answer, version)  # type: ignore[arg-type]  # either kind of result
        except CopernicaApiError as error:
            keeps_quiet(error)
        else:
            loaded(answer)


@given(answers)
def test_any_reply_of_the_authentication_host(answer: Answer) -> None:
    try:
        jwt, _ = carry_out(authenticate(POLICY), answer)
    except CopernicaApiError as error:
        keeps_quiet(error)
        return
    assert isinstance(answer, Reply)
    assert 200 <= answer.status < 300
    assert jwt.value.count(".") == 2


parts = st.from_regex(r"[\w-]{1,20}", fullmatch=True)


@given(replies | st.tuples(parts, parts, parts).map(lambda three: Reply(200, {}, ".".join(three).encode())))
@example(Reply(200, {}, b"a.eyJleHAiOiAxZTk5OX0.c"))
@example(Reply(200, {}, b"a.eyJleHAiOiBbXX0.c"))
def test_any_token(reply: Reply) -> None:
    try:
        jwt = read_jwt(reply, 1_000_000.0)
    except CopernicaReplyError:
        return
    assert jwt.renew_at == jwt.renew_at  # a number


@given(replies)
def test_any_error_and_any_retry_after(reply: Reply) -> None:
    text = error_message(reply, [TOKEN])
    assert len(text) <= MAX_TEXT
    assert text.isprintable()
    assert TOKEN not in text
    delay = retry_after(reply, 1_000_000.0)
    assert delay is None or delay >= 0
    assert 0 <= POLICY.delay(1, delay) <= POLICY.max_retry_after + 1


@given(st.integers(0, 320), st.sampled_from(["{}", '{{"error": {{"message": "{}"}}}}', "<p>{}</p>"]))
def test_no_half_of_a_secret_at_the_end_of_a_message(length: int, template: str) -> None:
    body = template.replace("{{", "{").replace("}}", "}").replace("{}", "x" * length + TOKEN).encode()
    assert TOKEN[:4] not in error_message(Reply(400, {}, body), [TOKEN])


texts = st.text(max_size=15) | st.sampled_from(
    ["http://[bad", "9" * 5000, "https://x/v" + "9" * 5000, "\0", "a" * 5000]
)


extra_keys = st.sampled_from(["api_version", "auth_host", "timeout", "proxy", "verify", "status_words"])


@given(
    token=st.none() | texts,
    host=st.none() | texts,
    port=st.none() | st.integers(0, 70_000),
    schema=st.none() | texts,
    extra=st.dictionaries(extra_keys | st.text(max_size=5), json_values | texts, max_size=3),
)
@example(token="t", host=None, port=None, schema=None, extra={"proxy": "http://[bad"})
@example(token="t", host="https://x/v" + "9" * 5000, port=None, schema=None, extra={"api_version": "9" * 5000})
def test_any_connection(
    token: str | None, host: str | None, port: int | None, schema: str | None, extra: dict[str, object]
) -> None:
    try:
        found = read_settings(token=token, host=host, port=port, schema=schema, extra=extra)
    except CopernicaArgumentError:
        return
    assert found.token
    assert found.base_url.startswith("https://")
    assert found.api_version in (3, 4)
    assert found.request_timeout > 0


@given(st.dictionaries(st.sampled_from(PARAMETERS) | st.text(max_size=5), json_values | texts))
def test_any_parameters(given: dict[str, object]) -> None:
    for check in (read_parameters, check_parameters):
        try:
            check(given)
        except CopernicaArgumentError:
            continue


@given(st.sampled_from(["true", "false", "1", "0"]), st.sampled_from([str.upper, str.title]))
def test_booleans_are_never_read_by_truthiness(word: str, spell: object) -> None:
    assert callable(spell)
    good = {"database": 1, "action": "add", "source": [{"a": "b"}], "rebuild": f" {spell(word)} "}
    assert read_parameters(good).to_wire()["rebuild"] is (word in ("true", "1"))


@pytest.mark.parametrize("word", ["yes", "no", "on", "ja", "2", "", "truthy", 2, 1.0, [True]])
def test_text_that_is_not_a_boolean_is_refused(word: object) -> None:
    with pytest.raises(CopernicaArgumentError, match="rebuild must be true or false"):
        read_parameters({"database": 1, "action": "add", "source": [{"a": "b"}], "rebuild": word})


@given(json_values | texts)
def test_any_newer_than(value: object) -> None:
    try:
        moment = read_newer_than(value)
    except CopernicaError:
        return
    assert moment is None or moment.tzinfo is not None


@pytest.mark.parametrize(
    "location", ["ftp://u:pa/ss@h/f", "ftp://u:p#ss@h/f", "ftp://h:0/f", "http://[x", "//h/f", "a b"]
)
def test_locations_that_would_be_misread(location: str) -> None:
    with pytest.raises(CopernicaArgumentError, match="location must be a URL") as caught:
        read_parameters({"database": 1, "action": "add", "location": location})
    assert "ss@" not in str(caught.value)
