"""
Every fault, at every place, for an import that may be repeated and for one that may not: what the task becomes, and how
many imports Copernica then holds. The tables are what is promised; the tests print them.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from traceback import format_exception
from typing import Any

import pytest
from support.masker import forget_secrets
from support.taskrun import run_task

from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.emulator.demo import add_demo_database
from airflow_provider_copernica.emulator.server import listening
from airflow_provider_copernica.operators import _submit
from airflow_provider_copernica.operators._attempt_store import post_import
from airflow_provider_copernica.operators._attempts import AcceptedImport
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from local_airflow.environment import free_port
from local_airflow.processes import wait_until

FOLLOWUPS = "update, followups"
SAFE = ("update", "update or add", "ignore or add", "delete")
UNSAFE = ("add", FOLLOWUPS)
BELOW = (*UNSAFE, "update or add")  # Airflow 3.3
DOCUMENT = Path(__file__).parent.parent / "docs" / "fault-matrix.md"
TIMEOUT = 1.0
PRIVATE, TOKEN = "private.person@example.com", "the-token-of-the-matrix"


@dataclass(frozen=True)
class Row:
    """
    A fault that happens once.

    :param name: as printed.
    :param post: when the POST goes wrong: for an import that may not be repeated, and for one that may.
    :param ends_attempt: whether the client gives up, so that an Airflow retry has to help.
    :param not_yet: whether it says of a new import that it is not known yet.
    """

    name: str
    fault: Fault | None
    post: tuple[str, str]
    options: dict[str, object] = field(default_factory=dict)
    ends_attempt: bool = False
    not_yet: bool = False


OK = "success 1"
# certainly not carried out: sent again, by the client or by an Airflow retry
CLEAR = (OK, OK)
# carried out, and told so without an ID: never repeated, since the next reply would look the same
WITHOUT_ID, NOTHING_MADE = ("failed 1", "failed 1"), ("failed 0", "failed 0")
# whether it was carried out is not known: an add is not repeated, the other may be
LOST, DONE = ("failed 0", OK), ("failed 1", "success 2")
SLOW: dict[str, object] = {"seconds": 2 * TIMEOUT}

ROWS = (
    Row("connection refused", None, CLEAR),
    Row("reset before anything is accepted", Fault.RESET_BEFORE, LOST),
    Row("reset after accepting", Fault.RESET_AFTER, DONE),
    Row("time-out before accepting", Fault.TIMEOUT_BEFORE, LOST, SLOW),
    Row("time-out after accepting", Fault.TIMEOUT_AFTER, DONE, SLOW),
    Row("429, Retry-After in seconds", Fault.RATE_LIMIT, CLEAR, {"retry_after": 1}),
    Row("429, Retry-After as a date", Fault.RATE_LIMIT, CLEAR, {"retry_after": timedelta(seconds=1)}),
    Row("429", Fault.RATE_LIMIT, CLEAR),
    Row("500, HTML page", Fault.ERROR_500_HTML, LOST),
    Row("502, HTML page", Fault.UNAVAILABLE_502_HTML, LOST),
    Row("503, HTML page", Fault.UNAVAILABLE_503_HTML, LOST),
    Row("503, HTML page, though accepted", Fault.UNAVAILABLE_503_HTML, DONE, {"accepted": True}),
    Row("504, HTML page", Fault.TIMEOUT_504_HTML, LOST),
    Row("400 with a message", Fault.BAD_REQUEST, CLEAR, ends_attempt=True, not_yet=True),
    Row("404 with a message", Fault.NOT_FOUND, CLEAR, ends_attempt=True, not_yet=True),
    Row("410 with a message", Fault.NOT_FOUND, CLEAR, {"status": 410}, ends_attempt=True, not_yet=True),
    Row("404, HTML page", Fault.NOT_FOUND_HTML, CLEAR),
    Row("401", Fault.UNAUTHORIZED, CLEAR),
    Row("400 Invalid access token", Fault.INVALID_TOKEN_400, CLEAR),
    Row("201 without an ID", Fault.NO_ID, WITHOUT_ID),
    Row("201 with the ID in its body", Fault.ID_IN_BODY, CLEAR),
    Row("303 with the ID", Fault.SEE_OTHER, CLEAR, ends_attempt=True),
    Row("303 without an ID", Fault.SEE_OTHER, WITHOUT_ID, {"location": ""}, ends_attempt=True),
    Row("200, JSON cut short", Fault.TRUNCATED_JSON, NOTHING_MADE),
    Row("200, connection closed within the body", Fault.CUT_BODY, LOST),
    Row("200 with an HTML page", Fault.NOT_JSON, NOTHING_MADE),
    Row("200 with an error object", Fault.ERROR_IN_200, CLEAR, ends_attempt=True),
    Row("redirect to another host", Fault.REDIRECT, CLEAR, ends_attempt=True),
)
# answers that are right in the end, or any that a test wants
ELSEWHERE = {Fault.SLOW, Fault.DRIP, Fault.GZIP, Fault.REPLY}
assert {row.fault for row in ROWS if row.fault} >= set(Fault) - ELSEWHERE


@dataclass(frozen=True)
class Outage:
    """
    A time in which nobody can connect: it lasts until a client waits to try again, however slow the machine is.

    :param ready: set when a client may come.
    :param begun: set when nobody listens any more.
    :param noticed: set by a client that waits to try again.
    :param over: set when the emulator listens again.
    """

    ready: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    noticed: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def delay(self, *_: object) -> float:
        self.noticed.set()
        assert self.over.wait(10)
        return 0.01

    def serve(self, emulator: Emulator, port: int, done: threading.Event, *, after_the_post: bool) -> None:
        if after_the_post:
            with listening(emulator, port=port):
                self.ready.set()
                wait_until(lambda: any(each.status == 201 for each in emulator.requests), 10, "the POST", pause=0.005)
        self.begun.set()
        self.ready.set()
        self.noticed.wait(10)
        with listening(emulator, port=port):
            self.over.set()
            done.wait()

    @contextmanager
    def of(
        self, emulator: Emulator, port: int, monkeypatch: pytest.MonkeyPatch, *, after_the_post: bool
    ) -> Iterator[None]:
        """Serves an emulator that nobody can connect to for a moment: at first, or after the POST."""

        def post_and_wait(*args: Any, **kwargs: Any) -> AcceptedImport:
            accepted = post_import(*args, **kwargs)
            assert self.begun.wait(10)
            return accepted

        done = threading.Event()
        thread = threading.Thread(
            target=self.serve, args=(emulator, port, done), kwargs={"after_the_post": after_the_post}
        )
        thread.start()
        assert self.ready.wait(10)
        with monkeypatch.context() as patch:
            patch.setattr(RetryPolicy, "delay", self.delay)
            if after_the_post:
                patch.setattr(_submit, "post_import", post_and_wait)
            try:
                yield
            finally:
                done.set()
                thread.join()
        assert self.noticed.is_set()


@dataclass(frozen=True)
class Place:
    """
    Where it goes wrong.

    :param where: as the emulator calls it.
    :param after: how many such requests go well before.
    :param deferrable: whether the task waits in the triggerer.
    :param has_store: False for Airflow below 3.3, where nothing is remembered across attempts.
    """

    name: str
    where: str
    actions: tuple[str, ...] = ("add", "update or add")
    after: int = 0
    deferrable: bool = False
    has_store: bool = True

    def promised(self, row: Row, action: str) -> str:
        is_unsafe = action in UNSAFE
        if self.where == "imports":
            return row.post[0 if is_unsafe else 1]
        if row.ends_attempt and not row.not_yet and self.where == "import" and not self.has_store:
            return "failed 1" if is_unsafe else "success 2"
        return OK


PLACES = (
    Place("authenticate, in the worker", "authenticate"),
    Place("authenticate, in the triggerer", "authenticate", after=1, deferrable=True),
    Place("POST imports", "imports", (*UNSAFE, *SAFE)),
    Place("POST imports, then deferred", "imports", (*UNSAFE, *SAFE), deferrable=True),
    Place("GET import, in the worker", "import"),
    Place("GET import, in the triggerer", "import", deferrable=True),
    Place("GET import, below Airflow 3.3", "import", BELOW, has_store=False),
    Place("GET import, in the triggerer, below Airflow 3.3", "import", BELOW, deferrable=True, has_store=False),
)


def imports_after(
    row: Row, place: Place, action: str, monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]
) -> str:
    """
    One cell: the state of the task with one retry, and the number of imports.

    :param printed: all that was logged and printed since the last call, at the level DEBUG.
    """
    forget_secrets()
    emulator, port = Emulator(token=TOKEN, import_seconds=0), free_port()
    add_demo_database(emulator)
    server: AbstractContextManager[object]
    if row.fault is None:
        # with version 3 the POST is the first request of all
        is_first = place.where == "imports" or (place.where == "authenticate" and not place.after)
        server = Outage().of(emulator, port, monkeypatch, after_the_post=not is_first)
    else:
        monkeypatch.setattr(RetryPolicy, "delay", lambda *_: 0.01)  # nobody waits between attempts
        server = listening(emulator, port=port)
        emulator.fail(place.where, row.fault, after=place.after, **row.options)  # type: ignore[arg-type]  # of many types
    version = 3 if row.fault is None and place.where == "imports" else 4
    extra = {"timeout": TIMEOUT, "api_version": version}
    connection = {"host": f"http://127.0.0.1:{port}", "password": emulator.token, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_COPERNICA_DEFAULT", json.dumps({"conn_type": "copernica", **connection}))

    def load() -> CopernicaImportOperator:
        return CopernicaImportOperator(
            task_id="load",
            database=1,
            action=action.partition(",")[0],
            followups=True if action == FOLLOWUPS else None,
            key_fields=["Email"],
            source=[{"Email": PRIVATE}],
            poll_interval=0.05,
            deferrable=place.deferrable,
            retries=1,
        )

    with server:
        outcome = run_task(load, has_store=place.has_store)
    told = (
        f"{printed()}{''.join(format_exception(outcome.error)) if outcome.error else ''}{outcome.xcom}{outcome.events}"
    )
    assert "Copernica" in told
    assert [secret for secret in (PRIVATE, TOKEN, *emulator.jwts) if secret in told] == []
    if outcome.state == "success":
        assert outcome.result == emulator.imports[-1].import_id
    return f"{outcome.state} {len(emulator.imports)}"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_fault_matrix(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], place: Place
) -> None:
    caplog.set_level(logging.DEBUG)

    def printed() -> str:
        text = caplog.text + "".join(capfd.readouterr())
        caplog.clear()
        return text

    heads = line(place.name, place.actions)
    seen = [
        heads,
        *(
            line(row.name, [imports_after(row, place, action, monkeypatch, printed) for action in place.actions])
            for row in ROWS
        ),
    ]
    promised = [heads, *(line(row.name, [place.promised(row, action) for action in place.actions]) for row in ROWS)]
    print("\n".join(["", *seen]))
    assert seen == promised


def test_the_documented_matrix_is_this_one() -> None:
    documented = DOCUMENT.read_text(encoding="utf-8")
    place = next(place for place in PLACES if place.name == "POST imports")
    for row in ROWS:
        cells = " | ".join(place.promised(row, action) for action in place.actions)
        assert f"| {row.name} | {cells} |" in documented


def line(name: str, cells: Sequence[str]) -> str:
    return " | ".join([f"{name:<48}", *(f"{cell:<17}" for cell in cells)])
