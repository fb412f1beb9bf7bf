"""What is measured: ways to wait for a job in an event loop. Each makes coroutines that end with their job."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING

from airflow_provider_copernica.client.schedule import PollSchedule

if TYPE_CHECKING:
    import aiohttp

Wait = Callable[[int], Coroutine[object, object, object]]
Subject = Callable[[str, float], Wait]
TO_CLOSE: list[aiohttp.ClientSession] = []


def bare(url: str, interval: float) -> Wait:
    """The least there can be: aiohttp in a loop, with one session, paced as this package is."""
    import aiohttp

    schedule = PollSchedule(interval, interval)
    session = aiohttp.ClientSession(headers={"Authorization": "Bearer a.b.c"})
    TO_CLOSE.append(session)

    async def wait(job: int) -> object:
        started = time.time()
        while True:
            async with session.get(f"{url}/v4/import/{job}") as response:
                response.raise_for_status()
                status = await response.json()
            if status["status"] == "finished":
                return status
            await asyncio.sleep(schedule.wait(time.time() - started))

    return wait


def copernica(url: str, interval: float) -> Wait:
    """This package; the longest interval is the first, so that all have the same work."""
    from airflow_provider_copernica.triggers.copernica import CopernicaImportTrigger

    connect("copernica_default", conn_type="copernica", host=url, password="a-token", extra={"auth_host": url})

    async def wait(job: int) -> object:
        return await _last(CopernicaImportTrigger(job, poll_interval=interval, max_poll_interval=interval).run())

    return wait


def dbt_cloud(url: str, interval: float) -> Wait:
    """apache-airflow-providers-dbt-cloud; it can only speak https, which costs more, so its scheme is replaced."""
    from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook
    from airflow.providers.dbt.cloud.triggers.dbt import DbtCloudRunJobTrigger

    made = DbtCloudHook.get_request_url_params
    DbtCloudHook.get_request_url_params = staticmethod(
        lambda *given, **named: (made(*given, **named)[0].replace("https://", "http://"), made(*given, **named)[1])
    )
    host = url.removeprefix("http://")
    connect("dbt_cloud_default", conn_type="dbt_cloud", host=host, login="1", password="a-token")

    async def wait(job: int) -> object:
        return await _last(DbtCloudRunJobTrigger("dbt_cloud_default", job, time.time() + 3600, interval, 1).run())

    return wait


def fivetran(url: str, interval: float) -> Wait:
    """
    airflow-provider-fivetran-async, which speaks https only as well.

    Its last call, for the time of the sync, is one more than the rest make.
    """
    import pendulum
    from fivetran_provider_async.hooks import FivetranHookAsync
    from fivetran_provider_async.triggers import FivetranTrigger

    FivetranHookAsync.api_protocol, FivetranHookAsync.api_host = "http", url.removeprefix("http://")
    connect("fivetran_default", conn_type="fivetran", login="key", password="a-secret")
    before = pendulum.datetime(2026, 1, 30, 12)

    async def wait(job: int) -> object:
        return await _last(FivetranTrigger("task", str(job), "fivetran_default", before, poke_interval=interval).run())

    return wait


def http(url: str, interval: float) -> Wait:
    """apache-airflow-providers-http: its sensor's trigger, for which 404 means "not yet"."""
    from airflow.providers.http.triggers.http import HttpSensorTrigger

    connect("http_default", conn_type="http", host=url)

    async def wait(job: int) -> object:
        return await _last(HttpSensorTrigger(f"http/{job}", poke_interval=interval).run())

    return wait


def airbyte(url: str, interval: float) -> Wait:
    """apache-airflow-providers-airbyte; it blocks the event loop."""
    from airflow.providers.airbyte.triggers.airbyte import AirbyteSyncTrigger

    connect("airbyte_default", conn_type="airbyte", host=url)

    async def wait(job: int) -> object:
        return await _last(AirbyteSyncTrigger(job, "airbyte_default", time.time() + 3600, interval).run())

    return wait


SUBJECTS: dict[str, Subject] = {each.__name__: each for each in (bare, copernica, dbt_cloud, fivetran, http, airbyte)}


def connect(conn_id: str, **connection: object) -> None:
    """Makes an Airflow connection for this process."""
    os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(connection)


async def _last(events: AsyncIterator[object]) -> object:
    """Like the triggerer, goes on to the end."""
    found = None
    async for event in events:
        found = event
    return found


def is_success(event: object) -> bool:
    """Whether the event of any of the triggers says that the job has finished."""
    said = str(event)
    return any(word in said for word in ("success", "finished", "True"))
