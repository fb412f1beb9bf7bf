"""From checked parameters to the body that is posted."""

from __future__ import annotations

import io
import json
from collections.abc import Generator
from contextlib import closing, nullcontext

from airflow_provider_copernica.client.parameters import ImportParameters
from airflow_provider_copernica.sources.body import ImportBody, write_body, write_text_body
from airflow_provider_copernica.sources.rows import make_header
from airflow_provider_copernica.sources.rules import NOT_KNOWN, Columns, RowReport, RowRules
from airflow_provider_copernica.sources.schema import DatabaseSchema
from airflow_provider_copernica.sources.text import check_text


def prepare_import(
    parameters: ImportParameters,
    *,
    schema: DatabaseSchema | None = None,
    columns: Columns = NOT_KNOWN,
    tolerate_faults: bool = False,
) -> ImportBody:
    """
    Checks the rows and writes the body.

    :param parameters: converted and checked. A generator of rows is closed, whatever happens.
    :param schema: the database to compare the rows with; default: they are not compared.
    :param columns: what is known of them; those of a location are not checked where they are not known.
    :param tolerate_faults: for a dry run: faults are only reported.
    :return: to be closed by the caller. The report on a location knows of no rows.
    :raises CopernicaArgumentError: when columns or rows are wrong.
    :raises CopernicaEmptySourceError: when there are no rows.
    """
    wire, source = parameters.to_wire(), parameters.source
    rules = RowRules(
        key_fields=parameters.key_fields or (),
        ignore_empty_fields=bool(parameters.ignore_empty_fields),
        check_columns=parameters.check_columns,
        schema=schema,
        column_map=columns.renamed,
    )
    if source is None:
        names = make_header(columns.of_location, rules).names if columns.of_location else ()
        body = json.dumps(wire).encode()
        return ImportBody(io.BytesIO(body), len(body), RowReport(0, names, rules.key_fields, 0))
    if isinstance(source, str):
        report = check_text(
            source, parameters.format or "", parameters.delimiter, rules, tolerate_faults=tolerate_faults
        )
        return write_text_body(wire, source, report, tolerate_faults=tolerate_faults)
    # a generator that breaks off would hold its cursor or file for as long as the error lives
    with closing(source) if isinstance(source, Generator) else nullcontext():
        return write_body(wire, source, rules, tolerate_faults=tolerate_faults)
