"""What stands still and says something: gates and who passes them, segments, cameras, meters, doors; without end, in order, seeded."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from sensors.observation import Stream, device_address
from sensors.simulate_model import model
from sensors.simulate_place import Compound

__all__ = ["Said", "things_said"]

UNITS = {"electricity": ("kWh", 12.0), "water": ("m3", 0.6), "gas": ("m3", 0.4), "heat": ("kWh", 5.0)}
"""Unit of a meter and what it counts in an hour."""
NUISANCE = "perimeter_intrusion"
"""A sensor cannot tell a cat from a person."""
Rng = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing a device says at a moment: see `Observation`; a place is in site metres."""

    at_s: float
    device: str
    stream: Stream
    value: Mapping[str, Any]
    alarms: Sequence[str] = ()
    xy: tuple[float, float] | None = None


def things_said(compound: Compound, seed: int, *, pace: float = 1.0, leave_s: float = inf) -> Iterator[Said]:
    """All of it, merged; `pace` makes what people and faults do so many times as frequent. From `leave_s` on people only leave, until
    nobody is inside."""
    streams: list[Iterator[Said]] = []
    seeds = iter(np.random.SeedSequence(seed).spawn(len(compound.gates) + len(compound.meters) + 9))

    def rng() -> Rng:
        return np.random.default_rng(next(seeds))

    streams += [_steady(device_address("gate", gate.key), "open", rng()) for gate in compound.gates]
    rows = model("things")
    for cars, who, every, subject in (
        (False, compound.people, rows["person_every_s"], "person"),
        (True, compound.cars, rows["car_every_s"], "vehicle"),
    ):
        gates = [device_address("gate", gate.key) for gate in compound.gates if gate.cars is cars]
        passing = rng()
        if gates and who:
            points = [] if cars else [device_address("door", key) for key in compound.assembly]
            streams.append(_passing(gates, who, subject, every / len(gates) / pace, passing, leave_s if not cars else inf, points))
    for key, carrier in compound.meters:
        streams.append(_metered(device_address("meter", key), carrier, rng()))
    some = rng()
    streams += [_steady(device_address("perimeter_segment", one.key), "normal", some) for one in compound.segments]
    cameras = [device_address("camera", one.key) for one in compound.cameras]
    streams += [_steady(device, "online", some) for device in cameras]
    streams += [_steady(device_address("lift", one.key), "normal", some) for one in compound.lifts if one.key not in compound.lift_floors]
    seldom = rows["quiet_heartbeat_s"]
    for kind, posts in (("fire_point", compound.fire_points), ("panic_button", compound.panic_buttons)):
        streams += [_steady(device_address(kind, one.key), "normal", some, seldom) for one in posts]
    if compound.segments:
        streams.append(_nuisance([device_address("perimeter_segment", one.key) for one in compound.segments], pace, rng()))
    if cameras:
        streams.append(_lost(cameras, pace, rng()))
    if compound.doors:
        streams.append(_opened([device_address("door", one.key) for one in compound.doors], pace, rng()))
    if compound.lift_floors:
        lifts = {device_address("lift", key): floors for key, floors in sorted(compound.lift_floors.items())}
        streams.append(_lifted(lifts, pace, rng()))
    alive, dark = rng(), rng()
    streams += [_alive(device_address("door", one.key), alive, seldom) for one in compound.doors]
    streams += [_alive(device_address("lift", key), alive, rows["heartbeat_s"]) for key in sorted(compound.lift_floors)]
    said = heapq.merge(*streams, key=lambda one: one.at_s)
    return _darkened(said, cameras, pace, dark) if cameras else said


def _steady(device: str, state: str, rng: Rng, every: float | None = None) -> Iterator[Said]:
    every = model("things")["heartbeat_s"] if every is None else every
    yield Said(at_s=float(rng.uniform(0, 1.0)), device=device, stream=Stream.STATE, value={"state": state})
    yield from _alive(device, rng, every)


def _alive(device: str, rng: Rng, every: float) -> Iterator[Said]:
    at = float(rng.uniform(0, every))
    while True:
        at += every
        yield Said(at_s=at, device=device, stream=Stream.HEARTBEAT, value={})


