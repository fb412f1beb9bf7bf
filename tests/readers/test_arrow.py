"""Data frames and Arrow as rows: what speaks its protocol, what is refused, memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.values import to_text
from airflow_provider_copernica.readers.arrow_protocol import is_arrow
from airflow_provider_copernica.readers.arrow_rows import arrow_rows
from airflow_provider_copernica.readers.row_batch import single_rows


def rows_of(frame: object) -> list[Any]:
    return list(single_rows(arrow_rows(frame)))


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
    with pytest.raises(ValueError, match="NaN"):
        to_text(row["a"], "field")


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


def test_periods_of_pandas_are_refused() -> None:
    """They would be numbers: that of January 2024 is 648."""
    with pytest.raises(CopernicaArgumentError, match="'Month' holds periods"):
        rows_of(pd.DataFrame({"Month": pd.period_range("2024-01", periods=2, freq="M")}))


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
