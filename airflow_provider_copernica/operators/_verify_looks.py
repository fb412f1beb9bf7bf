"""The GETs that look at a database: carried out, and counted."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from airflow_provider_copernica.client.lookups import Listing, look_up
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.verification.rows import Ask

__all__ = ["Looks"]

Result = TypeVar("Result")


class Looks:
    """
    Asks, and counts the calls.

    :param hook: of the account.
    :param calls: how many there were before.
    """

    def __init__(self, hook: CopernicaHook, calls: int = 0) -> None:
        self._hook = hook
        self.calls = calls

    def ask(self, ask: Ask) -> Listing:
        """
        Carry out one GET.

        :param ask: what to ask.
        :raises CopernicaApiError: there is no answer that can be understood.
        """
        self.calls += 1
        steps = look_up(
            ask.path,
            ask.conditions,
            limit=ask.limit,
            newest_first=ask.newest_first,
            private=ask.private,
            policy=RetryPolicy(),
        )
        return self._hook.client.run(steps)

    def run(self, asking: Generator[Ask, Listing, Result]) -> Result:
        """
        Carry out all that is asked, to the end.

        :param asking: yields what to ask, and is sent the replies.
        """
        ask = next(asking)
        while True:
            try:
                ask = asking.send(self.ask(ask))
            except StopIteration as end:
                result: Result = end.value
                return result
