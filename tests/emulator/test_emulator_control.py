"""The emulator's own endpoints."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import requests
from support.copernica_api import CopernicaApi

from airflow_provider_copernica.emulator import Emulator

JSON = {"Content-Type": "application/json"}


def v4_status(emulator: Emulator, jwt: str, path: str) -> int:
    headers = {"Authorization": f"Bearer {jwt}"}
    return requests.get(f"{emulator.url}/v4/{path}", headers=headers, timeout=5).status_code


def control(emulator: Emulator, method: str, path: str, **options: object) -> requests.Response:
    url = f"{emulator.url}/_emulator/{path}"
    return requests.request(method, url, timeout=5, **options)  # type: ignore[arg-type]  # of many types


def test_control(emulator: Emulator) -> None:
    given = {"name": "People", "fields": ["Name"], "collections": {"Order": ["OrderID"]}}
    assert control(emulator, "POST", "databases", json=given).json() == {"database": emulator.databases[0]}
    database = emulator.databases[0]
    emulator.add_profile(database, {"Name": "Ann"})
    emulator.add_import("nightly", "running")
    jwt = CopernicaApi(emulator, "v4").jwt()
    assert v4_status(emulator, jwt, "import/1") == 200
    told = control(emulator, "GET", "").json()
    assert told["profiles"] == {str(database): 1}
    assert [each["name"] for each in told["imports"]] == ["nightly"]
    assert (told["requests"], told["polls"], told["authentications"]) == (2, 1, 1)
    assert control(emulator, "GET", f"profiles/{database}").json()[0]["fields"] == {"Name": "Ann"}
    assert control(emulator, "GET", "customers.csv").text.startswith("Email;")
    assert control(emulator, "POST", "expire-tokens").status_code == 204
    assert v4_status(emulator, jwt, "identity") == 401


@pytest.mark.parametrize("end", [{"json": {"message": None}}, {"data": "null", "headers": JSON}])
def test_failing_imports_by_control(emulator: Emulator, end: dict[str, object]) -> None:
    assert control(emulator, "POST", "failing-imports", json={"message": "Full", "after_lines": 2}).status_code == 204
    assert emulator.failure is not None
    assert control(emulator, "POST", "failing-imports", **end).status_code == 204
    assert emulator.failure is None


def test_faults_by_control(emulator: Emulator) -> None:
    v3 = CopernicaApi(emulator, "v3")
    everything = {"where": "", "fault": "UNAVAILABLE_503_HTML", "times": None, "retry_after": 3}
    assert control(emulator, "POST", "faults", json=everything).status_code == 204
    reply = v3("GET", "identity")
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "3")
    assert control(emulator, "DELETE", "faults").status_code == 204
    assert v3("GET", "identity").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {"where": "imports", "fault": "NOPE"}),
        ("POST", "faults", {"fault": "SLOW"}),
        ("POST", "faults", {"where": "imports", "fault": "SLOW", "colour": "red"}),
        ("POST", "faults", []),
        ("POST", "databases", {"name": "x"}),
        ("POST", "databases", {"name": "x", "fields": ["Name"], "restrictions": {"Name": "("}}),
        ("GET", "profiles/9999", None),
        ("GET", "profiles/x", None),
    ],
)
def test_control_explains_what_it_does_not_understand(emulator: Emulator, method: str, path: str, body: object) -> None:
    reply = control(emulator, method, path, json=body)
    assert reply.status_code == 400
    assert reply.text.startswith("Not understood")


@pytest.mark.parametrize(("method", "path"), [("GET", "nonsense"), ("DELETE", "databases"), ("GET", "profiles/")])
def test_a_command_that_does_not_exist(emulator: Emulator, method: str, path: str) -> None:
    assert control(emulator, method, path).status_code == 404
    assert emulator.requests == []


def test_a_database_with_behaviours_by_control(emulator: Emulator) -> None:
    arguments = {
        "name": "People",
        "fields": ["Email", "Newsletter"],
        "database_id": 7,
        "removal_behaviour": "unsubscribe",
        "unsubscribe_behaviour": {"Newsletter": "no"},
        "restrictions": {"Email": ".+@.+"},
    }
    assert control(emulator, "POST", "databases", json=arguments).json() == {"database": 7}
    unsubscribe = CopernicaApi(emulator, "v3").get("database/7/unsubscribe")
    assert unsubscribe == {"behavior": "update", "fields": {"Newsletter": "no"}}
    reply = control(emulator, "POST", "databases", json={**arguments, "removal_behaviour": "burn"})
    assert (reply.status_code, "delete, nothing, unsubscribe" in reply.text) == (400, True)
    assert emulator.databases == [7]


def curl(emulator: Emulator, *arguments: str) -> str:
    command = ["curl", "--silent", "--max-time", "10", "--noproxy", "*", "--write-out", "%{http_code}", *arguments]
    return subprocess.run(
        [each.replace("{url}", emulator.url) for each in command],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    ).stdout


def test_commands_by_curl(emulator: Emulator) -> None:
    json_header = ("-H", "Content-Type: application/json")
    made = curl(
        emulator, *json_header, "-d", '{"name": "Shop", "fields": {"Email": "email"}}', "{url}/_emulator/databases"
    )
    assert made == '{"database": 1}201'
    assert curl(emulator, "{url}/_emulator/profiles/1") == "[]200"
    assert curl(emulator, "-X", "POST", "{url}/_emulator/expire-tokens") == "204"
    assert curl(emulator, *json_header, "-d", "null", "{url}/_emulator/failing-imports") == "204"
    assert curl(emulator, "-X", "DELETE", "{url}/_emulator/faults") == "204"
    assert curl(emulator, "-d", "null", "{url}/_emulator/failing-imports").endswith("415")


DOCUMENTED = re.findall(
    r"^\$ curl (.*)$", (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(), re.MULTILINE
)


@pytest.mark.parametrize("arguments", DOCUMENTED)
def test_the_documented_commands(emulator: Emulator, arguments: str) -> None:
    assert curl(emulator, *shlex.split(arguments.replace("http://127.0.0.1:8088", "{url}"))) == "204"


def test_commands_are_documented() -> None:
    assert len(DOCUMENTED) >= 3
