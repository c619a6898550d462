"""The demo compound: what is promised of its files, read back with libraries and arithmetic that did not write them."""

import functools
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import geopandas
import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.placement
import ifcopenshell.validate
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
import trimesh
from shapely.geometry import LineString, Point, Polygon

from tests.homes import Home
from twin.demo import SITE, DemoFiles, write_small_office

Entity = Any
STANDING_EXCEPT = ("computer", "screen", "air_wall")
GRID = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4549", always_xy=True)


@pytest.fixture(scope="module")
def demo(demo_home: Home) -> DemoFiles:
    """The files that `twin demo` wrote."""
    folder = demo_home.folder / "demo" / "compound-7"
    models = {key: folder / f"{key}.ifc" for key in ("tower", "block", "hall")}
    return DemoFiles(site=SITE, models=models, city=folder / "city.city.json", layers=folder / "layers.gpkg", terrain=folder / "hill.tif")


@pytest.fixture(scope="module")
def models(demo: DemoFiles) -> dict[str, Entity]:
    return {key: ifcopenshell.open(str(path)) for key, path in demo.models.items()}


@pytest.fixture(scope="module")
def ground_plan() -> dict[str, Polygon]:
    """The three outlines in EPSG:4549, from the numbers of the site plan's documentation, by plain trigonometry."""
    ell = [(0, 0), (43.3, 0), (43.3, 14.4), (14.4, 14.4), (14.4, 28.9), (0, 28.9)]
    tower = [(-21.9 + x, 48 + y) for x, y in ((0, 0), (43.8, 0), (43.8, 17.4), (0, 17.4))]
    block = [(108 - y, -62 + x) for x, y in ell]
    hall = [(-60 - y, -36 + x) for x, y in ((0, 0), (30, 0), (30, 46), (0, 46))]
    return {key: Polygon([to_grid(*p) for p in ring]) for key, ring in (("tower", tower), ("block", block), ("hall", hall))}


def to_grid(u: float, v: float) -> tuple[float, float]:
    c, s = math.cos(math.radians(9.0)), math.sin(math.radians(9.0))
    return 429430.0 + c * u - s * v, 2886950.0 + s * u + c * v


def metres(model: Entity) -> float:
    return 0.001 if model.by_type("IfcUnitAssignment")[0].Units[0].Prefix == "MILLI" else 1.0


def matrix_of(product: Entity, unit: float) -> np.ndarray:
    matrix = np.array(ifcopenshell.util.placement.get_local_placement(product.ObjectPlacement), dtype=np.float64)
    matrix[:3, 3] *= unit
    return matrix


def ring_of(curve: Entity, unit: float) -> list[tuple[float, float]]:
    return [(p.Coordinates[0] * unit, p.Coordinates[1] * unit) for p in curve.Points]


def room_polygon(space: Entity, unit: float) -> Polygon:
    profile = space.Representation.Representations[0].Items[0].SweptArea
    holes = [ring_of(curve, unit) for curve in profile.InnerCurves] if profile.is_a("IfcArbitraryProfileDefWithVoids") else []
    return Polygon(ring_of(profile.OuterCurve, unit), holes)


def type_rectangle(product: Entity, unit: float) -> Polygon:
    """The footprint of a mapped thing: the rectangle around its solids in the type's frame, moved to where it stands."""
    corners = type_corners(product.Representation.Representations[0].Items[0].MappingSource, unit)
    matrix = matrix_of(product, unit)
    return Polygon(corners @ matrix[:2, :2].T + matrix[:2, 3])


