"""What can be checked while a DAG is parsed: arguments that its author has written out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from airflow_provider_copernica.client.convert import to_boolean
from airflow_provider_copernica.exceptions import CopernicaEmptySourceError
from airflow_provider_copernica.payload.parameters import check_parameters, is_unknown, read_parameters

__all__ = ["check_literals"]

# parsing has to be quick; everything is checked when the task runs
FIRST_ROWS = 100
LONGEST_TEXT = 20_000
_BOOLEANS = ("remove_missing", "autostart", "followups")
_NO_OPTIONS: dict[str, object] = {
    "min_records": None,
    "check_fields": "names",
    "dry_run": False,
    "rejects": None,
    "snapshot": None,
    "verify": None,
}


def check_literals(given: Mapping[str, object], options: Mapping[str, object], *, waits: bool) -> None:
    """
    Check literal arguments: those that are not templates.

    :param given: parameters of the import by name.
    :param options: min_records, check_fields, dry_run, rejects, snapshot and verify.
    :param waits: whether the task waits for the import.
    :raises CopernicaArgumentError: naming what is wrong already.
    """
    check_parameters(given, waits=waits)
    reports = _check_options(given, options, waits) if options != _NO_OPTIONS else False
    if not reports:
        _check_source(given, sends_again=options.get("snapshot") is not None)


def _check_options(given: Mapping[str, object], options: Mapping[str, object], waits: bool) -> bool:
    """Whether faults are, or may be, reported when the task runs."""
    from airflow_provider_copernica.operators._options import check_options, check_waiting, read_options

    known = {name: value for name, value in options.items() if not is_unknown(value)}
    checked = read_options(**{**_NO_OPTIONS, **known})
    parameters = {**given, **{name: _boolean(given.get(name)) for name in _BOOLEANS}}
    check_options(checked, parameters)
    if isinstance(options.get("snapshot"), Mapping):  # templates may be in it
        from airflow_provider_copernica.snapshot.settings import refuse_parameters

        refuse_parameters(parameters)
    check_waiting(options["verify"], waits=waits)
    return checked.dry_run or "dry_run" not in known or options["rejects"] is not None


def _boolean(value: object) -> bool | None:
    with suppress(ValueError):  # a template
        return to_boolean(value)
    return None


def _check_source(given: Mapping[str, object], *, sends_again: bool) -> None:
    from airflow_provider_copernica.payload.body import prepare_import
    from airflow_provider_copernica.payload.text import refuse_repr

    source = given.get("source")
    if isinstance(source, str) and not is_unknown(source):
        refuse_repr(source)
    # neither matters to the rows
    given = {**given, "database": 1, "name": None}
    if not isinstance(source, str | list) or any(map(is_unknown, given.values())):
        return
    if isinstance(source, str) and len(source) > LONGEST_TEXT:  # half of it can't be read
        return
    first = source if isinstance(source, str) else source[:FIRST_ROWS]
    with suppress(CopernicaEmptySourceError):  # what comes of it depends on the options
        parameters = read_parameters({**given, "source": first})
        with prepare_import(parameters) as body:
            if sends_again:
                from airflow_provider_copernica.snapshot.settings import refuse_columns

                refuse_columns(idempotent=parameters.idempotent(body.report.fields))
