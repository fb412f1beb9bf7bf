"""
A request with all that may come of it, without doing any I/O.

The generators in here and in :mod:`operations` yield steps (send this, sleep, give me a token) and are handed what came
of each. The synchronous and the asynchronous client only carry steps out, so that all policy exists once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from airflow_provider_copernica.client.messages import (
    Answer,
    ApiCall,
    HttpRequest,
    NoReply,
    Repeat,
    Reply,
    api_request,
    auth_request,
)
from airflow_provider_copernica.client.redact import redact
from airflow_provider_copernica.client.replies import Jwt, error_message, read_jwt, retry_after
from airflow_provider_copernica.client.retry import Outcome, RetryPolicy, Verdict, classify, decide
from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import (
    CopernicaAmbiguousError,
    CopernicaApiError,
    CopernicaAuthError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Send:
    """Step: send this request; handed back is the :data:`Answer`."""

    request: HttpRequest


@dataclass(frozen=True)
class Sleep:
    """Step: wait."""

    seconds: float


@dataclass(frozen=True)
class Authorize:
    """
    Step: a JWT is needed; handed back is its text.

    :param refused: the one that was refused, so that it is not used again.
    :param policy: for asking for a new one.
    """

    policy: RetryPolicy
    refused: str | None = field(default=None, repr=False)


Step = Send | Sleep | Authorize
StepResult = Answer | str | None

Result = TypeVar("Result")
Steps = Generator[Step, StepResult, Result]


def exchange(settings: ApiSettings, call: ApiCall, policy: RetryPolicy) -> Steps[Reply]:
    """
    Makes a call, repeats it where that is safe, renews the JWT once.

    :raises CopernicaApiError: or a subclass of it, with Copernica's own words.
    """
    jwt = (yield from _authorize(policy, None)) if settings.api_version == 4 else None
    attempt, renewed = 1, False
    while True:
        answer = yield from _send(api_request(settings, call, jwt))
        happened = classify(call, answer)
        verdict = decide(call.repeat, happened, can_renew=jwt is not None and not renewed)
        if verdict is Verdict.ACCEPT and isinstance(answer, Reply):
            return answer
        if verdict is Verdict.RENEW_TOKEN:
            log.info("Copernica refused the JWT: asking for a new one.")
            jwt, renewed = (yield from _authorize(policy, jwt)), True
            continue
        reason = _reason(call, answer, settings, jwt)
        if verdict is not Verdict.AGAIN:
            raise _failure(verdict, happened, answer, reason, settings, jwt)
        yield from _back_off(policy, attempt, answer, happened, reason)
        attempt += 1


def authenticate(settings: ApiSettings, policy: RetryPolicy) -> Steps[Jwt]:
    """
    Trades the access token for a JWT.

    Errors of the authentication host are undocumented: what is neither transient nor a token is a refusal.

    :raises CopernicaAuthError: when it is refused.
    :raises CopernicaUnavailableError: when the host can't be reached.
    """
    call = ApiCall("POST", "authenticate", repeat=Repeat.ALWAYS)
    attempt = 1
    while True:
        answer = yield from _send(auth_request(settings))
        happened = classify(call, answer)
        if happened is Outcome.DONE and isinstance(answer, Reply):
            try:
                return read_jwt(answer, time.time())
            except CopernicaReplyError as error:
                raise CopernicaAuthError(str(error), status_code=answer.status) from error
        reason = _reason(call, answer, settings, None)
        if decide(call.repeat, happened, can_renew=False) is not Verdict.AGAIN:
            kind = Outcome.MOVED if happened is Outcome.MOVED else Outcome.TOKEN_REFUSED
            raise _failure(Verdict.FAIL, kind, answer, reason, settings, None)
        yield from _back_off(policy, attempt, answer, happened, reason)
        attempt += 1


def _send(request: HttpRequest) -> Steps[Answer]:
    answer = yield Send(request)
    if not isinstance(answer, Reply | NoReply):
        raise TypeError("a transport must hand back an answer")
    return answer


def _authorize(policy: RetryPolicy, refused: str | None) -> Steps[str]:
    jwt = yield Authorize(policy, refused)
    if not isinstance(jwt, str):
        raise TypeError("a transport must hand back a token")
    return jwt


def _back_off(policy: RetryPolicy, attempt: int, answer: Answer, happened: Outcome, reason: str) -> Steps[None]:
    now = time.time()
    status = answer.status if isinstance(answer, Reply) else None
    delay = policy.delay(attempt, retry_after(answer, now) if isinstance(answer, Reply) else None)
    time_left = float("inf") if policy.deadline is None else policy.deadline - now
    if attempt >= policy.attempts or time_left <= 0:
        times = "once" if attempt == 1 else f"{attempt} times"
        error = CopernicaUnavailableError(f"{reason} Tried {times}.", status_code=status)
        raise error from (answer.cause if isinstance(answer, NoReply) else None)
    unclear = " It may have arrived; sending it again is safe." if happened is Outcome.UNCLEAR else ""
    delay = min(delay, time_left)
    log.warning("%s%s Attempt %d of %d in %.1f s.", reason, unclear, attempt + 1, policy.attempts, delay)
    yield Sleep(delay)


def _reason(call: ApiCall, answer: Answer, settings: ApiSettings, jwt: str | None) -> str:
    if isinstance(answer, NoReply):
        return f"{call}: {answer.reason}."
    secrets = [settings.token, jwt or ""]
    text = error_message(answer, secrets)
    if 300 <= answer.status < 400:
        text = f"a redirect to {answer.headers.get('location', 'nowhere')}, which is not followed"
    elif 200 <= answer.status < 300 and not answer.complete:
        text = "the connection broke off within the reply"
    elif 200 <= answer.status < 300 and not text:
        text = "the reply is empty"
    elif 200 <= answer.status < 300 and call.creates:
        text = f"the reply holds no ID. {text}"
    return redact(f"{call}: HTTP {answer.status}: {text or 'no message'}.", secrets)


def _failure(
    verdict: Verdict, happened: Outcome, answer: Answer, reason: str, settings: ApiSettings, jwt: str | None
) -> CopernicaApiError:
    status = answer.status if isinstance(answer, Reply) else None
    said = error_message(answer, [settings.token, jwt or ""]) if isinstance(answer, Reply) else ""
    if verdict is Verdict.FAIL_AMBIGUOUS:
        error = CopernicaAmbiguousError(reason, status_code=status, api_message=said)
        error.__cause__ = answer.cause if isinstance(answer, NoReply) else None
        return error
    if happened is Outcome.TOKEN_REFUSED:
        hint = (
            " Check the API access token and its rights. v3 refuses a token that is for v4 only: "
            "set API version (api_version) to 4."
            if settings.api_version == 3
            else " Check the API access token and its rights in the connection."
        )
        return CopernicaAuthError(reason + hint, status_code=status, api_message=said)
    return CopernicaApiError(reason, status_code=status, api_message=said)
