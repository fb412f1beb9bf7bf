"""The operator that reads files, on this machine."""

from __future__ import annotations

import gzip
import json
import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator, ObjectStoragePath
from support.stored_files import CSV, ROWS, WRITERS, serialized, stored, task
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaRowError
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator

pytestmark = pytest.mark.usefixtures("copernica_connection")


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("as_uri", [False, True])
def test_every_format(copernica_emulator: Emulator, tmp_path: Path, name: str, as_uri: bool) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    outcome = run_task(lambda: task(path.as_uri() if as_uri else path))
    assert (outcome.state, outcome.result) == ("success", 1), outcome.error
    assert stored(copernica_emulator) == ROWS


def test_the_delimiter_that_was_found_is_said(
    copernica_emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    WRITERS["customers.csv"](tmp_path / "a.csv")
    run_task(lambda: task(tmp_path / "a.csv"))
    assert "separated by ';'" in caplog.text
    assert "example.com" not in caplog.text


def test_the_format_may_be_given(copernica_emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "export.dat").write_text("Email\tCity\na@example.com\tGent\n")
    outcome = run_task(lambda: task(tmp_path / "export.dat", format="csv", delimiter="\\t"))
    assert outcome.state == "success", outcome.error
    assert stored(copernica_emulator) == [{"Email": "a@example.com", "City": "Gent"}]
    assert not {"format", "delimiter"} & set(copernica_emulator.imports[0].parameters)


def test_new_names(copernica_emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mail;City\na@example.com;Gent\n")
    outcome = run_task(lambda: task(tmp_path / "a.csv", column_map={"mail": "Email"}))
    assert outcome.state == "success", outcome.error


@pytest.mark.parametrize(("text", "state"), [("Email;City\n", "skipped"), ("", "skipped")])
@pytest.mark.parametrize("presign", [False, True])
def test_an_empty_file(copernica_emulator: Emulator, tmp_path: Path, text: str, state: str, presign: bool) -> None:
    (tmp_path / "a.csv").write_text(text)
    assert run_task(lambda: task(tmp_path / "a.csv", presign=presign)).state == state
    outcome = run_task(lambda: task(tmp_path / "a.csv", presign=presign, remove_missing=True))
    assert outcome.state == "failed"
    assert "remove_missing" in str(outcome.error)
    assert copernica_emulator.imports == []


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("a.csv", b"Email;City\na@example.com\n", CopernicaRowError, "Row 1"),
        ("a.csv", b"Email;City\n\xff\xfe;x\n", CopernicaArgumentError, "UTF-8"),
        ("a.json", b'{"Email": "a@example.com"}', CopernicaArgumentError, "JSON"),
        ("a.csv.gz", b"Email;City\n", CopernicaArgumentError, "gzip"),
        ("a.parquet", b"PAR1", CopernicaArgumentError, "Parquet"),
        ("a.xlsx", b"", CopernicaArgumentError, "format"),
    ],
)
def test_a_broken_file(
    copernica_emulator: Emulator, tmp_path: Path, name: str, content: bytes, kind: type[Exception], words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    outcome = run_task(lambda: task(tmp_path / name, retries=2))
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert isinstance(outcome.error and outcome.error.__cause__, kind)
    assert words in str(outcome.error)
    assert "example.com" not in str(outcome.error)
    assert copernica_emulator.imports == []


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        (CSV.encode("utf-16"), {"encoding": "utf-16"}),
        (CSV.encode("cp1252"), {"encoding": "Windows-1252"}),
        (gzip.compress(CSV.encode(), mtime=0), {}),
        (gzip.compress(CSV.encode(), mtime=0), {"compression": "gzip"}),
        (b"sep=;\r\n" + CSV.encode(), {}),
        (b"\xef\xbb\xbfsep=;\r\n" + CSV.encode(), {"delimiter": ";"}),
        (CSV.replace("\r\n", "\r").encode(), {}),
        (CSV.replace("007", "NULL").encode(), {"null_values": ["007", "NULL"]}),
    ],
)
def test_other_ways_to_write_the_same_rows(
    copernica_emulator: Emulator, tmp_path: Path, content: bytes, arguments: dict[str, object]
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    outcome = run_task(lambda: task(tmp_path / "a.csv", **arguments))
    assert outcome.state == "success", outcome.error
    expected = [ROWS[0], {**ROWS[1], "City": "" if "null_values" in arguments else "007"}]
    assert stored(copernica_emulator) == expected


def test_null_markers_are_warned_about_or_empty(
    copernica_emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f'Email;City\n{name}@example.com;\\N\n{name}2@example.com;"\\N"\n')
    assert run_task(lambda: task(tmp_path)).state == "success"
    (warning,) = [message for message in caplog.messages if r"cells hold \N" in message]
    assert "null_values" in warning
    assert run_task(lambda: task(tmp_path, null_values=["\\N"])).state == "success"
    assert [profile["City"] for profile in stored(copernica_emulator)] == ["", "\\N", "", "\\N"]


@pytest.mark.parametrize(
    ("name", "content", "arguments", "words"),
    [
        ("a.csv", CSV.encode("cp1252"), {}, "encoding='cp1252'"),
        ("a.csv", CSV.encode(), {"encoding": "{{ 'nonsense' }}"}, "encoding: "),
        ("a.csv", b"PK\x03\x04rest", {}, "Excel workbook"),
        ("a.csv", CSV.encode(), {"compression": "gzip"}, "compression='none'"),
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0), {"compression": "none"}, "not UTF-8"),
        ("a.csv", b"sep=|\nEmail|City\n", {}, "its delimiter is '|'"),
        ("a.csv", b"sep=;\nEmail;City\na;b\n", {"delimiter": ","}, "its delimiter is ';'"),
        ("a.csv", b"noor@example.com;Noor\nb@example.com;B\n", {}, "add a header line"),
        ("a.jsonl", b'{"Email": "a@x.nl"}', {"null_values": ["NULL"]}, "null_values"),
    ],
)
def test_what_is_read_in_no_way(
    copernica_emulator: Emulator, tmp_path: Path, name: str, content: bytes, arguments: dict[str, object], words: str
) -> None:
    (tmp_path / name).write_bytes(content)

    def rendered() -> ObjectStorageToCopernicaOperator:
        made = task(tmp_path / name, **arguments)
        made.render_template_fields({})
        return made

    outcome = run_task(rendered)
    assert outcome.state == "failed"
    assert words in str(outcome.error)
    assert "example.com" not in str(outcome.error)
    assert copernica_emulator.imports == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"source": [{"Email": "a"}]},
        {"location": "https://example.com/a.csv"},
        {"presign": True, "column_map": {"a": "b"}},
        {"presign": True, "check_fields": True},
        {"presign": True, "min_records": 1},
        {"format": "xml"},
        {"presign": True, "format": "parquet"},
        {"delimiter": "|"},
        {"encoding": "nonsense"},
        {"encoding": "base64"},
        {"compression": "zip"},
        {"null_values": [1]},
        {"presign": True, "null_values": ["NULL"]},
        {"presign": True, "encoding": "cp1252"},
        {"presign": True, "compression": "gzip"},
        *({"presign": True, "presign_expires": each} for each in (0, -1, True, 604_801, "soon", timedelta(days=8))),
    ],
)
def test_a_mistake_is_seen_when_the_dag_is_parsed(arguments: dict[str, object]) -> None:
    with pytest.raises(CopernicaArgumentError, match=list(arguments)[-1]):
        task("a.csv", **arguments)


