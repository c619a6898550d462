"""Guards who walk: their devices move where a vehicle that says the same is parked."""

import numpy as np
import pytest

from sensors import FIX, NO_NUMBER, Batch
from sensors.simulate_guards import Guards
from sensors.simulate_model import model
from tests.sensors.compound_made import compound
from tests.twin.hub.devices import LAT, LON, START_US, FlatGround
from twin.hub.applying import Applier
from twin.live.state import Flag
from twin.live.tracker import Tracker

SECOND = 1_000_000
EVERY_S = 3


def walked(kind: str, applier: Applier, seconds: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Whether each guard truly walks and whether the state says so, (moments, guards), told as devices of a kind."""
    guards = Guards(compound(), np.random.default_rng(3))
    count = len(guards.walkers)
    truly, said = [], []
    for second in range(0, seconds, EVERY_S):
        guards.step(float(second), EVERY_S)
        fixes = np.zeros(count, dtype=FIX)
        xy = np.array([one.said_xy for one in guards.walkers])
        fixes["device"], fixes["status"] = np.arange(count), 1
        for name in ("device_us", "fix_us", "received_us"):
            fixes[name] = START_US + second * SECOND
        fixes["lon_e7"], fixes["lat_e7"] = np.rint((LON + xy[:, 0] / 100_064) * 1e7), np.rint((LAT + xy[:, 1] / 110_785) * 1e7)
        fixes["altitude_dm"] = fixes["accuracy_dm"] = NO_NUMBER
        fixes["speed_dkmh"] = [round(one.m_per_s * 36) if one.moving else 0 for one in guards.walkers]
        fixes["heading_cdeg"] = [round(one.heading_deg * 100) % 36000 for one in guards.walkers]
        batch = Batch(source="g", number=second + 1, devices=[f"{kind}/{n}" for n in range(count)], fixes=fixes, raw=[b""] * count)
        applier.apply([batch], now_us=START_US + second * SECOND, first=second, position=second + 1)
        truly.append([one.moving for one in guards.walkers])
        said.append(applier.state.current["flags"] & Flag.MOVING > 0)
    return np.array(truly), np.array(said)


def test_a_guard_on_foot_moves_while_he_walks_and_stands_while_he_stands() -> None:
    assert model("guard")["walk_m_s"] < 1.4
    truly, said = walked("guard", Applier(ground=FlatGround()))
    assert truly.any()
    assert not truly.all()
    assert (truly == said).mean() > 0.95
    assert not walked("vehicle", Applier(ground=FlatGround()))[1].any()


def test_the_tracker_knows_after_a_restart_who_walks() -> None:
    applier = Applier(ground=FlatGround())
    walked("guard", applier, 30)
    again = Tracker.restore(applier.tracker.state())
    assert again.rows["moving_m_s"][: len(applier.state)].tolist() == [pytest.approx(0.6)] * len(applier.state)
