"""A stretch that was judged again: what changes of what was told is told, then the judgement is written beside the first one.

What was told stands in the store of events alone, so that to derive a stretch again tells nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sensors import Fixes
from twin.history.positions import JUDGED, PLACE_SEPARATOR, Positions, fixes_of
from twin.history.runs import column
from twin.history.tracks import Tracks
from twin.hub.happening import FENCE, Happening
from twin.hub.lateness import came_late
from twin.incidents import Event, Spot
from twin.incidents.event import iso_of
from twin.live.afterwards import Said, Stretch, crossings_of, inside_of
from twin.live.fences import Fences
from twin.live.reconciled import Told, reconcile
from twin.live.state import LiveState, flags_of
from twin.live.tracker import Judged

__all__ = ["AROUND_US", "REDERIVED", "Chosen", "Piece", "Rederiving"]

REDERIVED = "pingshan.rederived"
AROUND_US = 900_000_000
BEFORE_ROWS, SPAN_ROWS, AFTER_ROWS = 120, 120, 60
"""So much is judged at once: of before and after the span as much as the filter and the fences need to be sure."""
SETTLES_US = 120_000_000
"""So long after late fixes what was judged live is judged again too."""
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chosen:
    """A span of late fixes, `first_us` to `last_us`, of a device whose last fix was at `newest_us`; `known` the tracker's row of it."""

    device: str
    handle: int
    first_us: int
    last_us: int
    newest_us: int
    known: NDArray[Any] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """The part of a span up to `until_us`, and all that was said in and around it, in order of time."""

    span: Chosen
    until_us: int
    rows: pa.Table
    fixes: Fixes

    @property
    def said(self) -> Said:
        """As it is to be judged."""
        return Said(fixes=self.fixes, time_us=self.times, known=self.span.known)

    @property
    def times(self) -> NDArray[np.int64]:
        """The times that stand for what was said."""
        return column(self.rows, "time_us")


