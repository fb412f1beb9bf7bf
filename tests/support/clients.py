"""Both clients behind one face, so that each promise is tested on each."""

from __future__ import annotations

import asyncio

from airflow_provider_copernica.client.aio import AsyncClient
from airflow_provider_copernica.client.exchange import Result, Steps
from airflow_provider_copernica.client.operations import create_import, get_object
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.settings import ApiSettings, read_settings
from airflow_provider_copernica.client.sync import SyncClient
from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.emulator.server import DEFAULT_TOKEN

TOKEN = "t0ken+of/mine"
QUICK = RetryPolicy(attempts=4, first=0.01, longest=0.02)
ROW = b'{"database":1,"action":"add","source":[{"Email":"a@example.com"}]}'


class Account:
    """One client of either kind; carries steps out."""

    def __init__(self, kind: str, settings: ApiSettings) -> None:
        self.settings = settings
        self.secrets: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._sync = SyncClient(settings, self.secrets.append) if kind == "sync" else None
        self._async = AsyncClient(settings, self._note) if kind == "async" else None

    async def _note(self, secret: str) -> None:
        self.secrets.append(secret)

    def run(self, steps: Steps[Result]) -> Result:
        if self._sync is not None:
            return self._sync.run(steps)
        assert self._async is not None
        return self._loop.run_until_complete(self._async.run(steps))

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()
        if self._async is not None:
            self._loop.run_until_complete(self._async.close())
        self._loop.close()

    def identity(self, policy: RetryPolicy = QUICK) -> dict[str, object]:
        return self.run(get_object("identity", policy))

    def post(self, *, safe: bool = False, body: bytes = ROW) -> int:
        return self.run(create_import(body, QUICK, idempotent=safe))


class Accounts:
    """Makes clients of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._made: list[Account] = []

    def __call__(self, url: str, version: int = 4, token: str = DEFAULT_TOKEN, **extra: object) -> Account:
        settings = read_settings(token=token, host=url, extra={"api_version": version, "timeout": 0.3, **extra})
        self._made.append(Account(self.kind, settings))
        return self._made[-1]

    def close(self) -> None:
        for account in self._made:
            account.close()


def paths(emulator: Emulator) -> list[str]:
    return [f"{each.method} {each.path}" for each in emulator.requests]
