"""What Airflow's collector of hook lineage is told, for whoever reads it."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat import sdk
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

DATABASE = "copernica://copernica_default/database/1"

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> object:
    """The real one; Airflow has it only when there is a reader."""
    collector = sdk.HookLineageCollector()
    monkeypatch.setattr(sdk, "get_hook_lineage_collector", lambda: collector, raising=False)
    return collector


def outputs(collector: object, **arguments: object) -> list[str]:
    from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector

    def task() -> CopernicaImportOperator:
        given = {"database": "1", "action": "add", "source": [{"Email": "a@example.com"}], "poll_interval": 0.1}
        return CopernicaImportOperator(task_id="load", **{**given, **arguments})

    run_task(task)
    return [found.asset.uri for found in get_hook_lineage_collector().collected_assets.outputs]


@pytest.mark.parametrize(
    "arguments", [{"deferrable": False}, {"deferrable": True}, {"wait_for_completion": False}], ids=str
)
def test_the_database_is_an_output(collector: object, arguments: dict[str, object]) -> None:
    assert outputs(collector, **arguments) == [DATABASE]


def test_a_dry_run_has_no_output(collector: object) -> None:
    assert outputs(collector, dry_run=True) == []


def test_an_import_is_not_lost_for_lineage(
    copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> object:
        raise RuntimeError("no collector")

    monkeypatch.setattr(sdk, "get_hook_lineage_collector", broken, raising=False)
    outcome = run_task(
        lambda: CopernicaImportOperator(
            task_id="load", database=1, action="add", source=[{"Email": "a@example.com"}], poll_interval=0.1
        )
    )
    assert outcome.state == "success"
    assert "not in Airflow's lineage: RuntimeError" in caplog.text
