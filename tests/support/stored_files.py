"""Files of customers, and the task that imports them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator

ROWS = [
    {"Email": "zoë@example.com", "City": 'Den "Bosch"; of\n\'s-Hertogenbosch'},
    {"Email": "o'brien@example.com", "City": "007"},
]


CSV = 'Email;City\r\nzoë@example.com;"Den ""Bosch""; of\n\'s-Hertogenbosch"\r\no\'brien@example.com;007\r\n'


def parquet(path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)


WRITERS: dict[str, Callable[[Path], object]] = {
    "customers.csv": lambda path: path.write_bytes(CSV.encode()),
    "with-bom.csv": lambda path: path.write_bytes(b"\xef\xbb\xbf" + CSV.encode()),
    "customers.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "customers.json": lambda path: path.write_text(json.dumps(ROWS), encoding="utf-8"),
    "customers.json.gz": lambda path: path.write_bytes(gzip.compress(json.dumps(ROWS).encode())),
    "customers.jsonl": lambda path: path.write_text("\n".join(map(json.dumps, ROWS))),
    "customers.parquet": parquet,
}


def task(path: object, **arguments: object) -> ObjectStorageToCopernicaOperator:
    given: dict[str, object] = {
        "task_id": "load",
        "path": str(path) if isinstance(path, Path) else path,
        "database": 1,
        "action": "update or add",
        "key_fields": ["Email"],
        "poll_interval": 0.1,
    }
    return ObjectStorageToCopernicaOperator(**{**given, **arguments})  # type: ignore[arg-type]  # of many types


def serialized(dag: DAG) -> object:
    """What Airflow stores of a DAG, and shows."""
    module = import_module("airflow.serialization.serialized_objects")
    kind = getattr(module, "DagSerialization", None) or module.SerializedDAG  # the latter on Airflow 2 and 3.0
    return kind.to_dict(dag)


def stored(emulator: Emulator) -> list[dict[str, str]]:
    profiles = [profile["fields"] for profile in emulator.profiles(1)]
    return [{name: fields[name] for name in ("Email", "City")} for fields in profiles]  # type: ignore[index]  # a dict


PART = "Email;City\n{0}@example.com;Gent\n"


def write_parts(folder: Path, *names: str) -> list[str]:
    """Write a CSV file of one row each; the addresses that they hold."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = PART.format(name.partition(".")[0]).encode()
        (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return [f"{name.partition('.')[0]}@example.com" for name in names]


def emails(emulator: Emulator) -> list[str]:
    return [profile["Email"] for profile in stored(emulator)]
