"""What a path means: a file, a folder, a glob, or nothing."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest
from support.stored_files import PART, ROWS, emails, parquet, stored, task, write_parts
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.mark.parametrize("path", ["", "/", "/*", "/part-*.csv.gz", "/part-?.csv.gz", "/part-[a-c].csv.gz", "/**"])
def test_a_folder_or_a_glob_is_one_import_in_the_order_of_names(
    copernica_emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    caplog.set_level(logging.INFO)
    folder = tmp_path / "customers.csv"
    expected = write_parts(folder, "part-a.csv.gz", "part-b.csv.gz", "part-c.csv.gz")
    for name in ("_SUCCESS", "_committed_4711", ".part-a.csv.crc", "_temporary/0/part-a.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"no rows\n")
    outcome = run_task(lambda: task(f"{folder}{path}"))
    assert (outcome.state, len(copernica_emulator.imports)) == ("success", 1), outcome.error
    assert emails(copernica_emulator) == expected
    assert "Rows 2 to 2 come from 'part-b.csv.gz'." in caplog.messages


def test_parts_without_rows_and_with_columns_in_another_order(
    copernica_emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_parts(tmp_path, "b.csv")
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / "c.csv").write_text("Email;City\n")
    (tmp_path / "d.csv").write_text("City;Email\nBreda;d@example.com\n")
    outcome = run_task(lambda: task(tmp_path))
    assert outcome.state == "success", outcome.error
    assert stored(copernica_emulator)[1] == {"Email": "d@example.com", "City": "Breda"}
    assert {"There are no rows in 'a.csv'.", "There are no rows in 'c.csv'."} <= {*caplog.messages}


def test_a_part_that_broke_off_before_its_first_byte_is_refused(copernica_emulator: Emulator, tmp_path: Path) -> None:
    """With remove_missing its profiles would be removed."""
    write_parts(tmp_path, "a.csv.gz")
    (tmp_path / "b.csv.gz").write_bytes(b"")
    outcome = run_task(lambda: task(tmp_path, remove_missing=True))
    assert "not a complete gzip file: write it anew, in the file 'b.csv.gz'" in str(outcome.error)
    assert copernica_emulator.imports == []


def test_parts_of_parquet(copernica_emulator: Emulator, tmp_path: Path) -> None:
    for name in ("1.parquet", "2.parquet"):
        parquet(tmp_path / name)
    outcome = run_task(lambda: task(tmp_path, action="add", key_fields=None))
    assert outcome.state == "success", outcome.error
    assert stored(copernica_emulator) == ROWS * 2


@pytest.mark.parametrize(
    ("files", "path", "words"),
    [
        ({}, "", "the folder has nothing to read"),
        ({"_SUCCESS": "", ".hidden.csv": PART}, "", "the folder has nothing to read"),
        ({}, "/a.csv", "there is no file or folder 'a.csv'"),
        ({"a.csv": PART}, "/b*.csv", "no file matches 'b*.csv'"),
        ({"day=1/a.csv": PART, "b.csv": PART}, "", "the folder holds folders ('day=1')"),
        ({"day=1/a.csv": PART, "b.csv": PART}, "/*", "the glob matches folders ('day=1')"),
        ({"a.csv": PART, "b.csv": "Email;Town\nb@x.nl;Gent\n"}, "", "('City' is missing and 'Town' is new)"),
        ({"a.csv": PART, "b.csv": "Email;City\n"}, "/a.csv/x.csv", "there is no file or folder 'x.csv'"),
        ({"a.csv": PART, "b.json": "[]"}, "", "'b.json' is 'json'"),
        ({"a.csv": PART, "README.md": ""}, "", "name of the file doesn't tell its format"),
        ({"a.csv": PART, "b.csv": 'Email;City\nb@x.nl;"Gent\n'}, "", "in the file 'b.csv'"),
        ({"a.csv": PART, "b.csv": "Email;City\nb@x.nl\n"}, "", "in the file 'b.csv'"),
        ({"a.csv": PART}, "/a.csv?token=verysecret", "no file matches"),
        ({"a.csv": PART}, "/a.csv#token=verysecret", "there is no file"),
    ],
)
def test_what_a_path_can_not_mean(
    copernica_emulator: Emulator, tmp_path: Path, files: dict[str, str], path: str, words: str
) -> None:
    """For good, and in one line that names the file."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.format("a"))
    outcome = run_task(lambda: task(f"{tmp_path}{path}", retries=2))
    assert (outcome.state, outcome.attempts) == ("failed", 1), outcome.error
    assert words in str(outcome.error)
    assert not {"a@example.com", "b@x.nl", "verysecret"} & set(str(outcome.error).split("'"))
    assert "verysecret" not in str(outcome.error)
    assert copernica_emulator.imports == []


@pytest.mark.parametrize("name", ["[b].csv", "a*.csv", "a?.csv"])
def test_a_file_may_be_named_like_a_glob(copernica_emulator: Emulator, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(PART.format("right"))
    write_parts(tmp_path, "b.csv", "ab.csv")
    outcome = run_task(lambda: task(tmp_path / name))
    assert outcome.state == "success", outcome.error
    assert emails(copernica_emulator) == ["right@example.com"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("https://example.com/a.csv?sig=verysecret", "CopernicaImportOperator and its argument location"),
        ("ftp://user:verysecret@example.com/a.csv", "CopernicaImportOperator and its argument location"),
        ("gs://bucket/a.csv", "pip install 'airflow-provider-copernica[gcs]'"),
        ("zz://bucket/a.csv", "no storage of the kind 'zz'"),
    ],
)
def test_a_storage_that_airflow_does_not_know(copernica_emulator: Emulator, path: str, words: str) -> None:
    outcome = run_task(lambda: task(path, retries=2))
    assert (outcome.state, outcome.attempts) == ("failed", 1), outcome.error
    assert words in str(outcome.error)
    assert "verysecret" not in str(outcome.error)


def test_a_storage_without_its_package(copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    outcome = run_task(lambda: task("s3://bucket/a.csv", object_storage_conn_id="without", retries=2))
    assert (outcome.state, outcome.attempts) == ("failed", 1), outcome.error
    assert "pip install 'airflow-provider-copernica[s3]'" in str(outcome.error)
