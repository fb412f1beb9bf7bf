"""The database that the example DAGs import into."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_copernica.emulator import Emulator

EXAMPLE_DAGS = Path(__file__).resolve().parent.parent / "example_dags"
CUSTOMERS = EXAMPLE_DAGS / "data" / "customers.csv"
# of the examples that bring their own rows
OTHER_FIELDS = ("Contactpersoon", "Name")
COLLECTION = "Order"


def add_example_database(emulator: Emulator) -> int:
    """Makes a database with the columns of ``customers.csv`` and returns its ID."""
    with CUSTOMERS.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file, delimiter=";"))
    fields = [column for column in columns if "." not in column]
    order_fields = [column.partition(".")[2] for column in columns if column.startswith(f"{COLLECTION}.")]
    return emulator.add_database("Customers", [*fields, *OTHER_FIELDS], collections={COLLECTION: order_fields})
