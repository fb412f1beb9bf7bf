"""As ``own_tests.py``, without a process for each run."""

from __future__ import annotations

# [START in_one_process]
from airflow.models import DagBag

from airflow_provider_copernica.emulator import Emulator


def test_first_import(
    copernica_emulator: Emulator,
    copernica_connection: str,
) -> None:
    run = DagBag().dags["first_import"].test()

    assert run.state == "success"
    assert len(copernica_emulator.profiles(1)) == 2


def test_failing_import(
    copernica_emulator: Emulator,
    copernica_connection: str,
) -> None:
    copernica_emulator.failing_imports("Disk full", after_lines=1)

    run = DagBag().dags["first_import"].test()

    assert run.state == "failed"
    # [END in_one_process]
