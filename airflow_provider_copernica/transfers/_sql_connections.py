"""What is known of a database and of SQL before a query runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowException, BaseHook

from airflow_provider_copernica.exceptions import CopernicaArgumentError

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook

__all__ = ["check_single", "find_sql_hook"]

# extras of this package that bring the provider of a type of connection
_EXTRAS = {"postgres": "postgres", "mysql": "mysql", "snowflake": "snowflake", "gcpbigquery": "bigquery"}
# where the provider is not called as the type of the connection
_PROVIDERS = {
    "athena": "amazon",
    "redshift": "amazon",
    "aws": "amazon",
    "drill": "apache-drill",
    "hiveserver2": "apache-hive",
    "hive_cli": "apache-hive",
    "gcpcloudsql": "google",
    "google_cloud_platform": "google",
    "impala": "apache-impala",
    "mssql": "microsoft-mssql",
    "pinot": "apache-pinot",
}


def find_sql_hook(conn_id: str, hook_params: Mapping[str, object] | None) -> DbApiHook:
    """
    Return the hook of a database.

    :param conn_id: its Airflow connection.
    :param hook_params: more arguments of the hook.
    :raises CopernicaArgumentError: a package is missing, or the connection is not one of a database.
    """
    try:
        from airflow.providers.common.sql.hooks.sql import DbApiHook
    except ImportError as error:
        raise CopernicaArgumentError(
            "SqlToCopernicaOperator needs apache-airflow-providers-common-sql: pip install "
            "'airflow-provider-copernica[sql]'"
        ) from error
    connection = BaseHook.get_connection(conn_id)
    try:
        hook = connection.get_hook(hook_params=dict(hook_params or {}))  # type: ignore[no-untyped-call]  # in Airflow
    except (AirflowException, ImportError) as error:
        if isinstance(error, AirflowException) and "Unknown hook type" not in str(error):
            raise
        raise CopernicaArgumentError(_not_installed(conn_id, str(connection.conn_type))) from error
    if not isinstance(hook, DbApiHook):
        raise CopernicaArgumentError(
            f"sql_conn_id: the connection {conn_id!r} is of type {connection.conn_type!r}, which is not a database "
            "with a DbApiHook: choose another one"
        )
    return hook


def _not_installed(conn_id: str, conn_type: str) -> str:
    if extra := _EXTRAS.get(conn_type):
        package = f"airflow-provider-copernica[{extra}]"
    else:
        package = f"apache-airflow-providers-{_PROVIDERS.get(conn_type, conn_type.replace('_', '-'))}"
    return (
        f"sql_conn_id: the Airflow provider for connections of type {conn_type!r} is not installed: "
        f"pip install '{package}', or the package that the type comes from (connection {conn_id!r})"
    )


def check_single(sql: object) -> str:
    """
    Return the text of the only statement, without what stands after its semicolon.

    :raises CopernicaArgumentError: it is not text, is blank, or holds several statements, of which only one would be
        read.
    """
    if not isinstance(sql, str):
        raise CopernicaArgumentError(f"sql must be the text of one query, not {type(sql).__name__}")
    if not sql.strip():
        raise CopernicaArgumentError("sql is blank: its template rendered to nothing")
    if ";" not in sql.rstrip("; \t\r\n"):
        return sql
    import sqlparse

    statements = [text for text in sqlparse.split(sql) if _does_something(text)]
    if len(statements) > 1:
        raise CopernicaArgumentError(
            f"sql holds {len(statements)} statements, and the result of one is read: give one query"
        )
    return statements[0] if statements else sql


def _does_something(text: str) -> bool:
    """Whether there is more than comments and semicolons."""
    from sqlparse import tokens
    from sqlparse.lexer import tokenize

    parts = tokenize(text)  # type: ignore[no-untyped-call]  # in sqlparse
    return any(kind not in tokens.Comment and kind not in tokens.Whitespace and value != ";" for kind, value in parts)
