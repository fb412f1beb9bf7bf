"""Reading the database that rows are compared with."""

from __future__ import annotations

import logging

from airflow_provider_copernica.arguments import CheckFields
from airflow_provider_copernica.exceptions import CopernicaApiError, CopernicaAuthError, CopernicaUnavailableError
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.payload.row_rules import ReadSchema
from airflow_provider_copernica.payload.schema import DatabaseSchema

__all__ = ["read_schema", "schema_reader"]

log = logging.getLogger(__name__)


def schema_reader(hook: CopernicaHook, database: int, check_fields: CheckFields | None) -> ReadSchema | None:
    """
    Return what reads the database that the rows are compared with; None where nothing is compared.

    :param hook: of the connection.
    :param database: its ID.
    :param check_fields: what of the rows is compared; their names alone where rights may be missing.
    """
    match check_fields:
        case "values":
            return lambda: read_schema(hook, database)
        case "names":
            return lambda: _read_schema_if_allowed(hook, database)
    return None


def _read_schema_if_allowed(hook: CopernicaHook, database: int) -> DatabaseSchema | None:
    """Read the database; None where Copernica refuses, since rights may be for imports only: the POST has its say."""
    try:
        return read_schema(hook, database)
    except CopernicaUnavailableError:
        raise
    except CopernicaApiError as error:
        if isinstance(error, CopernicaAuthError) and error.status_code != 403:  # a refused token, not a missing right
            raise
        log.warning(
            "The names of the columns are not checked, since database %d can't be read: %s Give the token the right "
            "to read it, or set check_fields=False.",
            database,
            error,
        )
        return None


def read_schema(hook: CopernicaHook, database: int) -> DatabaseSchema:
    """
    Read a database with all its fields and collections.

    :param hook: of the connection.
    :param database: its ID.
    :raises CopernicaApiError: it can't be read, or not be understood.
    """
    schema = DatabaseSchema.from_api(hook.get_database(database))
    while schema.incomplete:
        path = schema.incomplete[0]
        schema = schema.with_list(path, hook.iterate(path))
    return schema
