"""Rows that break a rule, kept with their reasons, while the others are sent."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import BinaryIO

from airflow_provider_copernica.client.convert import to_boolean, to_count, to_text
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.faults import FIRST_FAULTS, Fault
from airflow_provider_copernica.payload.parameters import hint_at_template, is_unknown
from airflow_provider_copernica.payload.spool import Spool
from airflow_provider_copernica.payload.values import UnsafeValueError
from airflow_provider_copernica.payload.values import to_text as value_to_text

__all__ = ["RejectLimit", "RejectSettings", "RejectedRows", "check_reject_settings", "read_reject_settings"]

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)\s*%")


@dataclass(frozen=True)
class RejectLimit:
    """
    How many rows may be rejected.

    :param rows: this many at most; or None.
    :param percent: this share of the rows read at most; used where ``rows`` is None.
    """

    rows: int | None = 0
    percent: Decimal = Decimal(0)

    def allows(self, rejected: int, read: int) -> bool:
        """
        Tell whether the others may be sent.

        :param rejected: rows that were rejected.
        :param read: all rows.
        """
        if self.rows is not None:
            return rejected <= self.rows
        return 100 * rejected <= self.percent * read

    def __str__(self) -> str:
        return f"{self.rows:,}" if self.rows is not None else f"{self.percent}%"


@dataclass(frozen=True)
class RejectSettings:
    """
    What becomes of rejected rows.

    :param path: of the file that they are written to.
    :param at_most: how many there may be.
    :param values: whether their values are written too.
    :param object_storage_conn_id: the Airflow connection of the file's storage; None for the one in the path, if any.
    """

    path: str
    at_most: RejectLimit
    values: bool
    object_storage_conn_id: str | None


def check_reject_settings(given: Mapping[str, object]) -> None:
    """
    Check what is literal, before anything is rendered.

    :param given: the arguments of ``Rejects``.
    :raises CopernicaArgumentError: naming all that is wrong already.
    """
    _convert({name: value for name, value in given.items() if not is_unknown(value)})


def read_reject_settings(given: object) -> RejectSettings:
    """
    Read the arguments of ``Rejects`` as they were rendered: a plain dict by then.

    :param given: the arguments by name.
    :raises CopernicaArgumentError: naming all that is wrong.
    """
    if not isinstance(given, Mapping):
        raise CopernicaArgumentError(
            f"rejects is a {type(given).__name__}: give Rejects(path), from airflow_provider_copernica.options"
        )
    values = _convert({"path": None, "at_most": 0, "values": False, "object_storage_conn_id": None, **given})
    return RejectSettings(**values)  # type: ignore[arg-type]  # each was converted to its type by _CONVERTERS


def _convert(given: Mapping[str, object]) -> dict[str, object]:
    values: dict[str, object] = {}
    problems = []
    for name, value in given.items():
        if name not in _CONVERTERS:
            problems.append(f"rejects has no argument {str(name)[:40]!r}: there are {', '.join(_CONVERTERS)}")
            continue
        try:
            values[name] = _CONVERTERS[name](value)
        except ValueError as error:
            problems.append(f"rejects: {name} {error}{hint_at_template(value)}")
    if problems:
        raise CopernicaArgumentError(*problems)
    return values


def _path(value: object) -> str:
    text = to_text(value).strip()
    if not text or text == "None" or text.endswith("/"):
        raise ValueError("must be the path of a file, like 's3://bucket/rejects/{{ ds }}.jsonl'")
    return text


def _at_most(value: object) -> RejectLimit:
    share = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if share:
        percent = Decimal(share[1])
        if percent <= 100:
            return RejectLimit(None, percent)
    try:
        return RejectLimit(to_count(value, least=0))
    except ValueError as error:
        raise ValueError("must be a number of rows, like 20, or a share of them, like '1%'") from error


def _conn_id(value: object) -> str | None:
    return None if value is None else to_text(value).strip() or None


_CONVERTERS: dict[str, Callable[[object], object]] = {
    "path": _path,
    "at_most": _at_most,
    "values": to_boolean,
    "object_storage_conn_id": _conn_id,
}


class RejectedRows:
    """
    Takes the faulty rows of a stream, as JSON lines in a temporary file.

    :param values: write their values too, default False.
    :param current_file: names the file that is being read, where there are several; default None.
    """

    def __init__(self, *, values: bool = False, current_file: Callable[[], str | None] | None = None) -> None:
        self.count = 0
        self.first: list[str] = []
        """The first faults, in words; never a value."""
        self._values = values
        self._current_file = current_file
        self._spool = Spool()

    def add(self, number: int, row: object, faults: Sequence[Fault]) -> None:
        """
        Take a row.

        :param number: of the row, from 1.
        :param row: as it came.
        :param faults: what is wrong with it.
        """
        self.count += 1
        if len(self.first) < FIRST_FAULTS:
            self.first.extend(fault.in_row(number) for fault in faults[: FIRST_FAULTS - len(self.first)])
        line: dict[str, object] = {"row": number}
        file = self._current_file() if self._current_file else None
        if file:
            line["file"] = file
        line["reasons"] = [fault.reason() for fault in faults]
        if self._values and isinstance(row, Mapping):
            line["values"] = {str(name): _readable(value) for name, value in row.items()}
        self._spool.write(f"{json.dumps(line)}\n".encode())

    def copy_to(self, file: BinaryIO) -> None:
        """
        Write all lines.

        :param file: open for writing.
        """
        self._spool.seek(0)
        shutil.copyfileobj(self._spool, file)

    def close(self) -> None:
        """Remove the temporary file."""
        self._spool.close()

    def __enter__(self) -> RejectedRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _readable(value: object) -> str:
    """Return a value as the text that would have been sent, or else as Python prints it."""
    try:
        return value_to_text(value, "field")
    except UnsafeValueError:
        return str(value)
