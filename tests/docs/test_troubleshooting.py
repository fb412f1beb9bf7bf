"""The page about error messages knows every class, and quotes words that the code really has."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from airflow_provider_copernica import exceptions

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
CLASSES = {
    name for name, value in inspect.getmembers(exceptions, inspect.isclass) if value.__module__ == exceptions.__name__
}
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `Copernica")]
BASES = {"CopernicaError", "CopernicaImportError"}  # in sentences below the tables


def source() -> str:
    """The text of the package, with the literals that continue each other joined."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "airflow_provider_copernica").rglob("*.py")]
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(texts))


def test_every_error_is_explained_once() -> None:
    explained = [cells[0].strip("`") for cells in ROWS if cells[0].endswith("Error`")]
    assert sorted(explained) == sorted(CLASSES - BASES)
    assert all(f"`{name}`" in PAGE for name in BASES)


def test_every_error_says_what_it_means_and_what_to_do() -> None:
    assert all(len(cells) in (3, 4) and all(cells) for cells in ROWS)


@pytest.mark.parametrize("cells", ROWS, ids=lambda cells: cells[0])
def test_the_words_are_those_of_the_code(cells: list[str]) -> None:
    quoted = cells[1] if cells[0].endswith("Error`") else cells[0]
    text = source()
    for words in re.findall(r"`([^`]+)`", quoted):
        assert words in text, words
