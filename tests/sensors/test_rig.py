"""Which points fall into which pictures: by hand, and by projecting with trimesh's camera."""

import numpy as np
import pytest
import trimesh

from sensors import CameraInvalid, PtzLimits, Rig, View
from tests.sensors.test_camera import a_camera

PTZ = PtzLimits(heading_deg=(300, 60), tilt_deg=(-60, 10), focal_length_mm=(4.0, 40.0))


def test_the_first_reason_why_a_point_is_not_in_the_picture() -> None:
    rig = Rig.of([a_camera()])
    points = [(0, 10, 3), (0, 41, 3), (0, -10, 3), (7, 10, 3), (0, 10, 8), (6, 10, 3), (6.01, 10, 3), (0, 10, -1.5), (0, 10, -1.51)]
    expected = [
        View.IN_VIEW,
        View.OUT_OF_RANGE,
        View.BEHIND,
        View.LEFT_OR_RIGHT,
        View.ABOVE_OR_BELOW,
        View.IN_VIEW,
        View.LEFT_OR_RIGHT,
        View.IN_VIEW,
        View.ABOVE_OR_BELOW,
    ]
    look = rig.look(0, points)
    assert look.view.tolist() == expected
    assert look.pixels_per_metre[0] == pytest.approx(160.0) and np.isnan(look.pixels_per_metre[2])
    assert look.pixels_per_metre[5] == pytest.approx(160.0), "a plane across the axis is one scale"
    assert look.distance_m[5] == pytest.approx(np.hypot(6, 10))


def test_pictures_against_a_projection_of_trimesh() -> None:
    rng = np.random.default_rng(8)
    cameras = [
        a_camera(id=f"c{i}", heading_deg=h, tilt_deg=t, roll_deg=r, site_xyz=tuple(rng.uniform(-5, 5, 3)), range_m=1e6)
        for i, (h, t, r) in enumerate(rng.uniform((0, -80, -40), (360, 80, 40), (20, 3)))
    ]
    rig, points = Rig.of(cameras), rng.uniform(-20, 20, (400, 3))
    for number, camera in enumerate(cameras):
        turn = trimesh.transformations.rotation_matrix
        pose = turn(-np.radians(camera.heading_deg), (0, 0, 1)) @ turn(np.radians(camera.tilt_deg), (1, 0, 0))
        pose = pose @ turn(np.radians(camera.roll_deg), (0, 1, 0))
        pose[:3, 3] = camera.site_xyz
        local = trimesh.transform_points(points, np.linalg.inv(pose))
        pixel = 4.0 / 4.8 * 1920 * local[:, [0, 2]] / local[:, 1:2]
        expected = (local[:, 1] > 0) & (np.abs(pixel) <= (960, 720)).all(axis=1)
        assert (rig.look(number, points).in_view == expected).all()
        assert 5 < expected.sum() < 200


def test_a_camera_turns_to_what_its_limits_let_it_and_zooms_until_it_fills_the_picture() -> None:
    rig = Rig.of([a_camera(ptz=PTZ)])
    ahead = rig.turned(0, [(0, 20, 3), (-10, 10, 3), (0, -20, 3), (0, 10, 30), (0.0, 1.0, 3.0 - np.tan(np.radians(80)))])
    assert ahead.view.tolist() == [View.IN_VIEW, View.IN_VIEW, View.BEHIND, View.ABOVE_OR_BELOW, View.IN_VIEW]
    assert ahead.focal_length_mm[:2].tolist() == [40.0, 40.0]
    assert ahead.heading_deg[1] == pytest.approx(315.0) and ahead.pixels_per_metre[1] == pytest.approx(1600 * 10 / np.hypot(10, 10))
    assert ahead.tilt_deg[4] == -60.0, "20° below its lowest tilt, still in the picture of 48°"
    assert ahead.focal_length_mm[4] == pytest.approx(1.8 / np.tan(np.radians(20)))


def test_the_nearer_end_of_an_arc_over_north() -> None:
    rig = Rig.of([a_camera(ptz=PTZ)])
    headings = np.array([61.0, 100.0, 179.0, 181.0, 260.0, 299.0, 301.0, 0.0])
    points = np.column_stack([np.sin(np.radians(headings)) * 10, np.cos(np.radians(headings)) * 10, np.full(8, 3.0)])
    assert rig.turned(0, points).heading_deg == pytest.approx([60, 60, 60, 300, 300, 300, 301, 0], abs=1e-9)


def test_what_it_sees_turned_is_what_it_would_see_in_that_pose() -> None:
    camera = a_camera(ptz=PTZ)
    rig, rng = Rig.of([camera]), np.random.default_rng(3)
    points = rng.uniform(-30, 30, (300, 3))
    turned = rig.turned(0, points)
    for i in range(300):
        posed = Rig.of([camera.posed(turned.heading_deg[i], turned.tilt_deg[i], turned.focal_length_mm[i])]).look(0, points[i])
        assert posed.view[0] == turned.view[i]
    widest = [camera.posed(h, t, 4.0) for h in range(-60, 61, 3) for t in range(-60, 11, 3)]
    swept = np.any([Rig.of([one]).look(0, points).in_view for one in widest], axis=0)
    assert not (swept & ~turned.in_view).any(), "nothing in any pose within the limits is missed"


def test_a_fixed_camera_looks_as_it_is_posed_when_asked_to_turn() -> None:
    rig = Rig.of([a_camera(id="fixed"), a_camera(id="turning", ptz=PTZ)])
    point = [(10, 10, 3), (10, 10, 3)]
    assert rig.turned([0, 1], point).view.tolist() == [View.LEFT_OR_RIGHT, View.IN_VIEW]
    assert rig.near((0, 41, 3)).tolist() == [] and rig.near((0, 39, 3)).tolist() == [0, 1]


def test_one_id_twice_is_refused() -> None:
    with pytest.raises(CameraInvalid, match="camera c is there twice"):
        Rig.of([a_camera(), a_camera()])
