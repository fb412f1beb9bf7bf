"""What a task's log shows of an import, and what looks wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.client.progress import Observation, ProgressLog, duration, progress

log = logging.getLogger("progress")


def status(word: str = "running", processed: int | None = 10, total: int | None = 50, **fields: str) -> CopernicaImport:
    return CopernicaImport(7, "n", status=word, total_lines=total, processed_lines=processed, **fields)  # type: ignore[arg-type]  # all are text


@pytest.mark.parametrize(
    ("first", "now", "line"),
    [
        ((status(processed=0), 0), (status(processed=20), 10), "20 of 50 lines, 40 %, 2 lines/s, about 15 s left"),
        ((status(processed=None), 0), (status(processed=20), 10), "20 of 50 lines, 40 %, 2 lines/s, about 15 s left"),
        ((status(processed=None), 0), (status(processed=1), 1), "1 of 50 lines, 2 %, 1 lines/s, about 49 s left"),
        ((status(processed=0), 0), (status(processed=1), 60), "1 of 50 lines, 2 %, 1 lines/min, about 49 min left"),
        ((status(), 0), (status(), 10), "10 of 50 lines, 20 %"),
        ((status(processed=0), 0), (status(processed=50), 10), "50 of 50 lines, 100 %, 5 lines/s"),
        ((status(), 0), (status(processed=60), 0), "60 of 50 lines, 100 %"),
        ((status(), 0), (status("ready", None, None), 0), "ready"),
        ((status(), 0), (status("", 0, 0), 0), "no status yet"),
    ],
)
def test_progress(first: tuple[CopernicaImport, float], now: tuple[CopernicaImport, float], line: str) -> None:
    assert progress(Observation(*now), Observation(*first)) == line


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (25.4, "25 s"), (119, "119 s"), (120, "2 min"), (7199, "2 h 0 min"), (11_100, "3 h 5 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def watch(statuses: list[CopernicaImport], moments: list[float]) -> None:
    clock: Iterator[float] = iter(moments)
    progress_log = ProgressLog(log, lambda: next(clock))
    for each in statuses:
        progress_log(each)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_a_line_for_each_change(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch([status(), status(), status(processed=20)], [0, 1, 2])
    assert [record.getMessage() for record in caplog.records] == [
        "Import 7: 10 of 50 lines, 20 %",
        "Import 7: 20 of 50 lines, 40 %, 5 lines/s, about 6 s left",
    ]


def test_nothing_moving_for_an_hour_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    watch([status("frob")] * 4, [0, 3599, 3600, 7200])
    (warning,) = warnings(caplog)
    assert warning.startswith("Nothing has moved for 60 min. If the status 'frob' means an end, name the word in the")
    assert "'status_words'" in warning


def test_what_moves_is_not_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    moving = [status(processed=1), status(processed=2), status(processed=2), status("finished", 50)]
    watch(moving, [0, 3000, 6000, 9999])
    assert warnings(caplog) == []


def test_fewer_lines_than_there_are_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    watch([status(), status("finished"), status("finished")], [0, 1, 2])
    assert warnings(caplog) == ["Copernica processed fewer lines than there are: 10 of 50 lines. (Import 7.)"]


def test_a_last_run_that_can_not_be_read_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    watch([status(last_run="yesterday"), status(processed=11, last_run="yesterday")], [0, 1])
    assert warnings(caplog) == ["Copernica's last run can't be read as a moment: 'yesterday'. (Import 7.)"]
