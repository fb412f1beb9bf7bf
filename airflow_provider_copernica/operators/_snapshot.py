"""The step of an import that sends only what changed."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from airflow_provider_copernica.operators._pointer_step import PointerStep, import_fates, raise_if_refused
from airflow_provider_copernica.snapshot.budgets import check_budgets, check_empty_source, describe
from airflow_provider_copernica.snapshot.compare import Base, Comparison, ComparisonOutcome, Rules
from airflow_provider_copernica.snapshot.decisions import Compare, Found, NoSnapshot, Run, decide
from airflow_provider_copernica.snapshot.pointer import Pointer
from airflow_provider_copernica.snapshot.settings import refuse_columns
from airflow_provider_copernica.snapshot.store import SnapshotFolder, records_name

if TYPE_CHECKING:
    from airflow_provider_copernica.hooks.copernica import CopernicaHook
    from airflow_provider_copernica.operators._outcome import PushOutcome
    from airflow_provider_copernica.payload.parameters import ImportParameters
    from airflow_provider_copernica.payload.row_rules import RowReport
    from airflow_provider_copernica.payload.row_steps import RowStep

__all__ = ["SnapshotStep"]

log = logging.getLogger(__name__)

_SALT_SIZE = 32


@dataclass(frozen=True)
class _Opened:
    """
    A snapshot that the rows are being compared with.

    :param folder: of the snapshot.
    :param found: what was there.
    :param run: this one.
    :param salt: the key of the digests, old or new.
    :param base: the last snapshot; None where everything is sent.
    :param comparison: of the rows.
    """

    folder: SnapshotFolder
    found: Found
    run: Run
    salt: bytes
    base: Base | None
    comparison: Comparison


@dataclass(frozen=True)
class _Compared:
    """
    The rows as they were compared.

    :param opened: with what.
    :param outcome: what was found.
    :param rejected: rows that were rejected.
    """

    opened: _Opened
    outcome: ComparisonOutcome
    rejected: int


class SnapshotStep(PointerStep):
    """Sends only what changed since the last success, and remembers what was sent."""

    _opened: _Opened | None = None
    _compared: _Compared | None = None

    def row_step(self, hook: CopernicaHook, parameters: ImportParameters) -> RowStep:
        """
        Read the last snapshot.

        :param hook: of the account, which is asked about an import that is not known to have finished.
        :param parameters: of the import.
        :return: what compares the rows with it.
        :raises CopernicaArgumentError: the folder belongs to another task.
        :raises CopernicaError: another run is at it, or the storage can't be read.
        """
        folder = self._folder()
        run = self._describe_run(hook, parameters)
        found = folder.find()
        decision = raise_if_refused(decide(found, run, import_fates(hook)), folder)
        base = self._open_base(folder, decision)
        if isinstance(decision, Compare) and base is None:
            decision = NoSnapshot("the records of the last snapshot can't be read")
        salt = bytes.fromhex(base.pointer.salt) if base else secrets.token_bytes(_SALT_SIZE)
        rules = Rules(
            salt,
            keys_only=run.action == "ignore or add",
            ignore_empty=run.ignore_empty_fields,
            hands_over=self._settings.hands_over,
            check_columns=lambda columns: refuse_columns(idempotent=parameters.idempotent(columns)),
        )
        if isinstance(decision, NoSnapshot):
            log.info("Everything is sent, since %s; which rows are gone is not known.", decision.reason)
        comparison = Comparison(rules, base, decision.full if isinstance(decision, Compare) else None)
        self._opened = _Opened(folder, found, run, salt, base, comparison)
        return comparison

    def after_rows(self, report: RowReport, push: PushOutcome | None) -> None:
        """
        Find what is gone, and judge how much changed.

        :param report: what was seen in the rows.
        :param push: takes the counts; None in a dry run.
        :raises CopernicaArgumentError: a key occurs more than once.
        :raises CopernicaTooManyChangesError: more changed than was expected.
        """
        opened = self._get_opened()
        known = opened.base.pointer.rows if opened.base else 0
        if not report.rows:
            check_empty_source(self._settings, known)
            return
        comparison = opened.comparison
        outcome = comparison.finish(incomplete=bool(report.rejected or report.fault_count))
        if opened.base and comparison.full:
            log.info("Everything is sent, since %s.", comparison.full)
        log.info("%s", describe(outcome.counts))
        if outcome.without_key:
            log.warning(
                "%s of the gone rows can't be handed over, since they were sent before on_removed='hand_over' was set.",
                f"{outcome.without_key:,}",
            )
        if push:
            push(self.name, asdict(outcome.counts))
        check_budgets(self._settings, outcome.counts, known)
        self._compared = _Compared(opened, outcome, report.rejected)

    def before_post(
        self,
        hook: CopernicaHook,  # noqa: ARG002 - of an ImportStep
        parameters: ImportParameters,  # noqa: ARG002 - as above
        report: RowReport,  # noqa: ARG002 - as above
        earlier: Mapping[str, object] | None,  # noqa: ARG002 - as above
    ) -> dict[str, object]:
        """
        Write the new records, with what is on its way flagged, and then their pointer.

        :param hook: of the account.
        :param parameters: of the import.
        :param report: what was seen in the rows.
        :param earlier: what was kept of an earlier attempt: the folder itself holds all that counts.
        :raises CopernicaError: another run was faster, or the storage can't be written.
        """
        number, pointer, compared = self._new_pointer(confirmed=False)
        return self._write(compared.opened.folder, number, pointer, compared.outcome.records)

    def without_post(self) -> None:
        """
        Bring the snapshot up to date where no row has to be sent: rows may be gone or back, an import have finished.

        :raises CopernicaError: the storage can't be written.
        """
        number, pointer, compared = self._new_pointer(confirmed=True)
        folder, base = compared.opened.folder, compared.opened.base
        if base is not None and not self._is_altered(compared, base):
            if base.pointer.confirmed:
                return
            number, pointer = number - 1, base.pointer.as_confirmed(base.pointer.import_id)
            folder.replace(number, pointer)
        else:
            self._write(folder, number, pointer, compared.outcome.records)
        folder.remove_older(number, pointer)

    def close(self) -> None:
        """Remove temporary files."""
        if self._opened is not None:
            self._opened.comparison.close()

    def _is_altered(self, compared: _Compared, base: Base) -> bool:
        return (
            compared.outcome.altered
            or not base.settled
            or base.pointer.rejected != compared.rejected
            or base.pointer.with_keys != self._settings.hands_over
        )

    def _describe_run(self, hook: CopernicaHook, parameters: ImportParameters) -> Run:
        return Run(
            self._task,
            self._run,
            hook.settings.base_url,
            parameters.database,
            parameters.key_fields or (),
            parameters.action,
            bool(parameters.ignore_empty_fields),
            self._settings.full_every,
            self._clock(),
        )

    def _open_base(self, folder: SnapshotFolder, decision: NoSnapshot | Compare) -> Base | None:
        if isinstance(decision, NoSnapshot):
            return None
        records = folder.open_records(decision.pointer, settled=decision.settled)
        return None if records is None else Base(decision.pointer, records, decision.settled)

    def _new_pointer(self, *, confirmed: bool) -> tuple[int, Pointer, _Compared]:
        compared = self._compared
        if compared is None:
            raise RuntimeError("The rows were not compared yet.")
        opened, outcome = compared.opened, compared.outcome
        run, base = opened.run, opened.base
        now, number, nonce = self._clock(), opened.found.number + 1, secrets.token_hex(16)
        pointer = Pointer(
            owner=self._task,
            run=self._run,
            writer=self._task.task,
            base_url=run.base_url,
            database=run.database,
            key_fields=run.key_fields,
            columns=outcome.columns,
            action=run.action,
            ignore_empty_fields=run.ignore_empty_fields,
            salt=opened.salt.hex(),
            records=records_name(number, nonce),
            size=outcome.records.size,
            count=outcome.records.count,
            rows=outcome.live,
            rejected=compared.rejected,
            with_keys=self._settings.hands_over,
            written_at=now,
            full_at=now if base is None or outcome.counts.full else base.pointer.full_at,
            nonce=nonce,
            confirmed=confirmed,
        )
        return number, pointer, compared

    def _get_opened(self) -> _Opened:
        if self._opened is None:
            raise RuntimeError("The snapshot was not opened yet.")
        return self._opened
