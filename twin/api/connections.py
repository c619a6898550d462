"""Connections as a worker takes them: so many at once, the head of a request so long, and each request without long pauses.

uvicorn bounds none of the three: whoever sends a letter a minute, or a head without end, would hold a connection and memory for ever.
What takes nothing of its answer is ended by the system (`twin.cli.listening`). uvicorn itself ends what idles between two requests (5 s)
and what does not answer a ping of `/live` (40 s).
"""

import asyncio
import logging
import resource
from typing import Any, Self

from fastapi import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from twin.api.middleware import POLICY
from twin.api.problems import problem
from twin.settings import Settings

__all__ = ["Bounded", "most_connections"]

PATIENCE_S = 20.0
"""Within each of these a request must end, or bring `LEAST_BYTES`."""
LEAST_BYTES = 16 * 2**10
MOST_HEAD = 64 * 2**10
"""Bytes in a row that are no body: a head, or what may follow the parts of a body (RFC 9112, 7.1)."""
USUAL = 8_000
SPARE_FILES = 512
"""Files that a worker opens beside its connections: 48 connections to the records have three each."""
LINGER_S, LINGERING = 2.0, 100
"""How long one that was refused may go on sending, unread, before it is hung up on; and how many beyond the bound may."""
RETRY_S = 15
LOGGED_EVERY_S = 60.0
log = logging.getLogger(__name__)


def most_connections(settings: Settings) -> int:
    """How many a worker holds at once: as set, but never so many that it could not open its files any more."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = USUAL if files == resource.RLIM_INFINITY else max(files - SPARE_FILES, files // 2)
    return min(settings.connections or USUAL, room)


class Bounded(HttpToolsProtocol):
    """One connection. Who is refused gets a problem (RFC 9457) and is hung up on; who said nothing is only hung up on."""

    most = USUAL
    logged_s = -LOGGED_EVERY_S

    @classmethod
    def of(cls, most: int) -> type[Self]:
        """The protocol of a worker that holds at most so many connections."""
        return type(cls.__name__, (cls,), {"most": most})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._came = 0
        self._bare = 0
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self._note()
            self._refuse(503, "CONNECTIONS_MANY", f"{self.most:,} connections are open in this worker", f"try again in {RETRY_S} s")
        else:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._refused or self.transport.is_closing():
            return
        if self._timer is None:
            self._expect()
        self._came += len(data)
        self._bare += len(data)
        super().data_received(data)
        if self._bare > MOST_HEAD and not self.transport.is_closing():
            self._refuse(431, "REQUEST_HEAD_LARGE", f"more than {MOST_HEAD:,} bytes that are no body", "a shorter address, fewer headers")

    def handle_websocket_upgrade(self) -> None:
        """From here on the connection is another protocol's."""
        self._rest()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """A request begins, perhaps behind another."""
        super().on_message_begin()
        self._bare = 0
        if self._timer is None:
            self._expect()

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._bare = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request has come whole."""
        super().on_message_complete()
        self._bare = 0
        self._rest()

    def _expect(self) -> None:
        self._came = 0
        self._timer = self.loop.call_later(PATIENCE_S, self._look)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Whether enough came meanwhile; what is not read because it is not asked for is no fault of who sends it."""
        said = self._bare > 0 or self._came > 0 or (self.cycle is not None and not self.cycle.response_complete)
        if self._came >= LEAST_BYTES or self.flow.read_paused:
            self._expect()
        elif said:
            self._refuse(408, "REQUEST_SLOW", f"less than {LEAST_BYTES:,} bytes of a request in {PATIENCE_S:g} s", "send it without pauses")
        else:
            self._rest()
            self.transport.close()

    def _refuse(self, status: int, code: str, detail: str, hint: str) -> None:
        """Say why, unless an answer is on its way already, and hang up: a little later, because what is closed with bytes unread is reset,
        and who is reset may never read why."""
        self._rest()
        self._refused = True
        asked = None if self.cycle is None or self.cycle.response_complete else self.cycle
        if len(self.connections) > self.most + LINGERING or (asked is not None and asked.response_started):
            self.transport.close()
            return
        if asked is not None:
            asked.disconnected = True
            asked.message_event.set()
        again = {"Retry-After": str(RETRY_S)} if status == 503 else {}
        answer = problem(_NOWHERE, status, code, detail, hint, headers={**POLICY, "Connection": "close", **again})
        head = b"".join(b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *answer.raw_headers))
        self.transport.write(STATUS_LINE[status] + head + b"\r\n" + bytes(answer.body))
        self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER_S, self.transport.close)

    def _note(self) -> None:
        """A line in the log now and then."""
        kind, now_s = type(self), self.loop.time()
        if now_s - kind.logged_s >= LOGGED_EVERY_S:
            kind.logged_s = now_s
            log.warning("CONNECTIONS_MANY: %d connections are open; more are refused", self.most)


_NOWHERE = Request({"type": "http", "method": "GET", "path": "/", "root_path": "", "query_string": b"", "headers": [], "server": None})
"""Who is refused before a request has come asked for nothing yet."""
