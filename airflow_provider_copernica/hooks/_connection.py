"""From an Airflow connection to the settings of the client."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson
from airflow.providers.common.compat.sdk import AirflowException, BaseHook, mask_secret
from asgiref.sync import sync_to_async

from airflow_provider_copernica.client.redact import spellings
from airflow_provider_copernica.client.settings import ApiSettings, read_settings
from airflow_provider_copernica.connection_form import CONN_TYPE
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaConnectionLookupError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

__all__ = ["NOT_VERIFIED", "Overrides", "look_up", "look_up_async", "mask", "mask_async"]

log = logging.getLogger(__name__)

Overrides = Mapping[str, object]

NOT_VERIFIED = "Certificates are not verified (verify is false): anybody on the way can read the token and the rows."

_warned: set[str] = set()


@dataclass(frozen=True)
class _Fields:
    """The fields of a connection; Airflow's own object shows its password to those who collect local variables."""

    conn_id: str
    conn_type: str | None
    host: str | None
    port: int | None
    schema: str | None
    password: str | None = field(repr=False)
    extra: object = field(repr=False)

    @classmethod
    def of(cls, connection: Connection, extra: object) -> _Fields:
        return cls(
            conn_id=connection.conn_id,
            conn_type=connection.conn_type,
            host=connection.host,
            port=connection.port,
            schema=connection.schema,
            password=connection.password,
            extra=extra,
        )


def look_up(conn_id: str, overrides: Overrides) -> ApiSettings:
    """
    Look a connection up and read it.

    :param conn_id: the Airflow connection.
    :param overrides: values that go before the connection's extra; None for "not given".
    :raises CopernicaConnectionLookupError: when Airflow does not find it.
    :raises CopernicaArgumentError: when it lacks something.
    """
    try:
        fields = _fetch(conn_id)
    except (AirflowException, ValueError) as error:
        raise _not_found(conn_id) from error
    settings = _read(fields, overrides)
    mask(settings.token)
    return settings


async def look_up_async(conn_id: str, overrides: Overrides) -> ApiSettings:
    """Look a connection up and read it, without blocking the event loop."""
    try:
        fields = await _fetch_async(conn_id)
    except (AirflowException, ValueError) as error:
        raise _not_found(conn_id) from error
    settings = _read(fields, overrides)
    await mask_async(settings.token)
    return settings


def _fetch(conn_id: str) -> _Fields:
    connection = BaseHook.get_connection(conn_id)
    return _Fields.of(connection, connection.extra_dejson)


async def _fetch_async(conn_id: str) -> _Fields:
    connection = await get_async_connection(conn_id)
    return _Fields.of(connection, await get_async_extra_dejson(connection))


def mask(secret: str) -> None:
    """Register a secret with this process's masker, also as it looks within a URL."""
    for form in spellings(secret):
        mask_secret(form)


async def mask_async(secret: str) -> None:
    """
    Register a secret from an event loop.

    Airflow may not be called in the loop's own thread, since it asks its supervisor.
    """
    await sync_to_async(mask)(secret)


def _not_found(conn_id: str) -> Exception:
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    fault = _fault_of_json(os.environ.get(variable, ""))
    if fault:
        return CopernicaArgumentError(f"The environment variable {variable} {fault}.")
    return CopernicaConnectionLookupError(
        f"Airflow does not find the connection {conn_id!r}, or could not look it up: add one of type Copernica "
        "(Admin, Connections), correct copernica_conn_id, or see in Airflow's log whether its secrets backend failed."
    )


def _fault_of_json(text: str) -> str:
    """
    Return what is wrong with a connection in JSON, without showing any of it; empty where nothing is.

    Airflow says "not found" of a broken one; 3.1 and 3.2 do so where its extra is not an object as well.
    """
    if not text.lstrip().startswith("{"):
        return ""
    try:
        extra = json.loads(text).get("extra")
    except json.JSONDecodeError as error:
        return f"is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}"
    except RecursionError:
        return "is not valid JSON: it is nested too deeply"
    try:
        is_object = not extra or isinstance(json.loads(extra) if isinstance(extra, str) else extra, dict)
    except (json.JSONDecodeError, RecursionError):
        is_object = False
    return "" if is_object else "holds an extra that is not a JSON object"


def _read(fields: _Fields, overrides: Overrides) -> ApiSettings:
    if fields.conn_type != CONN_TYPE:
        raise CopernicaArgumentError(
            f"The connection {fields.conn_id!r} is of the type {fields.conn_type or ''!r}, not {CONN_TYPE!r}, "
            "so its password is not sent to Copernica: change its type, or choose another connection."
        )
    if not isinstance(fields.extra, Mapping):
        raise CopernicaArgumentError(f"The extra of the connection {fields.conn_id!r} must be a JSON object.")
    settings = read_settings(
        token=fields.password,
        host=fields.host,
        port=fields.port,
        schema=fields.schema,
        extra=_without_prefix(fields.extra) | {key: value for key, value in overrides.items() if value is not None},
        conn_id=fields.conn_id,
    )
    if settings.hint:
        _warn_once(f"{settings.hint} (Connection {fields.conn_id!r})")
    if not settings.verify:
        _warn_once(f"{NOT_VERIFIED} (Connection {fields.conn_id!r})")
    return settings


def _without_prefix(extra: Mapping[object, object]) -> dict[str, object]:
    """Airflow 2's Test button names the fields of its form in full: ``extra__copernica__api_version``."""
    return {str(key).removeprefix(f"extra__{CONN_TYPE}__"): value for key, value in extra.items()}


def _warn_once(text: str) -> None:
    """Warn once per process: a triggerer looks the same connection up again and again."""
    if text not in _warned:
        _warned.add(text)
        log.warning("%s", text)
