"""An emulator that runs: a server in a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from aiohttp import web

from airflow_provider_copernica.emulator.api import answer
from airflow_provider_copernica.emulator.emulator import DEFAULT_TOKEN, Emulator

__all__ = ["DEFAULT_TOKEN", "listening", "run_emulator"]


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
    loop = asyncio.new_event_loop()
    # one route for everything: a router of this many paths takes longer to build than all else together
    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", functools.partial(answer, emulator))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    thread = threading.Thread(target=loop.run_forever, name="copernica-emulator", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(_start(emulator, runner, host, port), loop).result()
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_stop(runner), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _start(emulator: Emulator, runner: web.AppRunner, host: str, port: int) -> None:
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=1024).start()
    address = f"[{host}]" if ":" in host else host
    emulator.url = f"http://{address}:{runner.addresses[0][1]}"


async def _stop(runner: web.AppRunner) -> None:
    """Stop listening, and end what is still running: requests that are kept waiting, and imports."""
    await runner.cleanup()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
