"""Sphinx: ``make docs``."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent

# importing Airflow writes its configuration there
os.environ["AIRFLOW_HOME"] = str(HERE / "_build" / "airflow")
sys.path.insert(0, str(HERE / "_ext"))

from airflow_provider_copernica import __version__  # noqa: E402 - after the lines above, which it depends on

project = "airflow-provider-copernica"
author = "The airflow-provider-copernica authors"
project_copyright = author
release = version = __version__

extensions = [
    "diagrams",
    "on_airflow_3",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {version}"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

_tools = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
html_theme_options: dict[str, object] = {}
if _repository := _tools["hatch"]["metadata"]["hooks"]["custom"]["repository"]:
    html_theme_options |= {"source_repository": _repository, "source_branch": "main", "source_directory": "docs/"}

# Mermaid itself, as make gets it from npm; without it, pages show the text of their diagrams
mermaid_js = os.environ.get("MERMAID_JS", "")

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
myst_fence_as_directive = ["mermaid"]
copybutton_prompt_text = "$ "

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_maximum_signature_line_length = 60
nitpick_ignore_regex = [
    # what is not this package's own has its documentation elsewhere
    ("py:.*", r"(?!airflow_provider_copernica).*"),
    # internal, though it shows in a signature
    ("py:class", r"airflow_provider_copernica\.client\.(messages\.Reply|retry\.RetryPolicy|settings\.StatusWords)"),
    ("py:class", r"airflow_provider_copernica\.emulator\.model\.Database"),
]
