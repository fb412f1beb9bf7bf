"""A database to try things on: the one that the example DAGs import into."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_copernica.emulator.emulator import Emulator

__all__ = ["COLLECTION", "FILE", "NAME", "add_demo_database"]

NAME = "Customers"
COLLECTION = "Order"
FIELDS: dict[str, str | dict[str, object]] = {
    "Email": {"type": "email", "index": True},
    "Firstname": "text",
    "Lastname": "text",
    "City": "text",
    "Postcode": "text",
    "Phone": "phone",
    "Birthdate": "empty_date",
    "Newsletter": "text",
    # of the documentation's examples
    "Contactpersoon": "text",
    "Name": "text",
}
ORDER_FIELDS: dict[str, str | dict[str, object]] = {
    "OrderID": "text",
    "Date": "empty_date",
    "Article": "text",
    "Status": {"type": "text", "length": 50},
    "Total": "text",
}

# a file for imports with a location
FILE = """\
Email;Firstname;Lastname;City;Order.OrderID;Order.Status
noe.debruyn@example.com;Noë;De Bruyn;Gent;000101;Paid
noe.debruyn@example.com;Noë;De Bruyn;Gent;000102;Shipped
s.oconnor@example.net;Sinéad;O'Connor;'s-Hertogenbosch;000103;Completed
"""


def add_demo_database(emulator: Emulator) -> int:
    """Make the database, without profiles, and return its ID."""
    return emulator.add_database(
        NAME,
        FIELDS,
        collections={COLLECTION: ORDER_FIELDS},
        interests=["Newsletter"],
        unsubscribe_behaviour={"Newsletter": "no"},
    )
