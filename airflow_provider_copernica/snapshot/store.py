"""The folder of a snapshot, on any storage that fsspec knows."""

from __future__ import annotations

import errno
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from airflow_provider_copernica.exceptions import CopernicaError
from airflow_provider_copernica.snapshot.decisions import DamagedPointer, Found, NoPointer, StoredPointer
from airflow_provider_copernica.snapshot.pointer import MAX_POINTER, Pointer, UnreadablePointerError, read_pointer
from airflow_provider_copernica.snapshot.records import RecordFile, RecordWriter

__all__ = ["FileSystem", "SnapshotFolder", "SnapshotTakenError", "records_name"]

log = logging.getLogger(__name__)

# the least that S3 takes as a part of a larger file; fsspec's own default is held in memory once or twice
_BLOCK = 5 << 20
_POINTER = re.compile(r"([0-9]{6,12})\.json")
_RECORDS = re.compile(r"([0-9]{6,12})-[0-9a-f]{32}\.records")
# seconds; another run may be writing its pointer this very moment
_SECOND_LOOK = 0.5


class FileSystem(Protocol):
    """As much of fsspec's file systems as is used here."""

    def ls(self, path: str, detail: bool) -> list[str]: ...
    def open(self, path: str, mode: str, *, block_size: int) -> AbstractContextManager[BinaryIO]: ...
    def rm_file(self, path: str) -> None: ...
    def exists(self, path: str) -> bool: ...
    def makedirs(self, path: str, exist_ok: bool) -> None: ...
    def mv(self, path1: str, path2: str) -> None: ...
    def invalidate_cache(self, path: str | None = None) -> None: ...


class SnapshotTakenError(CopernicaError):
    """Another run has written the pointer with this number."""


def records_name(number: int, nonce: str) -> str:
    """
    Return the name of a file of records, which no other run has.

    :param number: of its pointer.
    :param nonce: of its pointer.
    """
    return f"{number:06}-{nonce}.records"


