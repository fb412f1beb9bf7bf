"""The page of the transfers names all of their arguments, and nothing else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

PAGE = Path(__file__).parents[2] / "docs" / "transfers.md"
# of every import, but named on the page since files have them, too
SHARED = {"format", "delimiter"}


@pytest.mark.parametrize(
    ("operator", "heading", "shared"),
    [(SqlToCopernicaOperator, "From SQL", set()), (ObjectStorageToCopernicaOperator, "From files and objects", SHARED)],
)
def test_the_table_has_all_arguments(operator: type, heading: str, shared: set[str]) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = section.partition("| argument |")[2].partition("\n\n")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    parameters = inspect.signature(operator.__init__).parameters
    assert named == {name for name in parameters if name not in ("self", "kwargs")} | shared
