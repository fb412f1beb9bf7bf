"""Single profiles and subprofiles: made, changed, removed, as real clients do it."""

from __future__ import annotations

import pytest
import requests
from support.copernica_api import CopernicaApi, created, php_query, refusal

from airflow_provider_copernica.emulator import Emulator

LONG_AGO = "2020-05-05 05:05:05"
FIELDS = {"Email": "email", "Name": {"type": "text", "length": 5}, "Since": "date", "Newsletter": "text"}


@pytest.fixture
def emulator(emulator: Emulator) -> Emulator:
    emulator.add_database("People", FIELDS, collections={"Order": {"Number": "text"}}, interests=["Tennis", "Hockey"])
    return emulator


@pytest.fixture
def ann(emulator: Emulator) -> int:
    order = {"Order": [{"Number": "1"}]}
    return emulator.add_profile(
        1, {"Email": "a@example.com", "Name": "Ann", "Newsletter": "yes"}, order, created=LONG_AGO
    )


def profile(api: CopernicaApi, profile_id: int) -> dict[str, object]:
    found = api.get(f"profile/{profile_id}")
    assert isinstance(found, dict)
    return found


def order_of(api: CopernicaApi, profile_id: int) -> int:
    (order,) = api.rows(f"profile/{profile_id}/subprofiles/Order")
    return int(str(order["ID"]))


@pytest.mark.parametrize("body", ["json", "form"])
@pytest.mark.parametrize(
    ("interests", "chosen"),
    [
        ({"tennis": 1, "Hockey": 0}, ["Tennis"]),
        (["hockey"], ["Hockey"]),
        (None, []),
        ({"Chess": 1}, []),
    ],
)
@pytest.mark.parametrize("path", ["database/1/profiles", "database/People/profiles/"])
def test_post_makes_a_profile(api: CopernicaApi, path: str, body: str, interests: object, chosen: list[str]) -> None:
    data = {"fields": {"EMAIL": "b@example.com", "name": "Bernadette", "Since": "soon", "Nope": "x"}}
    data |= {"interests": interests} if interests else {}
    profile_id = created(api("POST", path, json=data) if body == "json" else api("POST", path, form=data))
    found = profile(api, profile_id)
    assert found["fields"] == {"Email": "b@example.com", "Name": "Berna", "Since": "0000-00-00", "Newsletter": ""}
    assert (found["interests"], found["database"], found["removed"]) == (chosen, "1", False)


@pytest.mark.parametrize(
    ("value", "stored"), [(True, "1"), (False, ""), (None, ""), (12, "12"), (["x"], ""), ({"x": 1}, "")]
)
def test_values_that_are_not_text(api: CopernicaApi, value: object, stored: str) -> None:
    profile_id = created(api("POST", "database/1/profiles", json={"fields": {"Name": value}}))
    assert profile(api, profile_id)["fields"]["Name"] == stored


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("path", ["profile/{id}", "profile/{id}/fields"])
@pytest.mark.parametrize(("name", "is_new"), [("Ann", False), ("Anna", True)])
def test_put_changes_a_profile(api: CopernicaApi, ann: int, method: str, path: str, name: str, is_new: bool) -> None:
    fields = {"name": name, "Nope": "x"}
    body = fields if path.endswith("fields") else {"fields": fields}
    reply = api(method, path.format(id=ann), json=body)
    assert (reply.status_code, reply.content, "X-Created" in reply.headers) == (204, b"", False)
    after = profile(api, ann)
    assert after["fields"] == {"Email": "a@example.com", "Name": name, "Since": "0000-00-00", "Newsletter": "yes"}
    assert after["created"] == LONG_AGO
    assert (str(after["modified"]) > LONG_AGO) is is_new, "rises only when a value changes"
    assert api.get(f"profile/{ann}/fields") == after["fields"]


def test_interests_are_chosen_by_put(api: CopernicaApi, ann: int) -> None:
    assert api("PUT", f"profile/{ann}", form={"interests": {"tennis": 1}}).status_code == 204
    assert profile(api, ann)["interests"] == ["Tennis"]
    assert str(profile(api, ann)["modified"]) > LONG_AGO
    assert api("PUT", f"profile/{ann}", json={"interests": {"Tennis": 0}}).status_code == 204
    assert profile(api, ann)["interests"] == []


