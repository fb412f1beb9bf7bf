"""A task that imports what a query selects, and what came of it."""

from __future__ import annotations

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator


def task(**arguments: object) -> SqlToCopernicaOperator:
    given: dict[str, object] = {
        "task_id": "sync",
        "sql": 'SELECT mail AS "Email", city AS "City" FROM customers ORDER BY rowid',
        "sql_conn_id": "warehouse",
        "database": 1,
        "action": "update or add",
        "key_fields": ["Email"],
        "poll_interval": 0.1,
    }
    return SqlToCopernicaOperator(**{**given, **arguments})  # type: ignore[arg-type]  # arguments of many types


def cities(emulator: Emulator) -> dict[str, str]:
    stored = [profile["fields"] for profile in emulator.profiles(1)]
    return {fields["Email"]: fields["City"] for fields in stored}  # type: ignore[index]  # a dict, for a test to look at
