"""The map of the code is true: its rooms, what they may import, and the files that it names."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "airflow_provider_copernica"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FILES = sorted(PACKAGE.rglob("*.py"))
AIRFLOW = "Airflow"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def runtime_imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports of a file, those within functions too, but not those for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        yield from runtime_imports(node)


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Names of modules; a function or class stands for the module that it comes from."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    for alias in node.names:
        submodule = f"{node.module}.{alias.name}"
        yield submodule if submodule in MODULES else str(node.module)


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {name for node in runtime_imports(tree) for name in imported(node)}


def room(module: str) -> str:
    parts = module.split(".")
    if parts[0] == "airflow":
        return AIRFLOW
    return parts[1] if len(parts) > 1 else "__init__"


def rooms_imported(path: Path) -> set[str]:
    names = {name for name in imports_of(path) if name.split(".")[0] in ("airflow", PACKAGE.name)}
    return {room(name) for name in names} - {room(module_name(path))}


def table(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    section = PAGE.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return rows[2:]


def allowed() -> dict[str, set[str]]:
    """What each room may import, in the order of the table."""
    return {cells[0].strip("`"): set(re.findall(r"\bAirflow\b|(?<=`)\w+(?=`)", cells[2])) for cells in table("Rooms")}


ALLOWED = allowed()


def test_every_room_is_in_the_table() -> None:
    assert set(ALLOWED) == {room(module) for module in MODULES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    assert rooms_imported(path) <= ALLOWED[room(module_name(path))]


def test_imports_point_down_the_table() -> None:
    order = [*ALLOWED, AIRFLOW]
    for name, below in ALLOWED.items():
        assert all(order.index(other) > order.index(name) for other in below), name


def test_there_is_no_circle_between_files() -> None:
    graph = {module: imports_of(path) & set(MODULES) - {module} for module, path in MODULES.items()}
    try:
        list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"circle: {' -> '.join(error.args[1])}")


def test_the_files_that_it_names_exist() -> None:
    named = set(re.findall(r"[\w/]+\.py\b|\b[\w/]+/(?=[`<,\"])", PAGE))
    assert len(named) > 20
    for name in named - {"tests/"}:
        assert (PACKAGE / name).exists(), name


def test_the_exception_for_type_checkers_is_one() -> None:
    """Such an import is left out above; the same one outside of the block is found."""
    hidden = ast.parse("if TYPE_CHECKING:\n    import airflow_provider_copernica.hooks.copernica")
    lazy = ast.parse("def call():\n    from airflow_provider_copernica.hooks import copernica")
    assert list(runtime_imports(hidden)) == []
    (node,) = runtime_imports(lazy)
    assert list(imported(node)) == ["airflow_provider_copernica.hooks.copernica"]
