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
_NO_GUARDS: dict[str, object] = {
    "min_records": None,
    "check_fields": "names",
    "dry_run": False,
    "rejects": None,
    "verify": None,
}


def check_literals(given: Mapping[str, object], guards: Mapping[str, object], *, waits: bool) -> None:
    """
    Check arguments that are no templates.

    :param given: parameters of the import by name.
    :param guards: min_records, check_fields, dry_run, rejects and verify.
    :param waits: whether the task waits for the import.
    :raises CopernicaArgumentError: naming what is wrong already.
    """
    check_parameters(given, waits=waits)
    reports = _check_guards(given, guards, waits) if guards != _NO_GUARDS else False
    if not reports:
        _check_source(given)


def _check_guards(given: Mapping[str, object], guards: Mapping[str, object], waits: bool) -> bool:
    """Whether faults are, or may be, reported when the task runs."""
    from airflow_provider_copernica.operators._guards import check_guards, check_waiting, read_guards

    known = {name: value for name, value in guards.items() if not is_unknown(value)}
    checked = read_guards(**{**_NO_GUARDS, **known})
    check_guards(
        checked, has_location=given.get("location") is not None, remove_missing=_is_true(given, "remove_missing")
    )
    check_waiting(guards["verify"], waits=waits)
    return checked.dry_run or "dry_run" not in known or guards["rejects"] is not None


def _is_true(given: Mapping[str, object], name: str) -> bool:
    with suppress(ValueError):  # a template
        return to_boolean(given.get(name))
    return False


def _check_source(given: Mapping[str, object]) -> None:
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
    with suppress(CopernicaEmptySourceError):  # what comes of it depends on the guards
        prepare_import(read_parameters({**given, "source": first})).close()
