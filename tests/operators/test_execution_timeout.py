"""Airflow interrupts the worker, in the middle of anything."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowTaskTimeout
from support.imports import task
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.hooks.copernica import CopernicaHook

pytestmark = pytest.mark.usefixtures("copernica_connection")


def interrupt(monkeypatch: pytest.MonkeyPatch, method: str, *, after: bool) -> None:
    original = getattr(CopernicaHook, method)
    times = iter([True])

    def interrupted(*args: Any, **kwargs: Any) -> object:
        first = next(times, False)
        result = original(*args, **kwargs) if after or not first else None
        if first:
            raise AirflowTaskTimeout("Timeout, PID: 1")
        return result

    monkeypatch.setattr(CopernicaHook, method, interrupted)


@pytest.mark.parametrize("has_store", [True, False])
@pytest.mark.parametrize(("action", "without_store"), [("add", ("failed", 1)), ("update", ("success", 2))])
def test_while_waiting(
    copernica_emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    has_store: bool,
    action: str,
    without_store: tuple[str, int],
) -> None:
    interrupt(monkeypatch, "watch", after=False)
    outcome = run_task(lambda: task(action=action, retries=1), has_store=has_store)
    expected = ("success", 1) if has_store else without_store
    assert (outcome.state, len(copernica_emulator.imports)) == expected, outcome.error
    if outcome.error is not None:
        assert "The import goes on in Copernica" in str(outcome.error)


@pytest.mark.parametrize("has_store", [True, False])
@pytest.mark.parametrize(("action", "expected"), [("add", ("failed", 1)), ("update", ("success", 2))])
def test_while_sending(
    copernica_emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    has_store: bool,
    action: str,
    expected: tuple[str, int],
) -> None:
    interrupt(monkeypatch, "post_import", after=True)
    outcome = run_task(lambda: task(action=action, retries=1), has_store=has_store)
    assert (outcome.state, len(copernica_emulator.imports)) == expected, outcome.error
