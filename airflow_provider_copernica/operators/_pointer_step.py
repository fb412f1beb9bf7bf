"""What a step does with the pointer that it wrote before the POST: the import's ID, and what became of the import."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from airflow_provider_copernica.client.import_states import ImportState
from airflow_provider_copernica.client.polling import is_unknown_import
from airflow_provider_copernica.exceptions import CopernicaApiError, CopernicaArgumentError, CopernicaError
from airflow_provider_copernica.operators._storage import open_storage
from airflow_provider_copernica.redacted_fields import describe_location
from airflow_provider_copernica.snapshot.decisions import (
    Ask,
    Compare,
    Decision,
    ImportFate,
    NoSnapshot,
    Refuse,
    StoredPointer,
    TryLater,
)
from airflow_provider_copernica.snapshot.pointer import Owner, Pointer
from airflow_provider_copernica.snapshot.records import RecordWriter
from airflow_provider_copernica.snapshot.settings import SnapshotSettings
from airflow_provider_copernica.snapshot.store import FileSystem, SnapshotFolder

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_copernica.client.imports import CopernicaImport
    from airflow_provider_copernica.hooks.copernica import CopernicaHook
    from airflow_provider_copernica.operators._outcome import PushOutcome
    from airflow_provider_copernica.operators._steps import Keep

__all__ = ["Clock", "PointerStep", "import_fates", "open_folder", "raise_if_refused", "utc_now"]

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
"""Returns the current time, with its zone."""

_FATES = {
    ImportState.FINISHED: ImportFate.FINISHED,
    ImportState.BUSY: ImportFate.RUNNING,
    ImportState.FAILED: ImportFate.FAILED,
}


def utc_now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)


def open_folder(settings: SnapshotSettings) -> SnapshotFolder:
    """
    Return the folder of a snapshot.

    :param settings: say where it is.
    :raises CopernicaArgumentError: Airflow does not know such a storage.
    """
    path = open_storage("snapshot", settings.path, settings.object_storage_conn_id)
    has_folders = path.protocol in ("", "file", "local")
    shown = describe_location(settings.path)
    return SnapshotFolder(cast("FileSystem", path.fs), str(path.path).rstrip("/"), shown, has_folders)


def import_fates(hook: CopernicaHook) -> Ask:
    """
    Return what asks Copernica about imports.

    :param hook: of the account.
    """

    def ask(import_id: int) -> ImportFate:
        try:
            return _FATES[hook.get_import(import_id).state]
        except CopernicaApiError as error:
            if is_unknown_import(error):
                log.warning("%s", error)
                return ImportFate.UNKNOWN
            raise

    return ask


def raise_if_refused(decision: Decision, folder: SnapshotFolder) -> NoSnapshot | Compare:
    """
    Return a decision that lets the run go on.

    :param decision: what the run does.
    :param folder: of the snapshot.
    :raises CopernicaArgumentError: it is refused.
    :raises CopernicaError: it has to be tried again later.
    """
    match decision:
        case Refuse(message):
            raise CopernicaArgumentError(f"{message}. (Folder {folder.shown})")
        case TryLater(message):
            raise CopernicaError(f"{message}. (Folder {folder.shown})")
    return decision


class PointerStep:
    """
    The part of a step that comes after its pointer was written.

    An error of the storage is only logged here: the import has been made, and the next run asks Copernica about it.

    :param settings: say where the snapshot is.
    :param context: of the task.
    :param clock: tells the moment.
    :param open_folder: gives the folder of the snapshot.
    """

    def __init__(
        self,
        settings: SnapshotSettings,
        context: Context,
        clock: Clock = utc_now,
        open_folder: Callable[[SnapshotSettings], SnapshotFolder] = open_folder,
    ) -> None:
        ti = context["ti"]
        index = -1 if ti.map_index is None else int(ti.map_index)
        self._settings = settings
        self._clock = clock
        self._folder = partial(open_folder, settings)
        self._task = Owner(str(ti.dag_id), str(ti.task_id), index)
        self._run = str(context["run_id"])
        self._written: StoredPointer | None = None

    @property
    def name(self) -> str:
        """Return the name of the option."""
        return "snapshot"

    def after_post(self, import_id: int, kept: Mapping[str, object]) -> None:  # noqa: ARG002 - of an ImportStep
        """
        Put the import's ID into the pointer.

        :param import_id: the ID.
        :param kept: what was kept before the POST.
        """
        if self._written is None:
            return
        number, pointer = self._written.number, self._written.pointer.with_import(import_id)
        try:
            self._folder().replace(number, pointer)
        except Exception as error:  # noqa: BLE001 - the import has been made
            log.warning(
                "The ID of import %d could not be put into the snapshot (%s): unless this task still confirms it, the "
                "next run sends its rows again.",
                import_id,
                type(error).__name__,
            )

    def after_end(
        self,
        hook: CopernicaHook,  # noqa: ARG002 - of an ImportStep
        status: CopernicaImport,
        kept: Mapping[str, object] | None,
        push: PushOutcome,  # noqa: ARG002 - as above
        keep: Keep,  # noqa: ARG002 - as above
    ) -> None:
        """
        Confirm the pointer of an import that has finished.

        :param hook: of the account.
        :param status: of the import.
        :param kept: what was kept before the POST.
        :param push: takes counts.
        :param keep: takes what the next attempt must know.
        """
        try:
            folder = self._folder()
            found = folder.find()
            if not isinstance(found, StoredPointer) or not self._is_own(found, kept, status.import_id):
                log.warning(
                    "A later run has taken up the snapshot before import %d had finished; let one run at a time "
                    "(max_active_runs=1).",
                    status.import_id,
                )
                return
            confirmed = found.pointer.as_confirmed(status.import_id)
            if found.pointer != confirmed:
                folder.replace(found.number, confirmed)
            folder.remove_older(found.number, confirmed)
        except Exception as error:  # noqa: BLE001 - the import has finished
            log.warning(
                "The snapshot could not be confirmed (%s): the next run asks Copernica about import %d.",
                type(error).__name__,
                status.import_id,
            )

    def after_refusal(self, kept: Mapping[str, object] | None) -> None:
        """
        Take the import's ID out of the pointer, so that its rows are sent again.

        :param kept: what was kept before the POST.
        """
        try:
            folder = self._folder()
            found = folder.find()
            if isinstance(found, StoredPointer) and self._is_own(found, kept, None):
                folder.replace(found.number, found.pointer.as_given_up())
        except Exception as error:  # noqa: BLE001 - another error is about to be raised
            log.error(
                "The snapshot could not be told that the import is not accepted (%s): send everything once, with "
                "full_every=0.",
                type(error).__name__,
            )

    def _write(self, folder: SnapshotFolder, number: int, pointer: Pointer, records: RecordWriter) -> dict[str, object]:
        """Write records and their pointer; return what is kept."""
        folder.write(number, pointer, records)
        self._written = StoredPointer(number, pointer)
        return {"number": number, "nonce": pointer.nonce}

    def _is_own(self, found: StoredPointer, kept: Mapping[str, object] | None, import_id: int | None) -> bool:
        """Whether a pointer is that of this task's import; where nothing was kept, by its import, or else its run."""
        pointer = found.pointer
        if kept:
            return (found.number, pointer.nonce) == (kept.get("number"), kept.get("nonce"))
        if import_id is not None:
            return pointer.import_id == import_id
        return (pointer.run, pointer.writer) == (self._run, self._task.task)
