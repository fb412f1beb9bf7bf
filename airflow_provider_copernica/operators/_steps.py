"""
Steps that the options of an import add to its way.

An option such as ``verify`` looks at an import before its POST and after its end. Each option is one step with the same
methods, so that the operator goes through all of them without knowing any. What a step must know later, in another
process, it returns as JSON before the POST: that is kept in the record of the attempt, and travels in the arguments of
the trigger and its event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from airflow_provider_copernica.exceptions import CopernicaError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_copernica.client.imports import CopernicaImport
    from airflow_provider_copernica.hooks.copernica import CopernicaHook
    from airflow_provider_copernica.operators._options import ImportOptions
    from airflow_provider_copernica.operators._outcome import PushOutcome
    from airflow_provider_copernica.payload.parameters import ImportParameters
    from airflow_provider_copernica.payload.row_rules import RowReport
    from airflow_provider_copernica.payload.row_steps import RowStep

__all__ = ["ImportStep", "ImportSteps", "Keep", "Kept", "make_steps", "read_kept"]

Kept = Mapping[str, Mapping[str, object]]
"""What the steps of an import keep, by the name of the option: JSON without any row or secret."""

Keep = Callable[[str, Mapping[str, object]], None]
"""Replaces what an option keeps in the record of the attempt, so that the next attempt finds it; it never fails."""


class ImportStep(Protocol):
    """What an option does with an import."""

    @property
    def name(self) -> str:
        """Return the name of the option: a key of what is kept, and of the XCom ``import_outcome``."""

    def row_step(self, hook: CopernicaHook, parameters: ImportParameters) -> RowStep | None:
        """
        Return what sees the rows on their way into the body; None where nothing does.

        :param hook: of the account, which may be asked before the first row is read.
        :param parameters: of the import.
        :raises CopernicaError: nothing may be sent.
        """

    def after_rows(self, report: RowReport, push: PushOutcome | None) -> None:
        """
        Judge the rows, when all of them were seen; there may be none.

        :param report: what was seen in the rows.
        :param push: takes counts; None in a dry run, which stops after this.
        :raises CopernicaError: nothing may be sent.
        """

    def without_post(self) -> None:
        """
        Note that no row has to be sent, so that there is no POST.

        :raises CopernicaError: that can't be noted.
        """

    def before_post(
        self,
        hook: CopernicaHook,
        parameters: ImportParameters,
        report: RowReport,
        earlier: Mapping[str, object] | None,
    ) -> dict[str, object]:
        """
        Prepare, when the body is complete and the token was had; the POST comes next.

        :param hook: of the account.
        :param parameters: of the import.
        :param report: what was seen in the rows.
        :param earlier: what was kept of an earlier attempt, whose import Airflow's retry sends again; None for none.
        :return: JSON that the later steps need: no secret, no row.
        :raises CopernicaError: nothing may be sent.
        """

    def after_post(self, import_id: int, kept: Mapping[str, object]) -> None:
        """
        Note the import that Copernica made. An error here must not fail the task, since the import has been made.

        :param import_id: its ID.
        :param kept: what :meth:`before_post` returned.
        """

    def after_end(
        self,
        hook: CopernicaHook,
        status: CopernicaImport,
        kept: Mapping[str, object] | None,
        push: PushOutcome,
        keep: Keep,
    ) -> None:
        """
        Look at what became of an import that has finished, and push counts before anything is raised.

        :param hook: of the account.
        :param status: the last one.
        :param kept: what was kept; None where it is not known any more.
        :param push: takes the counts.
        :param keep: takes what the next attempt must know, should the worker be lost before the task has ended.
        :raises CopernicaError: the import is not what was asked for.
        """

    def after_refusal(self, kept: Mapping[str, object] | None) -> None:
        """
        Note that a step before this one does not accept the finished import.

        :param kept: what was kept; None where it is not known any more.
        """

    def close(self) -> None:
        """Remove temporary files, once the rows were sent or can't be."""


@dataclass(frozen=True)
class ImportSteps:
    """
    The steps of one import.

    :param steps: in the order in which they look at its end. Rows pass them the other way round.
    """

    steps: tuple[ImportStep, ...] = ()

    def row_steps(self, hook: CopernicaHook, parameters: ImportParameters) -> tuple[RowStep, ...]:
        """Return what sees the rows on their way into the body."""
        found = (step.row_step(hook, parameters) for step in reversed(self.steps))
        return tuple(row_step for row_step in found if row_step is not None)

    def after_rows(self, report: RowReport, push: PushOutcome | None) -> None:
        """Let each step judge the rows."""
        for step in self.steps:
            step.after_rows(report, push)

    def without_post(self) -> None:
        """Let each step note that no row has to be sent."""
        for step in self.steps:
            step.without_post()

    def close(self) -> None:
        """Let each step remove its temporary files."""
        for step in self.steps:
            step.close()

    def before_post(self, hook: CopernicaHook, parameters: ImportParameters, report: RowReport, earlier: Kept) -> Kept:
        """Prepare each step, and return what they keep."""
        return {step.name: step.before_post(hook, parameters, report, earlier.get(step.name)) for step in self.steps}

    def after_post(self, import_id: int, kept: Kept) -> None:
        """Let each step note the import that Copernica made."""
        for step in self.steps:
            step.after_post(import_id, kept.get(step.name, {}))

    def after_end(
        self, hook: CopernicaHook, status: CopernicaImport, kept: Kept, push: PushOutcome, keep: Keep
    ) -> None:
        """Let each step look at the finished import, until one does not accept it."""
        for position, step in enumerate(self.steps):
            try:
                step.after_end(hook, status, kept.get(step.name), push, keep)
            except CopernicaError:
                for later in self.steps[position + 1 :]:
                    later.after_refusal(kept.get(later.name))
                raise


def make_steps(options: ImportOptions, context: Context, *, in_worker: bool) -> ImportSteps:
    """
    Return the steps of the options that the author of a DAG asked for.

    :param options: as they were rendered.
    :param context: of the task.
    :param in_worker: whether the process that sends the rows also waits for the import's end.
    """
    steps: list[ImportStep] = []
    if options.verify:
        from airflow_provider_copernica.operators._verify import VerifyStep

        steps.append(VerifyStep(options.verify, in_worker=in_worker))
    if options.snapshot:
        from airflow_provider_copernica.operators._snapshot import SnapshotStep

        steps.append(SnapshotStep(options.snapshot, context))
    return ImportSteps(tuple(steps))


def read_kept(value: object) -> Kept:
    """
    Read what the steps kept, as it was stored or handed on.

    :param value: JSON; whatever is not understood is left out.
    """
    if not isinstance(value, Mapping):
        return {}
    return {str(name): data for name, data in value.items() if isinstance(data, Mapping)}
