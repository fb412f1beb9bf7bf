"""What an import does to the emulator's database, seen from outside."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from airflow_provider_copernica.emulator import Emulator, run_emulator

FIELDS = {"Email": "email", "Name": "text", "Age": "integer"}
ORDER = {"OrderID": "text", "Status": "text"}
ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Ann has two orders, Bob none."""
    with run_emulator(import_seconds=0) as emulator:
        emulator.add_database("Customers", FIELDS, collections={"Order": ORDER}, interests=["News"])
        orders = [{"OrderID": "1", "Status": "new"}, {"OrderID": "2", "Status": "new"}]
        emulator.add_profile(1, {"Email": ANN, "Name": "Ann", "Age": "30"}, {"Order": orders})
        emulator.add_profile(1, {"Email": BOB, "Name": "Bob", "Age": "40"})
        yield emulator


def post(emulator: Emulator, body: object) -> requests.Response:
    query = {"access_token": emulator.token}
    return requests.post(f"{emulator.url}/v3/imports", params=query, json=body, timeout=5)


def status(emulator: Emulator, import_id: int) -> dict[str, object]:
    query = {"access_token": emulator.token}
    found: dict[str, object] = requests.get(f"{emulator.url}/v3/import/{import_id}", params=query, timeout=5).json()
    return found


def run(emulator: Emulator, source: object = None, action: str = "update or add", **more: object) -> dict[str, object]:
    """Imports into database 1 by Email, and gives the last status."""
    body = {"database": 1, "action": action, "keyFields": ["Email"], "source": source, **more}
    reply = post(emulator, {name: value for name, value in body.items() if value is not None})
    assert reply.status_code == 201, reply.text
    import_id = int(reply.headers["X-Created"])
    for _ in range(400):
        told = status(emulator, import_id)
        if told["status"] in ("finished", "failed"):
            return told
        time.sleep(0.005)
    raise AssertionError(f"not finished: {told}")


def people(emulator: Emulator) -> dict[str, str]:
    """Name by e-mail address; of a repeated address all names."""
    found: dict[str, str] = {}
    for profile in emulator.profiles(1):
        email, name = profile["fields"]["Email"], profile["fields"]["Name"]
        found[email] = f"{found[email]}+{name}" if email in found else name
    return found


def orders(emulator: Emulator, email: str = ANN) -> dict[str, str]:
    (profile,) = (each for each in emulator.profiles(1) if each["fields"]["Email"] == email)
    return {sub["fields"]["OrderID"]: sub["fields"]["Status"] for sub in profile["subprofiles"].get("Order", [])}


ROWS = [{"Email": ANN, "Name": "Anna"}, {"Email": "cas@example.com", "Name": "Cas"}]


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("add", {ANN: "Ann+Anna", BOB: "Bob", "cas@example.com": "Cas"}),
        ("update", {ANN: "Anna", BOB: "Bob"}),
        ("update or add", {ANN: "Anna", BOB: "Bob", "cas@example.com": "Cas"}),
        ("ignore or add", {ANN: "Ann", BOB: "Bob", "cas@example.com": "Cas"}),
        ("delete", {BOB: "Bob"}),
    ],
)
def test_actions_on_profiles(emulator: Emulator, action: str, after: dict[str, str]) -> None:
    assert run(emulator, ROWS, action)["processedLines"] == "2"
    assert people(emulator) == after


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("add", None),
        ("update", {"1": "new", "2": "paid"}),
        ("update or add", {"1": "new", "2": "paid", "3": "paid"}),
        ("ignore or add", {"1": "new", "2": "new", "3": "paid"}),
        ("delete", {"1": "new"}),
    ],
)
def test_actions_on_subprofiles(emulator: Emulator, action: str, after: dict[str, str] | None) -> None:
    rows = [{"Email": ANN, "Order.OrderID": number, "Order.Status": "paid"} for number in ("2", "3")]
    more = {"deleteTarget": "subprofile"} if action == "delete" else {}
    run(emulator, rows, action, keyFields=["Email", "Order.OrderID"], **more)
    if after is None:  # two more profiles, each with an order of its own
        assert len(emulator.profiles(1)) == 4
    else:
        assert orders(emulator) == after
        assert len(emulator.profiles(1)) == 2


def test_delete_takes_the_profile_by_default(emulator: Emulator) -> None:
    rows = [{"Email": ANN, "Order.OrderID": "2"}]
    run(emulator, rows, "delete", keyFields=["Email", "Order.OrderID"])
    assert people(emulator) == {BOB: "Bob"}


def test_all_key_fields_must_match(emulator: Emulator) -> None:
    run(emulator, [{"Email": ANN, "Name": "Bob", "Age": "1"}], keyFields=["Email", "Name"])
    assert people(emulator) == {ANN: "Ann+Bob", BOB: "Bob"}


