"""The duplex and the institute: lines of sight through their real walls, windows and doors, against brute force."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import shapely

from bim import read_model
from sensors import Rig
from spatial.feature import Feature, Kind
from spatial.scene import Layer, LayerKind
from spatial.visibility import SightScene
from tests.sensors.test_camera import a_camera
from tests.spatial.brute_rays import BruteScene
from twin.queries.sight import Area, Coverage, Target, sight_scene, visible_from, windows_without_glass

pytestmark = pytest.mark.usefixtures("sight_library")

FILES = {"duplex": "duplex_A_20110907", "institute": "ac11_institute_var2"}
LINES = 400


@dataclass(frozen=True)
class Building:
    """A model in its own frame, its scene, and its opaque and glass triangles for brute force."""

    layer: Layer
    scene: SightScene
    opaque: BruteScene
    glass: BruteScene

    def of_class(self, name: str) -> list[Feature]:
        return [feature for feature in self.layer.features if feature.class_name == name]


@pytest.fixture(scope="module")
def buildings(data_dir: Path, real_meshes: Path) -> dict[str, Building]:
    return {name: read(data_dir / "ifc" / f"{stem}.ifc", name, real_meshes) for name, stem in FILES.items()}


def read(path: Path, key: str, cache: Path) -> Building:
    model = read_model(path, key, cache_dir=cache)
    layer = Layer(key=key, kind=LayerKind.BUILDING, name=key, revision="1", features=model.features, meshes=model.meshes)
    rooms = {feature.id for feature in model.features if feature.kind is Kind.SPACE}
    solids: dict[bool, list[tuple[str, np.ndarray, np.ndarray]]] = {True: [], False: []}
    for part in range(model.meshes.parts):
        name = model.meshes.features[model.meshes.part_feature[part]]
        if name not in rooms:
            faces = model.meshes.meshes[model.meshes.part_mesh[part]].triangles.astype(np.int64)
            solids[bool(model.meshes.part_rgba[part, 3] < 255)].append((name, model.meshes.part_vertices(part), faces))
    return Building(layer, sight_scene([layer]), BruteScene(solids[False]), BruteScene(solids[True]))


def sample_lines(building: Building, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Half from room to room, half from outside to a room."""
    low, high = building.opaque.bounds
    rooms = [feature for feature in building.layer.features if feature.kind is Kind.SPACE and feature.footprint is not None]

    def in_rooms(count: int) -> np.ndarray:
        chosen = [rooms[i] for i in rng.integers(len(rooms), size=count)]
        at = [one.footprint.representative_point() for one in chosen]
        shift = rng.uniform(-1.0, 1.0, (count, 3)) * (1.0, 1.0, 0.4)
        return np.array([(p.x, p.y, sum(one.z_range) / 2) for p, one in zip(at, chosen, strict=True)]) + shift

    outside = rng.uniform(low - 5, high + 5, (LINES // 2, 3))
    start = np.concatenate([in_rooms(LINES // 2), outside])
    return start, in_rooms(LINES)


@pytest.mark.parametrize("name", FILES)
def test_lines_through_a_real_building_by_brute_force(buildings: dict[str, Building], name: str) -> None:
    building, rng = buildings[name], np.random.default_rng(11)
    scene = building.scene
    doors = frozenset(str(feature.id) for feature in building.of_class("IfcDoor"))
    start, end = sample_lines(building, rng)
    different_when_open = 0
    for opened in (frozenset[str](), doors):
        lines = scene.sightlines(start, end, open_doors=opened)
        assert (scene.clear(start, end, open_doors=opened) == ~lines.blocked).all()
        expected = building.opaque.lines(start, end, opened)
        differing = [
            i
            for i, one in enumerate(expected)
            if one.blocked != lines.blocked[i]
            or (one.blocked and (abs(one.distance_m - lines.distance_m[i]) > 1e-3 or scene.ids[lines.feature[i]] not in one.features))
        ]
        assert not [i for i in differing if building.opaque.decided(start[i], end[i], rng, opened)]
        assert len(differing) <= LINES / 100
        assert 0.2 < lines.blocked.mean() < 1.0
        different_when_open += sum(scene.ids[f] in doors for f in lines.feature[lines.blocked]) * (1 if not opened else -1)
    assert different_when_open > 0, "closed doors stop lines, open ones none"
    glass = {i for i, one in enumerate(building.glass.lines(start, end)) if one.blocked}
    assert set(np.flatnonzero(scene.through_glass(start, end))) == glass and glass


def test_every_window_of_the_institute_lets_see_through_and_two_of_the_duplex_do_not(buildings: dict[str, Building]) -> None:
    assert windows_without_glass(buildings["institute"].layer) == []
    blind = windows_without_glass(buildings["duplex"].layer)
    assert len(blind) == 2 and len(buildings["duplex"].of_class("IfcWindow")) == 24


def test_through_a_window_of_the_institute_and_not_through_the_wall_beside_it(buildings: dict[str, Building]) -> None:
    building = buildings["institute"]
    meshes, scene = building.layer.meshes, building.scene
    seen = 0
    for part in np.flatnonzero(meshes.part_rgba[:, 3] < 255):
        name = meshes.features[meshes.part_feature[part]]
        points = meshes.part_vertices(int(part))
        size = np.ptp(points, axis=0)
        across = int(np.argmin(size))
        if name not in scene.ids or across == 2 or size.min() > 0.1:
            continue
        step = np.zeros(3)
        step[across] = 0.4
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        panes = scene.glass_between([middle - step], [middle + step])
        if scene.clear([middle - step], [middle + step])[0]:
            assert name in {scene.ids[k] for k in panes.feature}
            seen += 1
    assert seen > 200


def test_who_sees_a_room_of_the_duplex_and_what_stands_in_the_way(buildings: dict[str, Building]) -> None:
    building = buildings["duplex"]
    room = max(
        (f for f in building.of_class("IfcSpace") if f.footprint is not None and f.z_range[0] > -0.5), key=lambda f: f.footprint.area
    )
    spot = room.footprint.representative_point()
    floor = (spot.x, spot.y, room.z_range[0])
    inside = a_camera(id="inside", site_xyz=(spot.x + 0.3, spot.y, room.z_range[0] + 2.2), heading_deg=270.0, tilt_deg=-60.0)
    outside = [
        a_camera(id=f"from {heading}", site_xyz=(spot.x - 20 * east, spot.y - 20 * north, 1.5), heading_deg=heading)
        for heading in range(0, 360, 15)
        for east, north in [(np.sin(np.radians(heading)), np.cos(np.radians(heading)))]
    ]
    found = visible_from(building.scene, Rig.of([inside, *outside]), Target(floor_xyz=floor))
    assert {one.camera for one in found} == {"inside", *(one.id for one in outside)}
    blockers = {name for one in found for name in one.blocked_by.values() if name}
    classes = {feature.class_name for feature in building.layer.features if feature.id in blockers}
    assert {"IfcWallStandardCase"} <= classes <= {f.class_name for f in building.layer.features} - {"IfcSpace"}
    assert sum(not any(one.sees.values()) for one in found) > len(outside) / 2


def test_cameras_in_the_entrance_hall_cover_it_and_not_the_next_room(buildings: dict[str, Building]) -> None:
    building = buildings["institute"]
    rooms = [feature for feature in building.of_class("IfcSpace") if feature.footprint is not None]
    areas = [Area(id=f.id, kind="room", outline=shapely.make_valid(f.footprint), floor_z=f.z_range[0], within=f.storey) for f in rooms]
    hall = next(feature.id for feature in rooms if feature.name == "117")
    mine = next(area for area in areas if area.id == hall)
    spot = mine.outline.representative_point()
    cameras = [
        a_camera(id=f"c{h}", site_xyz=(spot.x, spot.y, mine.floor_z + 2.3), heading_deg=float(h), tilt_deg=-20.0) for h in range(0, 360, 60)
    ]
    cover = Coverage.of(building.scene, cameras, areas, step_m=0.5, heights_m=(1.3,))
    by_area = {one.id: one for one in cover.by_area()}
    assert by_area[mine.id].seen == max(one.seen for one in by_area.values()) > 5.0
    unseen = [one for one in by_area.values() if one.seen == 0.0]
    assert len(unseen) > len(rooms) / 2
    seen = np.flatnonzero(cover.count)
    points = cover.samples.floor[seen] + np.array([0.0, 0.0, 1.3])
    start = np.broadcast_to(cameras[0].site_xyz, points.shape)
    pick = np.random.default_rng(1).choice(len(seen), size=min(150, len(seen)), replace=False)
    blocked = [one.blocked for one in building.opaque.lines(np.array(start[pick]), points[pick])]
    assert sum(blocked) <= len(pick) / 50
