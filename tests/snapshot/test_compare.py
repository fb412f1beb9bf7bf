"""Rows against the last snapshot: what is sent, what is gone, and what the next snapshot holds."""

from __future__ import annotations

import io
from typing import Any

import pytest
from support.snapshots import header, pointer

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaTooManyChangesError
from airflow_provider_copernica.payload.option_arguments import Limit
from airflow_provider_copernica.snapshot.budgets import check_budgets, check_empty_source, describe
from airflow_provider_copernica.snapshot.compare import Base, Comparison, ComparisonOutcome, Counts, Rules
from airflow_provider_copernica.snapshot.records import RecordFile, RecordWriter
from airflow_provider_copernica.snapshot.removed import find_gone, gone_rows, records_of_removal
from airflow_provider_copernica.snapshot.settings import SnapshotSettings

Rows = dict[str, str]
HEADER = header("Email", "City")


class Night:
    """One run after the other, each compared with what the last one left."""

    def __init__(self, **rules: Any) -> None:
        self.rules = Rules(bytes(32), **rules)
        self.stored: tuple[bytes, int, bool] | None = None
        self.columns: tuple[str, ...] = ()
        self.outcome: ComparisonOutcome

    def base(self, *, settled: bool) -> Base | None:
        if self.stored is None:
            return None
        data, count, with_keys = self.stored
        records = RecordFile(io.BytesIO(data), count, with_keys=with_keys, settled=settled)
        return Base(pointer(columns=self.columns, with_keys=with_keys), records, settled)

    def run(
        self, rows: Rows, *, settled: bool = True, incomplete: bool = False, full: str | None = None, head: Any = HEADER
    ) -> tuple[set[str], Counts]:
        with Comparison(self.rules, self.base(settled=settled), full) as comparison:
            comparison.begin(head)
            sent = {key for key, city in rows.items() if comparison.takes([key, city, *[""] * (len(head.names) - 2)])}
            self.outcome = comparison.finish(incomplete=incomplete)
            self.keep(self.outcome.records, self.outcome.columns)
        assert len(sent) == self.outcome.counts.sent
        return sent, self.outcome.counts

    def keep(self, records: RecordWriter, columns: tuple[str, ...]) -> None:
        file = io.BytesIO()
        records.copy_to(file)
        self.stored, self.columns = (file.getvalue(), records.count, self.rules.hands_over), columns

    def remove(self) -> list[str]:
        base = self.base(settled=True)
        assert base is not None
        found = find_gone(base.records, ("Email",), ("Email",))
        gone = [str(row["Email"]) for row in gone_rows(base.records, ("Email",), {}, found.has)]
        assert len(gone) == found.count
        self.keep(records_of_removal(base.records, found.has), self.columns)
        base.records.close()
        return sorted(gone)


A, B, C = {"a": "1"}, {"b": "1"}, {"c": "1"}


def test_a_few_nights() -> None:
    night = Night()
    assert night.run({**A, **B}) == ({"a", "b"}, Counts(2, 2, 2, 0, 0, 0, True))
    assert night.run({**A, **B}) == (set(), Counts(2, 0, 0, 0, 0, 0, False))
    assert not night.outcome.altered
    assert night.run({**A, "b": "2"}) == ({"b"}, Counts(2, 1, 0, 1, 0, 0, False))
    assert night.run({"b": "2", **C}) == ({"c"}, Counts(2, 1, 1, 0, 0, 1, False))
    assert night.outcome.altered
    assert night.run({"b": "2", **C, **A})[0] == {"a"}


def test_after_a_failure_what_was_on_its_way_is_sent_again_and_not_counted() -> None:
    night = Night()
    night.run({**A, **B})
    night.run({**A, "b": "2", **C})
    assert night.run({**A, "b": "2", "c": "3"}, settled=False) == ({"b", "c"}, Counts(3, 2, 0, 0, 2, 0, False))
    assert night.run({**A, "b": "2", "c": "3"})[0] == set()


def test_what_was_on_its_way_stays_in_doubt_until_it_was_sent() -> None:
    """A row that was rejected meanwhile is not known to be held, although a later import has finished."""
    night = Night()
    night.run({**A, **B})
    night.run({**A, "b": "2"})
    assert night.run({"a": "9"}, settled=False, incomplete=True)[0] == {"a"}
    assert night.run({"a": "9", "b": "2"})[0] == {"b"}


def test_no_row_is_gone_while_one_is_rejected() -> None:
    night = Night()
    night.run({**A, **B})
    assert night.run(A, incomplete=True)[1].gone == 0
    assert night.outcome.live == 2
    assert night.run({**A, **B})[0] == set()
    assert night.run(A)[1].gone == 1


@pytest.mark.parametrize("full", ["the action was another", None])
def test_everything_is_sent_and_gone_rows_are_found(full: str | None) -> None:
    night = Night()
    night.run({**A, **B})
    head = HEADER if full else header("Email", "City", "Country")
    sent, counts = night.run({**A, **C}, full=full, head=head)
    assert sent == {"a", "c"}
    assert (counts.full, counts.gone) == (True, 1)


@pytest.mark.parametrize("rules", [{}, {"hands_over": True}])
def test_a_row_that_was_not_among_everything_is_sent_when_it_is_back(rules: Any) -> None:
    """What was sent of it before went into other columns, or was changed by somebody else."""
    night = Night(**rules)
    night.run({**A, **B, **C})
    night.run({**A, **C}, incomplete=True, full="full_every is over")  # b is rejected
    assert night.run({**A, **B, **C})[0] == {"b"}
    night.run({**A, **B}, full="full_every is over")  # c is gone
    assert night.run({**A, **B, **C})[0] == {"c"}


