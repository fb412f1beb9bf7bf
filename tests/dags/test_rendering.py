"""What is a template and what is not, on every way that rows take to an import; in whole DAG runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task, task_group
from support.dagrun import run_dag

from airflow_provider_copernica.decorators.copernica import copernica_import_task
from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

START = datetime(2026, 1, 1)
# names of customers: a template that would give the token away, and texts that look like other things in Python
HOSTILE = "{{ conn.copernica_default.password }}"
BRACES = "{% raw %} {# no comment #} '1_000'"
IMPORT: dict[str, Any] = {"database": 1, "action": "update or add", "key_fields": ["Email"], "poll_interval": 0.1}

pytestmark = pytest.mark.usefixtures("copernica_connection", "airflow_database")


def row(way: str, name: str = HOSTILE) -> dict[str, str]:
    return {"Email": f"{way}@example.com", "Name": name, "City": BRACES}


def profiles(emulator: Emulator) -> dict[str, dict[str, Any]]:
    """Fields of the profiles, by the part of the address before the ``@``."""
    stored: Any = emulator.profiles(1)
    return {each["fields"]["Email"].partition("@")[0]: each["fields"] for each in stored}


def load(task_id: str, **arguments: Any) -> CopernicaImportOperator:
    return CopernicaImportOperator(task_id=task_id, **{**IMPORT, **arguments})


def mapped_load(task_id: str, **arguments: Any) -> Any:
    return CopernicaImportOperator.partial(task_id=task_id, **{**IMPORT, **arguments})


def one_more(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [*rows, row("map_added")]


def into_mapping(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, "source": [row("map_kwargs")]}


@pytest.mark.parametrize("native", [False, True])
def test_what_comes_from_elsewhere_is_never_rendered(  # noqa: C901 - many small tasks, because a run costs seconds
    copernica_emulator: Emulator, native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every way in one DAG run."""
    database = {"conn_type": "sqlite", "host": f"{tmp_path}/db.sqlite"}
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(database))
    file = tmp_path / "rows.csv"
    file.write_text(f"Email,Name,City\nfile@example.com,{HOSTILE},Gent\n")

    with DAG(f"ways_{native}", schedule=None, start_date=START, render_template_as_native_obj=native) as dag:

        @task
        def rows(way: str) -> list[dict[str, str]]:
            return [row(way)]

        @task
        def value() -> str:
            return HOSTILE

        @task
        def batches(way: str) -> list[list[dict[str, str]]]:
            return [[row(f"{way}0")], [row(f"{way}1")]]

        @task
        def parts(way: str) -> list[dict[str, Any]]:
            # of the other template fields, any might carry a customer's name
            return [{"source": [row(way)], "name": HOSTILE, "ignore_empty_fields": "true"}]

        @task
        def part(way: str) -> dict[str, Any]:
            return {"source": [row(way)], "name": HOSTILE}

        @task
        def text() -> str:
            return f"Email,Name,City\ntext@example.com,{HOSTILE},Gent\n"

        @task
        def queries() -> list[dict[str, Any]]:
            query = f"SELECT 'query@example.com' AS Email, '{HOSTILE}' AS Name, :city AS City"
            return [{"sql": query, "parameters": {"city": BRACES}}]

        @task
        def paths() -> list[dict[str, str]]:
            return [{"path": str(file), "name": HOSTILE}]

        @task
        def arguments(way: str) -> list[dict[str, Any]]:
            return [{"given": [row(way)], "name": HOSTILE}]

        @copernica_import_task(**IMPORT)
        def function(given: list[dict[str, str]], name: str = "") -> Iterator[dict[str, str]]:
            for each in given:
                yield {**each, "Name": name or each["Name"]}

        load("output", source=rows("output"))
        load("cell", source=[{"Email": "cell@example.com", "Name": value(), "City": BRACES.replace("{", "")}])
        load("from_text", source=text(), format="csv", delimiter=",")
        pulled = load("pulled", source="{{ ti.xcom_pull('text') }}", format="csv", delimiter=",")
        pulled.set_upstream(dag.get_task("text"))
        mapped_load("expanded").expand(source=batches("expand"))
        mapped_load("expanded_map").expand(source=batches("expand_map").map(one_more))
        mapped_load("keyed").expand_kwargs(parts("expand_kwargs"))
        mapped_load("keyed_map").expand_kwargs(parts("unseen").map(into_mapping))
        mapped_load("keyed_list").expand_kwargs(
            [part("part"), {"source": rows("keyed_rows"), "name": "{{ 'written' }}"}]
        )
        CopernicaImportOperator.partial(
            task_id="fixed", action="update or add", key_fields="Email", poll_interval=0.1, source=rows("partial")
        ).expand(database=[1])
        SqlToCopernicaOperator.partial(task_id="sql", sql_conn_id="db", **IMPORT).expand_kwargs(queries())
        ObjectStorageToCopernicaOperator.partial(task_id="file", **IMPORT).expand_kwargs(paths())

        function.override(task_id="f_positional")(rows("f_positional"))
        function.override(task_id="f_named")(given=rows("f_named"), name=value())
        function.override(task_id="f_expanded").expand(given=batches("f_expand"))
        function.override(task_id="f_partial").partial(name=value()).expand(given=batches("f_partial"))
        function.override(task_id="f_keyed").expand_kwargs(arguments("f_kwargs"))

        @task_group
        def group(given: list[dict[str, str]], label: str) -> None:
            load("load", source=given)
            function.override(task_id="call")(given=given, name=label)

        group.partial(label=value()).expand(given=batches("group"))

        @task
        def group_parts() -> list[dict[str, Any]]:
            return [{"given": [row("group_kwargs")], "label": HOSTILE}]

        group.override(group_id="keyed_group").expand_kwargs(group_parts())

    results = run_dag(dag)
    assert [name for name, result in results.items() if result.state != "success"] == []
    stored = profiles(copernica_emulator)
    ways = {"output", "cell", "text", "file", "query", "partial", "part", "keyed_rows", "map_added", "group_kwargs"}
    ways |= {"expand_kwargs", "map_kwargs", "f_positional", "f_named", "f_kwargs"}
    ways |= {f"{way}{index}" for way in ("expand", "expand_map", "group", "f_expand", "f_partial") for index in (0, 1)}
    assert {way: stored[way]["Name"] for way in stored} == dict.fromkeys(ways, HOSTILE)
    assert stored["query"]["City"] == stored["output"]["City"] == BRACES
    names = [str(each.parameters.get("name")) for each in copernica_emulator.imports]
    assert (names.count(HOSTILE), names.count("written")) == (4, 1)


