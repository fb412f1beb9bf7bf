"""``@task.copernica_import``, in whole DAG runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task
from support.dagrun import run_dag

from airflow_provider_copernica.decorators.copernica import copernica_import_task
from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.exceptions import CopernicaArgumentError

START = datetime(2026, 1, 1)
GIVEN: dict[str, Any] = {"database": 1, "action": "update or add", "key_fields": ["Email"], "poll_interval": 0.2}

pytestmark = pytest.mark.usefixtures("copernica_connection", "airflow_database")


def emails(emulator: Emulator) -> set[str]:
    return {profile["fields"]["Email"] for profile in emulator.profiles(1)}  # type: ignore[index]  # a dict


def test_airflow_knows_it() -> None:
    assert task.copernica_import is not None


@pytest.mark.parametrize("deferrable", [False, True])
def test_rows_of_all_kinds(copernica_emulator: Emulator, deferrable: bool) -> None:
    calls = []
    with DAG(f"decorated_{deferrable}", schedule=None, start_date=START, params={"city": "Gent"}) as dag:

        @task
        def upstream() -> list[dict[str, str]]:
            return [{"mail": "private1@example.com"}, {"mail": "private2@example.com"}]

        @copernica_import_task(deferrable=deferrable, **GIVEN)
        def yields(
            rows: list[dict[str, str]], city: str, params: Any = None, ti: Any = None
        ) -> Iterator[dict[str, str]]:
            calls.append((ti.task_id, city, params["city"]))
            for row in rows:
                yield {"Email": row["mail"], "City": city}

        @copernica_import_task(**GIVEN)
        def returns(number: int) -> list[dict[str, object]]:
            return [{"Email": f"returned{number}@example.com"}]

        @copernica_import_task(**GIVEN)
        def nothing() -> None:
            return None

        @copernica_import_task(retries=2, retry_delay=timedelta(seconds=1), **GIVEN)
        def one_row() -> dict[str, str]:
            return {"Email": "a@example.com"}

        @copernica_import_task(**GIVEN)
        def breaks() -> Iterator[dict[str, str]]:
            yield {"Email": "before@example.com"}
            raise LookupError("no more")

        yields(upstream(), city="{{ params.city }}")
        returns.expand(number=[1, 2])
        returns.override(task_id="other", name="of its own")(3)
        nothing()
        one_row()
        breaks()

    results = run_dag(dag)
    assert {name: result.state for name, result in results.items()} == {
        "upstream": "success",
        "yields": "success",
        "returns[0]": "success",
        "returns[1]": "success",
        "other": "success",
        "nothing": "skipped",
        "one_row": "failed",
        "breaks": "failed",
    }
    assert results["one_row"].tries == 1
    assert calls == [("yields", "Gent", "Gent")]
    private = {f"private{number}@example.com" for number in (1, 2)}
    assert emails(copernica_emulator) == private | {f"returned{number}@example.com" for number in (1, 2, 3)}
    assert "of its own" in {each.parameters["name"] for each in copernica_emulator.imports}
    told = results["yields"].xcom
    assert told["return_value"] == told["import_status"]["import_id"]  # type: ignore[index]  # a dict
    assert "private" not in str(told)
    assert rendered(dag.dag_id, "yields")
    assert "private" not in rendered(dag.dag_id, "yields")
    assert "Gent" in rendered(dag.dag_id, "yields")


def rendered(dag_id: str, task_id: str) -> str:
    """What Airflow stored of the rendered templates."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.utils.session import create_session

    with create_session() as session:
        stored = session.query(RenderedTaskInstanceFields).filter_by(dag_id=dag_id, task_id=task_id).all()
        return "".join(str(each.rendered_fields) for each in stored)


def test_an_async_function_is_refused() -> None:
    async def rows() -> list[dict[str, str]]:
        return []

    async def stream() -> Any:
        yield {}

    for function in (rows, stream):
        with pytest.raises(CopernicaArgumentError, match="async"):
            copernica_import_task(**GIVEN)(function)()
        with pytest.raises(CopernicaArgumentError, match="async"):
            copernica_import_task(function)


def test_a_mistake_is_seen_when_the_dag_is_parsed() -> None:
    def rows() -> list[dict[str, str]]:
        return []

    with pytest.raises(CopernicaArgumentError, match="action"):
        copernica_import_task(**{**GIVEN, "action": "upsert"})(rows)()
    with pytest.raises(CopernicaArgumentError, match="source"):
        copernica_import_task(**GIVEN, source=[{"Email": "a"}])(rows)()
