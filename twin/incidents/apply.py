"""Alarms into incidents: every alarm joins one part of one incident, and what that changes is said. No clock, no file."""

from dataclasses import dataclass, field
from typing import Any

from twin.codes.alarm import AlarmKind
from twin.incidents.alarms import Alarms, Spot
from twin.incidents.damping import Flap
from twin.incidents.kinds import severity_of, severity_of_one
from twin.incidents.state import Part, State, Status

__all__ = ["Changes", "Joined", "Said", "apply", "calm", "sweep"]

FUTURE_US = 60_000_000
OLDEST_US = 30 * 86_400_000_000
RANK = ("alarms", "raised", "reopened", "opened")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line of the log of a part: `what` became of it and the facts of that moment."""

    part: Part
    what: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Row `row` of the alarms became alarm `id` of a part; `time_us` is what it was grouped by; held: its device flaps."""

    id: int
    row: int
    part: Part
    time_us: int
    held: bool


@dataclass(slots=True, kw_only=True, eq=False)
class Changes:
    """What a batch did: each alarm with its part, the new and the touched parts as they are now, the log, and news by part
    (`opened`, `reopened`, `raised` or `alarms`: the strongest; how many alarms that were not held)."""

    joined: list[Joined] = field(default_factory=list)
    new_incidents: dict[int, Part] = field(default_factory=dict)
    touched: dict[int, Part] = field(default_factory=dict)
    log: list[Said] = field(default_factory=list)
    news: dict[int, list[Any]] = field(default_factory=dict)

    def tell(self, part: Part, what: str) -> None:
        """News of a part: the strongest counts."""
        known = self.news.setdefault(part.id, [what, 0])
        if RANK.index(what) > RANK.index(known[0]):
            known[0] = what


def apply(alarms: Alarms, state: State, now_us: int) -> Changes:
    """Each alarm, in order, to the part it joins; `state` goes on with them.

    An alarm whose time cannot be (over a minute after it was received, over 30 days before) is grouped by when it was received.
    """
    changes = Changes()
    state.retire(now_us)
    rows = [state.kinds.get(code) for code in alarms.kinds]
    protections = [spot.protection() for spot in alarms.spots]
    oldest_us = now_us - state.kinds.horizon_us
    columns = (alarms.device, alarms.kind, alarms.spot, alarms.time_us, alarms.received_us, alarms.lon_lat, alarms.height_m, alarms.edge)
    lists = [column.tolist() for column in columns]
    for row, (device_at, kind_at, spot_at, time_us, received_us, (lon, lat), height_m, edge) in enumerate(zip(*lists, strict=True)):
        kind, spot, device = rows[kind_at], alarms.spots[spot_at], alarms.devices[device_at]
        if not received_us - OLDEST_US <= time_us <= received_us + FUTURE_US:
            time_us = received_us
        held, begins, ended = state.flaps.hear(device, kind, time_us, edge=edge)
        if ended is not None:
            _end(ended, state, changes)
        found = state.groups.find(spot.site, kind, device, spot.place, lon, lat, time_us, state.last, oldest_us)
        part = _part_for(found, kind, spot, protections[spot_at], state, changes, time_us, now_us)
        _count(part, kind, held, time_us, lon, lat, height_m, state, changes)
        state.groups.add(part.id, spot.site, kind.family, device, spot.place, lon, lat, time_us)
        changes.joined.append(Joined(id=state.next_alarm, row=row, part=part, time_us=time_us, held=held))
        state.next_alarm += 1
        if begins or held:
            _flap(state.flaps.active[device, kind.code], part, begins, state, changes)
    return changes


def calm(state: State, now_us: int) -> Changes:
    """What flaps no more at this moment."""
    changes = Changes()
    for flap in state.flaps.quiet(now_us):
        _end(flap, state, changes)
    return changes


