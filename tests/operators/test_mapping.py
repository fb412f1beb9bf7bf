"""Mapped imports: what is hidden, and what is refused while the DAG is parsed."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task, task_group
from support.dagrun import run_dag

from airflow_provider_copernica.decorators.copernica import copernica_import_task
from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Rejects, Snapshot
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

START = datetime(2026, 1, 1)
KEYED: dict[str, Any] = {"action": "update or add", "key_fields": ["Email"]}
REMOVES: dict[str, Any] = {**KEYED, "remove_missing": True, "min_records": 1}
PRIVATE = "private@example.com"


@task
def upstream() -> list[Any]:
    return []


def partial(**arguments: Any) -> Any:
    return CopernicaImportOperator.partial(task_id="load", **arguments)


SHARED = {
    "expand": lambda: partial(**REMOVES, database=1).expand(source=upstream()),
    "expand a list": lambda: partial(**REMOVES, database=1).expand(source=[[{"Email": "a"}], [{"Email": "b"}]]),
    "as text": lambda: partial(**{**REMOVES, "remove_missing": "True"}, database="1").expand(source=upstream()),
    "a templated database": lambda: partial(**REMOVES, database="{{ params.id }}").expand(source=upstream()),
    "a database from a task": lambda: partial(**REMOVES, database=upstream()).expand(source=upstream()),
    "expand_kwargs": lambda: partial(**REMOVES, database=1).expand_kwargs(upstream()),
    "expand_kwargs of a list": lambda: partial(**REMOVES).expand_kwargs(
        [{"database": 1, "source": "{{ 1 }}"}, {"database": "1", "source": "{{ 2 }}"}]
    ),
    "removal that is mapped": lambda: partial(**KEYED, database=1).expand(
        remove_missing=[False, True], source=[[{"Email": "a"}]]
    ),
    "removal in mappings": lambda: partial(**KEYED, database=1).expand_kwargs(
        [{"remove_missing": True, "source": "{{ 1 }}"}, {"source": "{{ 1 }}"}]
    ),
    "each database with each source": lambda: partial(**REMOVES).expand(database=[1, 2], source=upstream()),
    "one database twice": lambda: partial(**REMOVES, source="{{ 1 }}").expand(database=[1, 2, 1]),
    "sql": lambda: SqlToCopernicaOperator.partial(task_id="sql", sql_conn_id="db", database=1, **REMOVES).expand(
        sql=["SELECT 1", "SELECT 2"]
    ),
    "files": lambda: ObjectStorageToCopernicaOperator.partial(task_id="file", database=1, **REMOVES).expand(
        path=["a.csv", "b.csv"]
    ),
    "decorator": lambda: copernica_import_task(database=1, **REMOVES)(rows_of).expand(given=[1, 2]),
    "decorator, mappings": lambda: copernica_import_task(database=1, **REMOVES)(rows_of).expand_kwargs(upstream()),
    "a mapped group": lambda: in_group(database=1),
    "a mapped group, templated": lambda: in_group(database="{{ params.id }}"),
}
APART = {
    "a database each": lambda: partial(**REMOVES).expand_kwargs(
        [{"database": 1, "source": "{{ 1 }}"}, {"database": 2, "source": "{{ 2 }}"}]
    ),
    "a database each, one source": lambda: partial(**REMOVES, source="{{ 1 }}").expand(database=[1, 2]),
    "mappings of a task": lambda: partial(**REMOVES).expand_kwargs(upstream()),
    "by map index": lambda: partial(**REMOVES, database="{{ [1, 2][ti.map_index] }}").expand(source=upstream()),
    "nothing removed": lambda: partial(**KEYED, database=1, remove_missing=False).expand(source=upstream()),
    "perhaps": lambda: partial(**{**REMOVES, "remove_missing": "{{ params.all }}"}, database=1).expand(
        source=upstream()
    ),
    "a group's own database": lambda: in_group(),
}


def rows_of(given: object, other: object = None) -> list[dict[str, str]]:
    return []


def in_group(**fixed: Any) -> None:
    @task_group
    def group(each: object) -> None:
        CopernicaImportOperator(task_id="load", source="{{ 1 }}", **{"database": each, **fixed}, **REMOVES)

    group.expand(each=[1, 2])


@pytest.mark.parametrize("way", SHARED)
def test_several_imports_that_delete_each_others_profiles_are_refused(way: str) -> None:
    with DAG("shared", schedule=None, start_date=START), pytest.raises(CopernicaArgumentError, match="remove_missing"):
        SHARED[way]()


@pytest.mark.parametrize("way", APART)
def test_imports_into_databases_of_their_own_may_remove(way: str) -> None:
    with DAG("apart", schedule=None, start_date=START):
        APART[way]()


@pytest.mark.parametrize(
    ("option", "refused"),
    [
        ({"rejects": Rejects("/r.jsonl")}, "rejects has one path"),
        ({"snapshot": Snapshot("/s")}, "snapshot needs a folder for each"),
        ({"snapshot": Snapshot("/s/{{ ti.map_index }}")}, "snapshot needs a folder for each"),
        ({"rejects": Rejects("/{{ ti.map_index }}.jsonl"), "snapshot": Snapshot("/{{ params.name }}")}, None),
    ],
)
@pytest.mark.parametrize("decorated", [False, True])
def test_one_path_for_all_of_a_mapped_group_is_refused(
    option: dict[str, Any], refused: str | None, decorated: bool
) -> None:
    @task_group
    def group(each: object) -> None:
        if decorated:
            copernica_import_task(database=1, **KEYED, **option)(rows_of)(each)
        else:
            CopernicaImportOperator(task_id="load", source=each, database=1, **KEYED, **option)

    with (
        DAG("paths", schedule=None, start_date=START),
        pytest.raises(CopernicaArgumentError, match=refused) if refused else nullcontext(),
    ):
        group.expand(each=[1, 2])


def test_the_database_of_default_args_is_one_for_all() -> None:
    dag = DAG("defaults", schedule=None, start_date=START, default_args={"database": 1})
    with dag, pytest.raises(CopernicaArgumentError, match="remove_missing"):
        partial(**REMOVES).expand(source=upstream())


@pytest.mark.usefixtures("copernica_connection", "airflow_database")
def test_what_only_shows_when_it_runs_is_refused_then(copernica_emulator: Emulator) -> None:
    with DAG("late", schedule=None, start_date=START, params={"all": True}, default_args={"retries": 2}) as dag:
        late = {**REMOVES, "remove_missing": "{{ params.all }}", "poll_interval": 0.1}
        partial(**late, database=1).expand(source=[[{"Email": "a@example.com"}], [{"Email": "b@example.com"}]])

        @task_group
        def group(given: list[dict[str, str]]) -> None:
            CopernicaImportOperator(task_id="load", source=given, database=1, **late)

        group.expand(given=[[{"Email": "c@example.com"}]])

        @task
        def mappings() -> list[dict[str, Any]]:
            return [{"remove_missing": True, "source": [{"Email": "d@example.com"}]}]

        keyed: dict[str, Any] = {**KEYED, "poll_interval": 0.1}
        CopernicaImportOperator.partial(task_id="keyed", database=1, **keyed).expand_kwargs(mappings())

    results = run_dag(dag)
    refused = ("load[0]", "load[1]", "group.load[0]", "keyed[0]")
    assert {name: (results[name].state, results[name].tries) for name in refused} == dict.fromkeys(
        refused, ("failed", 1)
    )
    assert copernica_emulator.imports == []


def serialized(dag: Any) -> str:
    try:
        from airflow.serialization.serialized_objects import DagSerialization as Serialized
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG as Serialized  # type: ignore[no-redef]

    return json.dumps(Serialized.to_dict(dag), default=str)


def test_arguments_of_mapped_functions_are_not_in_the_serialised_dag() -> None:
    with DAG("quiet", schedule=None, start_date=START) as dag:
        function = copernica_import_task(database=1, **KEYED)(rows_of)
        given = [{"Email": PRIVATE}]
        function.override(task_id="plain")(given)
        function.override(task_id="named")(given=json.dumps(given))
        function.override(task_id="partial").partial(given=given).expand(other=[1])
        function.override(task_id="expanded").expand(given=[given, PRIVATE, "Gent"])
        function.override(task_id="dict").expand(given={"a": given})
        function.override(task_id="keyed").expand_kwargs([{"given": given}])
    text = serialized(dag)
    assert PRIVATE not in text
    assert "Gent" in text


@pytest.mark.parametrize("name", ["source", "location"])
def test_pairs_of_a_dict_are_refused(name: str) -> None:
    """Each task would get a key and a value; and keys would be seen."""
    with DAG("pairs", schedule=None, start_date=START), pytest.raises(CopernicaArgumentError, match=name):
        partial(**KEYED, database=1).expand(**{name: {PRIVATE: [{"Email": PRIVATE}]}})


DEFAULTS = {
    "rows": {"source": [{"Email": PRIVATE}]},
    "text": {"source": f"Email\n{PRIVATE}"},
    "signed": {"location": "https://files.example.com/x.csv?signature=private"},
    "password": {"location": "ftp://me:private@files.example.com/x.csv"},
}


@pytest.mark.parametrize("kind", DEFAULTS)
@pytest.mark.parametrize("mapped", [False, True])
def test_rows_and_locations_in_default_args_are_refused(kind: str, mapped: bool) -> None:
    """Airflow stores these as they are."""
    dag = DAG("defaults", schedule=None, start_date=START, default_args=DEFAULTS[kind])
    plain: dict[str, Any] = {"task_id": "load", "database": 1, "format": "csv", "delimiter": ",", **KEYED}
    make = (lambda: partial(**KEYED).expand(database=[1])) if mapped else lambda: CopernicaImportOperator(**plain)
    with dag, pytest.raises(CopernicaArgumentError, match=r"default_args") as refused:
        make()
    assert "private" not in str(refused.value)


def test_arguments_of_functions_in_default_args_are_refused() -> None:
    for hidden, shown in ((PRIVATE, "Gent"), ([{"Email": PRIVATE}], 5)):
        dag = DAG("refused", schedule=None, start_date=START, default_args={"given": hidden, "unused": hidden})
        with dag, pytest.raises(CopernicaArgumentError, match="given"):
            copernica_import_task(database=1, **KEYED)(rows_of)()
        with DAG("defaults", schedule=None, start_date=START, default_args={"given": shown, "unused": hidden}):
            copernica_import_task(database=1, **KEYED)(rows_of)()


def test_harmless_default_args_stay() -> None:
    defaults = {"location": "https://files.example.com/x.csv", "database": 1, "copernica_conn_id": "other"}
    with DAG("defaults", schedule=None, start_date=START, default_args=defaults):
        assert CopernicaImportOperator(task_id="load", **KEYED).copernica_conn_id == "other"
