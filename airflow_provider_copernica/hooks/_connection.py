"""From an Airflow connection to the settings of the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson
from airflow.providers.common.compat.sdk import AirflowException, BaseHook, mask_secret
from asgiref.sync import sync_to_async

from airflow_provider_copernica.client.redact import spellings
from airflow_provider_copernica.client.settings import ApiSettings, read_settings
from airflow_provider_copernica.connection_form import CONN_TYPE
from airflow_provider_copernica.exceptions import CopernicaArgumentError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

Overrides = Mapping[str, object]


def look_up(conn_id: str, overrides: Overrides) -> ApiSettings:
    """
    Looks a connection up and reads it.

    :param conn_id: the Airflow connection.
    :param overrides: values that go before the connection's extra; None for "not given".
    :raises CopernicaArgumentError: when there is no such connection, or it lacks something.
    """
    try:
        connection = BaseHook.get_connection(conn_id)
    except (AirflowException, ValueError) as error:
        raise _missing(conn_id) from error
    settings = _read(connection, connection.extra_dejson, overrides)
    mask(settings.token)
    return settings


async def look_up_async(conn_id: str, overrides: Overrides) -> ApiSettings:
    """The same without blocking the event loop."""
    try:
        connection = await get_async_connection(conn_id)
    except (AirflowException, ValueError) as error:
        raise _missing(conn_id) from error
    settings = _read(connection, await get_async_extra_dejson(connection), overrides)
    await mask_async(settings.token)
    return settings


def mask(secret: str) -> None:
    """Registers a secret with this process's masker, also as it looks within a URL."""
    for form in spellings(secret):
        mask_secret(form)


async def mask_async(secret: str) -> None:
    """The same from an event loop, where Airflow may not be called in the loop's own thread: it asks its supervisor."""
    await sync_to_async(mask)(secret)


def _missing(conn_id: str) -> CopernicaArgumentError:
    return CopernicaArgumentError(
        f"Airflow has no connection {conn_id!r}: add one of type Copernica (Admin, Connections), "
        "or correct copernica_conn_id."
    )


def _read(connection: Connection, extra: object, overrides: Overrides) -> ApiSettings:
    if not isinstance(extra, Mapping):
        raise CopernicaArgumentError(f"The extra of the connection {connection.conn_id!r} must be a JSON object.")
    if connection.conn_type not in (CONN_TYPE, "generic", "", None):
        raise CopernicaArgumentError(
            f"The connection {connection.conn_id!r} is of type {connection.conn_type!r}, not Copernica: "
            "its password is not sent to Copernica."
        )
    return read_settings(
        token=connection.password,
        host=connection.host,
        port=connection.port,
        schema=connection.schema,
        conn_id=connection.conn_id or "",
        extra={**extra, **{key: value for key, value in overrides.items() if value is not None}},
    )
