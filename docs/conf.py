"""Sphinx: ``make docs``."""

from __future__ import annotations

import os
from pathlib import Path

# importing Airflow writes its configuration there
os.environ["AIRFLOW_HOME"] = str(Path(__file__).parent / "_build" / "airflow")

from airflow_provider_copernica import __version__

project = "airflow-provider-copernica"
author = "The airflow-provider-copernica authors"
project_copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {version}"
html_show_sphinx = False

myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
copybutton_prompt_text = "$ "

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_maximum_signature_line_length = 88
nitpick_ignore_regex = [
    # what is not this package's own has its documentation elsewhere
    ("py:.*", r"(?!airflow_provider_copernica).*"),
    # internal, though it shows in a signature
    ("py:class", r"airflow_provider_copernica\.client\.(retry\.RetryPolicy|wire\.Reply)"),
]
