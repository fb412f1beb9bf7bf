"""
Parquet as rows; needs the extra ``parquet``.

INT96, the timestamps that Spark writes by default, hold no time zone: they are read as they stand, to the year 9999 and
beyond the range of nanoseconds. Spark counts them in UTC, so that a clock of another place needs a conversion there.

Memory stays flat whatever the size of a row group, and whatever its encoding makes of few bytes: a text that stands
once in the file may be the cell of all rows, so that the largest one decides how many rows are decoded at a time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.arrow_columns import Column, kernels
from airflow_provider_copernica.readers.arrow_rows import BATCH_ROWS, batch_rows, check_columns, import_pyarrow

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

__all__ = ["parquet_rows", "seekable_parquet_rows"]

_BUFFER = 1 << 16
# decoded at a time; a batch of rows whose texts come from a dictionary, or from what they share with the one before
_BATCH_BYTES = 4 << 20
_SHARING_ROWS = 32
# dictionaries up to this size can't make a large batch
_SMALL_DICTIONARY = _BATCH_BYTES // BATCH_ROWS


def parquet_rows(chunks: Iterable[bytes]) -> Iterator[object]:
    """
    Read Parquet from a stream that can't be searched, by way of a temporary file on disk.

    :param chunks: the bytes.
    :raises CopernicaArgumentError: as :func:`seekable_parquet_rows`.
    """
    with tempfile.TemporaryFile() as file:
        file.writelines(chunks)
        file.seek(0)
        yield from seekable_parquet_rows(file)


def seekable_parquet_rows(file: IO[bytes]) -> Iterator[object]:
    """
    Read Parquet.

    :param file: can be searched: Parquet starts at its end. Its own errors are raised as they are.
    :raises CopernicaArgumentError: pyarrow is missing, the file is damaged or not Parquet, or a column occurs twice.
    """
    pa = import_pyarrow("parquet", "Parquet")
    watched = _WatchedFile(file)
    try:
        with _open(watched) as source:
            check_columns(source.schema_arrow)
            keeps_memory = pa.default_memory_pool().backend_name != "system"
            # all of them before the first row: what dictionaries take is free again when rows need it
            for group, size in enumerate(_batch_sizes(source, watched)):
                for batch in _group_batches(source, group, size):
                    yield from batch_rows(batch)
                    if size < BATCH_ROWS or keeps_memory:  # else a fifth of the time, for next to nothing
                        _give_back_memory()
    except (pa.ArrowException, OSError) as error:
        if watched.error is not None:
            raise
        raise CopernicaArgumentError("The file is not valid Parquet, or damaged: check it, or its name") from error


class _WatchedFile:
    """
    A file that remembers its own error, which is not a fault of what it holds.

    :param file: to read.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: Exception | None = None
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        with self._watch():
            return self._file.read(size)

    def seek(self, position: int, whence: int = 0) -> int:
        with self._watch():
            return self._file.seek(position, whence)

    def tell(self) -> int:
        with self._watch():
            return self._file.tell()

    @contextmanager
    def _watch(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.error = error
            raise


def _open(
    file: _WatchedFile, metadata: parquet.FileMetaData | None = None, dictionaries: list[str] | None = None
) -> parquet.ParquetFile:
    """
    Open a file so that only one page per column is in memory.

    :param metadata: of the file, where it has been read before.
    :param dictionaries: paths of columns that are to be left encoded.
    """
    import pyarrow as pa
    from pyarrow import parquet

    default = pa.default_memory_pool()
    # the reader keeps the pool that it is made with; the usual one would hold on to tens of megabytes
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        return parquet.ParquetFile(
            cast("IO[bytes]", file),
            metadata=metadata,
            # without both, a column of a whole row group is in memory at a time
            pre_buffer=False,
            buffer_size=_BUFFER,
            coerce_int96_timestamp_unit="us",
            page_checksum_verification=True,
            read_dictionary=dictionaries,
        )
    finally:
        pa.set_memory_pool(default)


def _batch_sizes(source: parquet.ParquetFile, file: _WatchedFile) -> list[int]:
    """Return for each row group how many of its rows may be decoded at once."""
    columns = [source.schema.column(index) for index in range(len(source.schema))]
    fixed = sum(column.length or 0 for column in columns if column.physical_type == "FIXED_LEN_BYTE_ARRAY")
    texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
    encoded = _open(file, source.metadata, texts)
    return [_batch_size(encoded, group, fixed) for group in range(source.num_row_groups)]


def _batch_size(encoded: parquet.ParquetFile, group: int, row_bytes: int) -> int:
    """
    Find the size for one row group.

    :param encoded: the file with its texts left encoded.
    :param row_bytes: what the cells of a fixed size take.
    """
    metadata = encoded.metadata.row_group(group)
    columns = [metadata.column(index) for index in range(metadata.num_columns)]
    texts = [column for column in columns if column.physical_type == "BYTE_ARRAY"]
    rows = _SHARING_ROWS if any("DELTA_BYTE_ARRAY" in column.encodings for column in texts) else BATCH_ROWS
    for column in filter(_may_hold_a_large_dictionary, texts):
        row_bytes += _largest_entry(encoded, group, column.path_in_schema)
        _give_back_memory()
    return max(1, min(rows, _BATCH_BYTES // max(row_bytes, 1)))


def _give_back_memory() -> None:
    """Return what pyarrow and the allocator of the system hold on to, and nobody uses."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    pa.system_memory_pool().release_unused()


def _group_batches(source: parquet.ParquetFile, group: int, size: int) -> Iterator[pa.RecordBatch]:
    batches = source.iter_batches(batch_size=size, row_groups=[group], use_threads=False)
    return batches if size == BATCH_ROWS else _gathered(batches)


def _gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join small batches, as long as they are small: what is done for each batch costs time."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= BATCH_ROWS or size >= _BATCH_BYTES:
            yield from pa.Table.from_batches(held).combine_chunks().to_batches()
            held, rows, size = [], 0, 0
    if held:
        yield from pa.Table.from_batches(held).combine_chunks().to_batches()


def _may_hold_a_large_dictionary(column: Any) -> bool:  # ColumnChunkMetaData, which the stubs do not export
    encoded = any("DICTIONARY" in encoding for encoding in column.encodings)
    return encoded and column.total_uncompressed_size > _SMALL_DICTIONARY


def _largest_entry(encoded: parquet.ParquetFile, group: int, path: str) -> int:
    """Return the size of the largest text in the dictionary of a column, which is read without any row."""
    from pyarrow import types

    batch = next(encoded.iter_batches(batch_size=1, row_groups=[group], columns=[path], use_threads=False), None)
    if batch is None or not batch.num_columns or not types.is_dictionary(batch.column(0).type):
        return 0
    compute, column = kernels(), cast("Column", batch.column(0))
    return int(compute.max(compute.binary_length(column.dictionary)).as_py() or 0)
