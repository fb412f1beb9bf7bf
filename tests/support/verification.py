"""A database, the header of its rows, and Copernica played to what asks for (sub)profiles."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from airflow_provider_copernica.client.lookups import Listing
from airflow_provider_copernica.payload.header import make_header
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.payload.schema import DatabaseSchema
from airflow_provider_copernica.verification.rows import Ask

Result = TypeVar("Result")

SCHEMA = DatabaseSchema.from_api(
    {
        "ID": "1",
        "name": "Customers",
        "fields": [
            {"ID": "1", "name": "Email"},
            {"ID": "2", "name": "Age", "type": "integer"},
            {"ID": "3", "name": "City"},
        ],
        "interests": [{"ID": "1", "name": "News"}],
        "collections": [
            {
                "ID": "7",
                "name": "Order",
                "fields": [{"ID": "4", "name": "Number", "type": "integer"}, {"ID": "5", "name": "Item"}],
            }
        ],
    }
)


def header(*columns: str, keys: Sequence[str] = ("Email",)) -> Any:
    return make_header(columns, RowRules(key_fields=tuple(keys)))


def answered(steps: Generator[Ask, Listing, Result], *replies: Any) -> tuple[Result, list[Ask]]:
    """Carries steps out with these replies: a list of objects, or a whole listing."""
    asked: list[Ask] = []
    remaining = list(replies)
    try:
        ask = next(steps)
        while True:
            asked.append(ask)
            reply = remaining.pop(0)
            ask = steps.send(reply if isinstance(reply, Listing) else Listing(tuple(reply), len(reply)))
    except StopIteration as end:
        assert not remaining, "not all was asked for"
        return end.value, asked
