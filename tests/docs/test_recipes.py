"""The recipes of the documentation do what they say."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import recipes
from support.dagrun import poll_often, run_dag

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.exceptions import CopernicaApiError
from airflow_provider_copernica.hooks.copernica import CopernicaHook

TABLES = """
    CREATE TABLE customers (email, firstname);
    INSERT INTO customers VALUES ('noor@example.com', 'Noor');
    CREATE TABLE requests_to_forget (email);
    INSERT INTO requests_to_forget VALUES ('senna@example.com');
    CREATE TABLE orders (email, number, status);
    INSERT INTO orders VALUES ('noor@example.com', '1', 'cancelled'), ('noor@example.com', '2', 'paid');
"""

for dag in (
    recipes.delete,
    recipes.location,
    recipes.dry_run,
    recipes.removed_rows,
    recipes.nightly_sync,
    recipes.verified_rows,
):
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


@pytest.mark.usefixtures("airflow_database", "copernica_connection", "warehouse")
def test_what_is_gone_from_the_warehouse_is_removed(copernica_emulator: Emulator, tmp_path: Path) -> None:
    conf: dict[str, object] = {"snapshots": tmp_path.as_uri()}

    def run(sql: str) -> list[str]:
        with closing(sqlite3.connect(tmp_path / "warehouse.db")) as connection, connection:
            connection.executescript(sql)
        results = run_dag(recipes.removed_rows, conf)
        return [results[name].state for name in ("sync_customers", "delete_customers")]

    many = ", ".join(f"('{number}@example.com', 'x')" for number in range(200))
    assert run(f"INSERT INTO customers VALUES {many};") == ["success", "skipped"]  # noqa: S608 - our own
    assert run("DELETE FROM customers WHERE email = '7@example.com';") == ["success", "success"]
    assert len(copernica_emulator.imports) == 2
    emails = {profile["fields"]["Email"] for profile in copernica_emulator.profiles(1)}  # type: ignore[index]  # a dict
    assert len(emails) == 200
    assert "7@example.com" not in emails
    state = run_dag(recipes.nightly_sync, {"snapshots": (tmp_path / "nightly").as_uri()})["sync_customers"].state
    assert state == "success"


@pytest.mark.usefixtures("airflow_database", "copernica_connection")
def test_what_a_function_yields_is_read_back(copernica_emulator: Emulator) -> None:
    result = run_dag(recipes.verified_rows)["import_customers"]
    outcome: Any = result.xcom["import_outcome"]
    assert (result.state, outcome["verify"]["new"], outcome["verify"]["sampled"]) == ("success", 2, 2)


def erase(emulator: Emulator, field: str, **behaviour: Any) -> tuple[str, list[str]]:
    """Run the recipe on Noor, two of Senna, who asked to be forgotten, and somebody without an address."""
    database = emulator.add_database("People", [field], **behaviour)
    for email in ("noor@example.com", "senna@example.com", "senna@example.com", ""):
        emulator.add_profile(database, {field: email})
    state = run_dag(recipes.erase, {"database": database})["erase_customers"].state
    profiles: Any = emulator.profiles(database)
    return state, [profile["fields"][field] for profile in profiles]


@pytest.mark.usefixtures("airflow_database", "copernica_connection", "warehouse")
def test_erases_completely_those_who_asked(copernica_emulator: Emulator, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "warehouse.db")) as connection, connection:
        connection.execute("INSERT INTO requests_to_forget VALUES (''), (NULL), (' nobody@example.com ')")
    assert erase(copernica_emulator, "Email") == ("success", ["noor@example.com", ""])
    deletions = [each for each in copernica_emulator.requests if each.method == "DELETE"]
    assert len(deletions) == 2
    for each in deletions:
        # what is not removed completely is still found, blank
        with pytest.raises(CopernicaApiError, match="No entity with supplied ID"):
            CopernicaHook().get_json(each.path.partition("/v4/")[2])


@pytest.mark.usefixtures("airflow_database", "copernica_connection", "warehouse")
@pytest.mark.parametrize("removal", ["nothing", "unsubscribe"])
def test_profiles_that_the_database_keeps_fail_the_task(copernica_emulator: Emulator, removal: str) -> None:
    state, left = erase(copernica_emulator, "Email", removal_behaviour=removal)
    assert (state, len(left)) == ("failed", 4)


@pytest.mark.usefixtures("airflow_database", "copernica_connection", "warehouse")
def test_an_ignored_filter_erases_nobody(copernica_emulator: Emulator) -> None:
    state, left = erase(copernica_emulator, "Address")
    assert (state, len(left)) == ("failed", 4)


@pytest.mark.usefixtures("airflow_database", "copernica_connection", "warehouse")
def test_more_profiles_than_the_limit_erase_nobody(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "AT_MOST", 1)
    state, left = erase(copernica_emulator, "Email")
    assert (state, len(left)) == ("failed", 4)


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


@pytest.mark.usefixtures("airflow_database", "copernica_connection", "warehouse")
def test_the_nightly_sync_is_a_whole_dag(copernica_emulator: Emulator) -> None:
    assert run_dag(recipes.nightly_sync)["sync_customers"].state == "success"
    (profile,) = copernica_emulator.profiles(1)
    assert profile["fields"]["Firstname"] == "Noor"  # type: ignore[index]  # a dict


def test_a_pool_keeps_imports_apart() -> None:
    assert recipes.import_orders.pool == "copernica_database_1"


@pytest.mark.usefixtures("airflow_database", "copernica_connection", "warehouse")
def test_faulty_rows_go_to_a_file_and_the_others_are_sent(copernica_emulator: Emulator, tmp_path: Path) -> None:
    with sqlite3.connect(json.loads(os.environ["AIRFLOW_CONN_WAREHOUSE"])["host"]) as warehouse:
        warehouse.execute("INSERT INTO customers VALUES ('', 'Nobody')")
    results = run_dag(recipes.rejects, {"folder": f"file://{tmp_path}/rejects"})
    assert results["import_good_rows"].state == "success"
    assert len(copernica_emulator.profiles(1)) == 1
    (file,) = (tmp_path / "rejects").iterdir()
    assert json.loads(file.read_text())["row"] == 2
