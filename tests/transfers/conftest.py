"""What the tests of SQL share."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An SQLite file with customers, and the connection ``warehouse`` to it."""
    path = tmp_path / "warehouse.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE customers (mail TEXT, city TEXT, born TEXT, visits INTEGER)")
        rows = [("zoë@example.com", "Súdwest-Fryslân", "1980-01-02", 7), ("o'brien@example.com", None, "", 0)]
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?, ?)", rows)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return path