def test_the_path_may_come_from_another_task(copernica_emulator: Emulator, tmp_path: Path) -> None:
    """Or be a path of Airflow's, which templates may fill."""
    with DAG("paths", schedule=None, start_date=datetime(2026, 1, 1)):
        found = BaseOperator(task_id="found")
        made = task(found.output)
    assert made.upstream_task_ids == {"found"}
    WRITERS["customers.csv"](tmp_path / "customers.csv")

    def rendered() -> ObjectStorageToCopernicaOperator:
        made = task(ObjectStoragePath(f"file://{tmp_path}/{{{{ params.name }}}}.csv"))
        made.render_template_fields({"params": {"name": "customers"}})  # type: ignore[typeddict-item]  # enough
        return made

    outcome = run_task(rendered)
    assert outcome.state == "success", outcome.error
    assert "path is missing" in str(run_task(lambda: task("")).error)


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("given", ["partial", "expand"])
def test_nobody_reads_a_password_in_the_path(given: str, mapped: bool) -> None:
    """Neither in the serialised DAG nor in the rendered fields."""
    path = "ftp://user:verysecret@example.com/a.csv?sig=verysecret"
    with DAG("paths", schedule=None, start_date=datetime(2026, 1, 1)) as dag:
        if mapped:
            fixed = {"task_id": "load", "database": 1, "action": "add"}
            if given == "partial":
                ObjectStorageToCopernicaOperator.partial(**fixed, path=path).expand(name=["a", "b"])
            else:
                ObjectStorageToCopernicaOperator.partial(**fixed).expand(path=[path, path])
        else:
            task(path)
    assert "verysecret" not in json.dumps(serialized(dag), default=str)
    if not mapped:
        assert "verysecret" not in repr(task(path).path)


@pytest.mark.parametrize(
    ("path", "namespace", "name"),
    [
        ("s3://storage@customers/daily/part-*.csv", "s3://customers", "daily"),
        ("s3://customers/daily/day=*/part-?.csv", "s3://customers", "daily"),
        ("s3://customers/daily", "s3://customers", "daily"),
        ("s3://storage@customers/daily/a.csv", "s3://customers", "daily/a.csv"),
        ("/data/a.csv", "file", "/data/a.csv"),
    ],
)
def test_lineage(path: str, namespace: str, name: str) -> None:
    (file,) = task(path).lineage_inputs()
    assert (file.namespace, file.name) == (namespace, name)


def test_storage_that_signs_nothing(copernica_emulator: Emulator, tmp_path: Path) -> None:
    WRITERS["customers.csv"](tmp_path / "a.csv")
    outcome = run_task(lambda: task(tmp_path / "a.csv", presign=True))
    assert outcome.state == "failed"
    assert "signs no URLs" in str(outcome.error)
