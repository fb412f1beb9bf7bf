"""Rejected rows through real task runs: the file, the counts, and what is sent."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from support.imports import task
from support.taskrun import Outcome, run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.options import Rejects
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator

pytestmark = pytest.mark.usefixtures("copernica_connection")

GOOD = {"Email": "a@example.com", "City": "Gent"}
BAD = {"Email": "", "City": "Secret"}


def run(path: Path, source: object, *, arguments: dict[str, Any] | None = None, **options: Any) -> Outcome:
    rejects = Rejects(path.as_uri(), **options)
    return run_task(lambda: task(source=source, rejects=rejects, retries=1, **(arguments or {})))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def posts(emulator: Emulator) -> int:
    return sum(request.method == "POST" and request.path.endswith("imports") for request in emulator.requests)


def test_the_others_are_sent(copernica_emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "new" / "rejects.jsonl"
    outcome = run(path, [GOOD, BAD, {"Email": "b@example.com", "City": "Ede"}], at_most=1)
    assert outcome.state == "success", outcome.error
    assert outcome.xcom["import_outcome"] == {"rejects": {"rows": 3, "accepted": 2, "rejected": 1}}
    assert [line["row"] for line in lines(path)] == [2]
    assert lines(path)[0]["reasons"][0].startswith("Email: is empty")
    held: Any = copernica_emulator.profiles(1)
    assert {profile["fields"]["Email"] for profile in held} >= {"a@example.com", "b@example.com"}
    assert "1 of 3 rows were rejected, and the others are sent." in caplog.text
    assert "Secret" not in caplog.text + path.read_text()


@pytest.mark.parametrize("names", ["a", "ab"])
def test_the_file_that_a_row_comes_from_is_named_where_there_are_several(
    copernica_emulator: Emulator, tmp_path: Path, names: str
) -> None:
    (tmp_path / "parts").mkdir()
    for name in names:
        (tmp_path / "parts" / f"{name}.csv").write_text(f"Email;City\n{name}@example.com;Gent\n;Secret\n")
    outcome = run_task(
        lambda: ObjectStorageToCopernicaOperator(
            task_id="load",
            database=1,
            action="update or add",
            key_fields=["Email"],
            path=(tmp_path / "parts").as_uri(),
            rejects=Rejects((tmp_path / "rejects.jsonl").as_uri(), at_most=2),
            poll_interval=0.1,
        )
    )
    assert outcome.state == "success", outcome.error
    rejected = [(line["row"], line.get("file")) for line in lines(tmp_path / "rejects.jsonl")]
    assert rejected == ([(2, "a.csv"), (4, "b.csv")] if len(names) > 1 else [(2, None)])


@pytest.mark.parametrize(
    ("source", "at_most", "state", "sent"),
    [
        ([GOOD, BAD], 0, "failed", 0),
        ([GOOD, BAD], "49.9%", "failed", 0),
        ([GOOD, BAD], "50%", "success", 1),
        ([BAD, BAD], "100%", "failed", 0),
        ([BAD, BAD], 5, "failed", 0),
        ([GOOD], 0, "success", 1),
        ([], 0, "skipped", 0),
        ("Email;City\n;x\na@example.com;y\n", 1, "success", 1),
    ],
)
def test_the_limit_is_judged_when_all_rows_were_read(
    copernica_emulator: Emulator, tmp_path: Path, source: Any, at_most: Any, state: str, sent: int
) -> None:
    path = tmp_path / "rejects.jsonl"
    path.write_text("of an earlier attempt\n")
    text = {"format": "csv", "delimiter": ";"} if isinstance(source, str) else {}
    outcome = run(path, source, at_most=at_most, arguments=text)
    assert (outcome.state, outcome.attempts) == (state, 1), outcome.error
    assert posts(copernica_emulator) == sent
    rejected = sum(row == BAD for row in source) if isinstance(source, list) else 1
    assert len(lines(path)) == rejected
    counts: Any = outcome.xcom["import_outcome"]
    assert counts["rejects"]["rejected"] == rejected
    if state == "failed":
        assert f"{rejected} of {len(source)} rows were rejected" in str(outcome.error)
        assert "nothing was sent" in str(outcome.error)
        assert "Secret" not in str(outcome.error)


def test_min_records_counts_accepted_rows(copernica_emulator: Emulator, tmp_path: Path) -> None:
    outcome = run(tmp_path / "x.jsonl", [GOOD, BAD], at_most=1, arguments={"min_records": 2})
    assert outcome.state == "failed"
    assert "There are 1 rows, and min_records asks for at least 2" in str(outcome.error)
    assert posts(copernica_emulator) == 0


def test_values_of_fields_are_a_reason_too(copernica_emulator: Emulator, tmp_path: Path) -> None:
    rows = [GOOD, {"Email": "b@example.com", "City": "x" * 1000}]
    outcome = run(tmp_path / "x.jsonl", rows, at_most=1, values=True, arguments={"check_fields": "values"})
    assert outcome.state == "success", outcome.error
    (line,) = lines(tmp_path / "x.jsonl")
    assert line["reasons"][0].startswith("City: takes at most")
    assert line["values"]["City"] == "x" * 1000


def test_a_file_that_can_not_be_written_stops_everything(copernica_emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file in the place of a folder")
    outcome = run(tmp_path / "taken" / "x.jsonl", [GOOD, BAD], at_most=1)
    assert (outcome.state, outcome.attempts) == ("failed", 2)  # another attempt may find the storage well
    assert "could not be written (FileExistsError), so nothing was sent" in str(outcome.error)
    assert posts(copernica_emulator) == 0


@pytest.mark.parametrize("path", ["nowhere://bucket/x.jsonl", "gs://bucket/x.jsonl"])
def test_a_storage_that_airflow_does_not_know_fails_for_good(copernica_emulator: Emulator, path: str) -> None:
    outcome = run_task(lambda: task(source=[GOOD], rejects=Rejects(path), retries=1))
    assert (outcome.state, outcome.attempts) == ("failed", 1), outcome.error
    assert "Airflow can't write to this storage" in str(outcome.error)
    assert posts(copernica_emulator) == 0


def test_a_dry_run_writes_no_file(
    copernica_emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    outcome = run(tmp_path / "x.jsonl", [GOOD, BAD], arguments={"dry_run": True})
    assert outcome.state == "success", outcome.error
    assert "1 rows would be rejected, and the others sent." in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_after_rendering_fails_for_good(copernica_emulator: Emulator, tmp_path: Path) -> None:
    def late(**values: object) -> CopernicaImportOperator:
        made = task(rejects=Rejects(str(tmp_path / "x.jsonl")), retries=1)
        for name, value in values.items():
            setattr(made, name, value)
        return made

    for values, words in (
        ({"rejects": {"path": "None"}}, "template rendered to nothing"),
        ({"rejects": "x"}, "give Rejects"),
        ({"remove_missing": "True"}, "rejects can't go with remove_missing"),
    ):
        outcome = run_task(lambda values=values: late(**values))  # type: ignore[misc]  # the values of this round
        assert (outcome.state, outcome.attempts) == ("failed", 1)
        assert words in str(outcome.error)
    assert posts(copernica_emulator) == 0
