"""
What the package index shows, from one address: ``repository`` under ``[tool.hatch.metadata.hooks.custom]``.

In the repository the links of README are relative. The package index knows no repository, so there they have to be
absolute, and lead to the tag of the version. Without an address nothing is made up: the links stay as they are, and
``make release-check`` says what is missing.
"""

from __future__ import annotations

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

API = {"REST API of Copernica": "https://www.copernica.com/en/documentation/restv4/rest-post-imports"}
# the target of a link or an image that is neither absolute nor on the page itself
_RELATIVE = re.compile(r"(?P<image>!?)(?P<label>\[[^\]]*\])\((?!https?:|#)(?P<target>[^)\s]+)\)")


def absolute_links(text: str, repository: str, version: str) -> str:
    """
    Return a page with links that work anywhere.

    :param text: of the page, in Markdown.
    :param repository: its address; empty to leave the links as they are.
    :param version: whose tag they lead to.
    """
    if not repository:
        return text

    def absolute(link: re.Match[str]) -> str:
        kind = "raw" if link["image"] else "blob"
        return f"{link['image']}{link['label']}({repository}/{kind}/v{version}/{link['target']})"

    return _RELATIVE.sub(absolute, text)


def project_urls(repository: str, documentation: str) -> dict[str, str]:
    """
    Return the links of the project; Airflow's list of providers shows ``Documentation``.

    :param repository: its address; empty where there is none.
    :param documentation: address of the published site; empty for the folder in the repository.
    """
    if not repository:
        return API
    return {
        "Documentation": documentation or f"{repository}/blob/main/docs/index.md",
        "Source": repository,
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
        **API,
    }


class IndexMetadataHook(MetadataHookInterface):
    """Hatchling calls it for each build."""

    def update(self, metadata: dict[str, object]) -> None:
        """Add the page and the links of the project to its metadata."""
        repository, documentation = (self.config[name].rstrip("/") for name in ("repository", "documentation"))
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = absolute_links(readme, repository, str(metadata["version"]))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = project_urls(repository, documentation)
