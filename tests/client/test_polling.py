"""An import is watched to its end, by the synchronous and the asynchronous client, over real sockets."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from support.clients import QUICK, Account, Accounts, paths
from support.scripted import scripted

from airflow_provider_copernica.client import polling
from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.client.operations import get_import
from airflow_provider_copernica.client.polling import watch_import
from airflow_provider_copernica.client.schedule import PollSchedule, Watch
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import (
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaImportUnknownError,
    CopernicaReplyError,
)


def watch(account: Account, import_id: int, timeout: float | None = None) -> tuple[CopernicaImport, list[str]]:
    seen: list[str] = []
    now = time.time()
    plan = Watch(PollSchedule(0.04, 0.5), now, None if timeout is None else now + timeout)
    steps = watch_import(import_id, plan, lambda status: seen.append(status.status))
    return account.run(steps), seen


def test_an_import_is_followed_to_its_end(account: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 2.0
    copernica_emulator.status_words["running"] = "frobnicating"
    status, seen = watch(account, account.post())
    assert (status.status, status.processed_lines) == ("finished", 1)
    assert {"frobnicating", "finished"} <= set(seen)
    times = [each.time for each in copernica_emulator.requests if "/import/" in each.path]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert max(gaps) > 2 * gaps[0], "intervals grow"
    assert len(times) < 25


def test_a_poll_may_fail_now_and_then(account: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 0.5
    for after in (1, 3):
        copernica_emulator.fail("import", Fault.UNAVAILABLE_503_HTML, times=3, after=after)
    assert watch(account, account.post())[0].status == "finished"


def test_a_failed_import(account: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.failing_imports("Disk full", after_lines=1)
    with pytest.raises(CopernicaImportFailedError, match=r"^Import 1 failed after 1 of 1 lines: Disk full\."):
        watch(account, account.post())


def test_the_time_for_an_import_is_over(account: Account, copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import("nightly", "frobnicated")
    began = time.monotonic()
    with pytest.raises(CopernicaImportTimeoutError, match=r"not finished.*'frobnicated'.*goes on.*'nightly'"):
        watch(account, import_id, 0.3)
    assert 0.25 < time.monotonic() - began < 1.5
    copernica_emulator.fail("import", Fault.UNAVAILABLE_503_HTML, times=None)
    with pytest.raises(CopernicaImportTimeoutError, match="never seen"):
        watch(account, import_id, 0.3)


def test_an_import_is_not_known_at_once(account: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 0
    copernica_emulator.fail("import", Fault.BAD_REQUEST, times=2)
    assert watch(account, account.post())[0].status == "finished"


def test_an_import_that_is_not_there(
    account: Account, copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "NOT_YET_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(CopernicaImportUnknownError, match="does not know import 99: No entity with supplied ID"):
        watch(account, 99)
    assert 0.25 < time.monotonic() - began < 3
    assert paths(copernica_emulator)[-1].endswith("import/99")


def test_an_import_that_vanishes(account: Account, copernica_emulator: Emulator) -> None:
    copernica_emulator.import_seconds = 600
    import_id = account.post()
    copernica_emulator.fail("import", Fault.BAD_REQUEST, after=2, times=None)
    with pytest.raises(CopernicaImportUnknownError, match=r"no longer knows import 1, last seen as 'running'"):
        watch(account, import_id)


def test_a_reply_that_is_not_a_status_ends_the_look(accounts: Accounts) -> None:
    with scripted((200, {}, b'{"a": 1}')) as server:
        one = accounts(server.url, 3)
        with pytest.raises(CopernicaReplyError, match="not the status of an import"):
            one.run(get_import(1, QUICK))


def test_the_time_is_over_while_the_authentication_host_is_down(v4: Account, copernica_emulator: Emulator) -> None:
    import_id = copernica_emulator.add_import("nightly", "running")
    copernica_emulator.fail("authenticate", Fault.UNAVAILABLE_503_HTML, times=None)
    began = time.monotonic()
    with pytest.raises(CopernicaImportTimeoutError, match="never seen"):
        watch(v4, import_id, 0.3)
    assert time.monotonic() - began < 3
