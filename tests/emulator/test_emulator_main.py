"""The emulator as a process."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from airflow_provider_copernica.emulator.__main__ import parse

COMMAND = [sys.executable, "-m", "airflow_provider_copernica.emulator"]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [*COMMAND, "--port", "0", "--token", "t0ken-of-mine", "--import-seconds", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as started:
        yield started
        if started.poll() is None:
            started.kill()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    text, deadline = "", time.monotonic() + 20
    while words not in text and time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 0.5)[0]:
            chunk = os.read(process.stdout.fileno(), 65_536).decode()
            if not chunk:
                break
            text += chunk
    return text


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_cleanly(process: subprocess.Popen[str], signal_number: signal.Signals) -> None:
    said = read_until(process, "Ctrl-C")
    url = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert url is not None
    assert "AIRFLOW_CONN_COPERNICA_DEFAULT" in said
    reply = requests.get(f"{url[0]}/v3/identity", params={"access_token": "t0ken-of-mine"}, timeout=5)
    assert reply.status_code == 200
    lines = read_until(process, "/v3/identity")
    process.send_signal(signal_number)
    rest, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert re.search(r"GET /v3/identity 200", lines)
    assert "t0ken-of-mine" not in lines + rest
    assert "Traceback" not in rest


def test_it_ends_with_a_request_under_way(process: subprocess.Popen[str]) -> None:
    url = re.search(r"http://[\d.:]+", read_until(process, "Ctrl-C"))
    assert url is not None
    slow = {"where": "", "fault": "TIMEOUT_BEFORE", "seconds": 60}
    requests.post(f"{url[0]}/_emulator/faults", json=slow, timeout=5)
    with pytest.raises(requests.Timeout):
        requests.get(f"{url[0]}/v3/identity", timeout=0.2)
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=10)
    assert (process.returncode, "Traceback" in rest) == (0, False)


def test_it_takes_names_and_locations_of_this_machine_when_it_is_told_to() -> None:
    options = parse(["--local-locations", "--allowed-host", "copernica", "--allowed-host", "other"])
    assert (options.local_locations, options.allowed_host) == (True, ["copernica", "other"])
    assert (parse([]).local_locations, parse([]).allowed_host) == (False, [])
    command = [*COMMAND, "--port", "0", "--quiet", "--allowed-host", "copernica", "--local-locations"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            url = re.search(r"http://[\d.:]+", read_until(started, "Ctrl-C"))
            assert url is not None
            hosts = {
                host: requests.get(f"{url[0]}/_emulator/", headers={"Host": host}, timeout=5)
                for host in ("copernica", "x")
            }
            assert [hosts["copernica"].status_code, hosts["x"].status_code] == [200, 403]
            query = {"access_token": "emulator-access-token"}
            body = {"database": 1, "action": "add", "location": "http://127.0.0.1:1/x.csv", "delimiter": ";"}
            requests.post(f"{url[0]}/v3/imports", params=query, json=body, timeout=5)
            deadline = time.monotonic() + 10
            while not (error := requests.get(f"{url[0]}/v3/import/1", params=query, timeout=5).json()["lasterror"]):
                assert time.monotonic() < deadline
            assert error == "The file could not be downloaded"
        finally:
            started.terminate()


@pytest.mark.parametrize("port", ["taken", "99999"])
def test_a_port_it_can_not_have(port: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1]) if port == "taken" else port
        done = subprocess.run([*COMMAND, "--port", number], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Can't listen on 127.0.0.1:{number}: ")
    assert done.stderr.count("\n") == 1
