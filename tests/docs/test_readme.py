"""README says what is true: its snippets are tested code, its connections connect, its links lead somewhere."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest
import yaml
from airflow.providers.common.compat.sdk import BaseHook
from test_environment import noxfile

from airflow_provider_copernica.connection_form import EXTRA_FIELDS, RELABELING
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.payload.parameters import PARAMETERS

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").glob("*.md"))
TEXTS = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
SOURCES = [*(ROOT / "example_dags").glob("*.py"), *(ROOT / "tests" / "docs").glob("*.py")]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE_OF_CONFTEST = 'pytest_plugins = ["airflow_provider_copernica.emulator.pytest_plugin"]'


def blocks(text: str, language: str) -> list[str]:
    """The snippets of a page."""
    return [body for found, body in FENCE.findall(text) if found == language]


def regions() -> dict[str, str]:
    """The marked regions of tested code, by their name."""
    marked = re.compile(r"^ *# \[START (\w+)\]\n(.*?)^ *# \[END \1\]$", re.MULTILINE | re.DOTALL)
    found = [pair for path in SOURCES for pair in marked.findall(path.read_text(encoding="utf-8"))]
    assert len(dict(found)) == len(found), "two regions of one name"
    return {name: textwrap.dedent(body).strip() for name, body in found}


@pytest.mark.parametrize("snippet", blocks(README, "python"))
def test_a_snippet_is_tested_code(snippet: str) -> None:
    ast.parse(snippet)
    assert snippet.strip() in (LINE_OF_CONFTEST, *regions().values())


def connections() -> list[str]:
    """What the texts give for AIRFLOW_CONN_COPERNICA_DEFAULT."""
    texts = [README, *(page.read_text(encoding="utf-8") for page in PAGES)]
    given = re.compile(r"^export AIRFLOW_CONN_COPERNICA_DEFAULT='(.*?)'$", re.MULTILINE | re.DOTALL)
    return [value for text in texts for block in blocks(text, "bash") for value in given.findall(block)]


def test_there_are_connections() -> None:
    assert len(connections()) >= 4


@pytest.mark.parametrize("value", connections())
def test_a_connection_connects(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", value)
    settings = CopernicaHook().settings
    assert settings.token == "YOUR-TOKEN"
    assert settings.base_url == "https://api.copernica.com"
    extra = BaseHook.get_connection("copernica_default").extra_dejson
    assert set(extra) <= {field.name for field in EXTRA_FIELDS}
    assert str(settings.api_version) == str(extra.get("api_version", 4))
    assert settings.request_timeout == float(extra.get("timeout", 60))


def test_the_table_of_the_connection_is_complete() -> None:
    for field in EXTRA_FIELDS:
        assert f"{field.label} (extra `{field.name}`)" in README
    for name, label in RELABELING.items():
        assert f"{label} ({name})" in README


def test_every_parameter_of_an_import_is_explained() -> None:
    page = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    assert len(PARAMETERS) == 14
    for name in PARAMETERS:
        assert f"| `{name}` |" in page, name


@pytest.mark.parametrize("path", [*TEXTS, *PAGES], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        link, _, anchor = target.partition("#")
        if link.startswith("http"):
            assert link.startswith("https://")
            continue
        page = path.parent / link if link else path
        assert page.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]


def test_the_supported_versions_are_those_of_the_matrix() -> None:
    matrix = noxfile()
    lines, pythons, excluded = matrix["AIRFLOW_LINES"], matrix["PYTHONS"], matrix["EXCLUDED"]
    head = "| Airflow | " + " | ".join(f"Python {python}" for python in pythons) + " |"
    assert head in README
    rows = {cells[0]: cells[1:] for line in README.splitlines() if len(cells := line.strip("|").split(" | ")) == 4}
    shown = {airflow.strip(): [cell.startswith("yes") for cell in cells] for airflow, cells in rows.items()}
    for line in lines:
        assert shown[line] == [(line, python) not in excluded for python in pythons], line
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    pairs = workflow["jobs"]["tests"]["strategy"]["matrix"]
    assert (pairs["airflow"], pairs["python"]) == (list(lines), list(pythons))
    assert {(pair["airflow"], pair["python"]) for pair in pairs["exclude"]} == set(excluded)