def sweep(state: State, now_us: int) -> None:
    """Let go of parts, groups and devices that no alarm can join any more."""
    oldest_us = now_us - state.kinds.horizon_us
    state.retire(now_us)
    over = (part for part in state.parts.values() if part.last_us < oldest_us or not part.joinable(now_us, state.kinds))
    gone = [part.id for part in over if not part.flapping]
    for number in gone:
        state.drop(number)
    state.groups.forget(oldest_us, gone)
    state.flaps.forget(now_us)


def _part_for(
    found: int | None, kind: AlarmKind, spot: Spot, protection: tuple[Any, ...], state: State, changes: Changes, time_us: int, now_us: int
) -> Part:
    """The part that the alarm joins: of the incident found, the one that is protected as it is; a new one where there is none."""
    incident = state.parts[found].incident if found is not None else None
    for number in reversed(state.by_incident.get(incident, ()) if incident is not None else ()):
        part = state.parts[number]
        if part.spot.protected != spot.protected or part.family != kind.family:
            continue
        if part.spot.protection() == protection and part.joinable(now_us, state.kinds):
            return part
    if incident is None:
        incident = state.next_incident
        state.next_incident += 1
    part = Part(
        id=state.next_part,
        incident=incident,
        family=kind.family,
        spot=spot,
        first_us=time_us,
        last_us=time_us,
        created_us=now_us,
        severity=severity_of_one(kind.code, state.kinds),
    )
    state.next_part += 1
    state.keep(part)
    if found is None:
        changes.new_incidents[incident] = part
    changes.log.append(Said(part=part, what="opened", facts={"kind": kind.code, "severity": part.severity}))
    changes.tell(part, "opened")
    return part


def _count(
    part: Part, kind: AlarmKind, held: bool, time_us: int, lon: float, lat: float, height_m: float, state: State, changes: Changes
) -> None:
    known = part.kinds.get(kind.code)
    if known is None:
        known = part.kinds[kind.code] = [0, 0]
    known[0] += 1
    known[1] += held
    part.first_us = min(part.first_us, time_us)
    if time_us >= part.last_us:
        part.last_us = state.last[part.id] = time_us
        if lat == lat:
            part.lon, part.lat, part.height_m = lon, lat, height_m
    elif part.lat != part.lat:
        part.lon, part.lat, part.height_m = lon, lat, height_m
    changes.touched[part.id] = part
    if held:
        return
    if part.closed_us is not None:
        part.status, part.closed_us, part.version = Status.OPEN, None, part.version + 1
        state.closed.discard(part.id)
        changes.log.append(Said(part=part, what="reopened", facts={"kind": kind.code}))
        changes.tell(part, "reopened")
    told = known[0] - known[1]
    rises = told == kind.raise_count or (told == 1 and len(part.kinds) > 1)
    severity = severity_of(part.told, state.kinds) if rises else part.severity
    if severity > part.severity:
        part.severity, part.version = severity, part.version + 1
        changes.log.append(Said(part=part, what="raised", facts={"kind": kind.code, "severity": severity}))
        changes.tell(part, "raised")
    changes.tell(part, "alarms")
    changes.news[part.id][1] += 1


def _flap(flap: Flap, part: Part, begins: bool, state: State, changes: Changes) -> None:
    if begins:
        part.flapping += 1
        changes.log.append(Said(part=part, what="flapping", facts={"device": flap.device, "kind": flap.kind.code}))
    elif flap.part != part.id:
        before = state.parts.get(flap.part)
        if before is not None:
            before.flapping -= 1
            changes.touched[before.id] = before
        part.flapping += 1
    flap.part = part.id


def _end(flap: Flap, state: State, changes: Changes) -> None:
    part = state.parts.get(flap.part)
    if part is None:
        return
    part.flapping -= 1
    changes.touched[part.id] = part
    facts = {"device": flap.device, "kind": flap.kind.code, "held": flap.held, "since_us": flap.since_us, "last_us": flap.last_us}
    changes.log.append(Said(part=part, what="quiet", facts=facts))
