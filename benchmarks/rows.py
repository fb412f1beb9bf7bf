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
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from airflow_provider_copernica.payload.body import write_body
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.readers.arrow_rows import arrow_rows
from airflow_provider_copernica.readers.files import FileOptions, read_rows
from airflow_provider_copernica.readers.sql_rows import query_rows

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

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


def read_made(path: Path) -> Iterator[Row]:
    """Give rows that are in memory."""
    return iter(list(make_rows(int(path.read_text()))))


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


SOURCES: Mapping[str, Source] = {
    "rows": Source(lambda path, number: path.write_text(str(number)), read_made),
    "csv": Source(write_csv, lambda path: read_file(path, "csv")),
    "parquet": Source(write_parquet, lambda path: read_file(path, "parquet")),
    "arrow": Source(write_arrow, read_arrow),
    "sql": Source(write_sql, read_sql),
}


def send(rows: object) -> None:
    """Do all but the POST."""
    write_body(PARAMETERS, rows, RULES).close()  # type: ignore[arg-type]  # objects until they are checked


def ours(source: str, path: Path) -> Callable[[], object]:
    """Return the way of this package."""
    rows = SOURCES[source].read(path)
    gc.freeze()
    return lambda: send(rows)


def plain(_: str, path: Path) -> Callable[[], object]:
    """Return the least there can be: ``json.dumps`` of rows that are in memory."""
    rows = list(make_rows(int(path.read_text())))
    gc.freeze()
    return lambda: json.dumps(rows, default=str)


def pandas(source: str, path: Path) -> Callable[[], object]:
    """Return what is written without this package: a data frame, whose records go to requests as JSON."""
    import pandas as pd

    if source == "arrow":
        import pyarrow as pa

        with pa.OSFile(str(path)) as file:
            table = pa.ipc.open_stream(file).read_all()

    def read() -> pd.DataFrame:
        match source:
            case "csv":
                return pd.read_csv(path, sep=";", dtype=str, keep_default_na=False)
            case "parquet":
                return pd.read_parquet(path)
            case "sql":
                with closing(sqlite3.connect(path)) as connection:
                    return pd.read_sql("SELECT * FROM customers", connection)
        return table.to_pandas()

    return lambda: json.dumps({**PARAMETERS, "source": read().to_dict("records")}, default=str).encode()


WAYS = {way.__name__: way for way in (ours, plain, pandas)}


def peak_kilobytes() -> int:
    """Of this program alone: the peak that getrusage tells begins with that of the process which started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


@dataclass(frozen=True)
class Cost:
    """
    :param peak: megabytes above the start.
    :param cpu: seconds.
    """

    peak: float
    cpu: float


def measure_here(way: str, source: str, path: Path) -> Cost:
    """Measure in this process. What is loaded at the first use is not what grows with rows: ten are read before."""
    WAYS[way](source, path.with_name(f"ten.{source}"))()
    action = WAYS[way](source, path)
    start, cpu = peak_kilobytes(), time.process_time()
    action()
    cpu = time.process_time() - cpu
    return Cost((peak_kilobytes() - start) * 1024 / MEGABYTE, cpu)


def cost(way: str, source: str, path: Path) -> Cost:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, way, source, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Cost(**json.loads(done.stdout))


@dataclass(frozen=True)
class RowCosts:
    """
    :param small: megabytes above the start for 100,000 rows.
    :param large: the same for 1,000,000 rows.
    :param cpu: for 1,000,000 rows, against ``json.dumps`` of the same rows.
    :param rows_per_second: of CPU time.
    :param pandas: the memory and the ratio of CPU of a data frame; None where there is none.
    """

    small: float
    large: float
    cpu: float
    rows_per_second: float
    pandas: Cost | None


def measure(rounds: int = 3, large: int = LARGE) -> dict[str, RowCosts]:
    """Measure each kind of source, in one run; what is compared takes turns."""
    seen: dict[str, list[tuple[Cost, float]]] = {source: [] for source in SOURCES}
    frames: dict[str, Cost] = {}
    with TemporaryDirectory() as name:
        directory = Path(name)
        for source, each in SOURCES.items():
            for start, number in (("ten", 10), ("small", SMALL), ("large", large)):
                each.write(directory / f"{start}.{source}", number)
        for _ in range(rounds):
            least = cost("plain", "rows", directory / "large.rows").cpu
            for source in SOURCES:
                seen[source].append((cost("ours", source, directory / f"large.{source}"), least))
                if source != "rows" and source not in frames:
                    frame = cost("pandas", source, directory / f"large.{source}")
                    frames[source] = Cost(frame.peak, frame.cpu / least)
        return {
            source: RowCosts(
                cost("ours", source, directory / f"small.{source}").peak,
                max(run.peak for run, _ in runs),
                median(run.cpu / least for run, least in runs),
                large / median(run.cpu for run, _ in runs),
                frames.get(source),
            )
            for source, runs in seen.items()
        }


def main() -> None:
    print("MB above the start for 100,000 and 1,000,000 rows (goal: at most 25), CPU against json.dumps (at most 2.00)")
    for name, costs in measure().items():
        figures = f"{costs.small:6.1f} {costs.large:6.1f} {costs.cpu:6.2f} {costs.rows_per_second:9,.0f} rows/s"
        print(f"{name:8} {figures}", end="")
        print(f"   pandas {costs.pandas.peak:6.0f} {costs.pandas.cpu:6.2f}" if costs.pandas else "")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(asdict(measure_here(sys.argv[1], sys.argv[2], Path(sys.argv[3])))))
    else:
        main()
