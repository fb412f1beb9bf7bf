"""A JSON array of objects, or one object per line, decoded row by row."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import count

from airflow_provider_copernica.readers.decoding import LONGEST_ROW
from airflow_provider_copernica.readers.malformed_row import MalformedRow

__all__ = ["JsonTextError", "json_line_rows", "json_rows"]

_BLANK = re.compile(r"[ \t\r\n]*")
_LONGEST_TOKEN = 16
_MOST_FIELDS = 10_000


class JsonTextError(Exception):
    """
    Text that is not a JSON array of objects.

    :param reason: where and why.
    :param rest: the start of what could not be read, to guess what it is; not for messages.
    """

    def __init__(self, reason: str, rest: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.rest = rest


class _Malformed(dict[str, object]):
    """An object that can't be a row."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > _MOST_FIELDS:
        return _Malformed(f"has {len(pairs):,} fields, of {_MOST_FIELDS:,} at most: an object is one row")
    row = dict(pairs)
    if len(row) == len(pairs):
        return row
    twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return _Malformed(f"has the field {twice!r} twice: keep one of them")


# numbers are read as Decimal to keep all their digits
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Decimal)


def json_rows(chunks: Iterable[str]) -> Iterator[object]:
    """
    Read a JSON array, one element after the other.

    :param chunks: the text in pieces.
    :raises JsonTextError: it is not JSON, or not an array.
    """
    buffer = _Buffer(chunks)
    if not buffer.next_character():
        return
    if buffer.next_character() != "[":
        raise JsonTextError("it must be an array of objects: [{...}, {...}]", buffer.rest())
    buffer.take()
    if buffer.next_character() != "]":
        yield buffer.decode(1)
        for number in count(1):
            separator = buffer.next_character()
            if separator == "]":
                break
            if separator != ",":
                raise JsonTextError(f"after row {number}: a comma or ] is missing", buffer.rest())
            buffer.take()
            yield buffer.decode(number + 1)
    buffer.take()
    if buffer.next_character():
        raise JsonTextError("after the array there is more text", buffer.rest())


def json_line_rows(lines: Iterable[str]) -> Iterator[object]:
    """
    Read one JSON object per line; blank lines are skipped.

    :param lines: the text, line by line.
    :raises JsonTextError: a line is not JSON.
    """
    filled = (line for line in lines if line.strip())
    for number, line in enumerate(filled, start=1):
        buffer = _Buffer([line])
        row = buffer.decode(number)
        if buffer.next_character():
            raise JsonTextError(f"row {number}: there is more than one value on the line", buffer.rest())
        yield row


class _Buffer:
    """The text that is in sight: enough for one row, read in pieces."""

    def __init__(self, chunks: Iterable[str]) -> None:
        self._chunks = iter(chunks)
        self._text = ""
        self._position = 0

    def next_character(self) -> str:
        """Return the next character that isn't blank, without taking it; empty at the end."""
        while True:
            match = _BLANK.match(self._text, self._position)
            self._position = match.end() if match else self._position
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._read(1):
                return ""

    def take(self) -> str:
        """Take the next character that isn't blank; empty at the end."""
        character = self.next_character()
        self._position += len(character)
        return character

    def rest(self) -> str:
        """Return the start of what was not read yet."""
        return self._text[self._position : self._position + 100]

    def decode(self, number: int) -> object:
        """Return the next value, or why it is not a row; read on while the end of what is in sight may cut it off."""
        self.next_character()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                reason, at, cut_off = error.msg, error.pos, self._may_be_cut_off(error)
            except (ValueError, RecursionError) as error:
                raise JsonTextError(f"row {number}: a number is too long, or values are nested too deep", "") from error
            else:
                reason, at, cut_off = "", end, end == len(self._text)
            if cut_off and len(self._text) - self._position > LONGEST_ROW:
                raise JsonTextError(f"row {number}: it is longer than {LONGEST_ROW:,} characters", "")
            if cut_off and self._read(max(1, len(self._text) - self._position)):
                continue
            if reason:
                self._position = at
                raise JsonTextError(f"row {number}: {reason}", self.rest())
            self._position = end
            return MalformedRow(value.reason) if isinstance(value, _Malformed) else value

    def _may_be_cut_off(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or len(self._text) - error.pos <= _LONGEST_TOKEN

    def _read(self, at_least: int) -> bool:
        """Drop what was taken and read on: twice as much each time keeps long rows linear."""
        parts: list[str] = []
        size = 0
        for chunk in self._chunks:
            parts.append(chunk)
            size += len(chunk)
            if size >= at_least:
                break
        if size:
            self._text = self._text[self._position :] + "".join(parts)
            self._position = 0
        return size > 0
