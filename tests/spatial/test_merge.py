"""Which city building gives way to which BIM building, on hand-made footprints."""

import shapely
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature, FeatureId, Kind
from spatial.merge import replaced_by_buildings
from spatial.source import Source

SOURCE = Source(file="made.json", sha256="0" * 64, entity="made")


def bim(name: str, plan: BaseGeometry | None) -> Feature:
    return Feature(id=FeatureId(name), kind=Kind.BUILDING, class_name="IfcBuilding", source=SOURCE, footprint=plan)


def city(name: str, plan: BaseGeometry | None, *, parent: str | None = None, class_name: str = "Building") -> Feature:
    above = None if parent is None else FeatureId(parent)
    return Feature(id=FeatureId(name), kind=Kind.CITY_OBJECT, class_name=class_name, source=SOURCE, footprint=plan, parent=above)


TOWER = bim("tower:B", shapely.box(0, 0, 10, 10))


def test_a_city_building_of_nearly_the_same_plan_is_replaced() -> None:
    assert replaced_by_buildings([TOWER], [city("c:1", shapely.box(-1, -1, 11, 11))]) == {"c:1": "tower:B"}


def test_a_neighbour_that_touches_or_overlaps_a_little_stays() -> None:
    assert replaced_by_buildings([TOWER], [city("c:1", shapely.box(10, 0, 20, 10)), city("c:2", shapely.box(8, 0, 20, 10))]) == {}


def test_the_bound_is_a_share_of_the_city_footprint_and_counts_itself() -> None:
    half = city("c:1", shapely.box(5, 0, 15, 10))
    assert replaced_by_buildings([TOWER], [half]) == {"c:1": "tower:B"}
    assert replaced_by_buildings([TOWER], [half], min_overlap=0.51) == {}


def test_a_building_inside_a_city_plan_drawn_too_large_replaces_it_but_a_kiosk_does_not_remove_a_block() -> None:
    assert replaced_by_buildings([TOWER], [city("c:1", shapely.box(0, 0, 30, 10))]) == {"c:1": "tower:B"}
    assert replaced_by_buildings([TOWER], [city("c:1", shapely.box(0, 0, 100, 100))]) == {}


def test_two_buildings_that_cover_a_city_plan_together_replace_it_by_the_larger_share() -> None:
    left, right = bim("a:B", shapely.box(0, 0, 30, 10)), bim("b:B", shapely.box(31, 0, 100, 10))
    plan = city("c:1", shapely.box(15, 0, 51, 10))
    assert replaced_by_buildings([left, right], [plan]) == {"c:1": "b:B"}


def test_the_children_of_a_replaced_building_go_with_it() -> None:
    rows = [
        city("c:part", None, parent="c:1", class_name="BuildingPart"),
        city("c:1", shapely.box(0, 0, 10, 10)),
        city("c:chimney", shapely.box(50, 50, 51, 51), parent="c:part", class_name="BuildingInstallation"),
        city("c:2", shapely.box(40, 0, 50, 10)),
    ]
    assert list(replaced_by_buildings([TOWER], rows).items()) == [("c:part", "tower:B"), ("c:1", "tower:B"), ("c:chimney", "tower:B")]


def test_one_replaced_part_leaves_its_building_and_all_replaced_parts_take_it_away() -> None:
    near = city("c:near", shapely.box(0, 0, 10, 10), parent="c:1", class_name="BuildingPart")
    far = city("c:far", shapely.box(60, 0, 90, 30), parent="c:1", class_name="BuildingPart")
    whole = city("c:1", shapely.union_all([near.footprint, far.footprint]))
    assert replaced_by_buildings([TOWER], [whole, near, far]) == {"c:near": "tower:B"}
    assert set(replaced_by_buildings([TOWER, bim("hall:B", shapely.box(60, 0, 90, 30))], [city("c:1", None), near, far])) == {
        "c:1",
        "c:near",
        "c:far",
    }


def test_roads_trees_and_features_without_a_plan_are_left_alone() -> None:
    rows = [city("c:road", shapely.box(0, 0, 10, 10), class_name="Road"), city("c:none", None)]
    assert replaced_by_buildings([TOWER, bim("x:B", None)], rows) == {}


def test_a_footprint_that_crosses_itself_is_no_obstacle() -> None:
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    assert replaced_by_buildings([TOWER], [city("c:1", bow)]) == {"c:1": "tower:B"}
