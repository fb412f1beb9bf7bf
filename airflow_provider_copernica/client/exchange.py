"""
A request with all that may come of it, without doing any I/O.

The generators in here and in :mod:`operations` yield steps (send this, sleep, give me a token) and are handed what came
of each. The synchronous and the asynchronous client only carry steps out, so that all policy exists once. The
settings come from the client alone, by the step :class:`GetSettings`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_copernica.client.failures import failure, unavailable, unavailable_reason
from airflow_provider_copernica.client.messages import (
    AUTHENTICATE,
    Answer,
    ApiCall,
    HttpRequest,
    NoReply,
    ProxyRefusal,
    Reply,
    api_request,
    auth_request,
)
from airflow_provider_copernica.client.replies import Jwt, read_jwt
from airflow_provider_copernica.client.retry import Classified, Outcome, RetryPolicy, Verdict, classify, decide
from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import CopernicaAuthError, CopernicaReplyError

__all__ = [
    "Accepted",
    "Authorize",
    "GetSettings",
    "Send",
    "Sleep",
    "Step",
    "StepResult",
    "Steps",
    "authenticate",
    "exchange",
    "get_settings",
]

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
    Step: a JWT is needed; handed back is the :class:`Jwt`.

    :param refused: the one that was refused, so that it is not used again.
    :param policy: for asking for a new one.
    """

    policy: RetryPolicy
    refused: Jwt | None = None


@dataclass(frozen=True)
class GetSettings:
    """Step: hand back the settings of the client."""


Step = Send | Sleep | Authorize | GetSettings
StepResult = Answer | Jwt | ApiSettings | None

Result = TypeVar("Result")
Steps = Generator[Step, StepResult, Result]


@dataclass(frozen=True)
class Accepted:
    """
    A request that was carried out.

    :param reply: what came back.
    :param created_id: the ID of something new, for calls that create.
    """

    reply: Reply
    created_id: int | None = None


def exchange(call: ApiCall, policy: RetryPolicy) -> Steps[Accepted]:
    """
    Make a call, repeat it where that is safe, renew the JWT once.

    :raises CopernicaApiError: or a subclass of it, with Copernica's own words.
    """
    settings = yield from get_settings()
    jwt = _as_jwt((yield Authorize(policy))) if settings.api_version == 4 else None
    attempt, renewed = 1, False
    while True:
        answer = _as_answer((yield Send(api_request(settings, call, jwt.value if jwt else None, policy.deadline))))
        read = classify(call, answer, _secrets(settings, jwt))
        verdict = decide(call, read.outcome, can_renew=jwt is not None and not renewed)
        if verdict is Verdict.ACCEPT and isinstance(answer, Reply):
            return Accepted(answer, read.created_id)
        if verdict is Verdict.RENEW_TOKEN:
            log.info("Copernica refused the token (JWT): asking for a new one.")
            jwt, renewed = _as_jwt((yield Authorize(policy, jwt))), True
        elif verdict is Verdict.AGAIN:
            yield from _back_off(settings, call, policy, attempt, read)
            attempt += 1
        else:
            raise failure(settings, call, read) from read.cause


def authenticate(policy: RetryPolicy) -> Steps[Jwt]:
    """
    Trade the access token for a JWT.

    Errors of the authentication host are undocumented: what is neither transient nor a token is a refusal.

    :raises CopernicaAuthError: when it is refused.
    :raises CopernicaUnavailableError: when the host can't be reached.
    """
    settings = yield from get_settings()
    attempt = 1
    while True:
        answer = _as_answer((yield Send(auth_request(settings, policy.deadline))))
        read = classify(AUTHENTICATE, answer, settings.secrets)
        verdict = decide(AUTHENTICATE, read.outcome, can_renew=False)
        if verdict is Verdict.ACCEPT and isinstance(answer, Reply):
            try:
                return read_jwt(answer, time.time())
            except CopernicaReplyError as error:
                names = (*error.names, settings.connection)
                raise CopernicaAuthError(error.reason, names=names, status_code=answer.status) from None
        if verdict is not Verdict.AGAIN:
            raise failure(settings, AUTHENTICATE, read) from read.cause
        yield from _back_off(settings, AUTHENTICATE, policy, attempt, read)
        attempt += 1


def get_settings() -> Steps[ApiSettings]:
    """Ask the client for its settings."""
    settings = yield GetSettings()
    if not isinstance(settings, ApiSettings):
        raise TypeError("a client must hand back its settings")
    return settings


def _as_answer(handed_back: StepResult) -> Answer:
    if not isinstance(handed_back, Reply | NoReply | ProxyRefusal):
        raise TypeError("a client must hand back an answer")
    return handed_back


def _as_jwt(handed_back: StepResult) -> Jwt:
    if not isinstance(handed_back, Jwt):
        raise TypeError("a client must hand back a token")
    return handed_back


def _secrets(settings: ApiSettings, jwt: Jwt | None) -> tuple[str, ...]:
    return (*settings.secrets, jwt.value) if jwt else settings.secrets


def _back_off(settings: ApiSettings, call: ApiCall, policy: RetryPolicy, attempt: int, read: Classified) -> Steps[None]:
    time_left = float("inf") if policy.deadline is None else policy.deadline - time.time()
    if attempt >= policy.attempts or time_left <= 0:
        raise unavailable(settings, call, read, attempt) from read.cause
    unconfirmed = read.outcome is Outcome.UNCONFIRMED and not call.reads and call is not AUTHENTICATE
    delay = min(policy.delay(attempt, read.retry_after, unconfirmed), time_left)
    log.warning(
        "%s.%s Attempt %d of %d follows in %.1f s.",
        unavailable_reason(settings, call, read).rstrip(" .,:;"),
        " It may have arrived; sending it again is safe." if unconfirmed else "",
        attempt + 1,
        policy.attempts,
        delay,
    )
    yield Sleep(delay)
