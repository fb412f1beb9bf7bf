"""
What a failure means, and what follows from it: decided here, for every request of both clients.

An answer is read once, by :func:`classify`, into one value: what became of the request, in Copernica's own words, and
how long the server asks us to wait. From this value :func:`decide` takes what follows, and the error or the next
attempt takes the rest.

The theory. What matters about a failed request is whether Copernica may have carried it out. There are four cases:

    certainly not    NOT_RECEIVED (name lookup, connection refused, TLS, no body went out), LATER (429),
                     REFUSED (any other 4xx), MOVED (a redirect, which is never followed), PROXY_REFUSED
    certainly        DONE, CARRIED_OUT (a complete 2xx, or a 303, from which no ID can be read)
    not known        UNCONFIRMED (time-out, reset, 408, 5xx, a reply that broke off)
    authentication   TOKEN_REFUSED (401, 403, or words about a token)

and one further question, which matters for UNCONFIRMED alone: whether doing it twice changes nothing more than doing it
once.

    outcome          what follows
    DONE             accept
    NOT_RECEIVED     again
    LATER            again, after as long as the server asks
    UNCONFIRMED      idempotent: again; otherwise fail, saying that it may have been carried out
    CARRIED_OUT      fail, saying so: never again, whatever was asked, since the next reply would look the same
    TOKEN_REFUSED    once: a new token, and again; then fail
    the others       fail

"Again" ends with the budget of attempts or at the deadline. Before something that changes data is sent again although
it may have arrived, there is a pause of at least :data:`UNCONFIRMED_PAUSE`: presumably the server has then finished
with the first one, so that the two do not run into each other.

Sources: the documentation names 400 as the code for errors, and success as 2xx; a 303 with a Location was seen as the
usual reply of writing calls. A bad token came as 400 "Invalid access token" in practice. The load balancer's 502, 503
and 504 are HTML pages, and may hide an accepted request. What POST imports replies is not documented.
https://www.copernica.com/en/documentation/restv4/rest-requests
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache

from airflow_provider_copernica.client.messages import Answer, ApiCall, NoReply, ProxyRefusal, Reply
from airflow_provider_copernica.client.redact import show_location
from airflow_provider_copernica.client.replies import (
    created_id,
    error_message,
    has_error,
    is_json,
    own_words,
    retry_after,
)

__all__ = ["FAST_POLICY", "Classified", "Outcome", "RetryPolicy", "Verdict", "classify", "decide", "polling_policy"]

# seconds before something that may have arrived, and changes data, is sent again
UNCONFIRMED_PAUSE = 10.0


_NOT_SHOWN = "what it said is not shown, since it may repeat the key of a row"


class Outcome(Enum):
    """What became of a request; the theory is above."""

    DONE = "done"
    NOT_RECEIVED = "not received"
    LATER = "later"
    TOKEN_REFUSED = "token refused"  # noqa: S105 - not a password
    REFUSED = "refused"
    PROXY_REFUSED = "refused by the proxy"
    MOVED = "moved"
    UNCONFIRMED = "unclear"
    CARRIED_OUT = "carried out, but without an ID"
    TOO_LARGE = "reply too large"


class Verdict(Enum):
    """What to do next."""

    ACCEPT = "accept"
    AGAIN = "again"
    RENEW_TOKEN = "renew token"  # noqa: S105 - not a password
    FAIL = "fail"


@dataclass(frozen=True)
class Classified:
    """
    An answer, read once.

    :param outcome: what became of the request.
    :param reason: why it is not done: a clause, Copernica's own words or ours, redacted.
    :param api_message: Copernica's own words; empty where it gave none.
    :param retry_after: seconds that the server asks us to wait.
    :param created_id: the ID of something new.
    """

    outcome: Outcome
    reason: str = ""
    status_code: int | None = None
    api_message: str = ""
    retry_after: float | None = None
    created_id: int | None = None
    cause: Exception | None = field(default=None, repr=False, compare=False)


# most answers: one for all of them
_DONE = Classified(Outcome.DONE)


def classify(call: ApiCall, answer: Answer, secrets: Collection[str] = ()) -> Classified:
    """
    Read an answer once; the theory is above.

    :param secrets: what the reply may have repeated, and nobody may see.
    """
    if isinstance(answer, NoReply):
        outcome = Outcome.UNCONFIRMED if answer.sent else Outcome.NOT_RECEIVED
        return Classified(outcome, answer.reason, cause=answer.cause)
    if isinstance(answer, ProxyRefusal):
        return Classified(Outcome.PROXY_REFUSED, f"HTTP {answer.status}", answer.status)
    is_success = 200 <= answer.status < 300 or (answer.status == 303 and not call.reads)
    read = (_classify_success if is_success else _classify_failure)(call, answer, secrets)
    return replace(read, reason=_NOT_SHOWN, api_message="") if call.private and read.reason else read


def _classify_success(call: ApiCall, reply: Reply, secrets: Collection[str]) -> Classified:
    new_id = created_id(reply) if call.creates else None
    if new_id is not None:
        return Classified(Outcome.DONE, status_code=reply.status, created_id=new_id)
    if has_error(reply):
        said = error_message(reply, secrets)
        return Classified(_refusal(said), said, reply.status, said)
    if not reply.complete:
        return Classified(Outcome.UNCONFIRMED, "the connection broke off within the reply", reply.status)
    if call.creates:
        return Classified(Outcome.CARRIED_OUT, error_message(reply, secrets), reply.status)
    if reply.too_large:
        return Classified(Outcome.TOO_LARGE, status_code=reply.status)
    if call.expects_json and not is_json(reply):
        said = error_message(reply, secrets)
        return Classified(Outcome.UNCONFIRMED, f"it is not JSON: {said}" if said else "it is empty", reply.status)
    return _DONE


def _classify_failure(call: ApiCall, reply: Reply, secrets: Collection[str]) -> Classified:
    status, said = reply.status, error_message(reply, secrets)
    failed = Classified(
        Outcome.UNCONFIRMED, said or "no message", status, said, retry_after=retry_after(reply, time.time())
    )
    if status == 429:
        return replace(failed, outcome=Outcome.LATER)
    if status == 407:
        return replace(failed, outcome=Outcome.PROXY_REFUSED, reason=f"HTTP {status}")
    if status in (401, 403):
        return replace(failed, outcome=Outcome.TOKEN_REFUSED)
    if 300 <= status < 400:
        return replace(failed, outcome=Outcome.MOVED, reason=show_location(reply.headers.get("location", "nowhere")))
    if status in (404, 410) and call.reads and own_words(reply) is None:
        # a page of a proxy or load balancer: only Copernica's own words say that something does not exist
        return failed
    return replace(failed, outcome=_refusal(said)) if 400 <= status < 500 and status != 408 else failed


# seen: "Invalid access token"; the others are guesses that a database with a field named Token must not meet
_ABOUT_TOKEN = re.compile(
    r"(access|authorization|authentication|bearer)[ _-]?token|(invalid|expired|unknown) token|token (is |has )?expired|"
    r"\bjwt\b|unauthori[sz]ed",
    re.IGNORECASE,
)


def _refusal(message: str) -> Outcome:
    return Outcome.TOKEN_REFUSED if _ABOUT_TOKEN.search(message) else Outcome.REFUSED


def decide(call: ApiCall, outcome: Outcome, *, can_renew: bool) -> Verdict:
    """
    Return what follows; the table is above.

    :param can_renew: whether a fresh token may still be tried.
    """
    match outcome:
        case Outcome.DONE:
            return Verdict.ACCEPT
        case Outcome.NOT_RECEIVED | Outcome.LATER:
            return Verdict.AGAIN
        case Outcome.UNCONFIRMED if call.idempotent:
            return Verdict.AGAIN
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
    :param deadline: seconds since the epoch after which no further attempt is made; it also bounds the wait for a
        token, for a turn, and for a reply.
    """

    attempts: int = 5
    first: float = 1.0
    longest: float = 60.0
    max_retry_after: float = 300.0
    deadline: float | None = None

    def delay(self, attempt: int, asked: float | None, unconfirmed: bool = False) -> float:
        """
        Return the seconds to wait after the attempt of this number.

        :param asked: seconds that the server asked for.
        :param unconfirmed: whether something that changes data may have arrived.
        """
        grown = self.first * 2.0 ** min(attempt - 1, 30)
        chance = random.random()  # noqa: S311 - not a secret
        wait = min(grown + self.first * chance, self.longest)
        if asked is not None:
            wait = max(min(asked, self.max_retry_after), 0.0) + min(wait, 1.0)
        return max(wait, UNCONFIRMED_PAUSE) if unconfirmed else wait


FAST_POLICY = RetryPolicy(attempts=2, first=0.5)


@lru_cache(maxsize=1024)  # whoever waits needs the same one again and again
def polling_policy(poll_interval: float, deadline: float | None = None) -> RetryPolicy:
    """Return the policy for watching: an outage of some minutes must not fail a task. Scaled by the poll interval."""
    return RetryPolicy(10, first=min(1.0, poll_interval), longest=min(60.0, 6 * poll_interval), deadline=deadline)
