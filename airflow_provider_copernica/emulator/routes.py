"""The calls of the documented API: what each path answers, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from aiohttp import web

from airflow_provider_copernica.emulator.calls import INVALID_DATA, Answer, Call, RefusedError, Routes, created_reply
from airflow_provider_copernica.emulator.fields import as_id, as_text, is_true
from airflow_provider_copernica.emulator.imports import ACTIONS
from airflow_provider_copernica.emulator.model import BaseProfile, Database, Profile, Table
from airflow_provider_copernica.emulator.queries import (
    Entity,
    collection_entity,
    conditions,
    database_entity,
    field_entity,
    interest_entity,
    page,
    page_of_profiles,
    profile_entity,
    select,
    subprofile_entity,
    unsubscribe_entity,
)

__all__ = ["ROUTES"]

COMPANY = "Copernica BV"


# Calls that read


def _identity(_: Call) -> Entity:
    company = {"id": "1", "name": COMPANY}
    return {"id": "1", "name": "Development", "description": "An emulator", "company": company}


def _consumption(call: Call) -> Entity:
    if not {"begin", "end"} <= set(call.query):
        raise RefusedError(INVALID_DATA)
    calls = sum(1 for seen in call.emulator.requests if seen.path != "/")
    others = ("emails", "texts", "fax", "webpages", "litmustests", "twofiftyoktests")
    return {**dict.fromkeys(others, 0), "apicalls": calls}


def _import(call: Call) -> Entity:
    record = call.emulator.find_import(as_id(call.path["import"]))
    if record is None:
        # the text for an unknown import is not documented
        raise RefusedError("No entity with supplied ID")
    return record.status(call.emulator.status_words)


def _databases(call: Call) -> Entity:
    return page(call.emulator.account.values(), database_entity, call.query)


def _fields(call: Call, table: Table) -> Entity:
    return page(table.fields.values(), field_entity, call.query)


def _interests(call: Call) -> Entity:
    return page(enumerate(call.database().interests, 1), interest_entity, call.query)


def _collections(call: Call) -> Entity:
    database = call.database()
    return page(database.collections.values(), partial(collection_entity, database), call.query)


def _selected(call: Call) -> list[Profile]:
    database = call.database()
    return select(database, database.profiles.values(), call.query)


def _profile_ids(call: Call) -> object:
    """Return all IDs, or the page that was asked for; that all come unasked is presumed."""
    ids = [profile.id for profile in _selected(call)]
    return page(ids, int, call.query)["data"] if {"start", "limit"} & set(call.query) else ids


def _profiles(call: Call) -> Entity:
    database = call.database()
    return page_of_profiles(_selected(call), lambda profile: profile_entity(database, profile, call.query), call.query)


def _subprofiles(call: Call) -> Entity:
    if "profile" in call.path:
        _, profile, collection = call.profile_collection()
        profiles = [profile]
    else:
        database, collection = call.collection()
        profiles = list(database.profiles.values())
    owners = {subprofile: owner for owner in profiles for subprofile in owner.subprofiles[collection.name]}
    return page_of_profiles(
        select(collection, owners, call.query),
        lambda subprofile: subprofile_entity(collection, owners[subprofile], subprofile, call.query),
        call.query,
    )


# Calls that write


def _add_import(call: Call) -> web.Response:
    database = call.emulator.account.get(as_id(call.body.get("database")))
    if database is None:
        raise RefusedError("No database with supplied ID")
    sources = [bool(call.body.get(name)) for name in ("source", "location")]
    if call.body.get("action") not in ACTIONS or sum(sources) != 1:
        raise RefusedError(INVALID_DATA)
    import_id = call.emulator.start_import(call.body, call.raw_body, dict(call.request.headers), database)
    return created_reply(call.request, "import", import_id)


def _add_profile(call: Call) -> web.Response:
    database = call.database()
    profile = database.new_profile()
    if not database.write(profile, _given_fields(call)):
        # the message for what a restriction refuses is not documented
        raise RefusedError("Failed to create profile")
    profile.choose(_given_interests(call, database))
    database.profiles[profile.id] = profile
    return created_reply(call.request, "profile", profile.id)


def _put_profiles(call: Call) -> web.Response:
    """Change every profile that satisfies the conditions, which must be given; they may select everything even so."""
    database = call.database()
    if conditions(call.query) is None:
        raise RefusedError(INVALID_DATA)
    fields = _given_fields(call)
    if any(database.field_name(name) is None for name in fields):
        raise RefusedError(INVALID_DATA)  # an error since 2021 (product update), of which the text is not documented
    profiles = _selected(call)
    if not profiles and is_true(call.query.get("create")):
        return _add_profile(call)
    for profile in profiles:
        _write(database, profile, fields)
        profile.choose(_given_interests(call, database))
    return web.Response(status=204)


def _put_profile(call: Call) -> web.Response:
    database, profile = call.profile()
    _write(database, profile, _given_fields(call))
    profile.choose(_given_interests(call, database))
    return web.Response(status=204)


def _put_profile_fields(call: Call) -> web.Response:
    return _write(*call.profile(), _texts(call.body))


def _delete_profile(call: Call) -> web.Response:
    database, profile = call.profile()
    _check_not_removed(profile)
    database.remove(profile, completely=_is_complete(call))
    return _deleted("profile", profile)


def _delete_profiles(call: Call) -> web.Response:
    database, ids = call.database(), call.body.get("profiles")
    if not isinstance(ids, list):
        raise RefusedError(INVALID_DATA)
    for profile in [database.profiles.get(as_id(number)) for number in ids]:
        if profile is not None:
            database.remove(profile)
    return web.Response(status=204)


def _add_subprofile(call: Call) -> web.Response:
    database, profile, collection = call.profile_collection()
    _check_not_removed(profile)
    subprofile = database.new_subprofile(collection)
    if not collection.write(subprofile, _texts(call.body)):
        raise RefusedError("Subprofile could not be created")
    profile.subprofiles[collection.name].append(subprofile)
    return created_reply(call.request, "subprofile", subprofile.id)


def _put_subprofiles(call: Call) -> web.Response:
    _, profile, collection = call.profile_collection()
    if conditions(call.query) is None:
        raise RefusedError(INVALID_DATA)
    subprofiles = select(collection, profile.subprofiles[collection.name], call.query)
    if not subprofiles and is_true(call.query.get("create")):
        return _add_subprofile(call)
    for subprofile in subprofiles:
        _write(collection, subprofile, _texts(call.body))
    return web.Response(status=204)


def _put_subprofile(call: Call) -> web.Response:
    collection, _, subprofile = call.subprofile()
    return _write(collection, subprofile, _given_fields(call))


def _put_subprofile_fields(call: Call) -> web.Response:
    collection, _, subprofile = call.subprofile()
    return _write(collection, subprofile, _texts(call.body))


def _delete_subprofile(call: Call) -> web.Response:
    collection, profile, subprofile = call.subprofile()
    _check_not_removed(subprofile)
    collection.remove(profile, subprofile, completely=_is_complete(call))
    return _deleted("subprofile", subprofile)


def _given_fields(call: Call) -> dict[str, str]:
    fields = call.body.get("fields", {})
    if not isinstance(fields, dict):
        raise RefusedError(INVALID_DATA)
    return _texts(fields)


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {str(name): as_text(value) for name, value in values.items()}


def _given_interests(call: Call, database: Database) -> dict[str, bool]:
    """Read interests: a list of those to choose, or an object of each; unknown ones are ignored, like fields."""
    interests = call.body.get("interests", {})
    if isinstance(interests, list):
        interests = dict.fromkeys(map(str, interests), True)
    if not isinstance(interests, dict):
        raise RefusedError(INVALID_DATA)
    named = {database.interest(str(name)): is_true(value) for name, value in interests.items()}
    return {name: chosen for name, chosen in named.items() if name is not None}


def _write(table: Table, profile: BaseProfile, fields: Mapping[str, str]) -> web.Response:
    _check_not_removed(profile)
    if not table.write(profile, fields):
        raise RefusedError(INVALID_DATA)  # as above: not documented
    return web.Response(status=204)


def _check_not_removed(profile: BaseProfile) -> None:
    if profile.removed is not None:
        raise RefusedError("This profile has already been removed")


def _is_complete(call: Call) -> bool:
    """Return whether nothing is to be left; the documentation has the parameter in the body."""
    return is_true({**call.query, **call.body}.get("completely"))


def _deleted(kind: str, profile: BaseProfile) -> web.Response:
    """Say what was deleted; the documentation says of the header: kind, a space, ID."""
    return web.Response(status=204, headers={"X-deleted": f"{kind} {profile.id}"} if profile.removed else None)


_ANSWERS: dict[tuple[str, str], Answer] = {
    ("GET", "identity"): _identity,
    ("GET", "consumption"): _consumption,
    ("POST", "imports"): _add_import,
    ("GET", "import/{import}"): _import,
    ("GET", "databases"): _databases,
    ("GET", "database/{database}"): lambda call: database_entity(call.database()),
    ("GET", "database/{database}/fields"): lambda call: _fields(call, call.database()),
    ("GET", "database/{database}/interests"): _interests,
    ("GET", "database/{database}/collections"): _collections,
    ("GET", "database/{database}/unsubscribe"): lambda call: unsubscribe_entity(call.database()),
    ("GET", "database/{database}/profiles"): _profiles,
    ("POST", "database/{database}/profiles"): _add_profile,
    ("PUT", "database/{database}/profiles"): _put_profiles,
    ("DELETE", "database/{database}/profiles"): _delete_profiles,
    ("GET", "database/{database}/profileids"): _profile_ids,
    ("GET", "collection/{collection}"): lambda call: collection_entity(*call.collection()),
    ("GET", "collection/{collection}/fields"): lambda call: _fields(call, call.collection()[1]),
    ("GET", "collection/{collection}/unsubscribe"): lambda call: unsubscribe_entity(call.collection()[1]),
    ("GET", "collection/{collection}/subprofiles"): _subprofiles,
    ("GET", "profile/{profile}"): lambda call: profile_entity(*call.profile(), call.query),
    ("PUT", "profile/{profile}"): _put_profile,
    ("DELETE", "profile/{profile}"): _delete_profile,
    ("GET", "profile/{profile}/fields"): lambda call: dict(call.profile()[1].fields),
    ("PUT", "profile/{profile}/fields"): _put_profile_fields,
    ("GET", "profile/{profile}/subprofiles/{collection}"): _subprofiles,
    ("POST", "profile/{profile}/subprofiles/{collection}"): _add_subprofile,
    ("PUT", "profile/{profile}/subprofiles/{collection}"): _put_subprofiles,
    ("GET", "subprofile/{subprofile}"): lambda call: subprofile_entity(*call.subprofile(), call.query),
    ("PUT", "subprofile/{subprofile}"): _put_subprofile,
    ("PUT", "subprofile/{subprofile}/fields"): _put_subprofile_fields,
    ("DELETE", "subprofile/{subprofile}"): _delete_subprofile,
}
# most calls take POST for PUT (documentation of v3)
_POST_FOR_PUT = {("POST", path): answer for (method, path), answer in _ANSWERS.items() if method == "PUT"}
ROUTES = Routes({**_POST_FOR_PUT, **_ANSWERS})
