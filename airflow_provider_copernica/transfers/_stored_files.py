"""Which files a path means: one file, those of a folder, or those that match a glob."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from airflow_provider_copernica.client.redact import redact
from airflow_provider_copernica.exceptions import CopernicaArgumentError

__all__ = ["FileSystem", "StoredFiles", "file_name", "find_files", "folder_of"]

# bytes that are fetched at a time; fsspec's own default, 5 to 50 MB, is held in memory once or twice
_BLOCK = 1 << 22
_NAMES_SHOWN = 3
_LONGEST_NAME = 100
_MAGIC = re.compile(r"[*?[]")
# what Spark, Hadoop and file systems put beside the data: _SUCCESS, _committed_123, _temporary, .part-0.csv.crc
_HIDDEN = (".", "_")

Entry = Mapping[str, object]


class FileSystem(Protocol):
    """As much of fsspec's file systems as is used here."""

    def info(self, path: str) -> Entry: ...
    def ls(self, path: str, detail: bool) -> list[Entry]: ...
    def glob(self, path: str, *, detail: bool) -> dict[str, Entry]: ...
    def open(self, path: str, mode: str, *, block_size: int) -> BinaryIO: ...
    def sign(self, path: str, *, expiration: int) -> str: ...
    def invalidate_cache(self, path: str | None = None) -> None: ...


@dataclass(frozen=True)
class StoredFiles:
    """
    Files of one storage, in the order of their names.

    :param fs: the storage.
    :param paths: as the storage names them; never empty.
    """

    fs: FileSystem
    paths: tuple[str, ...]

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """
        Open one of them for reading, with flat memory.

        :raises CopernicaArgumentError: it is not there any more.
        """
        try:
            stream = self.fs.open(path, "rb", block_size=_BLOCK)
        except FileNotFoundError:
            raise CopernicaArgumentError(
                f"path: the file has been removed since it was looked for: {file_name(path)!r}"
            ) from None
        with stream:
            yield stream

    def sign(self, path: str, seconds: int) -> str:
        """
        Return a URL from which anyone can read the file for some time.

        :raises CopernicaArgumentError: the storage signs no URLs.
        """
        try:
            return self.fs.sign(path, expiration=seconds)
        except NotImplementedError as error:
            raise CopernicaArgumentError("presign: this storage signs no URLs: leave presign out") from error


def file_name(path: str) -> str:
    """Return the last part of a path, without secrets: all of it that a message may show."""
    return redact(_last_part(path)[-_LONGEST_NAME:])


