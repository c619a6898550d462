"""The tree, storeys and rooms of elements, property sets, quantities, classifications, groups."""

from pathlib import Path

import pytest

from bim import BimModel, read_model
from spatial.feature import Feature, Kind
from spatial.issue import count_codes
from tests.bim.described_ifc import write_described
from tests.bim.ifc_builder import IfcBuilder

SQUARE = [(0, 0), (5, 0), (5, 4), (0, 4)]


def _by_name(model: BimModel) -> dict[str | None, Feature]:
    return {feature.name: feature for feature in model.features}


def test_several_buildings_of_one_file_keep_their_storeys_apart(tmp_path: Path) -> None:
    builder = IfcBuilder()
    upper = builder.spatial("IfcBuildingStorey", "2F", builder.building, z=3.6, Elevation=3.6)
    annex = builder.spatial("IfcBuilding", "附楼", builder.site, at=(50, 0, 1.0))
    low = builder.spatial("IfcBuildingStorey", "附楼1F", annex, z=0.0, Elevation=0.0)
    builder.box("IfcSlab", "slab", (0, 0, 0), (20, 10, 0.2), builder.storey)
    builder.box("IfcSlab", "annex slab", (50, 0, 1.0), (8, 8, 0.2), low)
    builder.box("IfcWall", "annex wall", (50, 0, 1.2), (8, 0.2, 4.0), low)
    model = read_model(builder.write(tmp_path / "two_buildings.ifc"), "gov")
    by_name = _by_name(model)
    assert count_codes(model.issues) == {"BUILDINGS_MANY": 1, "STOREY_EMPTY": 1}
    assert by_name["slab"].building == by_name["Building"].id
    assert by_name["annex slab"].building == by_name["附楼"].id
    assert by_name["annex slab"].storey == by_name["附楼1F"].id == f"gov:{low.GlobalId}"
    assert by_name["附楼"].parent == by_name["Site"].id
    assert by_name["Site"].parent == by_name["Project"].id
    assert by_name["1F"].z_range == pytest.approx((0.0, 3.6))
    assert by_name["2F"].z_range == pytest.approx((3.6, 3.6))
    assert by_name["附楼1F"].z_range == pytest.approx((1.0, 5.2))
    assert by_name["附楼"].footprint.area == pytest.approx(64.0, abs=0.1)
    assert by_name["Building"].footprint.area == pytest.approx(200.0, abs=0.1)
    assert upper.Name == "2F"


def test_parts_of_a_stair_and_fillings_of_a_wall_are_where_their_whole_is(tmp_path: Path) -> None:
    builder = IfcBuilder(schema="IFC2X3", unit="mm")
    stair = builder.root("IfcStair", "stair", ShapeType="NOTDEFINED")
    flight = builder.box("IfcStairFlight", "flight", (0, 0, 0), (1, 3, 3))
    builder.aggregate(stair, flight)
    wall = builder.box("IfcWall", "wall", (0, 5, 0), (5, 0.2, 3))
    builder.contain(builder.storey, stair, wall)
    door = builder.box("IfcDoor", "door", (1, 5, 0), (1, 0.2, 2))
    opening = builder.box("IfcOpeningElement", "hole", (1, 5, 0), (1, 0.2, 2))
    builder.root("IfcRelVoidsElement", RelatingBuildingElement=wall, RelatedOpeningElement=opening)
    builder.root("IfcRelFillsElement", RelatingOpeningElement=opening, RelatedBuildingElement=door)
    model = read_model(builder.write(tmp_path / "wholes.ifc"), "m")
    by_name = _by_name(model)
    assert by_name["flight"].storey == by_name["door"].storey == by_name["1F"].id
    assert by_name["flight"].parent == by_name["stair"].id
    assert by_name["door"].parent == by_name["1F"].id
    assert "hole" not in by_name
    assert model.other["IfcOpeningElement"] == 1
    assert {row.class_name: row.outcome for row in model.ledger}["IfcStair"] == "without_geometry"
    assert count_codes(model.issues) == {}


