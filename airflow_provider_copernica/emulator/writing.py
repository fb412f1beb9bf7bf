"""The calls that write: imports, profiles and subprofiles."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from airflow_provider_copernica.emulator.bodies import as_id, as_text, is_true
from airflow_provider_copernica.emulator.calls import Answer, Call
from airflow_provider_copernica.emulator.imports import ACTIONS
from airflow_provider_copernica.emulator.model import BaseProfile, Database, Table
from airflow_provider_copernica.emulator.queries import conditions, select
from airflow_provider_copernica.emulator.replies import RefusedError, created_reply

INVALID = "Invalid data provided"


def _add_import(call: Call) -> web.Response:
    database = call.emulator.account.databases.get(as_id(call.body.get("database")))
    if database is None:
        raise RefusedError("No database with supplied ID")
    sources = [bool(call.body.get(name)) for name in ("source", "location")]
    if call.body.get("action") not in ACTIONS or sum(sources) != 1:
        raise RefusedError(INVALID)
    import_id = call.emulator.start_import(call.body, call.raw_body, dict(call.request.headers), database)
    return created_reply(call.request, "import", import_id)


def _add_profile(call: Call) -> web.Response:
    return _create_profile(call, call.database())


def _create_profile(call: Call, database: Database) -> web.Response:
    profile = database.new_profile()
    if not database.write(profile, _fields(call)):
        # the message for what a restriction refuses is not documented
        raise RefusedError("Failed to create profile")
    profile.choose(_interests(call, database))
    database.add(profile)
    return created_reply(call.request, "profile", profile.id)


def _put_profiles(call: Call) -> web.Response:
    """Change every profile that satisfies the conditions, which must be given; they may select everything even so."""
    database = call.database()
    if conditions(call.query) is None:
        raise RefusedError(INVALID)
    fields = _fields(call)
    if any(database.field_name(name) is None for name in fields):
        raise RefusedError(INVALID)  # an error since 2021 (product update), of which the text is not documented
    profiles = select(database, database.profiles.values(), call.query)
    if not profiles and is_true(call.query.get("create")):
        return _create_profile(call, database)
    for profile in profiles:
        _write(database, profile, fields)
        profile.choose(_interests(call, database))
    return web.Response(status=204)


def _put_profile(call: Call) -> web.Response:
    database, profile = call.profile()
    _write(database, profile, _fields(call))
    profile.choose(_interests(call, database))
    return web.Response(status=204)


def _put_profile_fields(call: Call) -> web.Response:
    database, profile = call.profile()
    _write(database, profile, _texts(call.body))
    return web.Response(status=204)


def _delete_profile(call: Call) -> web.Response:
    database, profile = call.profile()
    _check_not_removed(profile)
    database.remove(profile, completely=_is_complete(call))
    return _deleted("profile", profile)


def _delete_profiles(call: Call) -> web.Response:
    database, ids = call.database(), call.body.get("profiles")
    if not isinstance(ids, list):
        raise RefusedError(INVALID)
    for profile in [database.profiles.get(as_id(each)) for each in ids]:
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
        raise RefusedError(INVALID)
    subprofiles = select(collection, profile.subprofiles[collection.name], call.query)
    if not subprofiles and is_true(call.query.get("create")):
        return _add_subprofile(call)
    for subprofile in subprofiles:
        _write(collection, subprofile, _texts(call.body))
    return web.Response(status=204)


def _put_subprofile(call: Call) -> web.Response:
    collection, _, subprofile = call.subprofile()
    _write(collection, subprofile, _fields(call))
    return web.Response(status=204)


def _put_subprofile_fields(call: Call) -> web.Response:
    collection, _, subprofile = call.subprofile()
    _write(collection, subprofile, _texts(call.body))
    return web.Response(status=204)


def _delete_subprofile(call: Call) -> web.Response:
    collection, profile, subprofile = call.subprofile()
    _check_not_removed(subprofile)
    collection.remove(profile, subprofile, completely=_is_complete(call))
    return _deleted("subprofile", subprofile)


def _fields(call: Call) -> dict[str, str]:
    fields = call.body.get("fields", {})
    if not isinstance(fields, dict):
        raise RefusedError(INVALID)
    return _texts(fields)


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {str(name): as_text(value) for name, value in values.items()}


def _interests(call: Call, database: Database) -> dict[str, bool]:
    """Read interests: a list of those to choose, or an object of each; unknown ones are ignored, like fields."""
    given = call.body.get("interests", {})
    if isinstance(given, list):
        given = dict.fromkeys(map(str, given), True)
    if not isinstance(given, dict):
        raise RefusedError(INVALID)
    known = {database.interest(str(name)): is_true(value) for name, value in given.items()}
    return {name: chosen for name, chosen in known.items() if name is not None}


def _write(table: Table, profile: BaseProfile, fields: Mapping[str, str]) -> None:
    _check_not_removed(profile)
    if not table.write(profile, fields):
        raise RefusedError(INVALID)  # as above: not documented


def _check_not_removed(profile: BaseProfile) -> None:
    if profile.removed is not None:
        raise RefusedError("This profile has already been removed")


def _is_complete(call: Call) -> bool:
    """Return whether nothing is to be left; the documentation has the parameter in the body."""
    return is_true({**call.query, **call.body}.get("completely"))


def _deleted(kind: str, profile: BaseProfile) -> web.Response:
    """Say what was deleted; the documentation says of the header: kind, a space, ID."""
    return web.Response(status=204, headers={"X-deleted": f"{kind} {profile.id}"} if profile.removed else None)


ROUTES: dict[tuple[str, str], Answer] = {
    ("POST", "imports"): _add_import,
    ("POST", "database/{database}/profiles"): _add_profile,
    ("PUT", "database/{database}/profiles"): _put_profiles,
    ("DELETE", "database/{database}/profiles"): _delete_profiles,
    ("PUT", "profile/{profile}"): _put_profile,
    ("PUT", "profile/{profile}/fields"): _put_profile_fields,
    ("DELETE", "profile/{profile}"): _delete_profile,
    ("POST", "profile/{profile}/subprofiles/{collection}"): _add_subprofile,
    ("PUT", "profile/{profile}/subprofiles/{collection}"): _put_subprofiles,
    ("PUT", "subprofile/{subprofile}"): _put_subprofile,
    ("PUT", "subprofile/{subprofile}/fields"): _put_subprofile_fields,
    ("DELETE", "subprofile/{subprofile}"): _delete_subprofile,
}
