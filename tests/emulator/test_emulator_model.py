"""Behaviours of a database: what removal and unsubscribing do, and which rows are refused."""

from __future__ import annotations

import pytest
from support.copernica_api import CopernicaApi, created, refusal

from airflow_provider_copernica.emulator import Emulator

FIELDS = {"Email": "email", "Name": "text", "Newsletter": "text"}
ORDER = {"OrderID": "text", "Status": "text"}
ANN, BOB, CAS = "ann@example.com", "bob@example.com", "cas@example.com"
ROWS = [{"Email": ANN, "Name": "Anna"}, {"Email": CAS, "Name": "Cas"}]


def add_people(emulator: Emulator, database: int) -> None:
    emulator.add_profile(database, {"Email": ANN, "Name": "Ann"})
    emulator.add_profile(database, {"Email": BOB, "Name": "Bob"})


def run(emulator: Emulator, source: object, action: str = "update or add", **more: object) -> dict[str, object]:
    """Import by Email, and return the last status."""
    return CopernicaApi(emulator, "v4").run_import(
        **{"action": action, "keyFields": ["Email"], "source": source, **more}
    )


def people(emulator: Emulator, database: int) -> dict[str, str]:
    return {each["fields"]["Email"]: each["fields"]["Name"] for each in emulator.profiles(database)}


@pytest.mark.parametrize(
    ("where", "pattern", "after"),
    [
        ("Name", "(?!Anna).*", {ANN: "Ann", BOB: "Bob", CAS: "Cas"}),
        ("Name", "(?!Cas).*", {ANN: "Anna", BOB: "Bob"}),
        ("Email", ".+@.+", {ANN: "Anna", BOB: "Bob", CAS: "Cas"}),
    ],
)
def test_rows_that_a_restriction_refuses_are_left_out_silently(
    emulator: Emulator, where: str, pattern: str, after: dict[str, str]
) -> None:
    database = emulator.add_database("Strict", FIELDS, restrictions={where: pattern})
    add_people(emulator, database)
    last = run(emulator, ROWS, database=database, removeMissing=False)
    assert (last["status"], last["processedLines"], last["lasterror"]) == ("finished", "2", False)
    assert people(emulator, database) == after


def test_a_restriction_of_a_collection_refuses_the_subprofile_only(emulator: Emulator) -> None:
    database = emulator.add_database(
        "Strict", FIELDS, collections={"Order": ORDER}, restrictions={"Order.Status": "paid|new"}
    )
    rows = [{"Email": ANN, "Order.OrderID": "1", "Order.Status": status} for status in ("lost", "paid")]
    run(emulator, rows, database=database)
    assert [each["fields"] for each in emulator.subprofiles(database, "Order")] == [{"OrderID": "1", "Status": "paid"}]


def test_the_documented_example(copernica_emulator: Emulator) -> None:
    # [START behaviours]
    members = copernica_emulator.add_database(
        "Members",
        {"Email": "email", "Newsletter": "text"},
        # of imports and of calls: "delete" (the default), "nothing" or "unsubscribe"
        removal_behaviour="unsubscribe",
        # "nothing" (the default), "remove", or the fields to update with their values
        unsubscribe_behaviour={"Newsletter": "no"},
        # rows that do not match are left out by imports, silently
        restrictions={"Email": ".+@.+"},
    )
    # [END behaviours]
    rows = [{"Email": ANN, "Newsletter": "yes"}, {"Email": "nobody", "Newsletter": "yes"}]
    for action in ("update or add", "delete"):
        assert run(copernica_emulator, rows, action, database=members)["lasterror"] is False
    assert [each["fields"] for each in copernica_emulator.profiles(members)] == [{"Email": ANN, "Newsletter": "no"}]


REMOVALS = [
    ("delete", "nothing", {BOB: "Bob"}),
    ("nothing", "nothing", {ANN: "Ann", BOB: "Bob"}),
    ("unsubscribe", "nothing", {ANN: "Ann", BOB: "Bob"}),
    ("unsubscribe", "remove", {BOB: "Bob"}),
    ("unsubscribe", {"Name": "gone"}, {ANN: "gone", BOB: "Bob"}),
]


@pytest.mark.parametrize(("removal", "unsubscribe", "after"), REMOVALS)
@pytest.mark.parametrize("by", ["delete", "removeMissing"])
def test_removal_behaviour_of_imports(
    emulator: Emulator, by: str, removal: str, unsubscribe: object, after: dict[str, str]
) -> None:
    database = emulator.add_database(
        "Kept",
        FIELDS,
        removal_behaviour=removal,
        unsubscribe_behaviour=unsubscribe,
    )
    add_people(emulator, database)
    if by == "delete":
        last = run(emulator, [{"Email": ANN}], "delete", database=database)
    else:
        last = run(emulator, [{"Email": BOB}], database=database, removeMissing=True)
    assert last["status"] == "finished"
    assert people(emulator, database) == after


