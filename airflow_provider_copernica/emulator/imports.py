"""Imports: accepted, run over some seconds, reported on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock

from airflow_provider_copernica.emulator.importing import Importer, line_count
from airflow_provider_copernica.emulator.rows import RefusedSourceError, Row, read_rows
from airflow_provider_copernica.emulator.state import Account, Database, now

ACTIONS = ("add", "update", "update or add", "ignore or add", "delete")
STEPS = 20
# only "ready for start" is documented; the other words are invented
STATUS_WORDS = {"ready": "ready for start", "running": "running", "finished": "finished", "failed": "failed"}

Fetch = Callable[[str], Awaitable[str]]


@dataclass
class ImportRecord:
    """
    An import as the emulator accepted it.

    :param parameters: the decoded body.
    :param body: the raw bytes.
    :param reply: for an import that a test made up: what GET answers, to the letter.
    """

    import_id: int
    parameters: dict[str, object]
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    state: str = "ready"
    total: int = 0
    processed: int = 0
    last_run: str | None = None
    last_error: str | None = None
    reply: dict[str, object] | None = None

    @property
    def name(self) -> str:
        """Where none was given the location stands in (an inference from the documentation's sample)."""
        return str(self.parameters.get("name") or self.parameters.get("location") or "")

    @property
    def database(self) -> int:
        """
        The ID of the database that it goes into.

        :raises ValueError: for an import that a test made up without one.
        """
        return int(str(self.parameters.get("database")))

    def status(self, words: Mapping[str, str]) -> dict[str, object]:
        """As documented: numbers as text, one key with a capital, false for what is absent."""
        if self.reply is not None:
            return self.reply
        action = str(self.parameters.get("action"))
        return {
            "ID": str(self.import_id),
            "name": self.name,
            "type": "add or update" if action == "update or add" else action,
            "status": words[self.state],
            "totallines": str(self.total),
            "processedLines": str(self.processed),
            "lastrun": self.last_run or False,
            "nextrun": False,
            "lasterror": self.last_error or False,
        }


@dataclass(frozen=True)
class Failure:
    """How an import is to fail."""

    message: str
    after_lines: int = 0


async def run_import(
    record: ImportRecord,
    account: Account,
    database: Database,
    *,
    seconds: float,
    failure: Failure | None,
    fetch: Fetch,
    lock: RLock,
) -> None:
    """Carries an import out, over about so many seconds."""
    try:
        rows = await _rows(record, fetch)
        if not rows:
            return  # an import of nothing never starts (an old FAQ of the documentation)
        with lock:
            record.state = "running"
        if failure is not None:
            rows, record.total = rows[: failure.after_lines], line_count(rows)
        await _import(record, Importer(account, database, record.parameters), rows, seconds, lock, failure is None)
    except RefusedSourceError as error:
        failure = Failure(str(error))
    with lock:
        record.last_run = now()
        record.last_error = None if failure is None else failure.message
        record.state = "finished" if failure is None else "failed"


async def _rows(record: ImportRecord, fetch: Fetch) -> list[Row]:
    parameters = record.parameters
    source, text_format = parameters.get("source"), parameters.get("format")
    location = parameters.get("location")
    if isinstance(location, str):
        source = await fetch(location)
        text_format = text_format or ("csv" if parameters.get("delimiter") else "json")
    return read_rows(source, text_format, parameters.get("delimiter"))


async def _import(
    record: ImportRecord, importer: Importer, rows: list[Row], seconds: float, lock: RLock, complete: bool
) -> None:
    with lock:
        record.total = max(record.total, line_count(rows))
    chunk = max(min(-(-len(rows) // STEPS), 1000), 1)
    pause = seconds / max(-(-len(rows) // chunk), 1)
    for start in range(0, len(rows), chunk) or [0]:
        await asyncio.sleep(pause)
        with lock:
            for row in rows[start : start + chunk]:
                importer.row(row)
                record.processed += 1
    if complete:
        with lock:
            importer.finish()
