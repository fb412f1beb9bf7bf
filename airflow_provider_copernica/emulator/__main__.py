"""``python -m airflow_provider_copernica.emulator``: an emulator as a process."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence

from airflow_provider_copernica.emulator.demo import NAME, add_demo_database
from airflow_provider_copernica.emulator.emulator import DEFAULT_TOKEN, Emulator
from airflow_provider_copernica.emulator.server import run_emulator


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_copernica.emulator",
        description="An emulator of Copernica's REST API, written from its public documentation. Keeps all in memory.",
    )
    parser.add_argument("--port", type=int, default=8088, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--import-seconds", type=float, default=5.0, help="how long an import takes (default: %(default)s)"
    )
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="the access token to accept (default: %(default)s)")
    parser.add_argument(
        "--local-locations",
        action="store_true",
        help="let imports fetch their location from any server of this machine",
    )
    parser.add_argument(
        "--allowed-host", action="append", default=[], metavar="NAME", help="a name by which clients may call it, too"
    )
    parser.add_argument("--empty", action="store_true", help=f"without the database {NAME}")
    parser.add_argument("--quiet", action="store_true", help="no line for each request")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM."""
    options = parse(arguments)
    # not an Event: the handler may run while this thread holds the lock of one
    received: list[int] = []
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda number, _: received.append(number))
    try:
        with run_emulator(
            port=options.port,
            host=options.host,
            token=options.token,
            import_seconds=options.import_seconds,
            local_locations=options.local_locations,
            allowed_hosts=options.allowed_host,
        ) as emulator:
            database = None if options.empty else add_demo_database(emulator)
            introduce(emulator, database)
            seen = 0
            while not received:
                time.sleep(0.2)
                if not options.quiet:
                    seen = show_requests(emulator, seen)
    except BrokenPipeError:
        return 1  # nobody reads us any more
    except (OSError, OverflowError) as error:
        print(f"Can't listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    return 0


def introduce(emulator: Emulator, database: int | None) -> None:
    """Say where it is, and how to connect."""
    connection = {"conn_type": "copernica", "host": emulator.url, "password": emulator.token}
    print(f"Copernica emulator on {emulator.url} (access token: {emulator.token})")
    if database is not None:
        print(f"With an empty database {NAME}, ID {database}.")
    print(f"Airflow connection:\n  export AIRFLOW_CONN_COPERNICA_DEFAULT='{json.dumps(connection)}'")
    print(f"What it holds: {emulator.url}{emulator.CONTROL}   Ctrl-C ends it.", flush=True)


def show_requests(emulator: Emulator, seen: int) -> int:
    """Print what came since the last time; without queries, which hold tokens."""
    requests = emulator.requests
    answered = 0
    for request in requests[seen:]:
        if request.status is None and time.time() - request.time < 60:  # not answered yet
            break
        status = request.status or "no answer"
        print(f"{time.strftime('%H:%M:%S', time.localtime(request.time))} {request.method} {request.path} {status}")
        answered += 1
    sys.stdout.flush()
    return seen + answered


if __name__ == "__main__":
    sys.exit(main())
