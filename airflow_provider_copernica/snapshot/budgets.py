"""How much may change at once."""

from __future__ import annotations

from airflow_provider_copernica.exceptions import CopernicaTooManyChangesError
from airflow_provider_copernica.snapshot.compare import Counts
from airflow_provider_copernica.snapshot.settings import SnapshotSettings

__all__ = ["check_budgets", "check_empty_source", "describe"]


def describe(counts: Counts) -> str:
    """
    Return what was found, as a sentence.

    :param counts: of a comparison.
    """
    are = "is" if counts.new == 1 else "are"
    gone = "is" if counts.gone == 1 else "are"
    again = f", {counts.again:,} are sent again after a failure" if counts.again else ""
    return (
        f"Of {counts.rows:,} rows {counts.changed:,} changed, {counts.new:,} {are} new{again}, {counts.gone:,} {gone} "
        "gone."
    )


def check_budgets(settings: SnapshotSettings, counts: Counts, known: int) -> None:
    """
    Compare what was found with what the author of a DAG expects.

    :param settings: the limits. That of changes does not hold where everything is sent.
    :param counts: of the comparison.
    :param known: rows in the last snapshot, of which shares are taken.
    :raises CopernicaTooManyChangesError: there is more.
    """
    changed = counts.new + counts.changed
    if settings.max_changed is not None and not counts.full and not settings.max_changed.allows(changed, known):
        raise _too_many(
            f"{changed:,} of {counts.rows:,} rows are new or changed ({counts.new:,} new, {counts.changed:,} changed; "
            f"there were {known:,} rows before), and max_changed allows {settings.max_changed}",
            "max_changed",
        )
    if settings.max_removed is not None and not settings.max_removed.allows(counts.gone, known):
        raise _too_many(
            f"{counts.gone:,} of the {known:,} rows before are gone, and max_removed allows {settings.max_removed}",
            "max_removed",
        )


def check_empty_source(settings: SnapshotSettings, known: int) -> None:
    """
    Refuse an empty source where it matters what is gone.

    :param settings: the limits.
    :param known: rows in the last snapshot.
    :raises CopernicaTooManyChangesError: all rows are gone.
    """
    if known and settings.max_removed is not None:
        raise CopernicaTooManyChangesError(
            f"The source has no rows, so that all {known:,} rows before are gone, and max_removed is set: nothing was "
            "sent to Copernica"
        )


def _too_many(found: str, argument: str) -> CopernicaTooManyChangesError:
    return CopernicaTooManyChangesError(
        f"{found}, so nothing was sent to Copernica. If that is right, give a larger {argument} once, like "
        f"{argument}='{{{{ params.{argument} }}}}' and a run with another value"
    )
