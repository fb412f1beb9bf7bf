"""What is looked at before rows go out: how many there are, whether they fit, what a dry run would report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from airflow_provider_copernica.arguments import CheckFields
from airflow_provider_copernica.client.convert import to_boolean, to_count
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaTooFewRowsError
from airflow_provider_copernica.payload.columns import show_name
from airflow_provider_copernica.payload.parameters import ImportParameters, hint_at_template
from airflow_provider_copernica.payload.rejects import RejectSettings, read_reject_settings
from airflow_provider_copernica.payload.row_rules import RowReport
from airflow_provider_copernica.snapshot.settings import SnapshotSettings, read_snapshot_settings, refuse_parameters
from airflow_provider_copernica.verification.settings import VerifySettings, read_verify_settings

__all__ = [
    "Guards",
    "check_count",
    "check_guards",
    "check_waiting",
    "read_guards",
    "report_dry_run",
    "warn",
]

log = logging.getLogger(__name__)

Value = TypeVar("Value")


@dataclass(frozen=True)
class Guards:
    """
    What the author of a DAG asked to be careful about.

    :param min_records: fewer rows than this fail the task.
    :param check_fields: what of the rows is compared with the database first: the names of the columns, or their
        values too; None: nothing.
    :param dry_run: nothing is sent.
    :param rejects: what becomes of faulty rows, where the others are sent; None: a faulty row fails the task.
    :param snapshot: where it is kept what Copernica holds; None: every row is sent.
    :param verify: how the database is looked at after the import; None: not at all.
    """

    min_records: int | None = None
    check_fields: CheckFields | None = "names"
    dry_run: bool = False
    rejects: RejectSettings | None = None
    snapshot: SnapshotSettings | None = None
    verify: VerifySettings | None = None


def read_guards(
    *,
    min_records: object,
    check_fields: object,
    dry_run: object,
    rejects: object = None,
    snapshot: object = None,
    verify: object = None,
) -> Guards:
    """
    Make guards of what the operator was given, as rendered.

    :param min_records: a whole number, or digits.
    :param check_fields: "names", "values", or a boolean; True means "values".
    :param dry_run: a boolean.
    :param rejects: the arguments of ``Rejects``, or None.
    :param snapshot: the arguments of ``Snapshot``, or None.
    :param verify: the arguments of ``Verify``, or None.
    :raises CopernicaArgumentError: a value rendered to nonsense.
    """
    return Guards(
        None if min_records is None else _read("min_records", partial(to_count, least=0), min_records),
        _read("check_fields", _check_fields, check_fields),
        _read("dry_run", to_boolean, dry_run),
        None if rejects is None else read_reject_settings(rejects),
        None if snapshot is None else read_snapshot_settings(snapshot),
        None if verify is None else read_verify_settings(verify),
    )


def _read(name: str, convert: Callable[[object], Value], value: object) -> Value:
    try:
        return convert(value)
    except ValueError as error:
        raise CopernicaArgumentError(f"{name} {error}{hint_at_template(value)}") from error


def _check_fields(value: object) -> CheckFields | None:
    if isinstance(value, str):
        match value.strip().lower():
            case "names":
                return "names"
            case "values":
                return "values"
    try:
        return "values" if to_boolean(value) else None
    except ValueError as error:
        raise ValueError("must be 'names', 'values', true or false") from error


def check_guards(guards: Guards, parameters: Mapping[str, object]) -> None:
    """
    Refuse guards that can't work.

    :param guards: what was asked for.
    :param parameters: of the import, converted; what is not known yet is not a reason.
    :raises CopernicaArgumentError: there are such guards.
    """
    has_location = parameters.get("location") is not None
    if guards.snapshot:
        refuse_parameters(parameters)
    if guards.rejects and parameters.get("remove_missing") is True:
        raise CopernicaArgumentError(
            "rejects can't go with remove_missing, which would delete the profiles of rejected rows: leave one of them "
            "out"
        )
    if guards.rejects and has_location:
        raise CopernicaArgumentError(
            "rejects looks at the rows, but with location (or presign) Copernica fetches the file itself: leave it "
            "out, or send the rows"
        )
    if has_location and (guards.min_records is not None or guards.check_fields == "values"):
        raise CopernicaArgumentError(
            "min_records and check_fields='values' look at the rows, but with location Copernica fetches the file "
            "itself: leave them out, or send the rows"
        )


def check_waiting(verify: object, *, waits: bool) -> None:
    """
    Refuse to look at the database after the import where nobody waits for its end.

    :param verify: the arguments of ``Verify``, rendered or not, or None.
    :param waits: whether the task waits for the import.
    :raises CopernicaArgumentError: nobody does.
    """
    if isinstance(verify, Mapping) and not waits:
        raise CopernicaArgumentError(
            "verify looks at the database once the import has finished, but with wait_for_completion=False nobody "
            "waits for that: leave one of them out"
        )


def check_count(parameters: ImportParameters, rows: int, min_records: int | None) -> None:
    """
    Compare the number of rows with what is expected, before an empty source could empty a database.

    :param parameters: of the import.
    :param rows: how many would be sent.
    :param min_records: how many there must be at least; None for no limit.
    :raises CopernicaTooFewRowsError: there are fewer.
    """
    if min_records is not None and rows < min_records:
        raise CopernicaTooFewRowsError(
            f"There are {rows:,} rows, and min_records asks for at least {min_records:,}, so nothing was sent to "
            "Copernica"
        )
    if rows == 0 and parameters.remove_missing:
        raise CopernicaTooFewRowsError(
            "There are no rows, and remove_missing would remove every profile, so nothing was sent to Copernica"
        )


def warn(parameters: ImportParameters, report: RowReport, min_records: int | None) -> None:
    """
    Log what is dangerous, or probably not meant.

    :param parameters: of the import.
    :param report: what was seen in the rows.
    :param min_records: as the author of the DAG asked for.
    """
    if parameters.remove_missing and min_records is None:
        log.warning(
            "remove_missing deletes every profile of database %d that is not in this import, and there is no undo. "
            "Set min_records, so that a source that broke off half-way fails the task instead.",
            parameters.database,
        )
    if parameters.remove_missing and any("." in name for name in report.fields or parameters.key_fields or ()):
        log.warning("Whether remove_missing removes profiles, subprofiles or both is not documented: expect both.")
    if parameters.action == "delete" or parameters.remove_missing:
        log.info(
            "Whether anything is really deleted is decided by the removal behaviour of database %d or its collection: "
            "it may do nothing or unsubscribe instead, and the import finishes all the same. verify looks "
            "afterwards.",
            parameters.database,
        )
    if not parameters.idempotent(report.fields) and parameters.idempotent():
        log.warning("A collection has no key field, so each import presumably adds its subprofiles anew.")
    if parameters.followups:
        log.warning("followups runs the follow-up actions of every profile touched, and these may send mail.")
    if report.null_markers:
        log.warning(
            "%s cells hold \\N, with which several databases write NULL; it is sent as it is. If it means nothing, "
            "give null_values=['\\N'] where files are read, or None in the rows.",
            f"{report.null_markers:,}",
        )
    if report.duplicate_keys:
        log.warning(
            "%s of %s rows have the same key fields as an earlier row.%s (Key fields: %s)",
            f"{report.duplicate_keys:,}",
            f"{report.rows:,}",
            " The last one presumably wins." if parameters.action in ("update", "update or add") else "",
            _names(report.key_fields),
        )


def report_dry_run(parameters: ImportParameters, report: RowReport, size: int) -> None:
    """
    Log what would have been sent; never a value of a row.

    :param parameters: of the import.
    :param report: what was seen in the rows.
    :param size: of the body, in bytes.
    """
    log.info("This is a dry run, so nothing is sent to Copernica.")
    log.info(
        "The import would go into database %d with the action %r, under the name %r.",
        parameters.database,
        parameters.action,
        parameters.name,
    )
    log.info("The key fields are: %s.", _names(parameters.key_fields or ()) or "none")
    if parameters.source is None:
        log.info("Copernica would fetch the rows from the location.")
        return
    log.info("There are %s rows, %s bytes in all.", f"{report.rows:,}", f"{size:,}")
    log.info("The fields are: %s.", _names(report.fields))
    log.info("The key fields of an earlier row occur again in %s rows.", f"{report.duplicate_keys:,}")
    if report.rejected:
        log.warning("%s rows would be rejected, and the others sent.", f"{report.rejected:,}")
    for fault in report.faults:
        log.warning("This fault was found: %s.", fault)
    if report.fault_count:
        log.warning("There are %s faults, so the import would fail before anything is sent.", f"{report.fault_count:,}")


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(show_name, names))
