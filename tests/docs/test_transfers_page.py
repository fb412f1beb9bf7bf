"""The page of the transfers names all of their arguments, and nothing else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

PAGE = Path(__file__).parents[2] / "docs" / "transfers.md"
# of every task
OF_TASKS = {"self", "task_id", "kwargs"}


@pytest.mark.parametrize(
    ("operator", "heading"),
    [(SqlToCopernicaOperator, "From SQL"), (ObjectStorageToCopernicaOperator, "From files and objects")],
)
def test_the_table_has_all_arguments(operator: type, heading: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = section.partition("| argument |")[2].partition("\n\n")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    parameters = inspect.signature(operator.__init__).parameters
    assert named == parameters.keys() - OF_TASKS
