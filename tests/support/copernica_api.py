"""Calls of the emulator in the ways of its real clients: with their queries, forms and JSON, over v3 and v4."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus

import requests

from airflow_provider_copernica.emulator import Emulator

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def php_query(parameters: Mapping[str, object]) -> str:
    """Encode as PHP's ``http_build_query``: lists numbered, brackets percent-encoded, booleans as 1 and 0."""
    return "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in _pairs(parameters))


def _pairs(parameters: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in parameters.items():
        nested = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(nested, Mapping):
            yield from _pairs({f"{name}[{key}]": each for key, each in nested.items()})
        elif value is not None:
            yield name, str(int(value)) if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class CopernicaApi:
    """
    The emulator's API in one version.

    :param version: "v3", with the token in the URL, or "v4", with a JWT in a header.
    """

    emulator: Emulator
    version: str

    def __call__(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | str = "",
        *,
        json: object = None,
        form: Mapping[str, object] | None = None,
    ) -> requests.Response:
        """Send a call; its query as PHP writes it, or to the letter, and its body as JSON or as a form."""
        parts = [query if isinstance(query, str) else php_query(query)]
        headers = {}
        if self.version == "v3":
            parts.append(f"access_token={self.emulator.token}")
        else:
            headers["Authorization"] = f"Bearer {self.jwt()}"
        if form is not None:
            headers |= FORM
        return requests.request(
            method,
            f"{self.emulator.url}/{self.version}/{path}?{'&'.join(filter(None, parts))}",
            headers=headers,
            json=json,
            data=None if form is None else php_query(form),
            timeout=10,
            allow_redirects=False,
        )

    def jwt(self) -> str:
        """Trade the access token for a JWT."""
        return requests.post(f"{self.emulator.url}/", data={"access_token": self.emulator.token}, timeout=10).text

    def get(self, path: str, query: Mapping[str, object] | str = "") -> object:
        """Return what a GET answers, which must be of the content type that the vendor's helper looks for."""
        reply = self("GET", path, query)
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/json"), reply.text
        return reply.json()

    def run_import(self, *, form: bool = False, **parameters: object) -> dict[str, object]:
        """Start an import, as JSON or as a form, and return its last status."""
        reply = self("POST", "imports", form=parameters) if form else self("POST", "imports", json=parameters)
        import_id = created(reply)
        for _ in range(400):
            status = self.get(f"import/{import_id}")
            assert isinstance(status, dict)
            if status["status"] in ("finished", "failed"):
                return status
            time.sleep(0.005)
        raise AssertionError(f"The import does not end: {status}")

    def rows(self, path: str, query: Mapping[str, object] | str = "") -> list[dict[str, object]]:
        """Return the objects of a list."""
        page = self.get(path, query)
        assert isinstance(page, dict)
        rows: list[dict[str, object]] = page["data"]
        return rows


def created(reply: requests.Response) -> int:
    """Return the ID of what a call made, from both headers."""
    assert (reply.status_code, reply.content) == (201, b"")
    assert reply.headers["X-location"].endswith(f"/{reply.headers['x-created']}")
    return int(reply.headers["x-created"])


def refusal(reply: requests.Response) -> str:
    """Return Copernica's message of a refused call."""
    assert (reply.status_code, reply.headers["Content-Type"]) == (400, "application/json")
    message: str = reply.json()["error"]["message"]
    return message
