"""/live: what moves, as frames over a WebSocket, and the same as documents for who asks once."""

import asyncio
import itertools
import json
import math
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Annotated, Any, Literal

from fastapi import Query, Request, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketState

from twin.api.body import parse_json
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed, allowed_socket, principal_of_socket
from twin.api.live_documents import InsideDocument, PositionsDocument, StatesDocument
from twin.api.registers import registers_of
from twin.api.router import Router
from twin.api.watchers import Watchers
from twin.auth import Action, Principal, Protected, allows, authorise
from twin.codes import live_problem_words, problem_words
from twin.errors import Forbidden, Invalid, NotReady, TwinError, Unauthenticated, status_of
from twin.queries.items.box import parse_box
from twin.queries.live.feed import Asked, Basis, Box, Feed, view_of
from twin.queries.live.inside import inside_told
from twin.queries.live.told import name_roads, positions_told, states_told
from twin.queries.live.visible import Permitted
from twin.queries.live.watching import Live
from twin.queries.live.who import with_who
from twin.queries.records.context import reader_of
from twin.store import Store

__all__ = ["box_of_site", "live_of", "permitted_of", "router"]

router = Router(tags=["live"], responses=NOT_FOUND)
Watcher = Annotated[Principal, allowed(Action.READ_LIVE)]
SocketWatcher = Annotated[Principal, allowed_socket(Action.READ_LIVE)]
FULL_EVERY = 150
"""Ticks between full frames: 30 s; the second one comes sooner, each watcher's at another tick: all at once would hold up all."""
_turns = itertools.count()
MOST_TEXT = 10_000
WHO_EVERY = 10
"""Ticks after which it is asked again who watches: 2 s."""
TRY_AGAIN_LATER = 1013
"""Of the registry of RFC 6455, 11.7."""
METRES_A_DEGREE = 111_000.0
NOWHERE: Box = (0.0, 91.0, 0.0, 91.0)
BoxOf = Annotated[str | None, Query(max_length=200, description=bilingual("西,南,东,北(度)", "west,south,east,north in degrees"))]
KindOf = Annotated[list[str] | None, Query(max_length=50, description=bilingual("类别,可多个", "kinds, may be several"))]
Limit = Annotated[int, Query(ge=1, le=10_000, description=bilingual("每页", "a page"))]
SiteOf = Annotated[str | None, Query(max_length=100, description=bilingual("大院", "site"))]
After = Annotated[str | None, Query(max_length=300, description=bilingual("自此标识之后", "ids after this one"))]


def live_of(request: Request | WebSocket) -> Live:
    """What this worker holds of the hub. Raises NotReady where there is no hub."""
    live: Live | None = request.app.state.live
    if live is None or not live.replica.is_current:
        raise NotReady("no hub tells what is live", code="HUB_ABSENT", hint="twin serve starts one")
    return live


async def permitted_of(live: Live, principal: Principal) -> Permitted:
    """What the principal may know of, without holding up the loop."""
    known = live.visible.at_hand(principal)
    return known if known is not None else await run_in_threadpool(live.visible.of, principal)


@router.get("/live/positions", summary=bilingual("此刻各移动物的位置", "where what moves is now"), response_model=PositionsDocument)
async def read_positions(
    request: Request,
    principal: Watcher,
    site: SiteOf = None,
    bbox: BoxOf = None,
    kind: KindOf = None,
    after: After = None,
    limit: Limit = 1000,
) -> dict[str, Any]:
    """推算与原始位置、精度、时刻、静默时长与所在处。Derived and raw positions, accuracy, times, silence, and the places they are in."""
    live = live_of(request)
    box = _box(bbox)
    if site is not None:
        around = await run_in_threadpool(box_of_site, request.app.state.store, principal, site)
        box = around if box is None else _both(box, around)
    asked = Asked(kinds=None if kind is None else frozenset(kind), box=box)
    told = positions_told(live.replica.state, await permitted_of(live, principal), asked, now_us=live.now_us(), after=after, limit=limit)
    await run_in_threadpool(name_roads, request.app.state.scenes, told["positions"])
    return told


