"""From parameters to an import: the guards, the body, the POST."""

from __future__ import annotations

import logging
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_copernica.exceptions import CopernicaEmptySourceError
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators._attempt_store import AttemptStore, post_import
from airflow_provider_copernica.operators._attempts import AcceptedImport
from airflow_provider_copernica.operators._consent import warn_of_undone_consent
from airflow_provider_copernica.operators._guards import check_count, report_dry_run, warn
from airflow_provider_copernica.operators._options import ImportOptions, check_options
from airflow_provider_copernica.operators._outcome import PushOutcome
from airflow_provider_copernica.operators._rejects import settle_rejects
from airflow_provider_copernica.operators._schema import schema_reader
from airflow_provider_copernica.operators._steps import ImportSteps, Kept
from airflow_provider_copernica.payload.body import ImportBody, prepare_import
from airflow_provider_copernica.payload.parameters import ImportParameters
from airflow_provider_copernica.payload.rejects import RejectedRows, RejectSettings
from airflow_provider_copernica.payload.row_rules import Columns, RowReport

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

__all__ = ["NothingSent", "default_name", "dry_run", "submit"]

log = logging.getLogger(__name__)

_NO_ROWS = RowReport(0, (), (), 0)


@dataclass(frozen=True)
class NothingSent:
    """No row had to be sent, so that no import was made."""


def default_name(context: Context) -> str:
    """
    Return a label that a person finds again in Copernica.

    :param context: of the task.
    """
    ti = context["ti"]
    mapped = f" [{ti.map_index}]" if ti.map_index is not None and ti.map_index >= 0 else ""
    return f"{ti.dag_id}.{ti.task_id} {context['run_id']}{mapped}"


def submit(
    hook: CopernicaHook,
    parameters: ImportParameters,
    columns: Columns,
    options: ImportOptions,
    store: AttemptStore,
    steps: ImportSteps,
    push: PushOutcome,
    earlier: Kept,
) -> AcceptedImport | NothingSent:
    """
    Make an import, unless a step leaves out every row.

    :param hook: of the connection.
    :param parameters: of the import.
    :param columns: what is known of the columns before the source is read.
    :param options: what else was asked for.
    :param store: where the attempt is kept.
    :param steps: those of its options.
    :param push: takes the counts of what was seen before the POST.
    :param earlier: what the options kept of an earlier attempt, whose import is sent again.
    :return: the attempt with the import's ID; or that there is none.
    """
    with closing(steps), _prepare(hook, parameters, columns, options, steps, push) as body:
        if body.report.left_out and not body.report.sent:
            steps.without_post()
            log.info("Copernica holds every row already, so nothing was sent.")
            return NothingSent()
        idempotent = parameters.idempotent(body.report.fields)
        prepare = partial(steps.before_post, hook, parameters, body.report, earlier)
        accepted = post_import(store, hook, parameters, body.payload(), prepare, idempotent=idempotent)
    steps.after_post(accepted.import_id, accepted.kept)
    log.info("Copernica made import %d %r.", accepted.import_id, accepted.name)
    return accepted


def dry_run(
    hook: CopernicaHook, parameters: ImportParameters, columns: Columns, options: ImportOptions, steps: ImportSteps
) -> None:
    """
    Do everything but the POST, and report.

    :param hook: of the connection.
    :param parameters: of the import.
    :param columns: what is known of the columns before the source is read.
    :param options: what else was asked for.
    :param steps: those of its options.
    """
    with closing(steps), _prepare(hook, parameters, columns, options, steps, None) as body:
        report_dry_run(parameters, body.report, body.size)


def _prepare(
    hook: CopernicaHook,
    parameters: ImportParameters,
    columns: Columns,
    options: ImportOptions,
    steps: ImportSteps,
    push: PushOutcome | None,
) -> ImportBody:
    """Check and write the body; without ``push`` nothing else is written (a dry run)."""
    check_options(options, vars(parameters))
    settings = options.rejects
    with ExitStack() as undo:
        rejected = undo.enter_context(_collect(settings, columns)) if settings else None
        try:
            body = prepare_import(
                parameters,
                read_schema=schema_reader(hook, parameters.database, options.check_fields),
                check_values=options.check_fields == "values",
                columns=columns,
                tolerate_faults=options.dry_run,
                rejects=rejected,
                steps=steps.row_steps(hook, parameters),
            )
        except CopernicaEmptySourceError as error:
            if settings and rejected and push:
                settle_rejects(settings, rejected, 0, push)
            check_count(parameters, 0, options.min_records)
            steps.after_rows(_NO_ROWS, push)
            raise AirflowSkipException("The source has no rows, so nothing was sent to Copernica.") from error
        discard = undo.enter_context(ExitStack())
        discard.enter_context(body)
        if settings and rejected and push:
            settle_rejects(settings, rejected, body.report.rows, push)
        if parameters.location is None:
            check_count(parameters, body.report.accepted, options.min_records)
        steps.after_rows(body.report, push)
        warn(parameters, body.report, options.min_records)
        if options.check_fields:
            warn_of_undone_consent(hook, parameters, body.report.fields)
        discard.pop_all()
        return body


def _collect(settings: RejectSettings, columns: Columns) -> RejectedRows:
    return RejectedRows(values=settings.values, current_file=columns.current_file)
