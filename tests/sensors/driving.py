"""True drives on a grid of streets: blocks, turns in arcs, lights, a canyon district, roofs over some blocks. Knows no filter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.noise import Environment, Reported, report

BLOCK_M = 220.0
HALF = 8
LANE_M = 1.75
ARC_M = 9.0
CRUISE_M_S = 12.5
TURN_M_S = 4.5
ACCELERATION = 1.5
Float64 = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Drive:
    """Truth once a second (n,): seconds, metres (n, 2), m/s (n, 2), environment, number of the street."""

    seconds: Float64
    xy: Float64
    velocity: Float64
    environment: NDArray[np.int8]
    street: NDArray[np.int64]

    def every(self, step: int) -> "Drive":
        """Of every so many seconds one."""
        return Drive(
            seconds=self.seconds[::step],
            xy=self.xy[::step],
            velocity=self.velocity[::step],
            environment=self.environment[::step],
            street=self.street[::step],
        )

    def reported(self, seed: int) -> Reported:
        """What a receiver says of it."""
        return report(self.seconds, self.xy, self.velocity, self.environment, self.street, np.random.default_rng([seed, 1]))


def streets() -> Float64:
    """The centre lines of all blocks, (m, 4) metres x0, y0, x1, y1."""
    ends = range(-HALF, HALF)
    rows = [(i, j, i + 1, j) for i in ends for j in range(-HALF, HALF + 1)] + [
        (i, j, i, j + 1) for i in range(-HALF, HALF + 1) for j in ends
    ]
    return np.array(rows, dtype=np.float64) * BLOCK_M


def drive(seed: int, minutes: float = 40.0, *, district: str = "mixed") -> Drive:
    """A drive of so many minutes; `district`: mixed (west of x = 0 a canyon), canyon or open (everywhere)."""
    rng = np.random.default_rng([seed, 0])
    path, stops, slow = _path(rng, blocks=int(minutes * 60 * CRUISE_M_S / BLOCK_M))
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(path, axis=0).T))]
    seconds, s = _timetable(along[-1], stops, slow, minutes * 60, rng)
    xy = np.stack([np.interp(s, along, path[:, axis]) for axis in (0, 1)], axis=1)
    velocity = np.gradient(xy, seconds, axis=0)
    whole = np.arange(0, len(seconds), 10)
    return _surroundings(seconds[whole], xy[whole], velocity[whole], district, rng)


def _path(rng: np.random.Generator, blocks: int) -> tuple[Float64, list[float], list[float]]:
    """Points of the driven line (right lane, arcs at turns), metres along it where lights stand, and where turns are."""
    node, heading = rng.integers(-2, 3, 2), rng.integers(0, 4)
    ways = np.array([[0, 1], [1, 0], [0, -1], [-1, 0]])
    points: list[Float64] = [node * BLOCK_M + LANE_M * np.array([ways[heading][1], -ways[heading][0]])]
    lights: list[float] = []
    turns: list[float] = []
    length = 0.0

    def go(point: Float64) -> None:
        nonlocal length
        length += float(np.hypot(*(point - points[-1])))
        points.append(point)

    for _ in range(blocks):
        node = node + ways[heading]
        options = [(heading + turn) % 4 for turn in (0, 1, 3) if np.abs(node + ways[(heading + turn) % 4]).max() <= HALF]
        weights = np.array([3.0 if one == heading else 1.0 for one in options])
        after = int(rng.choice(options, p=weights / weights.sum()))
        right, centre = np.array([ways[heading][1], -ways[heading][0]]), node * BLOCK_M
        if after == heading:
            go(centre - ways[heading] * 12.0 + right * LANE_M)
            if rng.random() < 0.4:
                lights.append(length)
            go(centre + right * LANE_M)
            continue
        right_after = np.array([ways[after][1], -ways[after][0]])
        start, end = centre - ways[heading] * ARC_M + right * LANE_M, centre + ways[after] * ARC_M + right_after * LANE_M
        go(start)
        turns.append(length)
        if rng.random() < 0.4:
            lights.append(length)
        corner = start + ways[heading] * abs(float((end - start) @ ways[heading]))
        for t in np.linspace(0.0, 1.0, 9)[1:]:
            go((1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t**2 * end)
        turns.append(length)
        heading = after
    return np.array(points), lights, turns


def _timetable(length: float, lights: list[float], turns: list[float], until: float, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Moments ten a second, and metres along the line: braking to lights and turns, waiting at lights."""
    grid = np.arange(0.0, length, 1.0)
    limit = np.full(len(grid), CRUISE_M_S * rng.uniform(0.8, 1.1))
    for first, last in zip(turns[::2], turns[1::2], strict=True):
        limit[int(first) : int(last) + 2] = TURN_M_S
    for light in lights:
        limit[min(int(light), len(grid) - 1)] = 0.5
    for order in (range(1, len(grid)), range(len(grid) - 2, -1, -1)):
        for at in order:
            beside = at - 1 if order.step > 0 else at + 1
            limit[at] = min(limit[at], np.sqrt(limit[beside] ** 2 + 2 * ACCELERATION))
    wait = np.zeros(len(grid))
    for light in lights:
        wait[min(int(light), len(grid) - 1)] += rng.uniform(8.0, 60.0)
    leaves = np.cumsum(1.0 / np.maximum(limit, 0.5) + wait)
    arrives = leaves - wait
    t, s = np.stack([arrives, leaves], axis=1).ravel(), np.repeat(grid, 2)
    seconds = np.arange(0.0, min(until, t[-1]), 0.1)
    return seconds, np.interp(seconds, t, s)


def _surroundings(seconds: Float64, xy: Float64, velocity: Float64, district: str, rng: np.random.Generator) -> Drive:
    line = np.round(xy / BLOCK_M).astype(np.int64)
    off = np.abs(xy - line * BLOCK_M)
    vertical = off[:, 0] < off[:, 1]
    street = np.where(vertical, 100 + line[:, 0], 200 + line[:, 1])
    canyon = {"mixed": xy[:, 0] < 0, "canyon": np.ones(len(xy), bool), "open": np.zeros(len(xy), bool)}[district]
    block = np.floor(np.where(vertical, xy[:, 1], xy[:, 0]) / BLOCK_M).astype(np.int64)
    into = np.where(vertical, xy[:, 1], xy[:, 0]) / BLOCK_M - block
    chosen = {
        (int(a), int(b)): rng.uniform(60.0, 170.0) / BLOCK_M
        for a, b in np.unique(np.stack([street, block], 1), axis=0)
        if rng.random() < 0.15
    }
    roof = np.array([0.1 < i < 0.1 + chosen.get((int(a), int(b)), 0.0) for a, b, i in zip(street, block, into, strict=True)])
    roof &= ~canyon if district == "mixed" else np.zeros(len(xy), bool)
    environment = np.where(roof, Environment.ROOF, np.where(canyon, Environment.CANYON, Environment.OPEN)).astype(np.int8)
    return Drive(seconds=seconds, xy=xy, velocity=velocity, environment=environment, street=street)
