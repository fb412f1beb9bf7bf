"""Reading the status of an import, in every spelling."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.client.import_states import FINISHED_WORDS, ImportState, RunWatcher
from airflow_provider_copernica.client.imports import CopernicaImport, read_import, read_import_id, read_newer_than
from airflow_provider_copernica.client.status_words import StatusWords
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaNoImportError, CopernicaReplyError

DOCUMENTED = json.loads((Path(__file__).parents[1] / "documented_bodies.json").read_text())["status_reply"]
BUSY, FINISHED, FAILED = ImportState.BUSY, ImportState.FINISHED, ImportState.FAILED


def test_the_documented_reply() -> None:
    status = read_import(DOCUMENTED, 12)
    assert status == CopernicaImport(
        12, "https://www.copernica.com/.../testimport.csv", "add or update", "ready for start", 0, 0
    )
    assert status.state is BUSY


@pytest.mark.parametrize("absent", [False, None, "", "false", "null"])
def test_absent_in_every_spelling(absent: object) -> None:
    reply = {**DOCUMENTED, "lastrun": absent, "nextrun": absent, "lasterror": absent}
    status = read_import(reply, 12)
    assert (status.last_run, status.next_run, status.last_error) == (None, None, None)
    for key in ("lastrun", "nextrun", "lasterror", "ID", "type"):
        reply.pop(key)
    assert read_import(reply, 12).last_error is None


@pytest.mark.parametrize("nothing", [0, "0", {}, []])
def test_an_absent_message_is_not_an_error(nothing: object) -> None:
    assert read_import({**DOCUMENTED, "lasterror": nothing}, 12).last_error is None


@pytest.mark.parametrize("key", ["processedLines", "processedlines", "PROCESSEDLINES"])
@pytest.mark.parametrize("number", [7, "7", 7.0])
def test_counts_in_every_spelling(key: str, number: object) -> None:
    reply = {"status": "running", key: number, "TotalLines": number}
    assert (read_import(reply, 1).processed_lines, read_import(reply, 1).total_lines) == (7, 7)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "finished"}, FINISHED),
        ({"status": " Finished "}, FINISHED),
        ({"status": "voltooid"}, FINISHED),
        ({"status": "finished", "lasterror": "no such field"}, FAILED),
        ({"status": "failed"}, FAILED),
        ({"status": "running", "totallines": 5, "processedlines": 5, "lastrun": "2026-01-01 10:00:00"}, BUSY),
        ({"status": "in_progress"}, BUSY),
        ({"status": "frobnicated"}, BUSY),
        ({"status": "frobnicated", "totallines": "5", "processedLines": "5"}, BUSY),
        ({"status": "frobnicated", "lastrun": "2026-01-01 10:00:00"}, BUSY),
        ({"status": "frobnicated", "totallines": 5, "processedlines": 4, "lastrun": "2026-01-01 10:00:00"}, BUSY),
        ({"status": "frobnicated", "totallines": 5, "processedlines": 5, "lastrun": "2026-01-01 10:00:00"}, FINISHED),
        ({"status": "frobnicated", "totallines": 5, "processedlines": 6, "lastrun": "2026-01-01 10:00:00"}, FINISHED),
        ({"status": "frobnicated", "totallines": 0, "processedlines": 0, "lastrun": "2026-01-01 10:00:00"}, BUSY),
        ({"status": "frobnicated", "totallines": 5, "processedlines": 5, "lastrun": "0000-00-00 00:00:00"}, BUSY),
        ({"status": "ready for start", "totallines": 0, "processedlines": 0}, BUSY),
        (
            {"status": "ready for start", "totallines": 5, "processedlines": 5, "lastrun": "2026-01-01 10:00:00"},
            FINISHED,
        ),
    ],
)
def test_what_a_status_amounts_to(fields: dict[str, object], state: ImportState) -> None:
    assert read_import(fields, 1).state is state


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "ready for start", "lastrun": "2026-06-01 11:00:00"}, BUSY),  # 09:00 UTC
        ({"status": "ready for start", "lastrun": "2026-06-01 14:00:00"}, FINISHED),  # 12:00 UTC
        ({"status": "finished", "lastrun": "2026-06-01 11:00:00"}, BUSY),
        ({"status": "finished", "lastrun": "2026-06-01 11:00:00", "lasterror": "of an earlier run"}, BUSY),
        ({"status": "finished", "lastrun": "2026-06-01 14:00:00", "lasterror": "of this run"}, FAILED),
        ({"status": "running", "lastrun": "2026-06-01 14:00:00"}, BUSY),
        ({"status": "odd", "lastrun": "2026-06-01 14:00:00", "totallines": 9, "processedlines": 3}, BUSY),
        ({"status": "ready for start", "lastrun": False}, BUSY),
        ({"status": "ready for start", "lastrun": "one fine day"}, BUSY),
    ],
)
def test_periodic_imports_count_from_a_moment_on(fields: dict[str, object], state: ImportState) -> None:
    assert RunWatcher(datetime(2026, 6, 1, 10, tzinfo=UTC)).state(read_import(fields, 1)) is state


def test_a_password_in_the_name_or_the_error_is_not_kept() -> None:
    status = read_import(
        {"status": "x", "name": "ftp://joe:hunter2@example.com/a", "lasterror": "ftp://joe:hunter2@h"}, 1
    )
    assert "hunter2" not in str(status) + repr(status)


@pytest.mark.parametrize("field", ["name", "status", "lasterror", "lastrun", "type"])
def test_text_from_outside_is_cut_and_made_printable(field: str) -> None:
    hostile = "first line\r\nERROR second \x1b[31mline\u202e" + "eyJ" * 100_000
    began = time.process_time()
    status = read_import({"status": "x", field: hostile}, 1)
    assert time.process_time() - began < 2
    (text,) = [value for value in vars(status).values() if isinstance(value, str) and value.startswith("first")]
    assert text.isprintable()
    assert len(text) <= 300


@pytest.mark.parametrize("reply", [None, [], "text", {}, {"data": {}}, 7])
def test_a_reply_that_is_not_a_status_is_an_error(reply: object) -> None:
    with pytest.raises(CopernicaReplyError, match="not the status of an import"):
        read_import(reply, 1)


@pytest.mark.parametrize("value", [12, "12", " 12 "])
def test_import_ids(value: object) -> None:
    assert read_import_id(value) == 12


@pytest.mark.parametrize("value", ["twelve", 0, -1, True, 1.5, [1], "1" * 30])
def test_an_id_that_is_not_a_number_is_an_error(value: object) -> None:
    with pytest.raises(CopernicaArgumentError, match="import_id must be the number of an import"):
        read_import_id(value)


def test_newer_than_in_both_zones() -> None:
    assert read_newer_than("2026-06-01 12:00:00") == read_newer_than("2026-06-01T10:00:00+00:00")
    assert read_newer_than(None) is None
    for nonsense in ("yesterday", "", "None"):
        with pytest.raises(CopernicaArgumentError, match="newer_than must be a moment"):
            read_newer_than(nonsense)


values = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.integers(), max_size=2)
)
keys = (
    st.sampled_from(["status", "STATUS", "totallines", "processedLines", "lastrun", "lasterror", "name", "ID"])
    | st.text()
)


@given(st.dictionaries(keys, values) | values)
def test_nothing_counts_as_success_by_accident(reply: object) -> None:
    try:
        status = read_import(reply, 1)
    except CopernicaReplyError:
        return
    if status.state is FINISHED:
        assert status.last_error is None
        word = " ".join(status.status.lower().replace("_", " ").replace("-", " ").split())
        assert word in FINISHED_WORDS or (
            status.last_run and 0 < (status.total_lines or 0) <= (status.processed_lines or 0)
        )
    json.dumps(status.as_dict())


def test_lines_as_far_as_they_are_known() -> None:
    assert CopernicaImport(1, total_lines=1_050, processed_lines=7).lines == "7 of 1,050 lines"
    assert CopernicaImport(1, total_lines=50).lines == "0 of 50 lines"
    assert CopernicaImport(1, processed_lines=7).lines == "7 lines"
    assert CopernicaImport(1).lines == ""


@pytest.mark.parametrize("nothing", [None, "", " ", "None"])
def test_what_a_task_returns_that_sent_nothing_is_not_an_import(nothing: object) -> None:
    with pytest.raises(CopernicaNoImportError, match="There is no import to wait for"):
        read_import_id(nothing)


def test_an_unknown_status_word_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    for word in ("quuxing", "Quuxing", "finished", "quuxing"):
        read_import({"status": word}, 1)
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.endswith("line counts and last run decide: 'quuxing'.")


def test_each_account_has_its_own_meaning_of_a_word() -> None:
    reply = {"status": "Verwerkt-nu"}
    assert read_import(reply, 1).state is BUSY
    assert read_import(reply, 1, StatusWords(finished=("verwerkt nu",))).state is FINISHED
    assert read_import(reply, 1, StatusWords(failed=("verwerkt_nu",), finished=("verwerkt nu",))).state is FAILED
    assert read_import({"status": "finished"}, 1, StatusWords(busy=("finished",))).state is BUSY
    assert read_import({"status": "finished"}, 1).state is FINISHED


def test_a_secret_in_a_text_is_hidden_each_time_it_is_read() -> None:
    reply = {"status": "running", "name": "https://user:s3cret@host/x.csv", "lasterror": "token=s3cret " + "x" * 200}
    for _ in range(2):
        assert "s3cret" not in repr(read_import(reply, 1))
