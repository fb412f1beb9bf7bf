"""Tests in several processes are reported as those in one are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support.schedule import waiting_and_computing

TESTS = Path(__file__).resolve().parent
PROJECT = """
import os, socket, sys, warnings
import pytest

@pytest.fixture(scope="module")
def server():
    yield os.getpid()
    print("the server ends")

def test_prints():
    print("printed")
    os.system("echo from a process")
    assert False, "as it should"

def test_sees_what_is_printed(capfd):
    os.system("echo seen")
    assert capfd.readouterr().out == "seen\\n"

def test_warns():
    warnings.warn("a warning", UserWarning)

def test_uses_a_server(server):
    assert server == os.getpid() != int(os.environ["PARENT"])

@pytest.mark.skip(reason="not today")
def test_is_skipped():
    pass
"""


def run(folder: Path, project: str, *options: str) -> tuple[int, str]:
    """Run the tests of a project in two processes; the exit code, and what was printed."""
    (folder / "conftest.py").write_text('import os\nos.environ["PARENT"] = str(os.getpid())\n')
    (folder / "test_project.py").write_text(project)
    command = [sys.executable, "-m", "pytest", "-p", "support.forks", "--processes", "2", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--rootdir", str(folder), *options, str(folder)],
        cwd=folder,
        env={"PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.returncode, done.stdout + done.stderr


def test_results_and_all_that_was_printed_arrive(tmp_path: Path) -> None:
    code, printed = run(tmp_path, PROJECT)
    assert code == 1
    assert "1 failed, 3 passed, 1 skipped, 1 warning in" in printed
    assert "AssertionError: as it should" in printed
    assert "printed\nfrom a process\n" in printed
    assert "UserWarning: a warning" in printed


def test_a_process_that_dies_fails_its_test_only(tmp_path: Path) -> None:
    project = "import os\ndef test_one(): pass\ndef test_two(): os._exit(7)\ndef test_three(): pass\n"
    code, printed = run(tmp_path, project)
    assert code == 1
    assert "1 failed, 2 passed in" in printed
    assert "test_two ____" in printed
    assert "The process that ran it has ended with 7." in printed


def test_it_stops_at_the_first_failure(tmp_path: Path) -> None:
    tests = "\n".join(f"def test_{number}():\n    assert {number} != 3\n" for number in range(500))
    code, printed = run(tmp_path, tests, "--exitfirst")
    assert code == 1
    (passed,) = re.findall(r"1 failed, (\d+) passed", printed)
    assert int(passed) < 499


def test_what_only_shows_at_the_end_of_a_process_fails(tmp_path: Path) -> None:
    project = (
        "class Leak:\n    def __del__(self): raise ValueError('at the end')\n"
        "def test_leaks():\n    leak = Leak()\n    leak.itself = leak\n"
    )
    code, printed = run(tmp_path, project, "-W", "error::pytest.PytestUnraisableExceptionWarning")
    assert code != 0
    assert "ValueError: at the end" in printed


def test_every_test_is_in_one_unit() -> None:
    names = [f"tests/{file}::test_{number}" for file in ("dags/test_a.py", "test_z.py") for number in range(50)]
    names += [f"tests/test_fault_matrix.py::test_{number}" for number in range(3)]
    waiting, computing = waiting_and_computing(names)
    assert sorted(index for unit in (*waiting, *computing) for index in unit) == list(range(len(names)))
    assert waiting == [(100,), (101,), (102,)]
    assert computing[0] == tuple(range(50)), "they share what the first of them loads"
    assert max(map(len, computing[1:])) == 20
