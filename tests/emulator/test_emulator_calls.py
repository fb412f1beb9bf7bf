"""
Both calls of the original specification, as real clients make them: curl, and the vendor's PHP helper.

The helper is written anew here, in the points that matter: it parses a reply only if its content type is exactly
``application/json``, takes a new ID from ``X-Created`` by a pattern over the raw headers, and takes 400 for a failure.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from support.copernica_api import CopernicaApi, php_query

from airflow_provider_copernica.emulator import Emulator

ROW = {"Email": "noe@example.com", "Name": "Noë"}
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"


@pytest.fixture
def emulator(emulator: Emulator) -> Emulator:
    emulator.add_database("Customers", {"Email": "email", "Name": "text"})
    return emulator


def curl(*arguments: str) -> tuple[int, dict[str, str], str]:
    """Run curl; return status, headers (their names in lower case) and body."""
    command = ["curl", "--silent", "--show-error", "--include", "--globoff", "--max-time", "10", "--noproxy", "*"]
    done = subprocess.run([*command, *arguments], capture_output=True, check=True, timeout=20)
    return parse(done.stdout.decode())


def parse(reply: str) -> tuple[int, dict[str, str], str]:
    head, _, body = reply.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(status.split()[1]), {name.lower(): text for name, text in headers.items()}, body


def address(api: CopernicaApi, path: str, query: str = "") -> tuple[str, ...]:
    """Return curl's arguments for an address, with the token where the version has it."""
    url = f"{api.emulator.url}/{api.version}/{path}?{query}"
    if api.version == "v3":
        return (f"{url}&access_token={api.emulator.token}",)
    _, _, jwt = curl("-d", f"access_token={api.emulator.token}", f"{api.emulator.url}/")
    return (url, "-H", f"Authorization: Bearer {jwt}")


@dataclass(frozen=True)
class Helper:
    """Speaks over a bare socket, so that no library mends what it sends or reads."""

    api: CopernicaApi

    def send(self, method: str, path: str, parameters: dict[str, object], data: dict[str, object] | None) -> object:
        url = urlsplit(self.api.emulator.url)
        query = php_query({**parameters, "access_token": self.api.emulator.token})
        authorization = ""
        if self.api.version == "v4":
            query, authorization = php_query(parameters), f"authorization: Bearer {self.api.jwt()}\r\n"
        body = b"" if data is None else json.dumps(data).encode()
        kind = f"content-type: {JSON_TYPE}\r\ncontent-length: {len(body)}\r\n" if body else ""
        head = f"{method} /{self.api.version}/{path}?{query} HTTP/1.1\r\nHost: {url.netloc}\r\n{authorization}{kind}"
        with socket.create_connection((str(url.hostname), int(str(url.port)))) as connection:
            connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)
            reply = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
        status, headers, text = parse(reply)
        made = re.search(r"X-Created:\s*(\d+)", reply.partition("\r\n\r\n")[0], re.IGNORECASE)
        if method != "GET":
            return False if status == 400 else int(made[1]) if made else True
        return json.loads(text) if headers["content-type"] == JSON_TYPE else text


@pytest.fixture
def helper(api: CopernicaApi) -> Helper:
    return Helper(api)


def wait_for(helper: Helper, import_id: object) -> dict[str, object]:
    for _ in range(400):
        status = helper.send("GET", f"import/{import_id}", {}, None)
        assert isinstance(status, dict)
        if status["status"] in ("finished", "failed"):
            return status
        time.sleep(0.005)
    raise AssertionError("The import does not end.")


@pytest.mark.parametrize("path", ["imports", "imports/", "imports//"])
@pytest.mark.parametrize("source", [[ROW], json.dumps([ROW])])
def test_the_vendors_helper(helper: Helper, path: str, source: object) -> None:
    data = {
        "database": 1,
        "name": "nightly",
        "action": "update or add",
        "keyFields": ["Email"],
        "rebuild": "false",
        "autostart": True,
        "source": source,
        "format": "json",
    }
    import_id = helper.send("POST", path, {}, data)
    assert import_id == helper.api.emulator.imports[-1].import_id
    last = wait_for(helper, import_id)
    assert (last["status"], last["processedLines"]) == ("finished", "1")
    assert [each["fields"] for each in helper.api.emulator.profiles(1)] == [ROW]
    found = helper.send("GET", "database/1/profiles/", {"fields": ["Name==Noë", "id>0"], "limit": 1}, None)
    assert isinstance(found, dict), "the content type is exactly application/json"
    assert (found["total"], found["data"][0]["fields"]) == (1, ROW)


def test_the_vendors_helper_makes_and_changes_profiles(helper: Helper) -> None:
    profile_id = helper.send("POST", "database/1/profiles", {}, {"fields": ROW})
    assert profile_id == helper.api.emulator.profiles(1)[0]["ID"]
    parameters: dict[str, object] = {"fields": [f"Email=={ROW['Email']}"], "create": 1}
    assert helper.send("PUT", "database/1/profiles", parameters, {"fields": {"name": "Noé"}}) is True
    assert helper.send("DELETE", f"profile/{profile_id}", {}, None) is True
    assert helper.send("DELETE", f"profile/{profile_id}", {}, None) is False
    refused = helper.send("GET", "database/2", {}, None)
    assert refused == {"error": {"message": "No database with supplied ID"}}


