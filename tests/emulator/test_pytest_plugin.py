"""What the fixtures do for tests of DAGs."""

from __future__ import annotations

import time

import pytest

from airflow_provider_copernica.client import retry
from airflow_provider_copernica.client.schedule import PollSchedule
from airflow_provider_copernica.emulator import Emulator


@pytest.mark.parametrize("elapsed", [0.0, 1.0, 3600.0])
def test_waits_are_short_with_the_connection(copernica_connection: str, elapsed: float) -> None:
    assert copernica_connection == "copernica_default"
    assert PollSchedule(10, 120).wait(elapsed, chance=0) == pytest.approx(0.05)
    assert PollSchedule(0.02, 0.02).wait(elapsed, chance=0) == pytest.approx(0.02)


def test_waits_are_long_again_afterwards() -> None:
    assert PollSchedule(10, 120).wait(3600, chance=0) == 120


def test_an_import_of_half_a_second_takes_hardly_longer(
    copernica_emulator: Emulator, copernica_connection: str
) -> None:
    from airflow_provider_copernica.hooks.copernica import CopernicaHook

    copernica_emulator.import_seconds = 0.5
    hook = CopernicaHook(copernica_connection)
    start = time.monotonic()
    number = hook.create_import(database=1, action="add", source=[{"Email": "a@example.com"}])
    hook.wait_for_import(number)
    assert time.monotonic() - start < 1.5
    assert retry.UNCONFIRMED_PAUSE < 1
