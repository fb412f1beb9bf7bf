"""What is made of all that was seen after an import: the counts, the differences, and what a person reads of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_copernica.payload.columns import show_name
from airflow_provider_copernica.verification.counts import UNKNOWN_COUNTS, Counts
from airflow_provider_copernica.verification.rows import Finding, RowFinding
from airflow_provider_copernica.verification.settings import VerifySettings

__all__ = ["SampleOutcome", "VerificationOutcome"]

_PROMISES = {"delete": "{be} gone", "ignore or add": "exist{s}"}
_CAUSES = {
    "delete": (
        "What usually causes it is the removal behaviour of the database or collection, which may do nothing or "
        "unsubscribe instead, or a list of deletions that was sent before"
    ),
    "other": (
        "What usually causes it are values that are longer than their field or not one of its options, dates that are "
        "not valid, restrictions of the database, and its removal behaviour"
    ),
}


@dataclass(frozen=True)
class SampleOutcome:
    """
    What became of the rows of the sample.

    :param sampled: how many could be asked for.
    :param missing: that are not there.
    :param twice: that were found more than once.
    :param differing: that are stored differently; of ``delete``, that are still there.
    :param absent: of ``update``, that do not exist, which alone is not a difference.
    :param unknown: to which Copernica gave no answer that fits.
    :param columns: how many rows differ, by column.
    """

    sampled: int = 0
    missing: int = 0
    twice: int = 0
    differing: int = 0
    absent: int = 0
    unknown: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, findings: Sequence[RowFinding]) -> SampleOutcome:
        """
        Sum up what became of rows.

        :param findings: one for each row.
        """
        number = Counter(each.finding for each in findings)
        return cls(
            sampled=len(findings) - number[Finding.UNKNOWN],
            missing=number[Finding.MISSING],
            twice=number[Finding.TWICE],
            differing=number[Finding.DIFFERING],
            absent=number[Finding.ABSENT],
            unknown=number[Finding.UNKNOWN],
            columns=dict(Counter(name for each in findings for name in each.columns)),
        )

    @property
    def good(self) -> int:
        """Return how many rows are as the action promises."""
        return self.sampled - self.missing - self.twice - self.differing - self.absent


@dataclass(frozen=True)
class VerificationOutcome:
    """
    What was seen after an import.

    :param action: of the import.
    :param counts: what has changed.
    :param sample: what became of the sample; None where there was none.
    :param calls: how many API calls it has taken, the one before the import included.
    """

    action: str
    counts: Counts = UNKNOWN_COUNTS
    sample: SampleOutcome | None = None
    calls: int = 0

    def as_dict(self) -> dict[str, object]:
        """Return what tasks hand on: JSON; None is not known."""
        sample = self.sample or SampleOutcome()
        return {
            "new": self.counts.new,
            "modified": self.counts.modified,
            "removed": self.counts.removed,
            "sampled": sample.sampled,
            "missing": sample.missing + sample.absent,
            "twice": sample.twice,
            "differing": sample.differing,
            "columns": dict(sample.columns),
            "calls": self.calls,
        }

    def summary(self) -> str:
        """Return it as one clause: ``12 new, 340 modified, 3 removed; 20 of 20 sampled rows are stored as sent``."""
        counts = self.counts
        numbers = ", ".join(
            f"{'an unknown number' if number is None else f'{number:,}'} {what}"
            for number, what in ((counts.new, "new"), (counts.modified, "modified"), (counts.removed, "removed"))
        )
        calls = f"({self.calls:,} API {'call' if self.calls == 1 else 'calls'})"
        if self.sample is None or not self.sample.sampled:
            return f"{numbers} {calls}"
        good, sampled, absent = self.sample.good, self.sample.sampled, self.sample.absent
        rows = f"{good:,} of {sampled:,} sampled {'row' if sampled == 1 else 'rows'}"
        verb = _PROMISES.get(self.action, "{be} stored as sent").format(be=_be(good), s="s" if good == 1 else "")
        missing = f", and {absent:,} {_be(absent)} not in the database" if absent else ""
        return f"{numbers}; {rows} {verb}{missing} {calls}"

    def differences(self, settings: VerifySettings) -> list[str]:
        """
        Return what is not as the action promises, a clause each.

        :param settings: what else the author of the DAG asked for.
        """
        return [*self._differing_rows(), *self._too_many_removed(settings)]

    def _differing_rows(self) -> list[str]:
        sample = self.sample or SampleOutcome()
        found = []
        of_all = f"of {sample.sampled:,} sampled rows"
        if sample.missing:
            found.append(f"{sample.missing:,} {of_all} {_be(sample.missing)} missing")
        if sample.twice:
            found.append(f"{sample.twice:,} {of_all} {_be(sample.twice)} found more than once")
        if sample.differing and self.action == "delete":
            found.append(f"{sample.differing:,} {of_all} {_be(sample.differing)} still there")
        elif sample.differing:
            columns = ", ".join(f"{show_name(name)} ({number:,})" for name, number in sample.columns.items())
            verb = "differs" if sample.differing == 1 else "differ"
            found.append(f"{sample.differing:,} {of_all} {verb} in {columns}")
        if sample.absent and sample.absent == sample.sampled:
            found.append(f"none {of_all} exists, so there was nothing to update")
        if self.action == "delete" and self.counts.removed == 0:
            found.append("nothing was removed")
        return found

    def _too_many_removed(self, settings: VerifySettings) -> list[str]:
        if settings.max_removed is None:
            return []
        removed, before = self.counts.removed, self.counts.before
        if removed is None or before is None:
            return ["how many were removed is not known, and max_removed asks for it"]
        if settings.max_removed.allows(removed, before):
            return []
        return [f"{removed:,} of {before:,} were removed, and max_removed allows at most {settings.max_removed}"]

    @property
    def causes(self) -> str:
        """Return what usually causes a difference."""
        return _CAUSES["delete" if self.action == "delete" else "other"]


def _be(number: int) -> str:
    return "is" if number == 1 else "are"
