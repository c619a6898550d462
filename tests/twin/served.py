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
    """What `create_app` makes, on the routes of the first: FastAPI would work out all 150 anew at each app's first request, 0.2 s."""
    app = create_app(settings, store, **options)
    if not known:
        known.append(app.router)
    app.router = known[0]
    return app
