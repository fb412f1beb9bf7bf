"""
``make demo``: a thousand customers' orders, imported into the emulator by a DAG run of real Airflow.

Everything it makes lives in a directory that goes away; of a failed run it shows the end of the log.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from airflow_provider_copernica.emulator import run_emulator
from airflow_provider_copernica.emulator.demo import COLLECTION, add_demo_database
from local_airflow.environment import EXAMPLE_DAGS, airflow_command, airflow_environment, connection_json, free_port
from local_airflow.processes import Service, ending_on_sigterm

CUSTOMERS = EXAMPLE_DAGS / "data" / "customers.csv"
DAG_ID = "copernica_file"
LOG = "airflow.log"
SHOWN = 4
# Airflow puts the logger's name after the text
OWN_LINE = re.compile(r"\[info\s*\] (.*?)\s*\[airflow_provider_copernica\.")


class DemoFailedError(Exception):
    """Says which step failed."""


def run(home: Path, environment: dict[str, str], arguments: Sequence[str]) -> None:
    """
    Runs an Airflow command, shows what this package logs meanwhile, and ends it when the demo is ended.

    :raises DemoFailedError: when it failed.
    """
    print(f"\n$ airflow {shlex.join(arguments)}", flush=True)
    service = Service(airflow_command(*arguments), environment, home / LOG)
    try:
        with service.log.open(encoding="utf-8", errors="replace") as log:
            while service.running():
                show_progress(log)
                time.sleep(0.2)
            show_progress(log)
    finally:
        service.stop()
    if service.process.returncode:
        raise DemoFailedError(f"airflow {arguments[0]} {arguments[1]}")


def show_progress(log: TextIO) -> None:
    """Prints what came new into the log and is this package's own."""
    while True:
        start, line = log.tell(), log.readline()
        if not line.endswith("\n"):  # not all of it is written
            log.seek(start)
            return
        if found := OWN_LINE.search(line):
            print(f"  {found[1].strip()}", flush=True)


def show(profiles: list[dict[str, Any]]) -> None:
    """What a person wants to see: how much is in the database, and some of it."""
    orders = sum(len(profile["subprofiles"][COLLECTION]) for profile in profiles)
    print(f"\nThe database now holds {len(profiles):,} profiles with {orders:,} subprofiles in {COLLECTION}, such as\n")
    for profile in profiles[:SHOWN]:
        fields = profile["fields"]
        print(
            "  {ID:>4}  {Firstname} {Lastname}, {Postcode} {City}, {Phone}, {Email}".format(ID=profile["ID"], **fields)
        )
        for order in profile["subprofiles"][COLLECTION][:SHOWN]:
            print("          {OrderID}  {Date}  {Status:<10} {Total:>7}  {Article}".format(**order["fields"]))


def demo(home: Path) -> None:
    """
    The demo.

    :param home: the directory for Airflow.
    :raises DemoFailedError: when Airflow failed.
    """
    with CUSTOMERS.open(encoding="utf-8", newline="") as file:
        rows = sum(1 for _ in csv.DictReader(file, delimiter=";"))
    with run_emulator(import_seconds=3, port=0) as emulator:
        database = add_demo_database(emulator)
        print(f"An emulator of Copernica at {emulator.url}, with an empty database, ID {database};")
        print(f"Airflow {version('apache-airflow')}; and {rows:,} orders of customers in {CUSTOMERS.name}.")
        environment = airflow_environment(home, EXAMPLE_DAGS, free_port())
        environment["AIRFLOW_CONN_COPERNICA_DEFAULT"] = connection_json(emulator.url, emulator.token)
        run(home, environment, ("db", "migrate"))
        run(home, environment, ("dags", "test", DAG_ID, "--conf", json.dumps({"database": database})))
        show(emulator.profiles(database))
    print("\n`make airflow` shows the same in Airflow's UI.")


def main() -> int:
    home = Path(tempfile.mkdtemp(prefix="copernica-demo-"))
    try:
        with ending_on_sigterm():
            demo(home)
    except DemoFailedError as failure:
        print(f"\n{failure} failed. The end of its log:\n", file=sys.stderr)
        print("\n".join((home / LOG).read_text(errors="replace").splitlines()[-40:]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
