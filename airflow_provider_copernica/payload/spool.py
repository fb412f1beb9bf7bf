"""Temporary files that start in memory, vanish with their process, and say when the disk is full."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import SpooledTemporaryFile

from airflow_provider_copernica.exceptions import CopernicaError

__all__ = ["IN_MEMORY", "Spool", "explain_full_disk"]

IN_MEMORY = 1 << 20
"""Bytes of a spool that are kept in memory before they go to disk."""

# no space, no quota left, and the longest file that the process may write
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def explain_full_disk(size: int) -> Iterator[None]:
    """
    Say what to do when a temporary file can't grow; a retry may find more room.

    :param size: bytes of it so far.
    :raises CopernicaError: the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise CopernicaError(
            f"The disk is full: the rows are kept in a temporary file until they are sent, and it could not grow "
            f"beyond {size:,} bytes. Make room in {tempfile.gettempdir()}, or let TMPDIR name a larger folder"
        ) from error


class Spool(SpooledTemporaryFile[bytes]):
    """A temporary file that is in memory while it is small; it has no name on the disk, so nothing is left behind."""

    def __init__(self) -> None:
        super().__init__(max_size=IN_MEMORY)
        self._written = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes are all that is written here
        """
        Write, as a file does.

        :param data: what to write.
        :raises CopernicaError: the disk is full.
        """
        with explain_full_disk(self._written):
            number = super().write(data)
        self._written += number
        return number

    def seek(self, offset: int, whence: int = 0) -> int:
        """
        Move, as a file does; what is still in its buffer is written first.

        :param offset: in bytes.
        :param whence: as a file has it.
        :raises CopernicaError: the disk is full.
        """
        with explain_full_disk(self._written):
            return super().seek(offset, whence)

    def close(self) -> None:
        """Remove the file; what can't be written any more is not missed."""
        with suppress(OSError):
            super().close()
