"""How a throwaway Airflow is set up and asked. What differs between Airflow 2 and 3 is here."""

from __future__ import annotations

import base64
import importlib.metadata
import json
import os
import secrets
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_copernica.emulator import Emulator

EXAMPLE_DAGS = Path(__file__).resolve().parent.parent / "example_dags"
OUTCOMES = Path(__file__).resolve().parent / "dags" / "three_outcomes.py"
AIRFLOW_2 = importlib.metadata.version("apache-airflow").startswith("2.")
# the components that the health page must call healthy
WATCHED = ("metadatabase", "scheduler", "triggerer", *(() if AIRFLOW_2 else ("dag_processor",)))
HEALTH_PATH = "/health" if AIRFLOW_2 else "/api/v2/monitor/health"


def missing_file(emulator: Emulator) -> str:
    """Return the address of a file that an emulator does not have, for the DAG of the three outcomes."""
    return f"{emulator.url}{emulator.CONTROL}/no-such-file.csv"


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def health(port: int) -> dict[str, dict[str, str | None]]:
    """What Airflow says of its components; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{HEALTH_PATH}", timeout=5) as answer:
            said: dict[str, dict[str, str | None]] = json.load(answer)
            return said
    except (OSError, ValueError):
        return {}


def is_healthy(port: int) -> bool:
    """Whether all components of an Airflow have reported that they live."""
    said = health(port)
    return all(said.get(name, {}).get("status") == "healthy" for name in WATCHED)


def airflow_environment(home: Path, dags: Path, port: int, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    The environment of an Airflow that knows nothing of this machine's own, and calls nobody.

    :param home: its ``AIRFLOW_HOME``; made by Airflow.
    :param dags: the DAGs folder.
    :param port: of the UI and the API.
    :param settings: more ``AIRFLOW__SECTION__KEY`` values.
    """
    own = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    inherited = {name: value for name, value in own.items() if not name.startswith("AIRFLOW")}
    return {
        **inherited,
        # in uvicorn's and gunicorn's own start commands, too
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', os.defpath)}",
        "NO_PROXY": "*",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # of all its processes, those too that would each make one up
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # of the example with a warehouse; known to all processes, but not shown in the UI
        "AIRFLOW_CONN_SQLITE_DEFAULT": json.dumps({"conn_type": "sqlite", "host": str(home / "warehouse.db")}),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        **(_airflow_2(port) if AIRFLOW_2 else _airflow_3(port)),
        **(settings or {}),
    }


def _airflow_2(port: int) -> dict[str, str]:
    return {
        "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(port),
        "AIRFLOW__WEBSERVER__WORKERS": "1",
        "AIRFLOW__WEBSERVER__SECRET_KEY": secrets.token_hex(),
        "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.basic_auth,airflow.api.auth.backend.session",
        "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL": "5",
        "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "5",
    }


def _airflow_3(port: int) -> dict[str, str]:
    return {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
    }


def airflow_command(*arguments: str) -> list[str]:
    """The command line of ``airflow`` in this Python environment."""
    return [sys.executable, "-m", "airflow", *arguments]


def run_airflow(environment: Mapping[str, str], *arguments: str) -> str:
    """
    Runs an Airflow command to its end and returns what it printed.

    :raises RuntimeError: when it failed, with the end of its output.
    """
    done = subprocess.run(
        airflow_command(*arguments), env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise RuntimeError(f"airflow {arguments[0]} {arguments[1]} failed:\n{done.stdout[-3_000:]}")
    return done.stdout


def connection_json(url: str, token: str) -> str:
    """
    A connection to an emulator.

    :param url: its base URL.
    :param token: its API access token.
    """
    return json.dumps({"conn_type": "copernica", "host": url, "password": token, "extra": {"auth_host": url}})


def add_connection(environment: Mapping[str, str], url: str, token: str, conn_id: str = "copernica_default") -> None:
    """Adds a connection to an emulator to Airflow's database, where the UI shows it."""
    run_airflow(environment, "connections", "add", conn_id, "--conn-json", connection_json(url, token))


def create_admin(environment: Mapping[str, str], password: str) -> None:
    """Gives the user ``admin`` a known password."""
    if AIRFLOW_2:
        names = ("--username", "admin", "--firstname", "A", "--lastname", "Dmin", "--email", "admin@example.com")
        run_airflow(environment, "users", "create", *names, "--role", "Admin", f"--password={password}")
    else:
        file = Path(environment["AIRFLOW_HOME"]) / "simple_auth_manager_passwords.json.generated"
        file.write_text(json.dumps({"admin": password}))
