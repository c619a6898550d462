"""/events: what happens, as server-sent events: replayed after an id, then live."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any

from fastapi import Header, Query, Request
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.router import Router
from twin.api.watchers import Watchers
from twin.auth import Action, Principal, allows
from twin.errors import Invalid, TwinError
from twin.incidents.event import GAP, Event
from twin.incidents.events import EventLog
from twin.incidents.stream import EventStream, Followed
from twin.queries.incidents import Knowing

__all__ = ["router"]

router = Router(tags=["incidents"], responses=NOT_FOUND)
Watcher = Annotated[Principal, allowed(Action.READ_LIVE)]
TYPE = re.compile(r"(pingshan\.)?[a-z_]{1,40}")
HEARTBEAT_S = 15.0
RETRY_MS = 2000
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class ServerSentEvents(StreamingResponse):
    """A stream of events (WHATWG HTML, 9.2), which has its place among those who watch for as long as it is sent. Raises as the place."""

    media_type = "text/event-stream"
    place: AbstractContextManager[None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        with self.place:
            await super().__call__(scope, receive, send)


@router.get("/events", summary=bilingual("事件流", "events as they happen (SSE)"), response_class=ServerSentEvents)
async def read_events(
    request: Request,
    principal: Watcher,
    since: Annotated[int | None, Query(ge=0, le=2**62, description=bilingual("从此编号之后", "after this id"))] = None,
    types: Annotated[str | None, Query(max_length=400, description=bilingual("类型,逗号分隔", "types, by commas"))] = None,
    live: Annotated[bool, Query(description=bilingual("随后持续发送", "go on as they happen"))] = True,
    last_event_id: Annotated[
        str | None, Header(max_length=40, description=bilingual("断线前最后的编号", "the id it broke off after"))
    ] = None,
) -> Response:
    """`id` 编号,`event` 类型,`data` 为 CloudEvents;已不保存的以 pingshan.gap 告知。What is no longer kept is told as a gap."""
    after, wanted = _after(since, last_event_id), _types(types)
    log: EventLog = request.app.state.events
    newest = await run_in_threadpool(log.last_id)
    if request.scope.get("twin.head"):
        return Response(headers=HEADERS, media_type=ServerSentEvents.media_type)
    stream: EventStream = request.app.state.event_stream
    rights = _Rights(request, principal)
    wait_s = getattr(request.app.state, "heartbeat_s", HEARTBEAT_S)
    followed = stream.follow(newest if after is None else after, rights, types=wanted, wait_s=wait_s, live=live)
    watchers: Watchers = request.app.state.watchers
    answer = ServerSentEvents(_frames(followed, stream), headers=HEADERS)
    answer.place = watchers.place(principal)
    return answer


class _Rights:
    """What whoever asked may know of now: their key is looked at again for each piece, so that one that was taken away ends the stream."""

    def __init__(self, request: Request, principal: Principal) -> None:
        self._request, self._principal = request, principal

    def __call__(self) -> Callable[[Event], bool]:
        state = self._request.app.state
        now: Principal = state.principal_of(self._request)
        if now.name != self._principal.name or not allows(now, Action.READ_LIVE):
            raise _Gone
        knowing: Knowing = state.knowing
        return knowing.events_of(now)


class _Gone(Exception):
    """The key is no longer what it was."""


async def _frames(followed: AsyncIterator[Followed], stream: EventStream) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    try:
        async for piece in followed:
            if piece.gap is not None:
                yield _frame(None, GAP, {"from": piece.gap[0], "to": piece.gap[1]})
            if piece.events:
                yield b"".join(stream.frame(event, _encoded) for event in piece.events)
            if piece.gap is None and not piece.events:
                yield b": \n\n"
    except (_Gone, TwinError):
        yield b": the stream ends here\n\n"


def _encoded(event: Event) -> bytes:
    return _frame(event.id, event.type, event.to_json())


def _frame(number: int | None, kind: str, data: Any) -> bytes:
    head = b"" if number is None else b"id: %d\n" % number
    return head + b"event: " + kind.encode() + b"\ndata: " + to_json(data) + b"\n\n"


def _after(since: int | None, last_event_id: str | None) -> int | None:
    """`Last-Event-ID` is of the later moment: a browser sends it when it comes back to the address it began with."""
    if last_event_id is None or not last_event_id.strip():
        return since
    said = last_event_id.strip()
    if not (said.isascii() and said.isdecimal() and len(said) < 19):
        raise Invalid(f"{said!r} is no id of an event", path="Last-Event-ID", code="PARAMETER_INVALID")
    return int(said)


def _types(said: str | None) -> frozenset[str] | None:
    if said is None:
        return None
    names = [name.strip() for name in said.split(",")]
    if not all(TYPE.fullmatch(name) for name in names):
        raise Invalid(f"types={said}", path="types", code="PARAMETER_INVALID", hint="pingshan.incident,pingshan.passage")
    return frozenset(name if name.startswith("pingshan.") else f"pingshan.{name}" for name in names)
