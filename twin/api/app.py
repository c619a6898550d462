"""The application: store, settings and principal in, an ASGI app out. Nothing is opened on import."""

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from twin import __version__
from twin.api import (
    assets,
    codes,
    collections,
    energy,
    evidence,
    features,
    page,
    planner,
    reconciliation,
    records,
    register_imports,
    reporting,
    requests,
    routes,
    sessions,
    sites,
    spatial,
    stocktakes,
    tilesets,
)
from twin.api.description import describe
from twin.api.gate import PrincipalOf
from twin.api.keyring import Keyring
from twin.api.middleware import CONTENT_POLICY, LOCAL_HOSTS, DocumentTags, FaultsAsProblems, HeadAsGet, KnownHosts, PolicyHeaders
from twin.api.problems import install_problem_handlers
from twin.api.published import Published
from twin.auth import local_administrator
from twin.codes import read_tables
from twin.queries.items.catalogue import Catalogue
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers
from twin.queries.routes.networks import Networks
from twin.settings import Settings
from twin.store import Store

__all__ = ["CONTENT_POLICY", "app_from_environment", "create_app"]

DESCRIPTION = "一个大院的数字孪生:BIM 与城市图层合为一景,3D Tiles 与空间接口。One twin of a compound: one scene, 3D Tiles, spatial APIs."

ROUTERS = (
    sites.router,
    codes.router,
    features.router,
    collections.router,
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
    spatial.router,
    routes.router,
    *records.routers,
    page.router,
)
"""In this order: `/assets/totals` is no asset, `/units/U/entitlement` no unit, `/` is the page."""


def create_app(settings: Settings, store: Store, *, keyring: Keyring | None = None, principal_of: PrincipalOf | None = None) -> FastAPI:
    """The service over an open store, each request somebody's by the keyring, or by `principal_of`.

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
    app.state.scenes = Scenes(store, settings)
    app.state.networks = Networks(store, settings)
    app.state.registers = Registers.of(store, settings.home / "columns", settings)
    app.state.catalogue = Catalogue(app.state.registers)
    app.state.tables = read_tables(settings.home / "codes")
    app.state.principal_of = principal_of or (lambda request: local_administrator())
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


def app_from_environment() -> FastAPI:
    """The service of `TWIN_*` settings: what uvicorn's worker processes call."""
    settings = Settings()
    store = Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s)
    keyring = Keyring(store.keys) if settings.needs_keys else None
    app = create_app(settings, store, keyring=keyring)

    @asynccontextmanager
    async def closing(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=_warm, args=(app.state.registers, app.state.scenes), name="warm", daemon=True).start()
        yield
        if keyring is not None:
            keyring.close()
        store.close()

    app.router.lifespan_context = closing
    return app


def _warm(registers: Registers, scenes: Scenes) -> None:
    """Make ready what every question needs, and spare the garbage collector from going through it at each of its rounds."""
    scenes.warm()
    registers.shelf.warm()
    gc.collect()
    gc.freeze()
