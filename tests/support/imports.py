"""An operator as most tests need it."""

from __future__ import annotations

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

ROWS = [{"Email": "a@example.com", "City": "Gent"}, {"Email": "b@example.com", "City": "Súdwest-Fryslân"}]


def task(**arguments: object) -> CopernicaImportOperator:
    """An operator with the least that it needs, quick to ask again."""
    given = {"task_id": "load", "database": 1, "action": "update or add", "key_fields": ["Email"], "poll_interval": 0.1}
    if "location" not in arguments:
        given["source"] = ROWS
    return CopernicaImportOperator(**{**given, **arguments})  # type: ignore[arg-type]  # arguments of many types
