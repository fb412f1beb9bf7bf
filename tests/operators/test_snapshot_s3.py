"""A snapshot on S3, as moto serves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.imports import task
from support.s3 import connect
from support.taskrun import Outcome, run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators.removed_rows import CopernicaRemovedRowsOperator
from airflow_provider_copernica.options import Snapshot

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.fixture
def client(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the storage behind the connection ``storage``, with the bucket ``state``."""
    return connect(s3_endpoint, "state", monkeypatch)


def objects(client: Any, prefix: str) -> list[str]:
    return sorted(each["Key"] for each in client.list_objects_v2(Bucket="state", Prefix=prefix).get("Contents", ()))


def row(name: str) -> dict[str, str]:
    return {"Email": f"{name}@example.com", "City": name}


@pytest.mark.parametrize("deferrable", [False, True])
def test_nights(copernica_emulator: Emulator, client: Any, deferrable: bool) -> None:
    path = f"s3://storage@state/{deferrable}/customers"
    snapshot = Snapshot(path, on_removed="hand_over", max_removed="60%")

    def night(*names: str) -> Outcome:
        rows = [row(name) for name in names]
        outcome = run_task(lambda: task(source=rows, snapshot=snapshot, deferrable=deferrable))
        assert outcome.state == "success", outcome.error
        return outcome

    night("a", "b")
    assert night("a", "b").result is None
    night("a", "c")
    removal = run_task(
        lambda: CopernicaRemovedRowsOperator(task_id="remove", database=1, snapshot=snapshot, poll_interval=0.1)
    )
    assert removal.state == "success", removal.error
    profiles: Any = copernica_emulator.profiles(1)
    emails = {profile["fields"]["Email"] for profile in profiles}
    assert "b@example.com" not in emails
    assert {"a@example.com", "c@example.com"} <= emails
    found = objects(client, f"{deferrable}/customers/")
    assert [name.rpartition(".")[2] for name in found] == ["records", "json"]


def test_of_two_runs_one_is_refused_by_the_storage(copernica_emulator: Emulator, client: Any) -> None:
    """Both read the same pointer; the storage itself lets only one write the next."""
    snapshot = Snapshot("s3://state/overlapping", object_storage_conn_id="storage")
    inner: list[Outcome] = []

    class Rows:
        def __iter__(self) -> Iterator[dict[str, str]]:
            yield row("a")
            if not inner:
                inner.append(run_task(lambda: task(source=[row("b")], snapshot=snapshot)))

    outcome = run_task(lambda: task(source=Rows(), snapshot=snapshot))
    assert inner[0].state == "success", inner[0].error
    assert outcome.state == "failed"
    assert "Another run of this task took up the snapshot" in str(outcome.error)
    assert len([name for name in objects(client, "overlapping/") if name.endswith(".json")]) == 1
    assert len(copernica_emulator.imports) == 1


def test_a_bucket_that_does_not_exist(copernica_emulator: Emulator, client: Any) -> None:
    outcome = run_task(lambda: task(snapshot=Snapshot("s3://storage@nowhere/x"), retries=0))
    assert outcome.state == "failed"
    assert "The snapshot could not be" in str(outcome.error)
    assert copernica_emulator.imports == []
