"""CeleryExecutor, Redis, PostgreSQL, two workers and one triggerer; one worker dies on the way."""

from __future__ import annotations

import re
import threading
from collections import Counter
from pathlib import Path

import pytest
from support.dagrun import AIRFLOW_3_3
from support.distributed import CONCURRENCY, HAS_REDIS, MISSING, distributed_airflow
from support.postgres import BIN
from support.postgres import MISSING as MISSING_POSTGRES

from local_airflow.processes import wait_until

IMPORTS = 200

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BIN is None, reason=MISSING_POSTGRES),
    pytest.mark.skipif(not HAS_REDIS, reason=MISSING),
    pytest.mark.skipif(not AIRFLOW_3_3, reason="only Airflow 3.3 and later remember an import across attempts"),
]


def test_a_worker_dies_among_200_imports(tmp_path: Path) -> None:
    with distributed_airflow(tmp_path, IMPORTS, 20, ("one", "two")) as site:

        def kill() -> None:
            wait_until(lambda: len(site.emulator.imports) > IMPORTS // 4, 600, "a quarter of the imports", pause=0.05)
            site.workers["one"].kill()

        killer = threading.Thread(target=kill)
        killer.start()
        state, seconds = site.run()
        killer.join()
        assert not site.workers["one"].running()
        names = Counter(str(each.parameters["name"]) for each in site.emulator.imports)
        print(f"{IMPORTS} imports in {seconds:.0f} s, {site.emulator.connections} connections in all")
    assert state == "success"
    assert set(names) == {f"import {number}" for number in range(IMPORTS)}
    # the worker may have died between Copernica's reply and the record of it: these imports are idempotent, so what was
    # never confirmed is sent again, and nothing else is
    again = {name: times for name, times in names.items() if times > 1}
    assert len(again) <= CONCURRENCY
    assert set(again.values()) <= {2}
    assert set(again) <= set(unconfirmed_imports(tmp_path))


def unconfirmed_imports(directory: Path) -> list[str]:
    """Names of imports that the log of a later attempt calls unconfirmed."""
    logs = "".join(log.read_text(errors="replace") for log in directory.rglob("attempt=*.log"))
    return re.findall(r"import '(import \d+)' was never confirmed", logs)
