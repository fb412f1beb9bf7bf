"""The recipes of the documentation do what they say."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path

import pytest
import recipes
from support.dagrun import poll_often, run_dag

from airflow_provider_copernica.emulator import Emulator

TABLES = """
    CREATE TABLE customers (email, firstname);
    INSERT INTO customers VALUES ('noor@example.com', 'Noor');
    CREATE TABLE requests_to_forget (email);
    INSERT INTO requests_to_forget VALUES ('senna@example.com');
    CREATE TABLE orders (email, number, status);
    INSERT INTO orders VALUES ('noor@example.com', '1', 'cancelled'), ('noor@example.com', '2', 'paid');
"""

for dag in (recipes.delete, recipes.location, recipes.dry_run):
    poll_often(dag)


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "warehouse.db"
    connection = sqlite3.connect(file)
    connection.executescript(TABLES)
    connection.close()
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(file)}))


@pytest.mark.usefixtures("airflow_database", "copernica_connection", "warehouse")
def test_deletes_the_customers_that_asked_and_the_orders_that_were_cancelled(copernica_emulator: Emulator) -> None:
    orders = [{"OrderID": "1"}, {"OrderID": "2"}]
    copernica_emulator.add_profile(1, {"Email": "noor@example.com"}, {"Order": orders})
    copernica_emulator.add_profile(1, {"Email": "senna@example.com"})

    results = run_dag(recipes.delete)

    assert {result.state for result in results.values()} == {"success"}
    (profile,) = copernica_emulator.profiles(1)
    assert profile["fields"]["Email"] == "noor@example.com"  # type: ignore[index]  # a dict
    assert [order["fields"]["OrderID"] for order in profile["subprofiles"]["Order"]] == ["2"]  # type: ignore[index]


@pytest.mark.usefixtures("airflow_database", "copernica_connection")
def test_part_files_are_one_import(copernica_emulator: Emulator, tmp_path: Path) -> None:
    for name in ("noor", "senna"):
        rows = f"Email,Firstname\n{name}@example.com,\\N\n"
        (tmp_path / f"part-{name}.csv.gz").write_bytes(gzip.compress(rows.encode()))
    (tmp_path / "_SUCCESS").touch()
    assert run_dag(recipes.part_files, {"exports": str(tmp_path)})["import_parts"].state == "success"
    stored = [profile["fields"] for profile in copernica_emulator.profiles(1)]
    assert [(fields["Email"], fields["Firstname"]) for fields in stored] == [  # type: ignore[index]  # dicts
        ("noor@example.com", ""),
        ("senna@example.com", ""),
    ]
    assert len(copernica_emulator.imports) == 1


@pytest.mark.usefixtures("airflow_database", "copernica_connection", "warehouse")
def test_a_dry_run_sends_nothing_unless_it_is_switched_off(copernica_emulator: Emulator) -> None:
    assert run_dag(recipes.dry_run)["import_customers"].state == "success"
    assert copernica_emulator.imports == []
    assert run_dag(recipes.dry_run, {"dry_run": False})["import_customers"].state == "success"
    assert len(copernica_emulator.profiles(1)) == 1


@pytest.mark.usefixtures("airflow_database", "copernica_connection")
def test_a_file_of_which_a_variable_holds_the_address(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_PARTNERS_FILE", f"{copernica_emulator.url}/_emulator/customers.csv")
    assert run_dag(recipes.location)["import_partners_file"].state == "success"
    assert copernica_emulator.profiles(1)


def test_a_signed_url_is_told_to_outlive_the_waiting() -> None:
    task = recipes.import_export
    assert task.presign
    assert task.presign_expires > task.timeout
