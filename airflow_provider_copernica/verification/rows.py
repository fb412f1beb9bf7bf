"""
What became of a row of the sample: asked in a few GETs, judged by what the action promises.

====================  =======================  ======================  ======================  ====================
action                found by its key fields  not found               found once              found twice
====================  =======================  ======================  ======================  ====================
``update or add``     stored as it was sent    missing                 equal, or differing     twice
``update``            stored, if it is there   absent: not an error    equal, or differing     twice
``add``               the newest is equal      missing                 equal, or differing     the newest counts
``ignore or add``     it exists                missing                 as expected             twice
``delete``            it is gone               as expected             differing: still there  differing
====================  =======================  ======================  ======================  ====================

Subprofiles are asked for one collection at a time, below the profile that was found, and judged alike; ``ignore or
add`` promises nothing of them. ``add`` matches nothing, so that what has the same key is not its doing. What Copernica
does with several profiles of one key is not documented. A reply that does not satisfy its own conditions says nothing:
the row is unknown.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from airflow_provider_copernica.client.lookups import Listing
from airflow_provider_copernica.payload.columns import Column
from airflow_provider_copernica.payload.field_types import FieldType
from airflow_provider_copernica.payload.schema import CollectionSchema, DatabaseSchema
from airflow_provider_copernica.verification.conditions import (
    equals,
    field_of,
    has_field,
    id_of,
    is_removed,
    satisfies,
)
from airflow_provider_copernica.verification.sample import SampledRow
from airflow_provider_copernica.verification.values import is_stored_as_sent, stored_text

__all__ = ["Ask", "Asking", "Examination", "Finding", "RowFinding"]

# profiles of one key: the second one says all
_FEW = 10
# subprofiles of one key: those of other profiles are among them
_MANY = 100
_YES = frozenset({"1", "yes", "true"})
_NO = frozenset({"", "0", "no", "false"})

Item = Mapping[str, object]


@dataclass(frozen=True)
class Ask:
    """
    A GET of the beginning of a list of (sub)profiles.

    :param path: of the list.
    :param conditions: of which all must hold.
    :param limit: objects in the reply at most.
    :param newest_first: the highest ID comes first.
    :param private: the conditions hold keys of rows.
    """

    path: str
    conditions: tuple[str, ...] = field(default=(), repr=False)
    limit: int = 1
    newest_first: bool = False
    private: bool = False


class Finding(Enum):
    """What became of a row."""

    AS_EXPECTED = "as expected"
    ABSENT = "absent, which is not an error"
    MISSING = "missing"
    TWICE = "found twice"
    DIFFERING = "differing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class RowFinding:
    """
    What became of a row, without a value of it.

    :param finding: in one word.
    :param columns: those that differ.
    """

    finding: Finding
    columns: tuple[str, ...] = ()

    @property
    def is_difference(self) -> bool:
        """Return whether it is not as the action promises."""
        return self.finding in (Finding.MISSING, Finding.TWICE, Finding.DIFFERING)


Asking = Generator[Ask, Listing, RowFinding]

_AS_EXPECTED = RowFinding(Finding.AS_EXPECTED)
# the worst of a profile and its subprofiles is what the row is
_SEVERITY = (
    Finding.MISSING,
    Finding.TWICE,
    Finding.DIFFERING,
    Finding.UNKNOWN,
    Finding.ABSENT,
    Finding.AS_EXPECTED,
)


@dataclass(frozen=True)
class Examination:
    """
    How the rows of an import are examined.

    :param database: its ID.
    :param action: of the import.
    :param deletes_subprofiles: whether ``delete`` removes subprofiles only.
    :param ignore_empty: whether empty cells leave stored values alone.
    :param schema: the database; None where it could not be read: types are unknown, and subprofiles not asked for.
    """

    database: int
    action: str
    deletes_subprofiles: bool = False
    ignore_empty: bool = False
    schema: DatabaseSchema | None = None

    def examine(self, row: SampledRow) -> Asking:
        """
        Return what became of a row; yields what to ask, and is sent the replies.

        :param row: as it was sent.
        """
        keys = self._keys(row, None)
        items = yield self._by_key(f"database/{self.database}/profiles", keys, _FEW)
        if not _can_be_trusted(items, keys):
            return RowFinding(Finding.UNKNOWN)
        profiles = _living(items, keys)
        if self.action == "delete":
            return (yield from self._examine_deletion(row, profiles))
        if not profiles:
            return RowFinding(Finding.ABSENT if self.action == "update" else Finding.MISSING)
        if len(profiles) > 1 and self.action != "add":
            return RowFinding(Finding.TWICE)
        if self.action == "ignore or add":
            return _AS_EXPECTED
        findings = [self._compare(profiles[0], row, None)]
        for name in _collections(row):
            findings += [(yield from self._examine_subprofile(row, profiles[0], name))]
        return _worst(findings)

    def _examine_deletion(self, row: SampledRow, profiles: Sequence[Item]) -> Asking:
        if not self.deletes_subprofiles:
            return RowFinding(Finding.DIFFERING) if profiles else _AS_EXPECTED
        for profile in profiles:
            for name in _collections(row):
                collection, keys = self._collection(name), self._keys(row, name)
                if not keys:
                    continue
                if collection is None:
                    return RowFinding(Finding.UNKNOWN)
                items = yield self._by_key(f"collection/{collection.id}/subprofiles", keys, _MANY)
                if _of_profile(_living(items, keys), profile):
                    return RowFinding(Finding.DIFFERING)
                if not _is_all(items) or not _can_be_trusted(items, keys):
                    return RowFinding(Finding.UNKNOWN)
        return _AS_EXPECTED

    def _examine_subprofile(self, row: SampledRow, profile: Item, name: str) -> Asking:
        collection, keys, profile_id = self._collection(name), self._keys(row, name), id_of(profile)
        if self.schema is None or profile_id is None:
            return _AS_EXPECTED  # nothing is known of it
        if not keys and not any(text.strip() for _, text in _cells(row, name)):
            return _AS_EXPECTED  # nothing was sent
        if collection is None:  # the database does not have it
            return RowFinding(Finding.DIFFERING, tuple(each.name for each in row.columns if each.collection == name))
        if not keys:
            items = yield Ask(f"profile/{profile_id}/subprofiles/{collection.id}", (), _MANY, newest_first=True)
            if any(not self._compare(item, row, name).is_difference for item in _living(items, {})):
                return _AS_EXPECTED
            return RowFinding(Finding.MISSING if _is_all(items) else Finding.UNKNOWN)
        items = yield self._by_key(f"collection/{collection.id}/subprofiles", keys, _MANY)
        subprofiles = _of_profile(_living(items, keys), profile)
        if not subprofiles:
            if not _is_all(items) or not _can_be_trusted(items, keys):
                return RowFinding(Finding.UNKNOWN)
            return RowFinding(Finding.ABSENT if self.action == "update" else Finding.MISSING)
        if len(subprofiles) > 1 and self.action != "add":
            return RowFinding(Finding.TWICE)
        return self._compare(subprofiles[0], row, name)

    def _by_key(self, path: str, keys: Mapping[FieldType, str], limit: int) -> Ask:
        conditions = tuple(equals(field.name, text) for field, text in keys.items())
        return Ask(path, conditions, limit, newest_first=self.action == "add", private=True)

    def _keys(self, row: SampledRow, collection: str | None) -> dict[FieldType, str]:
        """The values of the key fields of the database itself, or of a collection."""
        keys = [(row.columns[at], row.texts[at]) for at in row.keys]
        return {self._field(column): text for column, text in keys if column.collection == collection}

    def _field(self, column: Column) -> FieldType:
        known = self.schema.field_type(column) if self.schema else None
        return known or FieldType(column.field, "text")

    def _collection(self, name: str) -> CollectionSchema | None:
        collections = self.schema.collections if self.schema else ()
        return next((each for each in collections if each.name.casefold() == name.casefold()), None)

    def _compare(self, item: Item, row: SampledRow, collection: str | None) -> RowFinding:
        columns = tuple(
            column.name
            for column, text in _cells(row, collection)
            if (text or not self.ignore_empty) and not self._holds(item, column, text)
        )
        return RowFinding(Finding.DIFFERING, columns) if columns else _AS_EXPECTED

    def _holds(self, item: Item, column: Column, text: str) -> bool:
        if column.kind == "interest":
            return _has_interest(item, column.field, text)
        known = self.schema.field_type(column) if self.schema else None
        stored = stored_text(field_of(item, column.field))
        return has_field(item, column.field) and is_stored_as_sent(text, stored, known.type if known else None)


def _cells(row: SampledRow, collection: str | None) -> Iterable[tuple[Column, str]]:
    """The columns of the database itself, interests included, or of a collection, but for the key fields."""
    for at, (column, text) in enumerate(zip(row.columns, row.texts, strict=True)):
        if column.collection == collection and at not in row.keys:
            yield column, text


def _collections(row: SampledRow) -> list[str]:
    return list(dict.fromkeys(column.collection for column in row.columns if column.collection is not None))


def _can_be_trusted(listing: Listing, keys: Mapping[FieldType, str]) -> bool:
    """Whether the first object satisfies the conditions: if Copernica ignores these, it gives everything."""
    first = next((item for item in listing.items if not is_removed(item)), None)
    return first is None or satisfies(first, keys)


def _is_all(listing: Listing) -> bool:
    return listing.total is None or listing.total <= len(listing.items)


def _living(listing: Listing, keys: Mapping[FieldType, str]) -> list[Item]:
    return [item for item in listing.items if not is_removed(item) and satisfies(item, keys)]


def _of_profile(subprofiles: Iterable[Item], profile: Item) -> list[Item]:
    profile_id = id_of(profile)
    return [item for item in subprofiles if id_of({"id": item.get("profile")}) == profile_id]


def _has_interest(item: Item, name: str, text: str) -> bool:
    """Whether an interest is as it was sent; how interests are shown is documented as a list of names only."""
    interests, word = item.get("interests"), text.strip().lower()
    if not isinstance(interests, list) or word not in _YES | _NO:
        return True
    chosen = any(str(interest).casefold() == name.casefold() for interest in interests)
    return chosen == (word in _YES)


def _worst(findings: Sequence[RowFinding]) -> RowFinding:
    worst = min((each.finding for each in findings), key=_SEVERITY.index)
    if worst is Finding.ABSENT:  # the profile is there
        worst = Finding.AS_EXPECTED
    return RowFinding(worst, tuple(name for each in findings for name in each.columns))
