"""The step of an import that looks at the database: before the POST, and after the import has finished."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_copernica.exceptions import CopernicaApiError, CopernicaError, CopernicaVerificationError
from airflow_provider_copernica.operators._schema import read_schema
from airflow_provider_copernica.operators._verify_looks import Looks
from airflow_provider_copernica.payload.columns import parse_columns, show_name
from airflow_provider_copernica.verification.counts import Baseline, ask_baseline, count_changes, read_baseline
from airflow_provider_copernica.verification.outcome import SampleOutcome, VerificationOutcome
from airflow_provider_copernica.verification.rows import Examination, Finding, RowFinding
from airflow_provider_copernica.verification.sample import RowSample, SampledRow

if TYPE_CHECKING:
    from airflow_provider_copernica.client.imports import CopernicaImport
    from airflow_provider_copernica.hooks.copernica import CopernicaHook
    from airflow_provider_copernica.operators._outcome import PushOutcome
    from airflow_provider_copernica.operators._steps import Keep
    from airflow_provider_copernica.payload.parameters import ImportParameters
    from airflow_provider_copernica.payload.row_rules import RowReport
    from airflow_provider_copernica.payload.schema import DatabaseSchema
    from airflow_provider_copernica.verification.settings import VerifySettings

__all__ = ["VerifyStep"]

# seconds before a row that is not as expected is read once more: what Copernica shows may come a little late
PAUSE_SECONDS = 5.0
CLEAR = "The task is not retried, since a retry would not have the rows to compare: clear the task to send them again."
NO_ROWS = "this attempt does not have them, since the task was deferred or has found the import of an earlier attempt"

log = logging.getLogger(__name__)


class VerifyStep:
    """
    Looks at the database around an import.

    :param settings: what the author of the DAG asked for.
    :param in_worker: whether this process also waits for the import's end; else it keeps no rows.
    """

    name = "verify"

    def __init__(self, settings: VerifySettings, *, in_worker: bool) -> None:
        self._settings = settings
        self._in_worker = in_worker
        self._sample: RowSample | None = None
        self._examination: Examination | None = None
        self._no_rows = NO_ROWS

    def row_step(
        self,
        hook: CopernicaHook,  # noqa: ARG002 - of an ImportStep
        parameters: ImportParameters,
    ) -> RowSample | None:
        """
        Return what draws the sample.

        :param hook: of the account.
        :param parameters: of the import.
        """
        size = self._settings.sample if self._in_worker else 0
        if self._in_worker:
            self._no_rows = _why_no_rows(parameters)
        self._sample = RowSample(size, whole_key=parameters.delete_target == "subprofile") if size else None
        return self._sample

    def after_rows(self, report: RowReport, push: PushOutcome | None) -> None:
        """Do nothing: any rows will do."""

    def without_post(self) -> None:
        """Do nothing: there is no import to look at."""

    def close(self) -> None:
        """Do nothing: the sample is in memory."""

    def before_post(
        self,
        hook: CopernicaHook,
        parameters: ImportParameters,
        report: RowReport,
        earlier: Mapping[str, object] | None,
    ) -> dict[str, object]:
        """
        Take note of what the database holds before the import.

        An import that failed half-way has changed the database already, so a retry that sends it again counts from
        what was before the first of them.

        :param hook: of the account.
        :param parameters: of the import.
        :param report: what was seen in the rows.
        :param earlier: what was kept of an earlier attempt, whose import is sent again.
        :raises CopernicaApiError: the database can't be read, and nothing was sent.
        """
        looks = Looks(hook)
        baseline = Baseline("")
        self._examination = _examination(parameters, report.schema)
        try:
            schema = report.schema
            if schema is None and self._needs_schema(parameters):
                schema = read_schema(hook, parameters.database)
                looks.calls += 1
            self._examination = _examination(parameters, schema)
            self._warn_of_key_fields(parameters, schema)
            path = _path(parameters, schema)
            first = Baseline.from_dict(earlier or {})
            if path and first.path == path and first.number is not None:
                baseline = first
            elif path:
                baseline = read_baseline(path, looks.ask(ask_baseline(path)))
        except CopernicaApiError as error:
            if self._settings.fails:
                raise _before_sending(error) from error
            log.warning("verify: What the database holds before the import is not known: %s", error)
        return {**baseline.as_dict(), "action": parameters.action, "calls": looks.calls}

    def after_post(self, import_id: int, kept: Mapping[str, object]) -> None:
        """Do nothing: there is nothing to see yet."""

    def after_end(
        self,
        hook: CopernicaHook,
        status: CopernicaImport,
        kept: Mapping[str, object] | None,
        push: PushOutcome,
        keep: Keep,
    ) -> None:
        """
        Look at what the database holds now.

        :param hook: of the account.
        :param status: of the import, which has finished.
        :param kept: what :meth:`before_post` returned; with the difference that an earlier attempt has found.
        :param push: takes the counts.
        :param keep: takes a difference, so that it stays one if the worker is lost.
        :raises CopernicaVerificationError: there is a difference, or the database can't be read.
        """
        if kept is None:
            log.warning("verify: What the database held before this import is not known, nor is what the import did.")
            kept = {}
        earlier = kept.get("difference")
        if isinstance(earlier, Mapping) and self._settings.fails:
            counts = earlier.get("counts")
            self._fail(_error(str(earlier.get("message")), status, hook), counts, push)
        outcome, problem = self._look(hook, status, kept)
        counts = outcome.as_dict()
        if problem and self._settings.fails:
            problem = f"{problem} {CLEAR}"
            # first of all: a worker may be lost at any moment, and the next attempt would end green
            keep(self.name, {**kept, "difference": {"message": problem, "counts": counts}})
            self._fail(_error(problem, status, hook), counts, push)
        push(self.name, counts)
        if problem:
            log.warning("%s", _error(problem, status, hook))

    def after_refusal(self, kept: Mapping[str, object] | None) -> None:
        """Do nothing: this step looks first."""

    def _fail(self, error: CopernicaVerificationError, counts: object, push: PushOutcome) -> NoReturn:
        """Push the counts, whose error must not hide this one, and raise it."""
        try:
            push(self.name, counts if isinstance(counts, Mapping) else {})
        except Exception:  # whatever Airflow raises
            log.exception("The counts could not be pushed.")
        raise error

    def _needs_schema(self, parameters: ImportParameters) -> bool:
        """Whether types of fields, or the ID of a collection, must be known."""
        return bool(self._sample is not None and self._sample.rows) or parameters.delete_target == "subprofile"

    def _warn_of_key_fields(self, parameters: ImportParameters, schema: DatabaseSchema | None) -> None:
        if self._sample is None or not self._sample.rows or schema is None:
            return
        fields = ((column, schema.field_type(column)) for column in parse_columns(parameters.key_fields or ()))
        slow = [show_name(column.name) for column, field in fields if field is not None and field.indexed is False]
        if slow:
            log.warning(
                "verify: These key fields have no index, so that each look-up of a row may search the whole database: "
                "let Copernica index them, or give a smaller sample. (Key fields: %s)",
                ", ".join(slow),
            )

    def _look(
        self, hook: CopernicaHook, status: CopernicaImport, kept: Mapping[str, object]
    ) -> tuple[VerificationOutcome, str | None]:
        """What is seen now, and what is wrong with it."""
        calls = kept.get("calls")
        looks = Looks(hook, calls if isinstance(calls, int) else 0)
        outcome, baseline = VerificationOutcome(str(kept.get("action"))), Baseline.from_dict(kept)
        failure = None
        try:
            if baseline.path:
                outcome = replace(outcome, counts=looks.run(count_changes(baseline)))
            outcome = replace(outcome, sample=self._compare_rows(looks))
        except CopernicaError as error:
            failure = error
        outcome = replace(outcome, calls=looks.calls)
        for sentence in outcome.counts.unknown:
            log.warning("verify: %s", sentence)
        log.info("Import %d: %s.", status.import_id, outcome.summary())
        if failure is not None:
            reason = failure.reason
            return outcome, f"The import has finished, but the database could not be looked at afterwards: {reason}"
        differences = outcome.differences(self._settings)
        if not differences:
            return outcome, None
        return outcome, (
            f"The import has finished, but the database does not hold what was sent: {'; '.join(differences)}. "
            f"{outcome.causes}."
        )

    def _compare_rows(self, looks: Looks) -> SampleOutcome | None:
        """What became of the sample; None where there is none, which is said here."""
        if not self._settings.sample:
            return None
        if self._sample is not None and self._sample.not_askable:
            log.warning(
                "verify: Rows can't be in the sample where Copernica's filters have no way to write their keys: %s.",
                f"{self._sample.not_askable:,}",
            )
        if self._sample is None or self._examination is None or not self._sample.rows:
            log.info("verify: The rows are not compared, only counted: %s.", self._no_rows)
            return None
        sample = SampleOutcome.of(_examine(self._examination, self._sample.rows, looks))
        if sample.unknown:
            log.warning(
                "verify: Rows are not compared where Copernica's reply does not fit what was asked for: %s.",
                f"{sample.unknown:,}",
            )
        return sample


def _examine(examination: Examination, rows: Sequence[SampledRow], looks: Looks) -> list[RowFinding]:
    """What became of each row; what is not as expected is read once more after a pause."""
    findings = [looks.run(examination.examine(row)) for row in rows]
    none_exists = all(finding.finding in (Finding.ABSENT, Finding.UNKNOWN) for finding in findings)
    doubtful = [at for at, finding in enumerate(findings) if finding.is_difference or none_exists]
    if doubtful:
        time.sleep(PAUSE_SECONDS)
    for at in doubtful:
        findings[at] = looks.run(examination.examine(rows[at]))
    return findings


def _examination(parameters: ImportParameters, schema: DatabaseSchema | None) -> Examination:
    return Examination(
        parameters.database,
        parameters.action,
        parameters.delete_target == "subprofile",
        bool(parameters.ignore_empty_fields),
        schema,
    )


def _why_no_rows(parameters: ImportParameters) -> str:
    """Why no row is in the sample, where none is."""
    if parameters.location is not None:
        return "Copernica fetches the file itself"
    return "their keys can't be asked for" if parameters.key_fields else "there are no key fields to find them by"


def _path(parameters: ImportParameters, schema: DatabaseSchema | None) -> str:
    """Where the (sub)profiles are listed that are counted; empty where that is not one list."""
    if parameters.delete_target != "subprofile":
        return f"database/{parameters.database}/profiles"
    names = {column.collection for column in parse_columns(parameters.key_fields or ()) if column.collection}
    found = [collection for collection in (schema.collections if schema else ()) if collection.name in names]
    if len(found) == 1:
        return f"collection/{found[0].id}/subprofiles"
    log.warning("verify: Subprofiles are not counted, since key_fields does not name one collection of the database.")
    return ""


def _before_sending(error: CopernicaApiError) -> CopernicaApiError:
    """The same error, with what it means for the import."""
    return type(error)(
        f"verify: The database could not be looked at before the import, so nothing was sent to Copernica: "
        f"{error.reason}",
        names=error.names,
        status_code=error.status_code,
        api_message=error.api_message,
    )


def _error(problem: str, status: CopernicaImport, hook: CopernicaHook) -> CopernicaVerificationError:
    names = (f"import {status.import_id} {status.name!r}", f"connection {hook.copernica_conn_id!r}")
    return CopernicaVerificationError(problem, status, names=names)
