"""An emulator starts and stops in a moment, and leaves nothing behind."""

from __future__ import annotations

import socket
import threading
import time

import pytest
import requests
from support.copernica_api import CopernicaApi

from airflow_provider_copernica.emulator import Emulator, Fault, run_emulator
from airflow_provider_copernica.emulator.server import listening


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "copernica-emulator"]


def test_it_keeps_what_it_holds_when_it_stops_listening() -> None:
    emulator, before = Emulator(), threads()
    with listening(emulator):
        emulator.add_profile(emulator.add_database("People", ["Name"]), {"Name": "Ann"})
        port = int(emulator.url.rpartition(":")[2])
    assert threads() == before
    with pytest.raises(requests.ConnectionError):
        requests.get(emulator.url, timeout=5)
    with listening(emulator, port=port):
        assert [row["fields"] for row in CopernicaApi(emulator, "v3").rows("database/1/profiles")] == [{"Name": "Ann"}]


def test_a_port_that_is_taken_leaves_no_thread() -> None:
    before = threads()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        run_emulator(port=taken.getsockname()[1]).__enter__()
    assert threads() == before


def seconds_to_stop_with_a_request_kept_waiting() -> float:
    with requests.Session() as session, run_emulator() as emulator:
        emulator.fail("identity", Fault.TIMEOUT_BEFORE, seconds=60)
        with pytest.raises(requests.Timeout):
            session.get(f"{emulator.url}/v3/identity", timeout=0.05)
        CopernicaApi(emulator, "v3")("GET", "identity")
        began = time.monotonic()
    return time.monotonic() - began


def test_a_request_that_is_kept_waiting_does_not_keep_it_from_stopping() -> None:
    assert min(seconds_to_stop_with_a_request_kept_waiting() for _ in "abc") < 0.1, (
        "the best of three: others may be busy"
    )


def test_an_import_that_is_running_ends_with_it() -> None:
    with run_emulator(import_seconds=60) as emulator:
        emulator.add_database("People", ["Name"])
        body = {"database": 1, "action": "add", "source": [{"Name": "Ann"}]}
        CopernicaApi(emulator, "v3")("POST", "imports", json=body)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert [each.state for each in emulator.imports] == ["running"]


def test_an_address_of_version_six() -> None:
    with run_emulator(host="::1") as emulator:
        assert emulator.url.startswith("http://[::1]:")
        assert CopernicaApi(emulator, "v4")("GET", "identity").status_code == 200
