"""Data frames and Arrow: the same texts as cell by cell, whatever the type; limits; errors."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.columns import ColumnKind
from airflow_provider_copernica.payload.values import to_text
from airflow_provider_copernica.readers.arrow_protocol import is_arrow
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
naive = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))
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


@given(nullable(st.booleans()))
def test_booleans(values: list[Any]) -> None:
    check_same_texts(values, pa.bool_())


@given(nullable(st.dates() | st.dates(date(1990, 1, 1))))
def test_dates(values: list[Any]) -> None:
    cells = [value if value is None or date(1, 1, 2) <= value < date(9999, 12, 31) else None for value in values]
    check_same_texts(cells, pa.date32())
    check_same_texts(cells, pa.date64())


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


OFFSETS = struct.pack("iii", 0, 1, 2)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (pa.array([0, 10**7], pa.int32()).cast(pa.date32()), "years 1 to 9999"),
        (pa.array([0, 2**62]).cast(pa.timestamp("us")), "years 1 to 9999"),
        (pa.array([0, -(2**62)]).cast(pa.timestamp("us", "UTC")), "years 1 to 9999"),
        (pa.array([0, 86_400], pa.int32()).cast(pa.time32("s")), "time of a day"),
        (pa.array([0, 2**62]).cast(pa.duration("s")), "time of a day"),
        (pa.Array.from_buffers(pa.utf8(), 2, [None, pa.py_buffer(OFFSETS), pa.py_buffer(b"a\xff")]), "UTF-8"),
        (pa.array(["a", "b" * ((64 << 20) + 1)]), "64 MB"),
    ],
    ids=["date", "timestamp", "aware", "time", "duration", "encoding", "size"],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_the_rest_is_read(array: Any, reason: str) -> None:
    rows = rows_of(pa.table({"other": ["x", "y"], "Born": array}))
    assert isinstance(rows[0], dict)
    assert isinstance(rows[1], MalformedRow)
    assert "'Born'" in rows[1].reason
    assert reason in rows[1].reason


FRAME = {"Email": ["a@example.com", "b@example.com"], "Age": [41, None], "Score": [1.5, None]}
EXPECTED = [
    {"Email": "a@example.com", "Age": "41", "Score": "1.5"},
    {"Email": "b@example.com", "Age": "", "Score": ""},
]


def from_duckdb() -> Any:
    return duckdb.sql(
        "SELECT * FROM (VALUES ('a@example.com', 41, 1.5::DOUBLE), ('b@example.com', NULL, NULL)) "
        "AS t(Email, Age, Score)"
    )


FRAMES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame(FRAME),  # its ages are floats: 41.0 and NaN
    "polars": lambda: pl.DataFrame(FRAME),
    "polars, rechunked": lambda: pl.concat([pl.DataFrame(FRAME)[:1], pl.DataFrame(FRAME)[1:]], rechunk=False),
    "table": lambda: pa.table(FRAME),
    "reader": lambda: pa.table(FRAME).to_reader(1),
    "batch": lambda: pa.RecordBatch.from_pydict(FRAME),
    "duckdb": from_duckdb,
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames(kind: str) -> None:
    frame = FRAMES[kind]()
    assert is_arrow(frame)
    assert rows_of(frame) == EXPECTED


def test_missing_values_of_pandas_are_empty_and_other_nans_are_numbers() -> None:
    assert rows_of(pd.DataFrame({"a": [float("nan"), pd.NaT, None]})) == [{"a": ""}] * 3
    (row,) = rows_of(pl.DataFrame({"a": [float("nan")]}))
    assert texts([row["a"]], "field") == ["!"]  # type: ignore[index]  # a dict


def test_a_categorical_of_polars_and_pandas() -> None:
    words = ["x", None, "x"]
    assert rows_of(pd.DataFrame({"a": pd.Categorical(words)})) == [{"a": "x"}, {"a": ""}, {"a": "x"}]
    assert rows_of(pl.DataFrame({"a": pl.Series(words, dtype=pl.Categorical)})) == [
        {"a": "x"},
        {"a": ""},
        {"a": "x"},
    ]


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": [1, "private"]}), pl.Series(["private"]), pa.array(["private"])])
def test_what_is_not_a_table_is_refused(frame: Any) -> None:
    with pytest.raises(CopernicaArgumentError, match="source") as refused:
        rows_of(frame)
    assert "private" not in str(refused.value)


def test_a_column_that_occurs_twice_is_refused() -> None:
    with pytest.raises(CopernicaArgumentError, match="'a' occurs twice"):
        rows_of(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]))


NAIVE, AWARE = datetime(2024, 7, 1, 5), datetime(2024, 7, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([date(2024, 7, 1), NAIVE], "mixes dates with moments"),
        ([None, NAIVE, AWARE], "mixes moments with and without a time zone"),
        ([AWARE, pd.NaT, NAIVE], "mixes moments with and without a time zone"),
        ([time(5, tzinfo=UTC)], "holds times with a time zone"),
    ],
)
@pytest.mark.parametrize("where", ["column", "index"])
def test_moments_of_several_kinds_in_a_column_of_pandas_are_refused(
    values: list[object], problem: str, where: str
) -> None:
    """Arrow makes one type of them: it cuts the time off, or takes what has no time zone for UTC."""
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object), "b": 1})
    with pytest.raises(CopernicaArgumentError, match=f"column 'a' {problem}"):
        rows_of(frame.set_index("a") if where == "index" else frame)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([NAIVE, pd.NaT, None], ["2024-07-01 05:00:00", "", ""]),
        ([AWARE, AWARE.astimezone(ZoneInfo("Europe/Amsterdam"))], ["2024-07-01 07:00:00"] * 2),
        ([date(2024, 7, 1), None], ["2024-07-01", ""]),
        ([time(5), None], ["05:00:00", ""]),
    ],
)
def test_moments_of_one_kind_in_a_column_of_pandas_are_read(values: list[object], expected: list[str]) -> None:
    rows = rows_of(pd.DataFrame({"a": pd.Series(values, dtype=object)}))
    assert texts([row["a"] for row in rows], "field") == expected  # type: ignore[index]  # dicts


def test_numbers_that_stand_for_something_else_are_refused() -> None:
    """The months of pandas are counted from 1970 on: January 2024 is number 648."""
    with pytest.raises(CopernicaArgumentError, match=r"'a' is of the type 'pandas\.period'"):
        rows_of(pd.DataFrame({"a": pd.period_range("2024-01", periods=2, freq="M"), "b": 1}))


def test_an_extension_whose_numbers_are_its_values_is_read() -> None:
    assert rows_of(pa.table({"a": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None], pa.int8()))})) == [
        {"a": 1},
        {"a": ""},
    ]


def test_a_frame_without_rows_or_columns() -> None:
    assert rows_of(pd.DataFrame({"a": []})) == []
    assert rows_of(pd.DataFrame()) == []


def test_a_stream_is_read_as_it_comes() -> None:
    taken: list[int] = []

    def batches() -> Any:
        for number in range(5):
            taken.append(number)
            yield pa.RecordBatch.from_pydict({"a": [number]})

    frame = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), batches())
    rows = single_rows(arrow_rows(frame))
    assert next(rows) == {"a": 0}
    assert len(taken) < 5


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pa.table(FRAME)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CopernicaArgumentError, match=r"airflow-provider-copernica\[arrow\]"):
        rows_of(frame)


MEASURE = """
import struct
import sys
import pyarrow as pa, pyarrow.compute
from airflow_provider_copernica.readers.arrow_rows import arrow_rows

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024

