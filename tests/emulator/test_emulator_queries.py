"""Filters, order and paging, in the queries that real clients send."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from support.copernica_api import CopernicaApi

from airflow_provider_copernica.emulator import Emulator

PROFILES = "database/1/profiles"
EVERYBODY = "Ann Bob Cas Dirk Eva"


@pytest.fixture
def emulator(emulator: Emulator) -> Emulator:
    """Five people, five years apart, each with two orders; Cas was last changed in 2020."""
    database = emulator.add_database(
        "People", {"Name": "text", "Age": "integer"}, collections={"Order": {"Number": "integer", "Item": "text"}}
    )
    for number, name in enumerate(EVERYBODY.split(), 1):
        orders = [{"Number": str(number * 10 + each), "Item": name[each]} for each in (1, 2)]
        created = "2020-05-05 05:05:05" if name == "Cas" else None
        emulator.add_profile(database, {"Name": name, "Age": str(number * 5)}, {"Order": orders}, created=created)
    return emulator


def collection(api: CopernicaApi) -> str:
    (only,) = api.rows("database/1/collections")
    return f"collection/{only['ID']}/subprofiles"


def names(
    api: CopernicaApi, query: Mapping[str, object] | str = "", *, field: str = "Name", path: str = PROFILES
) -> str:
    return " ".join(row["fields"][field] for row in api.rows(path, query))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        # to the letter: brackets as they are, encoded, numbered (PHP), and repeated
        ("fields[]=Name==Bob", "Bob"),
        ("fields[]=Name%3D%3DBob", "Bob"),
        ("fields%5B%5D=Name%3D%3DBob", "Bob"),
        ("fields%5B0%5D=Name%3D%3DBob", "Bob"),
        ("fields[0]=Age%3E%3D10&fields[1]=Age%3C25", "Bob Cas Dirk"),
        ("fields[]=Age%3E%3D10&fields[]=Age%3C25", "Bob Cas Dirk"),
        ("fields%5B7%5D=Age%3E10&fields%5Bx%5D=Age%3C25", "Cas Dirk"),
        # not an array: ignored
        ("fields=Name%3D%3DBob", EVERYBODY),
        ("fields=Name%3D%3DBob&fields[]=Name%3D%3DEva", "Eva"),
    ],
)
def test_brackets(api: CopernicaApi, query: str, found: str) -> None:
    assert names(api, query) == found


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (["Name==Bob"], "Bob"),
        (["NAME==Bob"], "Bob"),
        (["name!=Bob", "naMe<>Ann"], "Cas Dirk Eva"),
        (["Age>=10", "Age<25"], "Bob Cas Dirk"),
        (["Age>9"], "Bob Cas Dirk Eva"),
        (["Age<=10"], "Ann Bob"),
        (["Name=~%i%"], "Dirk"),
        (["Name!~_o_"], "Ann Cas Dirk Eva"),
        (["Name=~.*"], ""),
        (["id<=99999"], EVERYBODY),
        (["ID>99999"], ""),
        (["modified<2020-05-06"], "Cas"),
        (["Modified>2020-05-06", "Age<11"], "Ann Bob"),
        (["modified==2020-05-05 05:05:05"], "Cas"),
        # observed of Copernica: what it does not know, it ignores
        (["Nmae==Bob"], EVERYBODY),
        (["Nmae==Bob", "Name==Eva"], "Eva"),
        (["Name"], EVERYBODY),
        (["=Bob"], EVERYBODY),
        ([""], EVERYBODY),
        (["Name ==Bob"], EVERYBODY),
        (["Name== Bob"], ""),
        (["Name===Bob"], ""),
    ],
)
def test_conditions(api: CopernicaApi, conditions: list[str], found: str) -> None:
    assert names(api, {"fields": conditions}) == found
    ids = [profile["ID"] for profile in api.emulator.profiles(1) if profile["fields"]["Name"] in found.split()]
    assert api.get("database/1/profileids", {"fields": conditions}) == ids


def test_the_special_names(api: CopernicaApi) -> None:
    _, bob, *_ = api.rows(PROFILES)
    for condition in (f"id=={bob['ID']}", f"Code=={bob['secret']}"):
        assert names(api, {"fields": [condition]}) == "Bob"


def test_a_field_called_modified_comes_before_the_special_name(api: CopernicaApi) -> None:
    database = api.emulator.add_database("Odd", ["Name", "Modified"])
    api.emulator.add_profile(database, {"Name": "Ann", "Modified": "yesterday"})
    path = f"database/{database}/profiles"
    assert names(api, {"fields": ["modified==yesterday"]}, path=path) == "Ann"
    assert names(api, {"fields": ["modified>2020-01-01"], "orderby": "modified"}, path=path) == "Ann"


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (["Number>=51"], "v a"),
        (["number==12"], "n"),
        (["item=~_", "NUMBER<21"], "n n"),
        (["Nope==1"], "n n o b a s i r v a"),
        (["modified<2020-05-06"], "a s"),
    ],
)
def test_conditions_on_subprofiles(api: CopernicaApi, conditions: list[str], found: str) -> None:
    query = {"fields": conditions}
    assert names(api, query, field="Item", path=collection(api)) == found
    (ann, *_) = api.rows(PROFILES)
    own = names(api, {"fields": ["Number==12"]}, field="Item", path=f"profile/{ann['ID']}/subprofiles/order")
    assert own == "n"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"orderby": "Age", "order": "desc"}, "Eva Dirk Cas Bob Ann"),
        ({"orderby": "age", "order": "asc"}, EVERYBODY),
        ({"orderby": "name", "order": "desc"}, "Eva Dirk Cas Bob Ann"),
        ({"orderby": "id", "order": "desc"}, "Eva Dirk Cas Bob Ann"),
        ({"order": "desc"}, "Eva Dirk Cas Bob Ann"),
        ({"orderby": "modified"}, "Cas Ann Bob Dirk Eva"),
        ({"orderby": "Nope"}, EVERYBODY),
        ({"orderby": "Age", "fields": ["Age<=10"], "order": "desc"}, "Bob Ann"),
    ],
)
def test_order(api: CopernicaApi, query: dict[str, object], found: str) -> None:
    assert names(api, query) == found


def test_order_by_the_id_of_a_field_and_at_random(api: CopernicaApi) -> None:
    (age,) = (row["ID"] for row in api.rows("database/1/fields") if row["name"] == "Age")
    assert names(api, {"orderby": age, "order": "desc"}) == "Eva Dirk Cas Bob Ann"
    shuffled = {names(api, {"orderby": "random"}) for _ in range(40)}
    assert len(shuffled) > 1
    assert {" ".join(sorted(each.split())) for each in shuffled} == {EVERYBODY}


def test_order_of_subprofiles(api: CopernicaApi) -> None:
    query = {"orderby": "Number", "order": "desc", "limit": 3}
    assert names(api, query, field="Number", path=collection(api)) == "52 51 42"


@pytest.mark.parametrize(
    ("query", "found", "envelope"),
    [
        ({}, EVERYBODY, {"start": 0, "limit": 100, "count": 5, "total": 5}),
        ({"limit": 2}, "Ann Bob", {"start": 0, "limit": 2, "count": 2, "total": 5}),
        ({"limit": 2, "start": 4}, "Eva", {"start": 4, "limit": 2, "count": 1, "total": 5}),
        ({"limit": 5000, "total": "false"}, EVERYBODY, {"start": 0, "limit": 1000, "count": 5}),
        ({"total": False}, EVERYBODY, {"start": 0, "limit": 100, "count": 5}),
        ({"total": " yes"}, EVERYBODY, {"start": 0, "limit": 100, "count": 5}),
        ({"total": "YES"}, EVERYBODY, {"start": 0, "limit": 100, "count": 5, "total": 5}),
        ({"total": "-2.5"}, EVERYBODY, {"start": 0, "limit": 100, "count": 5, "total": 5}),
        ({"limit": 0}, "", {"start": 0, "limit": 0, "count": 0, "total": 5}),
        ({"start": -1}, "", {"start": -1, "limit": 100, "count": 0, "total": 5}),
        ({"start": "x", "limit": "9" * 5000}, EVERYBODY, {"start": 0, "limit": 100, "count": 5, "total": 5}),
    ],
)
def test_paging(api: CopernicaApi, query: dict[str, object], found: str, envelope: dict[str, int]) -> None:
    page = api.get(PROFILES, query)
    assert isinstance(page, dict)
    assert " ".join(each["fields"]["Name"] for each in page.pop("data")) == found
    assert ("nextid" in page) == bool(found)
    page.pop("nextid", None)
    assert page == envelope


@pytest.mark.parametrize("path", ["profiles", "subprofiles"])
def test_a_client_goes_on_from_nextid(api: CopernicaApi, path: str) -> None:
    path = PROFILES if path == "profiles" else collection(api)
    every = [row["ID"] for row in api.rows(path)]
    seen: list[object] = []
    next_id = 0
    while next_id is not None:
        page = api.get(path, {"fields": [f"id>={next_id}"], "limit": 2, "total": False})
        assert isinstance(page, dict)
        seen += [row["ID"] for row in page["data"]]
        next_id = page.get("nextid")
    assert seen == every


@pytest.mark.parametrize(
    ("query", "places"),
    [({}, "01234"), ({"limit": 2}, "01"), ({"start": 3}, "34"), ({"start": 1, "limit": 2, "orderby": "Age"}, "12")],
)
def test_paging_of_ids(api: CopernicaApi, query: dict[str, object], places: str) -> None:
    every = [int(str(row["ID"])) for row in api.rows(PROFILES)]
    assert api.get("database/1/profileids", query) == [every[int(place)] for place in places]


def test_nextid_is_left_out_of_another_order(api: CopernicaApi) -> None:
    page = api.get(PROFILES, {"orderby": "Name", "limit": 2})
    assert isinstance(page, dict)
    assert "nextid" not in page


def test_data_only(api: CopernicaApi) -> None:
    (profile, *_) = api.rows(PROFILES, "dataonly=true")
    assert set(profile) == {"ID", "fields", "interests", "modified"}
    (subprofile, *_) = api.rows(collection(api), "dataonly=1")
    assert set(subprofile) == {"ID", "fields", "profile", "collection", "modified"}
    (subprofile, *_) = api.rows(collection(api))
    assert set(subprofile) == {
        "ID", "fields", "profile", "collection", "modified", "secret", "created", "removed",
    }  # fmt: skip


def test_a_field_with_an_index(api: CopernicaApi) -> None:
    database = api.emulator.add_database("Odd", {"Email": {"type": "email", "index": True}, "City": "text"})
    shown = {row["name"]: row["index"] for row in api.rows(f"database/{database}/fields")}
    assert shown == {"Email": True, "City": False}
