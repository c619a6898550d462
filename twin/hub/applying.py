"""What a commit changes: positions judged, fences crossed, the state, the history, events; in this order, by columns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sensors import FIX, NO_NUMBER, NO_TIME, Batch, Fixes, Observation, Stream
from sensors.fix_clock import BACKLOG
from sensors.parking import walking_m_s
from sensors.smoothing import Smoothing
from sensors.verdict import Verdict
from twin.errors import Invalid
from twin.hub.hub import Applied
from twin.hub.passing import pass_through, time_of
from twin.hub.silent import said_of, silent_states
from twin.live.again import Again
from twin.live.changes import Changes
from twin.live.fences import Crossing, Fences, Floats, Ground, Int64, Near
from twin.live.hearing import Fallen, Heard, Hearing
from twin.live.inside import Passages, Rederived
from twin.live.silence import silent_after_us
from twin.live.state import Flag, LiveState, Rows, flags_of
from twin.live.still import MOVING, after
from twin.live.streets import NO_STREETS, Streets
from twin.live.tracker import Judged, Tracker, rounds

__all__ = ["Applier", "Committed", "Happens", "Positions"]

log = logging.getLogger(__name__)
REACH_M = 30.0
E7 = 1e-7
PRESENT_US = 60_000_000
"""An alarm that came as late as this, and was not kept by the device, is one of now."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Committed:
    """What was committed up to a position (its `last` batch stands at another), judged: `fixes` (n,) by handle, the journal positions (n,)
    they stand at, `place` (n,) rows of the state's places, raw frames, other observations with their positions and the features they were
    made in, crossings with the positions of the fixes that decided them, what late passages (by index of the others) changed, and who is
    heard again."""

    position: int
    last: int
    now_us: int
    fixes: Fixes
    positions: NDArray[np.uint64]
    judged: Judged
    place: Int64
    raw: Sequence[bytes]
    others: Sequence[Observation]
    others_at: Sequence[int]
    others_place: Sequence[tuple[str, ...]]
    crossings: Sequence[Crossing]
    crossings_at: Sequence[int]
    rederived: Sequence[tuple[int, Rederived]] = ()
    heard: Sequence[Heard] = ()


class Positions(Protocol):
    """Who keeps what was said."""

    def keep(self, committed: Committed, state: LiveState) -> None:
        """Take it over; it is in the journal already, so nothing is lost where this is late."""


class Happens(Protocol):
    """Who makes events and incidents of what was said."""

    def happen(self, committed: Committed, state: LiveState) -> Sequence[dict[str, Any]]:
        """The events it led to, committed, as `twin.hub.happening.told`."""

    def fall_silent(self, fallen: Sequence[Fallen], state: LiveState, position: int, now_us: int) -> Sequence[dict[str, Any]]:
        """The events of devices that fell silent when the journal ended at a position, committed."""

    def tick(self, now_us: int) -> Sequence[dict[str, Any]]:
        """The events of what time alone changes."""


class Late(Protocol):
    """Who judges again what came late."""

    def note(self, fixes: Fixes, judged: Judged, state: LiveState) -> None:
        """What of a commit came late; it waits."""


