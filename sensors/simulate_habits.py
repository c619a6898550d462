"""How errands and their orders go together: most agree; a share of them, by `simulate_model.toml`, does not, each in one way."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from sensors.simulate_model import model

__all__ = ["Habit", "habits_of"]


class Habit(StrEnum):
    """What becomes of an errand and its order; all but the first are rows of `[order]`."""

    AGREED = "agreed"
    WITHOUT_ORDER = "without_order"
    NOT_DRIVEN = "not_driven"
    OVERRUN = "overrun"
    GATE_MISSED = "gate_missed"

    @property
    def is_apart(self) -> bool:
        """Whether it only shows where nothing else of the vehicle is near in time."""
        return self in (Habit.WITHOUT_ORDER, Habit.NOT_DRIVEN)


def habits_of(seed: int, vehicles: int) -> list[Iterator[Habit]]:
    """The habits of each vehicle's errands, one after another, without end.

    Of the first errands each habit is dealt to one vehicle, as far as half of the vehicles go; the others agree. Later ones are drawn by
    their shares.
    """
    dealing, *drawing = (np.random.default_rng(one) for one in np.random.SeedSequence([seed, 3]).spawn(1 + vehicles))
    dealt = dict(zip(dealing.permutation(vehicles)[: vehicles // 2].tolist(), list(Habit)[1:], strict=False))
    return [_drawn(dealt.get(number, Habit.AGREED), rng) for number, rng in enumerate(drawing)]


def _drawn(first: Habit, rng: np.random.Generator) -> Iterator[Habit]:
    habits, rows = list(Habit), model("order")
    shares = [rows[habit] for habit in habits[1:]]
    yield first
    while True:
        yield habits[int(rng.choice(len(habits), p=[1.0 - sum(shares), *shares]))]
