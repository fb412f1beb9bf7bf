"""Each action through each source: what the database holds afterwards."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.taskrun import run_task

from airflow_provider_copernica.decorators.copernica import CopernicaImportDecoratedOperator
from airflow_provider_copernica.emulator import Emulator, run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database
from airflow_provider_copernica.exceptions import CopernicaRowError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

Rows = list[dict[str, str]]
# e-mail address: city, and the status of each order
Held = dict[str, tuple[str, dict[str, str]]]

BEFORE: Held = {
    "a@example.com": ("Gent", {"001": "Paid", "002": "Paid"}),
    "b@example.com": ("Breda", {"003": "Paid"}),
    "c@example.com": ("Luik", {}),
}


def rows(*values: tuple[str, ...], fields: tuple[str, ...] = ("Email", "City")) -> Rows:
    return [dict(zip(fields, each, strict=True)) for each in values]


ORDERS = ("Email", "City", "Order.OrderID", "Order.Status")
CUSTOMERS = rows(("a@example.com", "Aalst"), ("d@example.com", ""))
BY_ORDER = {"key_fields": ["Email", "Order.OrderID"]}

CASES: dict[str, tuple[dict[str, object], Rows, Held]] = {
    "update": (
        {"action": "update"},
        CUSTOMERS,
        {**BEFORE, "a@example.com": ("Aalst", BEFORE["a@example.com"][1])},
    ),
    "update or add": (
        {"action": "update or add"},
        CUSTOMERS,
        {**BEFORE, "a@example.com": ("Aalst", BEFORE["a@example.com"][1]), "d@example.com": ("", {})},
    ),
    "ignore or add": (
        {"action": "ignore or add"},
        CUSTOMERS,
        {**BEFORE, "d@example.com": ("", {})},
    ),
    "an empty cell erases": (
        {"action": "update"},
        rows(("a@example.com", "")),
        {**BEFORE, "a@example.com": ("", BEFORE["a@example.com"][1])},
    ),
    "an empty cell is ignored": (
        {"action": "update", "ignore_empty_fields": True},
        rows(("a@example.com", "")),
        BEFORE,
    ),
    "subprofiles": (
        {"action": "update or add", **BY_ORDER},
        rows(("a@example.com", "Gent", "002", "Sent"), ("c@example.com", "Luik", "004", "New"), fields=ORDERS),
        {
            **BEFORE,
            "a@example.com": ("Gent", {"001": "Paid", "002": "Sent"}),
            "c@example.com": ("Luik", {"004": "New"}),
        },
    ),
    "delete profiles": (
        {"action": "delete", "delete_target": "profile"},
        rows(("a@example.com",), ("x@example.com",), fields=("Email",)),
        {email: held for email, held in BEFORE.items() if email != "a@example.com"},
    ),
    "delete subprofiles": (
        {"action": "delete", "delete_target": "subprofile", **BY_ORDER},
        rows(("a@example.com", "001"), fields=("Email", "Order.OrderID")),
        {**BEFORE, "a@example.com": ("Gent", {"002": "Paid"})},
    ),
    "remove missing": (
        {"action": "update or add", "remove_missing": True, "min_records": 2},
        CUSTOMERS,
        {"a@example.com": ("Aalst", BEFORE["a@example.com"][1]), "d@example.com": ("", {})},
    ),
}


def from_array(directory: Path, given: Rows, arguments: dict[str, Any]) -> CopernicaImportOperator:
    return CopernicaImportOperator(source=given, **arguments)


def from_sql(directory: Path, given: Rows, arguments: dict[str, Any]) -> CopernicaImportOperator:
    with closing(sqlite3.connect(directory / "warehouse.db")) as connection, connection:
        columns = ", ".join(f'"{name}"' for name in given[0])
        connection.execute(f"CREATE TABLE IF NOT EXISTS given ({columns})")
        connection.execute("DELETE FROM given")
        marks = ", ".join("?" * len(given[0]))
        connection.executemany(f"INSERT INTO given VALUES ({marks})", [tuple(row.values()) for row in given])  # noqa: S608 - ours
    return SqlToCopernicaOperator(sql="SELECT * FROM given ORDER BY rowid", sql_conn_id="warehouse", **arguments)


def from_file(directory: Path, given: Rows, arguments: dict[str, Any]) -> CopernicaImportOperator:
    path = directory / "given.jsonl"
    path.write_text("\n".join(map(json.dumps, given)))
    return ObjectStorageToCopernicaOperator(path=path.as_uri(), **arguments)


def from_function(directory: Path, given: Rows, arguments: dict[str, Any]) -> CopernicaImportOperator:
    return CopernicaImportDecoratedOperator(python_callable=lambda: iter(given), **arguments)


SOURCES: list[Callable[[Path, Rows, dict[str, Any]], CopernicaImportOperator]] = [
    from_array,
    from_sql,
    from_file,
    from_function,
]


@pytest.fixture
def _warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))


@pytest.mark.usefixtures("copernica_connection", "_warehouse")
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
@pytest.mark.parametrize("case", [*CASES, "add"])
def test_what_the_database_holds(copernica_emulator: Emulator, tmp_path: Path, source: Any, case: str) -> None:
    copernica_emulator.import_seconds = 0
    for email, (city, orders) in BEFORE.items():
        held = [{"OrderID": number, "Status": status} for number, status in orders.items()]
        copernica_emulator.add_profile(1, {"Email": email, "City": city}, {"Order": held})
    given: dict[str, Any] = {"task_id": "load", "database": 1, "key_fields": ["Email"], "poll_interval": 0.05}
    if case == "add":  # matches nothing: each customer is there twice afterwards
        made = {**given, "action": "add", "key_fields": None}
        assert run_task(lambda: source(tmp_path, CUSTOMERS, made)).state == "success"
        emails = [profile["fields"]["Email"] for profile in copernica_emulator.profiles(1)]  # type: ignore[index]  # a dict
        assert sorted(emails) == ["a@example.com", "a@example.com", "b@example.com", "c@example.com", "d@example.com"]
        return
    arguments, rows_of_case, after = CASES[case]
    outcome = run_task(lambda: source(tmp_path, rows_of_case, {**given, **arguments}))
    assert outcome.state == "success", outcome.error
    assert holds(copernica_emulator) == after


def holds(emulator: Emulator) -> Held:
    held: Held = {}
    for profile in emulator.profiles(1):
        fields: Any = profile["fields"]
        subprofiles: Any = profile["subprofiles"]
        orders = {each["fields"]["OrderID"]: each["fields"]["Status"] for each in subprofiles["Order"]}
        held[fields["Email"]] = (fields["City"], orders)
    return held


# what Copernica can store: no control characters but those of a text, and nothing longer than a field
cells = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t"), max_size=100)
keys = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=50).map("a{}b".format)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One for all examples of the properties below."""
    with run_emulator(import_seconds=0) as emulator, pytest.MonkeyPatch.context() as patch:
        connection = {"conn_type": "copernica", "host": emulator.url, "password": emulator.token}
        patch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps(connection))
        yield emulator


