"""The hook of the triggers: what many share in one event loop, and what is left when they are gone."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import subprocess
import sys
import threading
import time
import weakref

import pytest

from airflow_provider_copernica.client.schedule import PollSchedule, Watch
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import (
    CopernicaApiError,
    CopernicaAuthError,
    CopernicaConnectionLookupError,
    CopernicaImportTimeoutError,
)
from airflow_provider_copernica.hooks import _async_hook as aio
from airflow_provider_copernica.hooks import _connection as connection
from airflow_provider_copernica.hooks._async_hook import CopernicaAsyncHook
from local_airflow.processes import wait_until

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The connections that were looked up."""
    seen: list[str] = []
    look_up = aio.look_up_async

    async def counted(conn_id: str, overrides: aio.Overrides) -> aio.ApiSettings:
        seen.append(conn_id)
        await asyncio.sleep(0.02)
        return await look_up(conn_id, overrides)

    monkeypatch.setattr(aio, "look_up_async", counted)
    return seen


def open_sessions() -> int:
    shared = aio._shared.get(asyncio.get_running_loop(), {}).values()
    clients = [client for entry in shared for client in [entry.client, *entry.users] if client is not None]
    return sum(client._session is not None for client in set(clients))


async def status(import_id: int, **options: float) -> str:
    async with CopernicaAsyncHook(**options) as hook:  # type: ignore[arg-type]  # of the test's own making
        return (await hook.get_import(import_id)).status


async def test_all_share_one_token_one_lookup_and_some_connections(
    copernica_emulator: Emulator, lookups: list[str]
) -> None:
    import_id = copernica_emulator.add_import("nightly", "running")
    copernica_emulator.latency = 0.05
    assert await asyncio.gather(*(status(import_id) for _ in range(120))) == ["running"] * 120
    assert lookups == ["copernica_default"]
    assert copernica_emulator.authentications == 1
    assert copernica_emulator.connections <= 51
    assert open_sessions() == 0
    assert await status(import_id) == "running"
    assert (len(lookups), copernica_emulator.authentications) == (1, 1)


async def test_other_settings_share_nothing(copernica_emulator: Emulator, lookups: list[str]) -> None:
    import_id = copernica_emulator.add_import()
    await asyncio.gather(status(import_id), status(import_id, api_version=3), status(import_id, request_timeout=5))
    assert len(lookups) == 3
    assert copernica_emulator.authentications == 2


