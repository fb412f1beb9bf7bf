"""Says what is missing before ``dist`` may go to the package index; run by ``make release-check``."""

from __future__ import annotations

import re
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def missing(metadata: str, changelog: str) -> list[str]:
    """
    Return what is missing, a sentence each.

    :param metadata: of the wheel.
    :param changelog: the text of the changelog.
    """
    about = Parser().parsestr(metadata)
    names = {entry.partition(",")[0] for entry in about.get_all("Project-URL") or []}
    found = []
    if not {"Documentation", "Source"} <= names:
        found.append(
            "The repository has no address yet: put it into `repository` under [tool.hatch.metadata.hooks.custom] in "
            "pyproject.toml."
        )
    if relative := re.findall(r"\]\((?!https://|#)([^)\s]+)\)", str(about.get_payload())):
        found.append(f"The page at the package index has links that lead nowhere: {', '.join(relative)}.")
    if f"\n## {about['Version']}\n" not in changelog:
        found.append(f"CHANGELOG.md has no section for version {about['Version']}.")
    return found


def main() -> int:
    wheels = sorted((ROOT / "dist").glob("*.whl"))
    if len(wheels) != 1:
        print("There must be one wheel in dist: run `make dist` first.")
        return 1
    with zipfile.ZipFile(wheels[0]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = wheel.read(name).decode()
    found = missing(metadata, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    print("\n".join(found) or "Nothing is missing.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
