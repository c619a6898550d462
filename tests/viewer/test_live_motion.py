"""Where the page draws what moves between two fixes: glided to, carried on for one second at most, and never where nobody said it was."""

import json
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest

from spatial.frame import Site, SiteFrame
from tests.conftest import require
from tests.viewer.test_live import ROOT, RUNNER
from viewer.live import DOUBTED, MOVING, SILENT

SOURCE = ROOT / "viewer" / "web" / "src" / "live" / "motion.ts"
SITE = Site(code="s", name="s", lon=119.3, lat=26.1, height_m=30.0, crs="EPSG:4549", geoid_separation_m=10.0)
FRAME = SiteFrame.of(SITE)
T = 1_795_741_200_000
TOLERANCE_M = 0.01


def fix(east_m: float, at_ms: int, *, heading_deg: float | None = 90.0, speed_kmh: float = 36.0, bits: int = MOVING) -> dict[str, Any]:
    """A mover some metres east of the origin, heading east at 10 m/s."""
    lon, lat, height = (float(value) for value in FRAME.to_lon_lat_height([(east_m, 0.0, 0.0)])[0])
    place = {"handle": 1, "lon": lon, "lat": lat, "height_m": height, "fix_ms": at_ms, "accuracy_m": 5.0}
    return place | {"heading_deg": heading_deg, "speed_kmh": speed_kmh, "bits": bits}


def drawn(fixes: list[tuple[dict[str, Any], int]], at: list[int]) -> list[list[float]]:
    """Site-frame metres (east, north, up) where the page draws it at each moment."""
    node = shutil.which("node")
    require(node is not None, "node", "install Node 20 or later")
    asked = json.dumps([{"fixes": fixes, "at": at}])
    done = subprocess.run([str(node), RUNNER, SOURCE, "drive"], input=asked, capture_output=True, text=True, check=True)
    return [place_in_site(place) for place in json.loads(done.stdout)[0]]


def place_in_site(ecef: list[float]) -> list[float]:
    to_site = np.linalg.inv(FRAME.to_ecef)
    return [float(value) for value in (to_site @ np.array([*ecef, 1.0]))[:3]]


def test_it_goes_on_for_a_second_after_its_fix_and_then_stands() -> None:
    east = [place[0] for place in drawn([(fix(0, T), T)], [T, T + 500, T + 1000, T + 5000])]
    assert east == pytest.approx([0.0, 5.0, 10.0, 10.0], abs=TOLERANCE_M)


def test_to_a_new_fix_it_glides_within_the_time_between_the_two_and_does_not_leap() -> None:
    fixes = [(fix(0, T), T), (fix(12, T + 1000), T + 1000)]
    east = [place[0] for place in drawn(fixes, [T + 1000, T + 1500, T + 2000, T + 3000])]
    assert east == pytest.approx([10.0, 10 + (17 - 10) / 2, 22.0, 22.0], abs=TOLERANCE_M)


def test_what_is_silent_doubted_or_stands_is_drawn_at_its_fix() -> None:
    for bits in (MOVING | SILENT, MOVING | DOUBTED, 0):
        assert drawn([(fix(3, T, bits=bits), T)], [T + 700])[0] == pytest.approx([3, 0, 0], abs=TOLERANCE_M)


def test_a_leap_is_no_drive_and_nothing_is_drawn_on_the_way() -> None:
    fixes = [(fix(0, T), T), (fix(2000, T + 1000, speed_kmh=0.0), T + 1000)]
    assert drawn(fixes, [T + 1000])[0][0] == pytest.approx(2000, abs=TOLERANCE_M)


def test_an_unknown_heading_or_an_old_fix_adds_nothing() -> None:
    assert drawn([(fix(0, T, heading_deg=None), T)], [T + 900])[0][0] == pytest.approx(0, abs=TOLERANCE_M)
    assert drawn([(fix(0, T - 60_000), T)], [T, T + 900])[1][0] == pytest.approx(0, abs=TOLERANCE_M)
