"""What devices sent late: judged again with what was said around it, written beside the first judgement, and what changes is told.

Spans wait here, in order, until a sweep works them off; they are in the checkpoint, or made of the journal again. What was told stands in
the store of events alone, so that to work a span off twice tells nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from sensors import Fixes
from sensors.fix_clock import BACKLOG
from sensors.verdict import Verdict
from twin.errors import TwinError
from twin.history.positions import JUDGED, PLACE_SEPARATOR, Positions, fixes_of
from twin.history.runs import column
from twin.history.tracks import Tracks
from twin.hub.happening import FENCE, Happening, told
from twin.incidents import Event, Spot
from twin.incidents.event import iso_of
from twin.live.afterwards import Said, Stretch, crossings_of, inside_of, judge_again
from twin.live.fences import Fences, Int64
from twin.live.reconciled import Told, reconcile
from twin.live.state import LiveState, flags_of
from twin.live.tracker import Judged, Tracker

__all__ = ["Backlog"]

log = logging.getLogger(__name__)
REDERIVED = "pingshan.rederived"
AROUND_US = 900_000_000
BEFORE_ROWS, SPAN_ROWS, AFTER_ROWS = 120, 120, 60
"""So much is judged at once: of before and after the span as much as the filter and the fences need to be sure."""
SETTLES_US = 120_000_000
"""So long after late fixes what was judged live is judged again too."""
MOST_SPANS = 8
"""Of a sweep, each of another device: they are judged side by side."""
LIVE_US, DAY_US = 60_000_000, 86_400_000_000


@dataclass(slots=True, kw_only=True, eq=False)
class Backlog:
    """`waiting` are spans of late fixes: device, first and last time."""

    history: Tracks
    positions: Positions
    happening: Happening
    waiting: list[tuple[str, int, int]] = field(default_factory=list)

    def note(self, fixes: Fixes, judged: Judged, state: LiveState) -> None:
        """What of a commit came late."""
        rows = np.flatnonzero(_is_late(fixes, judged["time_us"], judged["verdict"]))
        for handle in np.unique(fixes["device"][rows]).tolist():
            times = judged["time_us"][rows[fixes["device"][rows] == handle]]
            self._wait(state.addresses[handle], int(times.min()), int(times.max()))

    def _wait(self, device: str, first_us: int, last_us: int) -> None:
        for at, (other, first, last) in enumerate(self.waiting):
            if other == device and first_us <= last + AROUND_US and last_us >= first - AROUND_US:
                self.waiting[at] = device, min(first, first_us), max(last, last_us)
                return
        self.waiting.append((device, first_us, last_us))

    def work(self, state: LiveState, tracker: Tracker, fences: Fences, *, now_us: int) -> Sequence[dict[str, Any]]:
        """Work off what waits, the oldest first, as much as is bearable at once; the events of what changed. While alarms wait for the
        disk, this waits too."""
        if self.happening.waiting or not self.waiting:
            return ()
        pieces: list[_Piece] = []
        while self.waiting and len(pieces) < MOST_SPANS:
            device, first_us, last_us = self.waiting[0]
            if any(piece.device == device for piece in pieces):
                break
            piece = self._piece(device, first_us, last_us, state)
            del self.waiting[0]
            if piece is not None:
                pieces.append(piece)
        if not pieces:
            return ()
        events: list[Event] = []
        stretches = judge_again([piece.said(tracker) for piece in pieces], tracker)
        left: list[tuple[str, int, int]] = []
        for piece, stretch in zip(pieces, stretches, strict=True):
            until_us = piece.until_us
            try:
                events += self._finish(piece, stretch, state, fences, now_us)
            except TwinError as error:
                log.error("what %s sent late waits: %s (%s)", piece.device, error.message, error.hint)
                until_us = piece.first_us - 1
            except Exception:
                log.exception("what %s sent late from %d to %d is not judged again", piece.device, piece.first_us, until_us)
            if until_us < piece.last_us:
                left.append((piece.device, until_us + 1, piece.last_us))
        self.waiting[:0] = left
        return [told(event) for event in events]

    def told(self) -> list[list[Any]]:
        """As JSON, for a checkpoint."""
        return [list(one) for one in self.waiting]

    def untold(self, told: Sequence[Sequence[Any]]) -> None:
        """Wait for what waited when it was told."""
        self.waiting = [(str(device), int(first), int(last)) for device, first, last in told]

    def follow_told(self, state: LiveState, fences: Fences, since_us: int) -> None:
        """Whose crossings were told anew since a moment is where the last of them says: the journal alone would not lead there."""
        changed = {one.subject for one in self.happening.store.log.recorded(REDERIVED, since_us) if _has_crossings(one)}
        for device in sorted(changed):
            handle = state.find(device)
            if handle is not None:
                inside = {fence for fence, crossings in self._holding(device).items() if crossings[-1].entered}
                fences.replace(handle, Fences({handle: inside} if inside else {}))

    def _piece(self, device: str, first_us: int, last_us: int, state: LiveState) -> _Piece | None:
        """The first part of a span, with what was said around it; None where the history has nothing of it, or nothing that was not said
        in time too: what is sent again changes nothing."""
        handle = state.find(device)
        rows = self.history.judged(device, first_us - AROUND_US, self._end(device, last_us, state))
        times = column(rows, "time_us")
        begin, end = int(np.searchsorted(times, first_us)), int(np.searchsorted(times, last_us, "right"))
        if handle is None or not _came_late(rows)[begin:end].any():
            return None
        cut = min(end, begin + SPAN_ROWS)
        until_us = last_us if cut == end else int(times[cut - 1])
        low, high = max(0, begin - BEFORE_ROWS), int(np.searchsorted(times, times[min(cut + AFTER_ROWS, len(times)) - 1], "right"))
        rows = rows.slice(low, high - low).combine_chunks()
        return _Piece(device=device, handle=handle, first_us=first_us, until_us=until_us, last_us=last_us, rows=rows, fixes=fixes_of(rows))

    def _finish(self, piece: _Piece, stretch: Stretch, state: LiveState, fences: Fences, now_us: int) -> list[Event]:
        """Tell what changed, then write the judgement; the events, with their ids. Raises TwinError: then nothing was told."""
        times = stretch.live["time_us"]
        late = piece.first_us, piece.until_us + SETTLES_US
        again = np.flatnonzero((times >= late[0]) & (times <= late[1]))
        places = inside_of(stretch.after[again], self.happening.ground)
        events = self._changes(piece.device, piece.handle, stretch, late, fences, state)
        sent_late = int(_came_late(piece.rows)[(times >= piece.first_us) & (times <= piece.until_us)].sum())
        events += self._span_told(piece.device, (piece.first_us, piece.until_us), sent_late, places)
        ids = self.happening.store.log.append(events, now_us) if events else []
        self._amend(piece.rows, again, piece.fixes, stretch.after, places)
        return [replace(one, id=number) for one, number in zip(events, ids, strict=True)]

    def _end(self, device: str, last_us: int, state: LiveState) -> int:
        """Until when what was said after a span is of use: the next quarter of an hour, or else the first that came later that day."""
        handle = state.find(device)
        newest = last_us if handle is None else int(state.rows["fix_us"][handle])
        if newest <= last_us + AROUND_US:
            return last_us + AROUND_US
        near = self.history.judged(device, last_us + 1, last_us + AROUND_US)
        return last_us + AROUND_US if len(near) >= AFTER_ROWS else min(newest, last_us + DAY_US) + 1

    def _changes(self, device: str, handle: int, stretch: Stretch, late: tuple[int, int], fences: Fences, state: LiveState) -> list[Event]:
        """The events of crossings that were not told, or were not so; the live fences follow where the stretch comes up to now."""
        window = int(stretch.live["time_us"][0]), int(stretch.live["time_us"][-1])
        holds = self._holding(device)
        members = {fence for fence, one in holds.items() if (before := _before(one, late[0])) and before[-1].entered}
        found, after = crossings_of(stretch.live, handle, members, self.happening.ground, from_us=late[0])
        events: list[Event] = []
        for fence in sorted({*holds, *(one.fence for one in found)}):
            known = [Told(at_us=one.at_us, entered=one.entered) for one in found if one.fence == fence]
            added, withdrawn = reconcile(holds.get(fence, []), known, late, (late[0], window[1]), was_inside=fence in members)
            events += self._fence_told(device, fence, late, added, withdrawn)
        if window[1] >= int(state.rows["fix_us"][handle]):
            fences.replace(handle, after)
        return events

    def _holding(self, device: str) -> dict[str, list[Told]]:
        """What was told of the crossings of a device and not withdrawn, by fence, in order of time."""
        events = self.happening.store.log.of_subject(device, (FENCE, REDERIVED))
        gone = {one["id"] for event in events if event.type == REDERIVED for one in event.data["withdrawn"]}
        found: dict[str, list[Told]] = {}
        for event in sorted(events, key=lambda one: (one.time_us, one.id)):
            if event.type == FENCE and event.id not in gone:
                entered = event.data["change"] == "entered"
                found.setdefault(event.data["fence"], []).append(Told(at_us=event.time_us, entered=entered, id=event.id))
        return found

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
        spot = self.happening.spot(sorted({feature for place in places for feature in place}))
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Piece:
    """The part of a span (`first_us` to `last_us`) up to `until_us`, and all that was said in and around it."""

    device: str
    handle: int
    first_us: int
    until_us: int
    last_us: int
    rows: pa.Table
    fixes: Fixes

    def said(self, tracker: Tracker) -> Said:
        """As it is to be judged."""
        known = tracker.rows[self.handle] if self.handle < len(tracker.rows) else None
        return Said(fixes=self.fixes, time_us=column(self.rows, "time_us"), known=known)


def _event(kind: str, device: str, time_us: int, spot: Spot, data: dict[str, Any]) -> Event:
    return Event(type=kind, subject=device, time_us=time_us, site=spot.site, place=spot.protected, labels=spot.labels, data=data)


def _is_late(fixes: Fixes, time_us: Int64, verdict: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which fixes (n,) came late, by what was judged of them when they came, or by the device's own word."""
    late: np.ndarray[Any, np.dtype[np.bool_]] = (verdict == int(Verdict.LATE)) | (
        (fixes["status"] & BACKLOG > 0) & (fixes["received_us"] - time_us > LIVE_US)
    )
    return late


def _has_crossings(event: Event) -> bool:
    return bool(event.data.get("added") or event.data.get("withdrawn"))


def _came_late(rows: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which rows (n,) of one device, in order of time, came late, or after one of a later time, whatever was judged of them since."""
    times, fixes = column(rows, "time_us"), fixes_of(rows)
    if not len(times):
        return np.zeros(0, dtype=bool)
    first = np.append(np.minimum.accumulate(fixes["received_us"][::-1])[::-1], np.iinfo(np.int64).max)
    after = first[np.searchsorted(times, times, "right")]
    return _is_late(fixes, times, column(rows, "verdict")) | (fixes["received_us"] > after)


def _before(crossings: Sequence[Told], moment_us: int) -> list[Told]:
    return [one for one in crossings if one.at_us < moment_us]


def _change(one: Told) -> str:
    return "entered" if one.entered else "left"
