"""
A Copernica database as an asset of Airflow: ``copernica://ACCOUNT/database/ID``.

The account is the ID of the Airflow connection. A connection holds one access token and so stands for one account; its
ID is what the author of a DAG knows, and needs neither a lookup while the DAG is parsed nor a request to Copernica.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from airflow_provider_copernica.connection_form import DEFAULT_CONN_ID
from airflow_provider_copernica.exceptions import CopernicaArgumentError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.common.compat.sdk import Asset
    from pydantic.types import JsonValue

__all__ = ["convert_asset_to_openlineage", "create_asset", "database_uri", "openlineage_names", "sanitize_uri"]

SCHEME = "copernica"


def database_uri(database: int | str, copernica_conn_id: str = DEFAULT_CONN_ID) -> str:
    """
    The URI of a database.

    :param database: its ID.
    :param copernica_conn_id: the Airflow connection of the account.
    :raises CopernicaArgumentError: when the ID is none.
    """
    return f"{SCHEME}://{quote(copernica_conn_id, safe='')}{_path(f'/database/{database}')}"


def create_asset(
    *, database: int | str, copernica_conn_id: str = DEFAULT_CONN_ID, extra: dict[str, JsonValue] | None = None
) -> Asset:
    """
    A database as an asset, for ``outlets`` and for ``schedule``.

    :param database: its ID.
    :param copernica_conn_id: the Airflow connection of the account.
    :param extra: kept with the asset.
    """
    from airflow.providers.common.compat.sdk import Asset

    return Asset(uri=database_uri(database, copernica_conn_id), extra=extra)


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """
    One spelling per database; called by Airflow for every URI with this scheme.

    :raises CopernicaArgumentError: when it does not name a database.
    """
    if not uri.netloc:
        raise _wrong()
    return uri._replace(path=_path(uri.path), query="", fragment="")


def convert_asset_to_openlineage(asset: Asset, lineage_context: object) -> Dataset:  # noqa: ARG001 - Airflow's signature
    """The same database in OpenLineage's terms."""
    from airflow.providers.common.compat.openlineage.facet import Dataset

    namespace, name = openlineage_names(asset.uri)
    return Dataset(namespace=namespace, name=name)


def openlineage_names(uri: str) -> tuple[str, str]:
    """
    Namespace and name of a database in OpenLineage.

    :param uri: of the database.
    """
    parts = urlsplit(uri)
    return f"{SCHEME}://{parts.netloc}", parts.path.lstrip("/")


def _path(path: str) -> str:
    found = re.fullmatch(r"/database/0*([1-9][0-9]*)/?", path, re.ASCII)
    if found is None:
        raise _wrong()
    return f"/database/{found[1]}"


def _wrong() -> CopernicaArgumentError:
    return CopernicaArgumentError(
        "The URI of a Copernica asset is copernica://CONNECTION/database/ID, with the ID of the Airflow connection and "
        "that of the database."
    )
