"""What is literal is checked when the DAG is parsed."""

from __future__ import annotations

import re

import pytest
from support.imports import ROWS, task

from airflow_provider_copernica.exceptions import CopernicaArgumentError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"action": "upsert"}, "action"),
        ({"location": "s3://bucket/key", "source": None}, "location"),
        ({"location": "https://example.com/x.csv", "source": ROWS}, "location"),
        ({"source": None}, "source"),
        ({"source": "Email\na@example.com", "format": None}, "format"),
        ({"source": "Email\na@example.com", "format": "csv"}, "delimiter"),
        ({"key_fields": None}, "key_fields"),
        ({"delete_target": "profile"}, "delete_target"),
        ({"autostart": False}, "autostart"),
        ({"action": "add", "key_fields": None, "remove_missing": True}, "remove_missing"),
        ({"timeout": 0}, "timeout"),
        ({"poll_interval": 0}, "poll_interval"),
    ],
)
def test_a_literal_mistake_is_seen_when_the_dag_is_parsed(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=message):
        task(**arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"action": "delete", "source": [{"Email": "a", "Order.ID": "1"}]}, "delete_target"),
        ({"action": "add", "key_fields": None, "source": [{"Email": "a", "Order.ID": "1"}]}, "names no field"),
        ({"source": [{"Name": "a"}]}, "no column 'Email'"),
        ({"source": [{"Email": "a"}, {"Name": "b"}]}, "Row 2: field 'Email' is missing"),
        ({"source": [{"Email": " "}]}, "Row 1 has empty cells only"),
        ({"source": "[{'Email': 'a'}]", "format": "json", "name": "{{ ds }}"}, "source=task.output"),
        ({"source": "[{'Email': '{{ x }}'}]", "format": "json", "action": "{{ y }}"}, ""),
        ({"source": "None", "format": "json"}, "source=task.output"),
        ({"min_records": "abc"}, "min_records"),
        ({"min_records": -1}, "min_records"),
        ({"check_fields": "maybe"}, "check_fields"),
        ({"dry_run": "maybe"}, "dry_run"),
        ({"location": "https://example.com/a.json", "min_records": 3}, "leave them out"),
        ({"poll_interval": "10"}, "poll_interval"),
        ({"poll_interval": None}, "poll_interval"),
        ({"timeout": "60"}, "timeout"),
        ({"timeout": 0}, "timeout"),
        ({"source": [{"Email": ""}] * 30_000}, "Row 1 has empty cells only"),
        ({"source": [{"Email": ""}], "dry_run": "false"}, "Row 1 has empty cells only"),
        ({"source": [{"Email": ""}], "dry_run": "{{ params.dry_run }}"}, ""),
        ({"key_fields": "[{[]: 1}]"}, "key_fields"),
        ({"key_fields": "[" * 100_000}, "key_fields"),
    ],
)
def test_what_is_literal_is_checked_at_parse(arguments: dict[str, object], words: str) -> None:
    if not words:
        task(**arguments)
        return
    with pytest.raises(CopernicaArgumentError, match=re.escape(words)):
        task(**arguments)
