"""The entries of a stream of rows, put aside until all were seen."""

from __future__ import annotations

import os
from types import TracebackType

from airflow_provider_copernica.payload.spool import Spool
from airflow_provider_copernica.snapshot.records import BUCKETS, RECORD

__all__ = ["EntrySpill"]

_IN_MEMORY = 1 << 22
_LENGTH = 4


class EntrySpill:
    """
    Takes the entries of a stream of rows, and gives them back bucket by bucket; flat in memory.

    :param with_keys: entries have the texts of their keys, and so differ in length.
    """

    def __init__(self, *, with_keys: bool) -> None:
        self._with_keys = with_keys
        self._weight = 0
        self._buckets = [bytearray() for _ in range(BUCKETS)]
        self._pieces: list[list[tuple[int, int]]] = [[] for _ in range(BUCKETS)]
        self._file = Spool()

    def add(self, entry: bytes) -> None:
        """
        Take an entry.

        :param entry: a record, perhaps with the text of its key.
        """
        bucket = self._buckets[entry[0]]
        if self._with_keys:
            bucket += len(entry).to_bytes(_LENGTH, "big")
        bucket += entry
        self._weight += len(entry)
        if self._weight >= _IN_MEMORY:
            self._flush()

    def bucket(self, first: int) -> list[bytes]:
        """
        Return the sorted entries of a bucket.

        :param first: the first byte of their digests.
        """
        data = b"".join(self._read(*piece) for piece in self._pieces[first]) + self._buckets[first]
        entries = _cut(data) if self._with_keys else [data[at : at + RECORD] for at in range(0, len(data), RECORD)]
        entries.sort()
        return entries

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()

    def __enter__(self) -> EntrySpill:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)

    def _flush(self) -> None:
        start = self._file.seek(0, os.SEEK_END)
        for first, bucket in enumerate(self._buckets):
            if bucket:
                self._pieces[first].append((start, len(bucket)))
                start += self._file.write(bytes(bucket))
                bucket.clear()
        self._weight = 0


def _cut(data: bytes) -> list[bytes]:
    entries, at = [], 0
    while at < len(data):
        end = at + _LENGTH + int.from_bytes(data[at : at + _LENGTH], "big")
        entries.append(data[at + _LENGTH : end])
        at = end
    return entries
