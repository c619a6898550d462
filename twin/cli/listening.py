"""The socket a service listens at, and how many files its processes may open."""

from __future__ import annotations

import resource
import socket
import sys

from twin.errors import Refused

__all__ = ["WAITING", "listen", "raise_file_limit"]

WAITING = 2048
"""Connections that may wait to be taken."""
UNREAD_S = 60
"""How long the system waits for a peer that takes nothing of what was written to it, or is gone."""
MOST_FILES = 65_536


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address, which processes forked later share; connections taken at it end where nobody takes what is written to them.

    Raises Refused (`PORT_TAKEN`).
    """
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":  # tcp(7), RFC 5482: every connection taken at the socket has them too
        for option, value in (
            (socket.TCP_KEEPIDLE, UNREAD_S),
            (socket.TCP_KEEPINTVL, UNREAD_S // 4),
            (socket.TCP_USER_TIMEOUT, UNREAD_S * 1000),
        ):
            listening.setsockopt(socket.IPPROTO_TCP, option, value)
    try:
        listening.bind((host, port))
        listening.listen(WAITING)
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


def raise_file_limit() -> None:
    """Let this process, and those it forks, open as many files as the system lets it, at most `MOST_FILES`; many begin with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
