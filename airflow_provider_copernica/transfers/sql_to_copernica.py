"""From a database or a warehouse to Copernica."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.transfers._rows import ARRAY_FORMAT, IMPORT_FIELDS, UNRENDERED_SOURCE, refuse_source

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.common.compat.sdk import Context
    from airflow.providers.common.sql.hooks.sql import DbApiHook

log = logging.getLogger(__name__)

QueryParameters = Mapping[str, object] | Sequence[object]


class SqlToCopernicaOperator(CopernicaImportOperator):
    """
    Imports what a query selects: one row per profile, the columns named after the fields of the database.

    The rows stream through the worker: whatever their number, only ``fetch_size`` of them are in memory. In PostgreSQL
    a cursor on the server is used, so that the query must be a SELECT, a VALUES or a WITH. Other drivers may hold the
    whole result; with MySQL, ``{"cursor": "sscursor"}`` in the extra of its connection prevents that.

    :param sql: the query, or the name of a ``.sql`` file; a template.
    :param sql_conn_id: an Airflow connection whose hook is a ``DbApiHook``.
    :param parameters: of the query, by name or by position, as its driver wants them; a template.
    :param fetch_size: rows per fetch, 10,000 by default.
    :param column_map: new names for columns, ``{"customer_email": "Email"}``; the others keep theirs.
    :param kwargs: all of :class:`~airflow_provider_copernica.operators.copernica.CopernicaImportOperator` but
        ``source``, ``location``, ``format`` and ``delimiter``.
    :raises CopernicaArgumentError: like there; and when the connection has no such hook, or the query no columns.
    """

    template_fields: Sequence[str] = ("sql", "sql_conn_id", "parameters", *IMPORT_FIELDS)
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "parameters": "json"}

    def __init__(
        self,
        *,
        sql: str,
        sql_conn_id: str,
        parameters: QueryParameters | None = None,
        fetch_size: int = 10_000,
        column_map: Mapping[str, str] | None = None,
        **kwargs: Any,  # those of CopernicaImportOperator
    ) -> None:
        refuse_source(kwargs, "sql", others=("format", "delimiter"))
        if fetch_size < 1:
            raise CopernicaArgumentError("fetch_size must be 1 or more rows.")
        super().__init__(**kwargs)
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.parameters = parameters
        self.fetch_size = fetch_size
        self.column_map = column_map

    def given_source(self, context: Context | None) -> dict[str, object]:
        """The rows of the query, which runs when the first is asked for."""
        if context is None:
            return UNRENDERED_SOURCE
        return {"source": self._rows(), **ARRAY_FORMAT}

    def _rows(self) -> Iterator[dict[str, object]]:
        hook = self.sql_hook()
        try:
            yield from query_rows(hook, self.sql, self.parameters, self.fetch_size)
        except CopernicaArgumentError:
            raise
        except Exception as error:
            log.error("The query failed on the connection %r: %s.", self.sql_conn_id, type(error).__name__)
            raise  # as it is: only the driver knows what went wrong

    def lineage_inputs(self) -> list[Dataset]:
        """The tables of the query, in OpenLineage's terms."""
        from airflow_provider_copernica.lineage import sql_inputs

        return sql_inputs(self.sql_hook(), self.sql, self.sql_conn_id)

    def sql_hook(self) -> DbApiHook:
        """
        The hook of the connection.

        :raises CopernicaArgumentError: when it is none of a database.
        """
        try:
            from airflow.providers.common.sql.hooks.sql import DbApiHook
        except ImportError as error:
            raise CopernicaArgumentError(
                "SqlToCopernicaOperator needs apache-airflow-providers-common-sql: "
                "install airflow-provider-copernica[sql]."
            ) from error
        hook = BaseHook.get_connection(self.sql_conn_id).get_hook()  # type: ignore[no-untyped-call]  # in Airflow
        if not isinstance(hook, DbApiHook):
            raise CopernicaArgumentError(
                f"sql_conn_id: the connection {self.sql_conn_id!r} is of type {hook.conn_type!r}, "
                "and its hook is no DbApiHook: choose the connection of a database."
            )
        return hook


def query_rows(
    hook: DbApiHook, sql: str, parameters: QueryParameters | None, fetch_size: int
) -> Iterator[dict[str, object]]:
    """
    Runs a query and reads its rows; its errors are the driver's own.

    :raises CopernicaArgumentError: when it has no columns, or two of one name.
    """
    with closing(hook.get_conn()) as connection, closing(_cursor(connection)) as cursor:
        cursor.execute(sql, *([] if parameters is None else [parameters]))
        names: list[str] | None = None
        while True:
            batch = cursor.fetchmany(fetch_size) if cursor.description or names is None else []
            names = names or _column_names(cursor.description)
            if not batch:
                return
            for values in batch:
                # cursors that give dicts (an option of several connections) would else give the names as values
                row = values.values() if isinstance(values, Mapping) else values
                yield dict(zip(names, row, strict=True))


def _cursor(connection: Any) -> Any:  # DB-API connections and cursors have no common type
    """In PostgreSQL one on the server: the usual ones fetch the whole result at once."""
    if type(connection).__module__.partition(".")[0] in ("psycopg", "psycopg2"):
        return connection.cursor(name="airflow_copernica")
    return connection.cursor()


def _column_names(description: Sequence[Sequence[Any]] | None) -> list[str]:
    if not description:
        raise CopernicaArgumentError("sql: the statement gives no rows: it must be a query.")
    names = [str(column[0]) for column in description]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CopernicaArgumentError(f"sql: the query has several columns named {twice[0]!r}: rename all but one (AS).")
    return names
