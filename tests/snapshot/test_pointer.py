"""The pointer: written, read back, and read with care."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.snapshots import pointer

from airflow_provider_copernica.snapshot.pointer import Pointer, UnreadablePointerError, read_pointer


@pytest.mark.parametrize(
    "given",
    [pointer(), pointer(import_id=5), pointer(import_id=5, confirmed=True), pointer(with_keys=True, rejected=3)],
)
def test_it_is_read_as_it_was_written(given: Pointer) -> None:
    assert read_pointer(given.to_json()) == given


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", 2),
        ("owner", "dag.task"),
        ("owner", {"dag": 1, "task": "x", "map_index": -1}),
        ("run", None),
        ("salt", "zz"),
        ("salt", "00"),
        ("records", "../../other/000001.records"),
        ("size", -1),
        ("size", True),
        ("count", "5"),
        ("columns", "Email"),
        ("confirmed", 1),
        ("written_at", "yesterday"),
        ("full_at", 5),
        ("import_id", "5"),
    ],
)
def test_what_is_not_one_is_told(name: str, value: Any) -> None:
    fields = {**json.loads(pointer().to_json()), name: value}
    with pytest.raises(UnreadablePointerError):
        read_pointer(json.dumps(fields).encode())


@pytest.mark.parametrize("missing", sorted(json.loads(pointer().to_json())))
def test_each_field_is_needed(missing: str) -> None:
    fields = json.loads(pointer().to_json())
    del fields[missing]
    with pytest.raises(UnreadablePointerError):
        read_pointer(json.dumps(fields).encode())


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_told(data: bytes) -> None:
    with pytest.raises(UnreadablePointerError):
        read_pointer(data)


def test_a_part_of_one_is_told() -> None:
    whole = pointer().to_json()
    for size in range(len(whole)):
        with pytest.raises(UnreadablePointerError):
            read_pointer(whole[:size])


def test_its_life() -> None:
    made = pointer()
    assert made.with_import(7) == replace(made, import_id=7)
    assert made.with_import(7).as_confirmed(7).confirmed
    given_up = made.with_import(7).as_confirmed(7).as_given_up()
    assert (given_up.import_id, given_up.confirmed, given_up.given_up) == (None, False, True)
    again = given_up.as_confirmed(7)
    assert (again.import_id, again.confirmed, again.given_up) == (7, True, False)
