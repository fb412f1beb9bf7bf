"""
The records of a snapshot: 32 bytes for each row, sorted by key.

======  ====================================================================================
bytes   meaning
======  ====================================================================================
0-15    digest of the key
16-30   digest of the row as it goes over the wire; zeros where only the key counts
31      flags
======  ====================================================================================

Digests are spread evenly, so that their first two bytes say where a record is, up to a few others that are read with
it. A file may go on with the texts of the keys, one JSON list per line, in the order of the records.

What the flags mean depends on the import that the rows were sent with. *Settled* is an import that has finished:

=============  ============================  ======================================
flags          settled                       not settled
=============  ============================  ======================================
SENT           held by Copernica             in doubt: sent again
SENT | GONE    removed: forgotten            gone, and perhaps removed already
GONE           gone from the source, held    the same
DOUBT          in doubt                      the same
none           held by Copernica             the same
=============  ============================  ======================================

DOUBT is what remains of SENT when the next file is written before the row could be sent again; a row that is kept while
everything else is sent, since it is gone or rejected, gets it as well.
"""

from __future__ import annotations

import os
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO, Protocol

from airflow_provider_copernica.payload.spool import Spool
from airflow_provider_copernica.snapshot.digests import KEY_SIZE, ROW_SIZE

__all__ = [
    "BUCKETS",
    "DOUBT",
    "GONE",
    "RECORD",
    "SENT",
    "RecordFile",
    "RecordWriter",
    "present_flags",
    "with_flags",
]

RECORD = KEY_SIZE + ROW_SIZE + 1
SENT, GONE, DOUBT = 1, 2, 4
BUCKETS = 256
"""By the first byte of the digest: what is sorted at once."""

_FLAGS = KEY_SIZE + ROW_SIZE
_PREFIXES = 1 << 16
_BLOCK = 1 << 20


def present_flags(flags: int, *, settled: bool) -> int | None:
    """
    Return what flags amount to, as the table above says: GONE, DOUBT, both or none; None for a forgotten row.

    :param flags: as stored.
    :param settled: whether the import that they were written for has finished.
    """
    if not flags & SENT:
        return flags & (GONE | DOUBT)
    if settled:
        return None if flags & GONE else 0
    return flags & GONE | DOUBT


class Source(Protocol):
    """A file that is read from its start."""

    def read(self, size: int, /) -> bytes: ...


