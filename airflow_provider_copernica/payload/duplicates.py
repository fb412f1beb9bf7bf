"""Counting repeated keys among any number of rows, in bounded memory."""

from __future__ import annotations

import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Hashable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import IO

from airflow_provider_copernica.payload.spool import explain_full_disk

__all__ = ["DuplicateCounter"]

_BUFFER = 1 << 16
"""Hashes kept in memory before they go to disk: 512 KiB."""

_BUCKETS = 256
_EDGES = [(bucket << 56) - (1 << 63) for bucket in range(_BUCKETS)]
"""The smallest hash of each bucket."""


class DuplicateCounter:
    """
    Counts keys that were seen before, by their 64-bit hashes.

    Many keys are written to a temporary file in sorted runs, so that each bucket (a range of hashes) is one piece of
    every run, and the buckets are counted one by one: memory is that of the largest bucket.
    """

    def __init__(self) -> None:
        self._buffer = array("q")
        self._runs: list[array[int]] = []
        self._file: IO[bytes] | None = None

    def __enter__(self) -> DuplicateCounter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, key: Hashable) -> None:
        """
        Take note of a key.

        :param key: the text of the key field of one row, or a tuple of several.
        """
        self._buffer.append(hash(key))
        if len(self._buffer) >= _BUFFER:
            self._write_run()

    def add_all(self, keys: Iterable[Hashable]) -> None:
        """
        Take note of many keys, few in comparison with the buffer.

        :param keys: as for :meth:`add`.
        """
        self._buffer.extend(map(hash, keys))
        if len(self._buffer) >= _BUFFER:
            self._write_run()

    def count(self) -> int:
        """Count the keys that were seen before; nothing can be added afterwards."""
        if self._file is None:
            return len(self._buffer) - len(set(self._buffer))
        self._write_run()
        return sum(self._count_bucket(bucket) for bucket in range(_BUCKETS))

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk did not take is not missed
                self._file.close()

    def _write_run(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        run = array("q", sorted(self._buffer))
        start = self._file.tell() // run.itemsize
        cuts = [bisect_left(run, edge) for edge in _EDGES]
        self._runs.append(array("q", (start + cut for cut in (*cuts, len(run)))))
        with explain_full_disk(start * run.itemsize):
            run.tofile(self._file)
            self._file.flush()
        del self._buffer[:]

    def _count_bucket(self, bucket: int) -> int:
        total, seen = 0, set[int]()
        for cuts in self._runs:
            piece = self._read(cuts[bucket], cuts[bucket + 1])
            total += len(piece)
            seen.update(piece)
        return total - len(seen)

    def _read(self, start: int, end: int) -> array[int]:
        piece = array("q")
        if self._file is not None:
            self._file.seek(start * piece.itemsize)
            piece.frombytes(self._file.read((end - start) * piece.itemsize))
        return piece
