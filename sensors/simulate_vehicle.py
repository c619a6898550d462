"""One simulated vehicle: drive after drive over the streets, through gates, waiting, parking; and what its terminal reports of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from sensors.noise import report
from sensors.simulate_model import model
from sensors.simulate_path import Ride, path_of, ride_of
from sensors.simulate_place import Compound, Pass, crossings

__all__ = ["Drive", "Driver", "Passage", "Report", "reports_of"]

Float64 = NDArray[np.float64]
BARRIER_M = 4.0
"""Before the line of a gate a car waits."""
TRIES = 12
SHORTEST_M = 16.0
"""Nobody parks in a road that is shorter."""
STILL_M_S = 0.8
"""Below it a receiver holds the last course."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The vehicle's passage of a gate: seconds, the number of the gate, `in` or `out`."""

    at_s: float
    gate: int
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drive:
    """One drive and the parking after it, until `until_s`."""

    ride: Ride
    passages: Sequence[Passage]
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the terminal says at a moment: site metres, m/s, degrees; `true_xy` where the vehicle really is. `linked` False: the link is
    down."""

    at_s: float
    xy: tuple[float, float]
    true_xy: tuple[float, float]
    m_per_s: float
    heading_deg: float
    fixed: bool
    ignition: bool
    linked: bool


class Driver:
    """A vehicle and who drives it; the same rng drives the same way."""

    def __init__(self, compound: Compound, rng: np.random.Generator) -> None:
        self._compound, self._rng = compound, rng
        streets = compound.streets
        lines = [road.line for road in streets.roads]
        middles = np.array([line.mean(axis=0) for line in lines]).repeat(2, axis=0)
        self._inside = shapely.contains_xy(compound.ground, middles[:, 0], middles[:, 1])
        self._ends = np.flatnonzero(streets.open_arcs & (streets.lengths >= SHORTEST_M))
        self._degree = streets.degree()
        self._gates = [gate for gate in compound.gates if gate.cars]
        self._numbers = [number for number, gate in enumerate(compound.gates) if gate.cars]
        self.arc = int(rng.choice(self._chosen(inside=bool(rng.random() < model("vehicle")["inside"]))))
        self.share = float(rng.uniform(0.1, 0.5))
        self.until_s = 0.0

    def drive(self) -> Drive:
        """The next drive, from where it is parked."""
        arcs = self._way()
        share = float(self._rng.uniform(0.3, 0.9)) if len(arcs) > 1 else 1.0
        path = path_of(self._compound.streets, arcs, begin_share=self.share, end_share=share)
        passed = crossings(path.xy, self._gates)
        slow, stops = [], []
        rows = model("vehicle")
        for one in passed:
            slow += [(at, rows["gate_m_s"]) for at in range(max(int(one.at) - 6, 0), min(int(one.at) + 6, len(path.along)))]
            stops.append((self._before(path.along, one), float(self._rng.uniform(*rows["gate_stop_s"]))))
        for at, arc in zip(path.entering, arcs[1:], strict=True):
            if self._degree[self._compound.streets.ends[arc, 0]] > 2 and self._rng.random() < rows["crossing_stop"]:
                stops.append((at, float(self._rng.uniform(*rows["crossing_stop_s"]))))
        ride = ride_of(path, begin_s=self.until_s, slow=slow, stops=dict(stops).items())
        moments = np.arange(len(ride.seconds))
        found = [
            Passage(at_s=float(np.interp(one.at, moments, ride.seconds)), gate=self._numbers[one.gate], direction=one.direction)
            for one in crossings(ride.path.xy, self._gates)
        ]
        self.arc, self.share = arcs[-1], share
        self.until_s = float(ride.seconds[-1]) + float(self._rng.uniform(*rows["park_s"]))
        return Drive(ride=ride, passages=found, until_s=self.until_s)

    def _way(self) -> list[int]:
        """From the arc it is on to another: no turning back on the same road outside of the compound, where it can be helped."""
        streets = self._compound.streets
        found: list[int] | None = None
        for _ in range(TRIES):
            inside = bool(self._rng.random() < model("vehicle")["inside"])
            end = int(self._rng.choice(self._chosen(inside=inside)))
            if end // 2 == self.arc // 2:
                continue
            between = streets.way(int(streets.ends[self.arc, 1]), int(streets.ends[end, 0]))
            if between is None:
                continue
            arcs = [self.arc, *between, end]
            turns = any(a // 2 == b // 2 and not self._inside[a] for a, b in pairwise(arcs))
            if not turns:
                return arcs
            found = found or arcs
        return found or [self.arc]

    def _chosen(self, *, inside: bool) -> NDArray[np.int64]:
        some = self._ends[self._inside[self._ends] == inside]
        return some if len(some) else self._ends

    def _before(self, along: Float64, passed: Pass) -> int:
        at = float(np.interp(passed.at, np.arange(len(along)), along)) - BARRIER_M
        return max(int(np.searchsorted(along, at)), 1)


def reports_of(compound: Compound, driver: Driver, rng: np.random.Generator, *, together_s: float = 900.0) -> Iterator[Report | Passage]:
    """Everything that a vehicle's terminal reports and every gate it passes, in order, without end; noise is continuous for at least
    `together_s` at a time."""
    rows = model("vehicle")
    every = int(rng.choice(rows["report_s"]))
    holes = _holes(rng.spawn(1)[0])
    hole = next(holes)
    course = 0.0
    while True:
        drives = [driver.drive()]
        begin = float(drives[0].ride.seconds[0])
        while driver.until_s < begin + together_s:
            drives.append(driver.drive())
        seconds, xy, speed, heading, arc, parked = _sampled(drives, every, rows["parked_report_s"])
        bearing = np.radians(heading)
        velocity = speed[:, None] * np.column_stack([np.sin(bearing), np.cos(bearing)])
        street = compound.streets.street[arc // 2]
        said = report(seconds, xy, velocity, compound.built.environment(xy), street, rng)
        found: list[Report | Passage] = [passage for drive in drives for passage in drive.passages]
        place = xy[0]
        for i, at in enumerate(seconds.tolist()):
            if said.speed_m_s[i] >= STILL_M_S or (i == 0 and course == 0.0):
                course = float(said.heading_deg[i] if said.speed_m_s[i] >= STILL_M_S else heading[i])
            place = said.xy[i] if said.fixed[i] else place
            if at > hole[1]:
                hole = next(holes)
            found.append(
                Report(
                    at_s=at,
                    xy=(float(place[0]), float(place[1])),
                    true_xy=(float(xy[i, 0]), float(xy[i, 1])),
                    m_per_s=float(said.speed_m_s[i]),
                    heading_deg=course,
                    fixed=bool(said.fixed[i]),
                    ignition=not parked[i],
                    linked=not hole[0] < at <= hole[1],
                )
            )
        yield from sorted(found, key=lambda one: one.at_s)


def _holes(rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    """From when to when the link is down."""
    rows, end = model("vehicle"), 0.0
    while True:
        begin = end + float(rng.exponential(rows["hole_every_s"]))
        end = begin + float(rng.uniform(*rows["hole_s"]))
        yield begin, end


def _sampled(
    drives: Sequence[Drive], every: int, parked_every: int
) -> tuple[Float64, Float64, Float64, Float64, NDArray[np.int64], NDArray[np.bool_]]:
    """Whole seconds at which something is reported, and the truth there: place, speed, bearing, arc, whether it is parked."""
    parts = []
    for drive in drives:
        begin, end = drive.ride.seconds[0], drive.ride.seconds[-1]
        moving = np.arange(np.ceil(begin), np.ceil(end), every)
        parked = np.arange(np.ceil(end), np.ceil(drive.until_s), parked_every)
        seconds = np.r_[moving, parked]
        parts.append((seconds, *drive.ride.at(seconds), np.r_[np.zeros(len(moving), dtype=bool), np.ones(len(parked), dtype=bool)]))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]
