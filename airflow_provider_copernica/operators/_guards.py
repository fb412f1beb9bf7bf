"""What is looked at before rows go out: how many there are, what is dangerous, what a dry run would report."""

from __future__ import annotations

import logging

from airflow_provider_copernica.exceptions import CopernicaTooFewRowsError
from airflow_provider_copernica.payload.columns import show_name
from airflow_provider_copernica.payload.parameters import ImportParameters
from airflow_provider_copernica.payload.row_rules import RowReport

__all__ = ["check_count", "report_dry_run", "warn"]

log = logging.getLogger(__name__)


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
