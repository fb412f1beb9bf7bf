"""README and pages say what is true: snippets are tested code, connections connect, links lead somewhere."""

from __future__ import annotations

import ast
import importlib
import re
import textwrap
from pathlib import Path

import pytest
import yaml
from airflow.providers.common.compat.sdk import BaseHook
from support.dagrun import AIRFLOW_3
from test_environment import noxfile

from airflow_provider_copernica.connection_form import EXTRA_FIELDS, RELABELING
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.payload.parameters import PARAMETERS

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)
TEXTS = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
SOURCES = [
    *(ROOT / "example_dags").glob("*.py"),
    *(ROOT / "tests" / "docs").glob("*.py"),
]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMPATIBLE, AIRFLOW_3_NAMES = "from airflow.providers.common.compat.sdk import", "from airflow.sdk import"
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


SNIPPETS = [
    pytest.param(snippet, id=f"{path.name}-{number}")
    for path in (ROOT / "README.md", *PAGES)
    for number, snippet in enumerate(blocks(path.read_text(encoding="utf-8"), "python"))
]


def is_import_of_this_package(snippet: str) -> bool:
    (statement,) = ast.parse(snippet).body
    if not isinstance(statement, ast.ImportFrom) or not str(statement.module).startswith("airflow_provider_copernica."):
        return False
    module = importlib.import_module(str(statement.module))
    return all(hasattr(module, alias.name) for alias in statement.names)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_is_tested_code(snippet: str) -> None:
    tested = {text.replace(COMPATIBLE, AIRFLOW_3_NAMES) for text in (LINE_OF_CONFTEST, *regions().values())}
    assert snippet.strip() in tested or is_import_of_this_package(snippet)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_included_code_exists(path: Path) -> None:
    """Sphinx warns of a missing file only, not of a missing mark."""
    included = re.compile(r"^```{literalinclude} (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for target, options in included.findall(path.read_text(encoding="utf-8")):
        (start,), (end,) = re.findall(r'"\[START (\w+)\]"', options), re.findall(r'"\[END (\w+)\]"', options)
        assert start == end
        assert f"# [START {start}]" in (path.parent / target).read_text(encoding="utf-8"), start


@pytest.mark.skipif(not AIRFLOW_3, reason="there is no airflow.sdk before")
def test_names_of_airflow_are_the_same_in_its_own_sdk() -> None:
    """Pages and README show the examples with the names of Airflow 3."""
    sdk = importlib.import_module("airflow.sdk")
    compatible = importlib.import_module("airflow.providers.common.compat.sdk")
    names = {
        alias.name
        for text in regions().values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.module == compatible.__name__
        for alias in node.names
    }
    assert names >= {"DAG", "task"}
    for name in names:
        assert getattr(sdk, name) is getattr(compatible, name), name


def test_examples_are_narrow() -> None:
    """Wider ones have to be scrolled on the pages that show them."""
    wide = {name: line for name, text in regions().items() for line in text.splitlines() if len(line) > 88}
    assert wide == {}


def test_readme_is_short() -> None:
    assert len(README.split()) <= 900


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
    page = (ROOT / "docs" / "connection.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    labels = {**{field.name: field.label for field in EXTRA_FIELDS}, **RELABELING}
    for name, label in labels.items():
        assert any(label in row and f"`{name}`" in row for row in rows), name


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
            anchors = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
            assert anchor in anchors


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
