"""What the versions of Airflow say differently."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_copernica.version_compat import waiting_since

BEGAN = datetime(2026, 11, 25, 4, 5, 31, tzinfo=UTC)


def test_a_sensor_that_was_rescheduled_began_in_an_earlier_process() -> None:
    context: Any = {"ti": SimpleNamespace(get_first_reschedule_date=lambda _: BEGAN)}
    assert waiting_since(context) == BEGAN.timestamp()


@pytest.mark.parametrize("ti", [SimpleNamespace(), SimpleNamespace(get_first_reschedule_date=lambda _: None)])
def test_one_that_was_not_begins_now(ti: object) -> None:
    context: Any = {"ti": ti}
    assert waiting_since(context) == pytest.approx(time.time(), abs=60)