def test_a_whole_that_is_part_of_itself_ends_and_is_found_outside(tmp_path: Path) -> None:
    builder = IfcBuilder()
    one, other = builder.root("IfcStair", "one"), builder.root("IfcStair", "other")
    builder.aggregate(one, other)
    builder.aggregate(other, one)
    model = read_model(builder.write(tmp_path / "ring.ifc"), "m")
    assert count_codes(model.issues)["ELEMENT_OUTSIDE_STRUCTURE"] == 2


def test_furniture_without_a_room_gets_the_room_it_stands_in_and_walls_never(tmp_path: Path) -> None:
    builder = IfcBuilder(unit="mm")
    upper = builder.spatial("IfcBuildingStorey", "2F", builder.building, z=3.0, Elevation=3000.0)
    office = builder.room("101 办公室", SQUARE, 0.0, 2.8, LongName="局长办公室")
    above = builder.room("201", SQUARE, 3.0, 2.8, upper)
    builder.box("IfcFurniture", "desk", (1, 1, 0), (1.4, 0.7, 0.75), builder.storey)
    builder.box("IfcFurniture", "desk above", (1, 1, 3), (1.4, 0.7, 0.75), upper)
    builder.box("IfcFurniture", "bench outside", (9, 9, 0), (1, 1, 0.5), builder.storey)
    builder.box("IfcWall", "partition", (2, 0, 0), (0.1, 4, 2.8), builder.storey)
    builder.box("IfcUnitaryEquipment", "空调", (4, 3, 2.4), (0.5, 0.5, 0.3), builder.storey)
    builder.box("IfcFurniture", "cabinet", (8, 1, 0), (0.5, 0.5, 1), office)
    model = read_model(builder.write(tmp_path / "rooms.ifc"), "m")
    by_name = _by_name(model)
    room, room_above = by_name["101 办公室"], by_name["201"]
    assert (by_name["desk"].space, by_name["desk"].properties["space_method"]) == (room.id, "geometry")
    assert by_name["desk above"].space == room_above.id == f"m:{above.GlobalId}"
    assert by_name["空调"].space == room.id
    assert (by_name["cabinet"].space, by_name["cabinet"].properties["space_method"]) == (room.id, "structure")
    assert by_name["cabinet"].storey == by_name["1F"].id
    assert by_name["bench outside"].space is None
    assert by_name["partition"].space is None
    assert "space_method" not in by_name["partition"].properties
    assert room.long_name == "局长办公室"
    assert room.properties["measured"] == {"area_m2": 20.0, "volume_m3": 56.0, "method": "flat_bottom"}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> BimModel:
    return read_model(write_described(tmp_path_factory.mktemp("ifc") / "described.ifc"), "m")


def test_property_sets_in_chinese_are_kept_and_the_occurrence_wins_over_its_type(described: BimModel) -> None:
    fan = _by_name(described)["排风机"]
    assert fan.properties["property_sets"]["Pset_资产"] == {
        "资产编号": "FZ-2024-0001",
        "价值": 1280.5,
        "厂家": "福建某厂",
        "型号": "PF-30",
    }
    assert fan.properties["type"]["name"] == "轴流风机"
    assert fan.properties["type"]["class_name"] == "IfcFanType"
    assert fan.properties["attributes"] == {"tag": "AHU-01", "predefined_type": "PROPELLORAXIAL"}
    assert fan.properties["materials"] == ["镀锌钢板"]


def test_classifications_systems_and_zones_are_named(described: BimModel) -> None:
    by_name = _by_name(described)
    assert by_name["排风机"].properties["classifications"] == [{"system": "GB/T 51269", "code": "30-31.10", "name": "风机"}]
    assert [row["name"] for row in by_name["排风机"].properties["systems"]] == ["排风系统 P-1"]
    assert [row["name"] for row in by_name["101"].properties["zones"]] == ["涉密区"]
    assert [row["name"] for row in by_name["插座"].properties["systems"]] == ["照明回路 3"]
    assert [(row["class_name"], row["name"]) for row in by_name["排风机"].properties["groups"]] == [("IfcAsset", "资产组 7")]


def test_properties_of_every_kind_are_json(described: BimModel) -> None:
    assert _by_name(described)["插座"].properties["property_sets"]["Pset_各种"] == {
        "状态": ["新建", "临时"],
        "回路": ["L1", "L2"],
        "电压": {"lower": 198.0, "upper": 235.0, "set_point": 220.0},
        "特性": {"defining": [1.0, 2.0], "defined": [10.0, 20.0]},
        "铭牌": {"厂家": "福建某厂"},
        "材料": "铜",
        "空": None,
    }


