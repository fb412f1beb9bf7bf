"""The rows of a source against the last snapshot: which are sent, which are gone, and the records of the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.header import Header
from airflow_provider_copernica.snapshot.decisions import other_columns
from airflow_provider_copernica.snapshot.digests import KEY_SIZE, RowDigests
from airflow_provider_copernica.snapshot.pointer import Pointer
from airflow_provider_copernica.snapshot.records import (
    BUCKETS,
    DOUBT,
    GONE,
    RECORD,
    SENT,
    RecordFile,
    RecordWriter,
    with_flags,
)
from airflow_provider_copernica.snapshot.spill import EntrySpill

__all__ = ["Base", "Comparison", "ComparisonOutcome", "Counts", "Rules"]

_ON_ITS_WAY = bytes((SENT,))
_HELD = bytes((0,))


@dataclass(frozen=True)
class Rules:
    """
    How rows are compared.

    :param salt: the key of the digests.
    :param keys_only: only the keys of rows count, since Copernica ignores the rest where the profile exists.
    :param ignore_empty: empty cells leave stored values alone.
    :param hands_over: gone rows are kept with the texts of their keys.
    :param check_columns: called with the names of the columns, as soon as these are known.
    """

    salt: bytes
    keys_only: bool = False
    ignore_empty: bool = False
    hands_over: bool = False
    check_columns: Callable[[tuple[str, ...]], None] = lambda _: None


@dataclass(frozen=True)
class Base:
    """
    The snapshot that rows are compared with.

    :param pointer: what it means.
    :param records: its records.
    :param settled: whether the import that they were written for has finished.
    """

    pointer: Pointer
    records: RecordFile
    settled: bool


@dataclass(frozen=True)
class Counts:
    """
    What was found.

    :param rows: of the source.
    :param sent: on their way.
    :param new: that the last snapshot did not have.
    :param changed: that it had otherwise.
    :param again: sent once more, since an import that failed had them.
    :param gone: of the last snapshot, and not in the source.
    :param full: everything is sent.
    """

    rows: int
    sent: int
    new: int
    changed: int
    again: int
    gone: int
    full: bool


@dataclass(frozen=True)
class ComparisonOutcome:
    """
    The end of a comparison.

    :param counts: what was found.
    :param records: the new ones; to be closed by whoever made the comparison.
    :param columns: of the rows, sorted.
    :param live: how many records are of rows that are not gone.
    :param altered: whether the last snapshot is out of date, even where no row is sent.
    :param without_key: gone rows that can't be handed over, since the texts of their keys were not kept.
    """

    counts: Counts
    records: RecordWriter
    columns: tuple[str, ...]
    live: int
    altered: bool
    without_key: int


class Comparison:
    """
    Compares the rows of one import with the last snapshot, as they stream into the body.

    :param rules: how.
    :param base: the last snapshot; None where everything is sent, and nothing is known of what is gone.
    :param full: why everything is sent although there is a snapshot; None: only what changed.
    """

    def __init__(self, rules: Rules, base: Base | None, full: str | None = None) -> None:
        self.full = full
        self._rules = rules
        self._with_keys = rules.hands_over
        self._base = base
        self._find = base.records.find if base else _find_nothing
        self._spill = EntrySpill(with_keys=rules.hands_over)
        self._writer = RecordWriter(with_keys=rules.hands_over)
        self._columns: tuple[str, ...] = ()
        self._digests: RowDigests | None = None
        self._rows = self._sent = self._new = self._changed = self._again = self._returned = 0

    @property
    def selects(self) -> bool:
        """Return True: rows may be left out."""
        return True

    def begin(self, header: Header) -> None:
        """
        Get to know the columns.

        :param header: of the rows from here on.
        """
        rules = self._rules
        is_first = self._digests is None
        self._columns = tuple(sorted(header.names))
        rules.check_columns(self._columns)
        self._digests = RowDigests(rules.salt, header, keys_only=rules.keys_only, ignore_empty=rules.ignore_empty)
        if is_first and self._base and self.full is None:
            self.full = other_columns(self._base.pointer, self._columns)

    def takes(self, texts: Sequence[str]) -> bool:
        """
        Return whether a row must be sent.

        :param texts: its values.
        """
        if self._digests is None:
            raise RuntimeError("The columns are not known yet.")
        key, row = self._digests.of(texts)
        self._rows += 1
        known = self._find(key)
        if known == (row, 0) and self.full is None:  # most rows of most nights
            send = False
        elif known is None:
            self._new += 1
            send = True
        else:
            send = self._differs(row, *known)
        entry = key + row + (_ON_ITS_WAY if send else _HELD)
        self._spill.add(entry + self._digests.key_line(texts) if self._with_keys else entry)
        self._sent += send
        return send

    def finish(self, *, incomplete: bool) -> ComparisonOutcome:
        """
        Find what is gone, and write the new records; no row can follow.

        :param incomplete: rows were rejected, so that a row that was not seen may be one of them: none is gone then.
        :raises CopernicaArgumentError: a key occurs more than once.
        """
        merge = _Merge(incomplete=incomplete, hands_over=self._rules.hands_over, full=self.full is not None)
        repeated = 0
        old = self._base.records.buckets() if self._base else None
        for bucket in range(BUCKETS):
            fresh = self._spill.bucket(bucket)
            keys = {entry[:KEY_SIZE] for entry in fresh}
            repeated += len(fresh) - len(keys)
            left = [entry for entry in next(old) if entry[:KEY_SIZE] not in keys] if old else []
            kept = merge.keep(left, self._base.records) if left and self._base else []
            self._writer.write(sorted(fresh + kept) if kept else fresh)
        self._spill.close()
        if repeated:
            raise _repeated(repeated, self._rows)
        return ComparisonOutcome(
            self._counts(merge.gone),
            self._writer,
            self._columns,
            self._writer.count - merge.kept_gone,
            merge.altered or bool(self._returned),
            merge.without_key,
        )

    def close(self) -> None:
        """Remove all temporary files."""
        self._spill.close()
        self._writer.close()
        if self._base:
            self._base.records.close()

    def __enter__(self) -> Comparison:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _differs(self, row: bytes, known: bytes, flags: int) -> bool:
        """Whether a row that the snapshot has is sent."""
        self._returned += flags & GONE
        if flags & DOUBT:
            self._again += 1
            return True
        if known != row:
            self._changed += 1
            return True
        return self.full is not None

    def _counts(self, gone: int) -> Counts:
        full = self.full is not None or self._base is None
        return Counts(self._rows, self._sent, self._new, self._changed, self._again, gone, full)


class _Merge:
    """Decides on the rows of the last snapshot that the source does not have."""

    def __init__(self, *, incomplete: bool, hands_over: bool, full: bool) -> None:
        self.gone = self.kept_gone = self.without_key = 0
        self.altered = False
        self._incomplete = incomplete
        self._hands_over = hands_over
        # where everything is sent, what is not among it has to be sent when it is back
        self._more = DOUBT if full else 0

    def keep(self, entries: Iterable[bytes], records: RecordFile) -> list[bytes]:
        """Return what is kept of them, with its present flags."""
        kept = []
        for entry in entries:
            flags = records.flags_of(entry)
            if flags is None:
                self.altered = True
                continue
            is_new, flags = not flags & GONE, flags | self._more
            if self._incomplete and is_new:
                kept.append(with_flags(entry if self._hands_over else entry[:RECORD], flags))
                continue
            self.gone += is_new
            has_key = len(entry) > RECORD
            self.altered = self.altered or is_new or not (self._hands_over and has_key)
            if self._hands_over and has_key:
                kept.append(with_flags(entry, flags | GONE))
                self.kept_gone += 1
            elif self._hands_over:
                self.without_key += 1
        return kept


def _find_nothing(_: bytes) -> None:
    return None


def _repeated(number: int, rows: int) -> CopernicaArgumentError:
    return CopernicaArgumentError(
        f"key_fields: {number:,} of {rows:,} rows have the same key as an earlier row, and with a snapshot each key "
        "may occur once, so nothing was sent to Copernica: leave the others out (in SQL with DISTINCT or GROUP BY), or "
        "name more key fields"
    )
