"""The emulator's HTTP side: tokens, paging, filters, control endpoints."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import requests

from airflow_provider_copernica.emulator import Emulator, Fault, run_emulator


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with run_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(shared: Emulator) -> Emulator:
    shared.reset()
    shared.token_reply, shared.token_lifetime = "text", 86_400.0
    return shared


def get(emulator: Emulator, path: str, **params: object) -> requests.Response:
    query = {"access_token": emulator.token, **params}
    return requests.get(f"{emulator.url}/{path}", params=query, timeout=5)  # type: ignore[arg-type]  # wider than its stubs


def authenticate(emulator: Emulator, token: str | None = None) -> requests.Response:
    return requests.post(f"{emulator.url}/", data={"access_token": token or emulator.token}, timeout=5)


def bearer(emulator: Emulator, jwt: str, path: str = "v4/identity") -> int:
    return requests.get(f"{emulator.url}/{path}", headers={"Authorization": f"Bearer {jwt}"}, timeout=5).status_code


def test_v3_takes_the_token_in_the_url(emulator: Emulator) -> None:
    for path in ("v3/identity", "identity"):
        assert get(emulator, path).json()["company"]["name"] == "Copernica BV"
    refused = get(emulator, "v3/identity", access_token="other")
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "Invalid access token")
    assert requests.get(f"{emulator.url}/v3/identity", timeout=5).status_code == 400
    assert bearer(emulator, authenticate(emulator).text, "v3/identity") == 400


def test_v4_takes_a_jwt_in_a_header_and_nothing_else(emulator: Emulator) -> None:
    jwt = authenticate(emulator).text
    assert bearer(emulator, jwt) == 200
    assert bearer(emulator, jwt, f"v4/identity?access_token={emulator.token}") == 401
    assert get(emulator, "v4/identity").status_code == 401
    assert bearer(emulator, emulator.token) == 401
    assert bearer(emulator, f"{jwt}x") == 401
    assert emulator.jwts == [jwt]
    assert emulator.authentications == 1


@pytest.mark.parametrize("shape", ["text", "json_string", "json_object"])
def test_three_shapes_of_the_token_reply(emulator: Emulator, shape: str) -> None:
    emulator.token_reply = shape
    text = authenticate(emulator).text
    jwt = {
        "text": lambda: text,
        "json_string": lambda: json.loads(text),
        "json_object": lambda: json.loads(text)["token"],
    }
    assert bearer(emulator, jwt[shape]()) == 200


def test_authentication_must_be_a_form_with_the_right_token(emulator: Emulator) -> None:
    assert authenticate(emulator, "other").status_code == 401
    as_json = requests.post(f"{emulator.url}/", json={"access_token": emulator.token}, timeout=5)
    assert as_json.status_code == 400
    assert requests.post(f"{emulator.url}/?access_token={emulator.token}", timeout=5).status_code == 400
    assert emulator.authentications == 0


def test_jwts_end(emulator: Emulator) -> None:
    emulator.token_lifetime = 1.0
    short = authenticate(emulator).text
    emulator.token_lifetime = 60.0
    long = authenticate(emulator).text
    time.sleep(1.05)
    assert (bearer(emulator, short), bearer(emulator, long)) == (401, 200)
    emulator.expire_tokens()
    assert bearer(emulator, long) == 401


def test_unknown_things(emulator: Emulator) -> None:
    for path, words in (
        ("v3/nonsense", "Invalid method"),
        ("v3/database/9", "No database with supplied ID"),
        ("v3/collection/9", "No collection with given ID"),
        ("v3/profile/9", "No entity with supplied ID"),
        ("v3/import/9", "No entity with supplied ID"),
    ):
        reply = get(emulator, path)
        assert (reply.status_code, reply.json()["error"]["message"]) == (400, words)


@pytest.fixture
def people(emulator: Emulator) -> Emulator:
    database = emulator.add_database("People", {"Name": "text", "Age": "integer"}, collections={"Order": ["OrderID"]})
    for number, name in enumerate(("Ann", "Bob", "Cas", "Dirk", "Eva"), 1):
        orders = [{"OrderID": "1"}] if name == "Ann" else []
        emulator.add_profile(database, {"Name": name, "Age": str(number * 5)}, {"Order": orders})
    return emulator


def names(people: Emulator, **params: object) -> list[str]:
    return [each["fields"]["Name"] for each in get(people, "v3/database/1/profiles", **params).json()["data"]]


@pytest.mark.parametrize(
    ("params", "found", "envelope"),
    [
        ({}, "Ann Bob Cas Dirk Eva", {"start": 0, "limit": 100, "count": 5, "total": 5}),
        ({"limit": 2}, "Ann Bob", {"start": 0, "limit": 2, "count": 2, "total": 5}),
        ({"limit": 2, "start": 4}, "Eva", {"start": 4, "limit": 2, "count": 1, "total": 5}),
        ({"limit": 5000, "total": "false"}, "Ann Bob Cas Dirk Eva", {"start": 0, "limit": 1000, "count": 5}),
        ({"limit": 0}, "", {"start": 0, "limit": 0, "count": 0, "total": 5}),
        ({"start": -1}, "", {"start": -1, "limit": 100, "count": 0, "total": 5}),
        (
            {"start": "x", "limit": "9" * 5000},
            "Ann Bob Cas Dirk Eva",
            {"start": 0, "limit": 100, "count": 5, "total": 5},
        ),
    ],
)
def test_paging(people: Emulator, params: dict[str, object], found: str, envelope: dict[str, int]) -> None:
    reply = get(people, "v3/database/1/profiles", **params).json()
    assert " ".join(each["fields"]["Name"] for each in reply.pop("data")) == found
    assert reply == envelope


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (["Name==Bob"], "Bob"),
        (["Name!=Bob", "Name<>Ann"], "Cas Dirk Eva"),
        (["Age>=10", "Age<25"], "Bob Cas Dirk"),
        (["Age>9"], "Bob Cas Dirk Eva"),
        (["Name=~%i%"], "Dirk"),
        (["Name!~_o_"], "Ann Cas Dirk Eva"),
        (["id<=99999"], "Ann Bob Cas Dirk Eva"),
        # observed of Copernica: what it does not know, it ignores
        (["Nmae==Bob"], "Ann Bob Cas Dirk Eva"),
        (["Name"], "Ann Bob Cas Dirk Eva"),
        (["Name == Bob"], "Ann Bob Cas Dirk Eva"),
        (["Name== Bob"], ""),
    ],
)
def test_filters(people: Emulator, conditions: list[str], found: str) -> None:
    assert " ".join(names(people, **{"fields[]": conditions})) == found


def test_order_and_data_only(people: Emulator) -> None:
    assert names(people, orderby="Age", order="desc") == ["Eva", "Dirk", "Cas", "Bob", "Ann"]
    (first, *_) = get(people, "v3/database/1/profiles", dataonly="true").json()["data"]
    assert set(first) == {"ID", "fields", "interests"}


def test_entities(people: Emulator) -> None:
    assert [each["name"] for each in get(people, "v3/databases").json()["data"]] == ["People"]
    database = get(people, "v3/database/People").json()
    assert (database["ID"], database["archived"]) == ("1", False)
    assert [(each["name"], each["length"]) for each in database["fields"]["data"]] == [("Name", "255"), ("Age", "255")]
    collection = database["collections"]["data"][0]["ID"]
    assert get(people, f"v3/collection/{collection}/fields").json()["data"][0]["name"] == "OrderID"
    ids = get(people, "v3/database/1/profileids").json()
    assert len(ids) == 5
    subprofiles = get(people, f"v3/collection/{collection}/subprofiles").json()["data"]
    assert [each["profile"] for each in subprofiles] == [str(ids[0])]
    assert get(people, f"v3/profile/{ids[1]}/subprofiles/{collection}").json()["total"] == 0
    assert get(people, f"v3/profile/{ids[1]}").json()["removed"] is False
    assert get(people, "v3/consumption").status_code == 400
    assert get(people, "v3/consumption", begin="2026-01-01", end="2026-02-01").json()["apicalls"] > 0


def test_what_was_seen(people: Emulator) -> None:
    get(people, "v3/identity")
    seen = people.requests[-1]
    assert (seen.method, seen.path, seen.status) == ("GET", "/v3/identity", 200)
    assert people.token not in repr(seen)
    people.reset()
    assert (people.requests, people.imports, people.databases, people.jwts) == ([], [], [], [])


def test_requests_share_a_connection(emulator: Emulator) -> None:
    with requests.Session() as session:
        for _ in range(3):
            session.get(f"{emulator.url}/v3/identity", params={"access_token": emulator.token}, timeout=5)
    assert emulator.connections == 1


def control(emulator: Emulator, method: str, path: str, **options: object) -> requests.Response:
    url = f"{emulator.url}/_emulator/{path}"
    return requests.request(method, url, timeout=5, **options)  # type: ignore[arg-type]  # of many types


def test_control(emulator: Emulator) -> None:
    given = {"name": "People", "fields": ["Name"], "collections": {"Order": ["OrderID"]}}
    assert control(emulator, "POST", "databases", json=given).json() == {"database": emulator.databases[0]}
    database = emulator.databases[0]
    emulator.add_profile(database, {"Name": "Ann"})
    emulator.add_import("nightly", "running")
    jwt = authenticate(emulator).text
    bearer(emulator, jwt, "v4/import/1")
    told = control(emulator, "GET", "").json()
    assert told["profiles"] == {str(database): 1}
    assert [each["name"] for each in told["imports"]] == ["nightly"]
    assert (told["requests"], told["polls"], told["authentications"]) == (2, 1, 1)
    assert control(emulator, "GET", f"profiles/{database}").json()[0]["fields"] == {"Name": "Ann"}
    assert control(emulator, "GET", "customers.csv").text.startswith("Email;")
    assert control(emulator, "POST", "expire-tokens").status_code == 204
    assert bearer(emulator, jwt) == 401


def test_failing_imports_by_control(emulator: Emulator) -> None:
    assert control(emulator, "POST", "failing-imports", json={"message": "Full", "after_lines": 2}).status_code == 204
    assert emulator.world.failure is not None
    assert control(emulator, "POST", "failing-imports", json={"message": None}).status_code == 204
    assert emulator.world.failure is None


def test_a_body_nested_too_deep_is_refused(emulator: Emulator) -> None:
    reply = requests.post(
        f"{emulator.url}/v3/imports", params={"access_token": emulator.token}, data="[" * 100_000, timeout=10
    )
    assert reply.status_code == 400


def test_faults_by_control(emulator: Emulator) -> None:
    everything = {"where": "", "fault": "UNAVAILABLE_503_HTML", "times": None, "retry_after": 3}
    assert control(emulator, "POST", "faults", json=everything).status_code == 204
    reply = get(emulator, "v3/identity")
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "3")
    assert control(emulator, "DELETE", "faults").status_code == 204
    assert get(emulator, "v3/identity").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {"where": "imports", "fault": "NOPE"}),
        ("POST", "faults", {"fault": "SLOW"}),
        ("POST", "faults", {"where": "imports", "fault": "SLOW", "colour": "red"}),
        ("POST", "faults", []),
        ("POST", "databases", {"name": "x"}),
        ("GET", "profiles/9999", None),
        ("GET", "profiles/x", None),
    ],
)
def test_control_explains_what_it_does_not_understand(emulator: Emulator, method: str, path: str, body: object) -> None:
    reply = control(emulator, method, path, json=body)
    assert reply.status_code == 400
    assert reply.text.startswith("Not understood")


@pytest.mark.parametrize(
    ("where", "hits"),
    [
        ("import", ["v3/import/1", "import/1"]),
        ("v3/import", ["v3/import/1"]),
        ("/identity", ["v3/identity"]),
        ("", ["v3/import/1", "import/1", "v3/identity"]),
        ("imports", []),
        ("identit", []),
    ],
)
def test_where_a_fault_hits(emulator: Emulator, where: str, hits: list[str]) -> None:
    emulator.fail(where, Fault.TIMEOUT_504_HTML, times=None)
    paths = ("v3/import/1", "import/1", "v3/identity")
    assert [path for path in paths if get(emulator, path).status_code == 504] == hits


def test_latency(emulator: Emulator) -> None:
    emulator.latency = 0.2
    try:
        began = time.monotonic()
        assert get(emulator, "v3/identity").status_code == 200
        assert time.monotonic() - began >= 0.2
    finally:
        emulator.latency = 0.0
