"""The benchmarks go with the code that they measure: each runs, with a few rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.mark.slow
def test_two_nights_with_a_snapshot(tmp_path: Path) -> None:
    for night in ("0", "1"):
        command = [sys.executable, str(BENCHMARKS / "snapshot.py"), str(tmp_path), night, "2000"]
        done = subprocess.run(command, cwd=BENCHMARKS.parent, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        seconds, _ = map(float, done.stdout.splitlines()[-1].split())
        assert seconds > 0
    assert len(list(tmp_path.glob("*.json"))) == 1
