"""
Diagrams in fences of the language ``mermaid``, drawn in the browser by a local copy of Mermaid.

GitHub draws the same fences. No page loads anything from the network: ``mermaid_js`` names the file that is copied into
the site. Where it is missing, the text of the diagram is shown.
"""

from __future__ import annotations

import html
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata


class Diagram(nodes.General, nodes.Element):
    """The text of one diagram."""


class DiagramDirective(SphinxDirective):
    """Take the content as it is."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        return [Diagram(text="\n".join(self.content))]


def _visit(translator: nodes.NodeVisitor, node: Diagram) -> None:
    translator.body.append(f'<pre class="mermaid">{html.escape(node["text"])}</pre>\n')
    raise nodes.SkipNode


def _add_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, object], doctree: nodes.document | None
) -> None:
    """Mermaid is large, so that only pages with a diagram load it."""
    if doctree is not None and next(doctree.findall(Diagram), None) is not None and app.config.mermaid_js:
        app.add_js_file("mermaid.min.js")
        app.add_js_file("diagrams.js")


def _copy(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.config.mermaid_js:
        shutil.copy(app.config.mermaid_js, Path(app.outdir) / "_static" / "mermaid.min.js")


def _forget_missing(app: Sphinx, config: object) -> None:
    if not Path(app.config.mermaid_js).is_file():
        app.config.mermaid_js = ""


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("mermaid_js", "", "html")
    app.add_node(Diagram, html=(_visit, None))
    app.add_directive("mermaid", DiagramDirective)
    app.connect("config-inited", _forget_missing)
    app.connect("html-page-context", _add_scripts)
    app.connect("build-finished", _copy)
    return {"parallel_read_safe": True}
