"""Where the wheels of a simulated vehicle go: the right lane of each road, with round turns between, and how fast it can be driven."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.simulate_roads import Streets

__all__ = ["BRAKE_M_S2", "PULL_M_S2", "Path", "Ride", "path_of", "ride_of"]

Float64 = NDArray[np.float64]
STEP_M = 0.5
TURN_M = 6.0
"""A turn begins and ends so far from the junction, or at 35 % of a road that is shorter."""
LANE_M = 1.75
"""From the centre line to the middle of the lane at most; a quarter of the width of a narrow road."""
TURN_POINTS = 16
PULL_M_S2, BRAKE_M_S2, ASIDE_M_S2 = 1.2, 1.8, 2.0
"""What a calm driver asks of a car: forwards, braking, in a turn."""
CREEP_M_S = 1.0
"""Nobody turns so sharply that the car stands still."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """Points (n, 2) half a metre apart, metres from the first `along` (n,), degrees clockwise from north, the most m/s by limit and
    turn, the arc each is on; `entering` the point at which each arc after the first begins to be turned into."""

    xy: Float64
    along: Float64
    heading_deg: Float64
    most_m_s: Float64
    arc: NDArray[np.int64]
    entering: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ride:
    """A path in time: seconds at which each point is reached (n,) and the speed there."""

    path: Path
    seconds: Float64
    m_per_s: Float64

    def at(self, seconds: Float64) -> tuple[Float64, Float64, Float64, NDArray[np.int64]]:
        """Points (k, 2), m/s, degrees, arcs at moments (k,); before it the first, after it the last."""
        along = np.interp(seconds, self.seconds, self.path.along)
        at = np.clip(np.searchsorted(self.path.along, along), 1, len(self.path.along) - 1)
        xy = np.column_stack([np.interp(along, self.path.along, axis) for axis in self.path.xy.T])
        turned = np.unwrap(np.radians(self.path.heading_deg))
        heading = np.degrees(np.interp(along, self.path.along, turned)) % 360.0
        return xy, np.interp(seconds, self.seconds, self.m_per_s), heading, self.path.arc[at]


def path_of(streets: Streets, arcs: Sequence[int], *, begin_share: float = 0.0, end_share: float = 1.0) -> Path:
    """The path along some arcs that follow each other, from a share of the first lane to a share of the last."""
    points: list[Float64] = []
    numbers: list[NDArray[np.int64]] = []
    entering: list[int] = []
    total = 0
    for at, arc in enumerate(arcs):
        begin = begin_share if at == 0 else 0.0
        end = end_share if at == len(arcs) - 1 else 1.0
        piece = _lane(streets, arc, begin, max(end, begin + 1e-3))
        if points:
            entering.append(total - 1)
            turn = _turn(points[-1], piece)
            points.append(turn)
            numbers.append(np.full(len(turn), arc))
            total += len(turn)
        points.append(piece)
        numbers.append(np.full(len(piece), arc))
        total += len(piece)
    xy = np.concatenate(points)
    steps = np.hypot(*np.diff(xy, axis=0).T)
    kept = np.r_[True, steps > 1e-6]
    position = np.cumsum(kept) - 1
    xy, arc_of = xy[kept], np.concatenate(numbers)[kept]
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
    tangent = np.gradient(xy, along, axis=0)
    bearing = np.unwrap(np.arctan2(tangent[:, 0], tangent[:, 1]))
    bend = np.abs(np.gradient(bearing, along))
    limit = np.array([streets.roads[arc // 2].m_per_s for arc in arc_of.tolist()])
    most = np.minimum(limit, np.maximum(np.sqrt(ASIDE_M_S2 / np.maximum(bend, 1e-9)), CREEP_M_S))
    return Path(
        xy=xy,
        along=along,
        heading_deg=np.degrees(bearing) % 360.0,
        most_m_s=most,
        arc=arc_of,
        entering=[int(position[one]) for one in entering],
    )


def ride_of(path: Path, *, begin_s: float, slow: Collection[tuple[int, float]] = (), stops: Collection[tuple[int, float]] = ()) -> Ride:
    """The path driven from standstill to standstill: `slow` the most m/s at some points, `stops` seconds of standing at some."""
    most = path.most_m_s.copy()
    for at, speed in slow:
        most[at] = min(most[at], speed)
    most[[0, -1, *(at for at, _ in stops)]] = 0.0
    steps = np.diff(path.along)
    speed = most.tolist()
    for at, step in enumerate(steps.tolist()):
        speed[at + 1] = min(speed[at + 1], (speed[at] ** 2 + 2 * PULL_M_S2 * step) ** 0.5)
    for at in range(len(steps) - 1, -1, -1):
        speed[at] = min(speed[at], (speed[at + 1] ** 2 + 2 * BRAKE_M_S2 * float(steps[at])) ** 0.5)
    m_per_s = np.array(speed)
    seconds = begin_s + np.r_[0.0, np.cumsum(2 * steps / np.maximum(m_per_s[:-1] + m_per_s[1:], 1e-6))]
    waits = sorted((at, wait) for at, wait in stops if 0 < at < len(seconds) - 1 and wait > 0)
    later, order = seconds.copy(), np.arange(len(seconds))
    for at, wait in waits:
        later[at + 1 :] += wait
        order = np.insert(order, int(np.flatnonzero(order == at)[0]) + 1, at)
    times = later[order]
    for at, wait in waits:
        second = int(np.flatnonzero(order == at)[1])
        times[second] += wait
    return Ride(path=path if not waits else _stretched(path, order), seconds=times, m_per_s=m_per_s[order])


def _stretched(path: Path, order: NDArray[np.int64]) -> Path:
    """The path with points at which somebody waits said twice."""
    names = ("xy", "along", "heading_deg", "most_m_s", "arc")
    return Path(**{name: getattr(path, name)[order] for name in names}, entering=[int((order == at).argmax()) for at in path.entering])


def _lane(streets: Streets, arc: int, begin: float, end: float) -> Float64:
    road = streets.roads[arc // 2]
    line = _beside(streets.line(arc), min(road.width_m / 4, LANE_M) if not road.one_way else 0.0)
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
    trim = min(TURN_M, 0.35 * along[-1])
    first, last = trim + begin * (along[-1] - 2 * trim), trim + end * (along[-1] - 2 * trim)
    inner = along[(along > first) & (along < last)]
    even = np.linspace(first, last, max(int(np.ceil((last - first) / STEP_M)), 2) + 1)
    at = np.unique(np.r_[even, inner])
    return np.column_stack([np.interp(at, along, axis) for axis in line.T])


def _beside(line: Float64, metres: float) -> Float64:
    """The line moved to its right."""
    ahead = np.diff(line, axis=0)
    ahead /= np.hypot(*ahead.T)[:, None]
    right = np.column_stack([ahead[:, 1], -ahead[:, 0]])
    first, second = np.vstack([right[:1], right]), np.vstack([right, right[-1:]])
    mitre = (first + second) / np.maximum(1.0 + (first * second).sum(axis=1), 0.3)[:, None]
    return np.asarray(line + metres * mitre)


def _turn(before: Float64, after: Float64) -> Float64:
    """The inner points of a cubic curve from the end of a lane to the beginning of the next: an arc, nearly."""
    p0, p3 = before[-1], after[0]
    t0, t3 = _unit(before[-1] - before[-2]), _unit(after[1] - after[0])
    angle = float(np.arccos(np.clip(t0 @ t3, -1.0, 1.0)))
    apart = float(np.hypot(*(p3 - p0)))
    reach = apart * (1 / 3 if angle < 1e-3 else 2 / 3 * np.tan(angle / 4) / np.sin(angle / 2))
    t = np.linspace(0.0, 1.0, max(TURN_POINTS, int(apart / STEP_M)) + 1)[1:-1, None]
    p1, p2 = p0 + reach * t0, p3 - reach * t3
    return np.asarray((1 - t) ** 3 * p0 + 3 * (1 - t) ** 2 * t * p1 + 3 * (1 - t) * t**2 * p2 + t**3 * p3)


def _unit(vector: Float64) -> Float64:
    return np.asarray(vector / np.hypot(*vector))
