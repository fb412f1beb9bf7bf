"""From parameters to an import: the guards, the body, the POST."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_copernica.exceptions import CopernicaEmptySourceError, CopernicaTooFewRowsError
from airflow_provider_copernica.hooks.copernica import CopernicaHook
from airflow_provider_copernica.operators._attempt_store import AttemptStore, post_import
from airflow_provider_copernica.operators._attempts import AcceptedImport
from airflow_provider_copernica.operators._guards import Guards, check_count, check_guards, report_dry_run, warn
from airflow_provider_copernica.payload.body import ImportBody, prepare_import
from airflow_provider_copernica.payload.parameters import ImportParameters
from airflow_provider_copernica.payload.row_rules import Columns
from airflow_provider_copernica.payload.schema import DatabaseSchema

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)


def default_name(context: Context) -> str:
    """A label that a person finds again in Copernica."""
    ti = context["ti"]
    mapped = f" [{ti.map_index}]" if ti.map_index is not None and ti.map_index >= 0 else ""
    return f"{ti.dag_id}.{ti.task_id} {context['run_id']}{mapped}"


def submit(
    hook: CopernicaHook,
    parameters: ImportParameters,
    columns: Columns,
    guards: Guards,
    store: AttemptStore,
) -> AcceptedImport:
    """
    Makes an import.

    :param columns: what is known of them.
    :return: with its ID.
    """
    with _prepare(hook, parameters, columns, guards) as body:
        idempotent = parameters.idempotent(body.report.fields)
        accepted = post_import(store, hook, parameters, body.payload(), idempotent=idempotent)
    log.info("Copernica made import %d %r.", accepted.import_id, accepted.name)
    return accepted


def dry_run(hook: CopernicaHook, parameters: ImportParameters, columns: Columns, guards: Guards) -> None:
    """Does everything but the POST, and reports."""
    with _prepare(hook, parameters, columns, guards) as body:
        report_dry_run(parameters, body.report, body.size)


def _prepare(hook: CopernicaHook, parameters: ImportParameters, columns: Columns, guards: Guards) -> ImportBody:
    check_guards(guards, has_location=parameters.location is not None)
    schema = _fetch_schema(hook, parameters.database) if guards.check_fields else None
    try:
        body = prepare_import(parameters, schema=schema, columns=columns, tolerate_faults=guards.dry_run)
    except CopernicaEmptySourceError as error:
        check_count(parameters, 0, guards.min_records)
        raise AirflowSkipException(f"{error} Nothing was sent to Copernica.") from error
    try:
        if parameters.location is None:
            check_count(parameters, body.report.rows, guards.min_records)
    except CopernicaTooFewRowsError:
        body.close()
        raise
    warn(parameters, body.report, guards.min_records)
    return body


def _fetch_schema(hook: CopernicaHook, database: int) -> DatabaseSchema:
    schema = DatabaseSchema.from_api(hook.get_database(database))
    while schema.incomplete:
        path = schema.incomplete[0]
        schema = schema.with_list(path, hook.iterate(path))
    return schema
