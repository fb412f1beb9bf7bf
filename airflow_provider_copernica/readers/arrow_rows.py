"""
Data frames and Arrow as rows, a few thousand at a time; needs the extra ``arrow``.

Anything that speaks Arrow's stream protocol (``__arrow_c_stream__``) is read: frames of pandas and polars, tables and
readers of pyarrow, results of DuckDB. Missing values are empty. pandas uses NaN for a missing value, and hands it over
as one; NaN in any other frame is a number that is not one, and is refused.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.arrow_columns import Column, Unreadable, kernels
from airflow_provider_copernica.readers.arrow_values import column_values, decodable
from airflow_provider_copernica.readers.malformed_row import MalformedRow
from airflow_provider_copernica.readers.pandas_columns import refuse_mixed_objects
from airflow_provider_copernica.readers.row_batch import RowBatch

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["arrow_rows", "batch_rows", "check_columns", "import_pyarrow"]

# one batch is decoded at a time: so many rows, fewer where they are large
BATCH_ROWS = 2000
_BATCH_BYTES = 1 << 20


def import_pyarrow(extra: str, what: str) -> ModuleType:
    """
    Import pyarrow.

    :param extra: of this package that brings it.
    :param what: needs it.
    :raises CopernicaArgumentError: it isn't installed.
    """
    try:
        with _allocator_of_the_system():
            import pyarrow as pa
    except ImportError as error:
        remedy = f"pip install 'airflow-provider-copernica[{extra}]'"
        raise CopernicaArgumentError(f"{what} needs pyarrow, the extra {extra!r}: {remedy}") from error
    return pa


@contextmanager
def _allocator_of_the_system() -> Iterator[None]:
    """
    Let pyarrow choose the allocator of the system if it is imported within.

    It reads a variable of the environment then, and never again; its own allocators keep what they freed.
    """
    name = "ARROW_DEFAULT_MEMORY_POOL"
    known = os.environ.get(name)
    os.environ.setdefault(name, "system")
    try:
        yield
    finally:
        if known is None:
            del os.environ[name]


def arrow_rows(frame: object) -> Iterator[object]:
    """
    Read a data frame, a table or a stream of batches.

    :param frame: anything with ``__arrow_c_stream__``; a stream is consumed.
    :raises CopernicaArgumentError: pyarrow is missing, a column occurs twice or mixes types, or it holds no rows.
    """
    pa = import_pyarrow("arrow", "A data frame")
    refuse_mixed_objects(frame)
    try:
        reader = pa.RecordBatchReader.from_stream(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise CopernicaArgumentError(
            f"source: the {type(frame).__name__} can't be read as rows: it must be a table, with one type per column "
            "(a column of pandas that mixes types needs astype(str))"
        ) from error
    with reader:
        check_columns(reader.schema)
        for batch in reader:
            yield from batch_rows(batch)


def check_columns(schema: pa.Schema) -> None:
    """
    Refuse columns of one name, and periods of pandas, which look like any numbers: months since 1970, for example.

    :param schema: of a table.
    :raises CopernicaArgumentError: there are such.
    """
    problems = [f"column {name!r} occurs twice: keep one" for name, times in Counter(schema.names).items() if times > 1]
    problems += [
        f"column {field.name!r} holds periods of pandas: make them text (astype(str)) or dates (dt.to_timestamp())"
        for field in schema
        if _extension_name(field) == "pandas.period"
    ]
    if problems:
        raise CopernicaArgumentError(*problems)


def _extension_name(field: pa.Field[Any]) -> str:
    """Return the name of an extension type, which stands in the metadata where pyarrow doesn't know it."""
    known = getattr(field.type, "extension_name", "")
    return known or (field.metadata or {}).get(b"ARROW:extension:name", b"").decode(errors="replace")


def batch_rows(batch: pa.RecordBatch) -> Iterator[object]:
    """
    Yield the rows of a batch; one with a value that can't be read is a :class:`MalformedRow`.

    :param batch: of any size; decoded in small parts.
    """
    if not batch.num_columns:
        return
    for start in range(0, batch.num_rows, BATCH_ROWS):
        for part in _light_parts(batch.slice(start, BATCH_ROWS)):
            yield from _rows(part)


def _light_parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    if batch.num_rows > 1 and sum(map(_decoded_size, batch.columns)) > _BATCH_BYTES:
        half = batch.num_rows // 2
        yield from _light_parts(batch.slice(0, half))
        yield from _light_parts(batch.slice(half))
    else:
        yield batch


def _rows(batch: pa.RecordBatch) -> Iterable[object]:
    names: tuple[str, ...] = tuple(batch.schema.names)
    unreadable: list[Unreadable] = [{} for _ in names]
    columns = [column_values(*each) for each in zip(batch.columns, unreadable, strict=True)]
    decoded = RowBatch(names, columns)
    if not any(unreadable):
        return (decoded,)
    rows: list[object] = list(decoded.rows())
    for index in sorted(set().union(*unreadable)):
        reasons = (
            f"field {name!r} {each[index]}" for name, each in zip(names, unreadable, strict=True) if index in each
        )
        rows[index] = MalformedRow("; ".join(reasons))
    return rows


def _decoded_size(column: Column) -> int:
    """Tell how many bytes the texts of a column take: one large text may stand in all of its rows."""
    from pyarrow import types

    compute = kernels()

    if types.is_dictionary(column.type):
        column = decodable(column)
    kind = column.type
    if types.is_dictionary(kind) and _is_text(kind.value_type):
        sizes = compute.binary_length(column.dictionary).take(column.indices)
    elif types.is_run_end_encoded(kind) and _is_text(kind.value_type):
        return int(compute.max(compute.binary_length(column.values)).as_py() or 0) * len(column)
    elif types.is_string_view(kind) or types.is_binary_view(kind):
        views = memoryview(column.buffers()[1]).cast("i")  # of four numbers each, the first of which is the length
        return sum(views[4 * column.offset : 4 * (column.offset + len(column)) : 4])
    elif _is_text(kind):
        sizes = compute.binary_length(column)
    else:
        return 0
    return int(compute.sum(sizes).as_py() or 0)


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(test(kind) for test in tests)
