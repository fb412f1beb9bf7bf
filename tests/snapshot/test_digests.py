"""Digests: the same for the same rows, and for no others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.snapshots import header

from airflow_provider_copernica.snapshot.digests import RowDigests

SALT = bytes(32)
KEY = "b05376138338ca2e9cf89f596aa2d8c2"
ROW = "aedde122c77040f9ae4ade64b2f8d9"
cells = st.sampled_from(["", "a", "b", ",", '"', '","', '\\"', "\\", "\x00", "é", "a,b", "[", "0"])


def digests(*names: str, keys: tuple[str, ...] = ("A",), salt: bytes = SALT, **rules: bool) -> RowDigests:
    return RowDigests(salt, header(*names, keys=keys), **{"keys_only": False, "ignore_empty": False, **rules})


@given(st.lists(cells, min_size=3, max_size=3), st.lists(cells, min_size=3, max_size=3))
def test_other_rows_have_other_digests(one: list[str], other: list[str]) -> None:
    made = digests("A", "B", "C", keys=("A", "B"))
    assert (made.of(one)[1] == made.of(other)[1]) == (one == other)
    assert (made.of(one)[0] == made.of(other)[0]) == (one[:2] == other[:2])


@given(st.permutations(["A", "B", "C"]), st.lists(cells, min_size=3, max_size=3), st.booleans())
def test_the_order_of_columns_does_not_matter(order: list[str], row: list[str], ignore_empty: bool) -> None:
    values = dict(zip("ABC", row, strict=True))
    keys = ("C", "A") if order[0] == "A" else ("A", "C")
    one = digests("A", "B", "C", keys=("A", "C"), ignore_empty=ignore_empty)
    other = digests(*order, keys=keys, ignore_empty=ignore_empty)
    moved = [values[name] for name in order]
    assert one.of(row) == other.of(moved)
    assert one.key_line(row) == other.key_line(moved)


@given(st.lists(cells, min_size=2, max_size=2))
def test_an_empty_cell_is_a_missing_one_where_these_are_ignored(row: list[str]) -> None:
    short, long = digests("A", "B", ignore_empty=True), digests("A", "B", "C", ignore_empty=True)
    assert short.of(row) == long.of([*row, ""])
    assert short.of(row)[1] != long.of([*row, "x"])[1]
    assert digests("A", "B").of(row)[1] != digests("A", "B", "C").of([*row, ""])[1]


def test_only_keys_may_count() -> None:
    made = digests("A", "B", keys_only=True)
    assert made.of(["a", "b"]) == made.of(["a", "c"])
    assert made.of(["a", "b"])[1] == bytes(15)


def test_sizes_salt_and_texts() -> None:
    key, row = digests("A", "B").of(["a", "b"])
    assert (len(key), len(row)) == (16, 15)
    other_key, other_row = digests("A", "B", salt=b"x" * 32).of(["a", "b"])
    assert key != other_key
    assert row != other_row
    assert digests("B", "A", keys=("B", "A")).key_line(['say "hi"', "é"]) == '["é","say \\"hi\\""]'.encode()


def test_they_stay_the_same_from_version_to_version() -> None:
    key, row = digests("Email", "City", keys=("Email",)).of(["a@example.com", "Gent"])
    assert (key.hex(), row.hex()) == (KEY, ROW)