@dataclass(frozen=True)
class SnapshotFolder:
    """
    The folder.

    :param fs: the storage.
    :param path: of the folder, as the storage names it.
    :param shown: what messages may say of it.
    :param has_folders: whether folders must be made before files are, as on a local disk.
    :param pause: waits so many seconds.
    """

    fs: FileSystem
    path: str
    shown: str
    has_folders: bool = False
    pause: Callable[[float], None] = time.sleep

    def find(self) -> Found:
        """
        Return the pointer with the highest number.

        :raises CopernicaError: the storage can't be read.
        """
        with self._reading():
            number = max(self._numbers(), default=None)
            return NoPointer() if number is None else self._read_twice(number)

    def open_records(self, pointer: Pointer, *, settled: bool) -> RecordFile | None:
        """
        Copy the records of a pointer to this machine.

        :param pointer: says which.
        :param settled: whether the import that they were written for has finished.
        :return: to be closed by the caller; None where they are not those that the pointer means.
        :raises CopernicaError: the storage can't be read.
        """
        with self._reading():
            try:
                with self._open(pointer.records, "rb") as file:
                    records = RecordFile(file, pointer.count, with_keys=pointer.with_keys, settled=settled)
            except FileNotFoundError:
                return None
        if records.size == pointer.size:
            return records
        records.close()
        return None

    def write(self, number: int, pointer: Pointer, records: RecordWriter) -> None:
        """
        Write records, and then their pointer, which only one of several runs can.

        :param number: of the pointer.
        :param pointer: what the records mean.
        :param records: the records.
        :raises SnapshotTakenError: another run has written this pointer.
        :raises CopernicaError: the storage can't be written.
        """
        with self._writing():
            if self.has_folders:
                self.fs.makedirs(self.path, exist_ok=True)
            with self._open(pointer.records, "wb") as file:
                records.copy_to(file)
            is_ours = self._create(number, pointer)
            # a number is free again once later runs have confirmed theirs and removed what was older
            is_last = is_ours and max(self._numbers(), default=number) <= number
        if not is_last:
            self._remove(pointer.records)
            if is_ours:
                self._remove(_pointer_name(number))
            raise SnapshotTakenError(
                f"Another run of this task took up the snapshot meanwhile, so nothing was sent to Copernica. Let one "
                f"run at a time (max_active_runs=1). (Folder {self.shown})"
            )

    def replace(self, number: int, pointer: Pointer) -> None:
        """
        Write a pointer in the place of the one with the same number.

        :param number: its number.
        :param pointer: what it says now.
        :raises CopernicaError: the storage can't be written.
        """
        name, data = _pointer_name(number), pointer.to_json()
        with self._writing():
            if self.has_folders:
                self._replace_on_disk(name, data)
                return
            with self._open(name, "wb") as file:
                file.write(data)

    def remove_older(self, number: int, pointer: Pointer) -> None:
        """
        Remove what no run needs any more, as far as the storage lets it.

        :param number: of the pointer that counts.
        :param pointer: what it says.
        """
        try:
            for name in self._names():
                match = _POINTER.fullmatch(name) or _RECORDS.fullmatch(name)
                if match and name != pointer.records and int(match[1]) < number + (name.endswith(".records")):
                    self._remove(name)
        except Exception as error:  # noqa: BLE001 - whatever the storage raises: they cost room and nothing else
            log.info("Older files of the snapshot could not be removed (%s).", type(error).__name__)

    def _numbers(self) -> list[int]:
        return [int(match[1]) for match in map(_POINTER.fullmatch, self._names()) if match]

    def _names(self) -> list[str]:
        self.fs.invalidate_cache()  # listings are kept with the process; another run may have written meanwhile
        try:
            return [entry.rstrip("/").rpartition("/")[2] for entry in self.fs.ls(self.path, detail=False)]
        except FileNotFoundError:
            return []

    def _read_twice(self, number: int) -> Found:
        found = self._read_pointer(number)
        if isinstance(found, DamagedPointer):
            self.pause(_SECOND_LOOK)
            self.fs.invalidate_cache()  # the size of the file may be kept with the listing
            found = self._read_pointer(number)
        return found

    def _read_pointer(self, number: int) -> Found:
        try:
            with self._open(_pointer_name(number), "rb") as file:
                return StoredPointer(number, read_pointer(file.read(MAX_POINTER)))
        except (FileNotFoundError, UnreadablePointerError):
            return DamagedPointer(number)

    def _create(self, number: int, pointer: Pointer) -> bool:
        """Whether the pointer is ours; a storage that repeats a request may say that it exists when it is."""
        name, data = _pointer_name(number), pointer.to_json()
        is_made = False
        try:
            with self._open(name, "xb") as file:
                is_made = self.has_folders
                file.write(data)
        except Exception as error:
            if is_made:  # a part of it, on a disk
                self._remove(name)
                raise
            self.fs.invalidate_cache()
            if not self.fs.exists(f"{self.path}/{name}"):
                if not _is_unsupported(error):
                    raise
                with self._open(name, "wb") as file:  # as good as such a storage can
                    file.write(data)
        found = self._read_pointer(number)
        return isinstance(found, StoredPointer) and found.pointer.nonce == pointer.nonce

    def _replace_on_disk(self, name: str, data: bytes) -> None:
        """Where a file is empty as soon as it is opened, and would be lost with a full disk or a killed worker."""
        written = f"{name}.new"
        try:
            with self._open(written, "wb") as file:
                file.write(data)
            self.fs.mv(f"{self.path}/{written}", f"{self.path}/{name}")
        except BaseException:
            self._remove(written)
            raise

    def _open(self, name: str, mode: str) -> AbstractContextManager[BinaryIO]:
        return self.fs.open(f"{self.path}/{name}", mode, block_size=_BLOCK)

    def _remove(self, name: str) -> None:
        with suppress(Exception):  # whatever the storage raises; a later run tries again
            self.fs.rm_file(f"{self.path}/{name}")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._explaining("read"):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._explaining("written"):
            yield

    @contextmanager
    def _explaining(self, verb: str) -> Iterator[None]:
        try:
            yield
        except CopernicaError:
            raise
        except Exception as error:  # whatever the storage raises; its text may hold credentials
            raise CopernicaError(
                f"The snapshot could not be {verb} ({type(error).__name__}). (Folder {self.shown})"
            ) from error


def _is_unsupported(error: Exception) -> bool:
    """Whether a storage, or the package that speaks to it, can't create files exclusively."""
    known = isinstance(error, NotImplementedError | ValueError)
    return known or (isinstance(error, OSError) and error.errno in (errno.ENOSYS, errno.EOPNOTSUPP))


def _pointer_name(number: int) -> str:
    return f"{number:06}.json"
