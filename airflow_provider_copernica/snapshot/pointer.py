"""The pointer of a snapshot: a small JSON file that says what its file of records means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

__all__ = ["MAX_POINTER", "Owner", "Pointer", "UnreadablePointerError", "read_pointer"]

FORMAT = 1
MAX_POINTER = 1 << 20
"""Bytes of a pointer at most: a thousand columns are far fewer."""

_RECORDS_NAME = re.compile(r"[0-9]{6,12}-[0-9a-f]{32}\.records")
_OWN_FIELDS = ("base_url", "action", "run", "writer", "salt", "records", "nonce")


class UnreadablePointerError(ValueError):
    """What is stored is not a pointer that this version understands."""


@dataclass(frozen=True)
class Owner:
    """
    The task that a snapshot belongs to.

    :param dag: its DAG.
    :param task: its ID.
    :param map_index: which of the instances of a mapped task wrote last; -1 where it is not mapped.
    """

    dag: str
    task: str
    map_index: int = -1

    @property
    def name(self) -> str:
        """Return DAG and task: what stays the same when what is mapped gets another order."""
        return f"{self.dag}.{self.task}"


@dataclass(frozen=True)
class Pointer:
    """
    What a file of records means.

    :param owner: the task that it belongs to.
    :param run: the DAG run in which it was written.
    :param writer: the task that wrote it: the owner, or the one that removes rows.
    :param base_url: of the API.
    :param database: ID of the database.
    :param key_fields: of the import.
    :param columns: of the rows, sorted.
    :param action: of the import.
    :param ignore_empty_fields: whether empty cells leave stored values alone.
    :param salt: of the digests, in hexadecimal digits; stored beside them, so it is not a secret.
    :param records: the name of the file.
    :param size: its bytes.
    :param count: how many records it has, gone rows among them.
    :param rows: how many rows the source had, as far as they were accepted.
    :param rejected: rows that were rejected meanwhile: which keys are gone is not known then.
    :param with_keys: whether the texts of the keys follow the records.
    :param written_at: the moment.
    :param full_at: when everything was sent last.
    :param nonce: of its own, to tell it from another one with the same number.
    :param import_id: the import that sent the rows; None before the POST, and where nothing had to be sent.
    :param confirmed: whether Copernica is known to hold the rows.
    :param given_up: whether nobody goes on with it, since the import was not accepted after it had finished.
    """

    owner: Owner
    run: str
    writer: str
    base_url: str
    database: int
    key_fields: tuple[str, ...]
    columns: tuple[str, ...]
    action: str
    ignore_empty_fields: bool
    salt: str
    records: str
    size: int
    count: int
    rows: int
    rejected: int
    with_keys: bool
    written_at: datetime
    full_at: datetime
    nonce: str
    import_id: int | None = None
    confirmed: bool = False
    given_up: bool = False

    def with_import(self, import_id: int) -> Pointer:
        """
        Return it with the import that was made.

        :param import_id: its ID.
        """
        return replace(self, import_id=import_id)

    def as_confirmed(self, import_id: int | None) -> Pointer:
        """
        Return it as what Copernica holds.

        :param import_id: the import that has finished.
        """
        return replace(self, import_id=import_id, confirmed=True, given_up=False)

    def as_given_up(self) -> Pointer:
        """Return it without its import, so that the rows are sent again."""
        return replace(self, import_id=None, confirmed=False, given_up=True)

    def to_json(self) -> bytes:
        """Return what is stored."""
        fields: dict[str, object] = {"format": FORMAT, **vars(self)}
        fields["owner"] = vars(self.owner)
        fields["written_at"], fields["full_at"] = self.written_at.isoformat(), self.full_at.isoformat()
        return json.dumps(fields, indent=1).encode()


def read_pointer(data: bytes) -> Pointer:
    """
    Read a pointer.

    :param data: as stored.
    :raises UnreadablePointerError: it is not one, or one of a later version.
    """
    try:
        fields = json.loads(data)
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise UnreadablePointerError("format")
        return _read(fields)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise UnreadablePointerError(type(error).__name__) from error


def _read(fields: Mapping[str, object]) -> Pointer:
    owner = fields["owner"]
    if not isinstance(owner, Mapping):
        raise UnreadablePointerError("owner")
    texts = {name: _text(fields[name]) for name in _OWN_FIELDS}
    if not _RECORDS_NAME.fullmatch(texts["records"]) or len(bytes.fromhex(texts["salt"])) < 16:
        raise UnreadablePointerError("records or salt")
    import_id = fields["import_id"]
    values: dict[str, object] = {
        **texts,
        **{name: _count(fields[name]) for name in ("database", "size", "count", "rows", "rejected")},
        **{name: _flag(fields[name]) for name in ("ignore_empty_fields", "with_keys", "confirmed", "given_up")},
        "owner": Owner(_text(owner["dag"]), _text(owner["task"]), int(owner["map_index"])),
        "key_fields": _texts(fields["key_fields"]),
        "columns": _texts(fields["columns"]),
        "written_at": _moment(fields["written_at"]),
        "full_at": _moment(fields["full_at"]),
        "import_id": None if import_id is None else _count(import_id),
    }
    return Pointer(**values)  # type: ignore[arg-type]  # each was read as its type


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UnreadablePointerError("text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UnreadablePointerError("list")
    return tuple(map(_text, value))


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UnreadablePointerError("number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise UnreadablePointerError("flag")
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
