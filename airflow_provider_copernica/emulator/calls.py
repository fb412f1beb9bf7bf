"""A call for the API, and the things that its path names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from airflow_provider_copernica.emulator.bodies import Parameters, as_id
from airflow_provider_copernica.emulator.emulator import Emulator
from airflow_provider_copernica.emulator.model import Collection, Database, Profile, Subprofile
from airflow_provider_copernica.emulator.replies import RefusedError

__all__ = ["Answer", "Call"]


@dataclass(frozen=True)
class Call:
    """
    A call, its parameters decoded.

    :param query: what is in the URL.
    :param body: what is in the body.
    :param raw_body: the body as it came.
    """

    emulator: Emulator
    request: web.Request
    query: Parameters
    body: Parameters
    raw_body: bytes = field(repr=False)

    def path(self, name: str) -> str:
        """Return a part of the path, "" if it does not have that part."""
        return self.request.match_info.get(name, "")

    def database(self) -> Database:
        """
        Return the database in the path.

        :raises RefusedError: in Copernica's words if there is none; the same below.
        """
        database = self.emulator.account.database(self.path("database"))
        if database is None:
            raise RefusedError("No database with supplied ID")
        return database

    def collection(self) -> tuple[Database, Collection]:
        """Return the collection in the path, and its database."""
        collection = self.emulator.account.collection(self.path("collection"))
        if collection is None:
            raise RefusedError("No collection with given ID")
        return collection

    def profile(self) -> tuple[Database, Profile]:
        """Return the profile in the path, which may have been removed, and its database."""
        profile = self.emulator.account.profile(as_id(self.path("profile")))
        if profile is None:
            raise RefusedError("No entity with supplied ID")
        return profile

    def profile_collection(self) -> tuple[Database, Profile, Collection]:
        """Return the profile and the collection in the path, the latter by ID or name."""
        database, profile = self.profile()
        collection = database.collection(self.path("collection"))
        if collection is None:
            raise RefusedError("No collection with given ID")
        return database, profile, collection

    def subprofile(self) -> tuple[Collection, Profile, Subprofile]:
        """Return the subprofile in the path, which may have been removed, with its collection and profile."""
        subprofile = self.emulator.account.subprofile(as_id(self.path("subprofile")))
        if subprofile is None:
            raise RefusedError("No subprofile with supplied ID")
        return subprofile


Answer = Callable[[Call], web.Response]
