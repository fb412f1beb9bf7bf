"""The one place that decides what a failure means: again, with a new token, or the end; and after how long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from airflow_provider_copernica.client.messages import Answer, ApiCall, NoReply, Repeat
from airflow_provider_copernica.client.replies import created_id, error_message, has_error, is_json


class Outcome(Enum):
    """What became of a request."""

    DONE = "done"
    NOT_RECEIVED = "not received"  # it certainly did not arrive
    LATER = "later"  # the server said "too many requests": not carried out
    TOKEN_REFUSED = "token refused"  # noqa: S105 - no password
    REFUSED = "refused"  # the server said no: not carried out
    MOVED = "moved"  # a redirect: not carried out, and never followed
    UNCLEAR = "unclear"  # it may have been carried out


class Verdict(Enum):
    """What to do next."""

    ACCEPT = "accept"
    AGAIN = "again"
    RENEW_TOKEN = "renew token"  # noqa: S105 - no password
    FAIL = "fail"
    FAIL_AMBIGUOUS = "fail, it may be running"


def classify(call: ApiCall, answer: Answer) -> Outcome:
    """
    Sources: the documentation names 400 as the code for errors, and success as 2xx. A bad token came as 400 "Invalid
    access token" in practice. The load balancer's 502, 503 and 504 are HTML pages and may hide an accepted request.
    """
    if isinstance(answer, NoReply):
        return Outcome.UNCLEAR if answer.sent else Outcome.NOT_RECEIVED
    status = answer.status
    if 200 <= status < 300:
        if call.creates and created_id(answer) is not None:
            return Outcome.DONE
        if has_error(answer):
            return _refusal(error_message(answer))
        incomplete = call.creates or not answer.complete or (call.expects_json and not is_json(answer))
        return Outcome.UNCLEAR if incomplete else Outcome.DONE
    if status == 429:
        return Outcome.LATER
    if status in (401, 403):
        return Outcome.TOKEN_REFUSED
    if 300 <= status < 400:
        return Outcome.MOVED
    if 400 <= status < 500 and status != 408:
        return _refusal(error_message(answer))
    return Outcome.UNCLEAR


# seen: "Invalid access token"; the others are guesses that a database with a field named Token must not meet
_ABOUT_TOKEN = re.compile(
    r"(access|authorization|authentication|bearer)[ _-]?token|(invalid|expired|unknown) token|token (is |has )?expired|"
    r"\bjwt\b|unauthori[sz]ed",
    re.IGNORECASE,
)


def _refusal(message: str) -> Outcome:
    return Outcome.TOKEN_REFUSED if _ABOUT_TOKEN.search(message) else Outcome.REFUSED


def decide(repeat: Repeat, happened: Outcome, *, can_renew: bool) -> Verdict:
    """
    The table of what follows.

    :param repeat: when this request may be sent again.
    :param happened: what became of it.
    :param can_renew: whether a fresh token may still be tried.
    """
    match happened:
        case Outcome.DONE:
            return Verdict.ACCEPT
        case Outcome.NOT_RECEIVED | Outcome.LATER:
            return Verdict.AGAIN
        case Outcome.UNCLEAR:
            return Verdict.AGAIN if repeat is Repeat.ALWAYS else Verdict.FAIL_AMBIGUOUS
        case Outcome.TOKEN_REFUSED if can_renew:
            return Verdict.RENEW_TOKEN
        case _:
            return Verdict.FAIL


@dataclass(frozen=True)
class RetryPolicy:
    """
    How often, and how far apart, a request is sent again.

    :param attempts: how often in all.
    :param first: seconds before the second attempt; later ones wait twice as long each.
    :param longest: seconds that backing off never exceeds.
    :param max_retry_after: seconds of a Retry-After that are honoured at most.
    :param deadline: seconds since the epoch after which no attempt is made.
    """

    attempts: int = 5
    first: float = 1.0
    longest: float = 60.0
    max_retry_after: float = 300.0
    deadline: float | None = None

    def delay(self, attempt: int, asked: float | None) -> float:
        """
        Seconds to wait after the attempt of this number.

        :param asked: seconds that the server asked for.
        """
        from tenacity import RetryCallState, Retrying, wait_exponential, wait_random

        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = attempt
        grown = wait_exponential(multiplier=self.first, max=self.longest)(state)
        backoff = min(grown + wait_random(0, self.first)(state), self.longest)
        return backoff if asked is None else max(min(asked, self.max_retry_after), 0.0) + min(backoff, 1.0)


FAST_POLICY = RetryPolicy(attempts=2, first=0.5)


def polling_policy(poll_interval: float, deadline: float | None = None) -> RetryPolicy:
    """For watching: an outage of some minutes must not fail a task. Scaled by the poll interval."""
    return RetryPolicy(10, first=min(1.0, poll_interval), longest=min(60.0, 6 * poll_interval), deadline=deadline)
