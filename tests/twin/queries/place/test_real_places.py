"""Every question of place on the duplex and the institute against trimesh, shapely and numpy alone: attics that are no prisms too."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
import trimesh

from tests.spatial.brute import cuts, holds, surface_distance, winding
from tests.twin.queries.conftest import RealStore
from twin.auth import local_administrator
from twin.queries.place.assets import asset_points
from twin.queries.place.locate import as_one, locate_points
from twin.queries.place.near import nearest
from twin.queries.place.pick import pick
from twin.queries.place.plan import cut_storey
from twin.queries.place.scene import Scenes, SitePlaces
from twin.queries.place.within import Area, within
from twin.queries.records.context import Registers, reader_of

STEMS = ("duplex_A_20110907", "ac11_institute_var2")
NEAR_M = 3e-3
"""A prism is one within 2 mm (decision 024): nearer to a surface than this the two may differ."""
EVERY = ("*",)


@dataclass(frozen=True)
class Building:
    """A building and its rooms' faces, by id."""

    scenes: Scenes
    places: SitePlaces
    rooms: dict[str, Any]
    assets: Any
    reader: Any

    def degrees(self, points: Any) -> Any:
        return self.places.frame.to_lon_lat_height(np.asarray(points, dtype=float).reshape(-1, 3))

    def held(self, points: Any) -> dict[str, Any]:
        """Which points each room's solid holds."""
        return {name: np.abs(winding(faces, points)) > 0.5 for name, faces in self.rooms.items()}

    def distances(self, points: Any) -> dict[str, Any]:
        """Metres from each point to each room's solid, 0 inside."""
        inside = self.held(points)
        return {name: np.where(inside[name], 0.0, surface_distance(faces, points)) for name, faces in self.rooms.items()}

    def volume(self, name: str) -> float:
        faces = self.rooms[name] - self.rooms[name][0, 0]
        return abs(float(np.einsum("ij,ij->i", faces[:, 0], np.cross(faces[:, 1], faces[:, 2])).sum() / 6))


@pytest.fixture(scope="module", params=STEMS)
def building(request: pytest.FixtureRequest, real_store: RealStore) -> Building:
    store, settings = real_store(request.param)
    scenes = Scenes(store, settings)
    places = scenes.site(store.list_sites()[0].code)
    ids = [places.extents.ids[row] for row in places.rows["space"]]
    rooms = {name: places.shapes.triangles(name) for name in ids}
    registers = Registers.of(store, settings.home / "columns")
    return Building(scenes, places, rooms, asset_points(registers), reader_of(local_administrator()))


@pytest.fixture(scope="module")
def points(building: Building) -> Any:
    """Anywhere in and around the building, many of them in its attics."""
    rng = np.random.default_rng(8)
    corners = np.concatenate([faces.reshape(-1, 3) for faces in building.rooms.values()])
    low, high = corners.min(axis=0) - 1.0, corners.max(axis=0) + 1.0
    odd = building.places.where.rooms
    boxes = [odd.solids.triangles[a:b] for a, b in zip(odd.solids.starts[:-1], odd.solids.starts[1:], strict=True)]
    assert len(boxes) >= 3, "rooms that are no prisms"
    inside = [rng.uniform(one.min(axis=(0, 1)) - 0.3, one.max(axis=(0, 1)) + 0.3, (20, 3)) for one in boxes]
    return np.concatenate([rng.uniform(low, high, (60, 3)), *inside])


def test_locate_names_the_smallest_room_whose_solid_holds_the_point(building: Building, points: Any) -> None:
    held = building.held(points)
    nearest_face = np.min([surface_distance(faces, points) for faces in building.rooms.values()], axis=0)
    degrees, checked, roofs = building.degrees(points), 0, 0
    for i in np.flatnonzero(nearest_face > NEAR_M).tolist():
        answer = as_one(locate_points(building.scenes, EVERY, None, degrees[i : i + 1]))
        holders = sorted((building.volume(name), name) for name, inside in held.items() if inside[i])
        assert (answer["room"] or {"id": None})["id"] == (holders[0][1] if holders else None)
        checked += 1
        roofs += bool(holders)
    assert checked > 100 and roofs > 20


