"""What can be asked of Copernica, each as steps that a client carries out: ``client.run(get_import(12, policy))``."""

from __future__ import annotations

import json
from functools import lru_cache

from airflow_provider_copernica.client.exchange import Steps, exchange, get_settings
from airflow_provider_copernica.client.imports import CopernicaImport, read_import
from airflow_provider_copernica.client.messages import MAX_REPLY, MAX_SHORT_REPLY, ApiCall, Body, QueryParams
from airflow_provider_copernica.client.replies import read_json
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaReplyError

__all__ = [
    "any_call",
    "create_import",
    "get_import",
    "get_json",
    "get_object",
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
    del body  # out of the sight of those who collect the local variables of a failed call
    accepted = yield from exchange(call, policy)
    if accepted.created_id is None:
        raise TypeError("a call that creates is accepted with an ID only")
    return accepted.created_id


def get_import(import_id: int, policy: RetryPolicy) -> Steps[CopernicaImport]:
    """Ask for the status of an import: ``GET import/$id``."""
    settings = yield from get_settings()
    reply = (yield from exchange(_status_call(import_id), policy)).reply
    return read_import(_unwrap(read_json(reply)), import_id, settings.status_words)


@lru_cache(maxsize=1024)  # whoever waits makes the same one again and again
def _status_call(import_id: int) -> ApiCall:
    about = f"to tell the status of import {import_id}"
    return _get(f"import/{import_id}", about=about, max_reply=MAX_SHORT_REPLY)


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
