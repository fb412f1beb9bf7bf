"""What a person reads of all that was seen."""

from __future__ import annotations

from typing import TypeVar

import pytest

from airflow_provider_copernica.payload.option_arguments import Limit
from airflow_provider_copernica.verification.counts import Counts
from airflow_provider_copernica.verification.outcome import SampleOutcome, VerificationOutcome
from airflow_provider_copernica.verification.rows import Finding, RowFinding
from airflow_provider_copernica.verification.settings import VerifySettings

Result = TypeVar("Result")


FAIL = VerifySettings(20, "fail", None)
COUNTS = Counts(100, 12, 340, 3)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            VerificationOutcome("update or add", COUNTS, SampleOutcome(20), 24),
            "12 new, 340 modified, 3 removed; 20 of 20 sampled rows are stored as sent (24 API calls)",
        ),
        (VerificationOutcome("add", COUNTS, None, 1), "12 new, 340 modified, 3 removed (1 API call)"),
        (VerificationOutcome("add", COUNTS, SampleOutcome(), 4), "12 new, 340 modified, 3 removed (4 API calls)"),
        (
            VerificationOutcome("delete", Counts(100, None, 1, None), SampleOutcome(1), 5),
            "an unknown number new, 1 modified, an unknown number removed; 1 of 1 sampled row is gone (5 API calls)",
        ),
        (
            VerificationOutcome("ignore or add", COUNTS, SampleOutcome(20, missing=1), 24),
            "12 new, 340 modified, 3 removed; 19 of 20 sampled rows exist (24 API calls)",
        ),
        (
            VerificationOutcome("update", COUNTS, SampleOutcome(10, 1, 2, 2, 4), 9),
            (
                "12 new, 340 modified, 3 removed; 1 of 10 sampled rows is stored as sent, and 4 are not in the "
                "database (9 API calls)"
            ),
        ),
    ],
)
def test_the_summary(outcome: VerificationOutcome, said: str) -> None:
    assert outcome.summary() == said


@pytest.mark.parametrize(
    ("outcome", "max_removed", "expected"),
    [
        (VerificationOutcome("update or add", COUNTS, SampleOutcome(20)), None, []),
        (VerificationOutcome("update", COUNTS, SampleOutcome(20, absent=19)), None, []),
        (
            VerificationOutcome("update", COUNTS, SampleOutcome(2, absent=2)),
            None,
            ["none of 2 sampled rows exists, so there was nothing to update"],
        ),
        (
            VerificationOutcome("add", COUNTS, SampleOutcome(9, 1, 2, 3, columns={"City": 3, "Order.Item": 1})),
            None,
            [
                "1 of 9 sampled rows is missing",
                "2 of 9 sampled rows are found more than once",
                "3 of 9 sampled rows differ in 'City' (3), 'Order.Item' (1)",
            ],
        ),
        (
            VerificationOutcome("add", COUNTS, SampleOutcome(9, 0, 0, 1, columns={"City": 1})),
            None,
            ["1 of 9 sampled rows differs in 'City' (1)"],
        ),
        (VerificationOutcome("delete", Counts(9, 0, 0, 0), None), None, ["nothing was removed"]),
        (VerificationOutcome("delete", Counts(9, 0, 0, None), None), None, []),
        (
            VerificationOutcome("delete", COUNTS, SampleOutcome(9, differing=2)),
            None,
            ["2 of 9 sampled rows are still there"],
        ),
        (VerificationOutcome("add", Counts(9, 0, 0, 0), None), None, []),
        (VerificationOutcome("add", COUNTS), Limit(3), []),
        (VerificationOutcome("add", COUNTS), Limit(2), ["3 of 100 were removed, and max_removed allows at most 2"]),
        (VerificationOutcome("add", COUNTS), Limit(None, 3), []),  # type: ignore[arg-type]  # a whole number is a decimal
        (
            VerificationOutcome("add", Counts(None, 1, 1, None)),
            Limit(5),
            ["how many were removed is not known, and max_removed asks for it"],
        ),
    ],
)
def test_differences(outcome: VerificationOutcome, max_removed: Limit | None, expected: list[str]) -> None:
    assert outcome.differences(VerifySettings(20, "fail", max_removed)) == expected


def test_counts_hold_no_more_than_was_promised() -> None:
    outcome = VerificationOutcome("update", COUNTS, SampleOutcome(9, 1, 2, 3, 2, columns={"City": 3}), 14)
    assert outcome.as_dict() == {
        "new": 12,
        "modified": 340,
        "removed": 3,
        "sampled": 9,
        "missing": 3,
        "twice": 2,
        "differing": 3,
        "columns": {"City": 3},
        "calls": 14,
    }
    assert "removal behaviour" in outcome.causes
    assert "sent before" in VerificationOutcome("delete").causes


def test_a_sample_is_summed_up() -> None:
    findings = [
        *(RowFinding(finding) for finding in Finding),
        RowFinding(Finding.DIFFERING, ("A", "B")),
        RowFinding(Finding.DIFFERING, ("B",)),
    ]
    sample = SampleOutcome.of(findings)
    assert sample == SampleOutcome(7, 1, 1, 3, 1, 1, {"A": 1, "B": 2})
    assert sample.good == 1
