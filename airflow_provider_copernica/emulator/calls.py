"""A call: what it said, what its path names, and how it is answered."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from airflow_provider_copernica.emulator.fields import as_id
from airflow_provider_copernica.emulator.model import Collection, Database, Profile, Subprofile

if TYPE_CHECKING:
    from airflow_provider_copernica.emulator.emulator import Emulator

__all__ = [
    "FORM",
    "INVALID_DATA",
    "Answer",
    "Call",
    "Parameters",
    "RefusedError",
    "Routes",
    "SeenRequest",
    "created_reply",
    "error_reply",
    "json_reply",
    "read_body",
    "read_pairs",
]

FORM = "application/x-www-form-urlencoded"
INVALID_DATA = "Invalid data provided"
MAX_DEPTH = 64  # PHP's own

_BRACKETS = re.compile(r"\[([^\]]*)\]")

Parameters = dict[str, object]


class RefusedError(Exception):
    """The call is refused: answered with Copernica's error object."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def read_body(body: bytes, content_type: str) -> Parameters:
    """
    Decode a body by its content type, anything but a form as JSON.

    :raises RefusedError: if it is not an object.
    """
    if not body:
        return {}
    try:
        decoded = (
            read_pairs(parse_qsl(body.decode(), keep_blank_values=True)) if content_type == FORM else json.loads(body)
        )
    except (ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        raise RefusedError(INVALID_DATA)
    return decoded


def read_pairs(pairs: Iterable[tuple[str, str]]) -> Parameters:
    """Nest the parameters of a form or a query as PHP does: ``a[x][]=1`` is ``{"a": {"x": ["1"]}}``."""
    root: Parameters = {}
    for name, text in pairs:
        head = name.partition("[")[0]
        place, key = root, head
        for part in _BRACKETS.findall(name[len(head) :])[:MAX_DEPTH]:
            inner = place.get(key)
            if not isinstance(inner, dict):
                inner = place[key] = {}
            place, key = inner, part or str(len(inner))
        place[key] = text
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: object) -> object:
    if not isinstance(value, dict):
        return value
    values = [_with_lists(inner) for inner in value.values()]
    is_list = list(value) == [str(number) for number in range(len(value))]
    return values if is_list else dict(zip(value, values, strict=True))


@dataclass
class SeenRequest:
    """A request that arrived; its status once it was answered, 0 where the connection was dropped instead."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int | None = None
    time: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Call:
    """
    A call, its parameters decoded.

    :param path: what the path names, by its name in :class:`Routes`.
    :param query: what is in the URL.
    :param body: what is in the body.
    :param raw_body: the body as it came.
    """

    emulator: Emulator
    request: web.Request
    path: Mapping[str, str]
    raw_body: bytes = field(repr=False)
    query: Parameters = field(default_factory=dict)
    body: Parameters = field(default_factory=dict)

    def database(self) -> Database:
        """
        Return the database in the path, by its ID, or by its name, as the Dutch documentation has it.

        :raises RefusedError: in Copernica's words if there is none; the same below.
        """
        for database in self.emulator.account.values():
            if self.path["database"] in (str(database.id), database.name):
                return database
        raise RefusedError("No database with supplied ID")

    def collection(self) -> tuple[Database, Collection]:
        """Return the collection in the path, and its database."""
        for database in self.emulator.account.values():
            for collection in database.collections.values():
                if self.path["collection"] == str(collection.id):
                    return database, collection
        raise RefusedError("No collection with given ID")

    def profile(self) -> tuple[Database, Profile]:
        """Return the profile in the path, which may have been removed, and its database."""
        profile_id = as_id(self.path["profile"])
        for database in self.emulator.account.values():
            profile = database.profiles.get(profile_id) or database.removed.get(profile_id)
            if profile is not None:
                return database, profile
        raise RefusedError("No entity with supplied ID")

    def profile_collection(self) -> tuple[Database, Profile, Collection]:
        """Return the profile and the collection in the path, the latter by its ID, or by its name in any case."""
        database, profile = self.profile()
        for collection in database.collections.values():
            if self.path["collection"].lower() in (str(collection.id), collection.name.lower()):
                return database, profile, collection
        raise RefusedError("No collection with given ID")

    def subprofile(self) -> tuple[Collection, Profile, Subprofile]:
        """Return the subprofile in the path, which may have been removed, with its collection and profile."""
        subprofile_id = as_id(self.path["subprofile"])
        for database in self.emulator.account.values():
            for collection in database.collections.values():
                if subprofile_id in collection.removed:
                    return collection, *collection.removed[subprofile_id]
                for profile in database.profiles.values():
                    for subprofile in profile.subprofiles[collection.name]:
                        if subprofile.id == subprofile_id:
                            return collection, profile, subprofile
        raise RefusedError("No subprofile with supplied ID")


# what is not a response is the JSON to answer with
Answer = Callable[[Call], object]


class Routes:
    """Who answers which path. In every path names and values take turns: ``profile/{profile}/fields``."""

    def __init__(self, answers: Mapping[tuple[str, str], Answer]) -> None:
        self._answers = {
            self._key(method, path): ([name.strip("{}") for name in path.split("/")[1::2]], answer)
            for (method, path), answer in answers.items()
        }

    @staticmethod
    def _key(method: str, path: str) -> tuple[object, ...]:
        parts = path.split("/")
        return (method, len(parts), *parts[::2])

    def find(self, method: str, path: str) -> tuple[Answer, dict[str, str]] | None:
        """Return what answers a path, and what this path names."""
        route, values = self._answers.get(self._key(method, path)), path.split("/")[1::2]
        if route is None or "" in values:
            return None
        names, answer = route
        return answer, dict(zip(names, values, strict=True))


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with JSON: exactly ``application/json``, which is what the vendor's own helper looks for."""
    body = json.dumps(value).encode()
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def error_reply(message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with Copernica's error object."""
    return json_reply({"error": {"message": message}}, status, headers)


def created_reply(request: web.Request, kind: str, number: int) -> web.Response:
    """Say that something was made; the documentation's sample of X-location says v1, whatever the version."""
    location = f"{request.url.origin()}/v1/{kind}/{number}"
    return web.Response(status=201, headers={"X-Created": str(number), "X-location": location})
