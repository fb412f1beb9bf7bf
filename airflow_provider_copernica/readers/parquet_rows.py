"""Parquet by batches of records; needs the extra ``parquet``."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

from airflow_provider_copernica.exceptions import CopernicaArgumentError

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 1000
_BUFFER = 1 << 16


def parquet_rows(chunks: Iterable[bytes]) -> Iterator[dict[str, object]]:
    """
    Read Parquet from a stream that can't be searched, by way of a temporary file on disk.

    :param chunks: the bytes.
    :raises CopernicaArgumentError: pyarrow is missing, or it isn't Parquet.
    """
    with tempfile.TemporaryFile() as file:
        file.writelines(chunks)
        file.seek(0)
        yield from seekable_parquet_rows(file)


def seekable_parquet_rows(file: IO[bytes]) -> Iterator[dict[str, object]]:
    """
    Read Parquet.

    :param file: can be searched: Parquet starts at its end.
    :raises CopernicaArgumentError: pyarrow is missing, it isn't Parquet, or a column occurs twice.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        remedy = "pip install 'airflow-provider-copernica[parquet]'"
        raise CopernicaArgumentError(f"Parquet needs pyarrow, the extra 'parquet': {remedy}") from error
    try:
        # without both, a column of a whole row group is in memory at a time
        with parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER) as source:
            schema = _without_nanoseconds(source.schema_arrow)
            for batch in source.iter_batches(batch_size=_BATCH_ROWS):
                yield from pa.Table.from_batches([batch]).cast(schema, safe=False).to_pylist()
    except pa.ArrowException as error:
        raise CopernicaArgumentError("the file is no valid Parquet: check it, or its name") from error
    except OverflowError as error:
        raise CopernicaArgumentError("the file holds a date before the year 1 or after 9999: correct it") from error


def _without_nanoseconds(schema: pa.Schema) -> pa.Schema:
    """Python's own dates and times hold microseconds; Copernica stores seconds."""
    import pyarrow as pa

    twice = [name for name, times in Counter(schema.names).items() if times > 1]
    if twice:
        raise CopernicaArgumentError(*(f"column {name!r} occurs twice in the file: keep one" for name in twice))
    for position, field in enumerate(schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            schema = schema.set(position, field.with_type(pa.timestamp("us", field.type.tz)))
        elif pa.types.is_time64(field.type) and field.type.unit == "ns":
            schema = schema.set(position, field.with_type(pa.time64("us")))
    return schema
