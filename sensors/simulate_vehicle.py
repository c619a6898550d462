"""One simulated vehicle: errand after errand over the streets, through gates, waiting, parking; and what its terminal reports of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat

import numpy as np
import shapely
from numpy.typing import NDArray

from sensors.noise import report
from sensors.simulate_habits import Habit, habits_of
from sensors.simulate_model import model
from sensors.simulate_path import Ride, path_of, ride_of
from sensors.simulate_place import Compound, Pass, crossings

__all__ = ["Drive", "Driver", "Passage", "Report", "drivers_of", "reports_of"]

Float64 = NDArray[np.float64]
AGREEING = repeat(Habit.AGREED)
BARRIER_M = 4.0
"""Before the line of a gate a car waits."""
TRIES = 12
SHORTEST_M = 16.0
"""Nobody parks in a road that is shorter."""
MOVED_M = 1.0
"""Who stands on for long has moved the car so far."""
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
    """One drive and the parking after it, until `until_s`; of the `errand` of a number, None while nobody is on one."""

    ride: Ride
    passages: Sequence[Passage]
    until_s: float
    errand: int | None
    habit: Habit


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
    """A vehicle and who drives it; the same rng and habits drive the same way."""

    def __init__(self, compound: Compound, rng: np.random.Generator, habits: Iterable[Habit] = AGREEING) -> None:
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
        self._drives = (drive for number, habit in enumerate(habits) for drive in self._errand(number, habit))

    def drive(self) -> Drive:
        """The next drive, from where it is parked."""
        return next(self._drives)

    def _errand(self, number: int, habit: Habit) -> Iterator[Drive]:
        rows = model("errand")
        if habit.is_apart and number:
            yield self._stand(rows["quiet_s"], None, habit)
        if habit is Habit.NOT_DRIVEN:
            yield self._stand(rows["not_driven_s"], number, habit)
        else:
            yield from self._legs(number, habit)
        if habit.is_apart:
            yield self._stand(rows["quiet_s"], None, habit)

    def _legs(self, number: int, habit: Habit) -> Iterator[Drive]:
        """Out and home again: a gate is passed on the way home at the latest."""
        rows, usual, rng = model("errand"), model("vehicle"), self._rng
        begun, legs, goes_on = self.until_s, int(rng.integers(rows["legs"][0], rows["legs"][1] + 1)), habit is Habit.OVERRUN
        park_s = rows["overrun_park_s"] if goes_on else usual["park_s"]
        while self.until_s < begun + rows["overrun_s"] if goes_on else legs > 2:
            stays = rng.random() < rows["stay"] and not goes_on
            yield self._to(bool(rng.random() < usual["inside"]), rows["stay_s"] if stays else park_s, number, habit)
            legs -= 1
        yield self._to(False, park_s, number, habit)
        yield self._to(True, rows["rest_s"], number, habit)

    def _to(self, inside: bool, park_s: tuple[float, float], number: int, habit: Habit) -> Drive:
        arcs = self._way(inside)
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
        self.arc, self.share = arcs[-1], share
        return self._driven(ride, float(self._rng.uniform(*park_s)), number, habit)

    def _stand(self, seconds: float, number: int | None, habit: Habit) -> Drive:
        """Stay where it is."""
        share = min(self.share + MOVED_M / float(self._compound.streets.lengths[self.arc]), 1.0)
        path = path_of(self._compound.streets, [self.arc], begin_share=self.share, end_share=share)
        self.share = share
        return self._driven(ride_of(path, begin_s=self.until_s), seconds, number, habit)

    def _driven(self, ride: Ride, parked_s: float, number: int | None, habit: Habit) -> Drive:
        moments = np.arange(len(ride.seconds))
        found = [
            Passage(at_s=float(np.interp(one.at, moments, ride.seconds)), gate=self._numbers[one.gate], direction=one.direction)
            for one in crossings(ride.path.xy, self._gates)
        ]
        self.until_s = float(ride.seconds[-1]) + parked_s
        return Drive(ride=ride, passages=found, until_s=self.until_s, errand=number, habit=habit)

    def _way(self, inside: bool) -> list[int]:
        """From the arc it is on to another, in the compound or outside: no turning back on the same road outside of the compound, where it
        can be helped."""
        streets = self._compound.streets
        found: list[int] | None = None
        for _ in range(TRIES):
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


def drivers_of(compound: Compound, seed: int, vehicles: int) -> list[tuple[Driver, np.random.Generator]]:
    """Each vehicle's driver, and the rng of what its receiver says of it; the same each time."""
    habits = habits_of(seed, vehicles)
    pairs = [one.spawn(2) for one in np.random.SeedSequence([seed, 1]).spawn(vehicles)]
    return [
        (Driver(compound, np.random.default_rng(driving), habits[number]), np.random.default_rng(receiving))
        for number, (driving, receiving) in enumerate(pairs)
    ]


def reports_of(compound: Compound, driver: Driver, rng: np.random.Generator, *, together_s: float = 900.0) -> Iterator[Report | Passage]:
    """Everything that a vehicle's terminal reports and every gate that reads its plate, in order, without end; noise is continuous for at
    least `together_s` at a time."""
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
        found: list[Report | Passage] = [passage for drive in drives if drive.habit is not Habit.GATE_MISSED for passage in drive.passages]
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
