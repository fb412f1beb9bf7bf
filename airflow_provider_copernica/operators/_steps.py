"""
Steps that the options of an import add to its way.

An option such as ``verify`` looks at an import before its POST and after its end. Each option is one step with the same
methods, so that the operator goes through all of them without knowing any. What a step must know later, in another
process, it returns as JSON before the POST: that is kept in the record of the attempt, and travels in the arguments of
the trigger and its event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from airflow_provider_copernica.exceptions import CopernicaError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_copernica.client.imports import CopernicaImport
    from airflow_provider_copernica.hooks.copernica import CopernicaHook
    from airflow_provider_copernica.operators._guards import Guards
    from airflow_provider_copernica.operators._rejects import PushOutcome
    from airflow_provider_copernica.payload.parameters import ImportParameters
    from airflow_provider_copernica.payload.row_rules import RowReport
    from airflow_provider_copernica.payload.row_steps import RowStep

__all__ = ["NO_STEPS", "ImportStep", "ImportSteps", "Kept", "make_steps", "read_kept"]

Kept = Mapping[str, Mapping[str, object]]
"""What the steps of an import keep, by the name of the option: JSON without any row or secret."""


class ImportStep(Protocol):
    """What an option does with an import."""

    @property
    def name(self) -> str:
        """Return the name of the option: a key of what is kept, and of the XCom ``import_outcome``."""

    def row_step(self) -> RowStep | None:
        """Return what sees the rows on their way into the body; None where nothing does."""

    def before_post(self, hook: CopernicaHook, parameters: ImportParameters, report: RowReport) -> dict[str, object]:
        """
        Prepare, when the body is complete and the token was had; the POST comes next.

        :param hook: of the account.
        :param parameters: of the import.
        :param report: what was seen in the rows.
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
        self, hook: CopernicaHook, status: CopernicaImport, kept: Mapping[str, object] | None, push: PushOutcome
    ) -> None:
        """
        Look at what became of an import that has finished, and push counts before anything is raised.

        :param hook: of the account.
        :param status: the last one.
        :param kept: what was kept; None where it is not known any more.
        :param push: takes the counts.
        :raises CopernicaError: the import is not what was asked for.
        """

    def after_refusal(self, kept: Mapping[str, object] | None) -> None:
        """
        Note that a step before this one does not accept the finished import.

        :param kept: what was kept; None where it is not known any more.
        """


@dataclass(frozen=True)
class ImportSteps:
    """
    The steps of one import.

    :param steps: in the order in which they look at its end. Rows pass them the other way round.
    """

    steps: tuple[ImportStep, ...] = ()

    def row_steps(self) -> tuple[RowStep, ...]:
        """Return what sees the rows on their way into the body."""
        found = (step.row_step() for step in reversed(self.steps))
        return tuple(row_step for row_step in found if row_step is not None)

    def before_post(self, hook: CopernicaHook, parameters: ImportParameters, report: RowReport) -> Kept:
        """Prepare each step, and return what they keep."""
        return {step.name: step.before_post(hook, parameters, report) for step in self.steps}

    def after_post(self, import_id: int, kept: Kept) -> None:
        """Let each step note the import that Copernica made."""
        for step in self.steps:
            step.after_post(import_id, kept.get(step.name, {}))

    def after_end(self, hook: CopernicaHook, status: CopernicaImport, kept: Kept, push: PushOutcome) -> None:
        """Let each step look at the finished import, until one does not accept it."""
        for position, step in enumerate(self.steps):
            try:
                step.after_end(hook, status, kept.get(step.name), push)
            except CopernicaError:
                for later in self.steps[position + 1 :]:
                    later.after_refusal(kept.get(later.name))
                raise


NO_STEPS = ImportSteps()


def make_steps(guards: Guards, context: Context) -> ImportSteps:  # noqa: ARG001 - no option has a step yet
    """
    Return the steps of the options that the author of a DAG asked for.

    :param guards: as they were rendered.
    :param context: of the task.
    """
    return NO_STEPS


def read_kept(value: object) -> Kept:
    """
    Read what the steps kept, as it was stored or handed on.

    :param value: JSON; whatever is not understood is left out.
    """
    if not isinstance(value, Mapping):
        return {}
    return {str(name): data for name, data in value.items() if isinstance(data, Mapping)}
