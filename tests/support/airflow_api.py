"""Airflow's REST API, as far as tests of whole DAG runs need it; version 1 on Airflow 2, version 2 on Airflow 3."""

from __future__ import annotations

import ast
import json
from collections.abc import Collection
from dataclasses import dataclass

import requests

from local_airflow.environment import AIRFLOW_2, connection_json
from local_airflow.processes import wait_until

# seconds; a machine may be slow
PATIENCE = 300.0
FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
Json = dict[str, object]


@dataclass(frozen=True)
class TaskId:
    """
    A task instance.

    :param map_index: of a mapped task; -1 for any other.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    @property
    def path(self) -> str:
        return f"dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/{self.task_id}"


class AirflowApi:
    """
    :param url: the UI's base URL.
    :param user: who may do everything.
    :param password: of that user.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self.base = f"{url}/api/{'v1' if AIRFLOW_2 else 'v2'}"
        self.session = requests.Session()
        self.session.trust_env = False
        if AIRFLOW_2:
            self.session.auth = (user, password)
        else:
            answer = self.session.post(
                f"{url}/auth/token", json={"username": user, "password": password}, timeout=PATIENCE
            )
            answer.raise_for_status()
            self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, *, params: Json | None = None, body: Json | None = None) -> Json:
        """
        One request.

        :raises requests.HTTPError: with Airflow's own words, when it is refused.
        """
        answer = self.session.request(
            method,
            f"{self.base}/{path}",
            params={name: str(value) for name, value in (params or {}).items()},
            json=body,
            headers={"Accept": "application/json"},
            timeout=PATIENCE,
        )
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text[:500]}", response=answer)
        found: Json = answer.json() if answer.content else {}
        return found

    def add_connection(self, url: str, token: str, conn_id: str = "copernica_default") -> None:
        """Adds a connection to an emulator to Airflow's database, as a person does in the UI."""
        given: Json = json.loads(connection_json(url, token))
        self.call("POST", "connections", body={**given, "connection_id": conn_id, "extra": json.dumps(given["extra"])})

    def knows(self, dag_id: str) -> bool:
        """Whether a DAG has been parsed."""
        try:
            return bool(self.call("GET", f"dags/{dag_id}"))
        except requests.HTTPError:
            return False

    def trigger(self, dag_id: str, conf: Json | None = None, *, timeout: float = PATIENCE) -> str:
        """Waits until a DAG has been parsed, starts a run and returns the run's ID."""
        wait_until(lambda: self.knows(dag_id), timeout, f"DAG {dag_id}")
        body: Json = {"conf": conf or {}} if AIRFLOW_2 else {"conf": conf or {}, "logical_date": None}
        return str(self.call("POST", f"dags/{dag_id}/dagRuns", body=body)["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}")["state"])

    def wait_for_run(self, dag_id: str, run_id: str, *, timeout: float = PATIENCE) -> str:
        """Waits until a run has ended; returns how."""
        end = f"the end of {dag_id} {run_id}"
        wait_until(lambda: self.run_state(dag_id, run_id) in FINISHED, timeout, end, pause=0.5)
        return self.run_state(dag_id, run_id)

    def task(self, task: TaskId) -> Json:
        """All that Airflow says of a task instance: state, try_number, pid, ..."""
        return self.call("GET", task.path if task.map_index < 0 else f"{task.path}/{task.map_index}")

    def wait_for_task(self, task: TaskId, states: Collection[str], *, timeout: float = PATIENCE) -> Json:
        """
        Waits until a task instance is in one of some states.

        :raises TimeoutError: when it was not in any.
        """
        what = f"{task.task_id} in {' or '.join(sorted(states))}"
        wait_until(lambda: self.task(task)["state"] in states, timeout, what, pause=0.2)
        return self.task(task)

    def xcom(self, task: TaskId, key: str = "return_value") -> object:
        """The value of an XCom, as Python sees it."""
        params: Json = {"map_index": task.map_index, "stringify": "false"}
        return self.call("GET", f"{task.path}/xcomEntries/{key}", params=params)["value"]

    def log(self, task: TaskId, try_number: int = 1) -> str:
        """The log of one try, a line per event."""
        params: Json = {"map_index": task.map_index, "full_content": "true"}
        content = self.call("GET", f"{task.path}/logs/{try_number}", params=params)["content"]
        if AIRFLOW_2:  # the repr of pairs of host and text
            return "\n".join(text for _, text in ast.literal_eval(str(content)))
        if not isinstance(content, list):
            return str(content)
        return "\n".join(str(entry.get("event", "")) for entry in content if isinstance(entry, dict))

    def clear(self, task: TaskId) -> None:
        """Clears a task instance, as a person does in the UI."""
        which: object = [task.task_id] if AIRFLOW_2 or task.map_index < 0 else [[task.task_id, task.map_index]]
        body: Json = {"dry_run": False, "only_failed": False, "dag_run_id": task.run_id, "task_ids": which}
        self.call("POST", f"dags/{task.dag_id}/clearTaskInstances", body={**body, "reset_dag_runs": True})
