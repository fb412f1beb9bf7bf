"""What ``make airflow`` shows: one task of each colour."""

from __future__ import annotations

import pytest
from support.dagrun import poll_often, run_dag
from test_example_dags import load

from airflow_provider_copernica.emulator import Emulator
from local_airflow.environment import OUTCOMES, missing_file

pytestmark = [pytest.mark.usefixtures("copernica_connection", "airflow_database")]


def test_one_import_works_one_fails_and_one_is_skipped(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISSING_FILE", missing_file(copernica_emulator))
    (dag,) = load(OUTCOMES)
    poll_often(dag)
    states = {name: result.state for name, result in run_dag(dag).items()}
    assert states == {"works": "success", "fails": "failed", "has_no_rows": "skipped"}
