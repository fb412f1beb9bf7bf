"""One emulator for each test module's tests, emptied before each, and the two versions of its API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.copernica_api import CopernicaApi

from airflow_provider_copernica.emulator import Emulator, run_emulator


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with run_emulator(import_seconds=0) as emulator:
        yield emulator


@pytest.fixture
def emulator(shared: Emulator) -> Emulator:
    shared.reset()
    shared.token_reply, shared.token_lifetime = "text", 86_400.0
    return shared


@pytest.fixture(params=["v3", "v4"])
def api(request: pytest.FixtureRequest, emulator: Emulator) -> CopernicaApi:
    return CopernicaApi(emulator, request.param)
