"""Rays through boxes, by hand; through random solids, by brute force."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import trimesh
from trimesh.ray.ray_triangle import RayMeshIntersector

from spatial.errors import SightLibraryMissing, SpatialError
from spatial.mesh import MeshBuilder
from spatial.surfaces import Surfaces
from spatial.visibility import NOTHING, SightScene, require_sight_library
from tests.spatial.boxes import GLASS, STONE, Box, box_scene
from tests.spatial.brute_rays import BruteScene

pytestmark = pytest.mark.usefixtures("sight_library")

EYE, FAR = (0.0, 0.0, 1.5), (10.0, 0.0, 1.5)
HOUSE: list[Box] = [
    ("floor", (-5, -5, -0.2), (15, 5, 0.0), STONE),
    ("wall left", (4.0, -5, 0), (4.2, -0.5, 3), STONE),
    ("wall right", (4.0, 0.5, 0), (4.2, 5, 3), STONE),
    ("lintel", (4.0, -0.5, 2.1), (4.2, 0.5, 3), STONE),
    ("door", (4.08, -0.5, 0), (4.12, 0.5, 2.1), STONE),
    ("window", (4.05, 2.0, 1), (4.06, 3.0, 2), GLASS),
    ("glazing", (6.0, -0.5, 0), (6.006, 0.5, 3), GLASS),
    ("glazing", (6.02, -0.5, 0), (6.026, 0.5, 3), GLASS),
    ("back", (8.0, -5, 0), (8.2, 5, 3), STONE),
    ("room", (4.2, -5, 0), (8.0, 5, 3), GLASS),
]


@pytest.fixture(scope="module")
def house() -> SightScene:
    return box_scene(HOUSE, doors=["door"], unseen=["room"], ground=["floor"])


def test_a_closed_door_blocks_an_open_one_does_not_and_the_wall_behind_it_does(house: SightScene) -> None:
    closed = house.sightlines([EYE], [FAR])
    assert closed.blocked[0] and house.ids[closed.feature[0]] == "door"
    assert closed.distance_m[0] == pytest.approx(4.08, abs=1e-5)
    behind = house.sightlines([EYE], [FAR], open_doors=["door"])
    assert house.ids[behind.feature[0]] == "back" and behind.distance_m[0] == pytest.approx(8.0, abs=1e-5)
    assert house.clear([EYE], [(7.0, 0.0, 1.5)], open_doors=["door"]).tolist() == [True]
    assert house.clear([EYE], [(7.0, 0.0, 1.5)]).tolist() == [False]


def test_a_wall_that_is_taken_away_lets_see_what_stood_behind_it(house: SightScene) -> None:
    target = (9.0, 0.0, 1.5)
    assert house.clear([EYE], [target], open_doors=["door"], left_out=["back"]).tolist() == [True]
    assert house.clear([EYE], [target], open_doors=["door"]).tolist() == [False]
    line = house.sightlines([EYE], [target], left_out=["door", "back"])
    assert (line.blocked[0], line.feature[0], line.distance_m[0]) == (False, NOTHING, np.inf)
    through_wall = house.sightlines([(0, 3.5, 1.5)], [(9.0, 3.5, 1.5)], left_out=["wall right"])
    assert house.ids[through_wall.feature[0]] == "back" and through_wall.distance_m[0] == pytest.approx(8.0, abs=1e-5)


def test_glass_does_not_block_but_is_named_once_however_many_panes(house: SightScene) -> None:
    start, end = [EYE, EYE, (3.0, 2.5, 1.5)], [(7.0, 0.0, 1.5), (5.0, 0.0, 1.5), (4.04, 2.5, 1.5)]
    panes = house.glass_between(start, end)
    assert [(line, house.ids[f]) for line, f in zip(panes.line, panes.feature, strict=True)] == [(0, "glazing")]
    assert house.through_glass(start, end).tolist() == [True, False, False]
    assert house.glass_between(start, end, left_out=["glazing"]).line.tolist() == []
    assert house.clear([(5.0, 0.0, 1.5)], [(7.0, 0.0, 1.5)]).tolist() == [True]


def test_a_room_has_no_surface(house: SightScene) -> None:
    assert "room" not in house.ids
    assert not house.through_glass([(5.0, 3.0, 1.5)], [(7.0, 3.0, 1.5)])[0]


def test_a_target_on_a_wall_is_seen_from_its_side_and_not_from_the_other(house: SightScene) -> None:
    on_front, on_back = (8.0, 1.0, 1.5), (8.2, 1.0, 1.5)
    assert house.clear([(5.0, 1.0, 1.5)], [on_front, on_back]).tolist() == [True, False]
    assert house.clear([on_front], [(5.0, 1.0, 1.5)]).tolist() == [True]
    assert house.clear([(5.0, 1.0, 1.5)], [(8.02, 1.0, 1.5)]).tolist() == [False]


def test_a_camera_inside_a_wall_sees_nothing_and_the_wall_is_named(house: SightScene) -> None:
    inside = (8.1, 1.0, 1.5)
    line = house.sightlines([inside], [(5.0, 1.0, 1.5)])
    assert house.ids[line.feature[0]] == "back" and line.distance_m[0] == pytest.approx(0.1, abs=1e-5)
    assert house.containing(inside) == ["back"]
    assert house.containing(EYE) == []
    assert house.clear([inside], [(5.0, 1.0, 1.5)], left_out=["back"]).tolist() == [True]


def test_a_point_between_the_arms_of_a_solid_is_not_in_it() -> None:
    arms: list[Box] = [
        ("shell", (2, -3, -3), (3, 3, 3), STONE),
        ("shell", (-3, 2, -3), (1, 3, 3), STONE),
        ("shell", (-3, -3, 4), (3, 3, 5), STONE),
    ]
    scene = box_scene(arms)
    assert scene.containing((0.0, 0.0, 0.0)) == [] and scene.containing((2.5, 0.0, 0.0)) == ["shell"]


def test_touching_blocks_and_a_millimetre_beside_it_does_not() -> None:
    wall = box_scene([("wall", (4, 0, 0), (5, 1, 3), STONE)])
    along_its_face = wall.sightlines([(0, 1.0, 1.5)], [(10, 1.0, 1.5)])
    assert along_its_face.blocked[0] and along_its_face.distance_m[0] == pytest.approx(4.0, abs=1e-5)
    assert wall.clear([(0, 1.001, 1.5)], [(10, 1.001, 1.5)]).tolist() == [True]
    assert wall.clear([(4.2, 1.001, 1.5)], [(4.8, 1.001, 1.5)]).tolist() == [True]


def test_the_ends_of_a_line_may_be_one_place(house: SightScene) -> None:
    assert house.clear([EYE, (4.1, 0.0, 1.0)], [EYE, (4.1, 0.0, 1.008)]).tolist() == [True, True]


def test_ground_is_the_highest_of_it_and_unknown_beside_it(house: SightScene) -> None:
    z = house.ground_z([(0.0, 0.0), (8.1, 0.0), (30.0, 0.0)])
    assert z[:2] == pytest.approx([0.0, 0.0], abs=1e-5) and np.isnan(z[2])
    assert house.first_hit([(0, 0, 2.5)], [(0, 0, -7.0)]).distance_m[0] == pytest.approx(2.5, abs=1e-5)


def test_far_from_the_origin_the_answers_are_the_same_to_a_millimetre() -> None:
    shift = (2_900.0, -1_700.0, 35.0)
    far = box_scene(HOUSE, shift=shift, doors=["door"], unseen=["room"])
    line = far.sightlines(np.add([EYE], shift), np.add([FAR], shift), open_doors=["door"])
    assert far.ids[line.feature[0]] == "back" and line.distance_m[0] == pytest.approx(8.0, abs=1e-3)


def test_a_scene_of_nothing_hides_nothing() -> None:
    empty = SightScene.build([], revision="empty")
    assert empty.clear([EYE], [FAR]).tolist() == [True]
    assert empty.sightlines([EYE], [FAR]).distance_m.tolist() == [np.inf]
    assert np.isnan(empty.ground_z([(0.0, 0.0)])[0]) and empty.containing(EYE) == []
    assert empty.clear(np.zeros((0, 3)), np.zeros((0, 3))).tolist() == []


def test_what_the_scene_does_not_have_is_refused(house: SightScene) -> None:
    with pytest.raises(SpatialError, match="no wall of dreams"):
        house.clear([EYE], [FAR], left_out=["wall of dreams"])
    with pytest.raises(SpatialError, match="not a door: back"):
        house.clear([EYE], [FAR], open_doors=["back"])
    with pytest.raises(SpatialError, match="not finite"):
        house.clear([EYE], [(np.nan, 0, 0)])
    with pytest.raises(SpatialError, match="not zero"):
        house.first_hit([EYE], [(0, 0, 0)])


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(SightLibraryMissing, match="open3d") as refusal:
        SightScene.build([], revision="")
    assert refusal.value.code == "SIGHT_LIBRARY_MISSING" and "libusb-1.0-0" in refusal.value.hint


def test_many_threads_may_ask_one_scene(house: SightScene) -> None:
    rng = np.random.default_rng(5)
    start, end = rng.uniform((-5, -5, 0), (15, 5, 3), (2000, 3)), rng.uniform((-5, -5, 0), (15, 5, 3), (2000, 3))
    alone = house.sightlines(start, end, open_doors=["door"])
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: house.sightlines(start, end, open_doors=["door"]), range(16)))
    assert all((one.feature == alone.feature).all() and (one.distance_m == alone.distance_m).all() for one in together)


def test_random_solids_by_brute_force() -> None:
    rng = np.random.default_rng(20)
    builder, solids = MeshBuilder(), []
    for number in range(60):
        name = f"solid {number}"
        shape = trimesh.creation.box(extents=rng.uniform(0.3, 3, 3)) if number % 3 else trimesh.creation.icosphere(subdivisions=1)
        matrix = trimesh.transformations.random_rotation_matrix(rng.random(3))
        matrix[:3, 3] = rng.uniform(-8, 8, 3)
        builder.add(name, shape.vertices, shape.faces, STONE, matrix)
        solids.append((name, trimesh.transform_points(shape.vertices, matrix), np.asarray(shape.faces)))
    doors = frozenset(f"solid {number}" for number in range(0, 60, 5))
    scene = SightScene.build([Surfaces(meshes=builder.build(), doors=doors)], revision="random")
    brute = BruteScene(solids)
    start, end = rng.uniform(-10, 10, (1500, 3)), rng.uniform(-10, 10, (1500, 3))
    for gone in (frozenset[str](), frozenset(list(doors)[:6])):
        assert_equal(scene, brute, start, end, gone, rng)


def test_the_brute_force_agrees_with_trimesh() -> None:
    shape = trimesh.creation.icosphere(subdivisions=2)
    brute, rng = BruteScene([("ball", shape.vertices, shape.faces)]), np.random.default_rng(2)
    start, end = rng.uniform(-2, 2, (100, 3)), rng.uniform(-2, 2, (100, 3))
    trimeshs = RayMeshIntersector(shape)
    for one, other in zip(start, end, strict=True):
        along, triangle = brute.hits(one, (other - one) / np.linalg.norm(other - one))
        expected, _ = trimeshs.intersects_id([one], [other - one], multiple_hits=True)
        assert set(triangle[along > 0]) == set(expected)


def assert_equal(
    scene: SightScene, brute: BruteScene, start: np.ndarray, end: np.ndarray, gone: frozenset[str], rng: np.random.Generator
) -> None:
    """The same answers, but for lines that graze something within 2 mm: at most 1 in 200 of them."""
    lines, expected = scene.sightlines(start, end, open_doors=gone), brute.lines(start, end, gone)
    clear = scene.clear(start, end, open_doors=gone)
    assert (clear == ~lines.blocked).all()
    assert 0.1 < lines.blocked.mean() < 0.9
    differing = [
        i
        for i, one in enumerate(expected)
        if one.blocked != lines.blocked[i]
        or (one.blocked and (scene.ids[lines.feature[i]] not in one.features or abs(one.distance_m - lines.distance_m[i]) > 1e-3))
    ]
    assert len(differing) <= len(start) / 200
    assert not [i for i in differing if brute.decided(start[i], end[i], rng, gone)]


def test_the_library_loads() -> None:
    assert hasattr(require_sight_library().t.geometry, "RaycastingScene")
