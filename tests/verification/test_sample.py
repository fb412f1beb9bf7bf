"""Which rows are drawn to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

import pytest
from support.verification import header

from airflow_provider_copernica.verification.conditions import is_askable
from airflow_provider_copernica.verification.sample import RowSample

Result = TypeVar("Result")


def drawn(sample: RowSample, rows: Sequence[Sequence[str]], *columns: str, keys: Sequence[str] = ("Email",)) -> Any:
    assert sample.selects is False
    sample.begin(header(*columns, keys=keys))
    for row in rows:
        assert sample.takes(row)
    return {row.texts for row in sample.rows}


def test_all_rows_are_drawn_where_there_are_few() -> None:
    rows = [("a", "1"), ("b", "2")]
    assert drawn(RowSample(5), rows, "Email", "City") == {*rows}
    assert drawn(RowSample(2), rows, "Email", "City") == {*rows}
    assert drawn(RowSample(0), rows, "Email", "City") == set()


def test_the_last_row_of_each_key_is_kept_in_any_case_of_letters() -> None:
    rows = [(f"{key}{n // 2 % 50}", str(n)) for n, key in enumerate("aA" * 500)]
    for _ in range(20):
        for key, number in drawn(RowSample(7), rows, "Email", "City"):
            assert int(number) == max(int(n) for each, n in rows if each.lower() == key.lower())


def test_rows_are_drawn_evenly_by_key_however_often_a_key_occurs() -> None:
    keys = [f"{n}@example.com" for n in range(10)]
    rows = [(key,) for key in keys for _ in range(1 if key.startswith("0") else 20)]
    seen = Counter(text for _ in range(600) for (text,) in drawn(RowSample(2), rows, "Email"))
    assert sum(seen.values()) == 1200
    assert set(seen) == {*keys}
    assert max(seen.values()) < 2 * min(seen.values())  # 120 each on average: a chance of one in millions


def test_memory_is_that_of_the_sample() -> None:
    sample = RowSample(3)
    drawn(sample, [(f"{n}@example.com",) for n in range(5000)], "Email")
    assert len(sample.rows) == 3
    assert len(sample._marks) == 3


def test_a_profile_with_several_orders_is_drawn_with_its_last_row() -> None:
    rows = [("a", "Gent", "1"), ("a", "Ede", "2"), ("a", "Breda", "3")]
    columns, keys = ("Email", "City", "Order.Number"), ("Email", "Order.Number")
    assert drawn(RowSample(5), rows, *columns, keys=keys) == {rows[2]}
    assert drawn(RowSample(5, whole_key=True), rows, *columns, keys=keys) == {*rows}


def test_a_column_that_comes_up_later_belongs_to_the_rows_from_there_on() -> None:
    sample = RowSample(5)
    drawn(sample, [("a", "1")], "Email", "City")
    drawn(sample, [("2", "b", "3")], "Age", "Email", "City")
    assert {tuple(column.name for column in row.columns) for row in sample.rows} == {
        ("Email", "City"),
        ("Age", "Email", "City"),
    }
    assert {row.texts[row.keys[0]] for row in sample.rows} == {"a", "b"}


@pytest.mark.parametrize("key", ["a=b", "a<b", "a>b", "a!b", "a~b", "a\nb", "a\x00b", "x" * 301])
def test_what_can_not_be_asked_for_is_counted(key: str) -> None:
    sample = RowSample(5)
    assert drawn(sample, [(key,), ("good",)], "Email") == {("good",)}
    assert sample.not_askable == 1


def test_a_row_is_not_compared_where_a_later_row_of_its_key_can_not_be_asked_for() -> None:
    columns, keys = ("Email", "City", "Order.Number"), ("Email", "Order.Number")
    rows = [("a", "Gent", "1"), ("b", "Gent", "2"), ("a", "Ede", "x=y")]
    sample = RowSample(5)
    assert drawn(sample, rows, *columns, keys=keys) == {rows[1]}
    assert sample.not_askable == 1
    assert drawn(RowSample(5), [*rows, ("a", "Breda", "3")], *columns, keys=keys) == {rows[1], ("a", "Breda", "3")}
    for _ in range(20):
        many = [(f"{n}", "Gent", number) for n in range(50) for number in ("1", "x=y")]
        assert drawn(RowSample(3), many, *columns, keys=keys) == set()


@pytest.mark.parametrize("text", ["a@b.c", "O'Brien", "a,b", "50%", "a_b", "a*b", "a+b&c", 'a"b', "Ñ", "#1", "x" * 300])
def test_other_characters_can_be_asked_for(text: str) -> None:
    assert is_askable([text])


def test_keys_that_make_the_url_too_long_are_not_asked_for() -> None:
    assert is_askable(["x" * 300] * 4)
    assert is_askable(["\U0001f600" * 300])
    assert not is_askable(["\U0001f600" * 200] * 2)


def test_no_row_is_drawn_without_key_fields_or_by_interests() -> None:
    sample = RowSample(5)
    assert drawn(sample, [("a",)], "Email", keys=()) == set()
    assert drawn(sample, [("a", "yes")], "Email", "interest.News", keys=("Email", "interest.News")) == set()