def test_the_nearest_rooms_are_those_of_their_solids(building: Building, points: Any) -> None:
    distances = building.distances(points)
    degrees = building.degrees(points)
    for i in range(0, len(points), 3):
        answer = nearest(building.scenes, building.assets, EVERY, building.reader, degrees[i], kind="room", k=4)["nearest"]
        expected = np.sort([metres[i] for metres in distances.values()])[:4]
        assert [one["distance_m"] for one in answer] == pytest.approx(expected.tolist(), abs=NEAR_M)
        assert [one["distance_m"] for one in answer] == pytest.approx([distances[one["id"]][i] for one in answer], abs=NEAR_M)


def test_the_nearest_elements_are_those_of_their_boxes(building: Building, points: Any) -> None:
    extents = building.places.extents
    rows = [row for row, kind in enumerate(extents.words["kind"]) if kind == "element" and np.isfinite(extents.boxes[row]).all()]
    boxes = extents.boxes[rows]
    for point, degrees in zip(points[::10], building.degrees(points[::10]), strict=True):
        gap = np.maximum(np.maximum(boxes[:, 0] - point, point - boxes[:, 1]), 0.0)
        expected = np.sort(np.linalg.norm(gap, axis=1))[:6]
        answer = nearest(building.scenes, building.assets, EVERY, building.reader, degrees, kind="element", k=6)["nearest"]
        assert [one["distance_m"] for one in answer] == pytest.approx(expected.tolist(), abs=2e-3)


def test_within_a_ball_are_the_rooms_whose_solids_it_meets(building: Building, points: Any) -> None:
    distances = building.distances(points[::4])
    for i, degrees in enumerate(building.degrees(points[::4])):
        for radius in (0.4, 2.0):
            area = Area(centre=tuple(float(one) for one in degrees), radius_m=radius)  # type: ignore[arg-type]
            found = ids_within(building, area)
            for name, metres in distances.items():
                if abs(metres[i] - radius) > NEAR_M:
                    assert (name in found) == bool(metres[i] < radius), (name, metres[i], radius)


def test_within_a_box_are_the_rooms_whose_solids_it_cuts(building: Building, points: Any) -> None:
    rng = np.random.default_rng(4)
    met, missed_in_box = 0, 0
    for point in points[60::2]:
        half = rng.uniform(0.1, 0.8, 3)
        low, high = point - half, point + half
        ring = building.degrees([[x, y, point[2]] for x, y in ((low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1]))])
        heights = building.degrees([[*point[:2], low[2]], [*point[:2], high[2]]])[:, 2]
        area = Area(polygon=shapely.Polygon(ring[:, :2]), low_m=float(heights[0]), high_m=float(heights[1]))
        found = ids_within(building, area)
        for name, faces in building.rooms.items():
            loose, tight = cuts(faces, low - NEAR_M, high + NEAR_M), cuts(faces, low + NEAR_M, high - NEAR_M)
            if loose == tight:
                assert (name in found) == loose, name
                met += loose
                box = faces.min(axis=(0, 1)), faces.max(axis=(0, 1))
                missed_in_box += not loose and bool((box[0] <= high).all() and (box[1] >= low).all())
    assert met > 20 and missed_in_box > 0, "some boxes meet the box of a room and not the room"


def ids_within(building: Building, area: Area) -> set[str]:
    found = within(building.places, building.assets, building.reader, area, kind="room", after=None, limit=1000)
    return {one["id"] for one in found["found"]}


