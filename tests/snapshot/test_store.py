"""The folder: which pointer counts, exclusive creation, and storages that fail."""

from __future__ import annotations

import errno
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from fsspec.implementations.local import LocalFileSystem
from support.memory_storage import MemoryStorage
from support.snapshots import pointer

from airflow_provider_copernica.exceptions import CopernicaError
from airflow_provider_copernica.snapshot.decisions import DamagedPointer, NoPointer, StoredPointer
from airflow_provider_copernica.snapshot.pointer import Pointer
from airflow_provider_copernica.snapshot.records import RecordWriter
from airflow_provider_copernica.snapshot.store import SnapshotFolder, SnapshotTakenError, records_name

ENTRIES = [bytes((number,)) * 31 + b"\0" for number in range(3)]


@pytest.fixture(params=["memory", "local"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> SnapshotFolder:
    if request.param == "memory":
        return SnapshotFolder(MemoryStorage(), "bucket/x", "memory://.../x", pause=lambda _: None)
    local: Any = LocalFileSystem()
    path = str(tmp_path / "new" / "x")
    return SnapshotFolder(local, path, "file:///.../x", has_folders=True, pause=lambda _: None)


def numbered(number: int, nonce: str = "a") -> Pointer:
    return pointer(nonce=nonce * 32, records=records_name(number, nonce * 32), size=96, count=3)


def write(folder: SnapshotFolder, number: int, nonce: str = "a") -> Pointer:
    made = numbered(number, nonce)
    writer = RecordWriter(with_keys=False)
    writer.write(ENTRIES)
    folder.write(number, made, writer)
    writer.close()
    return made


def names(folder: SnapshotFolder) -> list[str]:
    return sorted(name.rpartition("/")[2] for name in folder.fs.ls(folder.path, detail=False))


def test_the_highest_number_counts(folder: SnapshotFolder) -> None:
    assert folder.find() == NoPointer()
    write(folder, 9)
    made = write(folder, 10)
    with folder.fs.open(f"{folder.path}/readme.txt", "wb", block_size=1) as file:
        file.write(b"of the user")
    assert folder.find() == StoredPointer(10, made)


def test_records_come_back(folder: SnapshotFolder) -> None:
    made = write(folder, 1)
    found = folder.open_records(made, settled=True)
    assert found is not None
    assert list(found.entries()) == ENTRIES
    found.close()
    assert folder.open_records(replace(made, size=95), settled=True) is None
    assert folder.open_records(replace(made, records=records_name(2, "b" * 32)), settled=True) is None


@pytest.mark.parametrize(
    "exclusive", [None, ValueError("mode"), NotImplementedError(), OSError(errno.ENOSYS, "501"), OSError(22, "412")]
)
def test_of_two_runs_one_gets_the_number(exclusive: Exception | None) -> None:
    storage = MemoryStorage()
    folder = SnapshotFolder(storage, "x", "x", pause=lambda _: None)
    first = write(folder, 1, "a")
    storage.exclusive = exclusive
    with pytest.raises(SnapshotTakenError, match="Another run of this task"):
        write(folder, 1, "b")
    assert folder.find() == StoredPointer(1, first)
    assert names(folder) == ["000001-" + "a" * 32 + ".records", "000001.json"]


def test_a_number_that_was_used_and_removed_is_not_free(folder: SnapshotFolder) -> None:
    """Two later runs ended while this one read its rows, and removed the pointer that it wants to create."""
    last = write(folder, 3, "c")
    folder.remove_older(3, last)
    with pytest.raises(SnapshotTakenError, match="Another run of this task"):
        write(folder, 2, "b")
    assert folder.find() == StoredPointer(3, last)
    assert names(folder) == ["000003-" + "c" * 32 + ".records", "000003.json"]


@pytest.mark.parametrize("exclusive", [ValueError("mode"), NotImplementedError(), OSError(errno.ENOSYS, "501")])
def test_a_storage_that_can_not_create_exclusively(exclusive: Exception) -> None:
    folder = SnapshotFolder(MemoryStorage(exclusive), "x", "x", pause=lambda _: None)
    made = write(folder, 1)
    assert folder.find() == StoredPointer(1, made)


def test_a_storage_that_fails_to_create() -> None:
    folder = SnapshotFolder(MemoryStorage(OSError(5, "input or output")), "x", "x", pause=lambda _: None)
    with pytest.raises(CopernicaError, match="could not be written"):
        write(folder, 1)
    assert folder.find() == NoPointer()


def test_a_storage_that_says_it_exists_although_it_is_ours(folder: SnapshotFolder) -> None:
    if isinstance(folder.fs, MemoryStorage):  # as S3 does where a request was repeated
        made = numbered(1)
        folder.fs.files[f"{folder.path}/000001.json"] = made.to_json()
        write(folder, 1)
        assert folder.find() == StoredPointer(1, made)


def test_a_pointer_that_is_just_being_written_is_read_again() -> None:
    storage, pauses = MemoryStorage(), Waits()
    folder = SnapshotFolder(storage, "x", "x", pause=pauses.wait)
    made = write(folder, 1)
    storage.files["x/000001.json"] = b""
    pauses.then = lambda: storage.files.update({"x/000001.json": made.to_json()})
    assert folder.find() == StoredPointer(1, made)
    storage.files["x/000001.json"] = b"{}"
    pauses.then = lambda: None
    assert folder.find() == DamagedPointer(1)
    assert pauses.seconds == [0.5, 0.5]


def test_a_listing_that_was_kept_does_not_hide_what_was_written_meanwhile() -> None:
    """The size of a file may be kept with a listing, so that a longer one is read in part."""

    class Keeping(MemoryStorage):
        """Reads files as long as they were when their names were read."""

        sizes: dict[str, int] = {}  # noqa: RUF012 - of one test

        def invalidate_cache(self, path: str | None = None) -> None:
            self.sizes.clear()

        @contextmanager
        def open(self, path: str, mode: str, *, block_size: int) -> Iterator[BinaryIO]:
            with super().open(path, mode, block_size=block_size) as file:
                yield io.BytesIO(file.read(self.sizes.get(path, -1))) if mode == "rb" else file

    storage = Keeping()
    folder = SnapshotFolder(storage, "x", "x", pause=lambda _: None)
    made = write(folder, 1)
    later = made.with_import(1234567)

    def write_after_listing(operation: str, path: str) -> None:
        if operation == "ls":
            storage.sizes["x/000001.json"] = len(made.to_json())
            storage.files["x/000001.json"] = later.to_json()

    storage.before = write_after_listing
    assert folder.find() == StoredPointer(1, later)


def test_names_that_were_kept_are_read_anew() -> None:
    class Keeping(MemoryStorage):
        """Keeps the names of a folder until it is told not to."""

        kept: list[str] | None = None

        def invalidate_cache(self, path: str | None = None) -> None:
            self.kept = None

        def ls(self, path: str, detail: bool) -> list[str]:
            self.kept = self.kept or super().ls(path, detail)
            return self.kept

    storage = Keeping()
    folder = SnapshotFolder(storage, "x", "x", pause=lambda _: None)
    write(folder, 1)
    folder.find()
    made = numbered(2, "b")
    storage.files["x/000002.json"] = made.to_json()  # by another process
    assert folder.find() == StoredPointer(2, made)


@pytest.mark.parametrize("mode", ["wb", "xb"])
def test_a_full_disk_does_not_cost_the_last_pointer(tmp_path: Path, mode: str) -> None:
    """A file of a disk is there, and empty, from the moment that it is opened."""

    class Full(LocalFileSystem):  # type: ignore[misc]  # fsspec has no types
        """A disk without room for pointers."""

        @contextmanager
        def open(self, path: str, asked: str, *, block_size: int) -> Iterator[BinaryIO]:
            with super().open(path, asked, block_size=block_size) as file:
                yield file
                if asked == mode and ".json" in path:
                    file.truncate(3)
                    raise OSError(errno.ENOSPC, "No space left on device")

    made = write(SnapshotFolder(LocalFileSystem(), str(tmp_path), "x", has_folders=True), 1)
    folder = SnapshotFolder(Full(), str(tmp_path), "x", has_folders=True, pause=lambda _: None)
    with pytest.raises(CopernicaError, match="could not be written"):
        folder.replace(1, made.with_import(5)) if mode == "wb" else write(folder, 2, "b")
    assert folder.find() == StoredPointer(1, made)
    assert len([name for name in names(folder) if ".json" in name]) == 1


class Waits:
    """What happens while somebody waits."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.then: Any = None

    def wait(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.then()


def test_older_files_are_removed_and_nothing_else(folder: SnapshotFolder) -> None:
    write(folder, 1)
    write(folder, 2, "b")
    made = write(folder, 3, "c")
    orphan, later = records_name(3, "d" * 32), records_name(4, "e" * 32)
    for name in (orphan, later, "readme.txt", "000002.json.backup"):
        with folder.fs.open(f"{folder.path}/{name}", "wb", block_size=1) as file:
            file.write(b"x")
    folder.remove_older(3, made)
    assert names(folder) == sorted(["000003.json", made.records, later, "readme.txt", "000002.json.backup"])


def test_files_that_can_not_be_removed_are_left(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    storage = MemoryStorage()
    folder = SnapshotFolder(storage, "x", "x")
    write(folder, 1)
    made = write(folder, 2)
    storage.before = refusing("rm")
    folder.remove_older(2, made)
    assert "000001.json" in names(folder)
    storage.before = refusing("ls")
    folder.remove_older(2, made)
    assert "could not be removed (PermissionError)" in caplog.text


def refusing(operation: str) -> Any:
    def refuse(asked: str, path: str) -> None:
        if asked == operation:
            raise PermissionError(f"with password=hunter2 for {path}")

    return refuse


def acts(folder: SnapshotFolder) -> Iterator[tuple[str, Any]]:
    made = numbered(1)
    yield "ls", folder.find
    yield "rb", folder.find
    yield "rb", lambda: folder.open_records(made, settled=True)
    yield "wb", lambda: write(folder, 2)
    yield "xb", lambda: write(folder, 3)
    yield "wb", lambda: folder.replace(1, made)


@pytest.mark.parametrize("number", range(6))
def test_a_storage_that_fails_is_named_without_what_it_says(number: int) -> None:
    storage = MemoryStorage()
    folder = SnapshotFolder(storage, "x", "s3://bucket/.../x")
    write(folder, 1)
    operation, act = [*acts(folder)][number]
    storage.before = refusing(operation)
    with pytest.raises(CopernicaError, match=r"The snapshot could not be .* \(PermissionError\)") as raised:
        act()
    assert "s3://bucket/.../x" in str(raised.value)
    assert "hunter2" not in str(raised.value)