class RecordFile:
    """
    The records of the last snapshot, copied into a temporary file.

    :param source: the stored file; read once, to its end.
    :param count: how many records it has.
    :param with_keys: whether the texts of the keys follow.
    :param settled: whether the import that they were written for has finished.
    """

    def __init__(self, source: Source, count: int, *, with_keys: bool, settled: bool) -> None:
        self._with_keys = with_keys
        self._flags = tuple(present_flags(flags, settled=settled) for flags in range(256))
        self._file = Spool()
        try:
            self.size = self._copy(source)
            self._file.rollover()
            self._file.flush()
            self._descriptor = self._file.fileno()
            self._starts = self._index(count)
        except BaseException:
            self._file.close()
            raise

    def find(self, key: bytes) -> tuple[bytes, int] | None:
        """
        Look a row up.

        :param key: the digest of its key.
        :return: the digest of the row and its present flags; None where there is no such row.
        """
        prefix = key[0] << 8 | key[1]
        start = self._starts[prefix]
        number = self._starts[prefix + 1] - start
        if not number:
            return None
        block = os.pread(self._descriptor, number * RECORD, start * RECORD)
        at = block.find(key)
        while at % RECORD and at > 0:  # the digest of a row may look like it
            at = block.find(key, at + 1)
        if at < 0:
            return None
        flags = self._flags[block[at + _FLAGS]]
        return None if flags is None else (block[at + KEY_SIZE : at + _FLAGS], flags)

    def buckets(self) -> Iterator[list[bytes]]:
        """Yield the entries by the first byte of their digest, in order: records, each with the text of its key."""
        lines = self._lines()
        for bucket in range(BUCKETS):
            start, end = self._starts[bucket << 8], self._starts[bucket + 1 << 8]
            block = os.pread(self._descriptor, (end - start) * RECORD, start * RECORD)
            records = [block[at : at + RECORD] for at in range(0, len(block), RECORD)]
            yield [record + next(lines) for record in records] if self._with_keys else records

    def entries(self) -> Iterator[bytes]:
        """Yield all entries with their present flags, but for those that are forgotten."""
        for bucket in self.buckets():
            for entry in bucket:
                flags = self.flags_of(entry)
                if flags is not None:
                    yield with_flags(entry, flags)

    def flags_of(self, entry: bytes) -> int | None:
        """
        Return the present flags of an entry; None where it is to be forgotten.

        :param entry: as :meth:`buckets` yields it.
        """
        return self._flags[entry[_FLAGS]]

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()

    def _copy(self, source: Source) -> int:
        size = 0
        while block := source.read(_BLOCK):
            size += self._file.write(block)
        return size

    def _lines(self) -> Iterator[bytes]:
        self._file.seek(self._starts[_PREFIXES] * RECORD)
        while True:
            yield self._file.readline().rstrip(b"\n")

    def _index(self, count: int) -> array[int]:
        """Return how many records come before each of the first two bytes of a digest."""
        starts = array("Q", bytes(8 * (_PREFIXES + 1)))
        done, filled = 0, 0
        while done < count:
            block = os.pread(self._descriptor, min(_BLOCK, (count - done) * RECORD), done * RECORD)
            prefixes = _first_two_bytes(block[: len(block) // RECORD * RECORD])
            if not prefixes:
                break
            at = 0
            while at < len(prefixes):
                prefix = prefixes[at]
                starts[filled + 1 : prefix + 1] = array("Q", [done + at]) * (prefix - filled)
                filled, at = prefix, bisect_right(prefixes, prefix, at)
            done += len(prefixes)
        starts[filled + 1 :] = array("Q", [done]) * (_PREFIXES - filled)
        return starts


def _first_two_bytes(block: bytes) -> array[int]:
    pairs = bytearray(len(block) // RECORD * 2)
    pairs[0::2], pairs[1::2] = block[0::RECORD], block[1::RECORD]
    found = array("H", bytes(pairs))
    if sys.byteorder == "little":
        found.byteswap()
    return found


def with_flags(entry: bytes, flags: int) -> bytes:
    """
    Return an entry with other flags.

    :param entry: a record, perhaps with the text of its key.
    :param flags: the flags.
    """
    return entry[:_FLAGS] + bytes((flags,)) + entry[RECORD:]


class RecordWriter:
    """
    Writes a new file of records into temporary files.

    :param with_keys: the texts of the keys follow.
    """

    def __init__(self, *, with_keys: bool) -> None:
        self.count = 0
        self._with_keys = with_keys
        self._records = Spool()
        self._lines = Spool()

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self._records.tell() + self._lines.tell()

    def write(self, entries: Iterable[bytes]) -> None:
        """
        Write entries that come after all earlier ones.

        :param entries: sorted.
        """
        left = iter(entries)
        while batch := list(islice(left, _BLOCK // RECORD)):
            self.count += len(batch)
            if self._with_keys:
                self._records.write(b"".join([entry[:RECORD] for entry in batch]))
                self._lines.write(b"".join([entry[RECORD:] + b"\n" for entry in batch]))
            else:
                self._records.write(b"".join(batch))

    def copy_to(self, file: BinaryIO) -> None:
        """
        Write the whole file; nothing can be added afterwards.

        :param file: open for writing.
        """
        for part in (self._records, self._lines):
            part.seek(0)
            while block := part.read(_BLOCK):
                file.write(block)

    def close(self) -> None:
        """Remove the temporary files."""
        self._records.close()
        self._lines.close()
