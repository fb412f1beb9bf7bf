"""The step of an import that settles its rejected rows: their file is written, counted and judged before the POST."""

from __future__ import annotations

import logging
from typing import BinaryIO, cast

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaError
from airflow_provider_copernica.operators._outcome import PushOutcome
from airflow_provider_copernica.operators._storage import open_storage
from airflow_provider_copernica.payload.rejects import RejectedRows, RejectSettings
from airflow_provider_copernica.redacted_fields import describe_location

__all__ = ["settle_rejects", "write_rejects"]

log = logging.getLogger(__name__)


def settle_rejects(settings: RejectSettings, rejected: RejectedRows, rows: int, push: PushOutcome) -> None:
    """
    Write the rejected rows to their file, and decide whether the others may be sent.

    :param settings: where to, and how many there may be.
    :param rejected: the rows.
    :param rows: how many rows were read in all.
    :param push: takes the counts.
    :raises CopernicaArgumentError: there are too many, or no other row is left.
    :raises CopernicaError: the file can't be written.
    """
    write_rejects(settings, rejected)
    accepted = rows - rejected.count
    push("rejects", {"rows": rows, "accepted": accepted, "rejected": rejected.count})
    text = f"{rejected.count:,} of {rows:,} rows were rejected"
    where = f"(File {describe_location(settings.path)})"
    if not settings.at_most.allows(rejected.count, rows):
        problem = f"{text}, and rejects allows at most {settings.at_most}, so nothing was sent to Copernica. {where}"
        raise CopernicaArgumentError(problem, *rejected.first)
    if rows and not accepted:
        raise CopernicaArgumentError(
            f"No row is left: {text}, so nothing was sent to Copernica. {where}", *rejected.first
        )
    if rejected.count:
        log.warning("%s, and the others are sent. %s", text, where)
    else:
        log.info("No row was rejected. %s", where)


def write_rejects(settings: RejectSettings, rejected: RejectedRows) -> None:
    """
    Write the file, an empty one where no row was rejected: the file of an earlier attempt must not stay.

    :param settings: where to.
    :param rejected: the rows.
    :raises CopernicaError: the file can't be written.
    """
    path = open_storage("rejects", settings.path, settings.object_storage_conn_id)
    try:
        if path.protocol in ("", "file", "local"):
            path.parent.mkdir(parents=True, exist_ok=True)
        with cast("BinaryIO", path.open("wb")) as file:  # type: ignore[no-untyped-call]  # in Airflow
            rejected.copy_to(file)
    except CopernicaError:
        raise
    except Exception as error:  # whatever the storage raises; its text may hold credentials
        raise CopernicaError(
            f"The rejected rows could not be written ({type(error).__name__}), so nothing was sent to Copernica. "
            f"(File {describe_location(settings.path)})"
        ) from error
