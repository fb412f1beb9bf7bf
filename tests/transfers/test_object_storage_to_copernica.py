"""The operator that reads files: local ones, and S3 as moto serves it."""

from __future__ import annotations

import gzip
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator, ObjectStoragePath
from local_airflow import free_port
from support.taskrun import Outcome, TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaRowError
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator

ROWS = [
    {"Email": "zoë@example.com", "City": 'Den "Bosch"; of\n\'s-Hertogenbosch'},
    {"Email": "o'brien@example.com", "City": "007"},
]
CSV = 'Email;City\r\nzoë@example.com;"Den ""Bosch""; of\n\'s-Hertogenbosch"\r\no\'brien@example.com;007\r\n'

pytestmark = pytest.mark.usefixtures("copernica_connection")


def parquet(path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)


WRITERS: dict[str, Callable[[Path], object]] = {
    "customers.csv": lambda path: path.write_bytes(CSV.encode()),
    "with-bom.csv": lambda path: path.write_bytes(b"\xef\xbb\xbf" + CSV.encode()),
    "customers.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "customers.json": lambda path: path.write_text(json.dumps(ROWS), encoding="utf-8"),
    "customers.json.gz": lambda path: path.write_bytes(gzip.compress(json.dumps(ROWS).encode())),
    "customers.jsonl": lambda path: path.write_text("\n".join(map(json.dumps, ROWS))),
    "customers.parquet": parquet,
}


def task(path: object, **arguments: object) -> ObjectStorageToCopernicaOperator:
    given: dict[str, object] = {
        "task_id": "load",
        "path": str(path) if isinstance(path, Path) else path,
        "database": 1,
        "action": "update or add",
        "key_fields": ["Email"],
        "poll_interval": 0.1,
    }
    return ObjectStorageToCopernicaOperator(**{**given, **arguments})  # type: ignore[arg-type]  # of many types


def serialized(dag: DAG) -> object:
    """What Airflow stores of a DAG, and shows."""
    try:
        from airflow.serialization.serialized_objects import DagSerialization
    except ImportError:  # Airflow 2 and 3.0
        from airflow.serialization.serialized_objects import SerializedDAG as DagSerialization
    return DagSerialization.to_dict(dag)


def stored(emulator: Emulator) -> list[dict[str, str]]:
    profiles = [profile["fields"] for profile in emulator.profiles(1)]
    return [{name: fields[name] for name in ("Email", "City")} for fields in profiles]  # type: ignore[index]  # a dict


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
        ("a.csv", b"Email;City\na@example.com\n", CopernicaRowError, "row 1"),
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


PART = "Email;City\n{0}@example.com;Gent\n"


