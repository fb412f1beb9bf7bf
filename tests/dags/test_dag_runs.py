"""Whole DAG runs through Airflow itself, in every mode: XComs, mapping, rescheduling, skipping, retries."""

from __future__ import annotations

import functools
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task
from support.dagrun import TaskResult, run_dag

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.sensors.copernica import CopernicaImportSensor

START = datetime(2026, 1, 1)
SECOND = timedelta(seconds=1)

pytestmark = [pytest.mark.usefixtures("copernica_connection", "airflow_database")]


def load(task_id: str, source: object, **arguments: Any) -> CopernicaImportOperator:
    given = {
        "database": "{{ params.database }}",
        "action": "update or add",
        "key_fields": "Email",
        "poll_interval": 0.2,
    }
    return CopernicaImportOperator(task_id=task_id, source=source, **{**given, **arguments})


@pytest.mark.parametrize("mode", ["poke", "reschedule", "deferred"])
def test_every_mode(copernica_emulator: Emulator, mode: str) -> None:
    """One DAG, because a run costs seconds."""
    deferrable = mode == "deferred"
    waits: Any = {
        "deferrable": deferrable,
        "poke_interval": 0.5,
        "mode": "reschedule" if mode == "reschedule" else "poke",
    }
    copernica_emulator.add_import("never ends", "running", totallines="20", processedLines="7")

    with DAG(f"every_{mode}", schedule=None, start_date=START, params={"database": 1}) as dag:

        @task
        def rows() -> list[dict[str, object]]:
            return [{"Email": "upstream@example.com", "City": "{{ not a template }}"}]

        @task
        def batches() -> list[list[dict[str, str]]]:
            return [[{"Email": f"mapped{number}@example.com"}] for number in range(2)]

        load("from_xcom", rows(), deferrable=deferrable)
        CopernicaImportOperator.partial(
            task_id="mapped",
            database="{{ params.database }}",
            action="update or add",
            key_fields=["Email"],
            deferrable=deferrable,
            poll_interval=0.2,
        ).expand(source=batches())
        CopernicaImportOperator.partial(
            task_id="keyed",
            action="update or add",
            key_fields=["Email"],
            source=rows(),
            deferrable=deferrable,
            poll_interval=0.2,
        ).expand(database=[1])
        started = load("started", '[{"Email": "text@example.com"}]', format="json", wait_for_completion=False)
        CopernicaImportSensor(task_id="sensor", import_id=started.output, **waits)
        CopernicaImportSensor(task_id="too_short", import_id=1, timeout=1, **waits)
        CopernicaImportSensor(task_id="soft", import_id="{{ 1 }}", timeout=1, soft_fail=True, **waits)
        load("empty", [], deferrable=deferrable)
        load("nonsense", [{"Email": "x@example.com"}], rebuild="{{ 'perhaps' }}", retries=2, retry_delay=SECOND)

    results = run_dag(dag)
    states = {name: result.state for name, result in results.items()}
    assert states == {
        "rows": "success",
        "batches": "success",
        "from_xcom": "success",
        "mapped[0]": "success",
        "mapped[1]": "success",
        "rows__1": "success",
        "keyed[0]": "success",
        "started": "success",
        "sensor": "success",
        "too_short": "failed",
        "soft": "skipped",
        "empty": "skipped",
        "nonsense": "failed",
    }
    assert results["nonsense"].tries == 1
    assert results["too_short"].tries == 1
    check_xcoms(results)
    names = {str(each.parameters["name"]) for each in copernica_emulator.imports if each.parameters.get("action")}
    assert any(name.startswith(f"every_{mode}.mapped ") and name.endswith("[1]") for name in names)
    stored = {profile["fields"]["Email"]: profile["fields"]["City"] for profile in copernica_emulator.profiles(1)}  # type: ignore[index]
    assert stored["upstream@example.com"] == "{{ not a template }}"
    assert set(stored) == {f"{name}@example.com" for name in ("upstream", "mapped0", "mapped1", "text")}


def check_xcoms(results: dict[str, TaskResult]) -> None:
    """The same in every mode: the operator gives the ID, and its status apart; the sensor gives the status."""
    imported = results["from_xcom"].xcom
    status = imported["import_status"]
    assert isinstance(status, dict)
    assert imported["return_value"] == status["import_id"]
    assert status["status"] == "finished"
    assert "import_status" not in results["started"].xcom
    seen = results["sensor"].xcom["return_value"]
    assert isinstance(seen, dict)
    assert seen["import_id"] == results["started"].xcom["return_value"]
    assert set(seen) == set(status)


