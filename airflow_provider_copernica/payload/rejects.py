"""Rows that break a rule, kept with their reasons, while the others are sent."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO

from airflow_provider_copernica.client.convert import to_boolean, to_text
from airflow_provider_copernica.payload.faults import FIRST_FAULTS, Fault
from airflow_provider_copernica.payload.option_arguments import Limit, OptionArguments, to_limit
from airflow_provider_copernica.payload.spool import Spool
from airflow_provider_copernica.payload.values import UnsafeValueError
from airflow_provider_copernica.payload.values import to_text as value_to_text

__all__ = ["RejectSettings", "RejectedRows", "check_reject_settings", "read_reject_settings"]


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
    at_most: Limit
    values: bool
    object_storage_conn_id: str | None


def check_reject_settings(given: Mapping[str, object]) -> None:
    """
    Check what is literal, before anything is rendered.

    :param given: the arguments of ``Rejects``.
    :raises CopernicaArgumentError: naming all that is wrong already.
    """
    _ARGUMENTS.check(given)


def read_reject_settings(given: object) -> RejectSettings:
    """
    Read the arguments of ``Rejects`` as they were rendered: a plain dict by then.

    :param given: the arguments by name.
    :raises CopernicaArgumentError: naming all that is wrong.
    """
    return RejectSettings(**_ARGUMENTS.read(given))  # type: ignore[arg-type]  # each was converted to its type


def _path(value: object) -> str:
    text = to_text(value).strip()
    if not text or text == "None" or text.endswith("/"):
        raise ValueError("must be the path of a file, like 's3://bucket/rejects/{{ ds }}.jsonl'")
    return text


def _conn_id(value: object) -> str | None:
    return None if value is None else to_text(value).strip() or None


_ARGUMENTS = OptionArguments(
    "rejects",
    "Rejects(path)",
    converters={
        "path": _path,
        "at_most": to_limit("rows"),
        "values": to_boolean,
        "object_storage_conn_id": _conn_id,
    },
    defaults={"at_most": 0, "values": False},
)


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
