"""Objects of S3 as moto serves them: read through s3fs, or signed."""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from support.s3 import connect
from support.stored_files import CSV, PART, ROWS, WRITERS, emails, stored, task
from support.taskrun import Outcome, TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator

pytestmark = pytest.mark.usefixtures("copernica_connection")


class TestS3:
    """Through s3fs, against moto."""

    @pytest.fixture(autouse=True)
    def bucket(
        self, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, copernica_emulator: Emulator
    ) -> None:
        """The connection ``storage``, and files in the bucket ``customers``, which the emulator may fetch."""
        copernica_emulator.local_locations = True
        client = connect(s3_endpoint, "customers", monkeypatch)
        for name, write in WRITERS.items():
            write(tmp_path / name)
            client.upload_file(str(tmp_path / name), "customers", f"daily/{name}")

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
        assert "not sent again" in str(signed(retries=2).error)
        assert len(copernica_emulator.imports) == 1

    def test_only_what_copernica_can_read(self, copernica_emulator: Emulator) -> None:
        path = "s3://customers/daily/customers.parquet"
        outcome = run_task(lambda: task(path, object_storage_conn_id="storage", presign=True))
        assert "presign: Copernica reads CSV and JSON" in str(outcome.error)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (b"\xef\xbb\xbf" + CSV.encode(), "byte order mark"),
            (gzip.compress(CSV.encode(), mtime=0), "compressed with gzip"),
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
        s3_endpoint: str,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        extra = {"endpoint_url": s3_endpoint, "region_name": "eu-west-1", "aws_session_token": "session"}
        connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_TEMPORARY", json.dumps(connection))
        outcome = run_task(lambda: task("s3://temporary@customers/daily/customers.csv", presign=True))
        assert outcome.state == "success", outcome.error
        assert "credentials of the storage are temporary" in caplog.text
