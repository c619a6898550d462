"""Errands hours ahead: what the same drivers then drive, some in each way that does not agree with an order."""

from collections import Counter
from itertools import islice, pairwise, takewhile

import numpy as np
import pytest
import shapely

from sensors.simulate_errands import Errand, errands_of
from sensors.simulate_habits import Habit, habits_of
from sensors.simulate_model import model
from sensors.simulate_vehicle import Drive, Driver, Passage, drivers_of, reports_of
from tests.sensors.compound_made import compound

COMPOUND = compound()
GRACE_S, TYPED_S = 1800.0, 300.0
"""How far from an order the check of journeys still takes a trip for one of it; by what orders are planned."""
SEEDS = range(2)


def driver(habit: Habit, seed: int) -> Driver:
    """Whose second errand is of a habit, all others agree."""
    return Driver(COMPOUND, np.random.default_rng(seed), [Habit.AGREED, habit, *[Habit.AGREED] * 9])


def errands(habit: Habit, seed: int) -> list[Errand]:
    return list(islice(errands_of(COMPOUND, driver(habit, seed)), 3))


def drives(habit: Habit, seed: int, until_s: float) -> list[Drive]:
    one = driver(habit, seed)
    return list(takewhile(lambda drive: drive.ride.seconds[0] < until_s, iter(one.drive, None)))


def moving(found: list[Drive]) -> list[Drive]:
    return [one for one in found if one.ride.path.along[-1] > 20]


def test_errands_are_told_ahead_as_they_are_driven() -> None:
    ahead = [list(islice(errands_of(COMPOUND, driver), 2)) for driver, _ in drivers_of(COMPOUND, 7, 4)]
    for (one, _), told in zip(drivers_of(COMPOUND, 7, 4), ahead, strict=True):
        driven = list(takewhile(lambda drive: drive.errand != 2, iter(one.drive, None)))
        for errand in told:
            mine = [drive for drive in driven if drive.errand == errand.number]
            assert (mine[0].ride.seconds[0], {drive.habit for drive in mine}) == (errand.begin_s, {errand.habit})
            if errand.habit is not Habit.NOT_DRIVEN:
                assert mine[-1].ride.seconds[-1] == errand.end_s
                assert errand.road in {road.name for road in COMPOUND.streets.roads if road.driven}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("habit", [Habit.AGREED, Habit.OVERRUN, Habit.WITHOUT_ORDER])
def test_every_errand_that_is_driven_passes_a_gate_and_ends_in_the_compound(habit: Habit, seed: int) -> None:
    told = errands(habit, seed)
    for errand in told:
        mine = [one for one in drives(habit, seed, told[-1].end_s) if one.errand == errand.number]
        assert sum(len(one.passages) for one in mine) > 0
        assert COMPOUND.ground.contains(shapely.Point(mine[-1].ride.path.xy[-1]))


@pytest.mark.parametrize("seed", SEEDS)
def test_times_of_orders_do_not_touch_each_other(seed: int) -> None:
    for before, after in pairwise(errands(Habit.AGREED, seed)):
        assert before.booked_s is not None and after.booked_s is not None
        assert before.booked_s[1] + 2 * TYPED_S < after.booked_s[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_drives_without_an_order_has_none_near_in_time(seed: int) -> None:
    before, errand, after = errands(Habit.WITHOUT_ORDER, seed)
    assert errand.booked_s is None
    assert errand.begin_s - before.end_s > GRACE_S + TYPED_S
    assert after.begin_s - errand.end_s > GRACE_S + TYPED_S


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_drives_on_an_order_that_is_not_driven(seed: int) -> None:
    _, errand, after = errands(Habit.NOT_DRIVEN, seed)
    assert errand.booked_s == (errand.begin_s, errand.end_s) and errand.road is None
    spans = [(one.ride.seconds[0], one.ride.seconds[-1]) for one in moving(drives(Habit.NOT_DRIVEN, seed, after.end_s))]
    apart = GRACE_S + TYPED_S
    assert not any(begin < errand.end_s + apart and end > errand.begin_s - apart for begin, end in spans)
    assert len(spans) > 10


def test_who_stands_hardly_moves_and_is_back_in_time() -> None:
    for seed in range(6):
        one = Driver(COMPOUND, np.random.default_rng(seed), [Habit.NOT_DRIVEN] * 20)
        for drive in islice(iter(one.drive, None), 40):
            assert 0.0 < drive.ride.path.along[-1] < 1.5
            assert drive.ride.seconds[-1] - drive.ride.seconds[0] < 5.0


@pytest.mark.parametrize("seed", SEEDS)
def test_an_overrun_goes_on_without_a_stop_until_long_after_its_order(seed: int) -> None:
    _, errand, _ = errands(Habit.OVERRUN, seed)
    assert errand.booked_s is not None
    assert errand.end_s > errand.booked_s[1] + GRACE_S + TYPED_S
    mine = [one for one in drives(Habit.OVERRUN, seed, errand.end_s) if one.errand == 1]
    assert max(one.until_s - one.ride.seconds[-1] for one in mine[:-1]) <= 120.0


@pytest.mark.parametrize("seed", SEEDS)
def test_no_gate_reads_the_plate_of_who_is_missed_and_every_gate_reads_all_others(seed: int) -> None:
    told = errands(Habit.GATE_MISSED, seed)
    said = takewhile(lambda one: one.at_s < told[-1].end_s, reports_of(COMPOUND, driver(Habit.GATE_MISSED, seed), np.random.default_rng(1)))
    read = [one for one in said if isinstance(one, Passage)]
    found = drives(Habit.GATE_MISSED, seed, told[-1].end_s)
    assert read == [passage for one in found if one.errand != 1 for passage in one.passages if passage.at_s < told[-1].end_s]
    assert any(one.passages for one in found if one.errand == 1)


def test_the_first_errands_show_each_habit_and_later_ones_in_their_shares() -> None:
    first = [next(one) for one in habits_of(7, 12)]
    assert Counter(first) == {Habit.AGREED: 8, **dict.fromkeys(list(Habit)[1:], 1)}
    assert [next(one) for one in habits_of(7, 12)] == first != [next(one) for one in habits_of(8, 12)]
    assert [next(one) for one in habits_of(7, 1)] == [Habit.AGREED]
    later = Counter(habit for one in habits_of(7, 50) for habit in islice(one, 1, 101))
    for habit in list(Habit)[1:]:
        assert 0.5 * model("order")[habit] < later[habit] / 5000 < 1.5 * model("order")[habit]
