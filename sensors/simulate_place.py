"""The compound as the simulator needs it: gates, segments, cameras, posts, what is built; in site metres, as arrays and few facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sensors.noise import Environment
from sensors.simulate_roads import Streets

__all__ = ["Compound", "Built", "GateLine", "Pass", "Post", "Segment", "crossings"]

Float64 = NDArray[np.float64]
NEAR_M = 14.0
"""Between buildings that stand so near a street is a canyon, where one of them is `TALL` times as tall as it is far."""
TALL = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateLine:
    """A gate: its middle (2,), the bearing outwards, clear width; `cars` pass or people only."""

    key: str
    xy: Float64
    outwards_deg: float
    width_m: float
    cars: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Somebody went through a gate between two points of a path: `at` counts in points, with a fraction."""

    gate: int
    at: float
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """A perimeter segment: its line (k, 2)."""

    key: str
    line: Float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Post:
    """A device with a place (2,): a camera, a door, a guard post; (nan, nan) where nobody knows it."""

    key: str
    xy: Float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Built:
    """Outlines of buildings and how tall each is above the ground, metres."""

    outlines: Sequence[BaseGeometry]
    heights_m: Float64

    def environment(self, xy: Float64) -> NDArray[np.int8]:
        """What is above and beside points (n, 2): `Environment`."""
        found = np.full(len(xy), Environment.OPEN, dtype=np.int8)
        if not len(self.outlines) or not len(xy):
            return found
        points = np.asarray(shapely.points(xy), dtype=object)
        shapes = np.asarray(self.outlines, dtype=object)
        point, shape = shapely.STRtree(shapes).query(points, predicate="dwithin", distance=NEAR_M)
        apart = shapely.distance(points[point], shapes[shape])
        found[point[self.heights_m[shape] >= TALL * np.maximum(apart, 1e-3)]] = Environment.CANYON
        found[point[apart == 0]] = Environment.ROOF
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compound:
    """All that stands there. `ground` is the outline of the compound; `meters` key and carrier; `guards` keys of who is on duty;
    `lift_floors` the lowest and the highest floor that a lift (by its key) serves; `people` and `cars` keys of persons and plates of cars
    without a terminal, that only pass gates; `assembly` keys of doors that are readers at assembly points, where nobody is in or out."""

    streets: Streets
    ground: BaseGeometry
    built: Built
    gates: Sequence[GateLine] = ()
    segments: Sequence[Segment] = ()
    cameras: Sequence[Post] = ()
    posts: Sequence[Post] = ()
    doors: Sequence[Post] = ()
    assembly: Sequence[str] = ()
    fire_points: Sequence[Post] = ()
    lifts: Sequence[Post] = ()
    lift_floors: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    panic_buttons: Sequence[Post] = ()
    guards: Sequence[str] = ()
    meters: Sequence[tuple[str, str]] = ()
    people: Sequence[str] = ()
    cars: Sequence[str] = ()


def crossings(path: Float64, gates: Sequence[GateLine]) -> list[Pass]:
    """Where a path (n, 2) crosses the line of each gate, in order.

    >>> gate = GateLine(key="G", xy=np.zeros(2), outwards_deg=180.0, width_m=4.0, cars=True)
    >>> crossings(np.array([[0.0, 3.0], [0.0, -1.0]]), [gate])
    [Pass(gate=0, at=0.75, direction='out')]
    """
    found = []
    for number, gate in enumerate(gates):
        bearing = np.radians(gate.outwards_deg)
        out, along = np.array([np.sin(bearing), np.cos(bearing)]), np.array([np.cos(bearing), -np.sin(bearing)])
        outside, aside = (path - gate.xy) @ out, (path - gate.xy) @ along
        for i in np.flatnonzero((outside[:-1] < 0) != (outside[1:] < 0)).tolist():
            share = float(outside[i] / (outside[i] - outside[i + 1]))
            if abs(aside[i] + share * (aside[i + 1] - aside[i])) <= gate.width_m / 2:
                found.append(Pass(gate=number, at=i + share, direction="out" if outside[i + 1] >= 0 else "in"))
    return sorted(found, key=lambda one: one.at)
