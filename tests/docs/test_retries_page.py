"""The table of what the next attempt does, on the page about retries, is the one that the code follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_copernica.operators._attempts import PreviousImport, Resolution, resolve

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "what-happens-when.md").read_text(encoding="utf-8")
IMPORTS = {
    "is running": PreviousImport.RUNNING,
    "has finished": PreviousImport.FINISHED,
    "has failed, no line processed": PreviousImport.FAILED,
    "has failed after lines were processed": PreviousImport.PARTIALLY_PROCESSED,
    "is unknown to Copernica": PreviousImport.UNKNOWN_TO_API,
    "was being sent when the worker was lost": PreviousImport.UNCONFIRMED,
}
# what a cell says, for an import that may be repeated and for one that may not
BY_IDEMPOTENCE = (Resolution.SUBMIT, Resolution.FAIL)
CELLS = {
    "goes on waiting for it": (Resolution.RECONNECT, Resolution.RECONNECT),
    "waits in a worker until it has ended, then sends the rows as they are now": (Resolution.WAIT_AND_SUBMIT,) * 2,
    "returns its result, sends nothing": (Resolution.RETURN_RESULT, Resolution.RETURN_RESULT),
    "sends again": (Resolution.SUBMIT, Resolution.SUBMIT),
    "fails without retries": (Resolution.FAIL, Resolution.FAIL),
    "sends again if that may be repeated, else fails without retries": BY_IDEMPOTENCE,
    "sends again if that may be repeated, else fails without retries and says what to look for": BY_IDEMPOTENCE,
    "the same; once the task has said so, clearing sends again": BY_IDEMPOTENCE,
}


def rows() -> dict[str, list[str]]:
    section = PAGE.partition("\n## The next attempt of a task\n")[2].partition("\n\nThe task's log")[0]
    table = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return {previous: cells for previous, *cells in table[2:]}


def test_every_case_has_a_row() -> None:
    assert set(rows()) == set(IMPORTS)
    assert set(IMPORTS.values()) == set(PreviousImport) - {PreviousImport.NONE, PreviousImport.REPORTED}


@pytest.mark.parametrize("previous", IMPORTS)
@pytest.mark.parametrize("retry", [True, False], ids=["retry", "clear"])
def test_the_code_does_what_the_row_says(previous: str, retry: bool) -> None:
    on_retry, on_clear = rows()[previous]
    promised = CELLS[on_retry if retry else on_clear]
    done = tuple(resolve(IMPORTS[previous], retry=retry, idempotent=idempotent) for idempotent in (True, False))
    assert done == promised


def test_clearing_sends_again_once_the_task_has_said_what_to_look_for() -> None:
    assert resolve(PreviousImport.REPORTED, retry=False, idempotent=False) is Resolution.SUBMIT
    assert resolve(PreviousImport.REPORTED, retry=True, idempotent=False) is Resolution.FAIL
