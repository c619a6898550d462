"""What was committed, as events and alarms with places and labels, handed to the one writer of both; what it cannot keep now waits."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np

from sensors import NO_NUMBER, NO_TIME, Observation, Stream
from twin.codes.plate import normalise_plate
from twin.errors import StoreUnavailable
from twin.hub.applying import Committed
from twin.hub.passing import time_of
from twin.hub.silent import alarm_of, heard_event, silent_event, standing_of
from twin.incidents import Alarms, Event, IncidentStore, Spot
from twin.live.fences import Ground
from twin.live.hearing import Fallen
from twin.live.inside import unnamed
from twin.live.state import LiveState
from twin.live.still import ALARM, NORMAL

__all__ = ["Happening", "told", "untold"]

FENCE, PASSAGE, STATE, REDERIVED = "pingshan.fence", "pingshan.passage", "pingshan.state", "pingshan.rederived"
PUBLIC = "public"
NULL_ISLAND = (0.0, 0.0)
NOT_LISTED = "gate_not_listed"
STRANGERS = {"unknown_terminal": "unknown_terminal_alarm", "unknown_device": "unknown_device_alarm"}
"""Whoever reaches a gateway can say that it is a device in distress: what those that nobody knows say is one kind of alarm of its own, of
all of them together (`KIND/*`); which one it was stands in the raw observation."""
log = logging.getLogger(__name__)
Row = dict[str, Any]


class WhiteList(Protocol):
    """Who may be let in."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no list."""

    def knows(self, gate: str, plate: str, at_us: int) -> bool:
        """Whether a vehicle is on it, at a gate (its key) and a time."""


