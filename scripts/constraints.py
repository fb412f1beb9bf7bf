"""
Writes ``constraints/airflow-X.Y.txt``, one file per Airflow line: names and versions only, for Python 3.11 - 3.13.

Every dependency of the package, its extras and its groups is resolved together with one exact Airflow version.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AIRFLOW = {"2.11": "2.11.2", "3.0": "3.0.6", "3.1": "3.1.8", "3.2": "3.2.2", "3.3": "3.3.2"}
GROUPS = ("test", "lint", "docs", "release")
# what an Airflow line does not work with, although its own bounds let it in
LIMITS = {
    # the first refuses its ObjectStoragePath, the second its API, the third its tokens
    "3.0": ("universal-pathlib<0.3", "fastapi<0.118", "pyjwt<2.11"),
    "3.1": ("sqlalchemy<2.1",),  # deprecates what it still uses
    # likewise; the others break the API within dag.test()
    "3.2": ("sqlalchemy<2.1", "fastapi<0.137", "svcs<26.2"),
}


def resolve(uv: str, line: str) -> str:
    """
    The pinned requirements for one Airflow line.

    :param uv: the uv command.
    :param line: such as ``3.3``.
    :raises subprocess.CalledProcessError: when nothing satisfies all of them.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as limits:
        limits.write("\n".join((f"apache-airflow=={AIRFLOW[line]}", *LIMITS.get(line, ()))))
        limits.flush()
        groups = [word for group in GROUPS for word in ("--group", group)]
        command = [
            *(uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
            *("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"),
            *("--all-extras", *groups, "--constraints", limits.name, "pyproject.toml"),
        ]
        return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def main(uv: str, *lines: str) -> None:
    for line in lines or AIRFLOW:
        pins = resolve(uv, line)
        (ROOT / "constraints" / f"airflow-{line}.txt").write_text(pins)
        print(f"constraints/airflow-{line}.txt: {len(pins.splitlines())} packages")


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["uv"]))