CELLS = {
    "Phone": "+31612345678",
    "Price": "12.50",
    "Code": "1_000",
    "Word": "None",
    "Flag": "True",
    "List": "['a']",
    "Lines": "one\r\ntwo\n",
    "Templated": "{{ params.text }}",
    "Number": "{{ params.number }}",
    "Newline": "{{ params.text }}\n",
    "Windows": "{{ params.text }}\r\ntwo\r\n",
    "Nothing": "{{ none }}",
    "Joined": "{{ 1 }}{{ 2 }}",
}
RENDERED = {
    **CELLS,
    "Templated": "0012.50",
    "Number": "2026.11",
    "Newline": "0012.50\n",
    "Windows": "0012.50\r\ntwo\r\n",
    "Nothing": "None",
    "Joined": "12",
}


@pytest.mark.parametrize("native", [False, True])
def test_text_stays_text(copernica_emulator: Emulator, native: bool) -> None:
    """Templates of the author are rendered, whatever stands around them; native objects are not made of text."""
    copernica_emulator.add_database("Texts", ["Email", *CELLS], database_id=7)
    params = {"text": "0012.50", "number": 2026.11, "rows": [{"Email": "params@example.com", **CELLS}]}
    seen: dict[str, object] = {}
    given = {**IMPORT, "database": "{{ 7 }}", "action": "{{ 'update' }} or add"}
    with DAG(
        f"text_{native}", schedule=None, start_date=START, params=params, render_template_as_native_obj=native
    ) as dag:
        load(
            "rows",
            **{**given, "source": [{"Email": "{{ 'rows' }}@example.com", **CELLS}], "name": "{{ params.number }}"},
        )
        load("again", **{**given, "source": ({"Email": "tuple@example.com", **CELLS},), "name": "2026.10"})
        mapped = CopernicaImportOperator.partial(task_id="mapped", **{**given, "name": "{{ params.text }}"})
        mapped.expand(source=[[{"Email": "mapped@example.com", **CELLS}]])
        CopernicaImportOperator.partial(task_id="keyed", **given).expand_kwargs(
            [{"source": [{"Email": "{{ 'keyed' }}@example.com", **CELLS}], "name": "{{ 1 }}.{{ 50 }}"}]
        )
        if native:
            load("objects", **{**given, "source": "{{ params.rows }}", "followups": "{{ false }}", "name": "1_0"})

        @copernica_import_task(**given)
        def function(phone: str, text: str, code: str, number: float, lines: str) -> list[dict[str, str]]:
            seen.update(phone=phone, text=text, code=code, number=number, lines=lines)
            return [{"Email": "function@example.com", **CELLS}]

        function(
            "+31612345678", text="{{ params.text }}", code="1_000", number="{{ params.number }}", lines="{{ 1 }}\n"
        )

    results = run_dag(dag)
    assert [name for name, result in results.items() if result.state != "success"] == []
    stored: Any = copernica_emulator.profiles(7)
    cells = {each["fields"].pop("Email").partition("@")[0]: each["fields"] for each in stored}
    expected = {"rows", "tuple", "mapped", "keyed"}
    assert {name: cells[name] for name in expected} == dict.fromkeys(expected, RENDERED)
    assert cells["function"] == CELLS  # what a function returns is not a template
    assert seen == {
        "phone": "+31612345678",
        "text": "0012.50",
        "code": "1_000",
        "number": 2026.11 if native else "2026.11",
        "lines": "1\n",
    }
    names = {str(each.parameters.get("name")) for each in copernica_emulator.imports}
    assert {"2026.11", "2026.10", "0012.50", "1.50"} <= names
    if native:
        assert cells["params"] == CELLS  # rows that a template gives are no templates either
        assert "1_0" in names