@dataclass(slots=True, kw_only=True, eq=False)
class Rederiving:
    """Reads the history, and writes to it and to the events. `cut` may be called from another thread than `finish`."""

    history: Tracks
    positions: Positions
    happening: Happening

    def cut(self, span: Chosen) -> Piece | None:
        """The first part of a span, with what was said around it; None where the history has nothing of it, or nothing that was not said
        in time too: what is sent again changes nothing."""
        rows = self.history.judged(span.device, span.first_us - AROUND_US, self._end(span))
        times = column(rows, "time_us")
        begin, end = int(np.searchsorted(times, span.first_us)), int(np.searchsorted(times, span.last_us, "right"))
        if not came_late(rows)[begin:end].any():
            return None
        cut = min(end, begin + SPAN_ROWS)
        until_us = span.last_us if cut == end else int(times[cut - 1])
        low, high = max(0, begin - BEFORE_ROWS), int(np.searchsorted(times, times[min(cut + AFTER_ROWS, len(times)) - 1], "right"))
        rows = rows.slice(low, high - low).combine_chunks()
        return Piece(span=span, until_us=until_us, rows=rows, fixes=fixes_of(rows))

    def finish(self, piece: Piece, stretch: Stretch, since: Judged, state: LiveState, fences: Fences, now_us: int) -> list[Event]:
        """Tell what changed, then write the judgement; the events, with their ids. `since` is what the device said after the stretch, as
        it was judged live: fences follow it. Raises TwinError: then nothing was told."""
        times, device = stretch.live["time_us"], piece.span.device
        late = piece.span.first_us, piece.until_us + SETTLES_US
        again = np.flatnonzero((times >= late[0]) & (times <= late[1]))
        places = inside_of(stretch.after[again], self.happening.ground)
        events = self._changes(device, piece.span.handle, np.concatenate([stretch.live, since]), late, fences, state)
        sent_late = int(came_late(piece.rows)[(times >= late[0]) & (times <= piece.until_us)].sum())
        events += self._span_told(device, (late[0], piece.until_us), sent_late, places)
        ids = self.happening.store.log.append(events, now_us) if events else []
        self._amend(piece.rows, again, piece.fixes, stretch.after, places)
        return [replace(one, id=number) for one, number in zip(events, ids, strict=True)]

    def holding(self, device: str) -> dict[str, list[Told]]:
        """What was told of the crossings of a device and not withdrawn, by fence, in order of time."""
        events = self.happening.store.log.of_subject(device, (FENCE, REDERIVED))
        gone = {one["id"] for event in events if event.type == REDERIVED for one in event.data["withdrawn"]}
        found: dict[str, list[Told]] = {}
        for event in sorted(events, key=lambda one: (one.time_us, one.id)):
            if event.type == FENCE and event.id not in gone:
                entered = event.data["change"] == "entered"
                found.setdefault(event.data["fence"], []).append(Told(at_us=event.time_us, entered=entered, id=event.id))
        return found

    def follow_told(self, state: LiveState, fences: Fences, since_us: int) -> None:
        """Whose crossings were told anew since a moment is where the last of them says: the journal alone would not lead there."""
        changed = {one.subject for one in self.happening.store.log.recorded(REDERIVED, since_us) if _has_crossings(one)}
        for device in sorted(changed):
            handle = state.find(device)
            if handle is not None:
                inside = {fence for fence, crossings in self.holding(device).items() if crossings[-1].entered}
                fences.replace(handle, Fences({handle: inside} if inside else {}))

    def _end(self, span: Chosen) -> int:
        """Until when what was said after a span is of use: the next quarter of an hour, or else the first that came later that day."""
        last_us = span.last_us
        if span.newest_us <= last_us + AROUND_US:
            return last_us + AROUND_US
        near = self.history.judged(span.device, last_us + 1, last_us + AROUND_US)
        return last_us + AROUND_US if len(near) >= AFTER_ROWS else min(span.newest_us, last_us + DAY_US) + 1

    def _changes(self, device: str, handle: int, live: Judged, late: tuple[int, int], fences: Fences, state: LiveState) -> list[Event]:
        """The events of crossings that were not told, or were not so; the live fences follow where they come up to now."""
        last_us = int(live["time_us"].max())
        holds = self.holding(device)
        members = {fence for fence, one in holds.items() if (before := _before(one, late[0])) and before[-1].entered}
        found, after = crossings_of(live, handle, members, self.happening.ground, from_us=late[0])
        events: list[Event] = []
        for fence in sorted({*holds, *(one.fence for one in found)}):
            known = [Told(at_us=one.at_us, entered=one.entered) for one in found if one.fence == fence]
            added, withdrawn = reconcile(holds.get(fence, []), known, late, (late[0], last_us), was_inside=fence in members)
            events += self._fence_told(device, fence, late, added, withdrawn)
        if last_us >= int(state.rows["fix_us"][handle]):
            fences.replace(handle, after)
        return events

    def _fence_told(self, device: str, fence: str, late: tuple[int, int], added: Sequence[Told], withdrawn: Sequence[Told]) -> list[Event]:
        if not added and not withdrawn:
            return []
        spot = self.happening.spot((fence,))
        said = [{"device": device, "fence": fence, "change": _change(one), "late": True} for one in added]
        events = [_event(FENCE, device, one.at_us, spot, data) for one, data in zip(added, said, strict=True)]
        data = {
            "device": device,
            "from": iso_of(late[0]),
            "to": iso_of(late[1]),
            "added": [{"fence": fence, "change": _change(one), "time": iso_of(one.at_us)} for one in added],
            "withdrawn": [{"fence": fence, "change": _change(one), "time": iso_of(one.at_us), "id": one.id} for one in withdrawn],
        }
        return [*events, _event(REDERIVED, device, late[0], spot, data)]

    def _span_told(self, device: str, span: tuple[int, int], fixes: int, places: Sequence[tuple[str, ...]]) -> list[Event]:
        """That positions and counts of a span changed; protected as all that the device was in meanwhile."""
        data = {"device": device, "from": iso_of(span[0]), "to": iso_of(span[1]), "fixes": fixes, "added": [], "withdrawn": []}
        before = [event.data for event in self.happening.store.log.of_subject(device, (REDERIVED,))]
        within = [one for one in before if "fixes" in one and data["from"] <= one["from"] and one["to"] <= data["to"]]
        if within and sum(one["fixes"] for one in within) >= fixes:
            return []
        spot = self.happening.spot(sorted({feature for place in places for feature in place}), device=device)
        return [_event(REDERIVED, device, span[0], spot, data)]

    def _amend(
        self, rows: pa.Table, again: np.ndarray[Any, np.dtype[np.int64]], fixes: Fixes, after: Judged, places: Sequence[tuple[str, ...]]
    ) -> None:
        judged = np.zeros(len(again), dtype=JUDGED)
        for name in ("lon_e7", "lat_e7", "accuracy_dm", "verdict"):
            judged[name] = after[name][again]
        judged["flags"] = flags_of(fixes[again], after[again])
        names = sorted({PLACE_SEPARATOR.join(place) for place in places})
        judged["place"] = [names.index(PLACE_SEPARATOR.join(place)) for place in places]
        self.positions.amend(rows.take(pa.array(again)), judged, names)


def _event(kind: str, device: str, time_us: int, spot: Spot, data: dict[str, Any]) -> Event:
    return Event(type=kind, subject=device, time_us=time_us, site=spot.site, place=spot.protected, labels=spot.labels, data=data)


def _has_crossings(event: Event) -> bool:
    return bool(event.data.get("added") or event.data.get("withdrawn"))


def _before(crossings: Sequence[Told], moment_us: int) -> list[Told]:
    return [one for one in crossings if one.at_us < moment_us]


def _change(one: Told) -> str:
    return "entered" if one.entered else "left"