def test_boundaries_say_their_level_by_name_or_class(described: BimModel) -> None:
    rows = _by_name(described)["101"].properties["boundaries"]
    assert [(row["level"], row["element_class"], row["physical_or_virtual"]) for row in rows] == [
        ("1stLevel", "IfcFan", "physical"),
        ("2nd", "IfcVirtualElement", "virtual"),
    ]


def test_a_room_in_a_room_is_its_child_on_its_storey_and_holds_what_stands_in_it(tmp_path: Path) -> None:
    builder = IfcBuilder()
    hall = builder.room("大厅", SQUARE, 0.0, 3.0)
    booth = builder.spatial("IfcSpace", "岗亭", hall, at=(1.0, 1.0, 0.0))
    booth.Representation = builder.solid([(0, 0), (1, 0), (1, 1), (0, 1)], 2.5)
    builder.box("IfcFurniture", "凳子", (1.4, 1.4, 0), (0.3, 0.3, 0.5), builder.storey)
    model = read_model(builder.write(tmp_path / "nested.ifc"), "m")
    by_name = _by_name(model)
    assert by_name["岗亭"].parent == by_name["岗亭"].space == by_name["大厅"].id
    assert by_name["岗亭"].storey == by_name["1F"].id
    assert by_name["岗亭"].properties["measured"]["area_m2"] == pytest.approx(1.0)
    assert by_name["凳子"].space == by_name["岗亭"].id
    assert count_codes(model.issues) == {}


def test_parts_of_an_assembly_belong_to_it_and_an_element_in_a_zone_only_is_outside(tmp_path: Path) -> None:
    builder = IfcBuilder()
    truss = builder.root("IfcElementAssembly", "桁架")
    chord = builder.box("IfcMember", "弦杆", (0, 0, 3), (4, 0.1, 0.1))
    builder.aggregate(truss, chord)
    builder.contain(builder.storey, truss)
    zone = builder.root("IfcSpatialZone", "防火分区")
    stray = builder.box("IfcWall", "孤墙", (0, 0, 0), (1, 0.2, 3))
    builder.contain(zone, stray)
    model = read_model(builder.write(tmp_path / "assembly.ifc"), "m")
    by_name = _by_name(model)
    assert (by_name["弦杆"].parent, by_name["弦杆"].storey) == (by_name["桁架"].id, by_name["1F"].id)
    assert by_name["孤墙"].parent is None
    assert count_codes(model.issues) == {"ELEMENT_OUTSIDE_STRUCTURE": 1}


def test_declared_sizes_of_a_room_keep_unit_and_source_beside_the_measured_ones(described: BimModel) -> None:
    room = _by_name(described)["101"]
    assert room.properties["measured"]["area_m2"] == pytest.approx(20.0)
    assert room.properties["declared"] == [
        {"pset": "Qto_SpaceBaseQuantities", "name": "NetFloorArea", "value": 19.5, "unit": "m²", "value_si": 19.5},
        {"pset": "Qto_SpaceBaseQuantities", "name": "ClearHeight", "value": 2800.0, "unit": "mm", "value_si": 2.8},
        {"pset": "Pset_SpaceCommon", "name": "GrossPlannedArea", "value": 21.0, "unit": "m²", "value_si": 21.0},
    ]
    assert room.properties["property_sets"]["Pset_SpaceCommon"] == {"GrossPlannedArea": 21.0, "IsExternal": False}
    assert room.properties["quantities"]["Qto_SpaceBaseQuantities"]["ClearHeight"] == {"value": 2800.0, "unit": "mm", "value_si": 2.8}


def test_features_say_where_they_come_from(described: BimModel) -> None:
    fan = _by_name(described)["排风机"]
    assert fan.kind is Kind.ELEMENT
    assert fan.source.file == "described.ifc"
    assert fan.source.sha256 == described.sha256
    assert fan.source.entity.endswith(" IfcFan")
    assert fan.id == f"m:{fan.source.global_id}"
    assert fan.z_range == pytest.approx((2.0, 2.5), abs=1e-5)
