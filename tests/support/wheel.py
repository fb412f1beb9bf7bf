"""The package as its users have it: from its wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def unpacked_wheel(folder: Path) -> Path:
    """
    Builds the wheel and unpacks it, which is all that installing a pure Python wheel is.

    :param folder: where to; for ``PYTHONPATH``, where it goes before the source tree that the environment has.
    :return: the folder that holds the package and its metadata.
    """
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    installed = folder / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    return installed
