"""A whole Airflow in real processes, for tests that kill, restart and look on."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from support.airflow_api import AirflowApi, TaskId
from support.database import copy_database

from local_airflow.environment import (
    AIRFLOW_2,
    airflow_command,
    airflow_environment,
    create_admin,
    free_port,
    health,
    is_healthy,
    run_airflow,
)
from local_airflow.processes import Service, stop_all, wait_until

COMPONENTS = (
    ("webserver", "scheduler", "triggerer") if AIRFLOW_2 else ("api-server", "scheduler", "dag-processor", "triggerer")
)
# what makes a lost process seen within seconds rather than minutes
QUICK = {
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    # Airflow 3, and the same of Airflow 2
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "3",
    # how long a worker may take to see that its task has ended
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    # no file changes; parsing them again and again keeps a processor busy
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "3600",
    # every process would load it
    "AIRFLOW__OPENLINEAGE__DISABLED": "True",
}
START_SECONDS = 400
# for an orderly end, which no test looks at; then it is killed
STOP_SECONDS = 2


class AirflowHome:
    """
    An Airflow installation in a directory, with a database; nothing runs yet.

    :param path: ``AIRFLOW_HOME``; made when absent.
    :param dags: the DAGs folder.
    :param settings: more ``AIRFLOW__SECTION__KEY`` values; they go before the quick ones.
    :param migrated: the database file to begin with; None migrates the database that the settings name.
    """

    def __init__(
        self, path: Path, dags: Path, settings: Mapping[str, str] | None = None, *, migrated: Path | None
    ) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.port = free_port()
        self.environment = airflow_environment(path, dags, self.port, {**QUICK, **(settings or {})})
        self.password = f"-{secrets.token_urlsafe(12)}"  # random ones begin like an option now and then
        # processes that start together would all write one with the defaults
        (path / "airflow.cfg").touch()
        if migrated is None:
            self.run("db", "migrate")
        else:
            copy_database(migrated, path / "airflow.db")

    def run(self, *arguments: str) -> str:
        """Runs an ``airflow`` command to its end and returns what it printed."""
        return run_airflow(self.environment, *arguments)


class RunningAirflow:
    """
    The running processes of an :class:`AirflowHome`, each in a session of its own.

    :param home: where.
    :param components: ``standalone``, or the names of separate ones; default: all that this Airflow version has.
    """

    def __init__(self, home: AirflowHome, components: Sequence[str] = COMPONENTS) -> None:
        self.home = home
        create_admin(home.environment, home.password)
        self.services = {name: self._start(name) for name in components}

    def _start(self, name: str) -> Service:
        return Service(airflow_command(name), self.home.environment, self.home.path / f"{name}.log")

    def wait_until_healthy(self) -> None:
        """
        Waits until the whole of it works.

        :raises RuntimeError: when a process ended by itself, with the end of its log.
        """
        wait_until(lambda: is_healthy(self.home.port) or bool(self._ended()), START_SECONDS, "a healthy Airflow")
        for name in self._ended():
            raise RuntimeError(f"{name} ended:\n{self.log(name)[-3_000:]}")

    def _ended(self) -> list[str]:
        return [name for name, service in self.services.items() if not service.running()]

    def log(self, name: str) -> str:
        """All that a component printed."""
        return self.services[name].log.read_text(errors="replace")

    def kill(self, name: str) -> None:
        """Ends a component and its children as a crash does (SIGKILL)."""
        self.services[name].kill()

    def restart(self, name: str) -> None:
        """Starts a component again, after it was killed or to restart it, and waits for its first sign of life."""
        if self.services[name].running():
            self.services[name].stop()
        part = name.replace("-", "_")
        before = self._heartbeat(part)
        self.services[name] = self._start(name)
        if before is not None:
            wait_until(
                lambda: self._heartbeat(part) not in (None, before), START_SECONDS, f"the new {name}'s heartbeat"
            )

    def _heartbeat(self, part: str) -> str | None:
        return health(self.home.port).get(part, {}).get(f"latest_{part}_heartbeat")

    def stop(self) -> None:
        """Stops everything."""
        stop_all(list(self.services.values()), STOP_SECONDS)

    def api(self) -> AirflowApi:
        """The REST API, as a user who may do everything."""
        return AirflowApi(f"http://127.0.0.1:{self.home.port}", "admin", self.home.password)


def kill_task(api: AirflowApi, task: TaskId) -> int:
    """Kills the process of a running task instance (SIGKILL), as the kernel does when memory runs out."""
    pid = api.task(task)["pid"]
    if not isinstance(pid, int):
        raise TypeError(f"{task.task_id} has no process: {pid}")
    psutil.Process(pid).send_signal(signal.SIGKILL)
    return pid


@contextmanager
def running_airflow(home: AirflowHome, components: Sequence[str] = COMPONENTS) -> Iterator[RunningAirflow]:
    """A running, healthy Airflow, stopped at the end whatever happens."""
    airflow = RunningAirflow(home, components)
    try:
        airflow.wait_until_healthy()
        yield airflow
    finally:
        airflow.stop()
