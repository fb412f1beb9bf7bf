"""What can be asked of Copernica, each as steps that a client carries out: ``client.run(get_import(12, policy))``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from airflow_provider_copernica.client.exchange import Sleep, Steps, exchange, get_settings
from airflow_provider_copernica.client.imports import CopernicaImport, ImportState, read_import
from airflow_provider_copernica.client.messages import MAX_REPLY, MAX_SHORT_REPLY, ApiCall, Body, QueryParams
from airflow_provider_copernica.client.polling import PollSchedule, to_seconds
from airflow_provider_copernica.client.progress import duration
from airflow_provider_copernica.client.replies import read_json
from airflow_provider_copernica.client.retry import RetryPolicy, polling_policy
from airflow_provider_copernica.exceptions import (
    GOES_ON,
    CopernicaArgumentError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)

__all__ = [
    "Watch",
    "any_call",
    "begin_watch",
    "create_import",
    "failed",
    "get_import",
    "get_json",
    "get_object",
    "timed_out",
    "watch_import",
]


def create_import(body: Body, policy: RetryPolicy, *, idempotent: bool, database: int | None = None) -> Steps[int]:
    """
    Start an import: ``POST imports``.

    :param idempotent: whether doing it twice changes nothing more than doing it once.
    :param database: its ID, for messages.
    :return: the ID of the new import.
    :raises CopernicaAmbiguousError: when it may be running, and must not be sent again.
    """
    names = () if database is None else (f"database {database}",)
    call = ApiCall("POST", "imports", None, body, idempotent, creates=True, about="the import", names=names)
    accepted = yield from exchange(call, policy)
    if accepted.created_id is None:
        raise TypeError("a call that creates is accepted with an ID only")
    return accepted.created_id


def get_import(import_id: int, policy: RetryPolicy) -> Steps[CopernicaImport]:
    """Ask for the status of an import: ``GET import/$id``."""
    call = _get(f"import/{import_id}", about=f"to tell the status of import {import_id}", max_reply=MAX_SHORT_REPLY)
    return read_import(_unwrap(read_json((yield from exchange(call, policy)).reply)), import_id)


def get_json(path: str, params: QueryParams | None, policy: RetryPolicy) -> Steps[object]:
    """Make any GET whose reply is JSON."""
    return read_json((yield from exchange(_get(path, params), policy)).reply)


def get_object(path: str, policy: RetryPolicy) -> Steps[dict[str, object]]:
    """
    Make any GET whose reply is a JSON object.

    A ``data`` wrapper, which one page of the documentation claims, is taken off.

    :raises CopernicaReplyError: when it is something else.
    """
    value = _unwrap((yield from get_json(path, None, policy)))
    if not isinstance(value, dict):
        raise CopernicaReplyError(f"Copernica's reply to GET {path} is not a JSON object")
    return value


def _unwrap(value: object) -> object:
    """Return what is in a ``data`` wrapper, if there is one."""
    data = value.get("data") if isinstance(value, dict) else None
    return data if isinstance(data, dict) else value


def _get(path: str, params: QueryParams | None = None, *, about: str = "", max_reply: int = MAX_REPLY) -> ApiCall:
    return ApiCall("GET", path, params, idempotent=True, expects_json=True, about=about, max_reply=max_reply)


@dataclass(frozen=True)
class Watch:
    """
    How to wait for an import.

    :param schedule: when to ask.
    :param started_at: when the waiting began, in seconds since the epoch.
    :param deadline: seconds since the epoch when the waiting ends; None for never.
    :param read_state: what a status amounts to.
    """

    schedule: PollSchedule
    started_at: float
    deadline: float | None = None
    read_state: Callable[[CopernicaImport], ImportState] = lambda status: status.state


def begin_watch(schedule: PollSchedule, *limits: float | timedelta | None) -> Watch:
    """
    Return a watch that begins now.

    :param schedule: when to ask.
    :param limits: seconds or timedeltas, of which the shortest is its timeout; None for no limit.
    """
    now = time.time()
    timeout = min((to_seconds(limit) for limit in limits if limit is not None), default=None)
    return Watch(schedule, now, None if timeout is None else now + timeout)


def watch_import(import_id: int, watch: Watch, on_status: Callable[[CopernicaImport], None]) -> Steps[CopernicaImport]:
    """
    Ask until the import has finished.

    :param on_status: called with each status.
    :raises CopernicaImportFailedError: when it failed, with Copernica's own words.
    :raises CopernicaImportTimeoutError: when the deadline has passed; the import goes on.
    :raises CopernicaApiError: when its status can't be had.
    """
    settings = yield from get_settings()
    status: CopernicaImport | None = None
    policy = polling_policy(watch.schedule.first, watch.deadline)
    while True:
        try:
            status = yield from get_import(import_id, policy)
        except CopernicaUnavailableError as error:
            if _remaining(watch) > 0:
                raise
            raise timed_out(watch, status, import_id, settings.connection) from error
        on_status(status)
        state = watch.read_state(status)
        if state is ImportState.FINISHED:
            return status
        if state is ImportState.FAILED:
            raise failed(status, settings.connection)
        remaining = _remaining(watch)
        if remaining <= 0:
            raise timed_out(watch, status, import_id, settings.connection)
        yield Sleep(min(watch.schedule.wait(time.time() - watch.started_at), remaining))


def _remaining(watch: Watch) -> float:
    return float("inf") if watch.deadline is None else watch.deadline - time.time()


def failed(status: CopernicaImport, connection: str = "") -> CopernicaImportFailedError:
    """
    Return the error for an import that failed: Copernica's own words first.

    :param connection: as a message names it; see :attr:`ApiSettings.connection`.
    """
    after = f" after {_lines(status)}" if status.total_lines else ""
    reason = status.last_error or f"its status is {status.status!r}"
    return CopernicaImportFailedError(
        f"Import {status.import_id} failed{after}: {reason}", status, names=_names(status, connection)
    )


def timed_out(
    watch: Watch, status: CopernicaImport | None, import_id: int, connection: str = ""
) -> CopernicaImportTimeoutError:
    """
    Return the error for a wait that is over: how long it was, the last status, and that the import goes on.

    :param connection: as a message names it; see :attr:`ApiSettings.connection`.
    """
    waited = duration(max(time.time(), watch.deadline or 0) - watch.started_at)
    last = "Its status was never seen." if status is None else f"Its last status was {status.status or 'empty'!r}"
    if status is not None:
        last += f", {_lines(status)}." if status.total_lines else "."
    return CopernicaImportTimeoutError(
        f"Import {import_id} has not finished after {waited}. {last} {GOES_ON}",
        status,
        names=_names(status, connection),
    )


def _lines(status: CopernicaImport) -> str:
    return f"{status.processed_lines or 0:,} of {status.total_lines or 0:,} lines"


def _names(status: CopernicaImport | None, connection: str) -> list[str]:
    return [f"import {status.name!r}" if status is not None and status.name else "", connection]


def any_call(method: str, path: str, params: QueryParams | None, body: object) -> ApiCall:
    """
    Return a request to any endpoint: a GET may be repeated, everything else only where it certainly did not arrive.

    :param body: sent as JSON; None for no body.
    :raises CopernicaArgumentError: when the body can't be written as JSON.
    """
    method = method.upper()
    return ApiCall(method, path, params, None if body is None else _json(body), idempotent=method in ("GET", "HEAD"))


def _json(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise CopernicaArgumentError("The body (json) can't be written as JSON.") from error
