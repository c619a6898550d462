"""`twin serve`."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.listening import WAITING, listen, raise_file_limit
from twin.cli.live import be_bus, be_gateway, be_hub, be_snapshots
from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command
from twin.cli.simulate import be_simulation
from twin.cli.workers import Workers
from twin.errors import Refused

if TYPE_CHECKING:
    import socket

    from twin.api.prepared import Prepared
    from twin.queries.sight.holder import Keeper
    from twin.settings import Settings
    from twin.store import Store

__all__ = ["announced", "serve"]

LAST_WORDS_S = 3
"""How long answers that do not end (events, watchers) are waited for when a worker is told to stop."""
MOST_MESSAGE = 2**16
"""Bytes of a message of a watcher of /live; a longer one ends its connection (1009) before it is held."""
OF_ALL = ("twin.queries.live.service", "twin.queries.live.snapshots", "twin.queries.live.gateway")
OF_WORKERS = "twin.api.app"
MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(2**20)}
"""glibc's: an arena a thread would keep what forty threads once needed, and arrays of megabytes would leave holes when they go."""


@command
def serve(
    host: Annotated[str | None, typer.Option(help="address; any but a loopback one needs keys")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 takes a free one", min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="processes", min=1)] = None,
    proxy_headers: Annotated[
        str | None, typer.Option(help="ADDRESS[,ADDRESS] of TLS proxies whose X-Forwarded-… are believed; needs keys on any host")
    ] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Serve the page, the tiles and the APIs: on 127.0.0.1 as the local administrator, elsewhere to who has a key."""
    return announced(host, port, workers, proxies=proxy_headers, as_json=as_json)


def announced(
    host: str | None,
    port: int | None,
    workers: int | None,
    *,
    proxies: str | None = None,
    as_json: bool,
    after: Outcome | None = None,
    lives: bool = False,
) -> Outcome:
    """Bind, and go on serving once the outcome, with the address in it, is printed; `after` is what was done before, `lives` has the
    demo's compound simulated.

    Refused (`HOST_NEEDS_KEYS`, `PORT_TAKEN`) before anything is served.
    """
    from twin.settings import Settings

    settings = Settings()
    given = {"host": host, "port": port, "workers": workers, "proxy_addresses": proxies}
    settings = Settings(**settings.model_dump() | {name: value for name, value in given.items() if value is not None})
    with opened() as (_, store):
        if settings.needs_keys:
            _require_key(store, settings)
        listening = listen(settings.host, settings.port)
    number = listening.getsockname()[1]
    url = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{number}/"
    done = after or Outcome(document={}, words="")

    def run() -> None:
        if not as_json:
            sys.stderr.write(f"\n  屏山孪生  {url}\n\n")
            sys.stderr.flush()
        _run(settings, listening, lives=lives)

    return replace(done, document={**done.document, "url": url, "pid": os.getpid()}, then=run)


def _require_key(store: Store, settings: Settings) -> None:
    from datetime import UTC, datetime

    if not store.keys.any_live(now=datetime.now(UTC)):
        where = "behind a proxy" if settings.proxy_addresses else f"on {settings.host}, which is not a loopback address,"
        raise Refused(
            f"whoever asks {where} needs a key, and there is none",
            code="HOST_NEEDS_KEYS",
            path=settings.host,
            hint="twin key add NAME --role administrator; or serve on 127.0.0.1 and reach it with ssh -L 8000:127.0.0.1:8000 HOST",
        )


def _run(settings: Settings, listening: socket.socket, *, lives: bool = False) -> None:
    """The processes of a service: who holds the scene, the hub, snapshots, the gateway, the workers; one that ends is started again."""
    from twin.queries.sight.holder import SOCKET, Keeper

    os.environ |= {"TWIN_HOME": str(settings.home), "TWIN_HOST": settings.host, "TWIN_PROXY_ADDRESSES": settings.proxy_addresses}
    for name, value in MALLOC.items():
        os.environ.setdefault(name, value)
    raise_file_limit()
    keeper = Keeper()
    os.environ[SOCKET] = str(keeper.path)
    workers = Workers()
    workers.start(lambda: _keep(keeper), "scene")
    _start_others(workers, settings, listening, lives=lives)
    workers.watch()


def _start_others(workers: Workers, settings: Settings, listening: socket.socket, *, lives: bool) -> None:
    """All but the first, each once what it shares is imported; none any more once told to stop."""
    if not workers.prepare(lambda: _import(*OF_ALL)):
        return
    workers.start(lambda: be_hub(settings), "hub")
    if settings.bus_url:
        workers.start(lambda: be_bus(settings), "bus")
    workers.start(lambda: be_snapshots(settings), "snapshots")
    if settings.gateway_port >= 0:
        workers.start(lambda: be_gateway(settings), "gateway")
    if lives:
        workers.start(lambda: be_simulation(settings), "simulation")
    if settings.workers > 1:
        _start_prepared(workers, settings, listening)
    elif workers.prepare(lambda: _import(OF_WORKERS)):
        workers.start(lambda: _serve(settings, listening, _app_of_environment))


def _import(*names: str) -> bool:
    """Import what processes to be forked would import each for itself, and again each time one is started again.

    The collector rests meanwhile: nothing that is imported goes, and looking for it took a sixth of the time.
    """
    gc.disable()
    for name in names:
        import_module(name)
    gc.freeze()
    gc.enable()
    return True


def _app_of_environment() -> Any:
    from twin.api.app import app_from_environment

    return app_from_environment()


def _start_prepared(workers: Workers, settings: Settings, listening: socket.socket) -> None:
    """The others first: each is another process than this, which must have no thread, and they need none of what is made ready.

    Of a large store the first workers answer what they can while this process reads the rest; then they give way to others, who share it.
    """
    found = workers.prepare(lambda: _made_ready(settings))
    if found is None:
        return
    from twin.api.app import app_of_worker

    prepared, more = found
    first = [
        workers.start(lambda: _serve(settings, listening, lambda: app_of_worker(prepared, warm=not more))) for _ in range(settings.workers)
    ]
    if more:
        whole = all(not workers.is_told() for _ in prepared.complete())
        more = not whole
        if whole:
            workers.renew(first)


def _made_ready(settings: Settings) -> tuple[Prepared, bool]:
    """What workers share, and whether there is more to read."""
    _import(OF_WORKERS)
    from twin.api.prepared import Prepared
    from twin.store import Store

    prepared = Prepared.of(settings, Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s))
    return prepared, prepared.make_ready()


def _keep(keeper: Keeper) -> None:
    """Keep the process that holds the scene, until SIGTERM."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    signal.signal(signal.SIGINT, lambda *_: told.set())
    keeper.start()
    told.wait()
    keeper.stop()


def _serve(settings: Settings, listening: socket.socket, application: Callable[[], Any]) -> None:
    import uvicorn

    from twin.api.connections import Bounded, most_connections

    config = uvicorn.Config(
        application,
        factory=True,
        fd=listening.fileno(),
        http=Bounded.of(most_connections(settings)),
        ws_per_message_deflate=False,
        ws_max_size=MOST_MESSAGE,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(settings.proxy_addresses),
        forwarded_allow_ips=settings.proxy_addresses,
        backlog=1,
        timeout_graceful_shutdown=LAST_WORDS_S,
    )

    class OneAtATime(uvicorn.Server):
        """Takes one connection at a time (asyncio takes `backlog` of them) from the queue that workers share, so that none takes all."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            for one in sockets or ():
                one.listen(WAITING)

    OneAtATime(config).run(sockets=[listening])
