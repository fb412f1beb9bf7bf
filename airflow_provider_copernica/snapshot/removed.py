"""The rows of a snapshot that are gone, for the task that removes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from airflow_provider_copernica.snapshot.records import GONE, RECORD, SENT, RecordFile, RecordWriter, with_flags

__all__ = ["count_gone", "gone_rows", "records_of_removal"]


def count_gone(records: RecordFile) -> int:
    """
    Return how many rows are gone, and can be removed.

    :param records: of the last snapshot.
    """
    return sum(map(_is_gone, records.entries()))


def gone_rows(
    records: RecordFile, key_fields: tuple[str, ...], values: Mapping[str, object]
) -> Iterator[dict[str, object]]:
    """
    Yield the keys of the rows that are gone.

    :param records: of the last snapshot.
    :param key_fields: their names.
    :param values: that each of the rows gets besides.
    """
    names = sorted(key_fields)
    for entry in records.entries():
        if _is_gone(entry):
            yield {**dict(zip(names, json.loads(entry[RECORD:]), strict=True)), **values}


def records_of_removal(records: RecordFile) -> RecordWriter:
    """
    Return the records with those that are gone flagged as on their way.

    :param records: of the last snapshot.
    :return: to be closed by the caller.
    """
    writer = RecordWriter(with_keys=True)
    try:
        writer.write(_flagged(entry) if _is_gone(entry) else entry for entry in records.entries())
    except BaseException:
        writer.close()
        raise
    return writer


def _is_gone(entry: bytes) -> bool:
    return bool(entry[RECORD - 1] & GONE) and len(entry) > RECORD


def _flagged(entry: bytes) -> bytes:
    return with_flags(entry, entry[RECORD - 1] | SENT)