@pytest.mark.parametrize(
    ("removal", "unsubscribe", "after"),
    [
        ("delete", "nothing", {"1": "new"}),
        ("nothing", "nothing", {"1": "new", "2": "new"}),
        ("unsubscribe", {"Status": "gone"}, {"1": "new", "2": "gone"}),
    ],
)
@pytest.mark.parametrize("by", ["delete", "removeMissing"])
def test_removal_behaviour_of_a_collection(
    emulator: Emulator, by: str, removal: str, unsubscribe: object, after: dict[str, str]
) -> None:
    database = emulator.add_database(
        "Kept",
        FIELDS,
        collections={"Order": ORDER},
        collection_removal_behaviours={"Order": removal},
        collection_unsubscribe_behaviours={"Order": unsubscribe},
    )
    rows = [{"OrderID": "1", "Status": "new"}, {"OrderID": "2", "Status": "new"}]
    emulator.add_profile(database, {"Email": ANN}, {"Order": rows})
    keys = {"keyFields": ["Email", "Order.OrderID"], "database": database}
    if by == "delete":
        run(emulator, [{"Email": ANN, "Order.OrderID": "2"}], "delete", deleteTarget="subprofile", **keys)
    else:
        run(emulator, [{"Email": ANN, "Order.OrderID": "1"}], removeMissing=True, **keys)
    assert {
        each["fields"]["OrderID"]: each["fields"]["Status"] for each in emulator.subprofiles(database, "Order")
    } == after


@pytest.mark.parametrize(
    ("behaviour", "entity"),
    [
        ("nothing", {"behavior": "nothing", "fields": {}}),
        ("remove", {"behavior": "remove", "fields": {}}),
        ({"Newsletter": "no"}, {"behavior": "update", "fields": {"Newsletter": "no"}}),
    ],
)
def test_unsubscribe_behaviour(api: CopernicaApi, behaviour: object, entity: dict[str, object]) -> None:
    database = api.emulator.add_database(
        "Consent",
        ["Newsletter"],
        collections={"Child": ["Newsletter"], "Other": ["Name"]},
        unsubscribe_behaviour=behaviour,
        collection_unsubscribe_behaviours={"Child": behaviour},
    )
    assert api.get(f"database/{database}/unsubscribe") == api.get("database/Consent/unsubscribe/") == entity
    child, other = (row["ID"] for row in api.rows(f"database/{database}/collections"))
    assert api.get(f"collection/{child}/unsubscribe") == entity
    assert api.get(f"collection/{other}/unsubscribe") == {"behavior": "nothing", "fields": {}}


@pytest.mark.parametrize("completely", [False, True])
@pytest.mark.parametrize(("removal", "newsletter"), [("delete", None), ("nothing", "yes"), ("unsubscribe", "no")])
def test_removal_behaviour_of_calls(api: CopernicaApi, removal: str, newsletter: str | None, completely: bool) -> None:
    database = api.emulator.add_database(
        "Kept",
        FIELDS,
        removal_behaviour=removal,
        unsubscribe_behaviour={"Newsletter": "no"},
    )
    ids = [api.emulator.add_profile(database, {"Newsletter": "yes"}) for _ in "ab"]
    one = api("DELETE", f"profile/{ids[0]}", json={"completely": completely})
    several = api("DELETE", f"database/{database}/profiles", json={"profiles": ids[1:]})
    assert (one.status_code, several.status_code, "X-deleted" in one.headers) == (204, 204, removal == "delete")
    left = [each["fields"]["Newsletter"] for each in api.emulator.profiles(database)]
    assert left == ([] if newsletter is None else [newsletter] * 2)


def test_what_a_restriction_refuses(api: CopernicaApi) -> None:
    restrictions = {"Name": "(?!spam).*", "Order.Number": "[0-9]+"}
    database = api.emulator.add_database("Strict", FIELDS, collections={"Order": ["Number"]}, restrictions=restrictions)
    spam, ham = {"fields": {"Name": "spam"}}, {"fields": {"Name": "ham"}}
    assert refusal(api("POST", f"database/{database}/profiles", json=spam)) == "Failed to create profile"
    profile_id = created(api("POST", f"database/{database}/profiles", json=ham))
    assert refusal(api("PUT", f"profile/{profile_id}", json=spam)) == "Invalid data provided"
    path = f"profile/{profile_id}/subprofiles/Order"
    assert refusal(api("POST", path, json={"Number": "x"})) == "Subprofile could not be created"
    created(api("POST", path, json={"Number": "7"}))
    assert [each["fields"]["Name"] for each in api.emulator.profiles(database)] == ["ham"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"removal_behaviour": "burn"},
        {"unsubscribe_behaviour": "update"},
        {"unsubscribe_behaviour": {"Nope": "no"}},
        {"collection_removal_behaviours": {"Nope": "delete"}},
        {"restrictions": {"Nope": ".*"}},
        {"restrictions": {"Order.Nope": ".*"}},
    ],
)
def test_behaviours_that_do_not_exist(emulator: Emulator, arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"behaviour is|does not have the"):
        emulator.add_database("Odd", FIELDS, collections={"Order": ["Number"]}, **arguments)
    assert emulator.databases == []
