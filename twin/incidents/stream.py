"""Events to those who wait for them: replayed after an id, then as they come, with neither hole nor double, each at its own pace.

Nobody is sent anything: each follower takes from what is at hand, else from the file, after the id it has come to. One that is slow
holds no memory and delays nobody; where the file no longer has what it missed, it is told the gap.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from twin.incidents.event import Event
from twin.incidents.events import EventLog

__all__ = ["EventStream", "Followed", "Rights"]

AT_HAND = 4096
CHUNK = 500


class Rights(Protocol):
    """What a follower may know of, asked anew for each piece: rights change while a stream is open."""

    def __call__(self) -> Callable[[Event], bool]:
        """Whether it may know of an event; called outside of the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """`events` that came, in order; `gap` (first, last) of ids among which some are no longer kept, told before them. Both empty: nothing
    came for a while. `last` is the id it has come to."""

    events: Sequence[Event] = ()
    gap: tuple[int, int] | None = None
    last: int


class EventStream:
    """The events of a file for the followers of one process, in its event loop. `publish` gives it what was committed."""

    def __init__(self, log: EventLog, *, at_hand: int = AT_HAND) -> None:
        self._log = log
        self._recent: deque[Event] = deque(maxlen=at_hand)
        self._came = asyncio.Event()
        self._frames: dict[int, bytes] = {}
        self._at_hand = at_hand
        self.followers = 0

    def frame(self, event: Event, encode: Callable[[Event], bytes]) -> bytes:
        """The event as followers send it, made once for all of them while it is at hand."""
        found = self._frames.get(event.id)
        if found is None:
            while len(self._frames) >= self._at_hand:
                del self._frames[next(iter(self._frames))]
            found = self._frames[event.id] = encode(event)
        return found

    def publish(self, events: Sequence[Event]) -> None:
        """Events with their ids, in order, after their commit. Those that were not told between them are looked for in the file."""
        for event in events:
            if self._recent and event.id <= self._recent[-1].id:
                continue
            if self._recent and event.id != self._recent[-1].id + 1:
                self._recent.clear()
                self._frames.clear()
            self._recent.append(event)
        if events:
            came, self._came = self._came, asyncio.Event()
            came.set()

    def missed(self) -> None:
        """Some may not have been told: whoever follows looks into the file."""
        self._recent.clear()
        came, self._came = self._came, asyncio.Event()
        came.set()

    async def follow(
        self,
        after: int | None,
        rights: Rights,
        *,
        types: Collection[str] | None = None,
        wait_s: float = 15.0,
        pause_s: float = 0.1,
        live: bool = True,
    ) -> AsyncIterator[Followed]:
        """What comes after an id (None: from now on), for as long as it is iterated; without `live` until all that is kept was told.

        After `wait_s` without an event for it an empty one is yielded, and the file is looked into in case what was committed was not
        published. What comes within `pause_s` after a piece is one piece.
        """
        clock = asyncio.get_running_loop().time
        self.followers += 1
        try:
            at = await asyncio.to_thread(self._log.last_id) if after is None else after
            said_s, look = clock(), True
            while True:
                came = self._came
                found, more = await self._take(at, rights, types, look)
                at, look = found.last, False
                if found.events or found.gap is not None:
                    yield found
                    said_s = clock()
                elif clock() - said_s >= 0.99 * wait_s:
                    yield Followed(last=at)
                    said_s = clock()
                if more:
                    continue
                if not live:
                    return
                if found.events:
                    await asyncio.sleep(pause_s)
                try:
                    async with asyncio.timeout(said_s + wait_s - clock()):
                        await came.wait()
                except TimeoutError:
                    look = True
        finally:
            self.followers -= 1

    async def _take(self, after: int, rights: Rights, types: Collection[str] | None, look: bool) -> tuple[Followed, bool]:
        """What comes next, and whether there is more: from what is at hand, unless it must be looked for in the file (`look`)."""
        recent = self._recent
        if not look and recent and recent[0].id - 1 <= after <= recent[-1].id:
            start = after - recent[0].id + 1
            picked = [recent[number] for number in range(start, min(len(recent), start + CHUNK))]
            events, last = await asyncio.to_thread(_chosen, picked, rights, types), picked[-1].id if picked else after
            return Followed(events=events, last=last), start + CHUNK < len(self._recent) or last < self._recent[-1].id
        found = await asyncio.to_thread(lambda: self._log.since(after, CHUNK, rights(), types=types))
        return Followed(events=found.events, gap=found.gap, last=found.last), found.more


def _chosen(events: Sequence[Event], rights: Rights, types: Collection[str] | None) -> list[Event]:
    if not events:
        return []
    allowed = rights()
    return [event for event in events if (types is None or event.type in types) and allowed(event)]
