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
from tempfile import TemporaryDirectory

from local_airflow.environment import free_port
from local_airflow.processes import Service, wait_until

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

    :param directory: for its log. Its data is elsewhere: the server does not run as root, and pytest's own directories
        let nobody else through.
    """
    if BIN is None:
        raise RuntimeError(MISSING)
    directory.mkdir(parents=True, exist_ok=True)
    server = PostgresServer(free_port())
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    with TemporaryDirectory(prefix="postgres-") as data:
        as_user = _give_away(data) if os.geteuid() == 0 else []
        options = ["-U", server.user, "--auth=trust", "--no-sync", "-E", "UTF8"]
        initdb = [*as_user, str(BIN / "initdb"), "-D", data, *options]
        subprocess.run(initdb, check=True, capture_output=True, cwd="/", env=environment)
        where = ["-D", data, "-h", server.host, "-p", str(server.port), "-k", data, "-F"]
        service = Service([*as_user, str(BIN / "postgres"), *where], environment, directory / "postgres.log")
        ready = [str(BIN / "pg_isready"), "-h", server.host, "-p", str(server.port), "-q"]
        try:
            wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, 120, "PostgreSQL", pause=0.1)
            yield server
        finally:
            service.stop()


def _give_away(data: str) -> list[str]:
    """Makes the package's user the owner; how to run a command as that user."""
    user = pwd.getpwnam("postgres")
    shutil.chown(data, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
