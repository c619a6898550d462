"""Map offsets against points that map clients publish, and there and back over the country."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.datum_shift import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_gcj02
from spatial.errors import CrsError

KNOWN = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]


@pytest.mark.parametrize(("wgs84", "gcj02"), KNOWN)
def test_known_points_are_shifted_there_and_back(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    assert wgs84_to_gcj02([wgs84])[0] == pytest.approx(gcj02, abs=1e-9)
    assert gcj02_to_wgs84([gcj02])[0] == pytest.approx(wgs84, abs=2e-9)


@given(st.floats(75, 134), st.floats(18, 53))
def test_there_and_back_is_where_it_was_and_the_offset_is_that_of_maps(lon: float, lat: float) -> None:
    shifted = wgs84_to_gcj02([(lon, lat)])
    metres = np.hypot(*((shifted[0] - (lon, lat)) * (111_320 * np.cos(np.radians(lat)), 110_574)))
    assert 30 < metres < 1_000
    assert gcj02_to_wgs84(shifted)[0] == pytest.approx((lon, lat), abs=1e-8)


def test_a_point_of_baidu_is_that_of_the_bureau_but_for_its_own_turn() -> None:
    known = bd09_to_wgs84([(119.3055, 26.0930)])[0]
    assert np.hypot(*((known - (119.3055, 26.0930)) * (99_900, 110_574))) == pytest.approx(1_150, abs=400)
    turned = bd09_to_wgs84([(116.404, 39.915)])[0]
    assert turned == pytest.approx((116.3913, 39.9075), abs=3e-4)


def test_what_is_outside_the_country_is_not_shifted_and_nonsense_is_refused() -> None:
    assert wgs84_to_gcj02([(2.35, 48.85)])[0].tolist() == [2.35, 48.85]
    with pytest.raises(CrsError):
        gcj02_to_wgs84([(float("nan"), 26.0)])
