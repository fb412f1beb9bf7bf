"""What the site adds to its pages: drawn diagrams, whose text is there without Mermaid, and names of Airflow 3."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if DIAGRAM.search(path.read_text(encoding="utf-8"))]
CONF = """
import sys
sys.path.insert(0, {extensions!r})
extensions = ["diagrams", "on_airflow_3", "myst_parser"]
myst_fence_as_directive = ["mermaid"]
html_static_path = [{static!r}]
mermaid_js = {mermaid!r}
"""

pytest.importorskip("sphinx")


def diagrams() -> list[str]:
    return [text for path in PAGES for text in DIAGRAM.findall(path.read_text(encoding="utf-8"))]


def build(folder: Path, mermaid: str) -> Path:
    """A site of one page with all diagrams, and one without any."""
    docs = ROOT / "docs"
    (folder / "conf.py").write_text(
        CONF.format(extensions=str(docs / "_ext"), static=str(docs / "_static"), mermaid=mermaid)
    )
    fences = "\n".join(f"```mermaid\n{text}```\n" for text in diagrams())
    (folder / "index.md").write_text(f"# Diagrams\n\n{fences}")
    example = ROOT / "example_dags" / "example_copernica_first_import.py"
    (folder / "example.py").write_text(example.read_text(encoding="utf-8"))
    page = "---\norphan: true\n---\n# Nothing to draw\n\n```{literalinclude} example.py\n:language: python\n```\n"
    (folder / "plain.md").write_text(page)
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", str(folder), str(folder / "html")]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder / "html"


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of the files in a folder, on the loopback address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_there_are_diagrams() -> None:
    assert {path.name for path in PAGES} >= {"architecture.md", "what-happens-when.md", "troubleshooting.md"}


@pytest.mark.slow
def test_without_mermaid_the_page_shows_the_text(tmp_path: Path) -> None:
    page = (build(tmp_path, "") / "index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<pre class="mermaid">(.*?)</pre>', page, re.DOTALL)
    assert [html.unescape(text).strip() for text in shown] == [text.strip() for text in diagrams()]
    assert "mermaid.min.js" not in page


@pytest.mark.slow
def test_examples_are_shown_with_the_names_of_airflow_3(tmp_path: Path) -> None:
    page = (build(tmp_path, "") / "plain.html").read_text(encoding="utf-8")
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert "from airflow.sdk import DAG, task" in text
    assert "compat.sdk" not in text


@pytest.mark.slow
def test_every_diagram_is_drawn_without_network(tmp_path: Path) -> None:
    found = sorted((ROOT / ".build").glob("mermaid-*/mermaid.min.js"))
    if not found:
        pytest.skip("no Mermaid: `make docs` takes it from npm")
    site = build(tmp_path, str(found[-1]))
    assert "mermaid.min.js" not in (site / "plain.html").read_text(encoding="utf-8")
    from support.browser import chromium

    with serving(site) as address, chromium() as browser:
        browser.driver.get(f"{address}/index.html")
        count = len(diagrams())
        browser.wait(lambda: len(browser.visible("pre.mermaid svg")) == count, "every diagram as a picture")
        entries = "return performance.getEntriesByType('resource').map(entry => entry.name)"
        loaded = browser.driver.execute_script(entries)
        assert f"{address}/_static/mermaid.min.js" in [name.partition("?")[0] for name in loaded]
        assert all(name.startswith(address) for name in loaded), loaded
        labels = browser.driver.execute_script("return document.querySelector('pre.mermaid svg').textContent")
        assert "operators/copernica.py" in labels
        assert "Syntax error" not in browser.driver.page_source
