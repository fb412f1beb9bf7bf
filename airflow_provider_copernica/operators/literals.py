"""What can be checked while a DAG is parsed: arguments that its author has written out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from airflow_provider_copernica.client.errors import CopernicaEmptySourceError
from airflow_provider_copernica.client.parameters import check_parameters, is_unknown, read_parameters

# parsing has to be quick; all rows are checked when the task runs
FIRST_ROWS = 100
FIRST_CHARACTERS = 20_000


def check_literals(given: Mapping[str, object], guards: Mapping[str, object], *, waits: bool) -> None:
    """
    Checks arguments that are no templates.

    :param given: parameters of the import by name.
    :param guards: min_records, check_fields and dry_run.
    :param waits: whether the task waits for the import.
    :raises CopernicaArgumentError: naming what is wrong already.
    """
    check_parameters(given, waits=waits)
    if guards != {"min_records": None, "check_fields": False, "dry_run": False}:
        _check_guards(given, guards)
    if guards["dry_run"] is False:  # else faults are reported when the task runs
        _check_source(given)


def _check_guards(given: Mapping[str, object], guards: Mapping[str, object]) -> None:
    from airflow_provider_copernica.operators.guards import check_guards, read_guards

    known = {name: value for name, value in guards.items() if not is_unknown(value)}
    checked = read_guards(**{"min_records": None, "check_fields": False, "dry_run": False, **known})
    check_guards(checked, has_location=given.get("location") is not None)


def _check_source(given: Mapping[str, object]) -> None:
    from airflow_provider_copernica.sources.imports import prepare_import
    from airflow_provider_copernica.sources.text import refuse_repr

    source = given.get("source")
    if isinstance(source, str) and not is_unknown(source):
        refuse_repr(source)
    # neither matters to the rows
    given = {**given, "database": 1, "name": None}
    if not isinstance(source, str | list) or len(source) > FIRST_CHARACTERS or any(map(is_unknown, given.values())):
        return
    first = source if isinstance(source, str) else source[:FIRST_ROWS]
    with suppress(CopernicaEmptySourceError):  # what comes of it depends on the guards
        prepare_import(read_parameters({**given, "source": first})).close()
