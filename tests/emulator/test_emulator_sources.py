"""What an import makes of its source: texts, files behind a location, and values of each type of field."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.copernica_api import CopernicaApi

from airflow_provider_copernica.emulator import Emulator, run_emulator


@pytest.fixture
def v3(emulator: Emulator) -> CopernicaApi:
    emulator.add_database("Customers", {"Email": "email", "Name": "text"})
    return CopernicaApi(emulator, "v3")


@pytest.fixture
def local() -> Iterator[CopernicaApi]:
    """An emulator that fetches from other servers of this machine, too."""
    with run_emulator(import_seconds=0, local_locations=True) as emulator:
        emulator.add_database("Customers", {"Email": "email", "Name": "text"})
        yield CopernicaApi(emulator, "v3")


def run(api: CopernicaApi, source: object = None, **more: object) -> dict[str, object]:
    """Import into database 1, and return the last status."""
    parameters = {"database": 1, "action": "update or add", "keyFields": ["Email"], "source": source, **more}
    return api.run_import(**{name: value for name, value in parameters.items() if value is not None})


def people(api: CopernicaApi) -> dict[str, str]:
    profiles = [profile["fields"] for profile in api.emulator.profiles(1)]
    return {fields["Email"]: fields["Name"] for fields in profiles}


CSV = 'Email;Name\r\nnoe@example.com;"De; Bruyn\r\n\'O"\r\n'


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ('[{"Email": "noe@example.com", "Name": "De; Bruyn\\r\\n\'O"}]', {"format": "json"}),
        (CSV, {"format": "csv", "delimiter": ";"}),
        (CSV.replace("Email;Name", "Email\tName").replace("com;", "com\t"), {"format": "csv", "delimiter": "\t"}),
    ],
)
def test_texts(v3: CopernicaApi, source: str, more: dict[str, str]) -> None:
    run(v3, source, **more)
    assert people(v3)["noe@example.com"] == "De; Bruyn\r\n'O"


@pytest.mark.parametrize(
    ("source", "more", "words"),
    [
        ("[{", {"format": "json"}, "not JSON"),
        ('{"Email": "x"}', {"format": "json"}, "not a list of rows"),
        ("Email\nx", {"format": "csv"}, "delimiter"),
        ("Email,Name\nx", {"format": "csv", "delimiter": ","}, "same number of cells"),
        pytest.param(
            f'Email,Name\nx,"{"y" * (1 << 24)}y"', {"format": "csv", "delimiter": ","}, "not CSV", id="a cell too large"
        ),
        ([{"Email": "x", "Name": "y"}, {"Name": "y", "Email": "x"}], {}, "same order"),
        ([{"Email": "x"}, {"Email": "y", "Name": "z"}], {}, "same fields"),
        (["x"], {}, "not a list of rows"),
    ],
)
def test_what_can_not_be_read_fails_the_import(
    v3: CopernicaApi, source: object, more: dict[str, str], words: str
) -> None:
    last = run(v3, source, **more)
    assert last["status"] == "failed"
    assert words in str(last["lasterror"])
    assert people(v3) == {}


@contextmanager
def files(**answers: tuple[int, str]) -> Iterator[str]:
    """A file server; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, text = answers[self.path.strip("/")]
            self.send_response(code)
            self.send_header("Location", "/good")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_locations(local: CopernicaApi) -> None:
    good, moved = (200, "\ufeffEmail,Name\ncas@example.com,Cas"), (302, "")
    with files(good=good, moved=moved, gone=(404, "")) as url:
        assert run(local, location=f"{url}/good", delimiter=",")["name"] == f"{url}/good"
        assert people(local) == {"cas@example.com": "Cas"}
        for path, words in (("moved", "HTTP 302"), ("gone", "HTTP 404")):
            assert words in str(run(local, location=f"{url}/{path}", delimiter=",")["lasterror"])
    for location in ("https://example.com/a.csv", "ftp://127.0.0.1/a", "http://[bad", "http://127.0.0.1.example/a"):
        last = run(local, location=location, delimiter=",")
        assert last["lasterror"] in ("The emulator downloads from this machine, over http", "The location is not a URL")
    assert "could not be downloaded" in str(run(local, location="http://127.0.0.1:1/a")["lasterror"])


def test_a_location_leads_to_the_emulator_itself(v3: CopernicaApi) -> None:
    url = v3.emulator.url
    for host in (url, url.replace("127.0.0.1", "localhost")):
        last = run(v3, location=f"{host}/_emulator/customers.csv?x=1", delimiter=";")
        assert (last["status"], last["totallines"]) == ("finished", "3"), last
    assert len(people(v3)) == 2


def test_a_location_by_an_allowed_name_is_fetched_from_the_emulator_itself() -> None:
    with run_emulator(import_seconds=0, allowed_hosts=["copernica.invalid"]) as emulator:
        emulator.add_database("Customers", {"Email": "email"})
        place = emulator.url.replace("127.0.0.1", "user:password@copernica.invalid")
        last = run(CopernicaApi(emulator, "v3"), location=f"{place}/_emulator/customers.csv", delimiter=";")
    assert (last["status"], last["totallines"]) == ("finished", "3"), last


def test_a_location_leads_nowhere_else_unless_that_was_switched_on(v3: CopernicaApi) -> None:
    port = v3.emulator.url.rpartition(":")[2]
    with files(good=(200, "Email\ncas@example.com")) as url:
        places = [f"{url}/good", f"http://127.0.0.1.nip.example:{port}/", f"http://10.0.0.9:{port}/"]
        places += [f"https://127.0.0.1:{port}/", f"http://x@127.0.0.1:1/#@127.0.0.1:{port}/", "http://127.0.0.1/"]
        for location in places:
            last = run(v3, location=location, delimiter=",")
            assert (last["status"], "start it with local_locations" in str(last["lasterror"])) == ("failed", True), last
    assert people(v3) == {}
