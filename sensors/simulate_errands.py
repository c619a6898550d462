"""What simulated vehicles are sent for, hours ahead of their drives: the same drivers, driven on without a clock."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sensors.simulate_habits import Habit
from sensors.simulate_model import model
from sensors.simulate_place import Compound
from sensors.simulate_vehicle import Drive, Driver

__all__ = ["Errand", "errands_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """The errand of a number: driven from `begin_s` to `end_s`, seconds from the start, to the road where it was farthest from its
    beginning; where nobody drove (`NOT_DRIVEN`), when somebody should have, and no road."""

    number: int
    habit: Habit
    begin_s: float
    end_s: float
    road: str | None

    @property
    def booked_s(self) -> tuple[float, float] | None:
        """The time an order of it is for, None where there is no order."""
        if self.habit is Habit.WITHOUT_ORDER:
            return None
        return self.begin_s, self.begin_s + model("errand")["overrun_booked_s"] if self.habit is Habit.OVERRUN else self.end_s


def errands_of(compound: Compound, driver: Driver) -> Iterator[Errand]:
    """The errands of a driver in order, without end; nobody else may ask this driver for drives."""
    drive = driver.drive()
    while True:
        if drive.errand is None:
            drive = driver.drive()
            continue
        first = last = drive
        farthest, road = 0.0, None
        while drive.errand == first.errand:
            last = drive
            apart = float(np.hypot(*(drive.ride.path.xy[-1] - first.ride.path.xy[0])))
            if apart > farthest and drive.habit is not Habit.NOT_DRIVEN:
                farthest, road = apart, compound.streets.roads[int(drive.ride.path.arc[-1]) // 2].name
            drive = driver.drive()
        yield _errand(first, last, road)


def _errand(first: Drive, last: Drive, road: str | None) -> Errand:
    assert first.errand is not None
    end = last.until_s if first.habit is Habit.NOT_DRIVEN else float(last.ride.seconds[-1])
    return Errand(number=first.errand, habit=first.habit, begin_s=float(first.ride.seconds[0]), end_s=end, road=road)
