"""The example of a nightly sync that leaves people's choices alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from support.dagrun import poll_often, run_dag
from test_example_dags import load

from airflow_provider_copernica.emulator import Emulator
from local_airflow.environment import EXAMPLE_DAGS

NOOR, SENNA = "noor@example.com", "senna@example.com"


@pytest.fixture
def sync(copernica_connection: str, airflow_database: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The DAG of the example."""
    warehouse = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_SQLITE_DEFAULT", json.dumps(warehouse))
    (dag,) = load(EXAMPLE_DAGS / "example_copernica_consent.py")
    poll_often(dag)
    return dag


def people(emulator: Emulator, database: int) -> dict[str, tuple[str, str]]:
    """Newsletter and city by e-mail address."""
    profiles: Any = emulator.profiles(database)
    fields = [profile["fields"] for profile in profiles]
    return {each["Email"]: (each["Newsletter"], each["City"]) for each in fields}


def test_whoever_unsubscribed_stays_so_and_somebody_new_is_subscribed(
    copernica_emulator: Emulator, sync: Any, caplog: pytest.LogCaptureFixture
) -> None:
    database = copernica_emulator.add_database(
        "Members",
        {"Email": "email", "Firstname": "text", "City": "text", "Newsletter": "text"},
        removal_behaviour="unsubscribe",
        unsubscribe_behaviour={"Newsletter": "no"},
    )
    noor = copernica_emulator.add_profile(database, {"Email": NOOR, "City": "Gent", "Newsletter": "yes"})
    # with this removal behaviour, deleting a profile unsubscribes it
    connection = {"access_token": copernica_emulator.token}
    requests.delete(f"{copernica_emulator.url}/v3/profile/{noor}", params=connection, timeout=10).raise_for_status()
    assert people(copernica_emulator, database) == {NOOR: ("no", "Gent")}

    for _ in ("one night", "the next"):
        results = run_dag(sync, {"database": database})
        assert {result.state for result in results.values()} == {"success"}, results
        assert people(copernica_emulator, database) == {NOOR: ("no", "Utrecht"), SENNA: ("yes", "'s-Hertogenbosch")}
    assert "may undo what people chose" not in caplog.text
