"""Runs a DAG that a test has made, within the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import airflow
import pytest

AIRFLOW_3 = int(airflow.__version__.split(".")[0]) >= 3
AIRFLOW_3_1 = AIRFLOW_3 and int(airflow.__version__.split(".")[1]) >= 1
AIRFLOW_3_3 = AIRFLOW_3 and int(airflow.__version__.split(".")[1]) >= 3


@dataclass(frozen=True)
class TaskResult:
    """What became of a task."""

    state: str
    tries: int
    xcom: dict[str, object]


def poll_often(dag: Any) -> None:
    """Has all tasks of a DAG look at their imports again after a moment, where people leave seconds between."""
    for task in dag.tasks:
        if hasattr(task, "poll_interval"):
            task.poll_interval = 0.2


def run_dag(dag: Any, conf: dict[str, object] | None = None) -> dict[str, TaskResult]:
    """
    :param dag: made by the test.
    :param conf: of the run; goes before the DAG's params.
    :return: results by task ID; those of mapped tasks as ``task_id[0]``.
    """
    if AIRFLOW_3:
        _register(dag)
    with nullcontext() if AIRFLOW_3_1 or not AIRFLOW_3 else _dates_as_workers_get_them():
        run = dag.test(run_conf=conf)
    return {_label(ti): TaskResult(str(ti.state), ti.try_number, _xcom(run, ti)) for ti in run.get_task_instances()}


@contextmanager
def _dates_as_workers_get_them() -> Iterator[None]:
    """``dag.test()`` of 3.0 fails every rescheduled sensor: it gives text for the date of the first poke."""
    from airflow.sdk.api.client import TaskInstanceOperations
    from airflow.sdk.execution_time.comms import TaskRescheduleStartDate

    ask = TaskInstanceOperations.get_reschedule_start_date

    def asked(*args: Any, **kwargs: Any) -> TaskRescheduleStartDate:
        return TaskRescheduleStartDate.model_validate_json(ask(*args, **kwargs).model_dump_json(warnings=False))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskInstanceOperations, "get_reschedule_start_date", asked)
        yield


def _label(ti: Any) -> str:
    return ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]"


def _register(dag: Any) -> None:
    """Airflow 3 runs only what is in its database, where the DAG processor puts what it finds in files."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.collection import update_dag_parsing_results_in_db
    from airflow.utils.session import create_session

    more: Any = {"parse_duration": None} if AIRFLOW_3_1 else {}
    with create_session() as session:
        bundles: Any = DagBundlesManager
        bundles().sync_bundles_to_db(session=session)
        session.flush()
        update_dag_parsing_results_in_db(
            bundle_name="dags-folder",
            bundle_version=None,
            dags=[_serialized(dag)],
            import_errors={},
            warnings=set(),
            session=session,
            **more,
        )


def _serialized(dag: Any) -> Any:
    from airflow.serialization import serialized_objects

    objects: Any = serialized_objects
    if AIRFLOW_3_1:
        return objects.LazyDeserializedDAG.from_dag(dag)
    data = objects.SerializedDAG.to_dict(dag)
    data["dag"].setdefault("relative_fileloc", "in_a_test.py")  # Airflow 3.0 knows it of DAGs in files only
    return objects.LazyDeserializedDAG(data=data)


def _xcom(run: Any, ti: Any) -> dict[str, object]:
    from airflow.models import xcom
    from airflow.utils.session import create_session

    model: Any = xcom.XComModel if AIRFLOW_3 else xcom.XCom
    with create_session() as session:
        rows = session.query(model).filter(
            model.dag_id == ti.dag_id,
            model.run_id == run.run_id,
            model.task_id == ti.task_id,
            model.map_index == ti.map_index,
        )
        return {row.key: row.value for row in rows}
