"""A throwaway Airflow for every test process, set before anything imports Airflow; and the order of the tests."""

from __future__ import annotations

import fcntl
import gc
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.schedule import Schedule, units
from xdist.remote import Producer

_home = tempfile.TemporaryDirectory(prefix="airflow-copernica-")
HOME = Path(_home.name)
os.environ["AIRFLOW_HOME"] = str(HOME)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(HOME / "dags")
os.environ["AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS"] = "False"
os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = secrets.token_hex()  # dag.test() of 3.2 wants one
# a proxy of the machine has no business between tests and loopback
for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
    os.environ.pop(name, None)

# a busy machine is not the code's fault
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# all that is imported stays: looking through it again and again took a tenth of the tests' time
gc.disable()

pytest_plugins = ["airflow_provider_copernica.emulator.pytest_plugin"]

SLOW_SECONDS = 1200


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out, without importing what drives browsers and services, what only slow tests are in."""
    return True if config.option.markexpr == "not slow" and collection_path.name == "e2e" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the tests; those that start processes may take longer."""
    place = {name: index for index, name in enumerate(units([item.nodeid for item in items]))}
    items.sort(key=lambda item: place[item.nodeid])
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


def pytest_collection_finish() -> None:
    """What was imported is not garbage; what the tests make is collected as ever."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # looking for little as often as Python does took a tenth of the tests' time
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Schedule:
    """Which process runs what, with ``-n``."""
    config.option.loadscopereorder = False
    return Schedule(config, log)


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> None:
    """Airflow hides the secrets of one task's process; with all that the tests make it would search for thousands."""
    from support.masker import forget_secrets

    forget_secrets()


@pytest.fixture(autouse=True)
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits ten seconds before what may have arrived is sent again."""
    from airflow_provider_copernica.client import retry

    monkeypatch.setattr(retry, "UNCONFIRMED_PAUSE", 0.05)


@pytest.fixture(autouse=True)
def _every_message_is_a_sentence(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test provokes is held to the grammar of messages, unless it puts random texts into them."""
    if request.node.get_closest_marker("any_text"):
        yield
        return
    from support.messages import mistakes, recorded_messages

    with recorded_messages(monkeypatch) as messages:
        yield
    wrong = {message: found for message in messages if (found := mistakes(message))}
    assert wrong == {}


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow database with its tables and nothing in them: a file to copy, made once for all processes of a run."""
    from support.database import copy_database, make_database

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    file = folder / "migrated.db"
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            make_database()
            copy_database(HOME / "airflow.db", file)
    return file


@pytest.fixture(scope="session")
def airflow_database(migrated_database: Path) -> None:
    """The metadata database of this process's throwaway Airflow."""
    from support.database import copy_database

    copy_database(migrated_database, HOME / "airflow.db")


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of an S3 without anything in it."""
    from support.s3 import running_s3

    with running_s3() as endpoint:
        yield endpoint
