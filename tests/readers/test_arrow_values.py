"""Values of Arrow: the same texts as cell by cell, whatever the type; what can't be read is named."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.payload.columns import ColumnKind
from airflow_provider_copernica.payload.values import to_text
from airflow_provider_copernica.readers.arrow_rows import arrow_rows
from airflow_provider_copernica.readers.malformed_row import MalformedRow
from airflow_provider_copernica.readers.row_batch import single_rows


def rows_of(frame: object) -> list[Any]:
    return list(single_rows(arrow_rows(frame)))


KINDS: tuple[ColumnKind, ...] = ("field", "interest")


def texts(values: list[Any], kind: ColumnKind) -> list[str]:
    """As the row checks make them, cell by cell; ``!`` for a value that is refused."""
    found = []
    for value in values:
        try:
            found.append(to_text(value, kind))
        except ValueError:
            found.append("!")
    return found


def column(array: Any) -> list[Any]:
    rows = rows_of(pa.table({"x": array}))
    return [row if isinstance(row, MalformedRow) else row["x"] for row in rows]  # type: ignore[index]  # else a dict


def check_same_texts(values: list[Any], kind: pa.DataType, cells: list[Any] | None = None) -> None:
    array = pa.array(values, kind)
    for column_kind in KINDS:
        assert texts(column(array), column_kind) == texts(values if cells is None else cells, column_kind)


integers = st.integers(-(2**63), 2**63 - 1)
floats = st.one_of(
    st.floats(), integers.map(float), st.integers(0, 10**9).map(lambda n: n / 100), st.sampled_from([0.0, -0.0, 1.0])
)
naive = st.datetimes() | st.sampled_from([datetime.min, datetime(9999, 12, 31, 23, 59, 59)])
zones = st.sampled_from([UTC, ZoneInfo("America/New_York"), timezone(timedelta(hours=9))])


def nullable(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.none() | values, min_size=1, max_size=20)


@given(nullable(st.text() | st.sampled_from(["", "1", "yes", "a\0b", "\ud7ff"])))
def test_texts(values: list[Any]) -> None:
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.string_view()):
        array = pa.array(values, pa.string())
        cast = array.dictionary_encode() if pa.types.is_dictionary(kind) else array.cast(kind)
        assert texts(column(cast), "field") == texts(values, "field")


@given(nullable(integers | st.integers(-1, 2)))
def test_integers(values: list[Any]) -> None:
    check_same_texts(values, pa.int64())


@given(nullable(floats))
def test_floats(values: list[Any]) -> None:
    check_same_texts(values, pa.float64())


def notation(value: Any, width: type) -> Any:
    """A narrow float as its own shortest text, by NumPy; values that a rule refuses stay."""
    if value is None or not np.isfinite(width(value)):
        return value
    positional = np.format_float_positional(width(value), unique=True, trim="-")
    return float(value) if positional in ("0", "1", "-0") else positional


@given(nullable(st.floats(width=32) | st.integers(0, 10**6).map(lambda n: float(np.float32(n / 100)))))
def test_narrow_floats(values: list[Any]) -> None:
    check_same_texts(values, pa.float32(), [notation(value, np.float32) for value in values])


@given(nullable(st.floats(width=16)))
def test_half_floats(values: list[Any]) -> None:
    array = pa.array([None if value is None else np.float16(value) for value in values], pa.float16())
    cells = [notation(value, np.float16) for value in values]
    assert texts(column(array), "field") == texts(cells, "field")


def test_a_price_that_spark_wrote_as_float() -> None:
    assert column(pa.array([19.99, 5.0, None], pa.float32())) == ["19.99", "5", ""]
    assert column(pa.array([np.float16(19.99)], pa.float16())) == ["19.98"]  # what sixteen bits can hold


@pytest.mark.parametrize("scale", [0, 1, 2, 8])
@given(st.data())
def test_decimals(scale: int, data: st.DataObject) -> None:
    numbers = st.integers(-(10**20), 10**20) | st.integers(-2 * 10**scale, 2 * 10**scale)
    values = data.draw(nullable(numbers.map(lambda number: Decimal(number).scaleb(-scale))))
    check_same_texts(values, pa.decimal128(30, scale))
    check_same_texts(values, pa.decimal256(40, scale))
    small = [value and abs(value) % 10 for value in values]
    check_same_texts(small, pa.decimal32(9, scale))
    check_same_texts(small, pa.decimal64(18, scale))


@given(nullable(st.booleans()))
def test_booleans(values: list[Any]) -> None:
    check_same_texts(values, pa.bool_())
    numbers = pa.array(values, pa.bool_()).cast(pa.int8())
    assert texts(column(pa.ExtensionArray.from_storage(pa.bool8(), numbers)), "field") == texts(values, "field")
    negative = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([0, -1, 5], pa.int8()))
    assert texts(column(negative), "interest") == ["no", "yes", "yes"]


@given(nullable(st.dates() | st.dates(date(1990, 1, 1)) | st.sampled_from([date.min, date.max])))
def test_dates(values: list[Any]) -> None:
    check_same_texts(values, pa.date32())
    check_same_texts(values, pa.date64())


@given(nullable(naive))
def test_dates_that_hold_a_time_of_day(values: list[Any]) -> None:
    array = pa.array(values, pa.timestamp("ms")).cast(pa.int64()).cast(pa.date64())
    assert texts(column(array), "field") == texts([value and value.date() for value in values], "field")


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@given(st.data())
def test_timestamps(unit: str, data: st.DataObject) -> None:
    values = data.draw(nullable(naive | st.datetimes(datetime(1960, 1, 1), datetime(2040, 1, 1))))
    places = {"s": 0, "ms": 3, "us": 6}[unit]
    cells = [v and v.replace(microsecond=v.microsecond // 10 ** (6 - places) * 10 ** (6 - places)) for v in values]
    check_same_texts(cells, pa.timestamp(unit))


@given(nullable(st.datetimes(datetime(1800, 1, 1), datetime(2100, 1, 1), timezones=zones)))
def test_timestamps_of_a_time_zone(values: list[Any]) -> None:
    check_same_texts(values, pa.timestamp("us", "Asia/Tokyo"))


@given(nullable(st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))))
def test_nanoseconds(values: list[Any]) -> None:
    array = pa.array(
        [value and np.datetime64(value).astype("datetime64[ns]") + 999 for value in values], pa.timestamp("ns")
    )
    assert texts(column(array), "field") == texts(values, "field")


@given(nullable(st.times()))
def test_times(values: list[Any]) -> None:
    check_same_texts(values, pa.time64("us"))
    check_same_texts([value and value.replace(microsecond=0) for value in values], pa.time32("s"))


def test_other_types_are_left_to_the_rules() -> None:
    assert column(pa.nulls(2)) == [None, None]
    assert column(pa.array([b"x"])) == [b"x"]
    assert column(pa.array([timedelta(hours=1), None], pa.duration("ns"))) == [timedelta(hours=1), None]
    assert column(pa.array([UUID(int=5).bytes], pa.uuid())) == [UUID(int=5)]
    assert column(pa.array([[1], None], pa.list_(pa.int8()))) == [[], None]
    assert column(pa.array([{"a": 1}])) == [[]]
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3]), pa.array(["a", None]))
    assert column(runs) == ["a", "a", ""]


@pytest.mark.parametrize("kind", [pa.string_view(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_runs_that_arrow_cannot_take_apart(kind: Any) -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3]), pa.array(["a", None]).cast(kind))
    assert texts(column(runs.slice(1)), "field") == ["a", ""]


OFFSETS = struct.pack("iii", 0, 1, 2)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (pa.array([0, 10**7], pa.int32()).cast(pa.date32()), "years 1 to 9999"),
        (pa.array([0, 2**62]).cast(pa.timestamp("us")), "years 1 to 9999"),
        (pa.array([0, -(2**62)]).cast(pa.timestamp("us", "UTC")), "years 1 to 9999"),
        (pa.array([0, -(2**63)]).cast(pa.timestamp("ns")), "years 1 to 9999"),
        (pa.array([0, 2**32 * 86_400_000]).cast(pa.date64()), "years 1 to 9999"),
        (pa.array([0, 86_400], pa.int32()).cast(pa.time32("s")), "time of a day"),
        (pa.array([0, 2**32 * 10**6]).cast(pa.time64("us")), "time of a day"),
        (pa.array([0, -1]).cast(pa.time64("ns")), "time of a day"),
        (pa.array([0, 2**62]).cast(pa.duration("s")), "time of a day"),
        (pa.Array.from_buffers(pa.utf8(), 2, [None, pa.py_buffer(OFFSETS), pa.py_buffer(b"a\xff")]), "UTF-8"),
        (pa.array(["a", "b" * ((64 << 20) + 1)]), "64 MB"),
    ],
    ids=[
        "date",
        "timestamp",
        "aware",
        "NaT",
        "milliseconds",
        "time",
        "microseconds",
        "negative",
        "duration",
        "encoding",
        "size",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_the_rest_is_read(array: Any, reason: str) -> None:
    rows = rows_of(pa.table({"other": ["x", "y"], "Born": array}))
    assert isinstance(rows[0], dict)
    assert isinstance(rows[1], MalformedRow)
    assert "'Born'" in rows[1].reason
    assert reason in rows[1].reason
