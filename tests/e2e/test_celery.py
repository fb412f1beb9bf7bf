"""CeleryExecutor, Redis, PostgreSQL, two workers and one triggerer; one worker dies on the way."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest
from support.dagrun import AIRFLOW_3_3
from support.distributed import HAS_REDIS, MISSING, distributed_airflow
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
    assert names == {f"import {number}": 1 for number in range(IMPORTS)}
