"""The application: store, settings and principal in, an ASGI app out. Nothing is opened on import."""

import asyncio
import gc
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from twin import __version__
from twin.api import (
    assets,
    changes,
    codes,
    collection_writes,
    collections,
    energy,
    events,
    evidence,
    exports,
    features,
    gateways,
    gb28181,
    incident_context,
    incidents,
    journeys,
    live,
    page,
    planner,
    reconciliation,
    records,
    register_imports,
    reporting,
    requests,
    routes,
    sensorthings,
    sessions,
    sight,
    sites,
    snapshot,
    spatial,
    stocktakes,
    tilesets,
    worklist,
)
from twin.api.by_id import ById
from twin.api.connections import most_connections
from twin.api.description import describe
from twin.api.gate import PrincipalOf
from twin.api.history import KnowsOf
from twin.api.history import router as history_router
from twin.api.incident_state import install_incidents
from twin.api.keyring import Keyring
from twin.api.memory import give_back_memory
from twin.api.middleware import CONTENT_POLICY, LOCAL_HOSTS, DocumentTags, FaultsAsProblems, HeadAsGet, KnownHosts, PolicyHeaders
from twin.api.offering import Numbering
from twin.api.prepared import Prepared
from twin.api.problems import install_problem_handlers
from twin.api.published import Published
from twin.api.watchers import Watchers
from twin.auth import Action, allows, local_administrator
from twin.codes import read_tables
from twin.errors import NotReady, StoreUnavailable
from twin.history.readings import ReadingsReader
from twin.history.retention import read_retention
from twin.hub.client import HubClient
from twin.hub.happening import untold
from twin.hub.meeting import Meeting
from twin.incidents.stream import EventStream
from twin.queries.items.catalogue import Catalogue
from twin.queries.live.around import Around
from twin.queries.live.command_log import HubCommandLog
from twin.queries.live.connected import HubDesk, HubMemory
from twin.queries.live.history import LiveHistory
from twin.queries.live.inside import InsideLists
from twin.queries.live.observed import SeenHistory
from twin.queries.live.replica import Replica
from twin.queries.live.standing import Standing
from twin.queries.live.visible import Visible
from twin.queries.live.watching import Live
from twin.queries.place.assets import asset_points
from twin.queries.routes.networks import Networks
from twin.queries.sight.answerer import Sight
from twin.queries.sight.holder import SOCKET, HolderClient, NoSight
from twin.queries.snapshot import Drawn
from twin.queries.things.service import Things
from twin.settings import Settings
from twin.store import Store
from twin.store.watch import Watch

__all__ = ["CONTENT_POLICY", "app_from_environment", "app_of_worker", "create_app", "following", "with_short_way"]

DESCRIPTION = "一个大院的数字孪生:BIM 与城市图层合为一景,3D Tiles 与空间接口。One twin of a compound: one scene, 3D Tiles, spatial APIs."

ROUTERS = (
    sites.router,
    codes.router,
    features.router,
    collections.router,
    collection_writes.router,
    changes.router,
    exports.router,
    tilesets.router,
    sessions.router,
    assets.router,
    planner.router,
    energy.router,
    reporting.router,
    requests.router,
    evidence.router,
    stocktakes.router,
    reconciliation.router,
    register_imports.router,
    worklist.router,
    history_router,
    journeys.router,
    spatial.router,
    sight.router,
    routes.router,
    live.router,
    snapshot.router,
    gateways.router,
    sensorthings.router,
    incidents.router,
    incident_context.router,
    events.router,
    gb28181.router,
    *records.routers,
    page.router,
)
"""In this order: `/assets/totals` is no asset, `/units/U/entitlement` no unit, `/` is the page."""


