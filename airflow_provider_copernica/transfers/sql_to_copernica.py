"""From a database or a warehouse to Copernica."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Unpack

from airflow_provider_copernica.arguments import ImportArguments, refuse_unknown, rendered
from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.payload.parameters import is_unknown
from airflow_provider_copernica.readers.sql_rows import QueryParameters, query_rows
from airflow_provider_copernica.transfers._rows import ARRAY_FORMAT, IMPORT_FIELDS, UNRENDERED_SOURCE, refuse_source
from airflow_provider_copernica.transfers._sql_connections import check_single, find_sql_hook

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.common.compat.sdk import Context, XComArg
    from airflow.providers.common.sql.hooks.sql import DbApiHook

__all__ = ["SqlToCopernicaOperator"]

log = logging.getLogger(__name__)


class SqlToCopernicaOperator(CopernicaImportOperator):
    """
    Imports what a query selects: one row per profile, the columns named after the fields of the database.

    The rows stream through the worker: whatever their number, only ``fetch_size`` of them are in memory. In PostgreSQL
    a cursor on the server is used, so that the query must be a SELECT, a VALUES or a WITH. Other drivers may hold the
    whole result; with MySQL, ``{"cursor": "sscursor"}`` in the extra of its connection prevents that.

    :param sql: one query, or the name of a ``.sql`` file; a template.
    :param sql_conn_id: an Airflow connection whose hook is a ``DbApiHook``; a template.
    :param parameters: of the query, by name or by position, as its driver wants them; a template; default none.
    :param hook_params: more arguments of the hook, such as ``{"schema": "sales"}`` or Snowflake's ``{"role": "..."}``;
        default none.
    :param fetch_size: rows per fetch, 10,000 by default; a template.
    :param column_map: new names for columns, ``{"customer_email": "Email"}``; the others keep theirs.
    :param kwargs: all of :class:`~airflow_provider_copernica.operators.copernica.CopernicaImportOperator` but
        ``source``, ``location``, ``format`` and ``delimiter``.
    :raises CopernicaArgumentError: as there; also when the connection has no such hook, ``sql`` is not one query, or
        the query has no columns.
    """

    template_fields: Sequence[str] = ("sql", "sql_conn_id", "parameters", "hook_params", "fetch_size", *IMPORT_FIELDS)
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "parameters": "json", "hook_params": "json"}

    def __init__(
        self,
        *,
        task_id: str,
        sql: str | XComArg,
        sql_conn_id: str | XComArg,
        parameters: QueryParameters | XComArg | None = None,
        hook_params: Mapping[str, object] | None = None,
        fetch_size: int | str | XComArg = 10_000,
        column_map: Mapping[str, str] | None = None,
        **kwargs: Unpack[ImportArguments],
    ) -> None:
        refuse_unknown(type(self), kwargs)
        refuse_source(kwargs, "sql", others=("format", "delimiter"))
        if not is_unknown(fetch_size):
            _read_fetch_size(fetch_size)
        super().__init__(task_id=task_id, **kwargs)
        self.sql = rendered(sql)
        self.sql_conn_id = rendered(sql_conn_id)
        self.parameters = rendered(parameters)
        self.hook_params = hook_params
        self.fetch_size = fetch_size
        self.column_map = column_map

    def given_source(self, context: Context | None) -> dict[str, object]:
        """Return the rows of the query, which runs when the first is asked for."""
        if context is None:
            return UNRENDERED_SOURCE
        return {"source": self._rows(), **ARRAY_FORMAT}

    def _rows(self) -> Iterator[object]:
        sql, fetch_size, hook = check_single(self.sql), _read_fetch_size(self.fetch_size), self.sql_hook()
        try:
            yield from query_rows(hook.get_conn, sql, self.parameters, fetch_size)
        except CopernicaArgumentError:
            raise
        except Exception as error:
            log.error("The query failed on the connection %r: %s.", self.sql_conn_id, type(error).__name__)
            raise  # as it is: only the driver knows what went wrong

    def lineage_inputs(self) -> list[Dataset]:
        """Return the tables of the query, in OpenLineage's terms."""
        from airflow_provider_copernica.lineage import sql_inputs

        return sql_inputs(self.sql_hook(), self.sql, self.sql_conn_id)

    def sql_hook(self) -> DbApiHook:
        """
        Return the hook of the connection.

        :raises CopernicaArgumentError: it is not the hook of a database, or its package is not installed.
        """
        return find_sql_hook(self.sql_conn_id, self.hook_params)


def _read_fetch_size(value: object) -> int:
    try:
        return to_count(value)
    except ValueError as error:
        raise CopernicaArgumentError(f"fetch_size {error} row") from error
