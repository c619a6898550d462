"""`twin serve`."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command
from twin.errors import Refused

if TYPE_CHECKING:
    from twin.settings import Settings

__all__ = ["announced", "serve"]

APPLICATION = "twin.api.app:app_from_environment"


@command
def serve(
    host: Annotated[str | None, typer.Option(help="address; any but a loopback one needs keys")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 takes a free one", min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="processes", min=1)] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Serve the page, the tiles and the APIs; on 127.0.0.1 as the local administrator."""
    return announced(host, port, workers, as_json=as_json)


def announced(host: str | None, port: int | None, workers: int | None, *, as_json: bool, after: Outcome | None = None) -> Outcome:
    """Bind, and go on serving once the outcome, with the address in it, is printed; `after` is what was done before.

    Refused (`HOST_NEEDS_KEYS`, `PORT_TAKEN`) before anything is served.
    """
    from twin.settings import Settings

    settings = Settings()
    address = host or settings.host
    if not _is_loopback(address):
        raise Refused(
            f"{address} is not a loopback address, and there are no keys yet",
            code="HOST_NEEDS_KEYS",
            path=address,
            hint="serve on 127.0.0.1; from another machine: ssh -L 8000:127.0.0.1:8000 HOST",
        )
    with opened():
        listening = _listen(address, settings.port if port is None else port)
    number = listening.getsockname()[1]
    url = f"http://{f'[{address}]' if ':' in address else address}:{number}/"
    done = after or Outcome(document={}, words="")

    def run() -> None:
        if not as_json:
            sys.stderr.write(f"\n  屏山孪生  {url}\n\n")
            sys.stderr.flush()
        _run(settings, listening, workers or settings.workers)

    return replace(done, document={**done.document, "url": url, "pid": os.getpid()}, then=run)


def _run(settings: Settings, listening: socket.socket, workers: int) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    os.environ["TWIN_HOME"] = str(settings.home)
    config = uvicorn.Config(
        APPLICATION,
        factory=True,
        workers=workers,
        fd=listening.fileno(),
        ws_per_message_deflate=False,
        log_level="warning",
        server_header=False,
    )
    if workers > 1:
        Multiprocess(config, [listening]).run()
    else:
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise Refused(
            f"{host}:{port} cannot be bound ({error.strerror})",
            code="PORT_TAKEN",
            path=f"{host}:{port}",
            hint="take another --port, or --port 0 for a free one",
        ) from error
    listening.set_inheritable(True)
    return listening


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