def test_only_keys_count() -> None:
    night = Night(keys_only=True)
    night.run(A)
    assert night.run({"a": "2", **B})[0] == {"b"}


def test_columns_are_checked_as_soon_as_they_are_known() -> None:
    seen: list[tuple[str, ...]] = []
    Night(check_columns=seen.append).run(A)
    assert seen == [("City", "Email")]


def test_a_key_may_occur_once() -> None:
    with Comparison(Rules(bytes(32)), None) as comparison:
        comparison.begin(HEADER)
        for key in ("a", "b", "a", "a"):
            comparison.takes([key, "x"])
        with pytest.raises(CopernicaArgumentError, match="2 of 4 rows have the same key as an earlier row") as raised:
            comparison.finish(incomplete=False)
    assert "DISTINCT" in str(raised.value)


class TestHandOver:
    """Gone rows that another task removes."""

    def test_they_stay_until_they_were_removed(self) -> None:
        night = Night(hands_over=True)
        night.run({**A, **B, **C})
        assert night.run(A)[1].gone == 2
        assert night.outcome.live == 1
        assert night.run(A)[1].gone == 0
        assert not night.outcome.altered
        assert night.remove() == ["b", "c"]
        # its import failed
        assert night.run({**A, **B}, settled=False)[0] == {"b"}
        assert night.remove() == ["c"]
        # it has finished
        assert night.run({**A, **B, **C})[0] == {"c"}

    def test_a_row_that_is_back_is_not_removed(self) -> None:
        night = Night(hands_over=True)
        night.run({**A, **B})
        night.run(A)
        assert night.run({**A, **B})[0] == set()
        assert night.outcome.altered
        assert night.remove() == []

    def test_rows_that_were_sent_before_have_no_texts(self) -> None:
        night = Night()
        night.run({**A, **B})
        night.rules = Rules(bytes(32), hands_over=True)
        assert night.run(A)[1].gone == 1
        assert night.outcome.without_key == 1
        assert night.remove() == []
        night.run({**A, **B})
        night.run(A)
        assert night.remove() == ["b"]

    def test_gone_rows_are_forgotten_where_nobody_takes_them_any_more(self) -> None:
        night = Night(hands_over=True)
        night.run({**A, **B})
        night.run(A)
        night.rules = Rules(bytes(32))
        assert night.run(A)[1].gone == 0
        assert night.outcome.altered
        assert night.run({**A, **B})[0] == {"b"}

    def test_texts_and_values(self) -> None:
        with Comparison(Rules(bytes(32), hands_over=True), None) as comparison:
            comparison.begin(header("Name", "Email", keys=("Name", "Email")))
            comparison.takes(["O'Brien\n", "é@x"])
            records = comparison.finish(incomplete=False).records
            file = io.BytesIO()
            records.copy_to(file)
        found = RecordFile(io.BytesIO(file.getvalue()), 1, with_keys=True, settled=True)
        (row,) = gone_rows(found, ("Name", "Email"), {"Newsletter": "no"}, lambda entry: True)
        assert row == {"Email": "é@x", "Name": "O'Brien\n", "Newsletter": "no"}
        found.close()


class TestBudgets:
    """How much may change at once."""

    @pytest.mark.parametrize(
        ("limit", "fits"), [(Limit(5), True), (Limit(4), False), (Limit(None, 50), True), (Limit(None, 49), False)]
    )
    def test_changes(self, limit: Limit, fits: bool) -> None:
        settings = SnapshotSettings("x", max_changed=limit)
        counts = Counts(rows=12, sent=9, new=2, changed=3, again=4, gone=100, full=False)
        if fits:
            check_budgets(settings, counts, 10)
        else:
            with pytest.raises(CopernicaTooManyChangesError, match="5 of 12 rows are new or changed"):
                check_budgets(settings, counts, 10)

    def test_changes_are_not_judged_where_everything_is_sent(self) -> None:
        check_budgets(SnapshotSettings("x", max_changed=Limit(0)), Counts(1, 1, 1, 0, 0, 0, True), 0)

    @pytest.mark.parametrize("full", [True, False])
    def test_gone_rows_are_always_judged(self, full: bool) -> None:
        settings = SnapshotSettings("x", max_removed=Limit(None, 20))
        check_budgets(settings, Counts(8, 0, 0, 0, 0, 2, full), 10)
        with pytest.raises(CopernicaTooManyChangesError, match=r"3 of the 10 rows before are gone, .* allows 20%"):
            check_budgets(settings, Counts(7, 0, 0, 0, 0, 3, full), 10)

    def test_an_empty_source(self) -> None:
        check_empty_source(SnapshotSettings("x"), 5)
        check_empty_source(SnapshotSettings("x", max_removed=Limit(0)), 0)
        with pytest.raises(CopernicaTooManyChangesError, match="all 5 rows before are gone"):
            check_empty_source(SnapshotSettings("x", max_removed=Limit(None, 100)), 5)

    def test_the_sentence(self) -> None:
        counts = Counts(1_000_000, 5_203, 391, 4_812, 0, 3, False)
        assert describe(counts) == "Of 1,000,000 rows 4,812 changed, 391 are new, 3 are gone."
        assert "1 is new, 2 are sent again after a failure, 1 is gone." in describe(Counts(9, 3, 1, 0, 2, 1, False))
