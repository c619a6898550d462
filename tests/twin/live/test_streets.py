"""Streets of the scene as the tracker goes by them; other streets change nothing else of what is known."""

import numpy as np
import shapely

from sensors import FIX, NO_NUMBER
from sensors.roads import NO_ROAD
from sensors.smoothing import Smoothing
from twin.live.streets import NO_STREETS, Streets
from twin.live.tracker import Tracker

LON, LAT = 119.3, 26.1
EASTWARD = ("road:east", shapely.LineString([(LON, LAT), (LON + 0.01, LAT), (LON + 0.02, LAT)]))
NORTHWARD = ("road:north", shapely.LineString([(LON, LAT - 0.01), (LON, LAT + 0.01)]))
SECOND = 1_000_000
START_US = 1_795_700_000_000_000


def driving(count: int, first: int = 0) -> np.ndarray:
    """Fixes of one device, one a second, 10 m/s to the east, 4 m north of the street."""
    fixes = np.zeros(count, dtype=FIX)
    at = np.arange(first, first + count)
    fixes["lon_e7"] = np.round((LON + 0.001 + at * 10 / 99_970) * 1e7)
    fixes["lat_e7"] = round((LAT + 4 / 110_700) * 1e7)
    for name in ("device_us", "fix_us", "received_us"):
        fixes[name] = START_US + at * SECOND
    fixes["speed_dkmh"], fixes["heading_cdeg"], fixes["status"], fixes["accuracy_dm"] = 360, 9000, 3, NO_NUMBER
    return fixes


def test_a_vehicle_that_follows_a_street_is_on_its_feature() -> None:
    streets = Streets.of([NORTHWARD, EASTWARD, ("square", shapely.box(LON, LAT, LON + 1, LAT + 1))])
    assert (len(streets), streets.features) == (3, ("road:north", "road:east", "road:east"))
    judged = Tracker(smoothing=Smoothing(roads=streets.roads())).apply(driving(30), START_US + 30 * SECOND)
    assert streets.feature(int(judged["road"][-1])) == "road:east"
    assert streets.feature(NO_ROAD) is None
    assert Streets.untold(streets.told()).features == streets.features


def test_other_streets_change_the_numbers_and_nothing_else_that_is_known() -> None:
    before, after = Streets.of([NORTHWARD, EASTWARD]), Streets.of([EASTWARD, NORTHWARD])
    tracker = Tracker(smoothing=Smoothing(roads=before.roads()))
    assert tracker.apply(driving(30), START_US + 30 * SECOND)["road"][-1] == 1
    known = tracker.rows.copy()
    tracker.renew(Smoothing(roads=after.roads()), before.numbers_in(after))
    assert tracker.rows["road"][0] == 0
    assert all(np.array_equal(tracker.rows[name], known[name]) for name in known.dtype.names if name not in ("road", "out"))
    assert after.feature(int(tracker.apply(driving(5, 30), START_US + 35 * SECOND)["road"][-1])) == "road:east"
    tracker.renew(Smoothing(), after.numbers_in(NO_STREETS))
    assert set(tracker.rows["road"].tolist()) == {NO_ROAD}
    assert set(tracker.apply(driving(5, 35), START_US + 40 * SECOND)["road"].tolist()) == {NO_ROAD}
