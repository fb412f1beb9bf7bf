"""The trigger against the emulator."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from support.taskrun import run_trigger

from airflow_provider_copernica.client import polling
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.emulator.server import DEFAULT_TOKEN
from airflow_provider_copernica.exceptions import CopernicaError, CopernicaImportTimeoutError
from airflow_provider_copernica.triggers._events import read_event
from airflow_provider_copernica.triggers.copernica import CopernicaImportTrigger
from local_airflow.processes import Service, wait_until

pytestmark = pytest.mark.usefixtures("copernica_connection")


def trigger(import_id: int | str = 1, **arguments: Any) -> CopernicaImportTrigger:
    return CopernicaImportTrigger(import_id, **{"poll_interval": 0.05, "max_poll_interval": 0.2, **arguments})


def test_it_survives_airflows_serialiser() -> None:
    try:
        from airflow.serialization.encoders import encode_trigger
    except ImportError:  # Airflow 2
        from airflow.serialization.serialized_objects import BaseSerialization

        def encode_trigger(trigger: Any) -> Any:
            path, kwargs = trigger.serialize()
            assert BaseSerialization.deserialize(BaseSerialization.serialize(kwargs)) == kwargs
            return {"classpath": path, "kwargs": kwargs}

    from airflow.models.trigger import Trigger

    made = trigger(7, deadline=1.5e9, newer_than="2026-03-01T12:00:00+01:00", started_at=1.4e9)
    assert encode_trigger(made)["classpath"] == made.serialize()[0]
    row = Trigger.from_object(made)
    assert row.classpath == "airflow_provider_copernica.triggers.copernica.CopernicaImportTrigger"
    assert CopernicaImportTrigger(**row.kwargs).serialize() == made.serialize()


def test_nothing_secret_is_stored(copernica_emulator: Emulator) -> None:
    stored = json.dumps(trigger(7).serialize())
    assert copernica_emulator.token not in stored
    assert set(trigger(7).serialize()[1]) == {
        "import_id",
        "copernica_conn_id",
        "poll_interval",
        "max_poll_interval",
        "deadline",
        "newer_than",
        "started_at",
        "resume_data",
        "ignores_errors",
    }


def test_fires_once_when_the_import_has_finished(copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import("nightly", "finished", lastrun="2026-03-01 12:00:00", totallines="3")
    event = run_trigger(trigger(import_id))
    assert read_event(event).import_id == import_id
    assert copernica_emulator.token not in json.dumps(event)


def test_the_deadline_is_absolute(copernica_emulator: Emulator) -> None:
    """So that it holds when the triggerer restarts."""
    copernica_emulator.add_import("nightly", "running", totallines="20", processedLines="7")
    began = time.time() - 3600
    event = run_trigger(trigger(deadline=began + 3600.2, started_at=began))
    with pytest.raises(CopernicaImportTimeoutError, match=r"not finished within 60 min.*7 of 20 lines"):
        read_event(event)


def test_a_deadline_long_past_still_asks_once(copernica_emulator: Emulator) -> None:
    """The import may have finished while no triggerer ran."""
    copernica_emulator.add_import("nightly", "finished", lastrun="2026-03-01 12:00:00")
    now = time.time()
    assert read_event(run_trigger(trigger(deadline=now - 60, started_at=now - 120))).status == "finished"


def test_too_many_failures_in_a_row_end_it(copernica_emulator: Emulator) -> None:
    copernica_emulator.add_import("nightly", "running")
    copernica_emulator.fail("import", Fault.UNAVAILABLE_503_HTML, times=None)
    with pytest.raises(CopernicaError, match=r"503.*tried 10 times"):
        read_event(run_trigger(trigger(poll_interval=0.01)))


def test_a_success_resets_the_budget(copernica_emulator: Emulator) -> None:
    copernica_emulator.add_import("nightly", "running")
    for before in range(3):
        copernica_emulator.fail("import", Fault.UNAVAILABLE_503_HTML, times=8, after=before)
    copernica_emulator.fail("import", Fault.BAD_REQUEST, after=3)
    with pytest.raises(CopernicaError, match="Invalid data"):
        read_event(run_trigger(trigger(poll_interval=0.01)))
    statuses = [request.status for request in copernica_emulator.requests if "/import/" in request.path]
    assert statuses == [503] * 8 + ([200] + [503] * 8) * 2 + [200, 400]


async def first(made: CopernicaImportTrigger) -> dict[str, object]:
    async for event in made.run():
        payload: dict[str, object] = event.payload
        return payload
    raise AssertionError("no event")


@pytest.mark.parametrize(
    "made",
    [
        lambda: trigger("no number"),
        lambda: trigger(copernica_conn_id="nowhere"),
        lambda: trigger(newer_than="yesterday"),
        lambda: trigger(poll_interval=-1),
    ],
)
def test_whatever_goes_wrong_wakes_the_task(made: Any) -> None:
    with pytest.raises(CopernicaError) as raised:
        read_event(run_trigger(made()))
    assert "Traceback" not in str(raised.value)


async def test_cancelling_it_leaves_nothing_open(copernica_emulator: Emulator) -> None:
    copernica_emulator.add_import("nightly", "running")
    tasks = [asyncio.create_task(first(trigger())) for _ in range(20)]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*tasks, return_exceptions=True)
    )
    await asyncio.sleep(0.1)
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert others == []


async def test_the_event_loop_never_stalls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 triggers and a slow API. The best of three, since other processes run meanwhile."""
    monkeypatch.setattr(polling, "NOT_YET_SECONDS", 0.1)
    with emulator_process(tmp_path) as url:
        connection = {"conn_type": "copernica", "host": url, "password": DEFAULT_TOKEN}
        monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps(connection))
        slow = {"where": "import", "fault": "SLOW", "seconds": 0.3, "times": None}
        await asyncio.to_thread(requests.post, f"{url}/_emulator/faults", json=slow, timeout=10)
        lags = [await largest_lag(100) for _ in range(3)]
    assert min(lags) < 0.1


async def largest_lag(triggers: int) -> float:
    """The longest time that the event loop did not get round to a task of its own."""
    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last - 0.005)
            last = now

    ticker = asyncio.create_task(tick())
    events = await asyncio.gather(*(first(trigger(404)) for _ in range(triggers)))
    ticker.cancel()
    assert all("No entity" in str(event["message"]) for event in events)
    return max(gaps)


@contextmanager
def emulator_process(directory: Path) -> Iterator[str]:
    """An emulator that takes no time of this process; its address."""
    command = [sys.executable, "-m", "airflow_provider_copernica.emulator", "--port", "0", "--quiet"]
    service = Service(command, dict(os.environ), directory / "emulator.log")
    try:
        wait_until(lambda: "http://" in service.log.read_text(), 30, "the emulator")
        yield service.log.read_text().split("on ", 1)[1].split(" ", 1)[0]
    finally:
        service.stop()


async def test_being_killed_says_what_is_true(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    await trigger(12).on_kill()
    assert "import 12. The import goes on" in caplog.text
