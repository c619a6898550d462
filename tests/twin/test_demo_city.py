"""The demo's city: details stand before their walls, cars in bays, lamps beside roads, all told by ordinary columns."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from shapely.geometry import Polygon

from cim.columns import class_of
from twin.demo.city import CityBuilding, city_buildings, write_city
from twin.demo.ground import CAR_PARKS
from twin.demo.layers import write_layers
from twin.demo.siteplan import to_grid_geometry


@pytest.fixture(scope="module")
def buildings() -> list[CityBuilding]:
    return city_buildings(np.random.default_rng([7, 1]))


@pytest.fixture(scope="module")
def layers(buildings: list[CityBuilding], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("city") / "layers.gpkg"
    write_layers(path, np.random.default_rng([7, 2]), standing=[Polygon(row.ring) for row in buildings])
    return path


def test_every_house_has_windows_that_face_outwards_a_little_before_its_walls(buildings: list[CityBuilding], tmp_path: Path) -> None:
    write_city(tmp_path / "city.city.json", buildings)
    city = json.loads((tmp_path / "city.city.json").read_text(encoding="utf-8"))
    vertices = np.array(city["vertices"]) / 1000
    for name, thing in city["CityObjects"].items():
        hull, *detail = thing["geometry"]
        assert (hull["type"], hull["lod"]) == ("Solid", "2")
        if name.startswith("compound-"):
            assert not detail
            continue
        (fine,) = detail
        assert (fine["type"], fine["lod"]) == ("MultiSurface", "3")
        plan = Polygon(vertices[hull["boundaries"][0][0][0]][:, :2])
        kinds = [fine["semantics"]["surfaces"][value]["type"] for value in fine["semantics"]["values"]]
        panes = [vertices[ring] for (ring,), kind in zip(fine["boundaries"], kinds, strict=True) if kind == "Window"]
        assert panes, name
        for pane in panes:
            middle = pane.mean(axis=0)
            facing = np.cross(pane[1] - pane[0], pane[2] - pane[1])[:2]
            facing = facing / np.linalg.norm(facing)
            assert 0.03 < plan.distance(shapely.Point(middle[:2])) < 0.15, name
            assert not plan.intersects(shapely.Point(middle[:2] + facing * 0.5)), name


def test_every_layer_says_what_it_is_in_columns_that_any_import_reads(layers: Path) -> None:
    expected = {
        "roads": {"Road", "Path"},
        "paving": {"Square", "Path"},
        "green": {"PlantCover"},
        "hedges": {"PlantCover"},
        "water": {"WaterBody"},
        "kerbs": {"Kerb"},
        "markings": {"Marking"},
        "furniture": {"CityFurniture"},
        "perimeter": {"Fence"},
        "gates": {"Gate"},
        "trees": {"SolitaryVegetationObject"},
    }
    found = {}
    for name in pyogrio.list_layers(layers)[:, 0]:
        frame = geopandas.read_file(layers, layer=name)
        rows = frame.drop(columns="geometry").to_dict("records")
        found[name] = {class_of(row, name, int(shapely.get_dimensions(g))) for row, g in zip(rows, frame.geometry, strict=True)}
    assert found == expected


def test_cars_stand_in_bays_or_on_streets_and_lamps_beside_roads(layers: Path) -> None:
    things = geopandas.read_file(layers, layer="furniture")
    roads = geopandas.read_file(layers, layer="roads")
    surface = shapely.union_all(list(roads.geometry.buffer(roads.width_m / 2)))
    parks = shapely.union_all([to_grid_geometry(park.area) for park in CAR_PARKS])
    cars = things[things.kind.str.contains("汽车")]
    assert len(cars) > 80
    assert cars.within(shapely.union_all([surface, parks]).buffer(0.01)).all()
    parked = cars[cars.within(parks)]
    assert min(a.distance(b) for i, a in enumerate(parked.geometry) for b in list(parked.geometry)[:i]) > 2.3
    lamps = things[things.kind == "路灯"]
    assert len(lamps) > 30
    assert not lamps.within(surface).any()