def test_without_a_key_of_the_collection_subprofiles_pile_up(emulator: Emulator) -> None:
    row = [{"Email": BOB, "Order.OrderID": "9", "Order.Status": "new"}]
    run(emulator, row)
    run(emulator, row)
    assert [len(each["subprofiles"]["Order"]) for each in emulator.profiles(1)] == [2, 2]


@pytest.mark.parametrize(("action", "left"), [("update or add", 3), ("delete", 2)])
def test_a_key_that_the_collection_does_not_have_matches_nothing(emulator: Emulator, action: str, left: int) -> None:
    row = [{"Email": ANN, "Order.Nope": "1", "Order.OrderID": "9"}]
    run(emulator, row, action, keyFields=["Email", "Order.Nope"], deleteTarget="subprofile")
    assert len(orders(emulator)) == left


@pytest.mark.parametrize(("ignore", "name"), [(True, "Ann"), (False, ""), (None, "")])
def test_empty_cells(emulator: Emulator, ignore: bool | None, name: str) -> None:
    run(emulator, [{"Email": ANN, "Name": ""}], ignoreEmptyFields=ignore)
    assert people(emulator)[ANN] == name


def test_remove_missing_takes_profiles_and_orders_not_in_the_import(emulator: Emulator) -> None:
    rows = [{"Email": ANN, "Order.OrderID": "2", "Order.Status": "paid"}]
    run(emulator, rows, keyFields=["Email", "Order.OrderID"], removeMissing=True)
    assert people(emulator) == {ANN: "Ann"}
    assert orders(emulator) == {"2": "paid"}


def test_interests(emulator: Emulator) -> None:
    run(emulator, [{"Email": ANN, "interest.News": "yes"}, {"Email": BOB, "interest.News": "no"}])
    assert [each["interests"] for each in emulator.profiles(1)] == [{"News": True}, {"News": False}]


@pytest.mark.parametrize(
    ("spec", "given", "stored"),
    [
        ("text", "00012", "00012"),
        ({"type": "text", "length": 3}, "abcdef", "abc"),
        ("big", "x" * 300, "x" * 300),
        ("integer", "12.7", "12"),
        ("integer", "many", "0"),
        ("integer", "", "0"),
        ("float", "1.50", "1.50"),
        ("float", "much", "0.0"),
        ("date", "2026-02-29", "0000-00-00"),
        ("date", "2024-02-29", "2024-02-29"),
        ("empty_date", "soon", ""),
        ("datetime", "soon", "0000-00-00 00:00:00"),
        ("datetime", "2026-01-31 06:00:00", "2026-01-31 06:00:00"),
        ("empty_datetime", "soon", ""),
        ({"type": "select", "value": "red\r\nblue*"}, "blue", "blue"),
        ({"type": "select", "value": "red\r\nblue*"}, "Blue", ""),
        ("email", "not an address", "not an address"),
    ],
)
def test_what_is_stored_of_a_text(emulator: Emulator, spec: object, given: str, stored: str) -> None:
    database = emulator.add_database("Types", {"Key": "text", "Value": spec})
    run(emulator, [{"Key": "k", "Value": given}], database=database, keyFields=["Key"])
    assert [each["fields"]["Value"] for each in emulator.profiles(database)] == [stored]


CSV = 'Email;Name\r\nnoe@example.com;"De; Bruyn\r\n\'O"\r\n'


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ('[{"Email": "noe@example.com", "Name": "De; Bruyn\\r\\n\'O"}]', {"format": "json"}),
        (CSV, {"format": "csv", "delimiter": ";"}),
        (CSV.replace("Email;Name", "Email\tName").replace("com;", "com\t"), {"format": "csv", "delimiter": "\t"}),
    ],
)
def test_texts(emulator: Emulator, source: str, more: dict[str, str]) -> None:
    run(emulator, source, **more)
    assert people(emulator)["noe@example.com"] == "De; Bruyn\r\n'O"


