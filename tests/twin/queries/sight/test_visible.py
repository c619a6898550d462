"""Who sees a person in and before a house of boxes: numbers computed by hand."""

import numpy as np
import pytest

from sensors import PtzLimits, Rig
from spatial.visibility import SightScene
from tests.sensors.test_camera import a_camera
from tests.spatial.boxes import GLASS, STONE, Box, box_scene
from twin.queries.sight import Target, explain, visible_from

pytestmark = pytest.mark.usefixtures("sight_library")

HOUSE: list[Box] = [
    ("floor", (-20, -20, -0.2), (20, 20, 0.0), STONE),
    ("parapet", (-5, 4.0, 0), (5, 4.2, 1.0), STONE),
    ("wall", (8.0, -5, 0), (8.2, 5, 3), STONE),
    ("pane", (3.0, -5, 0), (3.01, 2, 3), GLASS),
    ("door", (-3.05, -1, 0), (-3.0, 1, 2.1), STONE),
    ("lintel", (-3.05, -1, 2.1), (-3.0, 1, 3), STONE),
]


@pytest.fixture(scope="module")
def house() -> SightScene:
    return box_scene(HOUSE, doors=["door"])


def test_a_parapet_hides_the_feet_and_not_the_chest(house: SightScene) -> None:
    camera = a_camera(id="north", site_xyz=(0.0, 0.0, 1.5))
    (one,) = visible_from(house, [camera], Target(floor_xyz=(0.0, 10.0, 0.0)))
    assert one.sees == {"feet": False, "chest": True, "head": True}
    assert one.blocked_by == {"feet": "parapet", "chest": None, "head": None}
    assert one.distance_m == pytest.approx(np.hypot(10.0, 0.2)) and one.pixels_per_metre == pytest.approx(160.0)
    assert one.classes == {"2014": "recognise", "2025": "perceive"}
    assert one.through_glass == ()


def test_where_the_line_to_the_feet_meets_the_parapet(house: SightScene) -> None:
    feet, chest, _ = explain(house, a_camera(site_xyz=(0.0, 0.0, 1.5)), Target(floor_xyz=(0.0, 10.0, 0.0)))
    slope = (1.5 - 0.1) / 10
    assert feet.verdict == "blocked" and feet.blocked_by == "parapet"
    assert feet.blocked_at == pytest.approx((0.0, 4.0, 1.5 - 4 * slope), abs=1e-4) if 1.5 - 4 * slope < 1 else False
    assert feet.blocked_after_m == pytest.approx(4.0 * np.hypot(1, slope), abs=1e-4)
    assert feet.up_deg == pytest.approx(-np.degrees(np.arctan(slope))) and feet.right_deg == pytest.approx(0.0)
    assert chest.verdict == "seen" and chest.blocked_by is None and chest.blocked_at is None


def test_glass_counts_and_does_not_block(house: SightScene) -> None:
    camera = a_camera(id="east", heading_deg=90.0, site_xyz=(0.0, 0.0, 2.0))
    (one,) = visible_from(house, [camera], Target(floor_xyz=(6.0, 0.0, 0.0)))
    assert all(one.sees.values()) and one.through_glass == ("pane",)
    (one,) = visible_from(house, [camera], Target(floor_xyz=(6.0, 0.0, 0.0)), left_out=["pane"])
    assert one.through_glass == ()


def test_a_door_opened_and_a_wall_removed(house: SightScene) -> None:
    west, east = a_camera(id="west", heading_deg=270.0, site_xyz=(0, 0, 1.5)), a_camera(id="east", heading_deg=90.0)
    behind_door, behind_wall = Target(floor_xyz=(-8.0, 0.0, 0.0)), Target(floor_xyz=(12.0, 0.0, 0.0))
    assert visible_from(house, [west], behind_door)[0].blocked_by == {"feet": "door", "chest": "door", "head": "door"}
    assert all(visible_from(house, [west], behind_door, open_doors=["door"])[0].sees.values())
    assert set(visible_from(house, [east], behind_wall)[0].blocked_by.values()) == {"wall"}
    assert all(visible_from(house, [east], behind_wall, left_out=["wall"])[0].sees.values())


