"""Asking the process that holds the scene, from any thread; connections are kept and made anew where the process is another."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twin.auth import Labels
from twin.errors import NotReady, TwinError, error_of
from twin.queries.sight.holder.wire import MOST_ANSWER, WireBroken, is_readable, read_frame, write_frame

__all__ = ["HolderClient", "NoSight"]

CONNECT_S = 2.0
POLL_S = 0.2
SLOW_S = 600.0
KEPT = 32


class NoSight:
    """Stands where nobody can answer, and says why."""

    def __init__(self, error: TwinError) -> None:
        self._error = error

    def ask(self, what: str, site: str, labels: Labels, question: Mapping[str, Any], *, gone: Callable[[], bool] = lambda: False) -> bytes:
        """Raise the reason."""
        raise self._error


class HolderClient:
    """The holder behind a socket; a question to one that has just died or been replaced is asked once more of the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()

    def ask(self, what: str, site: str, labels: Labels, question: Mapping[str, Any], *, gone: Callable[[], bool] = lambda: False) -> bytes:
        """See `Sight`; closing the connection, which `gone` leads to, is what takes a question back."""
        named = None if labels is None else sorted(labels)
        frame = json.dumps({"what": what, "site": site, "labels": named, "question": question}).encode()
        kept = self._kept()
        if kept is not None:
            try:
                return self._asked(kept, frame, gone)
            except OSError:
                kept.close()
        connection = self._new()
        try:
            return self._asked(connection, frame, gone)
        except OSError:
            connection.close()
            raise NotReady("the process that holds the scene ended while it answered; another is started") from None

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _kept(self) -> socket.socket | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _new(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_S)
        try:
            connection.connect(str(self._path))
        except OSError:
            connection.close()
            raise NotReady("the process that holds the scene is being started") from None
        connection.settimeout(SLOW_S)
        return connection

    def _asked(self, connection: socket.socket, frame: bytes, gone: Callable[[], bool]) -> bytes:
        write_frame(connection, frame)
        while not gone():
            if is_readable(connection, POLL_S):
                break
        else:
            connection.close()
            raise NotReady("the question was taken back", code="SIGHT_CANCELLED")
        head = read_frame(connection, MOST_ANSWER)
        if head is None:
            raise WireBroken("it closed instead of answering")
        error = json.loads(head).get("error")
        body = b"" if error else read_frame(connection, MOST_ANSWER)
        if body is None:
            raise WireBroken("it closed within an answer")
        self._put_back(connection)
        if error:
            raise error_of(error)
        return body

    def _put_back(self, connection: socket.socket) -> None:
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append(connection)
                return
        with suppress(OSError):
            connection.close()
