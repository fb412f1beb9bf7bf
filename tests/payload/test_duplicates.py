from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.payload import duplicates
from airflow_provider_copernica.payload.duplicates import DuplicateCounter


def count(keys) -> int:
    with DuplicateCounter() as counter:
        for key in keys:
            counter.add(key)
        return counter.count()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"))))
def test_few_keys(keys):
    assert count(keys) == len(keys) - len(set(keys))


@given(st.lists(st.integers(-(2**61), 2**61) | st.integers(-3, 3), max_size=200))
def test_keys_that_went_to_disk(keys):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_BUFFER", 7)
        assert count(keys) == len(keys) - len({hash(key) for key in keys})


def test_many_keys_over_several_runs_in_little_memory():
    number = 300_000
    tracemalloc.start()
    found = count(str(index % 250_000) for index in range(number))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == number - 250_000
    assert peak < 8_000_000
