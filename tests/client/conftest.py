"""Both clients, on both versions of the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.clients import Account, Accounts

from airflow_provider_copernica.emulator import Emulator


@pytest.fixture(params=["sync", "async"])
def accounts(request: pytest.FixtureRequest) -> Iterator[Accounts]:
    made = Accounts(request.param)
    yield made
    made.close()


@pytest.fixture(params=[3, 4], ids=["v3", "v4"])
def account(accounts: Accounts, copernica_emulator: Emulator, request: pytest.FixtureRequest) -> Account:
    return accounts(copernica_emulator.url, request.param)


@pytest.fixture
def v4(accounts: Accounts, copernica_emulator: Emulator) -> Account:
    return accounts(copernica_emulator.url)
