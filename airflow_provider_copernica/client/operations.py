"""What can be asked of Copernica, each as steps that either client carries out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.client.exchange import Steps, exchange
from airflow_provider_copernica.client.imports import CopernicaImport, read_import
from airflow_provider_copernica.client.messages import ApiCall, Body, QueryParams, Repeat
from airflow_provider_copernica.client.replies import created_id, read_json
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.client.settings import ApiSettings
from airflow_provider_copernica.exceptions import (
    CopernicaArgumentError,
    CopernicaReplyError,
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
    reply = yield from get_json(settings, f"import/{import_id}", None, policy)
    return read_import(reply, import_id, settings.status_words)


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
