"""What is released: the wheel that users install, and the source distribution."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from support.dagrun import AIRFLOW_3_3

from airflow_provider_copernica import __version__

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "airflow_provider_copernica"
EXTRAS = {"arrow", "bigquery", "emulator", "gcs", "mysql", "parquet", "postgres", "s3", "snowflake", "sql"}
CLASSIFIERS = {
    "Framework :: Apache Airflow",
    "Framework :: Apache Airflow :: Provider",
    "Programming Language :: Python :: 3.11",
    "Programming Language :: Python :: 3.12",
    "Programming Language :: Python :: 3.13",
    "Typing :: Typed",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AIRFLOW_3_3, reason="releases are built in the newest environment, whose tools are newest"),
]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> dict[str, str]:
    """The files of the wheel."""
    (path,) = dist.glob("*.whl")
    assert path.name == f"{PACKAGE}-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module")
def sdist(dist: Path) -> set[str]:
    """The names in the source distribution."""
    (path,) = dist.glob("*.tar.gz")
    top = f"{PACKAGE}-{__version__}/"
    with tarfile.open(path) as archive:
        names = archive.getnames()
    assert all(name.startswith(top) for name in names)
    return {name.removeprefix(top) for name in names}


def modules() -> set[str]:
    """The package as it is in the source tree."""
    files = (ROOT / PACKAGE).rglob("*")
    return {str(path.relative_to(ROOT)) for path in files if path.is_file() and path.suffix != ".pyc"}


def test_twine_finds_nothing(dist: Path) -> None:
    files = [str(path) for path in dist.iterdir()]
    assert len(files) == 2
    command = [sys.executable, "-m", "twine", "check", "--strict", *files]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_the_wheel_holds_the_package_and_nothing_else(wheel: dict[str, str]) -> None:
    info = f"{PACKAGE}-{__version__}.dist-info"
    about = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")}
    examples = {f"{PACKAGE}/example_dags/{path.name}" for path in (ROOT / "example_dags").glob("*.py")}
    assert set(wheel) == modules() | examples | {f"{PACKAGE}/example_dags/data/customers.csv"} | about
    assert f"{PACKAGE}/py.typed" in wheel


def test_the_wheel_tells_airflow_of_the_provider(wheel: dict[str, str]) -> None:
    lines = wheel[f"{PACKAGE}-{__version__}.dist-info/entry_points.txt"].split("\n")
    assert lines[:2] == ["[apache_airflow_provider]", f"provider_info = {PACKAGE}:get_provider_info"]


def test_the_wheel_describes_itself(wheel: dict[str, str]) -> None:
    about = Parser().parsestr(wheel[f"{PACKAGE}-{__version__}.dist-info/METADATA"])
    assert about["Name"] == "airflow-provider-copernica"
    assert about["Version"] == __version__
    assert about["Requires-Python"] == ">=3.11"
    assert about["License-Expression"] == "Apache-2.0"
    assert set(about.get_all("Classifier") or []) >= CLASSIFIERS
    assert about.get_all("Project-URL")
    assert "apache-airflow>=2.11" in (about.get_all("Requires-Dist") or [])
    assert set(about.get_all("Provides-Extra") or []) == EXTRAS
    assert str(about.get_payload()).splitlines()[0] == "# airflow-provider-copernica"


def test_the_source_distribution_can_be_tested(sdist: set[str]) -> None:
    assert modules() <= sdist
    assert {"LICENSE", "README.md", "CHANGELOG.md", "Makefile", "pyproject.toml", "noxfile.py"} <= sdist
    assert {"hatch_build.py", "docs/_ext/diagrams.py", ".readthedocs.yaml"} <= sdist
    assert {"constraints/airflow-3.3.txt", "local_airflow/environment.py", "scripts/demo.py", "docs/conf.py"} <= sdist
    assert {"tests/test_package.py", "example_dags/example_copernica_first_import.py"} <= sdist
    assert "example_dags/data/customers.csv" in sdist
    assert not [name for name in sdist if "_build/" in name or name.endswith(".pyc") or name.startswith(".venv")]


def test_the_version_is_in_one_place(sdist: set[str]) -> None:
    sources = [ROOT / name for name in sdist if name.endswith((".py", ".toml")) and not name.startswith("tests/")]
    holding = [path for path in sources if f'"{__version__}"' in path.read_text(encoding="utf-8")]
    assert holding == [ROOT / PACKAGE / "__init__.py"]


def test_the_changelog_knows_the_version() -> None:
    assert f"\n## {__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
