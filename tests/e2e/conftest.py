"""One Airflow for the scenarios that need nothing but a running one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.standalone import Standalone, running_standalone


@pytest.fixture(scope="session")
def standalone(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Standalone]:
    with running_standalone(tmp_path_factory.mktemp("standalone"), migrated_database) as running:
        yield running
