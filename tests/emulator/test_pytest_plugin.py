"""What the fixtures do for tests of DAGs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

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


def test_the_fixtures_in_a_project_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["airflow_provider_copernica.emulator.pytest_plugin"]\n')
    (tmp_path / "test_mine.py").write_text(
        "import json, os\n"
        "def test_one(copernica_emulator, copernica_connection):\n"
        "    assert copernica_connection == 'copernica_default'\n"
        "    connection = json.loads(os.environ['AIRFLOW_CONN_COPERNICA_DEFAULT'])\n"
        "    assert connection['host'] == copernica_emulator.url\n"
        "    copernica_emulator.add_profile(1, {'Email': 'a@example.com'})\n"
        "def test_two(copernica_emulator):\n"
        "    import os, sys\n"
        "    assert copernica_emulator.profiles(1) == []\n"
        "    assert 'airflow' not in sys.modules\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:hypothesispytest",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_each_test_has_an_emulator_of_its_own(copernica_emulator: Emulator, copernica_connection: str) -> None:
    assert copernica_connection == "copernica_default"
    assert copernica_emulator.databases == [1]
    assert copernica_emulator.profiles(1) == []
