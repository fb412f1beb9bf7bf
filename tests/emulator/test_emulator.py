"""What the emulator remembers, and what tests make up in it."""

from __future__ import annotations

import time

import requests
from support.copernica_api import CopernicaApi

from airflow_provider_copernica.emulator import Emulator


def status(emulator: Emulator, import_id: int) -> dict[str, object]:
    reply: dict[str, object] = CopernicaApi(emulator, "v3")("GET", f"import/{import_id}").json()
    return reply


def test_what_was_seen(emulator: Emulator) -> None:
    emulator.add_database("People", ["Name"])
    emulator.add_import()
    CopernicaApi(emulator, "v4")("GET", "identity")
    seen = emulator.requests[-1]
    assert (seen.method, seen.path, seen.status) == ("GET", "/v4/identity", 200)
    assert emulator.token not in repr(seen)
    assert emulator.jwts[0] not in repr(seen)
    emulator.reset()
    assert (emulator.requests, emulator.imports, emulator.databases, emulator.jwts) == ([], [], [], [])


def test_requests_share_a_connection(emulator: Emulator) -> None:
    with requests.Session() as session:
        for _ in range(3):
            session.get(f"{emulator.url}/v3/identity", params={"access_token": emulator.token}, timeout=5)
    assert emulator.connections == 1


def test_latency(emulator: Emulator) -> None:
    emulator.latency = 0.2
    try:
        began = time.monotonic()
        assert CopernicaApi(emulator, "v3")("GET", "identity").status_code == 200
        assert time.monotonic() - began >= 0.2
    finally:
        emulator.latency = 0.0


def test_made_up_imports(emulator: Emulator) -> None:
    import_id = emulator.add_import("odd", "frobnicated", lastrun=None, totallines=3)
    told = status(emulator, import_id)
    assert (told["name"], told["status"], told["totallines"]) == ("odd", "frobnicated", 3)
    assert "lastrun" not in told
    emulator.set_status(import_id, status="finished", lasterror=None)
    told = status(emulator, import_id)
    assert told["status"] == "finished"
    assert "lasterror" not in told


def test_a_forgotten_import_is_unknown(emulator: Emulator) -> None:
    import_id = emulator.add_import("nightly", "running")
    emulator.forget_import(import_id)
    reply = CopernicaApi(emulator, "v3")("GET", f"import/{import_id}")
    assert (reply.status_code, reply.json()) == (400, {"error": {"message": "No entity with supplied ID"}})
    assert [each.name for each in emulator.imports] == ["nightly"]