def create_app(
    settings: Settings,
    store: Store,
    *,
    keyring: Keyring | None = None,
    principal_of: PrincipalOf | None = None,
    sight: Sight | None = None,
    prepared: Prepared | None = None,
    knows_of: KnowsOf | None = None,
) -> FastAPI:
    """The service over an open store, each request somebody's by the keyring, or by `principal_of`; `sight` answers of lines of sight,
    `prepared` is what is ready of this store, `knows_of` says who may know of what was live.

    Without both each request is the local administrator's, and only those that name 127.0.0.1 are answered.
    """
    if keyring is not None:
        principal_of = keyring.principal_of
    app = FastAPI(
        title="屏山孪生 Pingshan Twin", version=__version__, description=DESCRIPTION, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.settings = settings
    app.state.store = store
    app.state.published = Published(settings)
    app.state.keyring = keyring
    held = prepared or Prepared.of(settings, store)
    app.state.scenes = held.scenes
    app.state.networks = Networks(store, settings)
    app.state.history = LiveHistory.of(settings.home)
    app.state.readings = ReadingsReader(settings.home / "history")
    app.state.knows_of = knows_of
    app.state.sight = sight or NoSight(NotReady("no process holds the scene here", hint="twin serve starts one"))
    app.state.registers = held.registers
    app.state.catalogue = Catalogue(app.state.registers)
    app.state.things = Things.of(app.state.registers, settings.home / "history")
    app.state.inlet = None
    app.state.numbering = Numbering()
    app.state.tables = read_tables(settings.home / "codes")
    app.state.live = None
    app.state.standing = Standing(held.scenes)
    app.state.drawn = Drawn()
    app.state.watchers = Watchers(each=settings.watchers_per_key, most=most_connections(settings) * 3 // 4)
    app.state.retention = read_retention(settings.home / "codes" / "history.toml")
    app.state.principal_of = principal_of or (lambda request: local_administrator())
    install_incidents(app, settings, store, app.state.tables)
    install_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(FaultsAsProblems)
    app.add_middleware(DocumentTags)
    if principal_of is None:
        app.add_middleware(KnownHosts, hosts=LOCAL_HOSTS)
    app.add_middleware(PolicyHeaders)
    app.add_middleware(HeadAsGet)
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    return app


def app_from_environment() -> ASGIApp:
    """The service of `TWIN_*` settings, which makes itself ready while it answers."""
    settings = Settings()
    return app_of_worker(Prepared.of(settings, Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s)))


def app_of_worker(prepared: Prepared, *, warm: bool = True) -> ASGIApp:
    """The service over what was prepared, perhaps in the process that this one was forked from; opens its own connections.

    Without `warm` what is not ready is read when somebody asks for it.
    """
    settings, store = prepared.settings, prepared.registers.store
    watch = Watch.open(store.database)
    keyring = Keyring(store.keys, watch=watch) if settings.needs_keys else None
    held = os.environ.get(SOCKET)
    app = create_app(settings, store, keyring=keyring, sight=HolderClient(Path(held)) if held else None, prepared=prepared)

    @asynccontextmanager
    async def closing(_: FastAPI) -> AsyncIterator[None]:
        if warm:
            threading.Thread(target=_warm, args=(prepared,), name="warm", daemon=True).start()
        async with following(app, settings):
            yield
        if keyring is not None:
            keyring.close()
        if watch is not None:
            watch.close()
        store.close()

    app.router.lifespan_context = closing
    return app if watch is None else with_short_way(app, watch)


@asynccontextmanager
async def following(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """While inside, the app knows what is live: it follows the hub of the home, as soon as there is one."""
    replica, state = Replica(), app.state
    hub = HubClient(Meeting(settings.home), changed=replica.take, happened=replica.hear, lost=replica.lose)
    visible = Visible(state.registers, state.scenes)
    stream: EventStream = state.event_stream
    replica.heard.append(lambda told: stream.missed() if told is None else stream.publish([untold(event) for event in told]))
    state.live, state.inlet, state.desk = Live(replica, visible, hub), hub, HubDesk(hub)
    state.command_log = HubCommandLog(hub)
    state.live_state, state.knows_of = Around(replica, state.scenes), visible.of
    state.inside = InsideLists(replica, state.scenes)
    memory = HubMemory(hub, asyncio.get_running_loop())
    state.history = LiveHistory.of(settings.home, recent=memory.recent)
    state.readings = readings = ReadingsReader(settings.home / "history", recent=memory.recent_readings)
    state.things.history_of = lambda principal: SeenHistory(
        tracks=state.history.tracks,
        readings=readings,
        replica=replica,
        knows=visible.of(principal),
        now_us=time.time_ns() // 1000,
        persons=allows(principal, Action.READ_PERSON),
        follows=allows(principal, Action.READ_TRACK),
    )
    running = asyncio.create_task(app.state.live.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        app.state.live = None


def with_short_way(app: FastAPI, watch: Watch) -> ById:
    """The app with assets told by their codes without ceremony; its keyring has the same `watch` of its store."""
    return ById(app, app.state.catalogue, app.state.keyring, watch, _beside_codes())


def _beside_codes() -> set[str]:
    """What routes have where others have the code of an asset: `totals` of `/assets/totals`."""
    paths = (str(getattr(route, "path", "")).split("/") for router in ROUTERS for route in router.routes)
    return {parts[2] for parts in paths if len(parts) == 3 and parts[1] == "assets" and "{" not in parts[2]}


def _warm(prepared: Prepared) -> None:
    """Make ready what every question needs, what most need first; spare the garbage collector from going through it at each round,
    and give back what was needed for making it (80 MB of a province)."""
    registers = prepared.registers
    with suppress(StoreUnavailable), registers.store.database.reading() as connection:
        registers.shelf.places(connection)
        registers.shelf.units(connection)
    registers.shelf.warm()
    asset_points(registers).warm()
    prepared.scenes.warm()
    gc.collect()
    gc.freeze()
    give_back_memory()
