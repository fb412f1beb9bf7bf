from __future__ import annotations

import enum
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.payload.values import UnsafeValueError, to_text


class Colour(str, enum.Enum):  # noqa: UP042 - the older way prints differently
    RED = "red"


class Number(enum.IntEnum):
    TWO = 2


class NotATime(datetime):
    """What pandas' NaT does."""

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = datetime.__hash__


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("00001", "00001"),
        (" ë O'Brien\n", " ë O'Brien\n"),
        (Colour.RED, "red"),
        (True, "1"),
        (False, "0"),
        (-5, "-5"),
        (Number.TWO, "2"),
        (1.5, "1.5"),
        (1001.0, "1001"),
        (-3.0, "-3"),
        (-0.0, "0"),
        (0.0, "0"),
        (2.0**53 - 1, "9007199254740991"),
        (2.0**53, "9007199254740992.0"),
        (1e22, "10000000000000000000000"),
        (Decimal("1001.0"), "1001"),
        (Decimal("-0.0"), "0"),
        (Decimal("12.00"), "12.00"),
        (Decimal(1001), "1001"),
        (Decimal("9007199254740993.0"), "9007199254740993.0"),
        (timedelta(0), "00:00:00"),
        (timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999), "23:59:59"),
        (timedelta(minutes=90), "01:30:00"),
        (1e-7, "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.10"), "1.10"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 1, 2, 3, 999), "2024-02-29 01:02:03"),
        (datetime(2024, 7, 1, 22, 30, tzinfo=UTC), "2024-07-02 00:30:00"),
        (datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=-5))), "2024-01-01 18:00:00"),
        (time(9, 5), "09:05:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_values_become_text(value, text):
    assert to_text(value, "field") == text
    assert to_text(value, "collection") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.bool_(True), "1"),
        (np.int64(-5), "-5"),
        (np.uint8(255), "255"),
        (np.float64(0.1), "0.1"),
        (np.float32(1.1), "1.1"),
        (np.float32(1e20), "100000000000000000000"),
        (np.float32(19.99), "19.99"),
        (np.float16(19.99), "19.98"),
        (np.float64(1001.0), "1001"),
        (np.float32(1001.0), "1001"),
        (np.float16(7), "7"),
        (np.longdouble(7), "7"),
        (np.float32(-0.0), "0"),
        (np.array(7.0), "7"),
        (np.timedelta64(90, "m"), "01:30:00"),
        (np.timedelta64(1_500_000_000, "ns"), "00:00:01"),
        (np.float16(0.5), "0.5"),
        (np.str_("x"), "x"),
        (np.datetime64("2024-02-29"), "2024-02-29"),
        (np.datetime64("2024-02-29T01:02:03"), "2024-02-29 01:02:03"),
        (np.datetime64("2024-02-29T01:02:03.123456789"), "2024-02-29 01:02:03"),
        (np.array(7), "7"),
    ],
)
def test_numpys_scalars_are_written_like_pythons(value, text):
    assert to_text(value, "field") == text


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (np.float64("nan"), "NaN"),
        (np.float32("nan"), "NaN"),
        (np.longdouble("inf"), "infinity"),
        (np.array(float("nan")), "NaN"),
        (np.datetime64("NaT"), "NaT"),
        (np.datetime64("0900-01-01"), "1000"),
        (np.datetime64("30000-01-01"), "datetime64"),
        (np.timedelta64(1, "D"), "duration"),
        (np.timedelta64(-1, "s"), "duration"),
        (np.timedelta64("NaT"), "NaT"),
        (np.bytes_(b"secret"), "bytes"),
        (np.void(b"secret"), "void"),
        (np.complex128(1j), "complex128"),
        (np.array(None), "ndarray"),
        (np.array([1]), "ndarray"),
    ],
)
def test_what_numpy_has_beyond_that_is_refused(value, says):
    with pytest.raises(UnsafeValueError, match=says) as caught:
        to_text(value, "field")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"), [(np.bool_(True), "yes"), (np.bool_(False), "no"), (np.int64(1), "yes"), (np.float32(0), "no")]
)
def test_numpys_interests(value, text):
    assert to_text(value, "interest") == text


def test_pendulum_dates_are_written_the_same_way():
    pendulum = pytest.importorskip("pendulum")
    assert to_text(pendulum.datetime(2024, 7, 1, 22, 30), "field") == "2024-07-02 00:30:00"
    assert to_text(pendulum.date(2024, 7, 1), "field") == "2024-07-01"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("secret\0", "NUL"),
        ("secret\ud800", "surrogate"),
        (float("nan"), "NaN"),
        (float("-inf"), "infinity"),
        (Decimal("NaN"), "NaN"),
        (Decimal("sNaN"), "NaN"),
        (Decimal("1E+999999"), "digits"),
        pytest.param(10**5000, "digits", id="huge"),
        (date(999, 12, 31), "1000"),
        (datetime(1, 1, 1), "1000"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), "1000"),
        (NotATime(2024, 1, 1), "NaT"),
        (time(1, tzinfo=UTC), "time zone"),
        (b"secret", "bytes"),
        ([1], r"nested \(list\)"),
        ({"secret": 1}, r"nested \(dict\)"),
        ({1}, r"nested \(set\)"),
        ((), r"nested \(tuple\)"),
        (object(), "type object"),
        (timedelta(1), "duration"),
        (timedelta(microseconds=-1), "duration"),
        (timedelta(days=-1, hours=23), "duration"),
    ],
)
def test_values_without_a_safe_notation_are_refused_without_being_told(value, says):
    with pytest.raises(UnsafeValueError, match=says) as caught:
        to_text(value, "field")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "yes"), (False, "no"), (1, "yes"), (0, "no"), (None, ""), ("Yes", "Yes"), ("FALSE", "FALSE"), ("1", "1")],
)
def test_interests_are_yes_or_no(value, text):
    assert to_text(value, "interest") == text


@pytest.mark.parametrize("value", ["maybe", 2, 1.5, date(2024, 1, 1), "ja", [1]])
def test_anything_else_is_not_an_interest(value):
    with pytest.raises(UnsafeValueError):
        to_text(value, "interest")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_value_and_have_no_exponent(value):
    text = to_text(value, "field")
    assert "e" not in text.lower()
    assert float(text) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_decimals_keep_their_value_and_have_no_exponent(value):
    if abs(value.adjusted()) <= 1000:
        text = to_text(value, "field")
        assert "E" not in text
        assert Decimal(text) == value


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_whole_floats_are_written_like_the_whole_number(number):
    assert to_text(float(number), "field") == to_text(np.float64(number), "field") == str(number)
    if abs(number) < 2**24:
        assert to_text(np.float32(number), "field") == str(number)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_narrow_floats_have_their_own_shortest_notation(value):
    text = to_text(np.float32(value), "field")
    assert "e" not in text
    assert np.float32(text) == np.float32(value)
    assert len(text.strip("-0.").replace(".", "").strip("0")) <= 9


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=24) - timedelta.resolution))
def test_durations_of_less_than_a_day_are_times(value):
    assert to_text(value, "field") == (datetime(2024, 1, 1) + value).time().isoformat(timespec="seconds")