@router.get("/live/states", summary=bilingual("此刻各固定设备的状态", "states of what stands still now"), response_model=StatesDocument)
async def read_states(
    request: Request, principal: Watcher, site: SiteOf = None, kind: KindOf = None, after: After = None, limit: Limit = 1000
) -> dict[str, Any]:
    """出入口、门、周界、消防、计量;给出大院则含从未上报者。All that reports and stands still; of a site also what said nothing yet."""
    live = live_of(request)
    permitted = await permitted_of(live, principal)
    kinds = None if kind is None else frozenset(kind)
    standing = None
    if site is not None:
        authorise(principal, Action.READ_SITE, Protected(site=site, path=site))
        _, standing = await run_in_threadpool(request.app.state.standing.of, site)
    return states_told(live.replica.state, permitted, kinds, standing, now_us=live.now_us(), after=after, limit=limit)


@router.get("/live/inside", summary=bilingual("此刻在内的车与人", "who is inside now"), response_model=InsideDocument)
async def read_inside(
    request: Request,
    principal: Watcher,
    site: Annotated[str, Query(max_length=100, description=bilingual("大院", "site"))],
    kind: Annotated[Literal["vehicle", "person"], Query(description=bilingual("车或人", "vehicles or persons"))] = "vehicle",
    building: Annotated[str | None, Query(max_length=300, description=bilingual("楼栋,缺省为全院", "a building; else the site"))] = None,
    after: After = None,
    limit: Limit = 1000,
) -> dict[str, Any]:
    """按出入口与门禁通行推算;补报会更正。By passages of gates and doors; derived again when one comes late."""
    live = live_of(request)
    authorise(principal, Action.READ_SITE, Protected(site=site, path=site))
    if kind == "person":
        authorise(principal, Action.READ_PERSON, Protected(site=site, path=site))
    permitted = await permitted_of(live, principal)
    told = inside_told(live.replica, permitted, site, building, kind, now_us=live.now_us(), after=after, limit=limit)
    reader = reader_of(principal) if allows(principal, Action.READ_RECORD) else None
    await run_in_threadpool(with_who, registers_of(request), reader, kind, told["inside"])
    return told


@router.websocket("/live")
async def watch(socket: WebSocket, principal: SocketWatcher) -> None:
    """Frames as docs/live.md says, until the other side closes; whoever is one too many is told so."""
    watchers: Watchers = socket.app.state.watchers
    watching = _Watching(socket, principal)
    with ExitStack() as held:
        await socket.accept()
        try:
            try:
                held.enter_context(watchers.place(principal))
            except TwinError as error:
                await watching.refuse(error)
            else:
                await watching.run()
        except (WebSocketDisconnect, RuntimeError):
            if WebSocketState.DISCONNECTED not in (socket.client_state, socket.application_state):
                raise


