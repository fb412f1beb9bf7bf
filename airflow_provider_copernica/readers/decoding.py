"""Bytes to text, and text to lines, chunk by chunk."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator
from gzip import BadGzipFile, GzipFile
from io import RawIOBase
from itertools import chain
from typing import BinaryIO, Literal, get_args

from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = [
    "BOM",
    "COMPRESSIONS",
    "LONGEST_ROW",
    "Compression",
    "check_encoding",
    "decode",
    "find_line_end",
    "read_chunks",
    "split_lines",
]

Compression = Literal["infer", "gzip", "none"]
COMPRESSIONS: tuple[Compression, ...] = get_args(Compression)

BOM = "\ufeff"
LONGEST_ROW = 1 << 25
"""Characters of a row: twice the 16 million that Copernica documents for its largest field."""
_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
# what is sometimes named .csv or .json, by its first bytes
_OTHER_FILES = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"BZh91AY&SY": "compressed with bzip2",
    b"\xfd7zXZ\x00": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard",
}
_LONGEST_SIGNATURE = max(map(len, _OTHER_FILES))
# a line end, or what may hold one without being one
_QUOTED_OR_LINE_END = re.compile(r'"[^"]*(?:"|\Z)|\r\n?|\n')


def read_chunks(stream: BinaryIO, compression: Compression = "infer") -> Iterator[bytes]:
    """
    Read a stream to its end.

    :param stream: binary, positioned at its start.
    :param compression: "infer" tells gzip by its first bytes, the default; "gzip" insists on it; "none" reads the
        bytes as they are.
    :raises CopernicaArgumentError: the compressed data are damaged, or are compressed in another way.
    """
    buffered = _Peekable(stream)
    start = buffered.peek(_LONGEST_SIGNATURE) if compression != "none" else b""
    for signature, kind in _OTHER_FILES.items():
        if start.startswith(signature):
            raise CopernicaArgumentError(f"The file is {kind}: unpack it, or compress it with gzip")
    if compression == "gzip" and start and not start.startswith(_GZIP):
        raise CopernicaArgumentError(
            "The file is not compressed with gzip, though its name or the argument compression says so: "
            "if it is to be read as it is, give compression='none'"
        )
    source = GzipFile(fileobj=buffered) if start.startswith(_GZIP) else buffered
    try:
        while chunk := source.read(_CHUNK):
            yield chunk
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise CopernicaArgumentError("The file is not a complete gzip file: write it anew") from error


class _Peekable(RawIOBase):
    """A stream whose first bytes can be looked at, whether or not it can be searched."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._start = b""

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> bytes:
        """Return the first bytes without taking them; fewer at the end only."""
        while len(self._start) < size and (more := self._stream.read(size - len(self._start))):
            self._start += more
        return self._start

    def read(self, size: int = -1) -> bytes:
        if not self._start:
            return self._stream.read(size)
        cut = len(self._start) if size < 0 else size
        taken, self._start = self._start[:cut], self._start[cut:]
        return taken if size >= 0 else taken + self._stream.read()


def check_encoding(name: str) -> str:
    """
    Return the name of a text encoding as Python knows it.

    :param name: such as "utf-8", "utf-16" or "cp1252".
    :raises CopernicaArgumentError: Python does not know it, or can't read it piece by piece.
    """
    try:
        "a".encode(name)  # text knows encodings of text only, not base64 and the like
        codecs.getincrementaldecoder(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise CopernicaArgumentError(
            f"encoding: Python knows no text encoding {name[:40]!r}: give one like 'utf-8', 'utf-16' or 'cp1252'"
        ) from error


def decode(chunks: Iterable[bytes], encoding: str = "utf-8", *, refuse_bom: bool = False) -> Iterator[str]:
    """
    Decode text; a byte order mark at the start is dropped.

    :param chunks: the bytes.
    :param encoding: a name that :func:`check_encoding` accepts, default UTF-8.
    :param refuse_bom: a byte order mark is an error, default False.
    :raises CopernicaArgumentError: it is another encoding, naming the position of the first wrong byte.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    position = 0
    first = True
    for chunk, final in _with_end(chunks):
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final)
        except UnicodeError as error:
            byte = position - waiting + error.start if isinstance(error, UnicodeDecodeError) else position
            name = "UTF-8" if encoding == "utf-8" else encoding
            raise CopernicaArgumentError(
                f"The file is not {name} at byte {byte}: save it as UTF-8, or give its encoding, like encoding='cp1252'"
            ) from error
        position += len(chunk)
        if first and text:
            if refuse_bom and text.startswith(BOM):
                raise CopernicaArgumentError("The file starts with a byte order mark: save it as UTF-8 without one")
            text = text.removeprefix(BOM)
            first = False
        if text:
            yield text


def _with_end(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for chunk in chunks:
        yield chunk, False
    yield b"", True


def find_line_end(chunks: Iterator[str]) -> tuple[str, Iterator[str]]:
    r"""
    Find what ends the first line of CSV, outside of quotes.

    :param chunks: the text.
    :return: ``\r`` where it stands alone, as old Macs wrote it, else ``\n``; and all chunks.
    """
    start = ""
    for chunk in chunks:
        start += chunk
        if len(start) >= _CHUNK:
            break
        # the carriage return at the end of a piece may be half of a line end
        if any(end in chunk for end in "\r\n") and _first_line_end(start.removesuffix("\r")):
            break
    end = _first_line_end(start)
    return "\r" if end == "\r" else "\n", chain((start,) if start else (), chunks)


def _first_line_end(text: str) -> str:
    found = (match[0] for match in _QUOTED_OR_LINE_END.finditer(text))
    return next((end for end in found if not end.startswith('"')), "")


def split_lines(chunks: Iterable[str], end: str = "\n") -> Iterator[str]:
    """
    Cut text into lines, ends included, at one kind of end only: others may stand in values.

    :param chunks: the text.
    :param end: the character that ends a line, a line feed by default.
    :raises CopernicaArgumentError: a line is longer than :data:`LONGEST_ROW`.
    """
    parts: list[str] = []
    size = number = 0
    for chunk in chunks:
        *lines, rest = chunk.split(end)
        for line in lines:
            yield "".join((*parts, line, end))
            parts.clear()
            size = 0
        number += len(lines)
        parts.append(rest)
        size += len(rest)
        if size > LONGEST_ROW:
            raise CopernicaArgumentError(
                f"Line {number + 1} is longer than {LONGEST_ROW:,} characters: check that the file has line ends"
            )
    if last := "".join(parts):
        yield last
