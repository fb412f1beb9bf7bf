"""Bytes to text, and text to lines, chunk by chunk."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable, Iterator
from gzip import BadGzipFile, GzipFile
from typing import BinaryIO

from airflow_provider_copernica.exceptions import CopernicaArgumentError

_CHUNK = 1 << 16
BOM = "\ufeff"


def read_chunks(stream: BinaryIO, compression: str | None) -> Iterator[bytes]:
    """
    Read a stream to its end.

    :param stream: binary, positioned at its start.
    :param compression: "gzip" or None.
    :raises CopernicaArgumentError: the compressed data are damaged, or weren't compressed.
    """
    source = GzipFile(fileobj=stream) if compression == "gzip" else stream
    try:
        while chunk := source.read(_CHUNK):
            yield chunk
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise CopernicaArgumentError("the file is no complete gzip file: check it, or its name") from error


def decode(chunks: Iterable[bytes]) -> Iterator[str]:
    """
    Decode UTF-8; a byte order mark at the start is dropped.

    :param chunks: the bytes.
    :raises CopernicaArgumentError: it isn't UTF-8, naming the position of the first wrong byte.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    first = True
    for chunk, final in _with_end(chunks):
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            byte = position - waiting + error.start
            raise CopernicaArgumentError(f"the file is not UTF-8 at byte {byte}: save it as UTF-8") from error
        position += len(chunk)
        if first and text:
            text = text.removeprefix(BOM)
            first = False
        if text:
            yield text


def _with_end(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for chunk in chunks:
        yield chunk, False
    yield b"", True


def split_lines(chunks: Iterable[str]) -> Iterator[str]:
    """
    Cut text into lines, ends included, at line feeds only: other line ends of Unicode may stand in values.

    :param chunks: the text.
    """
    parts: list[str] = []
    for chunk in chunks:
        *lines, rest = chunk.split("\n")
        for line in lines:
            yield "".join((*parts, line, "\n"))
            parts.clear()
        parts.append(rest)
    if last := "".join(parts):
        yield last