def test_the_seeing_ones_first_then_the_nearer_and_those_that_look_elsewhere_not_at_all(house: SightScene) -> None:
    cameras = [
        a_camera(id="blocked", heading_deg=90.0, site_xyz=(10.0, 0.0, 1.5), range_m=9.0).posed(270.0, 0.0, 4.0),
        a_camera(id="far", heading_deg=0.0, site_xyz=(5.5, -9.0, 1.5)),
        a_camera(id="near", heading_deg=0.0, site_xyz=(5.5, -4.0, 1.5)),
        a_camera(id="away", heading_deg=180.0, site_xyz=(5.5, -4.0, 1.5)),
        a_camera(id="short", heading_deg=0.0, site_xyz=(5.5, -9.0, 1.5), range_m=8.0),
    ]
    target = Target(floor_xyz=(5.5, 0.0, 0.0))
    assert [one.camera for one in visible_from(house, Rig.of(cameras), target)] == ["near", "far", "blocked"]
    away, short = (explain(house, cameras[k], target)[1] for k in (3, 4))
    assert away.verdict == "behind" and np.isnan(away.right_deg)
    assert short.verdict == "out_of_range" and (round(short.distance_m, 2), short.range_m) == (9.0, 8.0)


def test_why_a_point_is_not_in_the_picture(house: SightScene) -> None:
    camera = a_camera(site_xyz=(0.0, -15.0, 1.5), heading_deg=0.0)
    beside = explain(house, camera, Target(floor_xyz=(10.0, -5.0, 0.0)))[1]
    assert beside.verdict == "left_or_right" and beside.right_deg == pytest.approx(45.0)
    under = explain(house, camera, Target(floor_xyz=(0.0, -14.0, 0.0)))
    assert [one.verdict for one in under] == ["above_or_below", "seen", "seen"]
    assert under[0].up_deg == pytest.approx(-np.degrees(np.arctan(1.4)))
    assert visible_from(house, [camera], Target(floor_xyz=(10.0, -5.0, 0.0))) == []


def test_a_camera_inside_a_wall_is_told_so(house: SightScene) -> None:
    camera = a_camera(site_xyz=(8.1, 0.0, 1.5), heading_deg=270.0)
    told = explain(house, camera, Target(floor_xyz=(5.0, 0.0, 0.0)))[1]
    assert (
        told.lens_inside == ("wall",)
        and told.blocked_by == "wall"
        and told.blocked_after_m == pytest.approx(0.1 * np.hypot(3.1, 0.2) / 3.1, abs=1e-5)
    )
    freed = explain(house, camera, Target(floor_xyz=(5.0, 0.0, 0.0)), left_out=["wall"])[1]
    assert freed.lens_inside == () and freed.verdict == "seen"


def test_a_ptz_that_looks_away_sees_when_it_is_turned(house: SightScene) -> None:
    ptz = PtzLimits(heading_deg=(0, 360), tilt_deg=(-90, 20), focal_length_mm=(4.0, 40.0))
    camera = a_camera(site_xyz=(0.0, -15.0, 1.3), heading_deg=180.0, ptz=ptz)
    target = Target(floor_xyz=(10.0, -15.0, 0.0))
    assert visible_from(house, [camera], target) == []
    (one,) = visible_from(house, [camera], target, turned=True)
    assert all(one.sees.values()) and one.heading_deg == pytest.approx(90.0) and one.tilt_deg == pytest.approx(0.0)
    assert one.focal_length_mm == 40.0 and one.pixels_per_metre == pytest.approx(1600.0) and one.classes["2025"] == "scrutinise"
    head = explain(house, camera, target, turned=True)[2]
    assert (head.verdict, round(head.right_deg, 6), round(head.up_deg, 6)) == ("seen", 0.0, 0.0)


def test_other_points_of_a_target_and_the_document(house: SightScene) -> None:
    camera = a_camera(site_xyz=(0.0, 0.0, 1.5))
    (one,) = visible_from(house, [camera], Target(floor_xyz=(0.0, 10.0, 0.0), heights_m={"number plate": 0.2, "roof": 1.5}))
    document = one.to_json()
    assert document["sees"] == {"number plate": False, "roof": True} and document["verdict"]["number plate"] == "blocked"
    assert document["distance_m"] == 10.0 and document["pixels_per_metre"] == 160.0
    assert document["pose"] == {"heading_deg": 0.0, "tilt_deg": 0.0, "focal_length_mm": 4.0}
    assert visible_from(house, [], Target(floor_xyz=(0.0, 10.0, 0.0))) == []
