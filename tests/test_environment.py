"""The environment is what the matrix says it is, and the matrix is what Airflow supports."""

from __future__ import annotations

import ast
import os
import sys
from importlib.metadata import metadata, version
from pathlib import Path

import pytest
from support.schedule import COMPUTING, WAITING

ROOT = Path(__file__).resolve().parent.parent
RUNNING_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
RUNNING_LINE = ".".join(version("apache-airflow").split(".")[:2])


def noxfile() -> dict[str, object]:
    """The constants of the noxfile, which can't be imported without nox."""
    tree = ast.parse((ROOT / "noxfile.py").read_text())
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in assigned
        if node.targets[0].id in ("AIRFLOW_LINES", "PYTHONS", "EXCLUDED")
    }


@pytest.mark.parametrize(
    ("claim", "running"), [("EXPECTED_AIRFLOW", RUNNING_LINE), ("EXPECTED_PYTHON", RUNNING_PYTHON)]
)
def test_the_environment_is_the_one_that_make_claims(claim: str, running: str) -> None:
    expected = os.environ.get(claim)
    if expected is None:
        pytest.skip(f"{claim} is set by make")
    assert running == expected


def test_airflow_is_pinned_to_the_constraints() -> None:
    pins = (ROOT / "constraints" / f"airflow-{RUNNING_LINE}.txt").read_text().splitlines()
    for package in ("apache-airflow", "apache-airflow-providers-common-compat"):
        assert any(line.partition(";")[0].strip() == f"{package}=={version(package)}" for line in pins), package


def test_the_matrix_excludes_just_what_this_airflow_does_not_support() -> None:
    matrix = noxfile()
    pythons, excluded = matrix["PYTHONS"], matrix["EXCLUDED"]
    assert isinstance(pythons, tuple)
    assert isinstance(excluded, dict)
    assert RUNNING_LINE in matrix["AIRFLOW_LINES"]  # type: ignore[operator]  # a tuple
    # what it requires lets more in: "!=3.13" is 3.13.0 alone
    prefix = "Programming Language :: Python :: "
    classifiers = metadata("apache-airflow").get_all("Classifier") or []
    supported = {name.removeprefix(prefix) for name in classifiers if name.startswith(prefix)}
    assert {python for python in pythons if (RUNNING_LINE, python) not in excluded} == supported & set(pythons)
    assert all(excluded.values())


def test_the_package_supports_the_pythons_of_the_matrix() -> None:
    prefix = "Programming Language :: Python :: 3."
    classifiers = metadata("airflow-provider-copernica").get_all("Classifier") or []
    assert {f"3.{name.removeprefix(prefix)}" for name in classifiers if name.startswith(prefix)} == set(
        noxfile()["PYTHONS"]  # type: ignore[call-overload]  # a tuple
    )


@pytest.mark.parametrize("start", [*WAITING, *COMPUTING])
def test_what_the_schedule_names_exists(start: str) -> None:
    assert (ROOT / start).exists()
