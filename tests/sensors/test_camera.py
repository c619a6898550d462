"""The pose and lens of one camera, by hand and against trimesh's rotations."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import trimesh

from sensors import Camera, CameraInvalid, PtzLimits
from sensors.camera import camera_axes, heading_tilt_roll
from spatial.frame import Site, SiteFrame

SITE = Site(code="t", name="t", lon=119.2946, lat=26.0896, height_m=30.0, crs="EPSG:4549", geoid_separation_m=10.0)


def a_camera(**changed: Any) -> Camera:
    whole = {
        "id": "c",
        "site_xyz": (0.0, 0.0, 3.0),
        "heading_deg": 0.0,
        "tilt_deg": 0.0,
        "focal_length_mm": 4.0,
        "sensor_mm": (4.8, 3.6),
        "resolution_px": (1920, 1440),
        "range_m": 40.0,
    }
    return Camera(**{**whole, **changed})


def test_the_view_cone_and_the_pixels_a_metre_of_a_4_mm_lens() -> None:
    camera = a_camera()
    assert camera.horizontal_fov_deg == pytest.approx(61.9275, abs=1e-4)
    assert camera.vertical_fov_deg == pytest.approx(48.4555, abs=1e-4)
    assert camera.pixels_per_metre(10.0) == pytest.approx(160.0)


def test_a_heading_is_clockwise_from_north_and_a_tilt_below_the_horizon_is_negative() -> None:
    right, up, forward = a_camera(heading_deg=90.0).axes
    assert forward == pytest.approx([1, 0, 0]) and right == pytest.approx([0, -1, 0]) and up == pytest.approx([0, 0, 1])
    assert a_camera(tilt_deg=-90.0).axes[2] == pytest.approx([0, 0, -1])
    assert a_camera(tilt_deg=-30.0).axes[2] == pytest.approx([0, np.cos(np.pi / 6), -0.5])
    assert a_camera(roll_deg=90.0).axes[1] == pytest.approx([1, 0, 0]), "rolled clockwise, its top points to the right"


def test_axes_against_three_rotations() -> None:
    rng = np.random.default_rng(4)
    for heading, tilt, roll in rng.uniform((-180, -89, -180), (360, 89, 180), (50, 3)):
        turn = trimesh.transformations.rotation_matrix
        whole = turn(-np.radians(heading), (0, 0, 1)) @ turn(np.radians(tilt), (1, 0, 0)) @ turn(np.radians(roll), (0, 1, 0))
        expected = (whole[:3, :3] @ np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]], dtype=float).T).T
        assert camera_axes(heading, tilt, roll) == pytest.approx(expected, abs=1e-12)
        assert camera_axes(*heading_tilt_roll(camera_axes(heading, tilt, roll))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("tilt", [-90.0, 90.0])
def test_a_camera_that_looks_straight_down_keeps_its_picture(tilt: float) -> None:
    axes = camera_axes(70.0, tilt, 25.0)
    assert camera_axes(*heading_tilt_roll(axes)) == pytest.approx(axes, abs=1e-9)


def test_the_corners_of_the_cone_are_as_far_apart_as_the_lens_says() -> None:
    lens, lower_left, lower_right, upper_right, _ = a_camera(heading_deg=90.0, range_m=10.0).cone()
    assert lens == pytest.approx([0, 0, 3])
    assert lower_left == pytest.approx([10, 6, 3 - 4.5]) and lower_right == pytest.approx([10, -6, 3 - 4.5])
    assert upper_right == pytest.approx([10, -6, 3 + 4.5])


def test_a_surveyed_camera_keeps_its_true_heading_far_from_the_origin() -> None:
    frame = SiteFrame.of(SITE)
    lens = {
        "id": "c",
        "heading_deg": 90.0,
        "tilt_deg": -10.0,
        "focal_length_mm": 4.0,
        "sensor_mm": (4.8, 3.6),
        "resolution_px": (1920, 1440),
        "range_m": 40.0,
    }
    here = Camera.from_lon_lat(frame, (SITE.lon, SITE.lat, 33.0), **lens)
    assert here.site_xyz == pytest.approx((0, 0, 3.0), abs=1e-6) and (here.heading_deg, here.tilt_deg) == pytest.approx((90.0, -10.0))
    away = Camera.from_lon_lat(frame, (SITE.lon + 0.03, SITE.lat, 33.0), **lens)
    assert away.site_xyz == pytest.approx(tuple(frame.from_lon_lat_height([[SITE.lon + 0.03, SITE.lat, 33.0]])[0]), abs=1e-6)
    turned_by = 0.03 * np.sin(np.radians(SITE.lat))
    assert away.heading_deg == pytest.approx(90.0 - turned_by, abs=1e-4), "true east at a place to the east points a little north"
    ahead = np.array(away.site_xyz) + 20.0 * away.axes[2]
    lon_lat_height = frame.to_lon_lat_height(ahead[None])[0]
    east = (lon_lat_height[0] - SITE.lon - 0.03) * np.cos(np.radians(SITE.lat)) * 111_320
    assert east == pytest.approx(20.0 * np.cos(np.radians(10)), abs=0.05)
    assert (lon_lat_height[1] - SITE.lat) * 110_900 == pytest.approx(0.0, abs=1e-3)
    assert lon_lat_height[2] - 33.0 == pytest.approx(-20.0 * np.sin(np.radians(10)), abs=1e-4)


@pytest.mark.parametrize(
    "changed",
    [
        {"focal_length_mm": 0.0},
        {"range_m": -1.0},
        {"resolution_px": (0, 1080)},
        {"sensor_mm": (4.8, float("nan"))},
        {"tilt_deg": -91.0},
        {"heading_deg": float("inf")},
        {"ptz": PtzLimits(heading_deg=(0, 360), tilt_deg=(20, -90), focal_length_mm=(4, 100))},
        {"ptz": PtzLimits(heading_deg=(0, 360), tilt_deg=(-90, 20), focal_length_mm=(100, 4))},
        {"ptz": PtzLimits(heading_deg=(0, float("nan")), tilt_deg=(-90, 20), focal_length_mm=(4, 100))},
    ],
)
def test_a_camera_that_cannot_be_is_refused_by_name(changed: dict[str, Any]) -> None:
    with pytest.raises(CameraInvalid, match="camera c") as refusal:
        a_camera(**changed)
    assert refusal.value.code == "CAMERA_INVALID" and refusal.value.path == "c"


def test_an_arc_over_north_is_as_wide_as_it_is() -> None:
    limits = PtzLimits(heading_deg=(350, 20), tilt_deg=(-90, 20), focal_length_mm=(4, 100))
    assert limits.heading_span_deg == 30.0
    assert replace(limits, heading_deg=(0.0, 360.0)).heading_span_deg == 360.0
