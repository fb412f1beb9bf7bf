"""A PostgreSQL server of its own, from Debian's package."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_airflow import free_port
from processes import Service, wait_until

_VERSIONS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
BIN = _VERSIONS[-1] if _VERSIONS else None
MISSING = "PostgreSQL is not installed (Debian: apt-get install postgresql)"


@dataclass(frozen=True)
class PostgresServer:
    """Where it listens; anyone on this machine may log in as ``user``."""

    port: int
    host: str = "127.0.0.1"
    user: str = "postgres"
    database: str = "postgres"

    @property
    def uri(self) -> str:
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"


@contextmanager
def running_postgres(directory: Path) -> Iterator[PostgresServer]:
    """
    A server that runs as long as the block.

    :param directory: an empty one; root can't run a server, so it is given to the package's own user then.
    """
    if BIN is None:
        raise RuntimeError(MISSING)
    data = directory / "data"
    data.mkdir(parents=True)
    server = PostgresServer(free_port())
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    as_user = _give_away(data) if os.geteuid() == 0 else []
    initdb = [
        *as_user,
        str(BIN / "initdb"),
        "-D",
        str(data),
        "-U",
        server.user,
        "--auth=trust",
        "--no-sync",
        "-E",
        "UTF8",
    ]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/", env=environment)
    options = ["-h", server.host, "-p", str(server.port), "-k", str(data), "-F"]
    service = Service(
        [*as_user, str(BIN / "postgres"), "-D", str(data), *options], environment, directory / "postgres.log"
    )
    ready = [str(BIN / "pg_isready"), "-h", server.host, "-p", str(server.port), "-q"]
    try:
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, 30, "PostgreSQL")
        yield server
    finally:
        service.stop()


def _give_away(data: Path) -> list[str]:
    """Makes the package's user the owner, and lets it through to the directory."""
    user = pwd.getpwnam("postgres")
    shutil.chown(data, user.pw_uid, user.pw_gid)
    for parent in data.parents:
        if parent.stat().st_uid == 0 and parent != Path("/") and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
