"""What the author of a DAG asked for around an import: its options, read from what was rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from airflow_provider_copernica.arguments import CheckFields
from airflow_provider_copernica.client.convert import to_boolean, to_count
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.parameters import hint_at_template
from airflow_provider_copernica.payload.rejects import RejectSettings, read_reject_settings
from airflow_provider_copernica.snapshot.settings import SnapshotSettings, read_snapshot_settings, refuse_parameters
from airflow_provider_copernica.verification.settings import VerifySettings, read_verify_settings

__all__ = ["ImportOptions", "check_options", "check_waiting", "read_options"]

Value = TypeVar("Value")


@dataclass(frozen=True)
class ImportOptions:
    """
    The options of an import, as they were rendered.

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


def read_options(
    *,
    min_records: object,
    check_fields: object,
    dry_run: object,
    rejects: object = None,
    snapshot: object = None,
    verify: object = None,
) -> ImportOptions:
    """
    Read the options of an import from what was rendered.

    :param min_records: a whole number, or digits.
    :param check_fields: "names", "values", or a boolean; True means "values".
    :param dry_run: a boolean.
    :param rejects: the arguments of ``Rejects``, or None.
    :param snapshot: the arguments of ``Snapshot``, or None.
    :param verify: the arguments of ``Verify``, or None.
    :raises CopernicaArgumentError: a rendered value is invalid.
    """
    return ImportOptions(
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


def check_options(options: ImportOptions, parameters: Mapping[str, object]) -> None:
    """
    Refuse options that can't work with these parameters.

    :param options: what was asked for.
    :param parameters: of the import, converted; what is not known yet is not a reason.
    :raises CopernicaArgumentError: there are such options.
    """
    has_location = parameters.get("location") is not None
    if options.snapshot:
        refuse_parameters(parameters)
    if options.rejects and parameters.get("remove_missing") is True:
        raise CopernicaArgumentError(
            "rejects can't go with remove_missing, which would delete the profiles of rejected rows: leave one of them "
            "out"
        )
    if options.rejects and has_location:
        raise CopernicaArgumentError(
            "rejects looks at the rows, but with location (or presign) Copernica fetches the file itself: leave it "
            "out, or send the rows"
        )
    if has_location and (options.min_records is not None or options.check_fields == "values"):
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
