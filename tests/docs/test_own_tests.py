"""The tests that the documentation shows pass, in an Airflow as users have it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.database import copy_database

from airflow_provider_copernica.emulator.demo import FIELDS, ORDER_FIELDS

HERE = Path(__file__).resolve().parent
EXAMPLE_DAGS = HERE.parent.parent / "example_dags"


@pytest.mark.slow
def test_they_pass(tmp_path: Path, migrated_database: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLE_DAGS),
    }
    copy_database(migrated_database, tmp_path / "airflow.db")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["airflow_provider_copernica.emulator.pytest_plugin"]\n')
    for name in ("own_tests.py", "own_tests_in_one_process.py"):
        (tmp_path / f"test_{name}").write_text((HERE / name).read_text())
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--rootdir",
        str(tmp_path),
        "-p",
        "no:cacheprovider",
        str(tmp_path),
    ]
    done = subprocess.run(command, env=environment, cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


def test_the_page_names_the_fields_of_the_emulators_database() -> None:
    page = " ".join((HERE.parent.parent / "docs" / "guides" / "testing.md").read_text(encoding="utf-8").split())
    sentence = page.partition("whose fields are ")[2].partition(". ")[0]
    assert re.findall(r"`(\w+)`", sentence) == [*FIELDS, "Order", *ORDER_FIELDS]
