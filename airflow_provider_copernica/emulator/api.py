"""The HTTP side: routes, authentication, errors. Knows nothing of threads."""

from __future__ import annotations

import asyncio
import functools
import hmac
import json
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from airflow_provider_copernica.emulator import entities
from airflow_provider_copernica.emulator.entities import Entity
from airflow_provider_copernica.emulator.faults import Handler, NoAnswer, go_wrong
from airflow_provider_copernica.emulator.imports import ACTIONS
from airflow_provider_copernica.emulator.state import Collection, Database, Profile
from airflow_provider_copernica.emulator.world import SeenRequest, World

VERSIONS = ("v3", "v4")


class RefusedError(Exception):
    """Answered with Copernica's error object."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> web.Response:
        return web.json_response({"error": {"message": str(self)}}, status=self.status)


def make_app(world: World) -> web.Application:
    """
    The application.

    :param world: all that it knows; read and changed under its lock.
    """
    app = web.Application(middlewares=[_recorder(world), _fault_injector(world), _guard(world)], client_max_size=0)
    app.router.add_post("/", functools.partial(_authenticate, world))
    for prefix in ("", *(f"/{version}" for version in VERSIONS)):
        for path, show in GETS.items():
            app.router.add_get(f"{prefix}/{path}", _getter(world, show))
        for path in ("imports", "imports/"):  # the trailing slash is the documentation's PHP sample
            app.router.add_post(f"{prefix}/{path}", functools.partial(_post_import, world))
    return app


def route_names(request: web.Request) -> tuple[str, ...]:
    """What a fault may call this request: its path with and without the version."""
    version, path = _split(request.path)
    return (f"{version}/{path}", path) if version else (path or "authenticate",)


def _split(path: str) -> tuple[str, str]:
    """The version, if there is one, and the rest."""
    head, _, tail = path.strip("/").partition("/")
    return (head, tail) if head in VERSIONS else ("", path.strip("/"))


def _recorder(world: World) -> Middleware:
    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        world.meet(request.transport)
        if request.path.startswith(world.CONTROL):
            return await handler(request)
        body = await request.read()
        seen = SeenRequest(request.method, request.path, dict(request.query), dict(request.headers), body)
        world.requests.append(seen)
        if world.latency:
            await asyncio.sleep(world.latency)
        try:
            response = await handler(request)
        except web.HTTPException:
            response = RefusedError("Invalid method").response()
        except RefusedError as error:
            response = error.response()
        seen.status = 0 if isinstance(response, NoAnswer) else response.status
        return response

    return record


def _fault_injector(world: World) -> Middleware:
    @web.middleware
    async def inject(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_ours = request.path.startswith(world.CONTROL)
        planned = None if is_ours else world.next_fault(route_names(request))
        return await (handler(request) if planned is None else go_wrong(planned, request, handler))

    return inject


def _guard(world: World) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        version, path = _split(request.path)
        if path and not request.path.startswith(world.CONTROL):
            _check_token(world, request, version)
        return await handler(request)

    return guard


def _check_token(world: World, request: web.Request, version: str) -> None:
    given = request.query.get("access_token", "")
    if version != "v4":
        if not _is_token(world, given):
            raise RefusedError("Invalid access token")
        return
    kind, _, jwt = request.headers.get("Authorization", "").partition(" ")
    if given or kind != "Bearer" or not world.is_valid(jwt):
        # which status v4 has for this is not documented
        raise RefusedError("Invalid access token", 401)


def _is_token(world: World, given: str) -> bool:
    return hmac.compare_digest(given.encode(), world.token.encode())


async def _authenticate(world: World, request: web.Request) -> web.Response:
    """How errors look here is not documented."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise RefusedError("The access token must be sent as a form")
    form = await request.post()
    if not _is_token(world, str(form.get("access_token", ""))):
        raise RefusedError("Invalid access token", 401)
    jwt = world.authenticate()
    match world.token_reply:
        case "json_string":
            return web.json_response(jwt)
        case "json_object":
            return web.json_response({"token": jwt})
        case _:
            return web.Response(text=jwt)


async def _post_import(world: World, request: web.Request) -> web.Response:
    body = await request.read()
    try:
        parameters = json.loads(body)
    except (ValueError, RecursionError):
        parameters = None
    if not isinstance(parameters, dict):
        raise RefusedError("Invalid data provided")
    database = world.account.databases.get(_integer(parameters.get("database")))
    if database is None:
        raise RefusedError("No database with supplied ID")
    is_given = [bool(parameters.get(name)) for name in ("source", "location")]
    if parameters.get("action") not in ACTIONS or sum(is_given) != 1:
        raise RefusedError("Invalid data provided")
    import_id = world.start_import(parameters, body, dict(request.headers), database)
    # the documentation's sample of X-location says v1, whatever the version
    location = f"{request.url.origin()}/v1/import/{import_id}"
    return web.Response(status=201, headers={"X-Created": str(import_id), "X-location": location})


