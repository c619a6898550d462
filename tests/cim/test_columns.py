"""Columns and classes are recognised in Chinese and English, and nothing is taken for what it is not."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from cim.columns import class_of, find_column, json_value, number


@pytest.mark.parametrize(
    ("column", "meaning"),
    [
        ("建筑高度", "height"),
        ("Height", "height"),
        ("building:levels", "storeys"),
        ("层数", "storeys"),
        ("路宽", "width"),
        ("冠幅", "crown"),
    ],
)
def test_a_column_is_found_by_what_it_means(column: str, meaning: str) -> None:
    assert find_column(["fid", column, "name"], meaning) == column


def test_the_height_of_a_storey_is_not_the_height_of_a_building() -> None:
    assert find_column(["层高"], "height") is None
    assert find_column(["层高"], "storey_height") == "层高"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (12, 12.0),
        ("12.5 m", 12.5),
        ("6层", 6.0),
        ("about 12", None),
        ("12 ft", None),
        (0, None),
        (-3, None),
        (np.nan, None),
        (None, None),
        (True, None),
    ],
)
def test_a_quantity_is_read_or_it_is_none(cell: Any, value: float | None) -> None:
    assert number(cell) == value


@pytest.mark.parametrize(
    ("attributes", "layer", "dimension", "name"),
    [
        ({"kind": "minor_road"}, "anything", 1, "Road"),
        ({"class": "院内道路"}, "roads", 1, "Road"),
        ({"class": "人行道"}, "paving", 2, "Path"),
        ({"类别": "水泥路"}, "x", 1, "Road"),
        ({"类别": "行道树"}, "x", 0, "SolitaryVegetationObject"),
        ({}, "perimeter", 1, "Fence"),
        ({}, "road_areas", 2, "Road"),
        ({}, "street", 1, "Road"),
        ({"kind": "locality", "_layer": "boundaries"}, "osm_buildings", 1, "GenericCityObject"),
        ({"kind": "something else"}, "绿地", 2, "PlantCover"),
        ({"building": "yes"}, "export", 2, "Building"),
        ({"class": "helipad"}, "misc", 2, "GenericCityObject"),
    ],
)
def test_a_class_comes_from_its_column_or_else_from_the_layers_name(
    attributes: dict[str, Any], layer: str, dimension: int, name: str
) -> None:
    assert class_of(attributes, layer, dimension) == name


def test_cells_become_json() -> None:
    assert json_value(np.float64("nan")) is None
    assert json_value(np.int64(4)) == 4
    assert json_value(datetime(2026, 3, 2, tzinfo=UTC)) == "2026-03-02T00:00:00+00:00"
    assert json_value({"a": np.array([1, 2])}) == {"a": [1, 2]}
