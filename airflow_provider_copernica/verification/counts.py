"""
How many (sub)profiles an import has added, changed and removed, from one GET before it and three after it.

Before: their number, the highest ID, and the moment of the reply. After: those with a higher ID are new; those that
were there before and are not there now were removed: *removed = before + new - after*; those that were there before and
were modified since that moment may have been changed by the import (whether an import raises ``modified`` is not
documented). The new ones are counted before all are, so that what others add in between never looks like a removal.

A condition that Copernica ignores gives everything, so the first object of each reply must satisfy it, and the database
must have no field of the condition's special name, which would take its place. Else the number is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.client.import_states import COPERNICA_ZONE
from airflow_provider_copernica.client.lookups import Listing
from airflow_provider_copernica.verification.conditions import has_field, id_of
from airflow_provider_copernica.verification.rows import Ask
from airflow_provider_copernica.verification.values import stored_text

__all__ = ["UNKNOWN_COUNTS", "Baseline", "Counts", "ask_baseline", "count_changes", "read_baseline"]


@dataclass(frozen=True)
class Baseline:
    """
    A database or collection before an import; None where something is not known.

    :param path: of the list of its (sub)profiles.
    :param number: how many there are.
    :param highest: the highest ID.
    :param moment: when this was so, as Copernica writes it.
    """

    path: str
    number: int | None = None
    highest: int | None = None
    moment: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Return what is kept until the import has ended: JSON."""
        return {"path": self.path, "number": self.number, "highest": self.highest, "moment": self.moment}

    @classmethod
    def from_dict(cls, kept: Mapping[str, object]) -> Baseline:
        """
        Read what was kept; whatever is not understood is not known.

        :param kept: what :meth:`as_dict` returned, as it came back.
        """
        moment = kept.get("moment")
        return cls(
            str(kept.get("path") or ""),
            _count(kept.get("number")),
            _count(kept.get("highest")),
            moment if isinstance(moment, str) else None,
        )


@dataclass(frozen=True)
class Counts:
    """
    What has changed; None where it is not known.

    :param before: how many (sub)profiles there were.
    :param new: how many were added.
    :param modified: how many of those from before were changed.
    :param removed: how many are gone.
    :param unknown: why numbers are not known, a sentence each.
    """

    before: int | None = None
    new: int | None = None
    modified: int | None = None
    removed: int | None = None
    unknown: tuple[str, ...] = ()


UNKNOWN_COUNTS = Counts()


def ask_baseline(path: str) -> Ask:
    """
    Return the GET before an import.

    :param path: of the list.
    """
    return Ask(path, limit=1, newest_first=True)


def read_baseline(path: str, listing: Listing) -> Baseline:
    """
    Read the reply to :func:`ask_baseline`.

    :param path: of the list.
    :param listing: the reply.
    """
    first = listing.items[0] if listing.items else None
    highest = 0 if listing.total == 0 else None if first is None or has_field(first, "id") else id_of(first)
    moment = None
    if listing.moment is not None and not (first and has_field(first, "modified")):
        moment = listing.moment.astimezone(COPERNICA_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return Baseline(path, listing.total, highest, moment)


def count_changes(baseline: Baseline) -> Generator[Ask, Listing, Counts]:
    """
    Count what has changed since; yields what to ask, and is sent the replies.

    :param baseline: what was before.
    """
    unknown: list[str] = []
    new = modified = None
    if baseline.highest is not None:
        listing = yield Ask(baseline.path, (f"id>{baseline.highest}",))
        new = _selected(listing, lambda item: _is_newer(item, baseline.highest))
    if new is None:
        unknown.append("How many are new, and how many were removed, is not known, since IDs could not be compared.")
    after = yield Ask(baseline.path)
    shown = after.items[0] if after.items else {}
    if baseline.moment and baseline.highest is not None and not has_field(shown, "modified"):
        conditions = (f"modified>={baseline.moment}", f"id<={baseline.highest}")
        listing = yield Ask(baseline.path, conditions)
        modified = _selected(listing, lambda item: _is_modified(item, baseline))
    if modified is None:
        unknown.append("How many were modified is not known, since moments could not be compared.")
    removed = None
    if baseline.number is not None and new is not None and after.total is not None:
        removed = max(baseline.number + new - after.total, 0)  # less than none: others have added some meanwhile
    elif new is not None:
        unknown.append("How many were removed is not known, since Copernica did not say how many there are.")
    return Counts(baseline.number, new, modified, removed, tuple(unknown))


def _selected(listing: Listing, satisfies: Callable[[Mapping[str, object]], bool]) -> int | None:
    """The number of a reply whose first object satisfies its conditions; None where it does not."""
    if listing.items and not satisfies(listing.items[0]):
        return None
    return listing.total if listing.items or listing.total == 0 else None


def _is_newer(item: Mapping[str, object], highest: int | None) -> bool:
    number = id_of(item)
    return number is not None and highest is not None and number > highest and not has_field(item, "id")


def _is_modified(item: Mapping[str, object], baseline: Baseline) -> bool:
    modified = stored_text(item.get("modified"))
    return (
        bool(baseline.moment)
        and modified >= str(baseline.moment)
        and not has_field(item, "modified")
        and not _is_newer(item, baseline.highest)
    )


def _count(value: object) -> int | None:
    try:
        return to_count(value, least=0)
    except ValueError:
        return None
