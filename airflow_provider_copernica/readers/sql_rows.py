"""Rows of a query, by way of any driver that follows PEP 249."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.row_batch import RowBatch

__all__ = ["QueryParameters", "query_rows"]

log = logging.getLogger(__name__)

QueryParameters = Mapping[str, object] | Sequence[object]
Connection = Any  # PEP 249 describes connections and cursors, but gives no types
Cursor = Any  # its rows are sequences, or what an option of the connection makes of them
Values = Sequence[object]

_BATCH_ROWS = 1000
_POSTGRES_DRIVERS = ("psycopg", "psycopg2")
_MYSQL_DRIVERS = ("MySQLdb", "mysql", "pymysql")
# what drivers raise where a statement has no rows to fetch (PEP 249: "An Error (or subclass)")
_NO_RESULT_ERRORS = ("Error", "InterfaceError", "ProgrammingError")
_MYSQL_BIT = 16
"""The number of the type BIT in MySQL's protocol."""


class Closable(Protocol):
    """A connection or a cursor."""

    def close(self) -> object: ...


Thing = TypeVar("Thing", bound=Closable)


def query_rows(
    connect: Callable[[], Connection], sql: str, parameters: QueryParameters | None = None, fetch_size: int = 10_000
) -> Iterator[RowBatch]:
    """
    Run a query and read its rows; errors of the driver are raised as they are.

    :param connect: opens a connection, which is closed at the end.
    :param sql: one statement.
    :param parameters: of the query, as the driver wants them; None, the default, and empty ones are not handed over,
        so that a percent sign may stand in the text.
    :param fetch_size: rows per fetch, default 10,000.
    :raises CopernicaArgumentError: there are no columns, two of one name, a second result, or a value that the driver
        can't tell.
    """
    with _closing(connect()) as connection, _closing(_open_cursor(connection)) as cursor:
        cursor.execute(sql, *([parameters] if parameters else []))
        batch = _first_batch(connection, cursor, fetch_size)
        names = _column_names(cursor.description)
        convert = _converter(connection, cursor.description)
        while batch:
            # cursors that give dicts (an option of several connections) would else give the names as values
            rows: Iterable[Values] = (list(row.values()) for row in batch) if isinstance(batch[0], Mapping) else batch
            yield from _batches(names, list(map(convert, rows) if convert else rows))
            batch = cursor.fetchmany(fetch_size)
        _refuse_second_result(cursor)


def _batches(names: Sequence[str], rows: Sequence[Values]) -> Iterator[RowBatch]:
    for start in range(0, len(rows), _BATCH_ROWS):
        yield RowBatch.of_rows(names, rows[start : start + _BATCH_ROWS])


@contextmanager
def _closing(thing: Thing) -> Iterator[Thing]:
    """Close it in the end. A driver that complains then (rows may be unread) must not hide why it was closed."""
    try:
        yield thing
    finally:
        try:
            thing.close()
        except Exception as error:  # noqa: BLE001 - each driver has errors of its own
            log.debug("Closing the %s failed: %s", type(thing).__name__, type(error).__name__)


def _driver(connection: Connection) -> str:
    return type(connection).__module__.partition(".")[0]


def _open_cursor(connection: Connection) -> Cursor:
    """Open a cursor; in PostgreSQL one on the server, since the usual ones fetch the whole result at once."""
    if _driver(connection) not in _POSTGRES_DRIVERS:
        return connection.cursor()
    if connection.autocommit:  # a cursor on the server lives within a transaction
        connection.autocommit = False
    return connection.cursor(name="airflow_copernica")


def _first_batch(connection: Connection, cursor: Cursor, fetch_size: int) -> Sequence[Any]:
    """Fetch for the first time: several cursors, psycopg2's on the server among them, know their columns only then."""
    try:
        batch: Sequence[Any] = cursor.fetchmany(fetch_size)
    except Exception as error:
        if cursor.description or _driver(connection) in _POSTGRES_DRIVERS:
            raise
        if type(error).__name__ not in _NO_RESULT_ERRORS:
            raise
        return []
    return batch


def _column_names(description: Sequence[Sequence[Any]] | None) -> list[str]:
    if not description:
        raise CopernicaArgumentError("sql: the statement gives no rows: it must be a query")
    names = [str(column[0]) for column in description]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise CopernicaArgumentError(f"sql: the query has several columns named {twice[0]!r}: rename all but one (AS)")
    return names


def _converter(connection: Connection, description: Sequence[Sequence[Any]]) -> Callable[[Values], Values] | None:
    """What makes values of a row that its driver hands over in a form of its own; None: there are none such."""
    if _driver(connection) not in _MYSQL_DRIVERS:
        return None
    names = [str(column[0]) for column in description]
    bits = [position for position, column in enumerate(description) if column[1] == _MYSQL_BIT]

    def convert(values: Values) -> Values:
        row = list(values)
        for position in bits:
            value = row[position]
            row[position] = int.from_bytes(value) if isinstance(value, bytes) else value
        for name, value in zip(names, row, strict=True):
            if isinstance(value, set):
                raise CopernicaArgumentError(
                    f"sql: column {name!r} is a SET, whose order the driver doesn't keep: select it as text, "
                    "CAST(... AS CHAR)"
                )
        return row

    return convert


def _refuse_second_result(cursor: Cursor) -> None:
    """Results of procedures and scripts that nobody reads; where the driver can't tell, there is one result."""
    try:
        more = cursor.nextset()
    except (AttributeError, NotImplementedError):
        return
    except Exception as error:
        if type(error).__name__ == "NotSupportedError":  # PEP 249; each driver has its own
            return
        raise
    while more:
        if cursor.description:
            raise CopernicaArgumentError("sql: there is a second result, which nobody reads: give one query")
        more = cursor.nextset()
