"""
``make demo``: a thousand customers' orders, imported into the emulator by a DAG run of real Airflow.

Everything it makes but the log of a failed run lives in a directory that goes away.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from example_database import COLLECTION, CUSTOMERS, EXAMPLE_DAGS, add_example_database
from local_airflow import airflow_command, airflow_environment, connection_json, free_port
from processes import Service, ending_on_sigterm

from airflow_provider_copernica.emulator import Emulator, run_emulator

DAG_ID = "copernica_import_csv"
LOG = "airflow.log"
SHOWN = 4


class DemoFailedError(Exception):
    """Says which step failed."""


@contextmanager
def step(text: str) -> Iterator[None]:
    """Names a step, and says how long it took."""
    print(f"{text} ...", end=" ", flush=True)
    start = time.monotonic()
    yield
    print(f"{time.monotonic() - start:.0f} s")


def run(home: Path, environment: dict[str, str], arguments: Sequence[str]) -> None:
    """Runs an Airflow command, and ends it when the demo is ended."""
    service = Service(airflow_command(*arguments), environment, home / LOG)
    try:
        if service.process.wait():
            raise DemoFailedError(f"airflow {arguments[0]} {arguments[1]}")
    finally:
        service.stop()


def show(emulator: Emulator, database: int) -> None:
    """What a person wants to see: the import, the counts, a few profiles."""
    last = list(emulator.imports)[-1]
    profiles = emulator.profiles(database)
    orders = sum(len(profile["subprofiles"][COLLECTION]) for profile in profiles)
    print(f"\nImport {last}")
    print(f"The database holds {len(profiles):,} profiles with {orders:,} subprofiles in {COLLECTION}, among them:\n")
    for profile in profiles[:SHOWN]:
        print(f"  {profile}")


def demo(home: Path) -> None:
    """
    The demo.

    :param home: the directory for Airflow.
    :raises DemoFailedError: when Airflow failed.
    """
    rows = sum(1 for _ in csv.reader(CUSTOMERS.open(encoding="utf-8", newline=""))) - 1
    with run_emulator(import_seconds=3, port=0) as emulator:
        database = add_example_database(emulator)
        print(f"Copernica emulator at {emulator.url}, with an empty database {database}")
        environment = airflow_environment(home, EXAMPLE_DAGS, free_port())
        environment["AIRFLOW_CONN_COPERNICA_DEFAULT"] = connection_json(emulator.url, emulator.token)
        with step(f"Airflow {version('apache-airflow')} makes its own database"):
            run(home, environment, ("db", "migrate"))
        with step(f"DAG {DAG_ID} imports {rows:,} rows of {CUSTOMERS.name}"):
            run(home, environment, ("dags", "test", DAG_ID, "--conf", json.dumps({"database": database})))
        show(emulator, database)


def main() -> int:
    home = Path(tempfile.mkdtemp(prefix="copernica-demo-"))
    try:
        with ending_on_sigterm():
            demo(home)
    except DemoFailedError as failure:
        print(f"\n\n{failure} failed. The end of its log:\n", file=sys.stderr)
        print("\n".join((home / LOG).read_text(errors="replace").splitlines()[-40:]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