def stream(batches, make):
    schema = make(0).schema
    return pa.RecordBatchReader.from_batches(schema, (make(number) for number in range(batches)))

def plain(number):
    emails = pa.array([f"p{number}.{row}@example.com" for row in range(2000)])
    return pa.RecordBatch.from_pydict({"Email": emails, "N": pa.array(range(2000)), "F": pa.array([1.5] * 2000)})

def viewed(number):
    view = struct.pack("i4sii", 1_000_000, b"xxxx", 0, 0)
    buffers = [None, pa.py_buffer(view * 2000), pa.py_buffer(b"x" * 1_000_000)]
    views = pa.Array.from_buffers(pa.string_view(), 2000, buffers)
    return pa.RecordBatch.from_pydict({"Note": views})

def repeated(number):
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), pa.array(["x" * 1_000_000]))
    return pa.RecordBatch.from_pydict({"Note": words})

make = {"plain": plain, "repeated": repeated, "viewed": viewed}[sys.argv[1]]
next(arrow_rows(stream(1, make)))
start = peak()
rows = 0
for row in arrow_rows(stream(int(sys.argv[2]), make)):
    rows += len(row)
print(rows, peak() - start, "pandas" in sys.modules)
"""


@pytest.mark.parametrize(("shape", "batches"), [("plain", 50), ("repeated", 1), ("viewed", 1)])
def test_memory_stays_flat(shape: str, batches: int) -> None:
    """Whatever the number of rows; and where one text of a megabyte is the cell of all rows."""
    command = [sys.executable, "-c", MEASURE, shape, str(batches)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows, megabytes, _ = done.stdout.split()
    assert int(rows) == 2000 * batches
    assert int(megabytes) <= 25
