"""Every example DAG, parsed and run against the emulator just as it is."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.dagrun import poll_often, run_dag

from airflow_provider_copernica.emulator import Emulator
from local_airflow.environment import EXAMPLE_DAGS

FILES = sorted(EXAMPLE_DAGS.glob("example_*.py"))

pytestmark = [pytest.mark.usefixtures("copernica_connection", "airflow_database")]


def load(path: Path) -> list[Any]:
    """The DAGs of a file."""
    spec = importlib.util.spec_from_file_location(f"{path.stem}_as_parsed", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return [value for value in vars(module).values() if type(value).__name__ == "DAG"]


def test_there_are_examples() -> None:
    assert len(FILES) >= 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parses_without_asking_anything(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_COPERNICA_DEFAULT")
    assert load(path)
    assert copernica_emulator.requests == []
    assert "{{ ds }}" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_runs(copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: Path) -> None:
    warehouse = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_SQLITE_DEFAULT", json.dumps(warehouse))
    for dag in load(path):
        poll_often(dag)
        results = run_dag(dag)
        assert {result.state for result in results.values()} == {"success"}, results
    assert all(each.state == "finished" for each in copernica_emulator.imports)
