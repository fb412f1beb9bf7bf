"""A throwaway Airflow for every test process; set before anything imports Airflow."""

from __future__ import annotations

import os
import secrets
import tempfile

import pytest
from hypothesis import HealthCheck, settings

_home = tempfile.TemporaryDirectory(prefix="airflow-copernica-")
os.environ["AIRFLOW_HOME"] = _home.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = f"{_home.name}/dags"
os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = secrets.token_hex()  # dag.test() of 3.2 wants one
# a proxy of the machine has no business between tests and loopback
for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
    os.environ.pop(name, None)

# a busy machine is no fault of the code
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

pytest_plugins = ["airflow_provider_copernica.emulator.pytest_plugin"]


@pytest.fixture(autouse=True)
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits ten seconds before what may have arrived is sent again."""
    from airflow_provider_copernica.client import retry

    monkeypatch.setattr(retry, "UNCONFIRMED_PAUSE", 0.05)


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """The metadata database of the throwaway Airflow."""
    from airflow.utils.db import initdb

    initdb()
