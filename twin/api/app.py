"""The application: store, settings and principal in, an ASGI app out. Nothing is opened on import."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from twin import __version__
from twin.api import features, page, sites, tilesets
from twin.api.gate import PrincipalOf
from twin.api.problems import install_problem_handlers
from twin.auth import local_administrator
from twin.settings import Settings
from twin.store import Store

__all__ = ["CONTENT_POLICY", "app_from_environment", "create_app"]

CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]


def create_app(settings: Settings, store: Store, *, principal_of: PrincipalOf | None = None) -> FastAPI:
    """The service over an open store; without `principal_of` each request is the local administrator's (127.0.0.1 only)."""
    app = FastAPI(
        title="屏山孪生 Pingshan Twin",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.settings = settings
    app.state.store = store
    app.state.principal_of = principal_of or (lambda request: local_administrator())
    install_problem_handlers(app)
    for router in (sites.router, features.router, tilesets.router, page.router):
        app.include_router(router)
    app.middleware("http")(_add_headers)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    if principal_of is None:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_HOSTS)
    return app


def app_from_environment() -> FastAPI:
    """The service of `TWIN_*` settings: what uvicorn's worker processes call."""
    settings = Settings()
    store = Store.open(settings.database_url)
    app = create_app(settings, store)

    @asynccontextmanager
    async def closing(_: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app.router.lifespan_context = closing
    return app


async def _add_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