def test_a_ray_meets_first_what_numpy_finds_over_all_faces(building: Building, points: Any) -> None:
    extents, shapes = building.places.extents, building.places.shapes
    names = [extents.ids[row] for row, kind in enumerate(extents.words["kind"]) if kind == "element"]
    faces = {name: found for name in names if len(found := shapes.triangles(name))}
    owner = np.repeat(np.array(list(faces), dtype=object), [len(one) for one in faces.values()])
    corners = np.concatenate(list(faces.values()))
    rng, hits = np.random.default_rng(3), 0
    for point in points[rng.integers(0, len(points), 25)]:
        heading, tilt = float(rng.uniform(0, 360)), float(rng.uniform(-80, 80))
        level = np.cos(np.radians(tilt))
        direction = np.array([np.sin(np.radians(heading)) * level, np.cos(np.radians(heading)) * level, np.sin(np.radians(tilt))])
        along = first_crossings(corners, point, direction)
        answer = pick(
            building.scenes, EVERY, None, building.degrees(point)[0], heading_deg=heading, tilt_deg=tilt, range_m=200.0, kinds=("element",)
        )["hit"]
        if not np.isfinite(along.min()):
            assert answer is None
            continue
        hits += 1
        assert answer["distance_m"] == pytest.approx(along.min(), abs=5e-3)
        assert answer["id"] in set(owner[along <= along.min() + 5e-3])
    assert hits > 8


def first_crossings(faces: Any, origin: Any, direction: Any) -> Any:
    """Metres along a ray to each face: the foot on its plane, kept where it is on the inner side of all three edges."""
    a, b, c = faces[:, 0], faces[:, 1], faces[:, 2]
    normal = np.cross(b - a, c - a)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = ((a - origin) * normal).sum(axis=1) / (normal @ direction)
        foot = origin + t[:, None] * direction
        inside = np.ones(len(faces), dtype=bool)
        for start, end in ((a, b), (b, c), (c, a)):
            inside &= (np.cross(end - start, foot - start) * normal).sum(axis=1) >= 0
    return np.where(inside & (t >= 0), t, np.inf)


def test_plans_cut_walls_and_rooms_as_trimesh_does(building: Building) -> None:
    extents, shapes = building.places.extents, building.places.shapes
    walls, rooms = 0, 0
    for row in building.places.rows["storey"].tolist():
        floor, ceiling = extents.z_ranges[row]
        if ceiling - floor < 1.5:
            continue
        plan = cut_storey(building.places, None, extents.ids[row])
        for part in [part for part in plan.parts if part.layer in ("wall", "room")][::4]:
            faces = shapes.triangles(extents.ids[part.row])
            mesh = trimesh.Trimesh(**trimesh.triangles.to_kwargs(faces))
            if not mesh.is_watertight or part.shape.geom_type not in ("Polygon", "MultiPolygon") or mesh.body_count > 1:
                continue
            cut = mesh.section(plane_origin=[0, 0, plan.floor_m + plan.cut_m + 1e-6], plane_normal=[0, 0, 1])
            assert cut is not None
            area = sum(polygon.area for polygon in cut.to_2D()[0].polygons_full)
            assert part.shape.area == pytest.approx(area, abs=0.02, rel=0.01)
            walls, rooms = walls + (part.layer == "wall"), rooms + (part.layer == "room")
    assert walls > 3 and rooms > 3


def test_how_sure_a_place_is_by_the_distances_to_all_solids(building: Building, points: Any) -> None:
    """Certainly: the ball lies in the room and meets none that is smaller; possibly: every room that it meets."""
    chosen = points[np.random.default_rng(6).permutation(len(points))[:60]]
    distances, held = building.distances(chosen), building.held(chosen)
    faces = {name: surface_distance(corners, chosen) for name, corners in building.rooms.items()}
    volume = {name: building.volume(name) for name in building.rooms}
    tally = {"certain": 0, "possible": 0, "nowhere": 0}
    for radius in (0.15, 0.6, 1.5):
        for i, degrees in enumerate(building.degrees(chosen)):
            if min(min(one[i] for one in faces.values()), min(abs(one[i] - radius) for one in faces.values())) < NEAR_M:
                continue
            answer = as_one(locate_points(building.scenes, EVERY, None, degrees[None], radius))
            met = {name for name, metres in distances.items() if metres[i] <= radius}
            assert {one["id"] for one in answer["possible"]} == met, (chosen[i], radius)
            order = [volume[one["id"]] for one in answer["possible"]]
            assert all(a <= b * 1.005 for a, b in pairwise(order)), "innermost first; the two flats of the duplex are alike"
            room = min((name for name in held if held[name][i]), key=lambda name: (volume[name], name), default=None)
            smaller = {name for name in met if room is None or volume[name] < volume[room] * 0.995}
            certain = not smaller if room is None else faces[room][i] >= radius and not smaller
            assert answer["certain"]["room"] == certain, (chosen[i], radius)
            tally["nowhere" if room is None else "certain" if certain else "possible"] += 1
    assert min(tally.values()) > 5, tally


