"""
``make airflow``: Airflow's UI with the example DAGs, the emulator and a connection to it. Ctrl-C ends all of it.

Everything lives in a directory that goes away. ``PORT`` chooses the port of the UI.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from airflow_provider_copernica.emulator import run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database
from local_airflow.environment import (
    EXAMPLE_DAGS,
    add_connection,
    airflow_command,
    airflow_environment,
    create_admin,
    free_port,
    is_healthy,
    run_airflow,
)
from local_airflow.processes import Service, ending_on_sigterm, wait_until

IMPORT_SECONDS = 10
START_SECONDS = 180


def serve(home: Path, port: int) -> None:
    """
    Starts all, says where it is, and waits until it is ended.

    :param home: the directory for Airflow.
    :param port: of the UI.
    """
    password = secrets.token_urlsafe(9)
    with run_emulator(import_seconds=IMPORT_SECONDS, port=0) as emulator:
        database = add_demo_database(emulator)
        environment = airflow_environment(home, EXAMPLE_DAGS, port)
        print(f"Airflow {version('apache-airflow')} starts; half a minute ...", flush=True)
        run_airflow(environment, "db", "migrate")
        add_connection(environment, emulator.url, emulator.token)
        create_admin(environment, password)
        service = Service(airflow_command("standalone"), environment, home / "standalone.log")
        try:
            wait_until(lambda: is_healthy(port) or not service.running(), START_SECONDS, "a healthy Airflow")
            if service.running():
                print(f"""
  Airflow             http://localhost:{port}
  user, password      admin  {password}
  Copernica emulator  {emulator.url}, where an import takes {IMPORT_SECONDS} s
  connection          copernica_default
  database            {database}, as the example DAGs expect
  log                 {service.log}

Ctrl-C ends all of it.""")
                service.process.wait()
            sys.exit(f"Airflow stopped. The end of its log:\n{service.log.read_text(errors='replace')[-3_000:]}")
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave half of it running
            print("\nStopping ...", flush=True)
            service.stop()


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="copernica-airflow-"))
    try:
        with ending_on_sigterm(), suppress(KeyboardInterrupt):
            serve(home, int(os.environ.get("PORT") or free_port()))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