def write_parts(folder: Path, *names: str) -> list[str]:
    """Write a CSV file of one row each; the addresses that they hold."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = PART.format(name.partition(".")[0]).encode()
        (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return [f"{name.partition('.')[0]}@example.com" for name in names]


def emails(emulator: Emulator) -> list[str]:
    return [profile["Email"] for profile in stored(emulator)]


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


def test_parts_without_rows_and_with_columns_in_another_order(copernica_emulator: Emulator, tmp_path: Path) -> None:
    write_parts(tmp_path, "b.csv")
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / "c.csv").write_text("Email;City\n")
    (tmp_path / "d.csv").write_text("City;Email\nBreda;d@example.com\n")
    outcome = run_task(lambda: task(tmp_path))
    assert outcome.state == "success", outcome.error
    assert stored(copernica_emulator)[1] == {"Email": "d@example.com", "City": "Breda"}


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


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        (CSV.encode("utf-16"), {"encoding": "utf-16"}),
        (CSV.encode("cp1252"), {"encoding": "Windows-1252"}),
        (gzip.compress(CSV.encode()), {}),
        (gzip.compress(CSV.encode()), {"compression": "gzip"}),
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


def test_null_markers_without_null_values_are_warned_about(
    copernica_emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f'Email;City\n{name}@example.com;\\N\n{name}2@example.com;"\\N"\n')
    assert run_task(lambda: task(tmp_path)).state == "success"
    assert [message for message in caplog.messages if message.startswith(r"2 cells hold \N")]
    caplog.clear()
    assert run_task(lambda: task(tmp_path, null_values=["\\N"])).state == "success"
    assert "cells hold" not in caplog.text
    assert [profile["City"] for profile in stored(copernica_emulator)] == ["", "\\N", "", "\\N"]


@pytest.mark.parametrize(
    ("name", "content", "arguments", "words"),
    [
        ("a.csv", CSV.encode("cp1252"), {}, "encoding='cp1252'"),
        ("a.csv", CSV.encode(), {"encoding": "{{ 'nonsense' }}"}, "encoding: "),
        ("a.csv", b"PK\x03\x04rest", {}, "Excel workbook"),
        ("a.csv", CSV.encode(), {"compression": "gzip"}, "compression='none'"),
        ("a.csv.gz", gzip.compress(CSV.encode()), {"compression": "none"}, "not UTF-8"),
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


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    port = free_port()
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


class TestS3:
    """Through s3fs, against moto."""

    @pytest.fixture(autouse=True)
    def bucket(self, endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The connection ``storage``, and files in the bucket ``customers``."""
        import boto3

        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.delenv(name, raising=False)
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "eu-west-1"}
        client = boto3.client("s3", endpoint_url=endpoint, **keys)
        location = {"LocationConstraint": "eu-west-1"}
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket="customers", CreateBucketConfiguration=location)
        for name, write in WRITERS.items():
            write(tmp_path / name)
            client.upload_file(str(tmp_path / name), "customers", f"daily/{name}")
        connection = {"conn_type": "aws", "login": "key", "password": "secret"}
        extra = {"endpoint_url": endpoint, "region_name": "eu-west-1"}
        monkeypatch.setenv("AIRFLOW_CONN_STORAGE", json.dumps({**connection, "extra": extra}))
        monkeypatch.setenv("NO_PROXY", "*")

    @pytest.mark.parametrize("name", ["customers.csv", "customers.csv.gz", "customers.parquet"])
    def test_an_object(self, copernica_emulator: Emulator, name: str) -> None:
        outcome = run_task(lambda: task(f"s3://customers/daily/{name}", object_storage_conn_id="storage"))
        assert outcome.state == "success", outcome.error
        assert stored(copernica_emulator) == ROWS

    def test_the_connection_may_be_in_the_path(self, copernica_emulator: Emulator) -> None:
        assert run_task(lambda: task("s3://storage@customers/daily/customers.csv")).state == "success"

    @pytest.mark.parametrize("deferrable", [False, True])
    def test_a_signed_url(
        self, copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, deferrable: bool
    ) -> None:
        """Copernica fetches the file itself; nobody else sees the signature."""
        caplog.set_level(logging.DEBUG)
        outcome = run_task(
            lambda: task(
                "s3://customers/daily/customers.csv",
                object_storage_conn_id="storage",
                presign=True,
                deferrable=deferrable,
            )
        )
        assert outcome.state == "success", outcome.error
        parameters = copernica_emulator.imports[0].parameters
        assert parameters["delimiter"] == ";"
        assert "source" not in parameters
        assert stored(copernica_emulator) == ROWS
        logged = "".join(record.getMessage() for record in caplog.records if record.name != "werkzeug")  # moto's own
        signature = parse_qs(urlsplit(str(parameters["location"])).query)["Signature"][0]
        everything = logged + json.dumps(outcome.xcom) + json.dumps(outcome.events)
        assert [form for form in (signature, quote_plus(signature)) if form in everything] == []

    def test_a_retry_that_reconnects_needs_no_file(self, copernica_emulator: Emulator) -> None:
        copernica_emulator.import_seconds = 0.5
        copernica_emulator.fail("import", Fault.INVALID_TOKEN_400, times=2)
        path = "s3://customers/daily/customers.csv"
        run = TaskRun(lambda: task(path, object_storage_conn_id="storage", presign=True, retries=1))
        assert run.attempt().state == "up_for_retry"
        ObjectStoragePath(path, conn_id="storage").unlink()
        outcome = run.attempt()
        assert outcome.state == "success", outcome.error
        assert len(copernica_emulator.imports) == 1

    def test_the_signature_is_not_in_an_error(self, copernica_emulator: Emulator) -> None:
        copernica_emulator.failing_imports("Broken")
        outcome = run_task(
            lambda: task("s3://customers/daily/customers.csv", object_storage_conn_id="storage", presign=True)
        )
        assert "Broken" in str(outcome.error)
        assert "Signature" not in str(outcome.error)

    def test_its_columns_are_known(self, copernica_emulator: Emulator) -> None:
        path = "s3://customers/daily/orders.csv"
        ObjectStoragePath(path, conn_id="storage").write_text("Email;Order.OrderID\na@example.com;1\n")

        def signed(**arguments: object) -> Outcome:
            return run_task(lambda: task(path, object_storage_conn_id="storage", presign=True, **arguments))

        assert "the rows have no column 'Mail'" in str(signed(key_fields="Mail").error)
        assert "would remove the profiles" in str(signed(action="delete").error)
        assert copernica_emulator.imports == []
        copernica_emulator.fail("imports", Fault.RESET_AFTER)  # without a key, orders are presumably added each time
        assert "It is not repeated" in str(signed(retries=2).error)
        assert len(copernica_emulator.imports) == 1

    def test_only_what_copernica_can_read(self, copernica_emulator: Emulator) -> None:
        path = "s3://customers/daily/customers.parquet"
        outcome = run_task(lambda: task(path, object_storage_conn_id="storage", presign=True))
        assert "presign: Copernica reads CSV and JSON" in str(outcome.error)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (b"\xef\xbb\xbf" + CSV.encode(), "byte order mark"),
            (gzip.compress(CSV.encode()), "compressed with gzip"),
            (CSV.replace("\r\n", "\r").encode(), "carriage return alone"),
            (b"sep=;\n" + CSV.encode(), "'sep='"),
            (b"Email;City\na@example.com\n", "nothing for 'City'"),
            (CSV.encode("cp1252"), "not UTF-8"),
        ],
    )
    def test_a_signed_file_is_checked_as_text_is(self, copernica_emulator: Emulator, text: bytes, words: str) -> None:
        path = "s3://customers/daily/signed.csv"
        ObjectStoragePath(path, conn_id="storage").write_bytes(text)
        outcome = run_task(lambda: task(path, object_storage_conn_id="storage", presign=True))
        assert outcome.state == "failed"
        assert words in str(outcome.error)
        assert "example.com" not in str(outcome.error)
        assert copernica_emulator.imports == []

    @pytest.fixture
    def written_by_spark(self) -> Iterator[str]:
        """A folder that is named like a file, with a mark of its own as some writers leave it."""
        folder = ObjectStoragePath("s3://storage@customers/export.csv")
        for name, text in {
            "part-00000.csv": PART.format("a"),
            "part-00001.csv": PART.format("b"),
            "_SUCCESS": "",
        }.items():
            (folder / name).write_text(text)
        yield "s3://storage@customers/export.csv"
        folder.fs.rm("customers/export.csv", recursive=True)

    @pytest.mark.parametrize("marked", [False, True])
    def test_a_folder_that_opens_as_an_empty_file(
        self, copernica_emulator: Emulator, written_by_spark: str, marked: bool
    ) -> None:
        if marked:
            ObjectStoragePath(written_by_spark).fs.pipe_file("customers/export.csv", b"")
        outcome = run_task(lambda: task(written_by_spark))
        assert outcome.state == "success", outcome.error
        assert emails(copernica_emulator) == ["a@example.com", "b@example.com"]

    def test_several_files_can_not_be_signed(self, copernica_emulator: Emulator, written_by_spark: str) -> None:
        outcome = run_task(lambda: task(written_by_spark, presign=True))
        assert "path means 2 files, and Copernica fetches one" in str(outcome.error)
        assert run_task(lambda: task(f"{written_by_spark}/*0.csv", presign=True)).state == "success"
        assert emails(copernica_emulator) == ["a@example.com"]

    @pytest.mark.parametrize("presign", [False, True])
    @pytest.mark.parametrize("name", ["empty.csv", "marker/"])
    def test_really_empty(self, copernica_emulator: Emulator, name: str, presign: bool) -> None:
        storage = ObjectStoragePath("s3://storage@customers/").fs
        storage.call_s3("put_object", Bucket="customers", Key=name, Body=b"")
        outcome = run_task(lambda: task(f"s3://storage@customers/{name}", presign=presign, retries=2))
        assert (outcome.state, outcome.attempts) == ("skipped" if name == "empty.csv" else "failed", 1), outcome.error
        assert copernica_emulator.imports == []

    def test_a_version_is_refused_because_the_newest_would_be_read(self, copernica_emulator: Emulator) -> None:
        path = "s3://storage@customers/daily/customers.csv?versionId=old"
        for presign in (False, True):
            outcome = run_task(lambda presign=presign: task(path, presign=presign, retries=2))  # type: ignore[misc]  # has a default
            assert (outcome.state, outcome.attempts) == ("failed", 1)
            assert "reads the newest version only" in str(outcome.error)
        assert copernica_emulator.imports == []

    @pytest.mark.parametrize("name", ["nothing.csv", "nothing/", "nothing-*.csv"])
    def test_nothing_is_there(self, copernica_emulator: Emulator, name: str) -> None:
        outcome = run_task(lambda: task(f"s3://storage@customers/{name}", retries=2))
        assert (outcome.state, outcome.attempts) == ("failed", 1), outcome.error
        assert "path: " in str(outcome.error)

    def test_a_large_object_is_fetched_in_small_pieces(
        self, copernica_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """s3fs fetches 50 MB at a time otherwise, and holds them twice."""
        from s3fs.core import S3File

        sizes: list[int] = []
        fetch = S3File._fetch_range

        def measured(file: S3File, start: int, end: int) -> bytes:
            sizes.append(end - start)
            content: bytes = fetch(file, start, end)
            return content

        monkeypatch.setattr(S3File, "_fetch_range", measured)
        rows = "".join(f"{number}@example.com;{'x' * 1000}\n" for number in range(12_000))
        path = ObjectStoragePath("s3://storage@customers/large.csv")
        path.write_text("Email;City\n" + rows)
        outcome = run_task(lambda: task("s3://storage@customers/large.csv", dry_run=True))
        path.unlink()
        assert outcome.state == "success", outcome.error
        assert sum(sizes) >= 12_000_000
        assert max(sizes) <= 5 << 20

    @pytest.mark.parametrize("expires", [timedelta(hours=2), 7200, "{{ 7200 }}"])
    def test_how_long_the_url_is_good_for(
        self, copernica_emulator: Emulator, expires: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        def rendered() -> ObjectStorageToCopernicaOperator:
            made = task("s3://storage@customers/daily/customers.csv", presign=True, presign_expires=expires)
            made.render_template_fields({})
            return made

        assert run_task(rendered).state == "success"
        url = str(copernica_emulator.imports[0].parameters["location"])
        ends = int(parse_qs(urlsplit(url).query)["Expires"][0])
        assert 7100 <= ends - time.time() <= 7300
        assert "temporary" not in caplog.text

    def test_temporary_credentials_are_warned_about(
        self,
        copernica_emulator: Emulator,
        endpoint: str,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        extra = {"endpoint_url": endpoint, "region_name": "eu-west-1", "aws_session_token": "session"}
        connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_TEMPORARY", json.dumps(connection))
        outcome = run_task(lambda: task("s3://temporary@customers/daily/customers.csv", presign=True))
        assert outcome.state == "success", outcome.error
        assert "credentials of the storage are temporary" in caplog.text
