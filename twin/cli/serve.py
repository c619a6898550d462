"""`twin serve`."""

import ipaddress
import os
import socket
from typing import Annotated

import typer
import uvicorn

from twin.cli.opened import opened
from twin.cli.output import stderr
from twin.settings import Settings

__all__ = ["run_service", "serve"]


def serve(
    host: Annotated[str | None, typer.Option(help="address; any but a loopback one needs keys")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 takes a free one")] = None,
    workers: Annotated[int | None, typer.Option(help="processes")] = None,
) -> None:
    """Serve the page, the tiles and the APIs; on 127.0.0.1 as the local administrator."""
    run_service(host, port, workers)


def run_service(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve until stopped; prints the address once it is bound."""
    settings = Settings()
    address = host or settings.host
    if not _is_loopback(address):
        stderr.print(f"refused HOST_NEEDS_KEYS: {address} is not a loopback address, and there are no keys yet", markup=False)
        stderr.print("  → serve on 127.0.0.1 behind a proxy that authenticates, or wait for `twin key add`", markup=False)
        raise typer.Exit(1)
    with opened():
        pass
    listening = _listen(address, settings.port if port is None else port)
    number = listening.getsockname()[1]
    stderr.print(f"\n  屏山孪生  http://{address}:{number}/\n", markup=False)
    os.environ["TWIN_HOME"] = str(settings.home)
    config = uvicorn.Config(
        "twin.api.app:app_from_environment",
        factory=True,
        workers=workers or settings.workers,
        fd=listening.fileno(),
        ws_per_message_deflate=False,
        log_level="warning",
        server_header=False,
    )
    if config.workers > 1:
        from uvicorn.supervisors import Multiprocess

        Multiprocess(config, [listening]).run()
    else:
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        stderr.print(f"refused PORT_TAKEN: {host}:{port} cannot be bound ({error.strerror})", markup=False)
        stderr.print("  → another --port, or --port 0 for a free one", markup=False)
        raise typer.Exit(1) from error
    listening.listen(2048)
    listening.set_inheritable(True)
    return listening


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
