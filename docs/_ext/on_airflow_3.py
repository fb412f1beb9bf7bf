"""
Show examples as one writes them on Airflow 3.

The example DAGs run on every supported Airflow, and so take Airflow's names from the compatibility provider. On Airflow
3 these are the names of ``airflow.sdk``, which readers know; a test holds the two together.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

COMPATIBLE = "from airflow.providers.common.compat.sdk import"
AIRFLOW_3 = "from airflow.sdk import"


def _rename(app: Sphinx, doctree: nodes.document) -> None:
    for block in doctree.findall(nodes.literal_block):
        if COMPATIBLE in block.astext():
            text = block.astext().replace(COMPATIBLE, AIRFLOW_3)
            block.rawsource = text
            block.children = [nodes.Text(text)]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("doctree-read", _rename)
    return {"parallel_read_safe": True}
