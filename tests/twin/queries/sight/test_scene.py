"""What the classes of a scene mean to a line of sight."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature, FeatureId, Kind
from spatial.scene import Layer, LayerKind
from spatial.source import Source
from tests.spatial.boxes import GLASS, STONE, Box, box_meshes
from twin.queries.sight import areas_of, sight_scene, windows_without_glass

pytestmark = pytest.mark.usefixtures("sight_library")

THINGS: list[tuple[str, Kind, str, Box]] = [
    ("m:wall", Kind.ELEMENT, "IfcWall", ("m:wall", (1, 0, 0), (1.2, 1, 3), STONE)),
    ("m:room", Kind.SPACE, "IfcSpace", ("m:room", (1.2, 0, 0), (3, 5, 3), STONE)),
    ("m:door", Kind.ELEMENT, "IfcDoor", ("m:door", (1, 1, 0), (1.2, 2, 3), STONE)),
    ("m:window", Kind.ELEMENT, "IfcWindow", ("m:window", (1, 2, 0), (1.2, 3, 3), GLASS)),
    ("m:shutter", Kind.ELEMENT, "IfcWindow", ("m:shutter", (1, 3, 0), (1.2, 4, 3), STONE)),
    ("m:panel", Kind.ELEMENT, "IfcPlate", ("m:panel", (1, 4, 0), (1.2, 5, 3), GLASS)),
    ("c:b/storey-1", Kind.STOREY, "BuildingStorey", ("c:b/storey-1", (1, 5, 0), (1.2, 6, 3), STONE)),
    ("c:gate", Kind.CITY_OBJECT, "Gate", ("c:gate", (1, 6, 0), (1.2, 7, 3), STONE)),
    ("c:tree", Kind.CITY_OBJECT, "SolitaryVegetationObject", ("c:tree", (1, 7, 0), (1.2, 8, 3), STONE)),
    ("t:hill", Kind.TERRAIN, "TINRelief", ("t:hill", (-9, -9, -2), (9, 9, -1), STONE)),
    ("c:road", Kind.CITY_OBJECT, "Road", ("c:road", (-9, 4, -1), (9, 6, -0.9), STONE)),
]
SOURCE = Source(file="x.ifc", sha256="0" * 64, entity="#1")


def a_layer(key: str = "one", revision: str = "1") -> Layer:
    features = tuple(Feature(id=FeatureId(name), kind=kind, class_name=class_name, source=SOURCE) for name, kind, class_name, _ in THINGS)
    meshes = box_meshes([one for *_, one in THINGS])
    return Layer(key=key, kind=LayerKind.BUILDING, name=key, revision=revision, features=features, meshes=meshes)


def through(y: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([[0.0, y, 1.0]]), np.array([[2.5, y, 1.0]])


def test_walls_storeys_trees_and_shutters_block_glass_and_rooms_do_not() -> None:
    scene = sight_scene([a_layer()])
    blockers = {}
    for k, y in enumerate(np.arange(0.5, 8.0)):
        line = scene.sightlines(*through(float(y)))
        blockers[k] = scene.ids[line.feature[0]] if line.blocked[0] else None
    assert list(blockers.values()) == ["m:wall", "m:door", None, "m:shutter", None, "c:b/storey-1", "c:gate", "c:tree"]
    assert scene.through_glass(*through(2.5))[0] and scene.through_glass(*through(4.5))[0]
    assert "m:room" not in scene.ids


def test_doors_and_gates_open_walls_do_not() -> None:
    scene = sight_scene([a_layer()])
    assert scene.clear(*through(1.5), open_doors=["m:door"])[0] and scene.clear(*through(6.5), open_doors=["c:gate"])[0]
    assert not scene.clear(*through(1.5), open_doors=["c:gate"])[0]


def test_one_stands_on_the_road_where_there_is_one_and_on_the_terrain_elsewhere() -> None:
    z = sight_scene([a_layer()]).ground_z([(5.0, 5.0), (5.0, 0.0), (1.1, 0.5)])
    assert z == pytest.approx([-0.9, -1.0, -1.0], abs=1e-5)


def test_a_window_without_a_transparent_part_is_told() -> None:
    assert windows_without_glass(a_layer()) == ["m:shutter"]


def test_the_revision_names_the_state_of_all_layers() -> None:
    first, same, other = (sight_scene([a_layer(revision=revision)]).revision for revision in ("1", "1", "2"))
    assert first == same != other and len(first) == 16


def drawn(name: str, kind: Kind, class_name: str, footprint: BaseGeometry | None, storey: str | None = None) -> Feature:
    own = FeatureId(storey) if storey else None
    return Feature(id=FeatureId(name), kind=kind, class_name=class_name, source=SOURCE, footprint=footprint, z_range=(3.0, 6.0), storey=own)


def test_what_of_a_layer_is_to_be_covered() -> None:
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    features = (
        drawn("room", Kind.SPACE, "IfcSpace", shapely.box(0, 0, 4, 5), "2F"),
        drawn("odd room", Kind.SPACE, "IfcSpace", bow_tie, "2F"),
        drawn("nowhere", Kind.SPACE, "IfcSpace", None, "2F"),
        drawn("road", Kind.CITY_OBJECT, "Road", shapely.box(0, 0, 40, 5)),
        drawn("centre line", Kind.CITY_OBJECT, "Road", shapely.LineString([(0, 0), (1, 1)])),
        drawn("railing", Kind.CITY_OBJECT, "Fence", shapely.LineString([(0, 0), (3, 4)])),
        drawn("wall", Kind.CITY_OBJECT, "Fence", shapely.box(0, 0, 10, 0.2)),
        drawn("tree", Kind.CITY_OBJECT, "SolitaryVegetationObject", shapely.box(0, 0, 1, 1)),
    )
    areas = {area.id: area for area in areas_of(replace(a_layer(), features=features))}
    assert {name: (area.kind, area.floor_z, area.within) for name, area in areas.items()} == {
        "room": ("room", 3.0, "2F"),
        "odd room": ("room", 3.0, "2F"),
        "road": ("road", None, None),
        "railing": ("perimeter", None, None),
        "wall": ("perimeter", None, None),
    }
    assert {name: area.size for name, area in areas.items()} == pytest.approx(
        {"room": 20.0, "odd room": 2.0, "road": 200.0, "railing": 5.0, "wall": 20.4}
    )
    assert all(area.outline.is_valid for area in areas.values())
