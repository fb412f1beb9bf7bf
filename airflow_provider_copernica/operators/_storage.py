"""The storages that options of an import write to, and which of a mapped task's instances share one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaError
from airflow_provider_copernica.payload.parameters import is_unknown
from airflow_provider_copernica.redacted_fields import describe_location

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

__all__ = ["open_storage", "refuse_shared_paths"]


def open_storage(option: str, path: str, conn_id: str | None) -> ObjectStoragePath:
    """
    Return a path whose storage is there.

    :param option: that it is an argument of.
    :param path: of a file or a folder.
    :param conn_id: the Airflow connection of the storage; None: the one in the path, if any.
    :raises CopernicaArgumentError: Airflow does not know such a storage, or its package is not installed.
    :raises CopernicaError: it can't be opened.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    try:
        # Airflow 2 takes None for an answer, and forgets the connection in the path
        found = ObjectStoragePath(path, **({"conn_id": conn_id} if conn_id else {}))
        found.fs  # noqa: B018 - made when it is asked for
    except (ImportError, ValueError) as error:
        raise CopernicaArgumentError(
            f"{option}: Airflow can't write to this storage ({type(error).__name__}), so nothing was sent to "
            "Copernica: check the scheme of the path, and that the storage's package is installed. "
            f"(Path {describe_location(path)})"
        ) from error
    except Exception as error:  # whatever a connection or a storage raises; its text may hold credentials
        raise CopernicaError(
            f"The storage of {option} can't be opened ({type(error).__name__}), so nothing was sent to Copernica. "
            f"(Path {describe_location(path)})"
        ) from error
    return found


def refuse_shared_paths(arguments: Mapping[str, object]) -> None:
    """
    Refuse one path for all instances of a mapped task: they would replace each other's files.

    :param arguments: as given to ``.partial()``.
    :raises CopernicaArgumentError: the path of an option holds no template; or that of a snapshot goes by the number
        of the instance.
    """
    rejects, snapshot = (_path(arguments.get(name)) for name in ("rejects", "snapshot"))
    if rejects is not None and not is_unknown(rejects):
        raise CopernicaArgumentError(
            "rejects has one path for all instances of this mapped task, which would replace each other's file: make "
            "it differ, like 's3://bucket/rejects/{{ ti.map_index }}.jsonl'"
        )
    if snapshot is not None and (not is_unknown(snapshot) or "map_index" in snapshot):
        raise CopernicaArgumentError(
            "snapshot needs a folder for each instance of this mapped task, named by what it imports and not by its "
            "number, which may be another one in the next run: map snapshot too, like "
            "expand_kwargs([{'database': 1, 'snapshot': Snapshot('s3://bucket/copernica/1')}])"
        )


def _path(option: object) -> str | None:
    path = option.get("path") if isinstance(option, Mapping) else None
    return path if isinstance(path, str) else None
