"""
``make airflow``: Airflow's UI with the example DAGs, the emulator and a connection to it. Ctrl-C ends all of it.

A DAG is triggered, so that there is something to see: an import that works, one that fails, and one without rows.

Everything lives in a directory that goes away. ``PORT`` chooses the port of the UI.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from airflow_provider_copernica.emulator import run_emulator
from airflow_provider_copernica.emulator.demo import add_demo_database
from local_airflow.environment import (
    EXAMPLE_DAGS,
    OUTCOMES,
    add_connection,
    airflow_command,
    airflow_environment,
    create_admin,
    free_port,
    is_healthy,
    missing_file,
    run_airflow,
)
from local_airflow.processes import Service, ending_on_sigterm, wait_until

IMPORT_SECONDS = 10
START_SECONDS = 180
GRACE_SECONDS = 15


def link_dags(folder: Path) -> Path:
    """Fills a DAGs folder with the examples, as they are at any moment, and with what runs by itself."""
    folder.mkdir()
    for original in (*EXAMPLE_DAGS.glob("[!_]*"), OUTCOMES):
        (folder / original.name).symlink_to(original)
    return folder


def is_triggered(environment: Mapping[str, str]) -> bool:
    """Starts a run, unless Airflow has not read the DAG yet; before the API answers, tasks would fail."""
    try:
        run_airflow(environment, "dags", "trigger", OUTCOMES.stem)
    except RuntimeError:
        return False
    return True


def serve(home: Path, port: int) -> None:
    """
    Starts all, says where it is, and waits until it is ended.

    :param home: the directory for Airflow.
    :param port: of the UI.
    """
    password = secrets.token_urlsafe(9)
    with run_emulator(import_seconds=IMPORT_SECONDS, port=0) as emulator:
        database = add_demo_database(emulator)
        settings = {"MISSING_FILE": missing_file(emulator)}
        environment = airflow_environment(home, link_dags(home / "dags"), port, settings)
        began = time.monotonic()
        print(
            f"Airflow {version('apache-airflow')} starts, which takes half a minute, or two on a busy machine ...",
            flush=True,
        )
        run_airflow(environment, "db", "migrate")
        add_connection(environment, emulator.url, emulator.token)
        create_admin(environment, password)
        service = Service(airflow_command("standalone"), environment, home / "standalone.log")
        try:
            wait_until(lambda: is_healthy(port) or not service.running(), START_SECONDS, "a healthy Airflow")
            if service.running():
                wait_until(lambda: is_triggered(environment), START_SECONDS, f"the DAG {OUTCOMES.stem}")
                print(
                    f"""
It took {time.monotonic() - began:.0f} s.

  Airflow             http://localhost:{port}
  user, password      admin  {password}
  Copernica emulator  {emulator.url}, where an import takes {IMPORT_SECONDS} s
  connection          copernica_default
  database            {database}, as the example DAGs expect
  running             http://localhost:{port}/dags/{OUTCOMES.stem}
                      an import that works, one that fails, and one without rows, which is skipped
  to try              any other DAG: press Trigger
  log                 {service.log}

Ctrl-C ends all of it, within {GRACE_SECONDS} s.""",
                    flush=True,
                )
                service.process.wait()
            sys.exit(f"Airflow stopped. The end of its log:\n{service.log.read_text(errors='replace')[-3_000:]}")
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave half of it running
            print("\nStopping ...", flush=True)
            service.stop(GRACE_SECONDS)


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="copernica-airflow-"))
    try:
        with ending_on_sigterm(), suppress(KeyboardInterrupt):
            serve(home, int(os.environ.get("PORT") or free_port()))
    finally:
        shutil.rmtree(home, ignore_errors=True)
        print("All has stopped, and nothing is left of it.")


if __name__ == "__main__":
    main()
