"""Points in the rooms of real models, against trimesh on the rooms' own solids."""

from collections.abc import Callable

import numpy as np
import pytest
import trimesh

from bim import BimModel
from spatial.bodies import Bodies
from spatial.feature import Kind
from spatial.mesh import Float64
from spatial.solid import is_closed, is_prism
from tests.spatial.brute import holds, surface_distance

CLEAR_M = 0.005
"""Footprints are simplified by 1 mm and snapped to 0.1 mm; nearer to a wall the two may differ."""


def rooms_of(model: BimModel) -> tuple[list[str], Bodies, dict[str, Float64], list[int]]:
    """Names, bodies, triangles by name, and the rows that are no prisms."""
    faces: dict[str, list[Float64]] = {}
    for part in range(model.meshes.parts):
        corners = model.meshes.part_vertices(part)[model.meshes.meshes[model.meshes.part_mesh[part]].triangles]
        faces.setdefault(model.meshes.features[model.meshes.part_feature[part]], []).append(corners)
    rooms = [one for one in model.features if one.kind is Kind.SPACE and one.footprint is not None]
    own = {room.id: np.concatenate(faces[room.id]) for room in rooms}
    solids = {i: own[room.id] for i, room in enumerate(rooms) if not is_prism(own[room.id]) and is_closed(own[room.id])}
    bodies = Bodies.build([room.footprint for room in rooms], np.array([room.z_range for room in rooms]), solids)
    return [room.id for room in rooms], bodies, own, sorted(solids)


@pytest.mark.parametrize(("stem", "rooms", "odd"), [("duplex_A_20110907", 21, 4), ("ac11_institute_var2", 82, 3), ("ac20_fzk_haus", 7, 2)])
def test_points_in_the_rooms_of_real_models(model_of: Callable[[str], BimModel], stem: str, rooms: int, odd: int) -> None:
    names, bodies, faces, solids = rooms_of(model_of(stem))
    assert len(names) == rooms and len(solids) == odd
    measured = {one.id: one.properties["measured"] for one in model_of(stem).features if one.kind is Kind.SPACE}
    other = [i for i, name in enumerate(names) if abs(measured[name]["volume_m3"] / _as_prism_m3(bodies, i) - 1) > 0.01]
    assert set(other) <= set(solids), "what has not the volume of its footprint times its height is no prism"
    every = np.concatenate(list(faces.values())).reshape(-1, 3)
    points = np.random.default_rng(11).uniform(every.min(axis=0) - 0.5, every.max(axis=0) + 0.5, (800, 3))
    point, row = bodies.holding(points)
    found = set(zip(point.tolist(), row.tolist(), strict=True))
    agreed = 0
    for i, name in enumerate(names):
        box = faces[name].reshape(-1, 3)
        near = np.flatnonzero(((points > box.min(axis=0) - 0.1) & (points < box.max(axis=0) + 0.1)).all(axis=1))
        if not len(near):
            continue
        mesh = trimesh.Trimesh(**trimesh.triangles.to_kwargs(faces[name]))
        clear = surface_distance(faces[name], points[near]) > CLEAR_M
        inside = mesh.contains(points[near])
        for k, expected in zip(near[clear], inside[clear], strict=True):
            assert ((k, i) in found) == expected, (name, points[k])
            agreed += int(expected)
    assert agreed > 100


@pytest.mark.parametrize("stem", ["duplex_A_20110907", "ac11_institute_var2"])
def test_points_on_the_walls_and_floors_of_real_rooms(model_of: Callable[[str], BimModel], stem: str) -> None:
    """The corners of footprints and the middles of their edges, at the floor, in between and at the ceiling."""
    names, bodies, _, solids = rooms_of(model_of(stem))
    on: list[tuple[float, float, float]] = []
    for i in range(len(names)):
        if i not in solids:
            flat = np.asarray(bodies.footprints[i].envelope.exterior.coords)[:-1]
            ring = np.asarray(next(iter(getattr(bodies.footprints[i], "geoms", [bodies.footprints[i]]))).exterior.coords)[:-1]
            low, high = bodies.z_ranges[i]
            on += [(x, y, z) for x, y in (*ring[:6], *flat[:2]) for z in (low, (low + high) / 2, high)]
    points = np.array(on)
    expected = {
        (k, i)
        for i in range(len(names))
        if i not in solids
        for k in np.flatnonzero(np.abs(points[:, 2] - bodies.z_ranges[i].mean()) <= np.ptp(bodies.z_ranges[i]))
        if holds(bodies.footprints[i], tuple(bodies.z_ranges[i]), points[k])
    }
    point, row = bodies.holding(points)
    found = {(k, i) for k, i in zip(point.tolist(), row.tolist(), strict=True) if i not in solids}
    assert found == expected and len(expected) > 2 * len(names)


def _as_prism_m3(bodies: Bodies, i: int) -> float:
    return float(bodies.footprints[i].area * np.ptp(bodies.z_ranges[i]))
