"""The operator that reads files: local ones, and S3 as moto serves it."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator, ObjectStoragePath
from support.taskrun import Outcome, TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaRowError
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from local_airflow.environment import free_port

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


def test_a_missing_file_may_come_later(copernica_emulator: Emulator, tmp_path: Path) -> None:
    outcome = run_task(lambda: task(tmp_path / "a.csv", retries=1))
    assert (type(outcome.error), outcome.attempts) == (FileNotFoundError, 2)


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


@pytest.mark.parametrize(
    ("path", "namespace", "name"),
    [
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
    def bucket(
        self, endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, copernica_emulator: Emulator
    ) -> None:
        """The connection ``storage``, and files in the bucket ``customers``, which the emulator may fetch."""
        import boto3

        copernica_emulator.local_locations = True
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
        copernica_emulator.fail("import", Fault.BAD_REQUEST)
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
