"""The service as tests ask it: many apps, one after another, in one process."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRouter

from twin.api import create_app
from twin.settings import Settings
from twin.store import Store

__all__ = ["service"]

known: list[APIRouter] = []


def service(settings: Settings, store: Store, **options: Any) -> FastAPI:
    """What `create_app` makes, on the routes of the first: FastAPI would work out all 150 anew at each app's first request, 0.2 s.

    What an app runs while it is served is its own: `app.state.lifespan`, not the lifespan of the routes all of them have.
    """
    app = create_app(settings, store, **options)
    if not known:
        usual = app.router.lifespan_context
        app.router.lifespan_context = lambda served: getattr(served.state, "lifespan", usual)(served)
        known.append(app.router)
    app.router = known[0]
    return app
