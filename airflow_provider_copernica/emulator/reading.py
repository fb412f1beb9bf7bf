"""The calls that read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from airflow_provider_copernica.emulator import entities
from airflow_provider_copernica.emulator.bodies import as_id
from airflow_provider_copernica.emulator.calls import Answer, Call
from airflow_provider_copernica.emulator.entities import Entity
from airflow_provider_copernica.emulator.model import Profile
from airflow_provider_copernica.emulator.queries import page, page_of_profiles, select
from airflow_provider_copernica.emulator.replies import RefusedError, json_reply

__all__ = ["Read"]

COMPANY = "Copernica BV"


@dataclass(frozen=True)
class Read:
    """Answers with what a call reads, as JSON."""

    read: Callable[[Call], object]

    def __call__(self, call: Call) -> web.Response:
        return json_reply(self.read(call))


def _identity(_: Call) -> Entity:
    company = {"id": "1", "name": COMPANY}
    return {"id": "1", "name": "Development", "description": "An emulator", "company": company}


def _consumption(call: Call) -> Entity:
    if not {"begin", "end"} <= set(call.query):
        raise RefusedError("Invalid data provided")
    calls = sum(1 for seen in call.emulator.requests if seen.path != "/")
    others = ("emails", "texts", "fax", "webpages", "litmustests", "twofiftyoktests")
    return {**dict.fromkeys(others, 0), "apicalls": calls}


def _import(call: Call) -> Entity:
    record = call.emulator.find_import(as_id(call.path("import")))
    if record is None:
        # the text for an unknown import is not documented
        raise RefusedError("No entity with supplied ID")
    return record.status(call.emulator.status_words)


def _selected(call: Call) -> list[Profile]:
    database = call.database()
    return select(database, database.profiles.values(), call.query)


def _profiles(call: Call) -> Entity:
    database = call.database()
    return page_of_profiles(
        [entities.profile_entity(database, each, call.query) for each in _selected(call)], call.query
    )


def _subprofiles(call: Call) -> Entity:
    if call.path("profile"):
        database, profile, collection = call.profile_collection()
        profiles = [profile]
    else:
        database, collection = call.collection()
        profiles = list(database.profiles.values())
    owners = {each: profile for profile in profiles for each in profile.subprofiles[collection.name]}
    shown = [
        entities.subprofile_entity(collection, owners[each], each, call.query)
        for each in select(collection, owners, call.query)
    ]
    return page_of_profiles(shown, call.query)


def _databases(call: Call) -> Entity:
    databases = call.emulator.account.databases.values()
    return page([entities.database_entity(each) for each in databases], call.query)


def _profile(call: Call) -> Entity:
    return entities.profile_entity(*call.profile(), call.query)


READS: dict[str, Callable[[Call], object]] = {
    "identity": _identity,
    "consumption": _consumption,
    "import/{import}": _import,
    "databases": _databases,
    "database/{database}": lambda call: entities.database_entity(call.database()),
    "database/{database}/fields": lambda call: page(
        entities.field_entities(call.database().fields.values()), call.query
    ),
    "database/{database}/interests": lambda call: page(entities.interest_entities(call.database()), call.query),
    "database/{database}/collections": lambda call: page(entities.collection_entities(call.database()), call.query),
    "database/{database}/unsubscribe": lambda call: entities.unsubscribe_entity(call.database()),
    "database/{database}/profiles": _profiles,
    "database/{database}/profileids": lambda call: [profile.id for profile in _selected(call)],
    "collection/{collection}": lambda call: entities.collection_entity(*call.collection()),
    "collection/{collection}/fields": lambda call: page(
        entities.field_entities(call.collection()[1].fields.values()), call.query
    ),
    "collection/{collection}/unsubscribe": lambda call: entities.unsubscribe_entity(call.collection()[1]),
    "collection/{collection}/subprofiles": _subprofiles,
    "profile/{profile}": _profile,
    "profile/{profile}/fields": lambda call: dict(call.profile()[1].fields),
    "profile/{profile}/subprofiles/{collection}": _subprofiles,
    "subprofile/{subprofile}": lambda call: entities.subprofile_entity(*call.subprofile(), call.query),
}
ROUTES: dict[str, Answer] = {path: Read(read) for path, read in READS.items()}
