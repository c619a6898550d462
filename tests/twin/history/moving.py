"""Batches of fixes for the tests of the history: seeded, of few devices, at times that the test chooses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sensors.observation import FIX, NO_NUMBER, NO_TIME, Fixes
from twin.history.names import Names
from twin.history.positions import DEVICES, JUDGED, PLACES, Positions

DEVICES_KNOWN = [f"vehicle/V{number}" for number in range(4)] + ["guard/G1"]
PLACES_KNOWN = ["", "zone/yard", "zone/vault", "zone/yard\nbuilding/1"]
NOON_US = 1_795_752_000_000_000
"""2026-11-27 12:00 in Beijing."""


def fixes_at(rng: np.random.Generator, times_us: Sequence[int]) -> tuple[Fixes, np.ndarray]:
    """Fixes said at those times, received up to two seconds later, and what was judged of them."""
    n = len(times_us)
    fixes, judged = np.zeros(n, dtype=FIX), np.zeros(n, dtype=JUDGED)
    fixes["device"] = rng.integers(0, len(DEVICES_KNOWN), n)
    fixes["fix_us"] = fixes["device_us"] = times_us
    fixes["received_us"] = fixes["fix_us"] + rng.integers(0, 2_000_000, n)
    fixes["lon_e7"], fixes["lat_e7"] = 1_192_946_000 + rng.integers(-9999, 9999, n), 260_896_000 + rng.integers(-9999, 9999, n)
    fixes["speed_dkmh"] = rng.integers(0, 400, n)
    fixes["accuracy_dm"] = NO_NUMBER
    fixes["device_us"][rng.random(n) < 0.2] = NO_TIME
    judged["lon_e7"], judged["lat_e7"] = fixes["lon_e7"] + 5, fixes["lat_e7"] - 7
    judged["lon_e7"][rng.random(n) < 0.1] = NO_NUMBER
    judged["place"] = rng.integers(0, len(PLACES_KNOWN), n)
    return fixes, judged


def open_positions(home: Path) -> Positions:
    """The writer over a history folder."""
    return Positions.open(home, Names.open(home / DEVICES), Names.open(home / PLACES))


def shut(positions: Positions) -> None:
    """Let go of everything, as the end of the process does."""
    positions.shelf.close()
    positions._devices.close()
    positions._places.close()