@pytest.mark.parametrize(
    ("query", "names", "makes"),
    [
        ({"fields": ["Email==a@example.com"]}, ["Changed", "Bob"], False),
        ({"fields": ["Email==a@example.com"], "create": True}, ["Changed", "Bob"], False),
        ({"fields": ["Email==c@example.com"]}, ["Ann", "Bob"], False),
        ({"fields": ["Email==c@example.com"], "create": False}, ["Ann", "Bob"], False),
        ({"fields": ["Email==c@example.com"], "create": True, "async": 1}, ["Ann", "Bob", "Changed"], True),
        # a condition on an unknown field is ignored here, too
        ({"fields": ["Emial==c@example.com"]}, ["Changed", "Changed"], False),
    ],
)
def test_put_changes_what_satisfies_the_conditions(
    api: CopernicaApi, ann: int, query: dict[str, object], names: list[str], makes: bool
) -> None:
    bob = api.emulator.add_profile(1, {"Email": "b@example.com", "Name": "Bob"})
    reply = api("PUT", "database/1/profiles", query, json={"fields": {"Name": "Changed"[:5]}})
    if makes:
        assert created(reply) not in (ann, bob)
    else:
        assert (reply.status_code, "X-Created" in reply.headers) == (204, False)
    assert [each["fields"]["Name"] for each in api.emulator.profiles(1)] == [name[:5] for name in names]


def test_put_without_conditions_or_with_an_unknown_field_is_refused(api: CopernicaApi, ann: int) -> None:
    body = {"fields": {"Name": "Anna"}}
    for query in ("", "fields=Email%3D%3Da@example.com"):
        assert refusal(api("PUT", "database/1/profiles", query, json=body)) == "Invalid data provided"
    unknown = {"fields": {"Name": "Anna", "Nope": "x"}}
    assert refusal(api("PUT", "database/1/profiles", "fields[]=id>0", json=unknown)) == "Invalid data provided"
    assert profile(api, ann)["fields"]["Name"] == "Ann"


@pytest.mark.parametrize(
    ("body", "is_complete"),
    [
        ({}, False),
        ({"json": {}}, False),
        ({"json": {"completely": False}}, False),
        ({"json": {"completely": "No"}}, False),
        ({"json": {"completely": "Yes"}}, True),
        ({"json": {"completely": True}}, True),
        ({"form": {"completely": 1}}, True),
        ({"form": {"completely": 0}}, False),
    ],
)
def test_delete_blanks_a_profile_or_leaves_nothing(
    api: CopernicaApi, ann: int, body: dict[str, object], is_complete: bool
) -> None:
    order = order_of(api, ann)
    reply = api("DELETE", f"profile/{ann}", **body)
    assert (reply.status_code, reply.content, reply.headers["X-deleted"]) == (204, b"", f"profile {ann}")
    assert api.rows("database/1/profiles") == api.emulator.profiles(1) == []
    if is_complete:
        assert refusal(api("GET", f"profile/{ann}")) == "No entity with supplied ID"
        assert refusal(api("GET", f"subprofile/{order}")) == "No subprofile with supplied ID"
        assert refusal(api("DELETE", f"profile/{ann}")) == "No entity with supplied ID"
        return
    blank = profile(api, ann)
    assert (blank["fields"], blank["interests"]) == (dict.fromkeys(FIELDS, ""), [])
    assert str(blank["removed"]) > LONG_AGO
    gone = api.get(f"subprofile/{order}")
    assert isinstance(gone, dict)
    assert (gone["fields"], bool(gone["removed"])) == ({"Number": ""}, True)
    removed = "This profile has already been removed"
    assert refusal(api("DELETE", f"profile/{ann}")) == removed
    assert refusal(api("PUT", f"profile/{ann}", json={"fields": {"Name": "x"}})) == removed
    assert refusal(api("POST", f"profile/{ann}/subprofiles/Order", json={"Number": "2"})) == removed


