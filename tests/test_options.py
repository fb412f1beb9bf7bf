"""What users switch on: checked when it is written, and the same after Airflow has handled it."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG
from support.imports import task

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Rejects
from airflow_provider_copernica.payload.option_arguments import Limit
from airflow_provider_copernica.payload.rejects import read_reject_settings

TEMPLATED = Rejects("s3://bucket/{{ ds }}.jsonl", at_most="{{ params.limit }}", values="{{ params.full }}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"path": ""}, "path must be the path of a file"),
        ({"path": "x", "at_most": "a lot"}, "at_most must be a number of rows, like 20, or a share of them, like '1%'"),
        ({"path": "x", "values": 2}, "values must be true or false"),
        ({"path": 5}, "path must be text"),
    ],
)
def test_a_literal_mistake_is_seen_at_once(arguments: Any, words: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=words):
        Rejects(**arguments)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda given: pickle.loads(pickle.dumps(given))])  # noqa: S301 - our own
@pytest.mark.parametrize("given", [TEMPLATED, Rejects("x", at_most="1%", values=True, object_storage_conn_id="aws")])
def test_copies_are_the_same(given: Rejects, again: Any) -> None:
    made = again(given)
    assert type(made) is Rejects
    assert made == given
    assert made is not given
    assert json.loads(json.dumps(made)) == given


def test_airflow_renders_it_to_a_plain_dict() -> None:
    made = task(rejects=TEMPLATED)
    made.render_template_fields({"ds": "2026-01-31", "params": {"limit": "1%", "full": "true"}})  # type: ignore[arg-type]  # enough
    settings = read_reject_settings(made.rejects)
    assert settings.path == "s3://bucket/2026-01-31.jsonl"
    assert (str(settings.at_most), settings.values, settings.object_storage_conn_id) == ("1%", True, None)


def test_the_serialised_dag_holds_it() -> None:
    try:
        from airflow.serialization.serialized_objects import DagSerialization as Serialized
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG as Serialized
    with DAG("rejecting", schedule=None) as dag:
        task(rejects=TEMPLATED)
        CopernicaImportOperator.partial(
            task_id="mapped", database=1, action="add", rejects=Rejects("x/{{ ti.map_index }}.jsonl")
        ).expand(source=[[{"Email": "a"}]])
        CopernicaImportOperator.partial(task_id="each", database=1, action="add", source=[{"Email": "a"}]).expand(
            rejects=[Rejects("a.jsonl"), Rejects("b.jsonl", at_most=5)]
        )
    text = json.dumps(Serialized.to_dict(dag))
    assert "s3://bucket/{{ ds }}.jsonl" in text
    assert "x/{{ ti.map_index }}.jsonl" in text
    assert "b.jsonl" in text


@pytest.mark.parametrize("rejects", [Rejects("s3://bucket/rejects.jsonl"), {"path": "rejects.jsonl"}])
def test_one_file_for_all_instances_of_a_mapped_task_is_refused(rejects: Any) -> None:
    with pytest.raises(CopernicaArgumentError, match="one path for all instances of this mapped task"):
        CopernicaImportOperator.partial(task_id="mapped", database=1, action="add", rejects=rejects)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"remove_missing": True}, "rejects can't go with remove_missing"),
        ({"remove_missing": "true"}, "rejects can't go with remove_missing"),
        ({"location": "https://example.com/a.json"}, "rejects looks at the rows, but with location"),
        ({"rejects": {"path": ""}}, "path must be the path of a file"),
        ({"rejects": {"at_most": 1}}, "path must be text"),
    ],
)
def test_what_rejects_can_not_go_with_is_refused_at_parse(arguments: Any, words: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=words):
        task(**{"rejects": Rejects("x.jsonl"), **arguments})


def test_a_limit_reads_well() -> None:
    assert [str(Limit(1000)), str(read_reject_settings({"path": "x", "at_most": "0.5%"}).at_most)] == [
        "1,000",
        "0.5%",
    ]
