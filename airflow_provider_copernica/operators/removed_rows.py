"""The operator that removes from Copernica what is gone from the source of another task."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Unpack

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_copernica.arguments import RemovedRowsArguments, Template, refuse_unknown
from airflow_provider_copernica.client.convert import to_count, to_names
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators._pointer_step import PointerStep, import_fates, raise_if_refused
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.payload.parameter_rules import UNKNOWN
from airflow_provider_copernica.payload.parameters import is_unknown
from airflow_provider_copernica.snapshot.decisions import NoSnapshot, Run, decide_removal
from airflow_provider_copernica.snapshot.pointer import Pointer
from airflow_provider_copernica.snapshot.records import RecordFile
from airflow_provider_copernica.snapshot.removed import Gone, find_gone, gone_rows, records_of_removal
from airflow_provider_copernica.snapshot.settings import read_snapshot_settings, refuse_parameters
from airflow_provider_copernica.snapshot.store import SnapshotFolder, records_name

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_copernica.hooks.copernica import CopernicaHook
    from airflow_provider_copernica.operators._options import ImportOptions
    from airflow_provider_copernica.operators._outcome import PushOutcome
    from airflow_provider_copernica.operators._steps import ImportSteps
    from airflow_provider_copernica.payload.parameters import ImportParameters
    from airflow_provider_copernica.payload.row_rules import RowReport

__all__ = ["CopernicaRemovedRowsOperator", "GoneRows", "RemovalStep"]

log = logging.getLogger(__name__)

_REFUSED = ("source", "location", "format", "delimiter", "remove_missing", "rejects")
_BOOLEANS = ("autostart", "followups")


@dataclass(frozen=True)
class GoneRows:
    """
    The gone rows of a snapshot.

    :param folder: of the snapshot.
    :param number: of its pointer.
    :param pointer: what it says.
    :param records: its records.
    :param rows: those that are gone.
    """

    folder: SnapshotFolder
    number: int
    pointer: Pointer
    records: RecordFile
    rows: Gone


class RemovalStep(PointerStep):
    """Flags the gone rows as on their way; once the import has finished, they are forgotten."""

    _gone: GoneRows | None = None

    def open(
        self, hook: CopernicaHook, database: int, key_fields: tuple[str, ...], *, whole_profiles: bool = False
    ) -> GoneRows:
        """
        Find the rows that are gone now.

        :param hook: of the account.
        :param database: ID of the database.
        :param key_fields: of the import; none: those of the snapshot.
        :param whole_profiles: also where the key has fields of a collection, profiles are removed or changed.
        :raises AirflowSkipException: there are none.
        """
        folder = self._folder()
        found = folder.find()
        run = Run(
            self._task, self._run, hook.settings.base_url, database, key_fields, "", False, timedelta(0), self._clock()
        )
        decision = raise_if_refused(decide_removal(found, run, import_fates(hook)), folder)
        if isinstance(decision, NoSnapshot):
            raise _nothing(f"{decision.reason}")
        if decision.pointer.rejected:
            raise _nothing(f"{decision.pointer.rejected:,} rows were rejected, and may be those that seem to be gone")
        records = folder.open_records(decision.pointer, settled=decision.settled)
        if records is None:
            raise _nothing("the records of the last snapshot can't be read")
        names = decision.pointer.key_fields
        rows = find_gone(records, names, [name for name in names if not (whole_profiles and _is_of_collection(name))])
        self._gone = GoneRows(folder, found.number, decision.pointer, records, rows)
        if rows.in_use:
            log.warning(
                "%s of the rows that are gone are not removed, since other rows of the source have the same key but "
                "for case, accents or the notation of a number, or the same profile.",
                f"{rows.in_use:,}",
            )
        if not rows.count:
            self.close()
            raise _nothing("no row is gone")
        log.info("%s of the rows before are gone.", f"{rows.count:,}")
        return self._gone

    def row_step(self, hook: CopernicaHook, parameters: ImportParameters) -> None:
        """Leave the rows alone."""

    def after_rows(self, report: RowReport, push: PushOutcome | None) -> None:
        """
        Count the rows.

        :param report: what was seen in the rows.
        :param earlier: what was kept of an earlier attempt: the folder itself holds all that counts.
        :param push: takes the counts; None in a dry run.
        """
        if push:
            push(self.name, {"gone": report.rows})

    def before_post(
        self,
        hook: CopernicaHook,  # noqa: ARG002 - of an ImportStep
        parameters: ImportParameters,  # noqa: ARG002 - as above
        report: RowReport,  # noqa: ARG002 - as above
        earlier: Mapping[str, object] | None,  # noqa: ARG002 - as above
    ) -> dict[str, object]:
        """
        Write the records with the gone rows flagged, and then their pointer.

        :param hook: of the account.
        :param parameters: of the import.
        :param report: what was seen in the rows.
        """
        if self._gone is None:
            raise RuntimeError("The snapshot was not opened yet.")
        gone, number, nonce = self._gone, self._gone.number + 1, secrets.token_hex(16)
        records = records_of_removal(gone.records, gone.rows.has)
        try:
            pointer = replace(
                gone.pointer,
                run=self._run,
                writer=self._task.task,
                records=records_name(number, nonce),
                size=records.size,
                count=records.count,
                written_at=self._clock(),
                nonce=nonce,
                import_id=None,
                confirmed=False,
                given_up=False,
            )
            return self._write(gone.folder, number, pointer, records)
        finally:
            records.close()

    def without_post(self) -> None:
        """Do nothing: there are rows."""

    def close(self) -> None:
        """Remove temporary files."""
        if self._gone is not None:
            self._gone.records.close()


class CopernicaRemovedRowsOperator(CopernicaImportOperator):
    """
    Remove from Copernica what is gone from the source of a task with ``Snapshot(path, on_removed="hand_over")``.

    It imports the keys of the rows that are gone at that moment; one that is back, be it with another case or accent,
    is not among them, nor is one whose whole profile would go although another row has it. Without any the task is
    skipped. Its import clears them from the snapshot when it has finished; what an earlier one could not finish is
    taken up. Let it follow the task that keeps the snapshot.

    :param snapshot: the ``Snapshot`` of that task; its path and connection count.
    :param action: ``delete``, the default; or ``update``, with ``set``.
    :param set: fields and the values that gone rows get in the place of being deleted, as ``{"Newsletter": "no"}``; the
        action is ``update`` then. A template.
    :param key_fields: default: those of the snapshot; others are refused.
    :param kwargs: all of :class:`~airflow_provider_copernica.operators.copernica.CopernicaImportOperator` but
        ``source``, ``location``, ``format``, ``delimiter``, ``remove_missing`` and ``rejects``.
    :raises CopernicaArgumentError: as there; also when the snapshot is of another database.
    :raises AirflowSkipException: when no row is gone.
    """

    template_fields: Sequence[str] = (*CopernicaImportOperator.template_fields, "set")

    def __init__(
        self,
        *,
        task_id: str,
        snapshot: Mapping[str, object],
        action: Literal["delete", "update"] | Template | XComArg = "delete",
        set: Mapping[str, object] | None = None,  # noqa: A002 - as in SQL
        **kwargs: Unpack[RemovedRowsArguments],
    ) -> None:
        refuse_unknown(type(self), kwargs)
        for name in _REFUSED:
            if kwargs.get(name) is not None:
                raise CopernicaArgumentError(f"{name}: the rows come from the snapshot: leave {name} out")
        self.set = set
        super().__init__(task_id=task_id, snapshot=snapshot, action="update" if set is not None else action, **kwargs)

    def given_source(self, context: Context | None) -> dict[str, object]:
        """Return the keys of the rows that are gone, and their names."""
        _check_action(self.action, self.set)
        if context is None:
            return {"source": UNKNOWN, "key_fields": UNKNOWN if self.key_fields is None else self.key_fields}
        from airflow_provider_copernica.hooks.copernica import CopernicaHook

        database, key_fields = _read_identity(self.database, self.key_fields)
        values = dict(self.set or {})
        whole_profiles = str(self.delete_target).strip() == "profile" or not all(
            map(_is_of_collection, map(str, values))
        )
        hook = CopernicaHook(self.copernica_conn_id)
        gone = self._removal.open(hook, database, key_fields, whole_profiles=whole_profiles)
        names = gone.pointer.key_fields
        if shared := sorted({*values} & {*names}):
            raise CopernicaArgumentError(f"set: {shared[0]!r} is a key field, by which the profile is found")
        rows: Iterator[object] = gone_rows(gone.records, names, values, gone.rows.has)
        return {"source": rows, "key_fields": list(names)}

    def make_steps(self, options: ImportOptions, context: Context, *, in_worker: bool) -> ImportSteps:
        """Return the steps of the options, and the one that clears the snapshot."""
        from airflow_provider_copernica.operators._steps import ImportSteps

        others = super().make_steps(options, context, in_worker=in_worker)
        self._removal = RemovalStep(read_snapshot_settings(self.snapshot), context)
        return ImportSteps((*others.steps, self._removal))

    def _given_options(self) -> dict[str, object]:
        refuse_parameters({name: _boolean(getattr(self, name)) for name in _BOOLEANS})
        return {**super()._given_options(), "snapshot": None}


def _boolean(value: object) -> object:
    text = str(value).strip().lower()
    return {"true": True, "1": True, "false": False, "0": False}.get(text)


def _is_of_collection(name: str) -> bool:
    return "." in name and not name.startswith("interest.")


def _check_action(action: object, values: object) -> None:
    if is_unknown(action) or is_unknown(values):
        return
    if values is not None and (not isinstance(values, Mapping) or not values):
        raise CopernicaArgumentError("set must be a dict of fields and values, like {'Newsletter': 'no'}")
    if action not in ("delete", "update"):
        raise CopernicaArgumentError("action must be 'delete', or 'update' together with set")
    if action == "update" and values is None:
        raise CopernicaArgumentError(
            "action 'update' needs set, the values that gone rows get, like {'Newsletter': 'no'}"
        )


def _read_identity(database: object, key_fields: object) -> tuple[int, tuple[str, ...]]:
    name = "database"
    try:
        number = to_count(database)
        name = "key_fields"
        return number, () if key_fields is None else to_names(key_fields)
    except ValueError as error:
        raise CopernicaArgumentError(f"{name} {error}") from error


def _nothing(reason: str) -> AirflowSkipException:
    return AirflowSkipException(f"There is nothing to remove, since {reason}, so nothing was sent to Copernica.")
