"""What can be asked of Copernica, each as steps that either client carries out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.client.exchange import Sleep, Steps, exchange
from airflow_provider_copernica.client.imports import CopernicaImport, ImportState, read_import
from airflow_provider_copernica.client.messages import ApiCall, Body, QueryParams, Repeat
from airflow_provider_copernica.client.polling import PollSchedule, to_seconds
from airflow_provider_copernica.client.progress import duration
from airflow_provider_copernica.client.replies import created_id, read_json
from airflow_provider_copernica.client.retry import RetryPolicy, polling_policy
from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import (
    GOES_ON,
    CopernicaArgumentError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)

# the most that api.copernica.com gives in one page (documentation, "paging")
PAGE_SIZE = 1000


def create_import(settings: ApiSettings, body: Body, *, idempotent: bool, policy: RetryPolicy) -> Steps[int]:
    """
    ``POST imports``.

    :param idempotent: whether doing it twice changes nothing more than doing it once.
    :return: the ID of the new import.
    :raises CopernicaAmbiguousError: when it may be running, and must not be sent again.
    """
    repeat = Repeat.ALWAYS if idempotent else Repeat.IF_NOT_RECEIVED
    reply = yield from exchange(settings, ApiCall("POST", "imports", body=body, repeat=repeat, creates=True), policy)
    import_id = created_id(reply)
    if import_id is None:
        raise CopernicaReplyError("POST imports: the reply holds no ID.", status_code=reply.status)
    return import_id


def get_import(settings: ApiSettings, import_id: int, policy: RetryPolicy) -> Steps[CopernicaImport]:
    """``GET import/$id``."""
    return read_import((yield from get_json(settings, f"import/{import_id}", None, policy)), import_id)


def get_json(settings: ApiSettings, path: str, params: QueryParams | None, policy: RetryPolicy) -> Steps[object]:
    """Any GET whose reply is JSON."""
    call = ApiCall("GET", path, params=params, repeat=Repeat.ALWAYS, expects_json=True)
    return read_json((yield from exchange(settings, call, policy)))


def get_object(settings: ApiSettings, path: str, policy: RetryPolicy) -> Steps[dict[str, object]]:
    """
    Any GET whose reply is a JSON object; a ``data`` wrapper, which one page of the documentation claims, is taken off.

    :raises CopernicaReplyError: when it is something else.
    """
    value = yield from get_json(settings, path, None, policy)
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        value = value["data"]
    if not isinstance(value, dict):
        raise CopernicaReplyError(f"GET {path}: the reply is no JSON object.")
    return value


def get_page(settings: ApiSettings, path: str, params: QueryParams, start: int, policy: RetryPolicy) -> Steps[Page]:
    """
    One page of a list; ``start`` is an offset (documentation in Dutch, "paging"; the English page calls it an ID).

    :raises CopernicaReplyError: when the reply is no list.
    """
    limit = _limit(params)
    value = yield from get_json(settings, path, {**params, "start": start, "limit": limit}, policy)
    envelope: Mapping[str, object] = value if isinstance(value, dict) else {"data": value}
    items = envelope.get("data")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise CopernicaReplyError(f"GET {path}: the reply is no list of objects; use request() for this endpoint.")
    end = start + len(items)
    total = envelope.get("total")
    try:
        more = end < to_count(total, least=0)
    except ValueError:  # no total, as asked with total=false
        more = isinstance(value, dict) and len(items) >= min(limit, _own_limit(envelope, limit))
    return Page(items, end if more and items else None)


@dataclass(frozen=True)
class Page:
    """
    One page of a list.

    :param items: the objects of this page.
    :param next_start: the offset of the next one; None at the end.
    """

    items: list[dict[str, object]]
    next_start: int | None


def first_start(params: QueryParams) -> int:
    """The offset to begin at."""
    return _number(params, "start", 0, least=0)


def _limit(params: QueryParams) -> int:
    return min(_number(params, "limit", PAGE_SIZE, least=1), PAGE_SIZE)


def _own_limit(envelope: Mapping[str, object], asked: int) -> int:
    """The size of a page that the reply names, which may be smaller than the one asked for."""
    try:
        return to_count(envelope.get("limit"))
    except ValueError:
        return asked


def _number(params: QueryParams, name: str, default: int, *, least: int) -> int:
    try:
        return to_count(params.get(name, default), least)
    except ValueError as error:
        raise CopernicaArgumentError(f"{name} {error}.") from error


@dataclass(frozen=True)
class Watch:
    """
    How to wait for an import.

    :param schedule: when to ask.
    :param started_at: when the waiting began, in seconds since the epoch.
    :param deadline: when patience ends, likewise; None for never.
    :param read_state: what a status amounts to.
    """

    schedule: PollSchedule
    started_at: float
    deadline: float | None = None
    read_state: Callable[[CopernicaImport], ImportState] = lambda status: status.state


def begin_watch(schedule: PollSchedule, *limits: float | timedelta | None) -> Watch:
    """
    A watch that begins now.

    :param schedule: when to ask.
    :param limits: seconds or timedeltas, of which the shortest is its patience; None for no limit.
    """
    now = time.time()
    patience = min((to_seconds(limit) for limit in limits if limit is not None), default=None)
    return Watch(schedule, now, None if patience is None else now + patience)


def watch_import(
    settings: ApiSettings, import_id: int, watch: Watch, on_status: Callable[[CopernicaImport], None]
) -> Steps[CopernicaImport]:
    """
    Asks until the import has finished.

    :param on_status: told of every status.
    :raises CopernicaImportFailedError: when it failed, with Copernica's own words.
    :raises CopernicaImportTimeoutError: when the deadline has passed; the import goes on.
    :raises CopernicaApiError: when its status can't be had.
    """
    status: CopernicaImport | None = None
    policy = polling_policy(watch.schedule.first, watch.deadline)
    while True:
        try:
            status = yield from get_import(settings, import_id, policy)
        except CopernicaUnavailableError as error:
            if _remaining(watch) > 0:
                raise
            raise timed_out(watch, status, import_id) from error
        on_status(status)
        state = watch.read_state(status)
        if state is ImportState.FINISHED:
            return status
        if state is ImportState.FAILED:
            raise failed(status)
        remaining = _remaining(watch)
        if remaining <= 0:
            raise timed_out(watch, status, import_id)
        yield Sleep(min(watch.schedule.wait(time.time() - watch.started_at), remaining))


def _remaining(watch: Watch) -> float:
    return float("inf") if watch.deadline is None else watch.deadline - time.time()


def failed(status: CopernicaImport) -> CopernicaImportFailedError:
    """Copernica's own words, with the name, the ID and the counts."""
    said = f" Copernica says: {status.last_error}" if status.last_error else ""
    return CopernicaImportFailedError(f"{status}.{said}", status)


def timed_out(watch: Watch, status: CopernicaImport | None, import_id: int) -> CopernicaImportTimeoutError:
    """How long it waited, the last status, and what is true: the import goes on."""
    waited = duration(max(time.time(), watch.deadline or 0) - watch.started_at)
    last = f"Last seen: {status}." if status else f"The status of import {import_id} was never seen."
    return CopernicaImportTimeoutError(
        f"Waited {waited} for Copernica import {import_id}, and it has not finished. {last} {GOES_ON}",
        status,
    )


def any_call(method: str, path: str, params: QueryParams | None, body: object) -> ApiCall:
    """
    A request to any endpoint: a GET may be repeated, everything else only where it certainly did not arrive.

    :param body: sent as JSON; None for no body.
    :raises CopernicaArgumentError: when the body can't be written as JSON.
    """
    method = method.upper()
    repeat = Repeat.ALWAYS if method in ("GET", "HEAD") else Repeat.IF_NOT_RECEIVED
    return ApiCall(method, path, params=params, body=None if body is None else _json(body), repeat=repeat)


def _json(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise CopernicaArgumentError("json: the body can't be written as JSON.") from error
