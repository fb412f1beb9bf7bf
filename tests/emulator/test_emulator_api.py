"""What every request goes through: origins, faults, tokens; and the entities behind it."""

from __future__ import annotations

import json

import pytest
import requests

from airflow_provider_copernica.emulator import Emulator, Fault, run_emulator


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
    emulator.token_lifetime = 0.0
    short = authenticate(emulator).text
    emulator.token_lifetime = 60.0
    long = authenticate(emulator).text
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
    for name in ("Ann", "Bob", "Cas", "Dirk", "Eva"):
        emulator.add_profile(database, {"Name": name}, {"Order": [{"OrderID": "1"}] if name == "Ann" else []})
    return emulator


def test_entities(people: Emulator) -> None:
    assert [each["name"] for each in get(people, "v3/databases").json()["data"]] == ["People"]
    database = get(people, "v3/database/People").json()
    assert (database["ID"], database["archived"]) == ("1", False)
    assert [(each["name"], each["length"]) for each in database["fields"]["data"]] == [("Name", "255"), ("Age", "255")]
    (shown,) = database["collections"]["data"]
    assert set(shown) == {"ID", "name", "database", "fields", "intentions"}
    assert get(people, f"v3/collection/{shown['ID']}").json() == shown
    collection = shown["ID"]
    assert get(people, f"v3/collection/{collection}/fields").json()["data"][0]["name"] == "OrderID"
    ids = get(people, "v3/database/1/profileids").json()
    assert len(ids) == 5
    subprofiles = get(people, f"v3/collection/{collection}/subprofiles").json()["data"]
    assert [each["profile"] for each in subprofiles] == [str(ids[0])]
    assert get(people, f"v3/profile/{ids[1]}/subprofiles/{collection}").json()["total"] == 0
    assert get(people, f"v3/profile/{ids[1]}").json()["removed"] is False
    assert get(people, "v3/consumption").status_code == 400
    assert get(people, "v3/consumption", begin="2026-01-01", end="2026-02-01").json()["apicalls"] > 0


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


def test_a_body_nested_too_deep_is_refused(emulator: Emulator) -> None:
    reply = requests.post(
        f"{emulator.url}/v3/imports", params={"access_token": emulator.token}, data="[" * 100_000, timeout=10
    )
    assert reply.status_code == 400


HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example",
    "10.0.0.9",
    "",
]


@pytest.mark.parametrize("path", ["_emulator/", "_emulator/profiles/1", "v3/identity?access_token={token}"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_foreign_host_is_refused(emulator: Emulator, host: str, path: str) -> None:
    emulator.add_database("People", ["Name"])
    address = f"{emulator.url}/{path.format(token=emulator.token)}"
    port = emulator.url.rpartition(":")[2]
    assert requests.get(address, timeout=5).status_code == 200
    reply = requests.get(address, headers={"Host": host.format(port=port)}, timeout=5)
    assert (reply.status_code, "Host" in reply.text) in ((403, True), (400, False)), (
        "400: aiohttp's own, of a Host left out"
    )
    assert "People" not in reply.text


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:{port}", "127.0.0.1:9999"]
)
def test_hosts_of_this_machine_are_good(emulator: Emulator, host: str) -> None:
    headers = {"Host": host.format(port=emulator.url.rpartition(":")[2])}
    assert requests.get(f"{emulator.url}/_emulator/", headers=headers, timeout=5).status_code == 200


def test_a_name_of_its_own_is_good_if_it_was_allowed() -> None:
    headers = {"Host": "Copernica:8088"}
    with run_emulator(allowed_hosts=["copernica"]) as emulator:
        assert requests.get(f"{emulator.url}/_emulator/", headers=headers, timeout=5).status_code == 200
    with run_emulator(host="0.0.0.0") as emulator:
        url = emulator.url.replace("0.0.0.0", "127.0.0.1")
        assert requests.get(f"{url}/_emulator/", headers=headers, timeout=5).status_code == 403
        assert requests.get(f"{url}/_emulator/", headers={"Host": "10.0.0.9"}, timeout=5).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:3000", "http://127.0.0.1", "https://{host}"]
)
@pytest.mark.parametrize("path", ["_emulator/expire-tokens", "_emulator/faults", "v3/imports?access_token={token}", ""])
def test_a_foreign_origin_is_refused(emulator: Emulator, path: str, origin: str) -> None:
    emulator.add_database("People", ["Name"])
    host = emulator.url.removeprefix("http://")
    body = {"database": 1, "action": "add", "source": [{"Name": "Mallory"}], "where": "", "fault": "SLOW"}
    reply = requests.post(
        f"{emulator.url}/{path.format(token=emulator.token)}",
        headers={"Origin": origin.format(host=host), "Content-Type": "application/json"},
        data=json.dumps(body),
        timeout=5,
    )
    assert reply.status_code == 403
    assert (emulator.imports, emulator.jwts) == ([], [])
    assert get(emulator, "v3/identity").status_code == 200


def test_its_own_origin_is_good(emulator: Emulator) -> None:
    reply = requests.post(f"{emulator.url}/_emulator/expire-tokens", headers={"Origin": emulator.url}, timeout=5)
    assert reply.status_code == 204


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        None,
    ],
)
@pytest.mark.parametrize("path", ["databases", "faults", "failing-imports", "expire-tokens"])
def test_a_command_that_a_page_can_send_unasked_is_refused(
    emulator: Emulator, path: str, content_type: str | None
) -> None:
    jwt = authenticate(emulator).text
    body = b'{"name": "x", "fields": ["y"], "where": "", "fault": "SLOW", "message": "no"}'
    headers = {"Content-Type": content_type} if content_type else {}
    reply = requests.post(f"{emulator.url}/_emulator/{path}", data=body, headers=headers, timeout=5)
    assert (reply.status_code, "application/json" in reply.text) == (415, True)
    assert (emulator.databases, emulator.failure, bearer(emulator, jwt)) == ([], None, 200)