@pytest.mark.parametrize("deferrable", [False, True])
def test_retries(copernica_emulator: Emulator, deferrable: bool) -> None:
    """A retry of Airflow's reconnects where there is a store; where there is none, what is unsafe is not made again."""
    from support.dagrun import AIRFLOW_3_3

    copernica_emulator.import_seconds = 1
    copernica_emulator.fail("import", Fault.BAD_REQUEST, message="Out of order")
    again: Any = {"retries": 1, "retry_delay": SECOND, "deferrable": deferrable}
    with DAG(f"retries_{deferrable}", schedule=None, start_date=START, params={"database": 1}) as dag:
        load("add", [{"Email": "a@example.com"}], action="add", key_fields=None, **again)
    result = run_dag(dag)["add"]
    assert (result.state, result.tries) == (("success", 2) if AIRFLOW_3_3 else ("failed", 1))
    assert len(copernica_emulator.imports) == 1


def test_the_upstream_task_stays_upstream() -> None:
    """Though the rows are hidden, ``source`` is a template field with its dependency, mapped or not."""
    with DAG("upstream", schedule=None, start_date=START):

        @task
        def rows() -> list[dict[str, str]]:
            return []

        given = rows()
        plain = load("plain", given, database=1)
        mapped = CopernicaImportOperator.partial(task_id="mapped", database=1, action="add").expand(source=given)
        keyed = CopernicaImportOperator.partial(task_id="keyed", action="add", source=given).expand(database=[1, 2])
    assert [each.upstream_task_ids for each in (plain, mapped, keyed)] == [{"rows"}] * 3


def test_rows_are_not_in_the_serialised_dag() -> None:
    try:
        from airflow.serialization.serialized_objects import DagSerialization as Serialized
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG as Serialized  # type: ignore[no-redef]

    with DAG("quiet", schedule=None, start_date=START) as dag:
        load("rows", [{"Email": "private@example.com"}], database=1)
        load("text", "Email\nprivate@example.com\n", format="csv", delimiter=",", database=1)
        CopernicaImportOperator(
            task_id="url", database=1, action="add", location="https://me:hunter2@files.example.com/x.csv?sig=hunter3"
        )
        CopernicaImportOperator.partial(
            task_id="mapped", database=1, action="add", source=[{"Email": "private@example.com"}]
        ).expand(name=["one", "two"])
        mapped = functools.partial(CopernicaImportOperator.partial, database=1, action="add")
        mapped(task_id="each").expand(source=[[{"Email": "private@example.com"}], "Email\nprivate@example.com"])
        mapped(task_id="at").expand(location=["ftp://me:hunter2@files.example.com/x.csv"])
        mapped(task_id="both").expand_kwargs(
            [
                {"source": [{"Email": "private@example.com"}]},
                {"location": "ftp://me:hunter2@files.example.com/x.csv"},
            ]
        )
    text = json.dumps(Serialized.to_dict(dag), default=str)
    assert "copernica" in text
    assert [word for word in ("hunter2", "hunter3", "private@example.com") if word in text] == []


def test_rows_written_out_for_mapped_tasks_are_imported(copernica_emulator: Emulator) -> None:
    """Though neither the serialised DAG nor the rendered fields show them."""
    with DAG("each", schedule=None, start_date=START) as dag:
        CopernicaImportOperator.partial(task_id="load", database=1, action="add", poll_interval=0.1).expand(
            source=[[{"Email": "a@example.com"}], [{"Email": "{{ 'b' }}@example.com"}]]
        )
        CopernicaImportOperator.partial(task_id="again", database=1, poll_interval=0.1).expand_kwargs(
            [{"action": "add", "source": [{"Email": "c@example.com"}]}]
        )
    results = run_dag(dag)
    assert {name: each.state for name, each in results.items()} == dict.fromkeys(
        ("load[0]", "load[1]", "again[0]"), "success"
    )
    emails = sorted(str(profile["fields"]["Email"]) for profile in copernica_emulator.profiles(1))  # type: ignore[index]  # fields is a dict
    assert emails == ["a@example.com", "b@example.com", "c@example.com"]