async def test_an_expired_token_is_renewed_once_for_all(copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import()
    await status(import_id)
    copernica_emulator.expire_tokens()
    await asyncio.gather(*(status(import_id) for _ in range(30)))
    assert copernica_emulator.authentications == 2


async def test_the_last_one_closes_the_connections(copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import()
    async with CopernicaAsyncHook() as first:
        await first.get_import(import_id)
        async with CopernicaAsyncHook() as second:
            await second.get_import(import_id)
        assert open_sessions() == 1
        await first.get_import(import_id)
    assert open_sessions() == 0
    assert copernica_emulator.connections == 1


async def test_cancelled_users_leave_nothing_and_harm_nobody(copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import("nightly", "running")
    copernica_emulator.latency = 0.3
    polling_policy = asyncio.create_task(status(import_id))
    for moment in (0.0, 0.05, 0.15, 0.4):  # in the lookup, the authentication, the request
        others = [asyncio.create_task(status(import_id)) for _ in range(10)]
        await asyncio.sleep(moment)
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    assert await polling_policy == "running"
    await asyncio.sleep(0)
    assert open_sessions() == 0
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_cancelling_the_one_that_authenticates(copernica_emulator: Emulator) -> None:
    """Those who wait for the same token get it all the same."""
    import_id = copernica_emulator.add_import("nightly", "running")
    copernica_emulator.fail("authenticate", Fault.SLOW, seconds=1)
    first = asyncio.create_task(status(import_id))
    await asyncio.to_thread(wait_until, lambda: bool(copernica_emulator.requests), 60, "the first client", 0.01)
    second = asyncio.create_task(status(import_id))
    await asyncio.sleep(0.1)
    first.cancel()
    assert await asyncio.wait_for(second, 60) == "running"
    assert first.cancelled()
    assert copernica_emulator.authentications == 1


async def test_a_token_changed_in_the_connection_is_found(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = copernica_emulator.add_import("nightly", "running")
    monkeypatch.setattr(aio, "AUTH_RECHECK_INTERVAL", 0.0)
    async with CopernicaAsyncHook() as hook:
        await hook.get_import(import_id)
        copernica_emulator.token = "the-new-one"
        copernica_emulator.expire_tokens()
        with pytest.raises(CopernicaAuthError):
            await hook.get_import(import_id)
        connection = {"conn_type": "copernica", "host": copernica_emulator.url, "password": "the-new-one"}
        monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps(connection))
        # two at once, of which the second finds what the first has already replaced
        found = await asyncio.gather(hook.get_import(import_id), hook.get_import(import_id))
        assert [each.status for each in found] == ["running"] * 2
        assert open_sessions() == 1
    assert open_sessions() == 0


async def test_watching(copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import("nightly", "running")
    seen: list[str] = []
    async with CopernicaAsyncHook() as hook:
        watch = Watch(PollSchedule(0.02, 0.1), time.time())
        task = asyncio.create_task(hook.watch(str(import_id), watch, lambda status: seen.append(status.status)))
        while not seen:  # noqa: ASYNC110 - a test's own task fills it
            await asyncio.sleep(0.02)
        copernica_emulator.set_status(import_id, status="finished")
        assert (await task).status == "finished"
    assert seen[0] == "running"


async def test_any_other_endpoint(copernica_emulator: Emulator) -> None:
    async with CopernicaAsyncHook() as hook:
        reply = await hook.request("get", "database/1/fields", params={"limit": 2})
        assert json.loads(reply.body)["count"] == 2
        copernica_emulator.fail("imports", Fault.RESET_AFTER)
        body = {"database": 1, "action": "add", "source": [{"Email": "a@example.com"}]}
        with pytest.raises(CopernicaApiError, match="the connection broke"):
            await hook.request("POST", "imports", json=body)
        with pytest.raises(CopernicaApiError, match="No entity"):
            await hook.get_import(99)
    assert len(copernica_emulator.imports) == 1


async def test_wrong_use() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await CopernicaAsyncHook().get_import(1)
    with pytest.raises(CopernicaConnectionLookupError, match="does not find the connection 'nowhere'"):
        async with CopernicaAsyncHook("nowhere"):
            pass


async def test_the_event_loop_does_not_stall(copernica_emulator: Emulator) -> None:
    """50 hooks and a slow API. The best of three, since the emulator and other processes take time of their own."""
    import_id = copernica_emulator.add_import("nightly", "running")
    copernica_emulator.latency = 0.3
    await status(import_id)
    assert min([await largest_gap(import_id) for _ in range(3)]) < 0.1


async def largest_gap(import_id: int) -> float:
    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    ticker = asyncio.create_task(tick())
    await asyncio.gather(*(status(import_id) for _ in range(50)))
    ticker.cancel()
    return max(gaps)


def test_both_hooks_are_found_in_one_module_and_only_one_needs_aiohttp() -> None:
    module = "airflow_provider_copernica.hooks.copernica"
    code = f"import sys, {module} as hooks; before = 'aiohttp' in sys.modules; print(before, hooks.CopernicaAsyncHook)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == f"False {CopernicaAsyncHook}"


async def test_secrets_are_masked_outside_the_thread_of_the_event_loop(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow asks its supervisor for that, which 3.0 refuses within the loop."""
    masked: list[tuple[str, int]] = []

    def note(secret: str) -> None:
        masked.append((secret, threading.get_ident()))

    monkeypatch.setattr(connection, "mask_secret", note)
    await status(copernica_emulator.add_import("nightly", "running"))
    assert {copernica_emulator.token, *copernica_emulator.jwts} <= {secret for secret, _ in masked}
    assert threading.get_ident() not in {thread for _, thread in masked}


async def test_a_revoked_token_is_asked_for_once_by_all(copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import("nightly", "running")
    copernica_emulator.fail("authenticate", Fault.UNAUTHORIZED, times=None)
    for _ in range(2):
        ends = await asyncio.gather(*(status(import_id) for _ in range(20)), return_exceptions=True)
        assert [type(end) for end in ends] == [CopernicaAuthError] * 20
    assert len(copernica_emulator.requests) == 1


async def test_a_refusal_is_not_remembered_for_ever(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_copernica.client import aio as client

    assert 10 <= client.REFUSAL_TTL <= 300
    monkeypatch.setattr(client, "REFUSAL_TTL", 0.0)
    import_id = copernica_emulator.add_import("nightly", "running")
    copernica_emulator.fail("authenticate", Fault.UNAUTHORIZED)
    with pytest.raises(CopernicaAuthError):
        await status(import_id)
    assert await status(import_id) == "running"


def watch_for(seconds: float) -> Watch:
    return Watch(PollSchedule(0.05, 0.1), time.time(), time.time() + seconds)


@pytest.fixture
def _no_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_copernica.client import network

    assert network.LAST_LOOK_SECONDS <= 10
    monkeypatch.setattr(network, "LAST_LOOK_SECONDS", 0.1)


@pytest.mark.usefixtures("_no_last_look")
@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.UNAVAILABLE_503_HTML])
async def test_a_deadline_holds_while_the_authentication_host_is_down(
    copernica_emulator: Emulator, fault: Fault
) -> None:
    """For all who wait, each of whom has a deadline of its own."""
    import_id = copernica_emulator.add_import("nightly", "running")
    copernica_emulator.fail("authenticate", fault, times=None, seconds=30)

    async def ends_after(seconds: float) -> float:
        began = time.monotonic()
        async with CopernicaAsyncHook(request_timeout=20) as hook:
            with pytest.raises(CopernicaImportTimeoutError, match="never seen"):
                await hook.watch(import_id, watch_for(seconds), lambda _: None)
        return time.monotonic() - began

    late = await asyncio.gather(*(ends_after(0.3 + 0.2 * number) for number in range(4)))
    assert max(late) < 5
    assert late[0] < late[3]


@pytest.mark.usefixtures("_no_last_look")
async def test_a_deadline_holds_while_all_turns_are_taken(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_copernica.client import aio as client

    monkeypatch.setattr(client, "MOST_CONNECTIONS", 1)
    import_id = copernica_emulator.add_import("nightly", "running")
    async with CopernicaAsyncHook(api_version=3) as hook:
        await hook.get_import(import_id)
        copernica_emulator.fail("import", Fault.SLOW, seconds=10)
        blocker = asyncio.create_task(hook.get_import(import_id))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        with pytest.raises(CopernicaImportTimeoutError):
            await hook.watch(import_id, watch_for(0.3), lambda _: None)
        assert time.monotonic() - began < 4
        blocker.cancel()
        await asyncio.gather(blocker, return_exceptions=True)


async def test_clients_that_nobody_uses_are_forgotten(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = copernica_emulator.add_import()
    for seconds in (5, 6, 7):
        await status(import_id, request_timeout=seconds)
    assert len(aio._shared[asyncio.get_running_loop()]) == 3
    monkeypatch.setattr(aio, "CONNECTION_TTL", 0.0)
    await status(import_id, request_timeout=8)
    assert len(aio._shared[asyncio.get_running_loop()]) <= 1


async def test_one_who_comes_while_the_last_one_leaves_keeps_the_connection(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    import_id = copernica_emulator.add_import("nightly", "running")
    first = await CopernicaAsyncHook().__aenter__()
    await first.get_import(import_id)
    leaves = asyncio.create_task(first.__aexit__(None, None, None))
    await asyncio.sleep(0)  # it is about to close its connections
    assert await status(import_id) == "running"
    await leaves
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert len(copernica_emulator.requests) == 3  # one of them for the token


def test_event_loops_that_are_closed_are_forgotten(copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import("nightly", "running")

    async def watch_in_vain() -> weakref.ref[asyncio.AbstractEventLoop]:
        async with CopernicaAsyncHook() as hook:
            # so many that they queue for a connection, and all asleep in the end
            watches = (hook.watch(import_id, watch_for(60), lambda _: None) for _ in range(60))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*watches), 0.5)
        return weakref.ref(asyncio.get_running_loop())

    first = asyncio.run(watch_in_vain())
    asyncio.run(watch_in_vain())
    gc.collect()
    assert first() is None
