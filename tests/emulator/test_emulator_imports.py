"""What an import does to the emulator's database, seen from outside."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import requests
from support.copernica_api import CopernicaApi

from airflow_provider_copernica.emulator import Emulator
from airflow_provider_copernica.emulator.demo import add_demo_database

FIELDS = {"Email": "email", "Name": "text", "Age": "integer"}
ORDER = {"OrderID": "text", "Status": "text"}
ANN, BOB = "ann@example.com", "bob@example.com"
DOCUMENTED = json.loads((Path(__file__).parents[1] / "documented_bodies.json").read_text())


@pytest.fixture
def emulator(emulator: Emulator) -> Emulator:
    """Ann has two orders, Bob none."""
    emulator.add_database("Customers", FIELDS, collections={"Order": ORDER}, interests=["News"])
    orders = [{"OrderID": "1", "Status": "new"}, {"OrderID": "2", "Status": "new"}]
    emulator.add_profile(1, {"Email": ANN, "Name": "Ann", "Age": "30"}, {"Order": orders})
    emulator.add_profile(1, {"Email": BOB, "Name": "Bob", "Age": "40"})
    return emulator


def post(emulator: Emulator, body: object) -> requests.Response:
    return CopernicaApi(emulator, "v3")("POST", "imports", json=body)


def status(emulator: Emulator, import_id: int) -> dict[str, object]:
    reply: dict[str, object] = CopernicaApi(emulator, "v3")("GET", f"import/{import_id}").json()
    return reply


def run(emulator: Emulator, source: object = None, action: str = "update or add", **more: object) -> dict[str, object]:
    """Import into database 1 by Email, and return the last status."""
    body = {"database": 1, "action": action, "keyFields": ["Email"], "source": source, **more}
    return CopernicaApi(emulator, "v3").run_import(**{name: value for name, value in body.items() if value is not None})


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


def test_of_profiles_with_the_same_key_the_one_with_the_lowest_id_is_taken(emulator: Emulator) -> None:
    emulator.add_profile(1, {"Email": ANN, "Name": "Other"})
    run(emulator, [{"Email": ANN, "Name": "Anna"}])
    assert people(emulator)[ANN] == "Anna+Other"


def test_without_a_key_of_the_collection_subprofiles_pile_up(emulator: Emulator) -> None:
    row = [{"Email": BOB, "Order.OrderID": "9", "Order.Status": "new"}]
    run(emulator, row)
    run(emulator, row)
    assert [len(each["subprofiles"]["Order"]) for each in emulator.profiles(1)] == [2, 2]


@pytest.mark.parametrize("action", ["add", "update", "update or add", "ignore or add", "delete"])
@pytest.mark.parametrize("key", ["Nope", "Order.Nope", "Nope.OrderID", "interest.News", "ID"])
def test_an_unknown_key_field_fails_the_import(emulator: Emulator, action: str, key: str) -> None:
    before = emulator.profiles(1)
    row = {"Email": ANN, "Name": "Anna", "Order.OrderID": "9", key: "1"}
    last = run(emulator, [row], action, keyFields=["Email", key], removeMissing=True)
    assert (last["status"], last["lasterror"], last["processedLines"]) == ("failed", f"Unknown key field: {key}", "0")
    assert emulator.profiles(1) == before


def test_names_are_matched_in_any_case(emulator: Emulator) -> None:
    row = {"EMAIL": ANN, "name": "Anna", "order.ORDERID": "2", "ORDER.status": "paid", "Interest.NEWS": "yes"}
    run(emulator, [row], keyFields=["email", "oRDER.orderId"])
    assert people(emulator) == {ANN: "Anna", BOB: "Bob"}
    assert orders(emulator) == {"1": "new", "2": "paid"}
    assert emulator.profiles(1)[0]["interests"] == {"News": True}


@pytest.mark.parametrize(("ignore", "name"), [(True, "Ann"), (False, ""), (None, "")])
def test_empty_cells(emulator: Emulator, ignore: bool | None, name: str) -> None:
    run(emulator, [{"Email": ANN, "Name": ""}], ignoreEmptyFields=ignore)
    assert people(emulator)[ANN] == name


def test_remove_missing_takes_profiles_and_orders_not_in_the_import(emulator: Emulator) -> None:
    rows = [{"Email": ANN, "Order.OrderID": "2", "Order.Status": "paid"}]
    run(emulator, rows, keyFields=["Email", "Order.OrderID"], removeMissing=True)
    assert people(emulator) == {ANN: "Ann"}
    assert orders(emulator) == {"2": "paid"}


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("update or add", {ANN: "Annie", BOB: "Bob", "cas@example.com": "Caspar"}),
        ("ignore or add", {ANN: "Ann", BOB: "Bob", "cas@example.com": "Cas"}),
    ],
)
def test_of_rows_with_the_same_key_the_last_one_is_kept(emulator: Emulator, action: str, after: dict[str, str]) -> None:
    again = [{"Email": ANN, "Name": "Annie"}, {"Email": "cas@example.com", "Name": "Caspar"}]
    assert run(emulator, ROWS + again, action)["processedLines"] == "4"
    assert people(emulator) == after


@pytest.mark.parametrize(
    ("body", "fields"),
    [("flat", "Email Contactpersoon"), ("subprofiles", "Email Contactpersoon"), ("json_page", "Email Name")],
)
def test_the_documented_bodies(emulator: Emulator, body: str, fields: str) -> None:
    emulator.reset()
    add_demo_database(emulator)
    for _ in "twice":
        last = CopernicaApi(emulator, "v4").run_import(**DOCUMENTED[body])
    assert (last["type"], last["status"], last["totallines"]) == ("add or update", "finished", "2")
    assert [[each["fields"][name] for name in fields.split()] for each in emulator.profiles(1)] == {
        "Email Contactpersoon": [["support@copernica.com", "Jeroen"], ["info@copernica.com", "Danny"]],
        "Email Name": [["email@example.com", "John"], ["email2@example.com", "Jane"]],
    }[fields]
    orders = [each["fields"] for each in emulator.subprofiles(1, "Order")]
    assert [(order["OrderID"], order["Status"]) for order in orders] == [("00001", "Completed")] * (
        2 if body == "subprofiles" else 0
    )


def test_the_documented_status(emulator: Emulator) -> None:
    location = DOCUMENTED["status_reply"]["name"]
    body = {"database": 1, "action": "update or add", "location": location, "autostart": False}
    import_id = post(emulator, body).headers["X-Created"]
    assert status(emulator, int(import_id)) == DOCUMENTED["status_reply"] | {"ID": import_id}


def test_interests(emulator: Emulator) -> None:
    run(emulator, [{"Email": ANN, "interest.News": "yes"}, {"Email": BOB, "interest.News": "no"}])
    assert [each["interests"] for each in emulator.profiles(1)] == [{"News": True}, {"News": False}]


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
        "ID": str(emulator.imports[-1].import_id),
        "name": "nightly",
        "type": "add or update",
        "status": "finished",
        "totallines": "2",
        "processedLines": "2",
        "nextrun": False,
        "lasterror": False,
    }


def test_an_import_takes_its_time(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "import_seconds", 0.3)
    monkeypatch.setitem(emulator.status_words, "running", "bezig")
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
