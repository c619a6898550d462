"""What goes wrong in a simulated compound, once, at a known moment: an intruder, a forced door, a fire, an evacuation."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

import numpy as np
from numpy.typing import NDArray

from sensors.observation import Stream, device_address
from sensors.simulate_model import model
from sensors.simulate_place import Compound, Post
from sensors.simulate_things import Said

__all__ = ["Scenario", "Script", "script_of"]

Float64 = NDArray[np.float64]


class Scenario(StrEnum):
    """What may be asked for."""

    CALM = "calm"
    INTRUDER = "intruder"
    FORCED_DOOR = "forced_door"
    FIRE = "fire"
    EVACUATION = "evacuation"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Script:
    """What devices say beside everyday life, in order, the moments at which the nearest guard is called to a point, and from when on all
    people leave."""

    said: Sequence[Said] = ()
    calls: Sequence[tuple[float, Float64]] = ()
    leave_s: float = inf


def script_of(scenario: Scenario, compound: Compound, rng: np.random.Generator, *, begins_s: float | None = None) -> Script:
    """The script of a scenario; empty where nothing is wrong, or where what it needs is not there."""
    at = float(model("scenario")["first_s"]) if begins_s is None else begins_s
    if scenario is Scenario.INTRUDER and compound.segments:
        return _intruder(compound, rng, at)
    if scenario is Scenario.FORCED_DOOR and any(np.isfinite(one.xy).all() for one in compound.doors):
        return _forced_door(compound, rng, at)
    if scenario in (Scenario.FIRE, Scenario.EVACUATION) and (compound.fire_points or compound.built.outlines):
        return _fire(compound, rng, at, leaving=scenario is Scenario.EVACUATION)
    return Script()


def _intruder(compound: Compound, rng: np.random.Generator, at_s: float) -> Script:
    rows = model("scenario")
    segment = compound.segments[int(rng.integers(len(compound.segments)))]
    share = float(rng.uniform(0.2, 0.8))
    steps = np.r_[0.0, np.cumsum(np.hypot(*np.diff(segment.line, axis=0).T))]
    point = np.array([np.interp(share * steps[-1], steps, axis) for axis in segment.line.T])
    device, place = device_address("perimeter_segment", segment.key), (float(point[0]), float(point[1]))
    code = "perimeter_intrusion"
    said = [Said(at_s=at_s, device=device, stream=Stream.ALARM, value={"code": code, "active": True}, alarms=(code,), xy=place)]
    placed = [camera for camera in compound.cameras if np.isfinite(camera.xy).all()]
    if placed:
        nearest = min(placed, key=lambda one: float(np.hypot(*(one.xy - point))))
        motion, camera = "camera_motion", device_address("camera", nearest.key)
        seen = at_s + rows["camera_after_s"]
        said.append(Said(at_s=seen, device=camera, stream=Stream.ALARM, value={"code": motion, "active": True}, alarms=(motion,)))
        gone = at_s + rows["cleared_after_s"]
        said.append(Said(at_s=gone, device=camera, stream=Stream.STATE, value={"state": "online"}))
    said.append(Said(at_s=at_s + rows["cleared_after_s"], device=device, stream=Stream.ALARM, value={"code": code, "active": False}))
    return Script(said=sorted(said, key=lambda one: one.at_s), calls=((at_s + 1.0, point),))


def _forced_door(compound: Compound, rng: np.random.Generator, at_s: float) -> Script:
    """A door is forced and stands open; a guard goes there, then it is shut."""
    doors = [one for one in compound.doors if np.isfinite(one.xy).all()]
    door = doors[int(rng.integers(len(doors)))]
    device, shut = device_address("door", door.key), at_s + model("scenario")["cleared_after_s"]
    said = [
        Said(at_s=at_s, device=device, stream=Stream.STATE, value={"state": "forced"}, alarms=("door_forced",)),
        Said(at_s=shut, device=device, stream=Stream.STATE, value={"state": "closed"}),
    ]
    return Script(said=said, calls=((at_s + 1.0, door.xy),))


def _fire(compound: Compound, rng: np.random.Generator, at_s: float, *, leaving: bool) -> Script:
    """Two fire points side by side, in the compound where there are some; in an evacuation everybody leaves at the second. Without a
    register of fire points a house has two of its own."""
    points = [one for one in compound.fire_points if np.isfinite(one.xy).all()] or _invented(compound, rng)
    first = points[int(rng.integers(len(points)))]
    others = [one for one in points if one is not first]
    second = min(others, key=lambda one: float(np.hypot(*(one.xy - first.xy)))) if others else first
    code, later = "fire_alarm", at_s + model("scenario")["smoke_after_s"]
    said = [
        Said(
            at_s=moment,
            device=device_address("fire_point", one.key),
            stream=Stream.ALARM,
            value={"code": code, "active": True},
            alarms=(code,),
            xy=(float(one.xy[0]), float(one.xy[1])),
        )
        for one, moment in ((first, at_s), (second, later))
    ]
    return Script(said=said, calls=((at_s + 1.0, first.xy),), leave_s=later if leaving else inf)


def _invented(compound: Compound, rng: np.random.Generator) -> list[Post]:
    middles = [one.representative_point() for one in compound.built.outlines]
    within = [point for point in middles if compound.ground.contains(point)] or middles
    chosen = within[int(rng.integers(len(within)))]
    return [Post(key=f"SIM-{number}", xy=np.array([chosen.x + 1.5 * number, chosen.y])) for number in (1, 2)]
