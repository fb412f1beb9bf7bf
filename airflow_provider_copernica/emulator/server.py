"""An emulator that runs: a server in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from aiohttp import web

from airflow_provider_copernica.emulator.api import make_app
from airflow_provider_copernica.emulator.control import add_control
from airflow_provider_copernica.emulator.emulator import DEFAULT_TOKEN, Emulator

__all__ = ["DEFAULT_TOKEN", "Emulator", "listening", "run_emulator"]


class _Server:
    """The thread with its event loop."""

    def __init__(self, emulator: Emulator, host: str, port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="copernica-emulator", daemon=True)
        self._emulator, self._host, self._port = emulator, host, port

    def start(self) -> None:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        except BaseException:
            self.stop()
            raise

    async def _serve(self) -> None:
        app = make_app(self._emulator)
        add_control(app, self._emulator)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=1024)
        await site.start()
        port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._emulator.url = f"http://{host}:{port}"

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _end(self) -> None:
        if hasattr(self, "_runner"):
            await self._runner.cleanup()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def run_emulator(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    token: str = DEFAULT_TOKEN,
    import_seconds: float = 0.2,
    local_locations: bool = False,
    allowed_hosts: Iterable[str] = (),
) -> Iterator[Emulator]:
    """
    Run an emulator as long as the block.

    :param port: 0 takes a free one.
    :param host: the address to listen on.
    :param token: the access token to accept.
    :param import_seconds: how long an import takes.
    :param local_locations: whether imports may fetch their ``location`` from any server of this machine; from the
        emulator itself they always may.
    :param allowed_hosts: names by which clients may call it, besides its address and those of this machine.
    """
    emulator = Emulator(
        token=token, import_seconds=import_seconds, local_locations=local_locations, allowed_hosts=allowed_hosts
    )
    with listening(emulator, host, port):
        yield emulator


@contextmanager
def listening(emulator: Emulator, host: str = "127.0.0.1", port: int = 0) -> Iterator[None]:
    """Serve an emulator, which keeps what it holds when it stops listening."""
    server = _Server(emulator, host, port)
    server.start()
    try:
        yield
    finally:
        server.stop()