@pytest.mark.parametrize("body", ["json", "form"])
def test_delete_of_several_profiles(api: CopernicaApi, ann: int, body: str) -> None:
    bob = api.emulator.add_profile(1, {"Email": "b@example.com"})
    ids = {"profiles": [ann, 9999]}
    path = "database/1/profiles"
    reply = api("DELETE", path, json=ids) if body == "json" else api("DELETE", path, form=ids)
    assert reply.status_code == 204
    assert [each["ID"] for each in api.emulator.profiles(1)] == [bob]
    assert refusal(api("DELETE", path, json={"profiles": "all"})) == "Invalid data provided"
    assert refusal(api("DELETE", path)) == "Invalid data provided"


@pytest.mark.parametrize("body", ["json", "form"])
@pytest.mark.parametrize("collection", ["Order", "order", "{id}"])
def test_subprofiles(api: CopernicaApi, ann: int, collection: str, body: str) -> None:
    (only,) = api.rows("database/1/collections")
    path = f"profile/{ann}/subprofiles/{collection.format(id=only['ID'])}"
    data = {"number": "2", "Nope": "x"}
    order = created(api("POST", path, json=data) if body == "json" else api("POST", path, form=data))
    assert [row["fields"] for row in api.rows(path)] == [{"Number": "1"}, {"Number": "2"}]
    assert api("PUT", f"subprofile/{order}", json={"fields": {"Number": "3"}}).status_code == 204
    assert api("PUT", f"subprofile/{order}/fields", form={"Number": "4"}).status_code == 204
    shown = api.get(f"subprofile/{order}")
    assert isinstance(shown, dict)
    assert (shown["fields"], shown["profile"], shown["collection"]) == ({"Number": "4"}, str(ann), only["ID"])
    reply = api("DELETE", f"subprofile/{order}")
    assert (reply.status_code, reply.headers["X-deleted"]) == (204, f"subprofile {order}")
    assert [row["fields"] for row in api.rows(path)] == [{"Number": "1"}]
    assert refusal(api("DELETE", f"subprofile/{order}")) == "This profile has already been removed"


def test_put_of_subprofiles_that_satisfy_the_conditions(api: CopernicaApi, ann: int) -> None:
    path = f"profile/{ann}/subprofiles/Order"
    assert api("PUT", path, {"fields": ["Number==1"]}, json={"Number": "2"}).status_code == 204
    created(api("PUT", path, {"fields": ["Number==1"], "create": 1}, json={"Number": "3"}))
    assert api("PUT", path, {"fields": ["Number==1"]}, json={"Number": "9"}).status_code == 204
    assert [each["fields"]["Number"] for each in api.emulator.subprofiles(1, "Order")] == ["2", "3"]
    assert refusal(api("PUT", path, json={"Number": "2"})) == "Invalid data provided"


def test_modified_of_a_subprofile_rises_when_a_value_changes(api: CopernicaApi, ann: int) -> None:
    order = order_of(api, ann)
    for number, is_new in (("1", False), ("2", True)):
        api("PUT", f"subprofile/{order}", json={"fields": {"Number": number}})
        shown = api.get(f"subprofile/{order}")
        assert isinstance(shown, dict)
        assert (shown["created"], shown["modified"] > LONG_AGO) == (LONG_AGO, is_new)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "database/1/views"),
        ("GET", "view/1"),
        ("POST", "view/1/rebuild"),
        ("GET", "webhooks"),
        ("GET", "logfiles"),
        ("DELETE", "import/1"),
        ("GET", "imports"),
        ("PUT", "imports"),
    ],
)
def test_what_it_does_not_know_is_an_invalid_method(api: CopernicaApi, method: str, path: str) -> None:
    assert refusal(api(method, path)) == "Invalid method"


def test_the_two_sides_of_php_brackets(api: CopernicaApi) -> None:
    """What PHP would send, spelled out: the helper of these tests must not share a mistake with the emulator."""
    assert php_query({"fields": {"a b": "é&"}, "on": True, "list": ["x"]}) == (
        "fields%5Ba+b%5D=%C3%A9%26&on=1&list%5B0%5D=x"
    )
    reply = requests.post(
        f"{api.emulator.url}/v3/database/1/profiles?access_token={api.emulator.token}",
        data=b"fields%5BName%5D=%C3%A9%26&interests%5B0%5D=Tennis&interests[]=Hockey",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=5,
    )
    found = profile(api, created(reply))
    assert (found["fields"]["Name"], found["interests"]) == ("é&", ["Tennis", "Hockey"])