@pytest.mark.parametrize(
    ("source", "more", "words"),
    [
        ("[{", {"format": "json"}, "no JSON"),
        ('{"Email": "x"}', {"format": "json"}, "no list of rows"),
        ("Email\nx", {"format": "csv"}, "delimiter"),
        ("Email,Name\nx", {"format": "csv", "delimiter": ","}, "same number of cells"),
        pytest.param(
            f'Email,Name\nx,"{"y" * (1 << 24)}y"', {"format": "csv", "delimiter": ","}, "no CSV", id="a cell too large"
        ),
        ([{"Email": "x", "Name": "y"}, {"Name": "y", "Email": "x"}], {}, "same order"),
        ([{"Email": "x"}, {"Email": "y", "Name": "z"}], {}, "same fields"),
        (["x"], {}, "no list of rows"),
    ],
)
def test_what_can_not_be_read_fails_the_import(
    emulator: Emulator, source: object, more: dict[str, str], words: str
) -> None:
    told = run(emulator, source, **more)
    assert told["status"] == "failed"
    assert words in str(told["lasterror"])
    assert people(emulator) == {ANN: "Ann", BOB: "Bob"}


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
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_locations(emulator: Emulator) -> None:
    good, moved = (200, "\ufeffEmail,Name\ncas@example.com,Cas"), (302, "")
    with files(good=good, moved=moved, gone=(404, "")) as url:
        assert run(emulator, location=f"{url}/good", delimiter=",")["name"] == f"{url}/good"
        assert people(emulator)["cas@example.com"] == "Cas"
        for path, words in (("moved", "HTTP 302"), ("gone", "HTTP 404")):
            assert words in str(run(emulator, location=f"{url}/{path}", delimiter=",")["lasterror"])
    for location in ("https://example.com/a.csv", "ftp://127.0.0.1/a", "http://[bad", "http://127.0.0.1.example/a"):
        assert "this machine only" in str(run(emulator, location=location, delimiter=",")["lasterror"])
    assert "could not be downloaded" in str(run(emulator, location="http://127.0.0.1:1/a")["lasterror"])


def test_what_never_starts(emulator: Emulator) -> None:
    waiting = {"database": 1, "action": "add", "source": ROWS, "autostart": False}
    empty = {"database": 1, "action": "update", "keyFields": ["Email"], "source": "[]", "removeMissing": True}
    for body in (waiting, empty):
        import_id = int(post(emulator, body).headers["X-Created"])
        time.sleep(0.05)
        told = status(emulator, import_id)
        assert (told["status"], told["totallines"], told["lastrun"]) == ("ready for start", "0", False)
    assert people(emulator) == {ANN: "Ann", BOB: "Bob"}


def test_the_status_has_its_documented_quirks(emulator: Emulator) -> None:
    told = run(emulator, ROWS, name="nightly")
    last_run = told.pop("lastrun")
    assert time.strptime(str(last_run), "%Y-%m-%d %H:%M:%S")
    assert told == {
        "ID": "1",
        "name": "nightly",
        "type": "add or update",
        "status": "finished",
        "totallines": "2",
        "processedLines": "2",
        "nextrun": False,
        "lasterror": False,
    }


def test_an_import_takes_its_time(emulator: Emulator) -> None:
    emulator.import_seconds = 0.3
    emulator.status_words["running"] = "bezig"
    rows = [{"Email": f"{number}@example.com"} for number in range(100)]
    import_id = int(post(emulator, {"database": 1, "action": "add", "source": rows}).headers["X-Created"])
    began, seen = time.monotonic(), []
    while not seen or seen[-1][0] != "finished":
        told = status(emulator, import_id)
        seen.append((told["status"], int(str(told["processedLines"]))))
        time.sleep(0.02)
    assert time.monotonic() - began >= 0.25
    assert any(word == "bezig" and 0 < processed < 100 for word, processed in seen)


def test_imports_fail_on_request(emulator: Emulator) -> None:
    emulator.failing_imports("Disk full", after_lines=1)
    told = run(emulator, ROWS)
    assert (told["status"], told["lasterror"], told["processedLines"]) == ("failed", "Disk full", "1")
    assert people(emulator) == {ANN: "Anna", BOB: "Bob"}
    emulator.failing_imports(None)
    assert run(emulator, ROWS)["status"] == "finished"


def test_made_up_imports(emulator: Emulator) -> None:
    import_id = emulator.add_import("odd", "frobnicated", lastrun=None, totallines=3)
    told = status(emulator, import_id)
    assert (told["name"], told["status"], told["totallines"]) == ("odd", "frobnicated", 3)
    assert "lastrun" not in told
    emulator.set_status(import_id, status="finished", lasterror=None)
    told = status(emulator, import_id)
    assert told["status"] == "finished"
    assert "lasterror" not in told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"database": 99}, "No database with supplied ID"),
        ({"database": "one"}, "No database with supplied ID"),
        ({"action": "upsert"}, "Invalid data provided"),
        ({"source": []}, "Invalid data provided"),
        ({"location": "http://127.0.0.1/"}, "Invalid data provided"),
    ],
)
def test_what_is_not_accepted(emulator: Emulator, changes: dict[str, object], words: str) -> None:
    reply = post(emulator, {"database": 1, "action": "add", "source": ROWS, **changes})
    assert (reply.status_code, reply.json()) == (400, {"error": {"message": words}})
    assert post(emulator, ["x"]).status_code == 400
    assert emulator.imports == []
