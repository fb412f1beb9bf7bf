"""
Runs one operator or sensor through Airflow's life cycle in milliseconds: attempts, deferral, resumption, clearing.

What Airflow would keep between processes goes through JSON here, too. That real Airflow does the same is shown by the
tests that use ``dag.test()`` and real processes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferred,
    conf,
)

assert conf  # Airflow's configuration is set up before anything runs

Event = dict[str, object]
MakeTask = Callable[[], Any]


class Store:
    """The task state store of Airflow 3.3."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, key: str) -> object:
        return json.loads(self._values[key]) if key in self._values else None

    def set(self, key: str, value: object) -> None:
        self._values[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self._values.pop(key, None)


@dataclass
class FakeTi:
    """As much of a task instance as operators use."""

    task_id: str
    try_number: int
    max_tries: int
    dag_id: str = "dag"
    run_id: str = "run"
    map_index: int = -1
    xcom: dict[str, object] = field(default_factory=dict)

    def xcom_push(self, key: str, value: object) -> None:
        json.dumps(value)
        self.xcom[key] = value

    def xcom_pull(self, task_ids: str, key: str, *, map_indexes: int) -> object:
        assert (task_ids, map_indexes) == (self.task_id, self.map_index)
        return self.xcom.get(key)


@dataclass
class Outcome:
    """
    How a task ended.

    :param state: as Airflow names it.
    :param attempts: how many there were.
    :param events: of the triggers that it waited for.
    """

    state: str
    attempts: int
    result: object = None
    error: BaseException | None = None
    xcom: dict[str, object] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


class TaskRun:
    """
    A task within a DAG run: it keeps what Airflow keeps.

    :param make_task: makes the operator, anew for each attempt as each worker process does.
    :param has_store: False for Airflow below 3.3.
    """

    def __init__(self, make_task: MakeTask, *, has_store: bool = True) -> None:
        self.make_task = make_task
        self.store = Store() if has_store else None
        self.try_number = 0
        self.max_tries: int = make_task().retries
        self.events: list[Event] = []
        self.more: dict[str, object] = {}
        """What else is in the context."""

    def clear(self) -> None:
        """As a person does: as many retries again."""
        self.max_tries = self.try_number + int(self.make_task().retries)

    def run(self) -> Outcome:
        """All attempts, until the task has ended."""
        attempts = 0
        while True:
            attempts += 1
            outcome = self.attempt()
            if outcome.state != "up_for_retry":
                outcome.attempts = attempts
                return outcome

    def attempt(self) -> Outcome:
        """One attempt."""
        self.try_number += 1
        task = self.make_task()
        ti = FakeTi(task.task_id, self.try_number, self.max_tries)
        context: Any = {"ti": ti, "task": task, "run_id": ti.run_id, **self.more}
        if self.store is not None:
            context["task_state_store"] = self.store
        try:
            result = self._execute(task, context)
        except BaseException as error:  # noqa: BLE001 - whatever a worker would see
            return Outcome(self._state(error), 1, None, error, ti.xcom, self.events)
        return Outcome("success", 1, result, None, ti.xcom, self.events)

    def resume(self, event: object) -> object:
        """What a task that was deferred does with an event, whoever made it."""
        return self._resume("execute_complete", {"event": event})

    def wake(self, reason: str) -> object:
        """What a task that was deferred does when Airflow itself wakes it."""
        return self._resume("__fail__", {"error": reason})

    def _resume(self, method: str, kwargs: dict[str, object]) -> object:
        task = self.make_task()
        context: Any = {"ti": FakeTi(task.task_id, 1, 0), "task": task, "run_id": "run"}
        return task.resume_execution(method, kwargs, context)

    def _execute(self, task: Any, context: Any) -> object:
        try:
            return task.execute(context)
        except TaskDeferred as deferred:
            if deferred.trigger is None:
                raise
            event = run_trigger(deferred.trigger)
            self.events.append(event)
            resumed = self.make_task()
            kwargs = {**(deferred.kwargs or {}), "event": event}
            return resumed.resume_execution(deferred.method_name, kwargs, {**context, "task": resumed})

    def _state(self, error: BaseException) -> str:
        if isinstance(error, AirflowSkipException):
            return "skipped"
        if isinstance(error, AirflowFailException | AirflowSensorTimeout):
            return "failed"
        if not isinstance(error, Exception | AirflowTaskTimeout):
            raise error
        return "failed" if self.try_number > self.max_tries else "up_for_retry"


def run_trigger(trigger: Any, *, timeout: float = 30) -> Event:
    """Rebuilds a trigger from what Airflow stores of it, and waits for its event."""
    path, kwargs = trigger.serialize()
    module, _, name = path.rpartition(".")
    rebuilt = getattr(import_module(module), name)(**json.loads(json.dumps(kwargs)))

    async def first_event() -> Event:
        async for event in rebuilt.run():
            payload: Event = json.loads(json.dumps(event.payload))
            return payload
        raise AssertionError("the trigger ended without an event")

    return asyncio.run(asyncio.wait_for(first_event(), timeout))


def run_task(make_task: MakeTask, *, has_store: bool = True) -> Outcome:
    """Runs a task with all its retries."""
    return TaskRun(make_task, has_store=has_store).run()