def _passing(
    gates: Sequence[str], who: Sequence[str], subject: str, every_s: float, rng: Rng, leave_s: float, points: Sequence[str]
) -> Iterator[Said]:
    """Who is out comes in by some gate, who is in goes out by some; who has to leave goes to an assembly `point`, if there is a reader."""
    inside: set[int] = set(rng.permutation(len(who))[: len(who) // 2].tolist())
    name = "plate" if subject == "vehicle" else "card"
    at = 0.0
    while True:
        at += float(rng.exponential(every_s))
        if at >= leave_s:
            break
        one, gate = int(rng.integers(len(who))), gates[int(rng.integers(len(gates)))]
        direction = "out" if one in inside else "in"
        inside ^= {one}
        yield _passed(at, gate, direction, subject, {name: who[one]})
    takes = model("scenario")["leaving_s"]
    for after, one in sorted((float(rng.triangular(0.0, takes / 3, takes)), one) for one in sorted(inside)):
        if points and rng.random() < model("scenario")["assembled"]:
            yield _passed(leave_s + after, points[int(rng.integers(len(points)))], None, subject, {name: who[one]})
        else:
            yield _passed(leave_s + after, gates[int(rng.integers(len(gates)))], "out", subject, {name: who[one]})


def _passed(at_s: float, gate: str, direction: str | None, subject: str, whom: Mapping[str, str]) -> Said:
    way = {} if direction is None else {"direction": direction}
    value = {**way, "subject": subject, **whom, "granted": True, "count": 1}
    return Said(at_s=at_s, device=gate, stream=Stream.PASSAGE, value=value)


def _metered(device: str, carrier: str, rng: Rng) -> Iterator[Said]:
    unit, an_hour = UNITS.get(carrier, ("kWh", 1.0))
    every = model("things")["reading_s"]
    total, at = float(rng.uniform(1_000, 90_000)), float(rng.uniform(0, min(every, 5.0)))
    while True:
        value = {"value": round(total, 2), "unit": unit, "property": carrier}
        yield Said(at_s=at, device=device, stream=Stream.READING, value=value)
        total += float(rng.gamma(4.0, an_hour * every / 3600 / 4.0))
        at += every


def _nuisance(devices: Sequence[str], pace: float, rng: Rng) -> Iterator[Said]:
    """Wind, a cat: a segment tells of it and is quiet again."""
    rows = model("things")
    at = 0.0
    while True:
        at += float(rng.exponential(rows["nuisance_every_s"] / pace))
        device = devices[int(rng.integers(len(devices)))]
        value = {"code": NUISANCE, "active": True, "simulated": "nuisance"}
        yield Said(at_s=at, device=device, stream=Stream.ALARM, value=value, alarms=(NUISANCE,))
        at += float(rng.uniform(*rows["nuisance_s"]))
        yield Said(at_s=at, device=device, stream=Stream.ALARM, value={**value, "active": False})


def _lost(devices: Sequence[str], pace: float, rng: Rng) -> Iterator[Said]:
    rows = model("things")
    at = 0.0
    while True:
        at += float(rng.exponential(rows["camera_lost_every_s"] / pace))
        device = devices[int(rng.integers(len(devices)))]
        yield Said(at_s=at, device=device, stream=Stream.STATE, value={"state": "lost"}, alarms=("camera_lost",))
        at += float(rng.uniform(*rows["camera_lost_s"]))
        yield Said(at_s=at, device=device, stream=Stream.STATE, value={"state": "online"})


def _darkened(said: Iterator[Said], cameras: Sequence[str], pace: float, rng: Rng) -> Iterator[Said]:
    """All that is said, but by a camera that is dark for a while: of it nothing, and that it is online when it is there again."""
    rows = model("things")
    begins = ends = 0.0
    device = ""
    for one in said:
        while one.at_s >= ends:
            if device:
                yield Said(at_s=ends, device=device, stream=Stream.STATE, value={"state": "online"})
            begins = ends + float(rng.exponential(rows["camera_dark_every_s"] / pace))
            ends = begins + float(rng.uniform(*rows["camera_dark_s"]))
            device = cameras[int(rng.integers(len(cameras)))]
        if one.device != device or one.at_s < begins:
            yield one


def _opened(devices: Sequence[str], pace: float, rng: Rng) -> Iterator[Said]:
    """Doors are opened and fall shut; one now and then is held, or forced. All are shut at first."""
    rows = model("things")
    for device in devices:
        yield Said(at_s=0.0, device=device, stream=Stream.STATE, value={"state": "closed"})
    opened: list[tuple[float, str, str]] = []
    at = 0.0
    while True:
        at += float(rng.exponential(rows["door_every_s"] / pace))
        device = devices[int(rng.integers(len(devices)))]
        share = float(rng.random())
        held, forced = share < rows["door_held"], share > 1 - rows["door_forced"]
        shut = at + float(rng.uniform(*rows["door_held_s" if held else "door_forced_s" if forced else "door_open_s"]))
        while opened and opened[0][0] <= at:
            yield _door(*heapq.heappop(opened))
        if any(waiting == device for _, waiting, _ in opened):
            continue
        yield _door(at, device, "forced" if forced else "open")
        if held:
            heapq.heappush(opened, (at + rows["door_held_after_s"], device, "held"))
        heapq.heappush(opened, (shut, device, "closed"))


def _door(at_s: float, device: str, state: str) -> Said:
    alarms = (f"door_{state}",) if state in ("held", "forced") else ()
    return Said(at_s=at_s, device=device, stream=Stream.STATE, value={"state": state}, alarms=alarms)


def _lifted(floors: Mapping[str, tuple[int, int]], pace: float, rng: Rng) -> Iterator[Said]:
    """Lifts go from floor to floor as they are called and tell each where they stop; one seldom stops with people in it."""
    rows = model("things")
    devices, here = list(floors), {device: low for device, (low, _) in floors.items()}
    free = dict.fromkeys(devices, 0.0)
    for device in devices:
        yield _lift(1.0, device, here[device])
    waiting: list[tuple[float, str, int, str]] = []
    at, every_s = 1.0, rows["lift_every_s"] / len(devices) / pace
    trapped_share = min(every_s * pace / rows["lift_trapped_every_s"], 1.0)
    while True:
        at += float(rng.exponential(every_s))
        while waiting and waiting[0][0] <= at:
            yield _lift(*heapq.heappop(waiting))
        device, share = devices[int(rng.integers(len(devices)))], float(rng.random())
        low, high = floors[device]
        called = int(rng.integers(low, high + 1))
        if free[device] > at or called == here[device]:
            continue
        arrives = at + abs(called - here[device]) * rows["lift_storey_s"]
        here[device], free[device] = called, arrives
        if share < trapped_share:
            heapq.heappush(waiting, (arrives, device, called, "trapped"))
            free[device] = arrives + float(rng.uniform(*rows["lift_trapped_s"]))
            heapq.heappush(waiting, (free[device], device, called, "normal"))
        else:
            heapq.heappush(waiting, (arrives, device, called, "normal"))


def _lift(at_s: float, device: str, floor: int, state: str = "normal") -> Said:
    alarms = ("lift_trapped",) if state == "trapped" else ()
    return Said(at_s=at_s, device=device, stream=Stream.STATE, value={"state": state, "floor": floor}, alarms=alarms)
