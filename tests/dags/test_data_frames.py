"""Data frames from other tasks, functions and literals; through real tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from airflow.providers.common.compat.sdk import DAG
from support.dagrun import run_dag

from airflow_provider_copernica.decorators.copernica import copernica_import_task
from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

START = datetime(2026, 1, 1)
IMPORT: dict[str, Any] = {"database": 7, "action": "update or add", "key_fields": ["Email"], "poll_interval": 0.1}

pytestmark = pytest.mark.usefixtures("copernica_connection", "airflow_database")


def columns(way: str) -> dict[str, list[Any]]:
    # a template in a cell, and a column whose name Airflow takes for a method of its own
    return {"Email": [f"{way}@example.com"], "Name": ["{{ conn.copernica_default.password }}"], "resolve": [7.0]}


def test_frames_are_imported(copernica_emulator: Emulator) -> None:
    copernica_emulator.add_database("Frames", ["Email", "Name", "resolve"], database_id=7)
    with DAG("frames", schedule=None, start_date=START) as dag:
        CopernicaImportOperator(task_id="pandas", source=pd.DataFrame(columns("pandas")), **IMPORT)
        CopernicaImportOperator(task_id="polars", source=pl.DataFrame(columns("polars")), **IMPORT)
        CopernicaImportOperator(task_id="empty", source=pl.DataFrame(columns("empty"))[:0], **IMPORT)

        @copernica_import_task(**IMPORT)
        def returns(kind: str) -> Any:
            return pa.table(columns("returned")).to_reader() if kind == "reader" else pd.DataFrame(columns("frame"))

        returns.expand(kind=["reader", "frame"])

    results = run_dag(dag)
    assert {name: result.state for name, result in results.items()} == {
        "pandas": "success",
        "polars": "success",
        "empty": "skipped",
        "returns[0]": "success",
        "returns[1]": "success",
    }
    stored: Any = copernica_emulator.profiles(7)
    assert {profile["fields"]["Email"].partition("@")[0] for profile in stored} == {
        "pandas",
        "polars",
        "returned",
        "frame",
    }
    for profile in stored:
        assert profile["fields"]["Name"] == "{{ conn.copernica_default.password }}"
        assert profile["fields"]["resolve"] == "7"
