"""
Processes of a real Airflow, killed at the worst moments; and afterwards a search for secrets in all that it left.

One Airflow for all, at the log level DEBUG. The runs go one after the other, since each plans faults of its own.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.airflow_api import PATIENCE, AirflowApi, TaskId
from support.airflow_home import AirflowHome, RunningAirflow, kill_task, running_airflow
from support.dagrun import AIRFLOW_3_3

from airflow_provider_copernica.emulator import Emulator, Fault, run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database
from local_airflow.processes import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AIRFLOW_3_3, reason="only Airflow 3.3 and later remember an import across attempts"),
]

# what must be found nowhere
PRIVATE = "private.person"
PASSWORD = "hunter2-of-the-file"
TOKEN = f"token-{secrets.token_hex(16)}"

DAG_FILE = """
import json, os
from datetime import timedelta
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

# not in the code, which Airflow shows
ROWS = json.loads(os.environ["TEST_ROWS"])
COMMON = dict(database=1, key_fields=["Email"], retries=2, retry_delay=timedelta(seconds=1), poll_interval=1)

for name, deferrable, retries in (("worker", False, 2), ("triggerer", True, 2), ("last_try", False, 0)):
    with DAG(f"kill_{name}", schedule=None, params={"action": "add"}) as dag:
        CopernicaImportOperator(
            task_id="load", action="{{ params.action }}", source=ROWS, deferrable=deferrable,
            **{**COMMON, "retries": retries},
        )
    globals()[dag.dag_id] = dag

with DAG("twenty", schedule=None) as twenty:
    CopernicaImportOperator.partial(task_id="load", action="add", source=ROWS, deferrable=True, **COMMON).expand(
        name=[f"import {number}" for number in range(20)]
    )

with DAG("location", schedule=None) as location:
    CopernicaImportOperator(
        task_id="load", action="add", location=os.environ["TEST_LOCATION"], deferrable=True, **{**COMMON, "retries": 0}
    )