@functools.cache
def type_corners(source: Entity, unit: float) -> np.ndarray:
    """The rectangle around the solids of a type in its own frame, (4, 2) metres; one type stands in many places."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for solid in source.MappedRepresentation.Items:
        centre = np.array(solid.Position.Location.Coordinates[:2]) * unit
        area = solid.SweptArea
        half = np.array([area.XDim, area.YDim]) / 2 * unit if area.is_a("IfcRectangleProfileDef") else np.full(2, area.Radius * unit)
        low, high = np.minimum(low, centre - half), np.maximum(high, centre + half)
    return np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])


def storeys_of(model: Entity) -> list[Entity]:
    return sorted(model.by_type("IfcBuildingStorey"), key=lambda storey: storey.Elevation)


def spaces_of(storey: Entity) -> list[Entity]:
    return [part for relation in storey.IsDecomposedBy for part in relation.RelatedObjects if part.is_a("IfcSpace")]


def elements_of(model: Entity) -> list[Entity]:
    return [e for e in model.by_type("IfcElement") if not e.is_a("IfcFeatureElement")]


def contained_in(place: Entity) -> Iterator[Entity]:
    for relation in place.ContainsElements:
        yield from relation.RelatedElements


def furniture_by_room(model: Entity) -> Iterator[tuple[Entity, Polygon, list[Entity]]]:
    """Each room with its furniture: what the file contains in it, else what of the storey has its middle in it."""
    unit = metres(model)
    for storey in storeys_of(model):
        loose = [e for e in contained_in(storey) if is_movable(e)]
        middles = [type_rectangle(e, unit).centroid for e in loose]
        for space in spaces_of(storey):
            polygon = room_polygon(space, unit)
            inside = list(contained_in(space))
            yield space, polygon, inside or [e for e, middle in zip(loose, middles, strict=True) if polygon.contains(middle)]


def is_movable(element: Entity) -> bool:
    return bool(element.is_a("IfcFurnishingElement") or (element.is_a("IfcDistributionElement") and not element.is_a("IfcTank")))


def item_of(element: Entity) -> str:
    return str(element.Name).rsplit("-", 1)[-1]


def test_the_compound_has_the_promised_storeys_and_about_three_hundred_rooms(models: dict[str, Entity]) -> None:
    assert {key: model.schema for key, model in models.items()} == {"tower": "IFC4", "block": "IFC2X3", "hall": "IFC4"}
    assert {key: metres(model) for key, model in models.items()} == {"tower": 1.0, "block": 0.001, "hall": 1.0}
    assert {key: len(model.by_type("IfcBuildingStorey")) for key, model in models.items()} == {"tower": 12, "block": 4, "hall": 2}
    assert [storey.Name for storey in storeys_of(models["tower"])] == [f"{n}F" for n in range(1, 13)]
    rooms = {key: len(model.by_type("IfcSpace")) for key, model in models.items()}
    assert 290 <= sum(rooms.values()) <= 330
    assert all(17 <= len(spaces_of(storey)) <= 20 for storey in storeys_of(models["tower"]))
    numbers = Counter(space.Name for model in models.values() for space in model.by_type("IfcSpace"))
    assert max(numbers.values()) == 1
    assert all(any("一" <= letter <= "鿿" for letter in s.LongName) for model in models.values() for s in model.by_type("IfcSpace"))


def test_every_global_id_is_used_once(models: dict[str, Entity]) -> None:
    for model in models.values():
        assert max(Counter(root.GlobalId for root in model.by_type("IfcRoot")).values()) == 1


@pytest.mark.parametrize("key", ["tower", "block", "hall"])
def test_the_models_obey_their_schema(models: dict[str, Entity], key: str) -> None:
    log = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(models[key], log)
    assert log.statements == []


# ifcopenshell's rule executor leaves its own rule files open.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("schema", "unit"), [("IFC4", "m"), ("IFC2X3", "mm")])
def test_the_builders_obey_the_where_rules_of_their_schema(tmp_path: Path, schema: str, unit: str) -> None:
    path = tmp_path / "office.ifc"
    write_small_office(path, schema=schema, unit=unit, storeys=1)
    log = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(ifcopenshell.open(str(path)), log, express_rules=True)
    assert [str(statement.get("message"))[:200] for statement in log.statements] == []


def test_every_element_is_contained_once_or_part_of_one_that_is(models: dict[str, Entity]) -> None:
    for model in models.values():
        for element in elements_of(model):
            whole = [relation.RelatingObject for relation in element.Decomposes]
            assert len(element.ContainedInStructure) + len(whole) == 1, element
            assert all(w.ContainedInStructure for w in whole)


def test_rooms_of_a_storey_do_not_overlap_and_tell_their_area(models: dict[str, Entity]) -> None:
    planted = 0
    for model in models.values():
        unit = metres(model)
        for storey in storeys_of(model):
            polygons = {space: room_polygon(space, unit) for space in spaces_of(storey)}
            for (a, one), (b, other) in combinations(polygons.items(), 2):
                assert one.intersection(other).area < 1e-6, (a.Name, b.Name)
            for space, polygon in polygons.items():
                assert polygon.is_valid
                declared = next(
                    quantity.AreaValue
                    for relation in space.IsDefinedBy
                    if relation.RelatingPropertyDefinition.is_a("IfcElementQuantity")
                    for quantity in relation.RelatingPropertyDefinition.Quantities
                    if quantity.is_a("IfcQuantityArea")
                )
                off = declared / polygon.area - 1
                assert abs(off) < 0.002 or off == pytest.approx(0.06, abs=0.002)
                planted += off > 0.05
    assert 3 <= planted <= 30


def test_the_block_has_an_l_shaped_room_a_room_with_a_hole_and_a_double_height_one(models: dict[str, Entity]) -> None:
    spaces = models["block"].by_type("IfcSpace")
    polygons = {space.LongName: room_polygon(space, 0.001) for space in spaces}
    assert len(polygons["多功能厅"].exterior.coords) == 7
    assert polygons["多功能厅"].area < 0.85 * polygons["多功能厅"].convex_hull.area
    assert len(polygons["资料室"].interiors) == 1
    heights = {s.LongName: s.Representation.Representations[0].Items[0].Depth / 1000 for s in spaces}
    assert heights["阅览大厅"] == pytest.approx(3.9 + 3.6)
    assert "上空" not in heights


@pytest.mark.parametrize("key", ["tower", "block", "hall"])
def test_furniture_stands_inside_its_room_on_the_floor_and_not_in_other_furniture(models: dict[str, Entity], key: str) -> None:
    model, unit = models[key], metres(models[key])
    seen = 0
    for space, polygon, things in furniture_by_room(model):
        elevation, room = matrix_of(space, unit)[2, 3], polygon.buffer(0.005)
        shapely.prepare(room)
        standing: list[tuple[str, Polygon]] = []
        for thing in things:
            rectangle = type_rectangle(thing, unit)
            assert room.contains(rectangle), f"{space.Name} {space.LongName}: {thing.Name}"
            height = matrix_of(thing, unit)[2, 3] - elevation
            seen += 1
            if item_of(thing) in STANDING_EXCEPT:
                assert 0.7 < height < 2.5
            elif key != "hall":
                assert height == pytest.approx(0.01, abs=1e-6)
                standing.append((thing.Name, rectangle))
        rectangles = np.array([rectangle for _, rectangle in standing], dtype=object)
        for one, other in shapely.STRtree(rectangles).query(rectangles, predicate="intersects").T:
            if one != other:
                overlap = rectangles[one].intersection(rectangles[other])
                assert overlap.area < 0.02, f"{space.Name}: {standing[one][0]} in {standing[other][0]}"
    furniture = [e for e in elements_of(model) if is_movable(e)]
    outside = [e for e in furniture if item_of(e) in ("cooling", "flag")]
    assert seen == len(furniture) - len(outside)


def test_the_containment_of_furniture_differs_between_the_models(models: dict[str, Entity]) -> None:
    desks = {key: [e for e in elements_of(model) if item_of(e) == "desk"] for key, model in models.items()}
    assert all(e.ContainedInStructure[0].RelatingStructure.is_a("IfcSpace") for e in desks["tower"])
    assert all(e.ContainedInStructure[0].RelatingStructure.is_a("IfcBuildingStorey") for e in desks["block"])
    assert min(len(found) for found in desks.values()) > 5


def test_doors_and_windows_fill_openings_that_lie_within_their_wall(models: dict[str, Entity]) -> None:
    free: Counter[str] = Counter()
    for model in models.values():
        for filling in (*model.by_type("IfcDoor"), *model.by_type("IfcWindow")):
            if not filling.FillsVoids:
                free[filling.ObjectType] += 1
                continue
            opening = filling.FillsVoids[0].RelatingOpeningElement
            wall = opening.VoidsElements[0].RelatingBuildingElement
            solid = wall.Representation.Representations[0].Items[0]
            x, _, z = opening.ObjectPlacement.RelativePlacement.Location.Coordinates
            profile = opening.Representation.Representations[0].Items[0].SweptArea
            assert profile.XDim / 2 - 1e-6 <= x <= solid.SweptArea.XDim - profile.XDim / 2 + 1e-6, filling.Name
            assert -1e-6 <= z <= solid.Depth - filling.OverallHeight + 1e-6, filling.Name
            assert filling.OverallWidth == pytest.approx(profile.XDim)
    assert set(free) == {"玻璃门 1800×2500", "礼堂玻璃门 1500×2500"}


@pytest.mark.parametrize("key", ["tower", "block", "hall"])
def test_every_room_but_a_shaft_has_a_door_or_an_open_side(models: dict[str, Entity], key: str) -> None:
    model, unit = models[key], metres(models[key])
    for storey in storeys_of(model):
        doors = [Point(matrix_of(d, unit)[:2, 3]) for d in contained_in(storey) if d.is_a("IfcDoor")]
        polygons = {space: room_polygon(space, unit) for space in spaces_of(storey)}
        for space, polygon in polygons.items():
            near = any(polygon.distance(door) < 0.3 for door in doors)
            beside = any(
                polygon.distance(other) < 0.21 for name, other in polygons.items() if name is not space and "走廊" in name.LongName
            )
            assert near or (space.LongName in ("门厅", "电梯厅", "舞台") and (beside or key == "hall")), f"{space.Name} {space.LongName}"


def test_glass_is_clear_and_its_frame_is_not(models: dict[str, Entity]) -> None:
    for model in models.values():
        window = model.by_type("IfcWindow")[0]
        items = window.Representation.Representations[0].Items[0].MappingSource.MappedRepresentation.Items
        found = set()
        for item in items:
            style = item.StyledByItem[0].Styles[0]
            style = style.Styles[0] if style.is_a("IfcPresentationStyleAssignment") else style
            found.add(style.Styles[0].Transparency)
        assert 0.0 in found
        assert any(0.6 <= value <= 0.7 for value in found)


def test_assets_have_tags_serial_numbers_types_and_an_edition_of_their_code(models: dict[str, Entity]) -> None:
    for model in models.values():
        assets = [e for e in elements_of(model) if e.Tag]
        assert len(assets) > 300
        assert max(Counter(e.Tag for e in assets).values()) == 1
        serials = Counter(
            p.NominalValue.wrappedValue
            for pset in model.by_type("IfcPropertySet")
            if pset.Name == "Pset_ManufacturerOccurrence"
            for p in pset.HasProperties
            if p.Name == "SerialNumber"
        )
        assert sum(serials.values()) == len(serials) == len(assets)
        assert model.by_type("IfcClassification")[0].Edition == "2022"
        coded = {e for relation in model.by_type("IfcRelAssociatesClassification") for e in relation.RelatedObjects}
        assert set(assets) == coded
        assert "空调系统" in {system.Name for system in model.by_type("IfcSystem")}


def test_space_boundaries_name_what_bounds_the_rooms_of_the_third_storey(models: dict[str, Entity]) -> None:
    relations = models["tower"].by_type("IfcRelSpaceBoundary")
    spaces = {relation.RelatingSpace for relation in relations}
    assert {space.Name[0] for space in spaces} == {"3"}
    bounding = defaultdict(set)
    for relation in relations:
        bounding[relation.RelatingSpace].add(relation.RelatedBuildingElement.is_a())
    assert all({"IfcWall", "IfcDoor", "IfcSlab"} <= kinds for kinds in bounding.values())


@pytest.mark.parametrize(
    ("key", "label"), [("block", "瓦屋面板"), ("hall", "直立锁边屋面板"), ("hall", "前山花"), ("tower", "A梯 2F 梯段1")]
)
def test_roofs_gables_and_flights_are_closed_solids_that_face_outwards(models: dict[str, Entity], key: str, label: str) -> None:
    product = next(e for e in elements_of(models[key]) if e.Name == label)
    shape = ifcopenshell.geom.create_shape(ifcopenshell.geom.settings(), product)
    mesh = trimesh.Trimesh(np.array(shape.geometry.verts).reshape(-1, 3), np.array(shape.geometry.faces).reshape(-1, 3))
    mesh.merge_vertices()
    assert mesh.is_watertight
    assert mesh.volume > 0.1


def test_stair_flights_climb_from_floor_to_floor(models: dict[str, Entity]) -> None:
    for key, unit in (("tower", 1.0), ("block", 0.001)):
        for stair in models[key].by_type("IfcStair"):
            flights = [p for r in stair.IsDecomposedBy for p in r.RelatedObjects if p.is_a("IfcStairFlight") and p.RiserHeight]
            if not flights:
                continue
            count = sum((f.NumberOfRiser if key == "block" else f.NumberOfRisers) for f in flights)
            storey = stair.ContainedInStructure[0].RelatingStructure
            above = [s.Elevation for s in storeys_of(models[key]) if s.Elevation > storey.Elevation]
            rise = ((min(above) if above else storey.Elevation + 3.6 / unit) - storey.Elevation) * unit
            assert count * flights[0].RiserHeight * unit == pytest.approx(rise, abs=1e-3)
            assert 0.15 < flights[0].RiserHeight * unit < 0.175


def test_the_models_say_where_they_are_each_in_its_own_way(models: dict[str, Entity], ground_plan: dict[str, Polygon]) -> None:
    conversion = models["tower"].by_type("IfcMapConversion")[0]
    turn = math.degrees(math.atan2(conversion.XAxisOrdinate, conversion.XAxisAbscissa))
    assert turn == pytest.approx(9.0, abs=1e-9)
    assert (conversion.Eastings, conversion.Northings) == pytest.approx(ground_plan["tower"].exterior.coords[0], abs=1e-3)
    assert conversion.OrthogonalHeight == 20.45
    assert conversion.TargetCRS.Name == "EPSG:4549"

    site = models["block"].by_type("IfcSite")[0]
    values = {p.Name: p.NominalValue.wrappedValue for r in site.IsDefinedBy for p in r.RelatingPropertyDefinition.HasProperties}
    assert values["Scale"] == 0.001
    assert values["MapUnit"] == "METRE"
    first = next(e for e in elements_of(models["block"]) if e.Name.startswith("山墙 1F-A"))
    local = matrix_of(first, 0.001)[:2, 3]
    c, s = values["XAxisAbscissa"], values["XAxisOrdinate"]
    grid = values["Eastings"] + c * local[0] - s * local[1], values["Northings"] + s * local[0] + c * local[1]
    assert np.hypot(*local) > 200.0
    assert ground_plan["block"].exterior.distance(Point(grid)) < 0.16

    reference = models["hall"].by_type("IfcSite")[0]
    assert not models["hall"].by_type("IfcMapConversion")
    lat, lon = (
        sum(value / unit for value, unit in zip(angle, (1, 60, 3600, 3.6e9), strict=True))
        for angle in (reference.RefLatitude, reference.RefLongitude)
    )
    corner = ground_plan["hall"].exterior.coords[0]
    assert GRID.transform(lon, lat) == pytest.approx(corner, abs=1e-3)
    x, y = models["hall"].by_type("IfcGeometricRepresentationContext")[0].TrueNorth.DirectionRatios
    azimuth_of_y = -math.degrees(math.atan2(x, y))
    there = pyproj.Geod(ellps="GRS80").fwd(lon, lat, azimuth_of_y, 46.0)
    assert GRID.transform(there[0], there[1]) == pytest.approx(ground_plan["hall"].exterior.coords[3], abs=0.01)


def test_the_ground_is_flat_under_the_buildings_and_a_hill_stands_behind(demo: DemoFiles, ground_plan: dict[str, Polygon]) -> None:
    with rasterio.open(demo.terrain) as source:
        assert source.crs.to_epsg() == 4549
        assert source.res == (5.0, 5.0)
        assert source.width * 5 == source.height * 5 == 1600
        everything = source.read(1)
        west, north = source.bounds.left, source.bounds.top
    column, row = (part.ravel() for part in np.meshgrid(np.arange(320), np.arange(320)))
    x, y = west + 5 * (column + 0.5), north - 5 * (row + 0.5)
    for polygon in ground_plan.values():
        under = shapely.contains_xy(polygon.buffer(12.0), x, y)
        assert under.sum() > 30
        assert set(everything[row[under], column[under]].tolist()) == {20.0}
    assert 40.0 < everything.max() - 20.0 < 75.0
    assert everything.min() > 17.0
    steps = np.abs(np.diff(everything, axis=0)).max(), np.abs(np.diff(everything, axis=1)).max()
    assert max(steps) < 5.0


def test_roads_share_their_vertices_and_reach_the_perimeter_at_the_gates(demo: DemoFiles) -> None:
    roads = geopandas.read_file(demo.layers, layer="roads")
    lines = list(roads.geometry)
    ends = Counter(end for line in lines for end in (line.coords[0], line.coords[-1]))
    tree = shapely.STRtree(lines)
    for i, j in zip(*tree.query(lines, predicate="intersects"), strict=True):
        if i >= j:
            continue
        meeting = lines[i].intersection(lines[j])
        assert meeting.geom_type == "Point", (roads.name[i], roads.name[j])
        assert meeting.coords[0] in ends
    assert sum(count >= 3 for count in ends.values()) > 20
    close = shapely.STRtree([Point(end) for end in ends])
    pairs = close.query([Point(end) for end in ends], predicate="dwithin", distance=0.5)
    assert len(pairs[0]) == len(ends)

    fence = geopandas.read_file(demo.layers, layer="perimeter")
    gates = geopandas.read_file(demo.layers, layer="gates")
    assert set(gates.kind) == {"车行", "人行"}
    assert (fence.height_m == 2.4).all()
    for _, gate in gates.iterrows():
        assert gate.geometry.coords[0] in ends, gate["name"]
        assert fence.geometry.distance(gate.geometry).min() == pytest.approx(gate.width_m / 2, abs=1e-3)
    whole = shapely.unary_union(list(fence.geometry) + [g.buffer(w / 2 + 0.01) for g, w in zip(gates.geometry, gates.width_m, strict=True)])
    crossing = [line for line in lines if line.crosses(shapely.unary_union(list(fence.geometry)))]
    assert crossing == []
    assert whole.geom_type in ("GeometryCollection", "MultiPolygon", "MultiLineString")


def test_what_lies_on_the_ground_keeps_clear_of_buildings_and_of_each_other(demo: DemoFiles, ground_plan: dict[str, Polygon]) -> None:
    built = shapely.unary_union(list(ground_plan.values()))
    frames = {name: geopandas.read_file(demo.layers, layer=name) for name in ("roads", "paving", "green", "water", "trees")}
    assert {frame.crs.to_epsg() for frame in frames.values()} == {4549}
    road = shapely.unary_union(
        [LineString(g).buffer(w / 2, cap_style="flat") for g, w in zip(frames["roads"].geometry, frames["roads"].width_m, strict=True)]
    )
    flat = {"road": road} | {name: shapely.unary_union(list(frames[name].geometry)) for name in ("paving", "green", "water")}
    for name, surface in flat.items():
        assert surface.intersection(built).area < 0.01, name
    for a, b in combinations(flat, 2):
        assert flat[a].intersection(flat[b]).area < 0.5, (a, b)
    for name in ("paving", "green", "water"):
        assert frames[name].geometry.is_valid.all()
        assert frames[name].area.sum() == pytest.approx(flat[name].area, abs=0.5)
    trees = frames["trees"]
    assert len(trees) > 800
    assert set(trees.species) == {"banyan", "palm", "camphor"}
    assert not shapely.contains(shapely.unary_union([built, road, flat["water"]]), np.asarray(trees.geometry.values)).any()


def test_the_city_is_made_of_closed_solids_on_the_ground_with_a_crude_one_for_each_model(
    demo: DemoFiles, ground_plan: dict[str, Polygon]
) -> None:
    city = json.loads(demo.city.read_text(encoding="utf-8"))
    assert (city["type"], city["version"]) == ("CityJSON", "2.0")
    assert city["metadata"]["referenceSystem"] == "https://www.opengis.net/def/crs/EPSG/0/4549"
    objects = city["CityObjects"]
    assert 120 <= len(objects) <= 220
    assert Counter(o["attributes"]["roofType"] for o in objects.values()).keys() == {"flat", "gable", "hip"}
    vertices = np.array(city["vertices"]) * city["transform"]["scale"] + city["transform"]["translate"]
    footprints = {}
    for name, thing in objects.items():
        shell = thing["geometry"][0]["boundaries"][0]
        edges = Counter((a, b) for (ring,) in shell for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
        assert set(edges.values()) == {1}, name
        assert all((b, a) in edges for a, b in edges), name
        triangles = np.array([(ring[0], ring[i], ring[i + 1]) for (ring,) in shell for i in range(1, len(ring) - 1)])
        corners = vertices[triangles] - vertices.mean(axis=0)
        volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
        assert volume > 100, name
        footprints[name] = Polygon(vertices[shell[0][0]][:, :2])
    for key, polygon in ground_plan.items():
        assert footprints[f"compound-{key}"].intersection(polygon).area > 0.99 * polygon.area
    others = [shape for name, shape in footprints.items() if not name.startswith("compound")]
    assert max(a.intersection(b).area for a, b in combinations(others, 2)) < 1e-6
    with rasterio.open(demo.terrain) as source:
        for shape in others:
            ring = np.array(shape.exterior.coords)
            ground = np.array([value[0] for value in source.sample(ring)])
            base = vertices[np.isclose(vertices[:, :2], ring[0], atol=1e-6).all(axis=1)][:, 2].min()
            assert base <= ground.min() + 0.05


def test_the_site_is_the_one_of_the_contract() -> None:
    assert (SITE.code, SITE.name, SITE.division, SITE.crs) == ("pingshan", "屏山大院", "350102", "EPSG:4549")
    assert (SITE.lon, SITE.lat, SITE.height_m, SITE.geoid_separation_m, SITE.radius_m) == (119.2946, 26.0896, 30.0, 10.0, 3000.0)