@pytest.mark.parametrize(
    "path",
    [
        "identity",
        "databases",
        "database/1",
        "database/1/profileids",
        "database/1/unsubscribe",
        "database/9",
        "nonsense",
    ],
)
def test_the_content_type_by_curl(api: CopernicaApi, path: str) -> None:
    status, headers, body = curl(*address(api, path))
    assert headers["content-type"] == JSON_TYPE
    assert isinstance(json.loads(body), dict | list)
    assert status == (400 if path in ("database/9", "nonsense") else 200)


def test_an_import_by_curl(api: CopernicaApi) -> None:
    data = json.dumps({"database": 1, "action": "add", "source": [ROW]})
    status, headers, body = curl("-H", f"Content-Type: {JSON_TYPE}", "-d", data, *address(api, "imports"))
    assert (status, body) == (201, "")
    assert headers["x-location"] == f"{api.emulator.url}/v1/import/{headers['x-created']}"
    wait_for(Helper(api), headers["x-created"])
    found = curl(*address(api, "database/1/profiles", "fields[0]=email%3D%3Dnoe%40example.com&total=false"))[2]
    page = json.loads(found)
    assert ([each["fields"] for each in page["data"]], "total" in page) == ([ROW], False)


def test_an_import_by_curl_as_a_form(api: CopernicaApi) -> None:
    parameters = {
        "database": 1,
        "action": "update or add",
        "keyFields": ["email"],
        "ignoreEmptyFields": True,
        "removeMissing": False,
        "source": [ROW, {"Email": "a@example.com", "Name": "Ann & Co"}],
    }
    status, headers, _ = curl("-d", php_query(parameters), *address(api, "imports/"))
    assert status == 201
    assert wait_for(Helper(api), headers["x-created"])["status"] == "finished"
    assert [each["fields"]["Name"] for each in api.emulator.profiles(1)] == ["Noë", "Ann & Co"]
    assert api.emulator.imports[-1].parameters["keyFields"] == ["email"]


@pytest.mark.parametrize(
    ("more", "name", "count"),
    [
        ({"ignoreEmptyFields": "1"}, "Ann", 2),
        ({"ignoreEmptyFields": "0"}, "", 2),
        ({"ignoreEmptyFields": "false", "removeMissing": "true"}, "", 1),
        ({"removeMissing": "0"}, "", 2),
    ],
)
@pytest.mark.parametrize("form", [True, False])
def test_booleans_that_are_text(api: CopernicaApi, form: bool, more: dict[str, str], name: str, count: int) -> None:
    api.emulator.add_profile(1, {"Email": "a@example.com", "Name": "Ann"})
    api.emulator.add_profile(1, {"Email": "b@example.com", "Name": "Bob"})
    rows = [{"Email": "a@example.com", "Name": ""}]
    api.run_import(form=form, database="1", action="update", keyFields=["Email"], source=rows, **more)
    assert (api.emulator.profiles(1)[0]["fields"]["Name"], len(api.emulator.profiles(1))) == (name, count)


@pytest.mark.parametrize("autostart", ["0", "false", False])
def test_autostart_that_is_text(api: CopernicaApi, autostart: object) -> None:
    api("POST", "imports", form={"database": 1, "action": "add", "source": [ROW], "autostart": autostart})
    time.sleep(0.03)
    assert [each.state for each in api.emulator.imports] == ["ready"]


@pytest.mark.parametrize("body", ["[1]", "x", "[" * 100_000, '"x"'])
@pytest.mark.parametrize("content_type", [JSON_TYPE, "text/plain"])
def test_a_body_that_is_not_an_object(api: CopernicaApi, body: str, content_type: str, tmp_path: object) -> None:
    file = f"{tmp_path}/body"
    with open(file, "w") as written:  # noqa: PTH123 - the fixture's type is not known here
        written.write(body)
    status, _, text = curl("-H", f"Content-Type: {content_type}", "--data-binary", f"@{file}", *address(api, "imports"))
    assert (status, json.loads(text)["error"]["message"]) == (400, "Invalid data provided")


def test_a_form_nested_without_end(api: CopernicaApi) -> None:
    reply = api("POST", "database/1/profiles", form={"fields" + "[x]" * 20_000: "1"})
    assert reply.status_code == 201
    assert len(api.emulator.profiles(1)) == 1


def test_v4_is_told_of_a_token_in_the_url_as_of_a_wrong_one(emulator: Emulator) -> None:
    v4 = CopernicaApi(emulator, "v4")
    (url, *authorization) = address(v4, "identity")
    assert curl(url, *authorization)[0] == 200
    wrong = curl(url, "-H", "Authorization: Bearer a.b.c")
    in_url = curl(f"{url}access_token={emulator.token}", *authorization)
    only_in_url = curl(f"{url}access_token={emulator.token}")
    for status, headers, body in (wrong, in_url, only_in_url):
        assert (status, headers["content-type"]) == (401, JSON_TYPE)
        assert json.loads(body) == {"error": {"message": "Invalid access token"}}