def _last_part(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def find_files(path: str, conn_id: str | None) -> StoredFiles:
    """
    Look up what a path means.

    :param path: a file, a folder or a glob, as Airflow's ``ObjectStoragePath`` takes it. A file of exactly that name
        comes first, so that names may hold ``[``, ``*`` or ``?``.
    :param conn_id: the connection of the storage; None: the one in the path, if any.
    :raises CopernicaArgumentError: there is no such storage, file, or nothing to read in the folder.
    """
    fs, path = _connect(path, conn_id)
    # listings are kept with the process; another task may have written meanwhile
    fs.invalidate_cache()
    try:
        entry = fs.info(path)
    except (FileNotFoundError, NotADirectoryError):
        if not _MAGIC.search(path):
            # Airflow's log would show the cause, with all of the path
            raise CopernicaArgumentError(f"path: there is no file or folder {file_name(path)!r}") from None
        return StoredFiles(fs, _matching(fs, path))
    if "?" in path and _last_part(str(entry["name"])) != _last_part(path):
        raise CopernicaArgumentError(
            "path: the storage reads the newest version only and ignores what follows the question mark: leave that "
            "out, or copy the version that you want to a name of its own"
        )
    if entry["type"] == "directory":
        return StoredFiles(fs, _within(fs.ls(path, detail=True), path))
    if not entry["size"]:  # storages of objects may have a folder of the same name, whose mark is an empty object
        files = [each for each in _list(fs, path) if str(each["name"]).startswith(f"{path}/")]
        if files:
            return StoredFiles(fs, _within(files, path))
    return StoredFiles(fs, (path,))


def folder_of(path: str) -> str:
    """
    Return the folder of a glob, or any other path as it is.

    :param path: such as ``s3://bucket/daily/part-*.csv``, of which ``s3://bucket/daily`` is left.
    """
    fixed = _MAGIC.split(path, maxsplit=1)[0]
    return path if fixed == path else fixed.rpartition("/")[0]


def _connect(path: str, conn_id: str | None) -> tuple[FileSystem, str]:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    scheme = path.partition("://")[0] if "://" in path else "file"
    try:
        # Airflow 2 takes None for an answer, and forgets the connection in the path
        stored = ObjectStoragePath(path, **({"conn_id": conn_id} if conn_id else {}))
        return cast("FileSystem", stored.fs), str(stored.path)
    except ImportError as error:
        raise CopernicaArgumentError(
            f"path: a Python package for storage of the kind {scheme!r} is not installed{_remedy(scheme)}"
        ) from error
    except ValueError as error:
        if "filesystem" not in str(error):
            raise
        if scheme in ("http", "https", "ftp", "ftps", "sftp"):
            raise CopernicaArgumentError(
                f"path: Airflow can't read {scheme!r} as a storage: let Copernica fetch the file, with "
                "CopernicaImportOperator and its argument location"
            ) from error
        raise CopernicaArgumentError(
            f"path: Airflow knows no storage of the kind {scheme!r}{_remedy(scheme)}"
        ) from error


def _remedy(scheme: str) -> str:
    extra = {"s3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gcs", "gcs": "gcs"}.get(scheme)
    if extra:
        return f": pip install 'airflow-provider-copernica[{extra}]'"
    return ": install the Airflow provider that reads it"


def _list(fs: FileSystem, path: str) -> list[Entry]:
    try:
        return fs.ls(path, detail=True)
    except FileNotFoundError:
        return []


def _within(entries: list[Entry], folder: str) -> tuple[str, ...]:
    """The files of a folder; folders within it would be left out in silence, and are refused."""
    shown = [entry for entry in entries if not _is_hidden(entry, folder)]
    if folders := [file_name(str(entry["name"])) for entry in shown if entry["type"] == "directory"]:
        raise CopernicaArgumentError(
            f"path: the folder holds folders ({_shown(folders)}): say with a glob which files are meant, like "
            f"'{file_name(folder)}/*/*.csv'"
        )
    if not shown:
        raise CopernicaArgumentError(
            "path: the folder has nothing to read (names that begin with a dot or an underscore do not count): "
            f"{file_name(folder)!r}"
        )
    return tuple(sorted(str(entry["name"]) for entry in shown))


def _matching(fs: FileSystem, pattern: str) -> tuple[str, ...]:
    base = folder_of(pattern)
    shown = [entry for entry in fs.glob(pattern, detail=True).values() if not _is_hidden(entry, base)]
    files = [str(entry["name"]) for entry in shown if entry["type"] != "directory"]
    folders = [file_name(str(entry["name"])) for entry in shown if entry["type"] == "directory"]
    if folders and "**" not in pattern:
        raise CopernicaArgumentError(f"path: the glob matches folders ({_shown(folders)}): go on with '/*'")
    if not files:
        raise CopernicaArgumentError(f"path: no file matches {file_name(pattern)!r}")
    return tuple(sorted(files))


def _is_hidden(entry: Entry, folder: str) -> bool:
    """Whether it is something beside the data, or the mark of the folder itself."""
    name = str(entry["name"])
    inner = name.partition(folder.strip("/") + "/")[2] if folder.strip("/") else name.lstrip("/")
    return not inner.strip("/") or any(part.startswith(_HIDDEN) for part in inner.split("/"))


def _shown(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(map(repr, names[:_NAMES_SHOWN])) + (f" and {more} more" if more > 0 else "")
