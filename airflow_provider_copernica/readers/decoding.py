"""Bytes to text, and text to lines, chunk by chunk."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable, Iterator
from gzip import BadGzipFile, GzipFile
from io import RawIOBase, StringIO
from itertools import chain
from typing import BinaryIO, Literal, get_args

from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = [
    "BOM",
    "COMPRESSIONS",
    "LONGEST_ROW",
    "Compression",
    "Lines",
    "check_encoding",
    "decode",
    "read_ahead",
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
_BROKEN_OFF = "The file is not a complete gzip file: write it anew"
# what is sometimes named .csv or .json, by its first bytes
_OTHER_FILES = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"BZh91AY&SY": "compressed with bzip2",
    b"\xfd7zXZ\x00": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard",
}
_LONGEST_SIGNATURE = max(map(len, _OTHER_FILES))


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
    if compression == "gzip" and not start:
        raise CopernicaArgumentError(_BROKEN_OFF)  # gzip itself takes 20 bytes for nothing
    if compression == "gzip" and not start.startswith(_GZIP):
        raise CopernicaArgumentError(
            "The file is not compressed with gzip, though its name or the argument compression says so: "
            "if it is to be read as it is, give compression='none'"
        )
    source = GzipFile(fileobj=buffered) if start.startswith(_GZIP) else buffered
    try:
        while chunk := source.read(_CHUNK):
            yield chunk
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise CopernicaArgumentError(_BROKEN_OFF) from error


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


def read_ahead(chunks: Iterator[str]) -> tuple[str, Iterator[str]]:
    """
    Read the start of a text, enough to see how it is written.

    :param chunks: the text.
    :return: 65,536 characters or more, fewer only where there are no more; and the whole text.
    """
    start: list[str] = []
    size = 0
    for chunk in chunks:
        start.append(chunk)
        size += len(chunk)
        if size >= _CHUNK:
            break
    head = "".join(start)
    return head, chain((head,) if head else (), chunks)


class Lines:
    """
    Text in lines, ends included, cut at one kind of end only: others may stand in values.

    :param chunks: the text; consumed once.
    :param end: the character that ends a line, a line feed by default.
    """

    def __init__(self, chunks: Iterable[str], end: str = "\n") -> None:
        self._chunks = chunks
        self._end = end

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[list[str]]:
        """
        Give many lines at a time, which is quicker than one by one.

        :raises CopernicaArgumentError: a line is longer than :data:`LONGEST_ROW`.
        """
        waiting: list[str] = []
        size = number = 0
        for chunk in self._chunks:
            cut = chunk.rfind(self._end) + 1
            if cut:
                lines = self._cut("".join((*waiting, chunk[:cut])))
                number += len(lines)
                yield lines
                waiting.clear()
                size = 0
            waiting.append(chunk[cut:])
            size += len(chunk) - cut
            if size > LONGEST_ROW:
                raise CopernicaArgumentError(
                    f"Line {number + 1} is longer than {LONGEST_ROW:,} characters: check that the file has line ends"
                )
        if last := "".join(waiting):
            yield [last]

    def _cut(self, text: str) -> list[str]:
        if self._end == "\n":
            return StringIO(text, newline="\n").readlines()  # without a loop in Python
        return [f"{line}{self._end}" for line in text.split(self._end)[:-1]]


def split_lines(chunks: Iterable[str], end: str = "\n") -> Lines:
    """
    Cut text into lines.

    :param chunks: the text; consumed once.
    :param end: the character that ends a line, a line feed by default.
    """
    return Lines(chunks, end)
