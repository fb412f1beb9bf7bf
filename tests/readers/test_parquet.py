"""Parquet: values that other tools write, damaged files, memory."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.malformed_row import MalformedRow
from airflow_provider_copernica.readers.parquet_rows import parquet_rows, seekable_parquet_rows
from airflow_provider_copernica.readers.row_batch import single_rows


def written(table: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


def read(content: bytes) -> list[Any]:
    return list(single_rows(seekable_parquet_rows(io.BytesIO(content))))


def test_int96_keeps_its_year() -> None:
    """Spark's default; in nanoseconds these would be other years."""
    moments = [datetime(9999, 12, 31, 23, 59, 59), datetime(1500, 1, 1), datetime(2024, 2, 29, 12, 30, 15), None]
    content = written(pa.table({"Seen": pa.array(moments, pa.timestamp("us"))}), use_deprecated_int96_timestamps=True)
    assert parquet.ParquetFile(io.BytesIO(content)).schema.column(0).physical_type == "INT96"
    expected = ["9999-12-31 23:59:59", "1500-01-01 00:00:00", "2024-02-29 12:30:15", ""]
    assert [row["Seen"] for row in read(content)] == expected


def test_narrow_floats_keep_their_notation() -> None:
    content = written(pa.table({"Price": pa.array([19.99, 1001, None], pa.float32())}))
    assert [row["Price"] for row in read(content)] == ["19.99", "1001", ""]


def test_a_date_that_python_does_not_have_is_named() -> None:
    content = written(pa.table({"Born": pa.array([0, 2**30], pa.int32()).cast(pa.date32())}))
    good, bad = read(content)
    assert good == {"Born": date(1970, 1, 1)}
    assert isinstance(bad, MalformedRow)
    assert "'Born'" in bad.reason


@pytest.mark.parametrize("loads_pandas", [True, False])
def test_periods_of_pandas_are_refused(tmp_path: Path, loads_pandas: bool) -> None:
    """They would be numbers, whether pyarrow knows their type, as it does once pandas is loaded, or not."""
    path = tmp_path / "months.parquet"
    pd.DataFrame({"Month": pd.period_range("2024-01", periods=2, freq="M")}).to_parquet(path)
    if loads_pandas:
        with pytest.raises(CopernicaArgumentError, match="'Month' holds periods"):
            read(path.read_bytes())
    else:
        done = subprocess.run([sys.executable, "-c", MEASURE, path, path], check=False, capture_output=True, text=True)
        assert "'Month' holds periods" in done.stderr


def damaged(how: str) -> bytes:
    table = pa.table({"Email": [f"p{number}@example.com" for number in range(5000)]})
    content = bytearray(written(table, use_dictionary=False, write_page_checksum=True, compression="snappy"))
    if how == "page":
        content[2000:2100] = bytes(100)
    elif how == "a bit of a page":
        content[len(content) // 2] ^= 1
    elif how == "footer":
        start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
        content[start : start + 20] = bytes(20)
    elif how == "cut":
        content = content[:-1000]
    return bytes(content)


@pytest.mark.parametrize("how", ["page", "a bit of a page", "footer", "cut"])
def test_a_damaged_file_is_an_error_of_ours(how: str) -> None:
    assert len(read(damaged("not"))) == 5000
    with pytest.raises(CopernicaArgumentError, match="damaged"):
        read(damaged(how))


def test_a_stream_that_cannot_be_searched() -> None:
    content = written(pa.table({"a": ["x"] * 5000}))
    chunks = (content[start : start + 100] for start in range(0, len(content), 100))
    assert list(single_rows(parquet_rows(chunks))) == [{"a": "x"}] * 5000


class Broken(io.BytesIO):
    """A storage that fails half-way."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() < 20:
            raise ConnectionResetError("reset by peer")
        return super().read(size)


def test_an_error_of_the_storage_stays_one() -> None:
    """It may pass: a retry helps, as it doesn't with a damaged file."""
    with pytest.raises(ConnectionResetError):
        list(seekable_parquet_rows(Broken(written(pa.table({"a": [1]})))))


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(pa.table({"a": [1]}))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CopernicaArgumentError, match=r"airflow-provider-copernica\[parquet\]"):
        read(content)


def test_several_row_groups_and_small_batches() -> None:
    rows = [
        {"Email": f"p{number}@example.com", "Note": "x" * 20_000 if number % 50 == 7 else str(number)}
        for number in range(5000)
    ]
    for options in ({}, {"use_dictionary": False, "column_encoding": {"Email": "DELTA_BYTE_ARRAY"}}):
        assert read(written(pa.Table.from_pylist(rows), row_group_size=1700, **options)) == rows


class Counted(io.BytesIO):
    """Remembers how much is read."""

    total = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.total += len(content)
        return content


def test_the_footer_is_not_read_again_for_each_dictionary() -> None:
    """It grows with columns and row groups, as their dictionaries do: its square would be hours."""
    columns = {f"c{number}": [f"{number}.{row}" * 5 for row in range(4000)] for number in range(5)}
    file = Counted(written(pa.table(columns), row_group_size=400))
    assert sum(1 for _ in single_rows(seekable_parquet_rows(file))) == 4000
    assert file.total < 4 * len(file.getvalue())


MEASURE = """
import sys
from airflow_provider_copernica.readers.parquet_rows import seekable_parquet_rows
from airflow_provider_copernica.readers.row_batch import single_rows

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024

def count(path):
    with open(path, "rb") as file:
        return sum(1 for _ in single_rows(seekable_parquet_rows(file)))

count(sys.argv[1])
start = peak()
rows = count(sys.argv[2])
print(rows, peak() - start, "pandas" in sys.modules)
"""


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("one row group", 25),
        ("one large text", 64),
        ("fixed size", 80),
        ("shared prefixes", 256),
    ],
)
def test_memory_stays_flat(tmp_path: Path, kind: str, limit: int) -> None:
    """
    Whatever the size of a row group, and where few bytes become many.

    A thousand cells of a megabyte are a gigabyte, from a few kilobytes of Parquet.
    """
    number = 150_000 if kind == "one row group" else 1000
    large_text = "x" * 1_000_000
    columns: dict[str, Any] = {"Email": [f"person{row}@example.com" for row in range(number)]}
    options: dict[str, Any] = {"row_group_size": number}
    match kind:
        case "one row group":
            columns |= {"N": range(number), "F": [row / 100 for row in range(number)], "W": ["x"] * number}
            columns |= {"Code": [f"{row:08}" for row in range(number)]}
        case "one large text":
            columns["Note"] = [large_text] * number
        case "shared prefixes":
            columns["Note"] = [large_text] * number
            options |= {"use_dictionary": False, "column_encoding": {"Note": "DELTA_BYTE_ARRAY"}}
        case "fixed size":
            columns["Photo"] = pa.array([large_text.encode()], pa.binary(len(large_text))).take([0] * number)
    tiny, large = tmp_path / "tiny.parquet", tmp_path / "large.parquet"
    parquet.write_table(pa.table({"Email": ["a"], "N": [1], "F": [0.5]}), tiny)
    parquet.write_table(pa.table(columns), large, **options)
    command = [sys.executable, "-c", MEASURE, str(tiny), str(large)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows, megabytes, has_pandas = done.stdout.split()
    assert (int(rows), has_pandas) == (number, "False")  # pandas would take tens of megabytes, and seconds
    assert int(megabytes) <= limit
