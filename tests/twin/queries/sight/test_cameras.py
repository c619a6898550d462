"""Cameras of the register as cameras of the scene: values by hand, and what is missing."""

from typing import Any

import pytest

from sensors import Camera
from spatial.frame import Site, SiteFrame
from tests.twin.store.builder import NOW, SITE, record, relabelled, tower
from twin.queries.sight.cameras import Unusable, camera_of
from twin.store import Store
from twin.store.extents import read_labels

FRAME = SiteFrame.of(Site(code="t", name="t", lon=119.2946, lat=26.0896, height_m=30.0, crs="EPSG:4549", geoid_separation_m=10.0))
DEVICE = {
    "heading_deg": 350.0, "tilt_deg": -20.0, "focal_length_mm": 5.9, "sensor_width_mm": 7.18, "sensor_height_mm": 4.04,
    "resolution_width_px": 3840, "resolution_height_px": 2160, "view_range_m": 200.0, "state": "in_use",
}  # fmt: skip
TURNS = {"pan_min_deg": -30.0, "pan_max_deg": 30.0, "tilt_min_deg": -90.0, "tilt_max_deg": 10.0, "focal_length_max_mm": 147.5}


def made(device: dict[str, Any]) -> Camera | Unusable:
    position = {"lon": 119.2946, "lat": 26.0896, "ellipsoidal_height_m": 36.0}
    return camera_of("camera:X", {"position": position, "device": {k: v for k, v in device.items() if v is not None}}, FRAME)


def test_a_row_is_a_camera_with_its_values_and_its_limits() -> None:
    camera = made(DEVICE)
    assert isinstance(camera, Camera) and camera.site_xyz == pytest.approx((0.0, 0.0, 6.0), abs=1e-6)
    assert (camera.heading_deg, camera.tilt_deg) == pytest.approx((350.0, -20.0)) and camera.resolution_px == (3840, 2160)
    assert camera.ptz is None and camera.range_m == 200.0
    turning = made({**DEVICE, **TURNS})
    assert isinstance(turning, Camera) and turning.ptz is not None
    assert turning.ptz.heading_deg == (330.0, 30.0) and turning.ptz.heading_span_deg == 60.0
    assert turning.ptz.tilt_deg == (-90.0, 10.0) and turning.ptz.focal_length_mm == (5.9, 147.5)
    round_about = made({**DEVICE, **TURNS, "pan_min_deg": 0.0, "pan_max_deg": 360.0})
    assert isinstance(round_about, Camera) and round_about.ptz is not None and round_about.ptz.heading_span_deg == 360.0
    zoom = made({**DEVICE, "focal_length_max_mm": 147.5})
    assert isinstance(zoom, Camera) and zoom.ptz is not None and zoom.ptz.heading_span_deg == 0.0 and zoom.ptz.tilt_deg == (-20.0, -20.0)


@pytest.mark.parametrize("name", sorted(set(DEVICE) - {"state"}))
def test_a_row_without_a_value_is_no_camera_and_says_which(name: str) -> None:
    found = made({**DEVICE, name: None})
    assert isinstance(found, Unusable) and (found.code, found.lacks) == ("CAMERA_VALUE_MISSING", (name,)) and name in found.message


def test_half_a_turn_a_faulty_state_and_impossible_limits_are_told() -> None:
    half = made({**DEVICE, **TURNS, "tilt_max_deg": None})
    assert isinstance(half, Unusable) and half.lacks == ("tilt_max_deg",)
    for state in ("faulty", "stopped", "planned"):
        found = made({**DEVICE, "state": state})
        assert isinstance(found, Unusable) and found.code == "CAMERA_OUT_OF_USE"
    wrong = made({**DEVICE, **TURNS, "tilt_min_deg": 20.0})
    assert isinstance(wrong, Unusable) and wrong.code == "CAMERA_INVALID"


def test_labels_are_read_alike_from_both_databases(url: str) -> None:
    with Store.open(url) as store:
        store.add_site(SITE, now=NOW)
        record(store, relabelled(tower(), {}))
        with store.database.reading() as connection:
            found = read_labels(connection, SITE.code)
        assert found == {str(row.feature.id): row.feature.label for row in store.features(SITE.code, None)} and found
