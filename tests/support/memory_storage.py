"""A storage in memory that fails when it is told to, in the place of fsspec's."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO


class KilledError(BaseException):
    """The worker is gone, in the middle of whatever it did."""


class MemoryStorage:
    """
    Files by their paths.

    :param exclusive: what is raised where a file can't be created exclusively; None: it can.
    """

    def __init__(self, exclusive: Exception | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.exclusive = exclusive
        self.before: Callable[[str, str], None] = _nothing
        """Called with the operation and the path, before its effect; it may raise."""
        self.after: Callable[[str, str], None] = _nothing
        """The same, after the effect."""

    def ls(self, path: str, detail: bool) -> list[str]:
        assert detail is False
        self.before("ls", path)
        found = [name for name in self.files if name.startswith(f"{path}/")]
        if not found:
            raise FileNotFoundError(path)
        return found

    @contextmanager
    def open(self, path: str, mode: str, *, block_size: int) -> Iterator[BinaryIO]:
        assert block_size > 0
        self.before(mode, path)
        if mode == "rb":
            if path not in self.files:
                raise FileNotFoundError(path)
            yield io.BytesIO(self.files[path])
            return
        if mode == "xb":
            if self.exclusive:
                raise self.exclusive
            if path in self.files:
                raise FileExistsError(path)
        written = io.BytesIO()
        yield written
        self.files[path] = written.getvalue()
        self.after(mode, path)

    def rm_file(self, path: str) -> None:
        self.before("rm", path)
        del self.files[path]

    def exists(self, path: str) -> bool:
        return path in self.files

    def makedirs(self, path: str, exist_ok: bool) -> None:
        raise AssertionError("there are no folders here")

    def mv(self, path1: str, path2: str) -> None:
        raise AssertionError("a file is replaced as a whole here")

    def invalidate_cache(self, path: str | None = None) -> None: ...


def _nothing(operation: str, path: str) -> None:
    """Let everything go well."""
