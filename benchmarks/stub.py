"""
The server that all are measured against, in a process of its own: answers each status call of Copernica and of the
peers' services in that service's form, and says "finished" at the n-th call for the same job.

``python benchmarks/stub.py POLLS`` prints its port. ``GET /figures`` tells what it counted since the last ``GET``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter

from aiohttp import web

from airflow_provider_copernica.emulator.api import new_jwt

DAY = 86_400


class Stub:
    """
    :param polls: calls for one job until it is finished.
    """

    def __init__(self, polls: int) -> None:
        self._polls = polls
        self._forget()

    def _forget(self) -> None:
        self._seen: Counter[str] = Counter()
        # kept, so that no other object can have its identity
        self._connections: dict[int, asyncio.BaseTransport] = {}
        self._authentications = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/figures", self._figures)
        app.router.add_post("/", self._authenticate)
        app.router.add_get("/v4/import/{job}", self._copernica)
        app.router.add_get("/api/v2/accounts/1/runs/{job}/", self._dbt_cloud)
        app.router.add_get("/v1/connectors/{job}", self._fivetran)
        app.router.add_get("/jobs/{job}", self._airbyte)
        app.router.add_get("/http/{job}", self._http)
        return app

    def _is_finished(self, request: web.Request) -> bool:
        if request.transport is not None:
            self._connections[id(request.transport)] = request.transport
        job = request.match_info["job"]
        self._seen[job] += 1
        return self._seen[job] >= self._polls

    async def _figures(self, _: web.Request) -> web.Response:
        figures = {
            "calls": self._seen.total(),
            "connections": len(self._connections),
            "authentications": self._authentications,
        }
        self._forget()
        return web.json_response(figures)

    async def _authenticate(self, _: web.Request) -> web.Response:
        self._authentications += 1
        return web.Response(text=new_jwt(int(time.time() + DAY)))

    async def _copernica(self, request: web.Request) -> web.Response:
        finished = self._is_finished(request)
        answer = {
            "ID": request.match_info["job"],
            "name": "customers",
            "type": "add or update",
            "status": "finished" if finished else "running",
            "totallines": "1000",
            "processedLines": str(1000 * self._seen[request.match_info["job"]] // self._polls),
            "lastrun": "2026-01-31 06:00:00" if finished else False,
            "nextrun": False,
            "lasterror": False,
        }
        return web.json_response(answer)

    async def _dbt_cloud(self, request: web.Request) -> web.Response:
        running, success = 3, 10
        return web.json_response({"data": {"status": success if self._is_finished(request) else running}})

    async def _fivetran(self, request: web.Request) -> web.Response:
        finished = self._is_finished(request)
        state = {"setup_state": "connected", "sync_state": "scheduled", "update_state": "on_schedule"}
        at = "2026-01-31T06:00:00Z" if finished else "2026-01-30T06:00:00Z"
        data = {
            "id": request.match_info["job"],
            "status": state,
            "succeeded_at": at,
            "failed_at": None,
            "paused": False,
        }
        return web.json_response({"code": "Success", "data": data})

    async def _airbyte(self, request: web.Request) -> web.Response:
        answer = {
            "jobId": int(request.match_info["job"]),
            "status": "succeeded" if self._is_finished(request) else "running",
            "jobType": "sync",
            "startTime": "2026-01-31T06:00:00Z",
            "connectionId": "one",
        }
        return web.json_response(answer)

    async def _http(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "running"}, status=200 if self._is_finished(request) else 404)


async def main(polls: int) -> None:
    """Runs until it is terminated."""
    runner = web.AppRunner(Stub(polls).app(), access_log=None, keepalive_timeout=75)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
