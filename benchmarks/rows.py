"""
How much memory and CPU time the way from each kind of source to a body takes.

``python benchmarks/rows.py`` prints a small table; the goals are those of the project: at most 25 MB above the start
whatever the number of rows, and at most twice the CPU time of a plain ``json.dumps`` of the same rows.
"""

from __future__ import annotations

import csv
import gc
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

from airflow_provider_copernica.payload.body import write_body
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.readers.arrow_rows import arrow_rows
from airflow_provider_copernica.readers.files import FileOptions, read_rows
from airflow_provider_copernica.readers.sql_rows import query_rows

MEGABYTE = 1024 * 1024
SMALL, LARGE = 100_000, 1_000_000
PARAMETERS = {"database": 1, "action": "update or add", "keyFields": ["Email"]}
RULES = RowRules(key_fields=("Email",))

Row = dict[str, object]


def make_rows(number: int) -> Iterator[Row]:
    """Invent rows of eight fields: texts, an integer, None and a date."""
    for index in range(number):
        yield {
            "Email": f"person{index}@example.com",
            "FirstName": "Zoë",
            "LastName": "O'Brien",
            "City": "'s-Hertogenbosch",
            "CustomerNumber": f"{index:08}",
            "Age": 18 + index % 80,
            "Phone": None,
            "Since": date(2024, 1 + index % 12, 1 + index % 28),
        }


def write_csv(path: Path, number: int) -> None:
    """Write the rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(next(make_rows(1))), delimiter=";")
        writer.writeheader()
        writer.writerows(make_rows(number))


def write_parquet(path: Path, number: int) -> None:
    """Write the rows as Parquet, in row groups of the usual size."""
    import pyarrow as pa
    from pyarrow import parquet

    rows = make_rows(number)
    with parquet.ParquetWriter(path, arrow_schema()) as writer:
        while group := list(islice(rows, SMALL)):
            writer.write_table(pa.Table.from_pylist(group, arrow_schema()))


def write_arrow(path: Path, number: int) -> None:
    """Write the rows as a stream of Arrow."""
    import pyarrow as pa

    rows = make_rows(number)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, arrow_schema()) as writer:
        while group := list(islice(rows, SMALL)):
            writer.write_batch(pa.RecordBatch.from_pylist(group, arrow_schema()))


def arrow_schema() -> pa.Schema:
    """Return the types of the columns."""
    import pyarrow as pa

    types: dict[str, pa.DataType] = {"Age": pa.int64(), "Since": pa.date32()}
    return pa.schema([(name, types.get(name, pa.string())) for name in next(make_rows(1))])


def write_sql(path: Path, number: int) -> None:
    """Write the rows into a table of SQLite."""
    names = list(next(make_rows(1)))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE customers ({', '.join(names)})")
        rows = (
            [str(value) if isinstance(value, date) else value for value in row.values()] for row in make_rows(number)
        )
        connection.executemany(f"INSERT INTO customers VALUES ({', '.join('?' * len(names))})", rows)  # noqa: S608 - ours


def read_file(path: Path, file_format: str) -> Iterator[object]:
    """Read the rows of a file."""
    with path.open("rb") as stream:
        yield from read_rows(stream, FileOptions(file_format))


def read_arrow(path: Path) -> Iterator[object]:
    """Read a table that is in memory, as a data frame is."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as file:
        table = pa.ipc.open_stream(file).read_all()
    return arrow_rows(table)


def read_sql(path: Path) -> Iterator[object]:
    """Read the rows of the table."""
    return query_rows(partial(sqlite3.connect, path), "SELECT * FROM customers")


@dataclass(frozen=True)
class Source:
    """
    Where rows come from.

    :param write: puts so many of them into a file, before anything is measured.
    :param read: gives them.
    """

    write: Callable[[Path, int], object]
    read: Callable[[Path], Iterator[object]]


# rows that a generator makes are measured without what it takes to make them
SOURCES: Mapping[str, Source] = {
    "rows": Source(lambda path, number: path.write_text(str(number)), lambda path: make_rows(int(path.read_text()))),
    "csv": Source(write_csv, lambda path: read_file(path, "csv")),
    "parquet": Source(write_parquet, lambda path: read_file(path, "parquet")),
    "arrow": Source(write_arrow, read_arrow),
    "sql": Source(write_sql, read_sql),
}


def send(rows: object) -> None:
    """Do all but the POST."""
    write_body(PARAMETERS, rows, RULES).close()  # type: ignore[arg-type]  # objects until they are checked


def peak_kilobytes() -> int:
    """Of this program alone: the peak that getrusage tells begins with that of the process which started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def measure_memory(source: str, path: Path) -> None:
    """Print the peak of this process above its start, in kilobytes."""
    rows = SOURCES[source].read(path)
    send(SOURCES[source].read(path.with_name(f"ten.{source}")))  # what is loaded late is not what grows with rows
    start = peak_kilobytes()
    send(rows)
    print(peak_kilobytes() - start)


def peak_of(source: str, path: Path) -> float:
    """Measure in a process of its own, in megabytes."""
    done = subprocess.run([sys.executable, __file__, source, path], check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024 / MEGABYTE


def cpu_seconds(action: Callable[[], object], repeat: int = 5) -> float:
    """The best of a few runs."""
    best = float("inf")
    for _ in range(repeat):
        gc.collect()
        start = time.process_time()
        action()
        best = min(best, time.process_time() - start)
    return best


@dataclass(frozen=True)
class RowCosts:
    """
    :param small: megabytes above the start for 100,000 rows.
    :param large: the same for 1,000,000 rows.
    :param cpu: against ``json.dumps`` of the same rows.
    """

    small: float
    large: float
    cpu: float


def measure() -> dict[str, RowCosts]:
    """Measure each kind of source, in one run."""
    rows = list(make_rows(SMALL))
    plain = cpu_seconds(lambda: json.dumps(rows, default=str))
    with TemporaryDirectory() as directory:
        return {name: _costs(name, Path(directory), rows, plain) for name in SOURCES}


def _costs(name: str, directory: Path, rows: list[Row], plain: float) -> RowCosts:
    small, large = directory / f"small.{name}", directory / f"large.{name}"
    SOURCES[name].write(small, SMALL)
    SOURCES[name].write(large, LARGE)
    ours = cpu_seconds(lambda: send(rows if name == "rows" else SOURCES[name].read(small)))
    costs = RowCosts(peak_of(name, small), peak_of(name, large), ours / plain)
    large.unlink()
    return costs


def main() -> None:
    print("MB above the start for 100,000 and 1,000,000 rows (goal: at most 25), CPU against json.dumps (at most 2.00)")
    for name, costs in measure().items():
        print(f"{name:8} {costs.small:6.1f} {costs.large:6.1f} {costs.cpu:6.2f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure_memory(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