def _integer(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0


Show = Callable[[World, web.Request], object]


def _getter(world: World, show: Show) -> Handler:
    async def get(request: web.Request) -> web.StreamResponse:
        with world.lock:
            return web.json_response(show(world, request))

    return get


def _database(world: World, request: web.Request) -> Database:
    """By ID, or by name, as the Dutch documentation has it."""
    wanted = request.match_info["database"]
    for database in world.account.databases.values():
        if wanted in (str(database.id), database.name):
            return database
    raise RefusedError("No database with supplied ID")


def _collection(world: World, request: web.Request) -> tuple[Database, Collection]:
    for database in world.account.databases.values():
        for collection in database.collections.values():
            if str(collection.id) == request.match_info["collection"]:
                return database, collection
    raise RefusedError("No collection with given ID")


def _profile(world: World, request: web.Request) -> tuple[Database, Profile]:
    for database in world.account.databases.values():
        profile = database.profiles.get(_integer(request.match_info["profile"]))
        if profile is not None:
            return database, profile
    raise RefusedError("No entity with supplied ID")


def _import(world: World, request: web.Request) -> Entity:
    record = world.imports.get(_integer(request.match_info["import"]))
    if record is None:
        # the text for an unknown import is not documented
        raise RefusedError("No entity with supplied ID")
    return record.status(world.status_words)


def _profiles(world: World, request: web.Request) -> Entity:
    database = _database(world, request)
    found = entities.select_profiles(database, request.query)
    return entities.page([entities.profile_entity(database, each, request.query) for each in found], request.query)


def _subprofiles(world: World, request: web.Request) -> Entity:
    database, collection = _collection(world, request)
    profiles = list(database.profiles.values())
    if "profile" in request.match_info:
        owner = _profile(world, request)[1]
        profiles = [profile for profile in profiles if profile is owner]
    found = [
        entities.subprofile_entity(profile, collection, subprofile, request.query)
        for profile in profiles
        for subprofile in profile.subprofiles.get(collection.name, [])
    ]
    return entities.page(found, request.query)


def _identity(world: World, request: web.Request) -> Entity:  # noqa: ARG001 - all have the same parameters
    return {
        "id": "1",
        "name": "Development",
        "description": "An emulator",
        "company": {"id": "1", "name": world.COMPANY},
    }


def _consumption(world: World, request: web.Request) -> Entity:
    if not {"begin", "end"} <= set(request.query):
        raise RefusedError("Invalid data provided")
    calls = sum(1 for seen in world.requests if seen.path != "/")
    others = ("emails", "texts", "fax", "webpages", "litmustests", "twofiftyoktests")
    return {**dict.fromkeys(others, 0), "apicalls": calls}


GETS: dict[str, Show] = {
    "identity": _identity,
    "consumption": _consumption,
    "import/{import}": _import,
    "databases": lambda world, request: entities.page(
        [entities.database_entity(each) for each in world.account.databases.values()], request.query
    ),
    "database/{database}": lambda world, request: entities.database_entity(_database(world, request)),
    "database/{database}/fields": lambda world, request: entities.page(
        entities.field_entities(_database(world, request).fields.values()), request.query
    ),
    # not documented, and not used by this package: for a test that looks at interests
    "database/{database}/interests": lambda world, request: entities.page(
        entities.interest_entities(_database(world, request)), request.query
    ),
    "database/{database}/collections": lambda world, request: entities.page(
        entities.collection_entities(_database(world, request)), request.query
    ),
    "database/{database}/profiles": _profiles,
    "database/{database}/profileids": lambda world, request: [
        profile.id for profile in entities.select_profiles(_database(world, request), request.query)
    ],
    "collection/{collection}": lambda world, request: entities.collection_entity(*_collection(world, request)),
    "collection/{collection}/fields": lambda world, request: entities.page(
        entities.field_entities(_collection(world, request)[1].fields.values()), request.query
    ),
    "collection/{collection}/subprofiles": _subprofiles,
    "profile/{profile}": lambda world, request: entities.profile_entity(*_profile(world, request), request.query),
    "profile/{profile}/subprofiles/{collection}": _subprofiles,
}