class _Watching:
    """One watcher: what it asked for, and how far it is."""

    def __init__(self, socket: WebSocket, principal: Principal) -> None:
        self._socket = socket
        self._principal = principal
        self._live: Live | None = socket.app.state.live
        self._asked: Asked | None = None
        self._basis: Basis | None = None
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Listen and tell until one of both ends."""
        listening = asyncio.create_task(self.listen())
        try:
            await self.tell(listening)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await listening

    async def refuse(self, error: TwinError) -> None:
        """Say why, and end: a browser is shown neither the status nor the body of a handshake that failed."""
        await self._say(error.message, problem_words(status_of(error), error.code).words, error.hint)
        await self._socket.close(code=TRY_AGAIN_LATER, reason=error.code)

    async def listen(self) -> None:
        """Take what the watcher says, until it leaves. What is not understood is answered; nothing of it ends the connection."""
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            try:
                said = _subscribed(message.get("text"))
                self._asked, self._basis = await run_in_threadpool(view_of, said, self._box_of), None
            except ValueError as error:
                await self._problem("not_understood", str(error))

    async def tell(self, listening: asyncio.Task[None]) -> None:
        """Send what changed at each tick, as fast as the watcher reads, for as long as it may watch."""
        due, trouble, whose = 0, "", 0
        first = True
        while not listening.done():
            live = self._live
            if live is None:
                await self._problem("no_hub", "nothing tells what is live here")
                return
            await live.ticked()
            try:
                if live.ticks >= whose:
                    self._principal, whose = await self._who(), live.ticks + WHO_EVERY
                permitted = await permitted_of(live, self._principal)
            except (Unauthenticated, Forbidden) as error:
                await self._socket.close(code=1008, reason=error.code)
                return
            except TwinError as error:
                trouble = await self._waits(trouble, "rights_unknown", f"{error.message}; {error.hint}")
                continue
            asked = self._asked
            if asked is None:
                continue
            if not live.replica.is_current:
                trouble = await self._waits(trouble, "hub_away", "what is shown is old; it comes back by itself")
                continue
            trouble = ""
            basis = self._basis
            whole = basis is None or live.ticks >= due
            if whole:
                due = live.ticks + (1 + next(_turns) * 61 % FULL_EVERY if first else FULL_EVERY)
                first = False
            await self._send(live.feed, basis, permitted, asked, whole=whole)

    async def _who(self) -> Principal:
        """Who watches, now. Raises Unauthenticated, Forbidden where it is nobody who may, any more."""
        principal = await principal_of_socket(self._socket)
        authorise(principal, Action.READ_LIVE, None)
        return principal

    async def _send(self, feed: Feed, basis: Basis | None, permitted: Permitted, asked: Asked, *, whole: bool) -> None:
        told = feed.full(permitted, asked) if whole or basis is None else feed.since(basis, permitted, asked)
        async with self._lock:
            for text in told.texts:
                await self._socket.send_text(text)
            if told.frame is not None:
                await self._socket.send_bytes(told.frame)
        if self._asked is asked:
            self._basis = told.basis

    def _box_of(self, code: str) -> Box:
        try:
            return box_of_site(self._socket.app.state.store, self._principal, code)
        except TwinError as error:
            raise ValueError(error.message) from None

    async def _waits(self, told: str, name: str, detail: str) -> str:
        """Say once that nothing is told, and why; the name of what was told."""
        if name != told:
            await self._problem(name, detail)
        return name

    async def _problem(self, name: str, detail: str) -> None:
        words = live_problem_words(name)
        await self._say(words["en"], words, detail)

    async def _say(self, title: str, words: Mapping[str, str], detail: str) -> None:
        said = {"type": "problem", "title": title, "words": dict(words), "detail": detail}
        async with self._lock:
            await self._socket.send_text(json.dumps(said, ensure_ascii=False))


def _subscribed(text: str | None) -> Any:
    """What a message of a watcher subscribes to. Raises ValueError, in words, where it is none."""
    if text is None:
        raise ValueError("a message is text, not bytes")
    if len(text) > MOST_TEXT:
        raise ValueError("a message has at most 10,000 characters")
    try:
        said = parse_json(text.encode())
    except Invalid as error:
        raise ValueError(error.message) from None
    if not isinstance(said, dict) or said.keys() != {"subscribe"}:
        raise ValueError('a message is {"subscribe": {…}}')
    return said["subscribe"]


def box_of_site(store: Store, principal: Principal, code: str) -> Box:
    """The box around the radius of a site within the scope of the reader. Raises Forbidden, SiteUnknown."""
    authorise(principal, Action.READ_SITE, Protected(site=code, path=code))
    site = store.get_site(code)
    north = site.radius_m / METRES_A_DEGREE
    east = north / max(math.cos(math.radians(site.lat)), 0.01)
    return site.lon - east, site.lat - north, site.lon + east, site.lat + north


def _both(box: Box, other: Box) -> Box:
    """What lies in both; a box that crosses the antimeridian meets a site on one side of it as if it did not end there."""
    west = other[0] if box[0] > box[2] else max(box[0], other[0])
    east = other[2] if box[0] > box[2] else min(box[2], other[2])
    if west > east or max(box[1], other[1]) > min(box[3], other[3]):
        return NOWHERE
    return west, max(box[1], other[1]), east, min(box[3], other[3])


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    windows = parse_box(text).windows
    if windows[0].low_m is not None:
        raise Invalid("a box of four numbers: positions are asked for on the ground", path="bbox", code="PARAMETER_INVALID")
    return windows[0].west, windows[0].south, windows[-1].east, windows[-1].north