"""


@dataclass
class Stage:
    """What the tests share."""

    emulator: Emulator
    home: AirflowHome
    airflow: RunningAirflow
    api: AirflowApi


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("kill")
    (directory / "dags").mkdir()
    (directory / "dags" / "kill.py").write_text(DAG_FILE)
    with run_emulator(token=TOKEN, import_seconds=1) as emulator:
        add_demo_database(emulator)
        settings = {
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
            "TEST_ROWS": json.dumps([{"Email": f"{PRIVATE}{number}@example.com"} for number in range(3)]),
            "TEST_LOCATION": f"ftp://reader:{PASSWORD}@files.example.com/customers.json",
        }
        home = AirflowHome(directory / "home", directory / "dags", settings, migrated=migrated_database)
        with running_airflow(home) as airflow:
            api = airflow.api()
            api.add_connection(emulator.url, TOKEN)
            yield Stage(emulator, home, airflow, api)


@dataclass(frozen=True)
class Moment:
    """
    When the worker is killed.

    :param prepare: makes the moment last.
    :param has_come: given how many imports and requests there were before.
    """

    name: str
    prepare: Callable[[Emulator], None]
    has_come: Callable[[Emulator, int, int], bool]


def long_import(emulator: Emulator) -> None:
    emulator.import_seconds = 8


MOMENTS = {
    # before the mark is made: nothing can have arrived
    "token": Moment(
        "while it gets a token",
        lambda emulator: emulator.fail("authenticate", Fault.SLOW, seconds=60),
        lambda emulator, imports, requests: any(each.path == "/" for each in emulator.requests[requests:]),
    ),
    # the mark is made, and the POST is not accepted
    "before": Moment(
        "right before the POST is accepted",
        lambda emulator: emulator.fail("imports", Fault.TIMEOUT_BEFORE, seconds=60),
        lambda emulator, imports, requests: any("/imports" in each.path for each in emulator.requests[requests:]),
    ),
    "between": Moment(
        "between the POST and its ID",
        lambda emulator: emulator.fail("imports", Fault.TIMEOUT_AFTER, seconds=60),
        lambda emulator, imports, requests: len(emulator.imports) > imports,
    ),
    "waiting": Moment(
        "while it waits",
        long_import,
        lambda emulator, _, requests: any("/import/" in each.path for each in emulator.requests[requests:]),
    ),
}


@pytest.mark.parametrize(
    ("moment", "mode", "action", "state", "tries", "made"),
    [
        ("token", "worker", "add", "success", 2, 1),
        ("before", "worker", "add", "failed", 2, 0),
        ("before", "worker", "update or add", "success", 2, 1),
        ("before", "triggerer", "add", "failed", 2, 0),
        ("between", "worker", "add", "failed", 2, 1),
        ("between", "worker", "update or add", "success", 2, 2),
        ("between", "triggerer", "add", "failed", 2, 1),
        ("waiting", "worker", "add", "success", 2, 1),
        ("waiting", "worker", "update or add", "success", 2, 1),
    ],
)
def test_a_worker_is_killed(
    stage: Stage, moment: str, mode: str, action: str, state: str, tries: int, made: int
) -> None:
    emulator, api, dag_id = stage.emulator, stage.api, f"kill_{mode}"
    emulator.import_seconds = 1
    emulator.clear_faults()
    imports, requests = len(emulator.imports), len(emulator.requests)
    MOMENTS[moment].prepare(emulator)
    run_id = api.trigger(dag_id, {"action": action})
    wait_until(
        lambda: MOMENTS[moment].has_come(emulator, imports, requests), PATIENCE, MOMENTS[moment].name, pause=0.05
    )
    task = TaskId(dag_id, run_id, "load")
    kill_task(api, task)
    api.wait_for_run(dag_id, run_id)
    ended = api.task(task)
    log = api.log(task, tries)
    assert (ended["state"], ended["try_number"], len(emulator.imports) - imports) == (state, tries, made), log
    if state == "failed":
        assert "look for" in log
        assert "It is not sent again by itself" in log


def test_the_triggerer_is_killed_while_twenty_imports_are_deferred(stage: Stage) -> None:
    emulator, api = stage.emulator, stage.api
    emulator.clear_faults()
    emulator.import_seconds = 25
    imports = len(emulator.imports)
    run_id = api.trigger("twenty")
    tasks = [TaskId("twenty", run_id, "load", index) for index in range(20)]
    wait_until(lambda: len(emulator.imports) == imports + 20, PATIENCE, "20 imports")
    for task in tasks:
        api.wait_for_task(task, {"deferred"})
    everything = dump(stage.home.path / "airflow.db")  # with the triggers and the remembered imports, which go away
    assert "CopernicaImportTrigger" in everything
    assert "posted" in everything
    assert found(stage, everything) == []
    stage.airflow.kill("triggerer")
    stage.airflow.restart("triggerer")
    assert api.wait_for_run("twenty", run_id) == "success"
    assert len(emulator.imports) == imports + 20
    assert {(each["state"], each["try_number"]) for each in map(api.task, tasks)} == {("success", 1)}


@pytest.mark.parametrize("mode", ["worker", "triggerer"])
def test_a_person_fails_the_task(stage: Stage, mode: str) -> None:
    """on_kill says what is true, and does not pretend to cancel."""
    emulator, api, dag_id = stage.emulator, stage.api, f"kill_{mode}"
    emulator.import_seconds = 8
    imports = len(emulator.imports)
    run_id = api.trigger(dag_id, {"action": "add"})
    task = TaskId(dag_id, run_id, "load")
    api.wait_for_task(task, {"deferred"} if mode == "triggerer" else {"running"})
    wait_until(
        lambda: any(f"/import/{imports + 1}" in each.path for each in emulator.requests), PATIENCE, "a first look"
    )
    api.call("PATCH", task.path, body={"new_state": "failed"})
    expected = f"no longer waits for import {imports + 1}" if mode == "triggerer" else "The task was stopped."
    wait_until(
        lambda: expected in whole_log(stage, task) and "goes on" in whole_log(stage, task), PATIENCE, "its last words"
    )
    wait_until(lambda: emulator.imports[-1].state == "finished", PATIENCE, "the import, which goes on")


@pytest.mark.parametrize("mode", ["worker", "last_try", "triggerer"])
def test_a_task_is_cleared_while_its_import_runs(stage: Stage, mode: str) -> None:
    emulator, api, dag_id = stage.emulator, stage.api, f"kill_{mode}"
    emulator.clear_faults()
    emulator.import_seconds = 600
    imports = len(emulator.imports)
    run_id = api.trigger(dag_id, {"action": "add"})
    task = TaskId(dag_id, run_id, "load")
    api.wait_for_task(task, {"deferred"} if mode == "triggerer" else {"running"})
    wait_until(lambda: any(f"/import/{imports + 1}" in each.path for each in emulator.requests), PATIENCE, "a look")
    api.clear(task)
    wait_until(lambda: "The previous attempt's import is still" in whole_log(stage, task), PATIENCE, "a second attempt")
    assert "once that import has ended, the rows are sent again" in whole_log(stage, task)
    assert len(emulator.imports) == imports + 1
    emulator.import_seconds = 1
    emulator.set_status(imports + 1, status="finished")
    assert api.wait_for_run(dag_id, run_id) == "success"
    assert len(emulator.imports) == imports + 2
    assert api.xcom(task) == imports + 2


def whole_log(stage: Stage, task: TaskId) -> str:
    """Also what the triggerer wrote, which is a file of its own."""
    logs = (stage.home.path / "logs").rglob("*.log*")
    return "\n".join(path.read_text(errors="replace") for path in logs if task.run_id in str(path))


def test_a_password_in_a_location(stage: Stage) -> None:
    run_id = stage.api.trigger("location")
    assert stage.api.wait_for_run("location", run_id) == "failed"
    log = stage.api.log(TaskId("location", run_id, "load"))
    assert "The emulator downloads from its own address" in log


def test_zz_nothing_leaked(stage: Stage) -> None:
    """The last of this file: everything printed, logged and stored by all of the above."""
    assert len(stage.emulator.jwts) > 10
    texts = {str(path.relative_to(stage.home.path)): path for path in stage.home.path.rglob("*") if path.is_file()}
    assert any("task_id=load" in name for name in texts)
    hits = {
        name: found(stage, path.read_bytes().decode(errors="replace"))
        for name, path in texts.items()
        if not name.startswith("airflow.db")
    }
    hits["the database"] = found(stage, dump(stage.home.path / "airflow.db"))
    assert {name: hit for name, hit in hits.items() if hit} == {}
    assert "DEBUG" in stage.airflow.log("triggerer") + stage.airflow.log("scheduler") or "debug" in stage.airflow.log(
        "triggerer"
    )


def found(stage: Stage, text: str) -> list[str]:
    """What of the private things is in a text."""
    named = {"the token": TOKEN, "the location's password": PASSWORD, "row data": PRIVATE}
    jwts = {f"JWT {number}": jwt for number, jwt in enumerate(stage.emulator.jwts)}
    return [what for what, secret in {**named, **jwts}.items() if secret in text]


def dump(database: Path) -> str:
    """Every value of every table."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda data: data.decode(errors="replace")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]  # noqa: S608 - names of its own
    values = (
        value.decode(errors="replace") if isinstance(value, bytes) else str(value) for row in rows for value in row
    )
    return os.linesep.join(values)
