"""No real turn of the shared real tracks is removed, and parking makes no events."""

from pathlib import Path

import numpy as np
import pytest

from tests.sensors.parked import crossings, fence_events
from tests.sensors.turns import REAL_TRACKS, kept_turns, read, turns_of


@pytest.mark.parametrize("way", ["causal", "RTS"])
@pytest.mark.parametrize("name", [name for name in REAL_TRACKS if "geolife" not in name])
def test_no_real_turn_is_removed(data_dir: Path, name: str, way: str) -> None:
    kept = kept_turns(data_dir / "tracks", name, way)
    assert kept.turns > 0 and kept.kept == kept.turns
    assert kept.worst_lost_deg < 30.0 and kept.apart_m < 25.0


@pytest.mark.nightly
@pytest.mark.parametrize("way", ["causal", "RTS"])
def test_no_real_turn_of_geolife_is_removed(data_dir: Path, way: str) -> None:
    kept = kept_turns(data_dir / "tracks", "geolife_small.csv", way)
    assert kept.turns > 100 and kept.kept == kept.turns
    assert kept.apart_p50_m < 5.0


def test_a_track_cut_across_its_corners_loses_turns(data_dir: Path) -> None:
    """The measure can fail: a mean over two minutes removes what it counts."""
    ((seconds, raw),) = read(data_dir / "tracks", "304_to_UL.gpx")
    wide = np.ones(121) / 121
    flat = np.stack([np.convolve(np.pad(raw[:, axis], 60, mode="edge"), wide, mode="valid") for axis in (0, 1)], axis=1)
    assert len(turns_of(flat, seconds)) < len(turns_of(raw, seconds)) / 2


@pytest.mark.parametrize("where", ["open", "canyon"])
def test_twelve_hours_of_parked_drift_are_at_most_one_event(where: str) -> None:
    found = fence_events(range(4), hours=12, where=where, step_s=30.0)
    assert max(found.smoothed) <= 1
    assert min(found.raw) > 20


def test_a_fence_is_crossed_when_the_band_is() -> None:
    assert crossings(np.array([-9.0, -4.0, 4.0, -4.0, 9.0, 3.0, -3.0, -9.0])) == 2