class Belongs(Protocol):
    """Where devices belong that are in no feature of the scene."""

    def of(self, device: str, lon_lat: tuple[float, float] | None) -> Spot | None:
        """The spot of a device (its address) that is there, None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What the writer is to take: alarms, events and who is heard again of the journal up to a position; or, `is_silence`, of devices that
    fell silent there."""

    position: int
    rows: Sequence[Row]
    events: Sequence[Event]
    now_us: int
    heard: Sequence[str] = ()
    is_silence: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Happening:
    """See `twin.hub.applying.Happens`. `waiting` is what the disk would not take: it is tried again with what comes next, in order."""

    store: IncidentStore
    ground: Ground
    listed: WhiteList | None = None
    belongs: Belongs | None = None
    waiting: list[Handed] = field(default_factory=list)
    _applied: int = -1
    _words: dict[int, int] = field(default_factory=dict)
    _states: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._applied = self.store.applied

    def begin(self, state: LiveState) -> None:
        """Know what devices said last, of a state that was kept: that they say it again is no news."""
        rows = state.current
        self._words = {handle: int(rows["alarm"][handle]) for handle in np.flatnonzero(rows["alarm"]).tolist()}
        self._states = {device: said["state"] for device, said in state.still.items() if said["state"] not in (None, NORMAL, ALARM)}

    def happen(self, committed: Committed, state: LiveState) -> Sequence[dict[str, Any]]:
        """See `Happens`; what was handed to the writer before a crash is not again."""
        rows = [row for row in (*self._of_words(committed, state), *self._of_others(committed)) if row["at"] > self._applied]
        events = [event for at, event in self._events(committed, state) if at > self._applied]
        heard = [one.device for one in committed.heard if one.position > self._applied]
        if rows or events or heard:
            self.waiting.append(Handed(position=committed.position - 1, rows=rows, events=events, now_us=committed.now_us, heard=heard))
        return self.retry() if self.waiting else ()

    def fall_silent(self, fallen: Sequence[Fallen], state: LiveState, position: int, now_us: int) -> Sequence[dict[str, Any]]:
        """See `Happens`."""
        rows, events = [], []
        for one in fallen:
            own = one.device.replace("/", ":", 1)
            fact = self.ground.fact(own)
            features, lon_lat = standing_of(one.device, fact, state)
            spot = self.spot(features, own, device=one.device, lon_lat=lon_lat)
            rows.append(alarm_of(one, spot, lon_lat, fact.height_m if fact is not None else None, now_us))
            events.append(silent_event(one, spot))
        self.waiting.append(Handed(position=position, rows=rows, events=events, now_us=now_us, is_silence=True))
        return self.retry()

    def retry(self) -> Sequence[dict[str, Any]]:
        """Hand over what waits; the events of what was taken."""
        done: list[Event] = []
        while self.waiting:
            one = self.waiting[0]
            alarms = Alarms.of(one.rows)
            try:
                if one.is_silence:
                    done += self.store.fall_silent(alarms, one.now_us, one.events, position=one.position)
                else:
                    done += self.store.take(one.position, alarms, one.now_us, one.events, heard=one.heard)
            except StoreUnavailable as error:
                log.error("%d alarms and %d events wait: %s (%s)", len(one.rows), len(one.events), error.message, error.hint)
                break
            del self.waiting[0]
        return [told(event) for event in done]

    def tick(self, now_us: int) -> Sequence[dict[str, Any]]:
        """What time alone ends; and what waits is tried again."""
        done = list(self.retry())
        try:
            done += [told(event) for event in self.store.tick(now_us)]
        except StoreUnavailable as error:
            log.error("what flaps no more cannot be kept: %s", error.message)
        return done

    def spot(
        self, features: Sequence[str], own: str | None = None, *, device: str | None = None, lon_lat: tuple[float, float] | None = None
    ) -> Spot:
        """Where something is that is in some features, or is one itself: the site of the first that is known, all labels. A device that
        is in none that is known is where it belongs; without a site it is for those alone who may know of everything."""
        facts = {feature: fact for feature in (*([own] if own else ()), *features) if (fact := self.ground.fact(feature)) is not None}
        for fact in list(facts.values()):
            if fact.within is not None and fact.within not in facts and (around := self.ground.fact(fact.within)) is not None:
                facts[fact.within] = around
        if not facts:
            belongs = self.belongs.of(device, lon_lat) if self.belongs is not None and device is not None else None
            return belongs or Spot(site="")
        place = own if own in facts and facts[own].kind == "perimeter_segment" else _narrowest(facts)
        hidden = [feature for feature, fact in facts.items() if fact.label != PUBLIC]
        labels = tuple(sorted({fact.label for fact in facts.values()}))
        site = next(iter(facts.values())).site
        kind = facts[place].kind if place is not None else ""
        return Spot(site=site, place=place, place_kind=kind, protected=hidden[0] if hidden else place, labels=labels)

    def _of_words(self, committed: Committed, state: LiveState) -> Iterator[Row]:
        """The alarms of positions: one for each bit of the alarm word; `edge` where the bit was not set before."""
        fixes, judged = committed.fixes, committed.judged
        chosen = (fixes["alarm"] > 0) | np.isin(fixes["device"], list(self._words))
        for i in np.flatnonzero(chosen).tolist():
            handle, word = int(fixes["device"][i]), int(fixes["alarm"][i])
            before = self._words.pop(handle, 0)
            if word:
                self._words[handle] = word
            device, placed = state.addresses[handle], int(judged["lon_e7"][i]) != NO_NUMBER
            lon_lat = (int(judged["lon_e7"][i]) / 1e7, int(judged["lat_e7"][i]) / 1e7) if placed else None
            spot = self.spot(state.places[int(committed.place[i])], device=device, lon_lat=lon_lat)
            for bit in _bits(word):
                yield {
                    "at": int(committed.positions[i]),
                    "device": device,
                    "kind": f"jt808_{bit}",
                    "spot": spot,
                    "time_us": int(judged["time_us"][i]),
                    "received_us": int(fixes["received_us"][i]) if fixes["received_us"][i] != NO_TIME else committed.now_us,
                    "lon_lat": lon_lat,
                    "item": i,
                    "edge": not before >> bit & 1,
                }

    def _of_others(self, committed: Committed) -> Iterator[Row]:
        for item, (at, one) in enumerate(zip(committed.others_at, committed.others, strict=True)):
            for code in self._alarms(one):
                own, kind = one.device.replace("/", ":", 1), one.device.partition("/")[0]
                fact = self.ground.fact(own)
                lon_lat = (fact.lon_lat if fact is not None else None) or (one.lon_lat if one.lon_lat != NULL_ISLAND else None)
                yield {
                    "at": at,
                    "device": f"{kind}/*" if kind in STRANGERS else one.device,
                    "kind": code,
                    "spot": self.spot((), own, device=one.device, lon_lat=lon_lat),
                    "time_us": time_of(one),
                    "received_us": one.received_us,
                    "lon_lat": lon_lat,
                    "height_m": fact.height_m if fact is not None else None,
                    "item": item,
                }

    def _alarms(self, one: Observation) -> tuple[str, ...]:
        """Those it reports; and of a vehicle that is let in and on no list, that it is not."""
        if (strange := STRANGERS.get(one.device.partition("/")[0])) is not None:
            return (strange,) if one.alarms else ()
        plate = one.value.get("plate")
        if self.listed is None or self.listed.is_empty or one.stream is not Stream.PASSAGE or one.value.get("direction") != "in":
            return one.alarms
        gate = one.device.partition("/")[2]
        if not isinstance(plate, str) or NOT_LISTED in one.alarms or self.listed.knows(gate, normalise_plate(plate), time_of(one)):
            return one.alarms
        return (*one.alarms, NOT_LISTED)

    def _events(self, committed: Committed, state: LiveState) -> Iterator[tuple[int, Event]]:
        for crossing, at in zip(committed.crossings, committed.crossings_at, strict=True):
            device, change = state.addresses[crossing.handle], "entered" if crossing.entered else "left"
            spot = self.spot((crossing.fence,))
            yield at, _event(FENCE, device, crossing.at_us, spot, {"device": device, "fence": crossing.fence, "change": change})
        for at, late in committed.rederived:
            spot = self.spot((), late.gate.replace("/", ":", 1), device=late.gate)
            yield committed.others_at[at], _event(REDERIVED, late.gate, late.at_us, spot, {"of": late.what, **late.data})
        for back in committed.heard:
            own = back.device.replace("/", ":", 1)
            features, lon_lat = standing_of(back.device, self.ground.fact(own), state)
            yield back.position, heard_event(back, self.spot(features, own, device=back.device, lon_lat=lon_lat))
        for at, one in zip(committed.others_at, committed.others, strict=True):
            spot = self.spot((), one.device.replace("/", ":", 1), device=one.device, lon_lat=one.lon_lat)
            if one.stream is Stream.PASSAGE:
                yield at, _event(PASSAGE, one.device, time_of(one), spot, unnamed(one.value))
            elif one.stream is Stream.STATE and one.value.get("state") is not None:
                now = str(one.value["state"])
                before = self._states.get(one.device)
                self._states[one.device] = now
                if before != now:
                    yield at, _event(STATE, one.device, time_of(one), spot, {**one.value, "before": before})


def told(event: Event) -> dict[str, Any]:
    """An event as the hub tells its followers: all that a reader's rights are decided by."""
    return {field.name: getattr(event, field.name) for field in fields(Event)} | {"labels": list(event.labels), "data": dict(event.data)}


def untold(said: Mapping[str, Any]) -> Event:
    """The event that was told."""
    return Event(**{**said, "labels": tuple(said["labels"])})


def _event(kind: str, subject: str, time_us: int, spot: Spot, data: dict[str, Any]) -> Event:
    return Event(type=kind, subject=subject, time_us=time_us, site=spot.site, place=spot.protected, labels=spot.labels, data=data)


def _narrowest(facts: dict[str, Any]) -> str | None:
    """The room, else the storey, the zone, the building among some features."""
    for kind in ("space", "storey", "zone", "building"):
        for feature, fact in facts.items():
            if fact.kind == kind:
                return feature
    return None


def _bits(word: int) -> Iterator[int]:
    return (bit for bit in range(32) if word >> bit & 1)
