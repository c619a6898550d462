"""Which city building gives way to which BIM building, on hand-made footprints."""

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature, FeatureId, Kind
from spatial.merge import Replacement, find_replacements, replaced_by_buildings
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


def test_a_block_that_stands_for_several_buildings_goes_when_they_lie_in_it() -> None:
    block = city("c:1", shapely.box(0, 0, 100, 20))
    four = [bim(f"{name}:B", shapely.box(25 * i, 0, 25 * i + 12, 10)) for i, name in enumerate("abcd")]
    assert replaced_by_buildings(four[:2], [block]) == {}
    (found,) = find_replacements([*four[:3], bim("far:B", shapely.box(500, 0, 510, 10))], [block], min_city_share=0.15).values()
    assert (found.reason, found.together) == ("contains", ("a:B", "b:B", "c:B"))
    assert found.city_share == pytest.approx(0.18)
    grown = [bim(feature.id, feature.footprint.buffer(1.0, join_style="mitre")) for feature in four if feature.footprint is not None]
    assert replaced_by_buildings(grown, [block]) == {"c:1": "b:B"}


def test_several_city_buildings_under_one_model_all_go() -> None:
    parts = [city(f"c:{i}", shapely.box(2.5 * i, 0, 2.5 * i + 2.5, 10)) for i in range(4)]
    assert replaced_by_buildings([TOWER], parts) == {f"c:{i}": "tower:B" for i in range(4)}


def test_a_replaced_installation_does_not_take_its_building_away() -> None:
    house = city("c:house", shapely.box(20, 0, 40, 20))
    stair = city("c:stair", shapely.box(8, 0, 9, 5), parent="c:house", class_name="BuildingInstallation")
    assert replaced_by_buildings([TOWER], [house, stair]) == {}
    part = city("c:part", shapely.box(0, 0, 10, 10), parent="c:whole", class_name="BuildingPart")
    ramp = city("c:ramp", shapely.box(60, 0, 65, 5), parent="c:whole", class_name="BuildingInstallation")
    assert set(replaced_by_buildings([TOWER], [city("c:whole", None), part, ramp])) == {"c:whole", "c:part", "c:ramp"}


def test_the_evidence_of_a_replacement_can_be_checked_by_hand() -> None:
    rows = [
        city("c:1", shapely.box(5, 0, 15, 10)),
        city("c:window", None, parent="c:1", class_name="BuildingInstallation"),
        city("c:whole", None),
        city("c:part", shapely.box(0, 0, 4, 10), parent="c:whole", class_name="BuildingPart"),
    ]
    found = find_replacements([TOWER, bim("hall:B", shapely.box(13, 0, 30, 10))], rows)
    assert found["c:1"] == Replacement(
        building="tower:B", reason="covered", together=("tower:B", "hall:B"), overlap_m2=50.0, city_share=0.7, building_share=0.5
    )
    assert found["c:window"] == Replacement(building="tower:B", reason="goes with", because_of="c:1")
    assert found["c:whole"] == Replacement(building="tower:B", reason="all parts replaced", because_of="c:part")


def test_another_revision_that_stands_elsewhere_and_a_model_that_is_gone_bring_the_city_building_back() -> None:
    rows = [city("c:1", shapely.box(0, 0, 10, 10))]
    assert replaced_by_buildings([TOWER], rows) == {"c:1": "tower:B"}
    assert replaced_by_buildings([bim("tower:B", shapely.box(100, 0, 110, 10))], rows) == {}
    assert replaced_by_buildings([], rows) == {}


@pytest.mark.parametrize("seed", range(5))
def test_the_tree_finds_what_looking_at_every_pair_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def plans(count: int, size: float) -> list[BaseGeometry]:
        corner, side = rng.uniform(0, 100, (count, 2)), rng.uniform(3, size, (count, 2))
        return [shapely.box(x, y, x + w, y + h) for (x, y), (w, h) in zip(corner, side, strict=True)]

    models = [bim(f"m{i}:B", plan) for i, plan in enumerate(plans(30, 25.0))]
    blocks = [city(f"c:{i}", plan) for i, plan in enumerate(plans(60, 30.0))]
    expected = set()
    for block in blocks:
        touching = [model.footprint for model in models if model.footprint is not None]
        inside = [plan for plan in touching if plan.intersection(block.footprint).area >= 0.5 * plan.area]
        shares = [shapely.union_all(some).intersection(block.footprint).area / block.footprint.area for some in (touching, inside)]  # type: ignore[union-attr]
        if shares[0] >= 0.5 or shares[1] >= 0.25:
            expected.add(block.id)
    assert 0 < len(expected) < 60
    assert set(replaced_by_buildings(models, blocks)) == expected
