"""
Fixtures for the tests of DAGs: ``pytest_plugins = ["airflow_provider_copernica.emulator.pytest_plugin"]``.

All live as long as one test, so that no test sees the imports of another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from airflow_provider_copernica.emulator.demo import add_demo_database
from airflow_provider_copernica.emulator.emulator import Emulator
from airflow_provider_copernica.emulator.server import run_emulator

__all__ = ["copernica_connection", "copernica_emulator", "copernica_short_waits"]

# by their names: the emulator imports nothing of what it tests
_WAITS = {
    "airflow_provider_copernica.client.schedule.LONGEST_WAIT": 0.05,
    "airflow_provider_copernica.client.retry.UNCONFIRMED_PAUSE": 0.1,
}


@pytest.fixture
def copernica_emulator() -> Iterator[Emulator]:
    """Run an emulator with an empty database, ID 1."""
    with run_emulator(import_seconds=0.05) as emulator:
        add_demo_database(emulator)
        yield emulator


@pytest.fixture
def copernica_short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for the status of an import twenty times a second, whatever ``poll_interval`` says: in this process."""
    for name, seconds in _WAITS.items():
        monkeypatch.setattr(name, seconds)


@pytest.fixture
def copernica_connection(
    copernica_emulator: Emulator,
    copernica_short_waits: None,  # noqa: ARG001 - a fixture that is used by being asked for
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Let the connection ``copernica_default`` lead to the emulator, and tasks in this process wait for it briefly."""
    connection = {"conn_type": "copernica", "host": copernica_emulator.url, "password": copernica_emulator.token}
    monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps(connection))
    return "copernica_default"
