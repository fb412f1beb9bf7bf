"""What the package index shows: README with links that lead to the repository, once that has an address."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
REPOSITORY = "https://example.com/project"


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def build() -> ModuleType:
    pytest.importorskip("hatchling")
    return load("hatch_build.py")


def metadata(text: str, urls: dict[str, str]) -> str:
    links = "".join(f"Project-URL: {name}, {url}\n" for name, url in urls.items())
    return f"Metadata-Version: 2.4\nName: airflow-provider-copernica\nVersion: 1.0.0\n{links}\n{text}"


def test_links_lead_to_the_tag_of_the_version(build: ModuleType) -> None:
    text = "![Flow](docs/images/a.svg) [guide](docs/a.md#part), [there](https://example.org/), [here](#links)"
    assert build.absolute_links(text, REPOSITORY, "1.2.3") == (
        f"![Flow]({REPOSITORY}/raw/v1.2.3/docs/images/a.svg) [guide]({REPOSITORY}/blob/v1.2.3/docs/a.md#part), "
        "[there](https://example.org/), [here](#links)"
    )


def test_no_link_of_readme_stays_relative(build: ModuleType) -> None:
    assert re.findall(r"\]\((?!https://)", README)
    assert not re.findall(r"\]\((?!https://)", build.absolute_links(README, REPOSITORY, "1.0.0"))


def test_without_an_address_nothing_is_made_up(build: ModuleType) -> None:
    assert build.absolute_links(README, "", "1.0.0") == README
    assert set(build.project_urls("", "")) == {"REST API of Copernica"}


def test_airflow_finds_the_documentation_among_the_links(build: ModuleType) -> None:
    """Its list of providers links to the project URL of this name."""
    assert build.project_urls(REPOSITORY, "")["Documentation"].startswith(REPOSITORY)
    assert build.project_urls(REPOSITORY, "https://docs.example.com")["Documentation"] == "https://docs.example.com"


def test_the_release_check_says_what_is_missing(build: ModuleType) -> None:
    check = load("scripts/release_check.py")
    without = check.missing(metadata(README, build.project_urls("", "")), "")
    assert [sentence.split(" ", 2)[0:2] for sentence in without] == [
        ["The", "repository"],
        ["The", "page"],
        ["CHANGELOG.md", "has"],
    ]
    text = build.absolute_links(README, REPOSITORY, "1.0.0")
    assert check.missing(metadata(text, build.project_urls(REPOSITORY, "")), "# Changelog\n\n## 1.0.0\n") == []


def test_the_address_is_in_one_place() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(settings["tool"]["hatch"]["metadata"]["hooks"]["custom"]) == {"repository", "documentation"}
    assert "urls" not in settings["project"]


def test_read_the_docs_builds_what_make_builds() -> None:
    site = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text(encoding="utf-8"))
    assert site["version"] == 2
    commands = site["build"]["commands"]
    assert commands[0] == "make docs"
    assert re.search(r"^docs: ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert "docs/_build/html" in commands[-1]


def test_the_page_about_installation_names_every_extra() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    table = page.partition("\n## Extras\n")[2].partition("\n## ")[0]
    named = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split(" | ")[0])}
    assert named == set(settings["project"]["optional-dependencies"])
