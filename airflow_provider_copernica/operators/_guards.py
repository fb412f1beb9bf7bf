"""What is looked at before rows go out: how many there are, whether they fit, what a dry run would report."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from airflow_provider_copernica.client.convert import to_boolean, to_count
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaTooFewRowsError
from airflow_provider_copernica.payload.parameters import ImportParameters
from airflow_provider_copernica.payload.row_rules import RowReport

log = logging.getLogger(__name__)

Value = TypeVar("Value")


@dataclass(frozen=True)
class Guards:
    """
    What the author of a DAG asked to be careful about.

    :param min_records: fewer rows than this fail the task.
    :param check_fields: the rows are compared with the database first.
    :param dry_run: nothing is sent.
    """

    min_records: int | None = None
    check_fields: bool = False
    dry_run: bool = False


def read_guards(*, min_records: object, check_fields: object, dry_run: object) -> Guards:
    """
    Makes what the operator was given, as rendered, into guards.

    :raises CopernicaArgumentError: when a value rendered to nonsense.
    """
    return Guards(
        None if min_records is None else _read("min_records", partial(to_count, least=0), min_records),
        _read("check_fields", to_boolean, check_fields),
        _read("dry_run", to_boolean, dry_run),
    )


def _read(name: str, convert: Callable[[object], Value], value: object) -> Value:
    try:
        return convert(value)
    except ValueError as error:
        raise CopernicaArgumentError(f"{name} {error}.") from error


def check_guards(guards: Guards, *, has_location: bool) -> None:
    """
    Refuses guards that can't work.

    :param has_location: Copernica fetches the file itself.
    :raises CopernicaArgumentError: when there are such.
    """
    if has_location and (guards.min_records is not None or guards.check_fields):
        raise CopernicaArgumentError(
            "min_records and check_fields look at the rows, but with location Copernica fetches the file itself: "
            "leave them out, or send the rows."
        )


def check_count(parameters: ImportParameters, rows: int, min_records: int | None) -> None:
    """
    Compares the number of rows with what is expected, before an empty source could empty a database.

    :param rows: how many there are.
    :param min_records: how many there must be at least; None for no limit.
    :raises CopernicaTooFewRowsError: when there are fewer.
    """
    if min_records is not None and rows < min_records:
        raise CopernicaTooFewRowsError(
            f"There are only {rows:,} rows, and min_records asks for {min_records:,}: nothing was sent to Copernica."
        )
    if rows == 0 and parameters.remove_missing:
        raise CopernicaTooFewRowsError(
            "There are no rows, and remove_missing would remove every profile: nothing was sent to Copernica."
        )


def warn(parameters: ImportParameters, report: RowReport, min_records: int | None) -> None:
    """Says in the task log what is dangerous, or probably not meant."""
    if parameters.remove_missing and min_records is None:
        log.warning(
            "remove_missing deletes every profile of database %d that is not in this import, and there is no undo. "
            "Set min_records, so that a source that broke off half-way fails the task instead.",
            parameters.database,
        )
    if parameters.remove_missing and any("." in name for name in report.fields or parameters.key_fields or ()):
        log.warning("Whether remove_missing removes profiles, subprofiles or both is not documented: expect both.")
    if not parameters.idempotent(report.fields) and parameters.idempotent():
        log.warning("A collection has no key field: each import presumably adds its subprofiles anew.")
    if parameters.followups:
        log.warning("followups runs the follow-up actions of every profile touched; these may send mail.")
    if report.duplicate_keys:
        log.warning(
            "%d of %d rows have the same key fields (%s) as an earlier row.%s",
            report.duplicate_keys,
            report.rows,
            ", ".join(report.key_fields),
            " The last one wins, presumably." if parameters.action in ("update", "update or add") else "",
        )


def report_dry_run(parameters: ImportParameters, report: RowReport, size: int) -> None:
    """What would have been sent; never a value of a row."""
    log.info("Dry run: nothing is sent to Copernica.")
    log.info("Import into database %d: action %r, name %r.", parameters.database, parameters.action, parameters.name)
    log.info("Key fields: %s.", ", ".join(parameters.key_fields or ()) or "none")
    if parameters.source is None:
        log.info("Copernica would fetch the rows from the location.")
        return
    log.info("%d rows, %d bytes in all.", report.rows, size)
    log.info("Fields: %s.", ", ".join(report.fields))
    log.info("%d rows repeat the key fields of an earlier row.", report.duplicate_keys)
    for fault in report.faults:
        log.warning("Fault: %s", fault)
    if report.fault_count:
        log.warning("%d faults in all: the import would fail before anything is sent.", report.fault_count)
