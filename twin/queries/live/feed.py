"""What each watcher of /live gets at a tick: what changed since its own last frame, made once for all who are as far.

A `Basis` is how far a watcher is: the number of the state, and which devices it was shown and told the names of. Watchers of one view
who got the same frames share the very basis, so that a frame is packed once a tick for all of them, and one that reads slowly gets
a frame of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.live.state import LiveState
from twin.queries.live.frames import pack_frame
from twin.queries.live.visible import Permitted

__all__ = ["Asked", "Basis", "Box", "Feed", "Told", "view_of"]

Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]
WORLD: Box = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a watcher wants: devices of some kinds (None: of all) within west, south, east, north (None: anywhere)."""

    kinds: frozenset[str] | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """How far a watcher is: state `number`, devices `shown` and `named` (by handle), of what was `permitted` in this version."""

    number: int
    shown: Mask
    named: Mask
    version: int


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What to send, in this order, and how far the watcher is then. Empty where there is nothing new."""

    texts: tuple[str, ...]
    frame: bytes | None
    basis: Basis


NOTHING = Basis(-1, np.zeros(0, dtype=bool), np.zeros(0, dtype=bool), -1)


@dataclass(slots=True, eq=False)
class Feed:
    """The frames of one state of the replica; a new tick makes a new one (`next`)."""

    state: LiveState
    tick_us: int
    _made: dict[tuple[int, int, Asked], Told] = field(default_factory=dict)
    _full: dict[tuple[int, Asked], Told] = field(default_factory=dict)
    _held: list[object] = field(default_factory=list)
    _bases: dict[tuple[int, Asked], Basis] = field(default_factory=dict)

    def full(self, permitted: Permitted, asked: Asked) -> Told:
        """All of it: on subscribing, and now and then."""
        key = id(permitted), asked
        if key not in self._full:
            self._held.append(permitted)
            self._full[key] = self._made_of(NOTHING, permitted, asked, full=True)
        return self._full[key]

    def since(self, basis: Basis, permitted: Permitted, asked: Asked) -> Told:
        """What changed since a basis; all of it where what is permitted has changed."""
        if basis.version != permitted.version:
            return self.full(permitted, asked)
        key = id(basis), id(permitted), asked
        if key not in self._made:
            self._held.append((basis, permitted))
            self._made[key] = self._made_of(basis, permitted, asked, full=False)
        return self._made[key]

    def _made_of(self, basis: Basis, permitted: Permitted, asked: Asked, *, full: bool) -> Told:
        state = self.state
        current, count = state.current, len(state)
        shown, named = _grown(basis.shown, count), _grown(basis.named, count)
        handles = np.flatnonzero(current["changed"] > basis.number) if not full else np.arange(count)
        seen = permitted.mask(state)[handles] & (current["placed"][handles] > 0)
        if asked.kinds is not None:
            seen &= state.of_kinds(asked.kinds)[handles]
        if asked.box is not None:
            seen &= state.in_box(asked.box)[handles]
        now, gone = handles[seen], handles[~seen & shown[handles]]
        shown[now], shown[gone] = True, False
        new = now[~named[now]]
        named[new] = True
        texts = [*self._names(new), *self._states(basis.number, permitted, asked)]
        frame = None
        if full or len(now) or len(gone):
            frame = pack_frame(now, state.rows_at(now), gone, tick_us=self.tick_us, number=state.number, full=full)
        return Told(tuple(texts), frame, self._basis(Basis(state.number, shown, named, permitted.version), permitted, asked))

    def _basis(self, made: Basis, permitted: Permitted, asked: Asked) -> Basis:
        """The basis that others of this view have already, where it is the same: who has fallen behind is again as far as all."""
        first = self._bases.setdefault((id(permitted), asked), made)
        same = np.array_equal(first.shown, made.shown) and np.array_equal(first.named, made.named)
        return first if same else made

    def _names(self, handles: NDArray[np.int64]) -> Iterable[str]:
        if not len(handles):
            return
        names = [[handle, *self.state.addresses[handle].partition("/")[::2], None] for handle in handles.tolist()]
        yield _json({"type": "names", "names": names})

    def _states(self, number: int, permitted: Permitted, asked: Asked) -> Iterable[str]:
        """What stands still and changed, without what of it has a place that the reader may not know of."""
        found = [
            {"id": address, **{name: value for name, value in document.items() if name != "changed"}}
            for address, document in self.state.still_since(number)
            if (asked.kinds is None or document["kind"] in asked.kinds) and permitted.knows(address, document.get("place", ()))
        ]
        if found:
            at = datetime.fromtimestamp(self.tick_us / 1e6, UTC).isoformat().replace("+00:00", "Z")
            yield _json({"type": "states", "at": at, "states": found})


def view_of(wanted: Any, box_of: Callable[[str], Box] = lambda site: WORLD) -> Asked:
    """What a `subscribe` message asks for; `box_of` tells the box of a site. Raises ValueError, in words, for what is no such message."""
    if not isinstance(wanted, dict):
        raise ValueError("subscribe is an object: {site, kinds, bbox}")
    unknown = wanted.keys() - {"site", "kinds", "bbox"}
    if unknown:
        raise ValueError(f"subscribe does not know {', '.join(sorted(map(str, unknown)))}")
    site, kinds, box = wanted.get("site"), wanted.get("kinds"), wanted.get("bbox")
    if site is not None and not isinstance(site, str):
        raise ValueError("site is the code of a site")
    if kinds is not None and not (isinstance(kinds, list) and len(kinds) <= 50 and all(isinstance(kind, str) for kind in kinds)):
        raise ValueError("kinds is a list of at most 50 words")
    if box is not None and not _is_box(box):
        raise ValueError("bbox is west, south, east, north in degrees")
    within = (box[0], box[1], box[2], box[3]) if box is not None else box_of(site) if site is not None else None
    return Asked(kinds=None if kinds is None else frozenset(kinds), box=within)


def _is_box(box: Any) -> bool:
    if not (isinstance(box, list) and len(box) == 4):
        return False
    if not all(isinstance(edge, int | float) and not isinstance(edge, bool) for edge in box):
        return False
    return bool(-180 <= box[0] <= 180 and -180 <= box[2] <= 180 and -90 <= box[1] <= box[3] <= 90)


def _grown(mask: Mask, count: int) -> Mask:
    grown = np.zeros(count, dtype=bool)
    grown[: len(mask)] = mask
    return grown


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
