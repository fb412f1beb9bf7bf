"""When a sensor can begin in the triggerer, and all the ways in which a worker must begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task_group

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.sensors import _start_trigger
from airflow_provider_copernica.sensors.copernica import CopernicaImportSensor
from airflow_provider_copernica.version_compat import STARTS_FROM_TRIGGER, TRIGGER_RENDERS

needs_start = pytest.mark.skipif(not STARTS_FROM_TRIGGER, reason="this Airflow was not tried with first triggers")


def sensor(**arguments: object) -> CopernicaImportSensor:
    given = {"task_id": "wait", "import_id": 12, "deferrable": True, "start_from_trigger": True}
    return CopernicaImportSensor(**{**given, **arguments})  # type: ignore[arg-type]  # arguments of many types


def begins_in_triggerer(**arguments: object) -> bool:
    return bool(sensor(**arguments).start_from_trigger)


@needs_start
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"import_id": "12"},
        {"newer_than": "2026-01-31 06:00:00"},
        {"newer_than": datetime(2026, 1, 31, tzinfo=UTC)},
        {"silent_fail": True},
    ],
)
def test_literal_arguments_begin_in_the_triggerer(arguments: dict[str, object]) -> None:
    assert begins_in_triggerer(**arguments)


@needs_start
@pytest.mark.parametrize(
    "template",
    [
        "{{ params.import_id }}",
        "{{ dag_run.conf['id'] }}",
        "{{ run_id }}",
        "{{ macros.ds_add(ds, 1) }}",
        "{{ ts_nodash }}",
    ],
)
def test_templates_of_the_run_need_an_airflow_that_renders_them(template: str) -> None:
    assert begins_in_triggerer(import_id=template) is TRIGGER_RENDERS


@pytest.mark.parametrize(
    "arguments",
    [
        {"deferrable": False},
        {"start_from_trigger": False},
        # the triggerer of Airflow 3.3 would wait for ever
        {"import_id": "{{ ti.xcom_pull('load') }}"},
        {"import_id": "{{ task_instance.xcom_pull('load') }}"},
        {"import_id": "{{ var.value.import_id }}"},
        {"import_id": "{{ conn.files.login }}"},
        {"import_id": "{{ broken"},
        {"import_id": "{% for x in ti.log %}{% endfor %}"},
        {"copernica_conn_id": "{{ var.value.account }}"},
        {"newer_than": "{{ ti.start_date }}"},
    ],
)
def test_a_worker_begins(arguments: dict[str, object]) -> None:
    assert not begins_in_triggerer(**arguments)


def test_a_worker_begins_for_a_mapped_sensor_and_in_a_mapped_group() -> None:
    made: list[CopernicaImportSensor] = []
    with DAG("mapped", schedule=None, start_date=datetime(2026, 1, 1)):
        mapped = CopernicaImportSensor.partial(task_id="alone", deferrable=True, start_from_trigger=True).expand(
            import_id=[1, 2]
        )

        @task_group
        def group(import_id: int) -> None:
            made.append(sensor(import_id=import_id))

        group.expand(import_id=[1, 2])
    assert mapped.start_trigger_args is None
    assert not made[0].start_from_trigger


@needs_start
def test_the_output_of_a_task_is_a_template_that_the_triggerer_can_render() -> None:
    with DAG("output", schedule=None, start_date=datetime(2026, 1, 1)):
        load = CopernicaImportOperator(task_id="load", database=1, action="add", source=[{"Email": "a@example.com"}])
        waits = sensor(import_id=load.output)
    assert waits.start_from_trigger is TRIGGER_RENDERS
    if TRIGGER_RENDERS:
        assert "map_indexes=-1" in str(arguments_of(waits)["import_id"])


def test_a_worker_begins_where_airflow_was_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_start_trigger, "STARTS_FROM_TRIGGER", False)
    assert not begins_in_triggerer()


@needs_start
def test_the_trigger_gets_what_the_sensor_was_given() -> None:
    waits = sensor(newer_than=datetime(2026, 1, 31, tzinfo=UTC), poke_interval=7, max_poll_interval=30, timeout=99)
    assert arguments_of(waits) == {
        "import_id": 12,
        "copernica_conn_id": "copernica_default",
        "poll_interval": 7,
        "max_poll_interval": 30,
        "newer_than": "2026-01-31T00:00:00+00:00",
        "ignores_errors": False,
    }
    assert waits.start_trigger_args is not None
    assert waits.start_trigger_args.timeout == timedelta(seconds=99)
    assert waits.start_trigger_args.next_method == "execute_complete"


@needs_start
def test_execution_timeout_is_the_limit_where_it_is_shorter() -> None:
    waits = sensor(timeout=99, execution_timeout=timedelta(seconds=5))
    assert waits.start_trigger_args is not None
    assert waits.start_trigger_args.timeout == timedelta(seconds=5)


def arguments_of(waits: CopernicaImportSensor) -> dict[str, Any]:
    assert waits.start_trigger_args is not None
    return dict(waits.start_trigger_args.trigger_kwargs or {})
