"""What users switch on: checked when it is written, and the same after Airflow has handled it."""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG
from support.imports import task
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Rejects, Verify
from airflow_provider_copernica.payload.option_arguments import Limit
from airflow_provider_copernica.payload.rejects import read_reject_settings
from airflow_provider_copernica.verification.settings import VerifySettings, read_verify_settings

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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sample": -1}, "verify: sample must be a whole number from 0 to 1,000"),
        ({"sample": 1001}, "verify: sample must be a whole number from 0 to 1,000"),
        ({"sample": "few"}, "verify: sample must be a whole number from 0 to 1,000"),
        ({"sample": None}, "verify: sample must be a whole number from 0 to 1,000"),
        ({"on_difference": "ignore"}, "verify: on_difference must be 'fail' or 'warn'"),
        ({"on_difference": True}, "verify: on_difference must be text"),
        ({"max_removed": "many"}, "verify: max_removed must be a number of profiles, like 20, or a share of them"),
        ({"max_removed": "101%"}, "verify: max_removed must be a number of profiles, like 20, or a share of them"),
        ({"sample": 5000, "max_removed": -1}, "sample must be .*\n.*max_removed must be"),
    ],
)
def test_a_literal_mistake_in_verify_is_seen_at_once(arguments: Any, words: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=words):
        Verify(**arguments)
    with pytest.raises(CopernicaArgumentError, match=words):
        task(verify=dict(arguments))


def test_verify_is_rendered() -> None:
    given = Verify(sample="{{ params.sample }}", on_difference="{{ params.how }}", max_removed="{{ params.most }}")
    made = task(verify=given)
    made.render_template_fields({"params": {"sample": 5, "how": "Warn", "most": "1%"}})  # type: ignore[arg-type]  # enough
    settings = read_verify_settings(made.verify)
    assert settings == VerifySettings(5, "warn", Limit(None, Decimal(1)))
    assert not settings.fails
    assert read_verify_settings({}) == VerifySettings(20, "fail", None)
    assert read_verify_settings({}).fails
    with pytest.raises(CopernicaArgumentError, match="verify is a str: give Verify"):
        read_verify_settings("yes")
    with pytest.raises(CopernicaArgumentError, match="verify has no argument 'size': there are sample, on_difference"):
        read_verify_settings({"size": 5})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"wait_for_completion": False}, "verify looks at the database once the import has finished"),
        ({"wait_for_completion": False, "autostart": False}, "verify looks at the database once the import has"),
        ({"autostart": False}, "autostart"),
        ({"wait_for_completion": False, "verify": Verify(sample="{{ 5 }}")}, "verify looks at the database once"),
    ],
)
def test_verify_needs_the_end_of_the_import(arguments: Any, words: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=words):
        task(**{"verify": Verify(), **arguments})


def test_verify_of_a_mapped_task_needs_the_end_as_well(copernica_emulator: Emulator, copernica_connection: str) -> None:
    made = task()
    made.verify, made.wait_for_completion = Verify(), False
    outcome = run_task(lambda: made)
    assert (outcome.state, copernica_emulator.imports) == ("failed", [])
    assert "with wait_for_completion=False nobody waits for that" in str(outcome.error)


def test_every_import_takes_it() -> None:
    from airflow_provider_copernica.decorators.copernica import copernica_import_task
    from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
    from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

    given: Any = {"database": 1, "action": "update", "key_fields": ["Email"], "verify": Verify()}
    with DAG("verifying", schedule=None) as dag:
        SqlToCopernicaOperator(task_id="sql", sql="SELECT 1", sql_conn_id="x", **given)
        ObjectStorageToCopernicaOperator(task_id="file", path="file:///x.csv", **given)

        @copernica_import_task(**given)
        def rows() -> list[dict[str, str]]:
            return []

        rows()
        CopernicaImportOperator.partial(task_id="mapped", **given).expand(source=[[{"Email": "a"}]])
    for made in dag.tasks:
        assert "verify" in made.template_fields
        assert getattr(made, "verify", None) == Verify() or made.partial_kwargs["verify"] == Verify()