@dataclass(slots=True, kw_only=True, eq=False)
class Applier:
    """See `Applies`. `keeps` and `happens` may be none; `commands` by name take arguments and the time, and give an answer and events."""

    ground: Ground
    state: LiveState = field(default_factory=LiveState)
    tracker: Tracker = field(default_factory=Tracker)
    fences: Fences = field(default_factory=Fences)
    again: Again = field(default_factory=Again)
    passages: Passages = field(default_factory=Passages)
    hearing: Hearing = field(default_factory=Hearing)
    streets: Streets = NO_STREETS
    backlog: Late | None = None
    keeps: Sequence[Positions] = ()
    happens: Sequence[Happens] = ()
    commands: Mapping[str, Callable[[dict[str, Any], int], tuple[dict[str, Any], Sequence[dict[str, Any]]]]] = field(default_factory=dict)
    position: int = 0
    _kinds_told: int = 0
    _silent_after: Int64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        self.state.inside = self.passages.rows

    def apply(self, batches: Sequence[Batch], *, now_us: int, first: int, position: int) -> Applied:
        """See `Applies`."""
        fixes = self._by_handle(batches)
        self._tell_kinds()
        judged = self.tracker.apply(fixes, now_us)
        told = [(first + at, one) for at, batch in enumerate(batches) for one in batch.others if not self.again.is_again(one)]
        others = [one for _, one in told]
        handles, rows, crossings, place = self._moved(fixes, judged, now_us)
        positions = np.repeat(np.arange(first, first + len(batches), dtype=np.uint64), [len(batch.fixes) for batch in batches])
        again, inside, rederived = pass_through(self.passages, self.ground, [(time_of(one), one) for one in others], now_us)
        still = self._stood([one for at, one in enumerate(others) if at not in again])
        spoke = list(said_of(fixes, positions, told, self.state, now_us))
        heard = self.hearing.news(spoke)
        committed = Committed(
            position=position,
            last=first + len(batches) - 1,
            now_us=now_us,
            fixes=fixes,
            positions=positions,
            judged=judged,
            place=place,
            raw=[frame for batch in batches for frame in (batch.raw or [b""] * len(batch.fixes))],
            others=others,
            others_place=[self._place_of(one) for one in others],
            others_at=[at for at, _ in told],
            crossings=[crossing for crossing, _ in crossings],
            crossings_at=[int(positions[fix]) for _, fix in crossings],
            rederived=rederived,
            heard=heard,
        )
        self.position = position
        changes = self.state.put(handles, rows, still, now_us=now_us, inside=inside)
        events = [event for one in self.happens for event in one.happen(committed, self.state)]
        self.hearing.hear((device for _, device, _ in spoke), now_us, heard)
        for keeper in self.keeps:
            try:
                keeper.keep(committed, self.state)
            except Exception:
                log.exception("%d fixes before position %d are not in the history", len(fixes), position)
        if self.backlog is not None and len(fixes):
            self.backlog.note(fixes, judged, self.state)
        return Applied(changes=changes, events=events)

    def drive_on(self, streets: Streets) -> None:
        """Go by these streets from now on, where they are others than before; what is known of devices stays."""
        if streets is not self.streets:
            self.tracker.renew(Smoothing(roads=streets.roads()), self.streets.numbers_in(streets))
            self.streets = streets

    def sweep(self, *, now_us: int) -> Applied:
        """Who has been silent for too long is said to be so."""
        current = self.state.current
        fresh = silent_after_us(self.state.addresses[len(self._silent_after) :])
        self._silent_after = np.concatenate([self._silent_after, fresh])
        silent = (current["placed"] > 0) & (current["flags"] & Flag.SILENT == 0) & (now_us - current["received_us"] > self._silent_after)
        handles = np.flatnonzero(silent)
        fallen = self.hearing.fallen(now_us, self.position)
        events = [event for one in self.happens for event in one.fall_silent(fallen, self.state, self.position, now_us)] if fallen else []
        events += [event for one in self.happens for event in one.tick(now_us)]
        still = silent_states([one.device for one in fallen], self.state)
        if not len(handles) and not still:
            return Applied(changes=None, events=events)
        rows = current[handles].copy()
        rows["flags"] = (rows["flags"] | Flag.SILENT) & ~np.uint16(Flag.MOVING)
        return Applied(changes=self.state.put(handles, rows, still, now_us=now_us), events=events)

    def command(self, name: str, arguments: dict[str, Any], *, now_us: int) -> tuple[dict[str, Any], Applied]:
        """See `Applies`."""
        done = self.commands.get(name)
        if done is None:
            raise Invalid(f"the hub does not know {name}", path=name)
        answer, events = done(arguments, now_us)
        return answer, Applied(changes=None, events=events)

    def whole(self) -> Changes:
        """See `Applies`."""
        return self.state.whole()

    def _by_handle(self, batches: Sequence[Batch]) -> Fixes:
        """The fixes of all batches, in order, by handles of the state."""
        parts = []
        for batch in batches:
            if not len(batch.fixes):
                continue
            mine = batch.fixes.copy()
            mine["device"] = self.state.handles(batch.devices)[mine["device"]]
            parts.append(mine)
        return np.concatenate(parts) if parts else np.zeros(0, dtype=FIX)

    def _tell_kinds(self) -> None:
        """Tell the tracker which of the devices that are new people carry on foot."""
        for handle in range(self._kinds_told, len(self.state)):
            moving_m_s = walking_m_s().get(self.state.addresses[handle].partition("/")[0])
            if moving_m_s is not None:
                self.tracker.walk(np.array([handle]), moving_m_s)
        self._kinds_told = len(self.state)

    def _moved(self, fixes: Fixes, judged: Judged, now_us: int) -> tuple[Int64, Rows, list[tuple[Crossing, int]], Int64]:
        """The handles that said where they are and their new rows; crossings, each with the fix that decided it; the place of every fix.

        A device's fixes are gone through one after the other, so that nothing depends on which batches were committed together."""
        lon, lat = judged["lon_e7"] * E7, judged["lat_e7"] * E7
        placed = judged["lon_e7"] != NO_NUMBER
        near = self.ground.near(lon, lat, REACH_M)
        place = self._places(len(fixes), near)
        handles, last = _newest_of(fixes, judged)
        rows, row_of = self.state.rows[handles].copy(), np.searchsorted(handles, fixes["device"])
        tells = ~_aside(judged["verdict"]) & (judged["time_us"] >= rows["fix_us"][row_of])
        said = tells[last]
        crossings: list[tuple[Crossing, int]] = []
        newest = np.full(len(handles), -1, dtype=np.int64)
        may_move = np.flatnonzero(placed & tells)
        for one in rounds(fixes["device"][may_move]):
            at = may_move[one]
            at = at[judged["time_us"][at] >= rows["fix_us"][row_of[at]]]
            mine = row_of[at]
            crossings += self._crossed(rows, mine, handles[mine], at, judged, near)
            newest[mine] = at
        moved = newest >= 0
        chosen, held = newest[moved], rows[moved]
        self._set_position(held, fixes[chosen], judged[chosen], lon[chosen], lat[chosen])
        rows[moved] = held
        held = rows[said]
        _set_said(held, fixes[last[said]], judged[last[said]])
        rows[said] = held
        _set_heard(rows, row_of, fixes, judged, now_us)
        return handles, rows, crossings, place

    def _crossed(self, rows: Rows, mine: Int64, handles: Int64, at: Int64, judged: Judged, near: Near) -> list[tuple[Crossing, int]]:
        """What fixes `at`, one a device, decide; the rows `mine` of their devices know since when each is where it is."""
        times, accuracy = judged["time_us"][at], judged["accuracy_dm"][at]
        accuracy_m = np.where(accuracy == NO_NUMBER, 10.0, accuracy / 10.0)
        crossings, inside = self.fences.cross(handles, _of_points(near, at), accuracy_m, times, ~judged["doubted"][at])
        place = np.array([self.state.place(features) for features in inside], dtype=rows["place"].dtype)
        stays = (rows["placed"][mine] > 0) & (rows["place"][mine] == place)
        rows["since_us"][mine] = np.where(stays, rows["since_us"][mine], times)
        rows["place"][mine], rows["placed"][mine], rows["fix_us"][mine] = place, 1, times
        fix_of = dict(zip(handles.tolist(), at.tolist(), strict=True)) if crossings else {}
        return [(crossing, fix_of[crossing.handle]) for crossing in crossings]

    def _road(self, segment: int) -> int:
        """The row of the state's places of the street that a segment is of."""
        feature = self.streets.feature(segment)
        return 0 if feature is None else self.state.place((feature,))

    def _set_position(self, rows: Rows, fixes: Fixes, judged: Judged, lon: Floats, lat: Floats) -> None:
        rows["road"] = [self._road(segment) for segment in judged["road"].tolist()]
        for name in ("lon_e7", "lat_e7", "heading_cdeg", "speed_dkmh", "accuracy_dm"):
            rows[name] = judged[name]
        rows["raw_lon_e7"], rows["raw_lat_e7"] = fixes["lon_e7"], fixes["lat_e7"]
        rows["height_cm"] = self.ground.height_cm(lon, lat)

    def _places(self, count: int, near: Near) -> Int64:
        """The set of features that each point is inside of."""
        inside: dict[int, list[str]] = {}
        for pair in np.flatnonzero(near.inside).tolist():
            inside.setdefault(int(near.point[pair]), []).append(near.feature[pair])
        place = np.zeros(count, dtype=np.int64)
        for point, features in inside.items():
            place[point] = self.state.place(tuple(sorted(set(features))))
        return place

    def _place_of(self, one: Observation) -> tuple[str, ...]:
        """The features that an observation was made in: of what moves those it is in now, else its own and what that is within."""
        handle = self.state.find(one.device)
        if handle is not None and self.state.rows["placed"][handle]:
            return self.state.places[int(self.state.rows["place"][handle])]
        own = one.device.replace("/", ":", 1)
        fact = self.ground.fact(own)
        if fact is None:
            return ()
        return (own,) if fact.within is None else (own, fact.within)

    def _stood(self, others: Sequence[Observation]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for one in others:
            known = found.get(one.device, self.state.still.get(one.device))
            kind = one.device.partition("/")[0]
            if kind in MOVING or (one.stream is Stream.HEARTBEAT and known is None and not Hearing.minds(one.device)):
                continue
            found[one.device] = after(known, one, time_of(one)) | {"place": list(self._place_of(one))}
        return found


def _aside(verdict: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which say nothing of the present: what comes late, what was said before, and another place of the same second."""
    return np.isin(verdict, (Verdict.LATE, Verdict.DUPLICATE, Verdict.SAME_MOMENT))


def _newest_of(fixes: Fixes, judged: Judged) -> tuple[Int64, Int64]:
    """Each device that occurs, and the index of what it said of its latest time: of one time the last that is not said again."""
    if not len(fixes):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    order = np.lexsort((np.arange(len(fixes)), ~_aside(judged["verdict"]), judged["time_us"], fixes["device"]))
    devices = fixes["device"][order]
    ends = np.flatnonzero(np.r_[devices[1:] != devices[:-1], True])
    return devices[ends].astype(np.int64), order[ends].astype(np.int64)


def _of_points(near: Near, points: Int64) -> Near:
    """The pairs of some points (sorted or not), which are numbered as they are given."""
    number = np.full(int(max(near.point.max(initial=-1), points.max(initial=-1))) + 1, -1, dtype=np.int64)
    number[points] = np.arange(len(points))
    keep = np.flatnonzero(number[near.point] >= 0)
    return Near(
        point=number[near.point[keep]],
        feature=[near.feature[pair] for pair in keep.tolist()],
        inside=near.inside[keep],
        depth_m=near.depth_m[keep],
        fence=near.fence[keep],
    )


def _set_said(rows: Rows, fixes: Fixes, judged: Judged) -> None:
    """What the latest fix tells even where its position is of no use."""
    rows["alarm"], rows["verdict"] = fixes["alarm"], judged["verdict"]
    rows["flags"] = flags_of(fixes, judged)


def _set_heard(rows: Rows, row: Int64, fixes: Fixes, judged: Judged, now_us: int) -> None:
    """What every fix tells, late ones too: that the device is heard; and an alarm of this minute, whatever else of it is known already."""
    received = np.where(fixes["received_us"] == NO_TIME, now_us, fixes["received_us"])
    np.maximum.at(rows["received_us"], row, received)
    rows["flags"] &= ~np.uint16(Flag.SILENT)
    of_now = (fixes["status"] & BACKLOG == 0) & (received - judged["time_us"] < PRESENT_US)
    alarmed = np.flatnonzero(_aside(judged["verdict"]) & (fixes["alarm"] > 0) & of_now)
    np.bitwise_or.at(rows["alarm"], row[alarmed], fixes["alarm"][alarmed])
    rows["flags"][row[alarmed]] |= np.uint16(Flag.ALARM)
