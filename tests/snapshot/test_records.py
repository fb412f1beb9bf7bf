"""Records: looked up, merged, spilled; and what their flags amount to."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.snapshot import records as module
from airflow_provider_copernica.snapshot import spill as spilling
from airflow_provider_copernica.snapshot.records import (
    DOUBT,
    GONE,
    SENT,
    RecordFile,
    RecordWriter,
    present_flags,
)

keys = st.binary(min_size=16, max_size=16) | st.integers(0, 40).map(lambda number: bytes(15) + bytes((number,)))
rows = st.binary(min_size=15, max_size=15)


def stored(entries: list[bytes], *, with_keys: bool = False, settled: bool = True) -> RecordFile:
    writer = RecordWriter(with_keys=with_keys)
    writer.write(sorted(entries))
    file = io.BytesIO()
    assert writer.count == len(entries)
    size = writer.size
    writer.copy_to(file)
    writer.close()
    assert size == len(file.getvalue())
    file.seek(0)
    found = RecordFile(file, len(entries), with_keys=with_keys, settled=settled)
    assert found.size == size
    return found


@pytest.mark.parametrize(
    ("flags", "settled", "unsettled"),
    [
        (0, 0, 0),
        (SENT, 0, DOUBT),
        (SENT | GONE, None, GONE | DOUBT),
        (GONE, GONE, GONE),
        (DOUBT, DOUBT, DOUBT),
        (SENT | DOUBT, 0, DOUBT),
        (GONE | DOUBT, GONE | DOUBT, GONE | DOUBT),
        (SENT | GONE | DOUBT, None, GONE | DOUBT),
    ],
)
def test_flags(flags: int, settled: int | None, unsettled: int) -> None:
    assert present_flags(flags, settled=True) == settled
    assert present_flags(flags, settled=False) == unsettled


@given(st.dictionaries(keys, rows), st.lists(keys))
def test_each_record_is_found_and_no_other(held: dict[bytes, bytes], others: list[bytes]) -> None:
    found = stored([key + row + b"\0" for key, row in held.items()])
    for key in [*held, *others]:
        assert found.find(key) == ((held[key], 0) if key in held else None)
    assert [entry for bucket in found.buckets() for entry in bucket] == sorted(
        key + row + b"\0" for key, row in held.items()
    )
    found.close()


def test_a_digest_of_a_row_that_looks_like_a_key_is_not_one() -> None:
    first, second = b"ab" + bytes(14), b"ab" + bytes(13) + b"\1"
    found = stored([first + b"\1" + second[:14] + b"\0", second + bytes(15) + b"\0"])
    assert found.find(second) == (bytes(15), 0)
    # across two records: the end of one and the start of the next
    inner = first[8:] + b"\1" + second[:7]
    assert found.find(b"ab" + inner[2:]) is None
    found.close()


def test_many_records_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 32 * 7)
    held = {number.to_bytes(2, "big") * 8: number.to_bytes(15, "big") for number in range(0, 65_536, 97)}
    found = stored([key + row + b"\0" for key, row in held.items()])
    assert all(found.find(key) == (row, 0) for key, row in held.items())
    assert found.find(bytes(15) + b"\1") is None
    assert sum(map(len, found.buckets())) == len(held)
    found.close()


@pytest.mark.parametrize("with_keys", [False, True])
@pytest.mark.parametrize("in_memory", [1 << 22, 100])
def test_a_spill_gives_sorted_buckets(with_keys: bool, in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilling, "_IN_MEMORY", in_memory)
    entries = [bytes((number * 37 % 256, number % 256)) + bytes(30) for number in range(500)]
    if with_keys:
        entries = [entry + b'["' + b"x" * number + b'"]' for number, entry in enumerate(entries)]
    with spilling.EntrySpill(with_keys=with_keys) as spill:
        for entry in entries:
            spill.add(entry)
        assert [entry for first in range(256) for entry in spill.bucket(first)] == sorted(entries)


@pytest.mark.parametrize("settled", [True, False])
def test_the_texts_of_keys_stay_with_their_records(settled: bool) -> None:
    entries = [bytes((number,)) * 31 + bytes((SENT,)) + f'["{number}\\n"]'.encode() for number in range(200)]
    found = stored(entries, with_keys=True, settled=settled)
    flags = b"\0" if settled else bytes((DOUBT,))
    assert list(found.entries()) == [entry[:31] + flags + entry[32:] for entry in entries]
    found.close()


def test_a_forgotten_row_is_not_found() -> None:
    entry = b"k" * 16 + b"r" * 15 + bytes((SENT | GONE,))
    found: Any = stored([entry])
    assert (found.find(b"k" * 16), list(found.entries())) == (None, [])
    found.close()


def test_a_file_that_is_too_short_is_read_as_far_as_it_goes() -> None:
    whole = b"k" * 16 + b"r" * 15 + b"\0"
    found = RecordFile(io.BytesIO(whole + b"k" * 8), 5, with_keys=False, settled=True)
    assert (found.size, found.find(b"k" * 16)) == (40, (b"r" * 15, 0))
    found.close()
