"""The rows of a snapshot that are gone, for the task that removes them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from airflow_provider_copernica.snapshot.records import GONE, RECORD, SENT, RecordFile, RecordWriter, with_flags

__all__ = ["Gone", "find_gone", "gone_rows", "records_of_removal"]

IsGone = Callable[[bytes], bool]
"""Tells whether an entry is of a row to be removed."""

_NUMBER = re.compile(r"\+?(-?)0*([0-9]+)(?:\.([0-9]*?)0*)?")


@dataclass(frozen=True)
class Gone:
    """
    The rows that are gone.

    :param has: tells whether an entry is one of them.
    :param count: how many they are.
    :param in_use: how many others are gone and must stay, since a row that is not gone may have the same profile.
    """

    has: IsGone
    count: int
    in_use: int


def find_gone(records: RecordFile, key_fields: tuple[str, ...], matched_by: Collection[str]) -> Gone:
    """
    Find the rows that are gone, and can be removed without harm to others.

    How Copernica compares keys is not documented. It may take ``A@x`` for ``a@x``, ``ë`` for ``e`` as many databases
    do, or ``007`` for ``7`` in a field of numbers, so that removing the one that is gone would remove the one that came
    in its place.

    :param records: of the last snapshot.
    :param key_fields: their names.
    :param matched_by: those that tell which profile or subprofile is removed.
    """
    positions = [position for position, name in enumerate(sorted(key_fields)) if name in matched_by]

    def matched(entry: bytes) -> int:
        texts = json.loads(entry[RECORD:])
        return hash(tuple([_plain(texts[position]) for position in positions]))

    all_gone = sum(map(_is_gone, records.entries()))
    wanted = {matched(entry) for entry in records.entries() if _is_gone(entry)} if all_gone else set()
    used = {
        found
        for entry in records.entries()
        if wanted and len(entry) > RECORD and not _is_gone(entry) and (found := matched(entry)) in wanted
    }

    def has(entry: bytes) -> bool:
        return _is_gone(entry) and (not used or matched(entry) not in used)

    count = sum(map(has, records.entries())) if used else all_gone
    return Gone(has, count, all_gone - count)


def gone_rows(
    records: RecordFile, key_fields: tuple[str, ...], values: Mapping[str, object], is_gone: IsGone
) -> Iterator[dict[str, object]]:
    """
    Yield the keys of the rows that are gone.

    :param records: of the last snapshot.
    :param key_fields: their names.
    :param values: that each of the rows gets besides.
    :param is_gone: tells which.
    """
    names = sorted(key_fields)
    for entry in records.entries():
        if is_gone(entry):
            yield {**dict(zip(names, json.loads(entry[RECORD:]), strict=True)), **values}


def records_of_removal(records: RecordFile, is_gone: IsGone) -> RecordWriter:
    """
    Return the records with those that are gone flagged as on their way.

    :param records: of the last snapshot.
    :param is_gone: tells which.
    :return: to be closed by the caller.
    """
    writer = RecordWriter(with_keys=True)
    try:
        writer.write(_flagged(entry) if is_gone(entry) else entry for entry in records.entries())
    except BaseException:
        writer.close()
        raise
    return writer


def _plain(text: str) -> str:
    """Return the same for all texts that may be one key: without case and accents, and numbers by their value."""
    if not text.isascii():
        text = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    number = _NUMBER.fullmatch(text)
    return ".".join(filter(None, (number[1] + number[2], number[3]))) if number else text.casefold()


def _is_gone(entry: bytes) -> bool:
    return bool(entry[RECORD - 1] & GONE) and len(entry) > RECORD


def _flagged(entry: bytes) -> bytes:
    return with_flags(entry, entry[RECORD - 1] | SENT)