@settings(max_examples=60)
@given(st.lists(st.tuples(keys, cells), min_size=1, max_size=20, unique_by=lambda pair: pair[0]))
def test_what_is_given_is_what_is_stored(emulator: Emulator, pairs: list[tuple[str, str]]) -> None:
    from airflow_provider_copernica.hooks.copernica import CopernicaHook

    emulator.reset()
    add_demo_database(emulator)
    source = [{"Email": email, "City": city} for email, city in pairs]
    hook = CopernicaHook()
    import_id = hook.create_import(database=1, action="update or add", key_fields=["Email"], source=source)
    hook.wait_for_import(import_id, poll_interval=0.01)
    stored: Any = [profile["fields"] for profile in emulator.profiles(1)]
    assert [{"Email": each["Email"], "City": each["City"]} for each in stored] == source


@settings(max_examples=60)
@given(
    st.lists(keys, min_size=2, max_size=20, unique=True),
    st.integers(min_value=1),
    st.sampled_from(
        [
            ({"City": "x"}, "Email"),
            ({"Email": "a", "City": "x", "Extra": "y"}, "Extra"),
            ({"Email": "", "City": "x"}, "Email"),
            ({"Email": "a", "City": ["x"]}, "City"),
            ({"Email": "a", "City": float("nan")}, "City"),
            ({"Email": "a", "City": b"x"}, "City"),
            ({"Email": "a", "City": "x\x00"}, "City"),
        ]
    ),
)
def test_a_broken_row_is_named_and_nothing_is_sent(
    emulator: Emulator, emails: list[str], position: int, broken: tuple[dict[str, object], str]
) -> None:
    from airflow_provider_copernica.hooks.copernica import CopernicaHook

    emulator.reset()
    add_demo_database(emulator)
    row, field = broken
    number = position % (len(emails) - 1) + 1  # the first row says which fields there are
    source: list[dict[str, object]] = [{"Email": email, "City": "x"} for email in emails]
    source[number] = row
    with pytest.raises(CopernicaRowError) as raised:
        CopernicaHook().create_import(database=1, action="update", key_fields=["Email"], source=source)
    assert f"Row {number + 1}: " in str(raised.value)
    assert repr(field) in str(raised.value)
    assert emulator.requests == []