def test_storey_and_building_are_those_of_the_room_and_in_what_passes_storeys_that_of_the_height(building: Building, points: Any) -> None:
    extents, words = building.places.extents, building.places.extents.words
    row_of = {name: row for row, name in enumerate(extents.ids)}
    storeys = [extents.ids[row] for row in building.places.rows["storey"]]

    def prism(name: str, point: Any) -> bool:
        plan, (low, high) = extents.footprints[row_of[name]], extents.z_ranges[row_of[name]]
        return holds(plan, (low, high), point)

    def size(name: str) -> tuple[float, str]:
        low, high = extents.z_ranges[row_of[name]]
        return float(extents.footprints[row_of[name]].area * (high - low)), name

    def passes(room: str, own: str) -> bool:
        low, high = extents.z_ranges[row_of[room]]
        for other in storeys:
            a, b = extents.z_ranges[row_of[other]]
            if other != own and b > a and min(high, b) - max(low, a) > min(0.5 * (b - a), 1.5):
                return True
        return False

    levels = np.unique(extents.z_ranges[building.places.rows["storey"]])
    on_slabs = np.concatenate([np.column_stack([points[:25, :2], np.full(25, level)]) for level in levels])
    every = np.concatenate([points, on_slabs])
    found = building.places.where.locate(every)
    in_rooms, without, by_height = 0, 0, 0
    for i, point in enumerate(every):
        room, storey, above = (
            None if row < 0 else extents.ids[building.places.rows[kind][row]]
            for kind, row in (("space", found.room[i]), ("storey", found.storey[i]), ("building", found.building[i]))
        )
        by_place = min((name for name in storeys if prism(name, point)), key=size, default=None)
        if room is None:
            assert storey == by_place
            without += by_place is not None
            continue
        own = words["storey"][row_of[room]]
        assert own is not None and above == words["building"][row_of[room]]
        passing = passes(room, own)
        assert storey == (by_place or own if passing else own), (room, point)
        in_rooms, by_height = in_rooms + 1, by_height + passing
    assert in_rooms > 30 and without > 10
    assert by_height > 0 or not any(passes(room, str(words["storey"][row_of[room]])) for room in building.rooms)


def test_points_on_the_walls_corners_floors_and_ceilings_of_rooms(building: Building) -> None:
    """Closed in plan and below, open above: as shapely says of every prism; solids are asked off their faces above."""
    places, extents = building.places, building.places.extents
    rows = places.rows["space"]
    solid = places.where.rooms.solid >= 0
    asked = []
    for row in rows[~solid].tolist():
        xy = shapely.get_coordinates(extents.footprints[row])
        low, high = extents.z_ranges[row]
        on = np.concatenate([xy[:-1], (xy[:-1] + xy[1:]) / 2])
        asked += [[x, y, z] for x, y in on[:: max(1, len(on) // 6)].tolist() for z in (low, (low + high) / 2, high)]
    every = np.array(asked)
    solids = places.where.rooms.solids
    attics = [solids.triangles[a:b] for a, b in pairwise(solids.starts.tolist())]
    clear = np.min([surface_distance(faces, every) for faces in attics], axis=0) > NEAR_M
    inside_attic = np.any([np.abs(winding(faces, every)) > 0.5 for faces in attics], axis=0)
    found = places.where.locate(every)
    edges = tops = 0
    for i in np.flatnonzero(clear & ~inside_attic).tolist():
        holders = [
            (round(float(extents.footprints[row].area * np.ptp(extents.z_ranges[row])), 6), number)
            for number, row in enumerate(rows.tolist())
            if not solid[number] and holds(extents.footprints[row], extents.z_ranges[row], every[i])
        ]
        assert found.room[i] == (min(holders)[1] if holders else -1), every[i]
        edges, tops = edges + bool(holders), tops + (not holders)
    assert edges > 40 and tops > 20
