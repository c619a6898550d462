"""Coverage of small floors: against trimesh point by point, what-ifs against building anew, blind spots by shapely."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from trimesh.creation import box

from sensors import Camera, CameraInvalid, PtzLimits, Rig
from spatial.visibility import SightScene
from tests.sensors.test_camera import a_camera
from tests.spatial.boxes import GLASS, STONE, Box, box_scene
from tests.spatial.brute_rays import BruteScene
from twin.errors import Invalid, NotFound
from twin.queries.sight import Area, Coverage, Samples, blind_spots
from twin.queries.sight.blind import squares_joined

pytestmark = pytest.mark.usefixtures("sight_library")

BOXES: list[Box] = [
    ("floor", (-10, -10, -0.2), (30, 30, 0.0), STONE),
    ("pillar", (4.0, 4.0, 0), (5.0, 5.0, 3), STONE),
    ("counter", (7.0, 2.0, 0), (9.0, 3.0, 1.5), STONE),
    ("partition", (10.0, 0.0, 0), (10.1, 10.0, 3), STONE),
    ("door", (10.0, 10.0, 0), (10.1, 12.0, 3), STONE),
    ("pane", (2.0, 8.0, 0), (6.0, 8.02, 3), GLASS),
]
HALL = Area(id="hall", kind="room", outline=shapely.box(0, 0, 10, 12), floor_z=0.0, within="1F")
NEXT = Area(id="next", kind="room", outline=shapely.box(10.1, 0, 16, 12), floor_z=0.0, within="1F")
YARD = Area(id="yard", kind="road", outline=shapely.box(20, 0, 40, 4), floor_z=None)
FENCE = Area(id="fence", kind="perimeter", outline=shapely.LineString([(-9, -5), (9, -5)]), floor_z=0.0, within="north")
CUPBOARD = Area(id="cupboard", kind="room", outline=shapely.box(0.55, 0.55, 0.7, 0.7), floor_z=0.0)
AREAS = [HALL, NEXT, YARD, FENCE, CUPBOARD]
HEIGHTS = (0.1, 1.7)
CAMERAS = [
    a_camera(id="west", site_xyz=(0.1, 6.0, 2.5), heading_deg=100.0, tilt_deg=-25.0, range_m=20.0),
    a_camera(id="south", site_xyz=(5.0, 0.1, 2.5), heading_deg=0.0, tilt_deg=-15.0, range_m=9.0),
    a_camera(id="fence", site_xyz=(0.0, -9.0, 4.0), heading_deg=10.0, tilt_deg=-40.0, range_m=12.0),
]


@pytest.fixture(scope="module")
def scene() -> SightScene:
    return box_scene(BOXES, doors=["door"], ground=["floor"])


@pytest.fixture(scope="module")
def coverage(scene: SightScene) -> Coverage:
    return Coverage.of(scene, CAMERAS, AREAS, step_m=0.5, heights_m=HEIGHTS)


def brute_seen(camera: Camera, points: np.ndarray) -> np.ndarray:
    """Whether a camera sees points: its picture by the tangent of angles, the walls by trimesh."""
    solids = [(name, np.array(box(bounds=[low, high]).vertices), np.array(box().faces)) for name, low, high, c in BOXES if c == STONE]
    offset = points - camera.site_xyz
    local = offset @ camera.axes.T
    half = np.array(camera.sensor_mm) / 2 / camera.focal_length_mm
    shown = (local[:, 2] > 0) & (np.linalg.norm(offset, axis=1) <= camera.range_m)
    shown &= (np.abs(local[:, :2]) <= half * local[:, 2:] * (1 + 1e-9)).all(axis=1)
    lens = np.broadcast_to(camera.site_xyz, points.shape)
    clear = [not one.blocked for one in BruteScene(solids).lines(np.array(lens), points)]
    return shown & clear


def test_every_point_and_height_of_every_camera_by_brute_force(coverage: Coverage) -> None:
    samples = coverage.samples
    for number, height in enumerate(HEIGHTS):
        points = samples.floor + np.array([0.0, 0.0, height])
        for camera in CAMERAS:
            slots = coverage.covers[camera.id].slot
            mine = slots[(slots >= number * len(samples)) & (slots < (number + 1) * len(samples))] - number * len(samples)
            seen = np.zeros(len(samples), dtype=bool)
            seen[mine] = True
            expected = brute_seen(camera, points)
            assert (seen == expected).all()
            assert expected.any() or camera.id != "west"
    total = sum(np.bincount(c.slot, minlength=len(coverage.count)) for c in coverage.covers.values())
    assert (coverage.count == total).all()


def test_samples_stand_for_the_whole_of_their_area(scene: SightScene, coverage: Coverage) -> None:
    samples = coverage.samples
    assert samples.counts.tolist() == [20 * 24, 12 * 24, 20 * 8, 36, 1]
    assert samples.without_ground.tolist() == [0, 0, 160, 0, 0], "the yard's eastern half lies over no ground"
    assert np.allclose(samples.floor[:, 2], 0.0, atol=1e-5)
    hall = samples.floor[samples.area == 0]
    assert hall[:, :2].min(axis=0) == pytest.approx([0.25, 0.25]) and hall[:, :2].max(axis=0) == pytest.approx([9.75, 11.75])
    ring = shapely.Point(3, 3).buffer(40).difference(shapely.Point(3, 3).buffer(20))
    many = Samples.of(scene, [Area(id="ring", kind="road", outline=ring, floor_z=0.0)], 0.5)
    grid = (np.stack(np.meshgrid(np.arange(-100, 100), np.arange(-100, 100), indexing="ij"), -1).reshape(-1, 2) + 0.5) * 0.5
    inside = {tuple(point) for point in grid if shapely.contains_xy(ring, *point)}
    assert {tuple(point) for point in many.floor[:, :2]} == inside and len(many) == len(inside)


def test_an_empty_room_seen_by_one_lens_is_the_plan_of_its_cone(scene: SightScene) -> None:
    floor = Area(id="lawn", kind="road", outline=shapely.box(-9, 12, 9, 29), floor_z=0.0)
    camera = a_camera(id="lawn", site_xyz=(0.0, 12.0, 1.0), heading_deg=0.0, sensor_mm=(6.2, 8.0), range_m=14.0)
    cover = Coverage.of(scene, [camera], [floor], step_m=0.1, heights_m=(1.0,)).by_area()[0]
    cone = shapely.Polygon([(0, 12), (-10.85, 26), (10.85, 26)]).intersection(shapely.Point(0, 12).buffer(14.0, quad_segs=256))
    assert cover.seen == pytest.approx(cone.intersection(floor.outline).area, rel=5e-3)
    assert cover.unit == "m2" and cover.cameras == ("lawn",) and cover.seen_twice == 0.0


def test_a_camera_moved_added_or_failed_is_as_if_all_were_built_anew(scene: SightScene, coverage: Coverage) -> None:
    moved = replace(CAMERAS[0], site_xyz=(9.9, 11.0, 2.5), heading_deg=230.0)
    more = a_camera(id="more", site_xyz=(15.0, 6.0, 2.5), heading_deg=270.0, tilt_deg=-20.0)
    before = coverage.count.copy()
    changed = coverage.with_camera(moved).with_camera(more).without("south")
    anew = Coverage.of(scene, [moved, CAMERAS[2], more], AREAS, step_m=0.5, heights_m=HEIGHTS)
    assert (changed.count == anew.count).all() and (changed.unglazed == anew.unglazed).all()
    assert set(changed.covers) == {"west", "fence", "more"}
    assert {one.id: one.to_json()["seen"] for one in changed.by_area()} == {one.id: one.to_json()["seen"] for one in anew.by_area()}
    assert (coverage.count == before).all() and (changed.count != before).any()
    assert changed.covers["fence"] is coverage.covers["fence"], "what did not change was not cast again"
    with pytest.raises(NotFound, match="nobody"):
        coverage.without("nobody")


def test_a_door_opened_and_a_pillar_removed_show_more(scene: SightScene, coverage: Coverage) -> None:
    east = a_camera(id="east", site_xyz=(0.1, 11.0, 1.0), heading_deg=90.0, range_m=20.0)
    closed = Coverage.of(scene, [east], [NEXT], heights_m=(1.0,))
    opened = Coverage.of(scene, [east], [NEXT], heights_m=(1.0,), open_doors=["door"])
    assert closed.by_area()[0].seen == 0.0 and opened.by_area()[0].seen > 10.0
    bare = Coverage.of(scene, CAMERAS, AREAS, heights_m=HEIGHTS, left_out=["pillar"])
    assert bare.by_area()[0].seen > coverage.by_area()[0].seen


def test_what_is_seen_through_glass_only_is_told(scene: SightScene) -> None:
    behind = Area(id="behind", kind="room", outline=shapely.box(3, 8.5, 5, 9.5), floor_z=0.0)
    through = a_camera(id="through", site_xyz=(4.0, 6.0, 1.0), heading_deg=0.0)
    beside = a_camera(id="beside", site_xyz=(9.0, 9.0, 1.0), heading_deg=270.0)
    cover = Coverage.of(scene, [through], [behind], heights_m=(1.0,))
    assert (cover.by_area()[0].seen, cover.by_area()[0].only_through_glass) == pytest.approx((2.0, 2.0))
    both = cover.with_camera(beside).by_area()[0]
    assert (both.seen, both.only_through_glass, both.seen_twice) == pytest.approx((2.0, 0.0, 2.0))


def test_blind_spots_are_what_is_left_of_the_area(coverage: Coverage) -> None:
    for area, cover in zip(AREAS, coverage.by_area(), strict=True):
        if area is YARD:
            continue
        blind = blind_spots(coverage, area.id)
        assert blind.is_valid
        left = blind.length if area.is_line else blind.area
        assert left == pytest.approx(cover.size - cover.seen, rel=1e-9, abs=1e-9)
    pillar = blind_spots(coverage, "hall", 1.7)
    assert pillar.geom_type == "MultiPolygon" and pillar.covers(shapely.Point(4.5, 4.5)) and not pillar.covers(shapely.Point(2.0, 6.0))
    assert blind_spots(coverage, "hall", 1.7, fewer_than=2).area > pillar.area
    assert blind_spots(coverage, "hall").area >= max(pillar.area, blind_spots(coverage, "hall", 0.1).area)
    fence = blind_spots(coverage, "fence")
    assert fence.geom_type == "MultiLineString" and FENCE.outline.buffer(1e-9).covers(fence) and 0 < fence.length < 18
    with pytest.raises(NotFound, match="attic"):
        blind_spots(coverage, "attic")


def test_a_point_seen_at_one_height_and_hidden_at_the_other(coverage: Coverage) -> None:
    cover = coverage.by_area()[0]
    assert cover.seen < min(cover.seen_at.values()) + 1e-9 and cover.seen_at[0.1] != cover.seen_at[1.7]
    assert cover.seen_twice <= cover.seen <= cover.size == 120.0


def test_seen_twice_is_by_two_cameras_at_every_height(scene: SightScene, coverage: Coverage) -> None:
    more = coverage.with_camera(a_camera(id="more", site_xyz=(9.9, 0.1, 2.5), heading_deg=315.0, tilt_deg=-15.0, range_m=20.0))
    hall = more.samples.of_area(0)
    count = more.count.reshape(2, -1)[:, hall]
    assert more.by_area()[0].seen_twice == pytest.approx(0.25 * (count > 1).all(axis=0).sum())
    assert (count > 1).any(axis=0).sum() > (count > 1).all(axis=0).sum() > 0
    assert sorted(hall) == list(np.flatnonzero(more.samples.area == 0))


def test_no_point_in_a_picture_is_passed_over_by_the_cells(coverage: Coverage) -> None:
    """Random lenses, half of them long ones aimed at the corners of the cells."""
    samples, rng = coverage.samples, np.random.default_rng(9)
    places, poses = rng.uniform((-10, -10, -3), (30, 15, 9), (400, 3)), rng.uniform((0, -89, 4, 2), (360, 89, 30, 30), (400, 4))
    corners = samples.floor[(np.abs(samples.floor[:, :2] % 8.0 - 4.0) > 3.4).all(axis=1)]
    aims = corners[rng.integers(len(corners), size=200)] + rng.choice([0.0, 3.0], 200)[:, None] * (0.0, 0.0, 1.0)
    east, north, up = (aims - places[:200]).T
    poses[:200, 0], poses[:200, 1] = np.degrees(np.arctan2(east, north)), np.degrees(np.arctan2(up, np.hypot(east, north)))
    poses[:200, 3] = 300.0
    cameras = [
        a_camera(id=f"c{i}", site_xyz=tuple(place), heading_deg=h, tilt_deg=t, range_m=r, focal_length_mm=f)
        for i, (place, (h, t, r, f)) in enumerate(zip(places, poses, strict=True))
    ]
    rig, found, offered = Rig.of(cameras), 0, 0
    for number in range(len(cameras)):
        near = samples.candidates(rig, number, 3.0, turned=False)
        raised = [samples.floor + np.array([0.0, 0.0, height]) for height in (0.0, 1.5, 3.0)]
        seen = np.flatnonzero(np.any([rig.look(number, points).in_view for points in raised], axis=0))
        assert set(seen) <= set(near)
        found, offered = found + len(seen), offered + len(near)
    assert 0 < found < offered < 0.7 * len(cameras) * len(samples)


def test_blind_squares_are_joined_as_shapely_joins_them() -> None:
    rng = np.random.default_rng(6)
    for squares in [np.array([[0, 0], [1, 1]], np.int32), *(np.argwhere(rng.random((12, 9)) < share) - 4 for share in (0.1, 0.5, 0.9))]:
        joined = shapely.union_all([shapely.box(i * 0.5, j * 0.5, i * 0.5 + 0.5, j * 0.5 + 0.5) for i, j in squares])
        assert shapely.equals(squares_joined(squares, 0.5), joined)


def test_storeys_are_the_sum_of_their_rooms_and_lines_are_in_metres(coverage: Coverage) -> None:
    by_area = {one.id: one for one in coverage.by_area()}
    storey, north = coverage.by_group()
    assert storey.id == "1F" and storey.size == pytest.approx(120.0 + 70.8) and storey.unit == "m2"
    assert storey.seen == pytest.approx(by_area["hall"].seen + by_area["next"].seen)
    assert (north.id, north.unit, north.size) == ("north", "m", 18.0) and north.cameras == ("fence",)
    assert by_area["yard"].without_ground == pytest.approx(40.0) and by_area["yard"].seen == 0.0


def test_lines_and_polygons_are_not_summed_up(scene: SightScene) -> None:
    mixed = [HALL, replace(FENCE, within="1F")]
    with pytest.raises(Invalid, match="lines and polygons"):
        Coverage.of(scene, [], mixed).by_group()


def test_a_ptz_covers_what_it_sees_turned(scene: SightScene) -> None:
    ptz = PtzLimits(heading_deg=(0, 360), tilt_deg=(-90, 20), focal_length_mm=(4.0, 40.0))
    dome = a_camera(id="dome", site_xyz=(8.0, 8.0, 2.9), heading_deg=0.0, ptz=ptz)
    posed = Coverage.of(scene, [dome], [HALL], heights_m=(1.0,))
    turned = Coverage.of(scene, [dome], [HALL], heights_m=(1.0,), turned=True)
    assert posed.by_area()[0].seen < 40.0 < 90.0 < turned.by_area()[0].seen
    clear = scene.clear([dome.site_xyz], turned.samples.floor + np.array([0.0, 0.0, 1.0]))
    assert set(turned.covers["dome"].slot) == set(np.flatnonzero(clear))


def test_what_cannot_be_covered_is_refused(scene: SightScene) -> None:
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    for outline in (bow_tie, shapely.Polygon(), shapely.Point(1, 1)):
        with pytest.raises(Invalid, match="area odd"):
            Coverage.of(scene, [], [Area(id="odd", kind="room", outline=outline, floor_z=0.0)])
    with pytest.raises(Invalid, match="step"):
        Samples.of(scene, [HALL], 0.0)
    for heights in ((), (-1.0,), (1.0, 1.0)):
        with pytest.raises(Invalid, match="heights"):
            Coverage.of(scene, [], [HALL], heights_m=heights)
    with pytest.raises(Invalid, match="no height"):
        Coverage.of(scene, [], [HALL]).seen(5.0)
    with pytest.raises(CameraInvalid):
        Coverage.of(scene, [CAMERAS[0], CAMERAS[0]], [HALL])


def test_no_camera_sees_nothing_and_no_area_is_no_trouble(scene: SightScene) -> None:
    nobody = Coverage.of(scene, [], [HALL])
    assert nobody.by_area()[0].seen == 0.0 and blind_spots(nobody, "hall").area == pytest.approx(120.0)
    nowhere = Coverage.of(scene, CAMERAS, [])
    assert nowhere.by_area() == [] and len(nowhere.samples.candidates(Rig.of(CAMERAS), 0, 1.7, turned=False)) == 0
