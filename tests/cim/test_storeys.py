"""Storeys and rooms of buildings without a model: from what a row states, never from a guess."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import cim
from cim.rooms import Storeys
from cim.storeys import StoreyPlace, find_levels, parse_storey
from spatial.feature import Feature, Kind
from spatial.issue import count_codes
from tests.cim.test_layers import EAST, FRAME, NORTH, slope

PLAN = shapely.box(0, 0, 30, 12)


def levels(**cells: Any) -> tuple[list[tuple[int, float, float]], list[str]]:
    found, findings = find_levels(cells.get, 100.0, cells.get("height"))
    return [(level.number, round(level.low, 6), round(level.high, 6)) for level in found], [code for code, _ in findings]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"storeys": 3, "storey_height": 4.0}, [(1, 100, 104), (2, 104, 108), (3, 108, 112)]),
        ({"storeys": "3层", "height": 9.9}, [(1, 100, 103.3), (2, 103.3, 106.6), (3, 106.6, 109.9)]),
        ({"storeys": 2, "storey_height": 3.0, "height": 8.0}, [(1, 100, 103), (2, 103, 106)]),
        ({"storeys": 1, "storeys_below": 2, "storey_height": 3, "basement_height": 5}, [(-2, 90, 95), (-1, 95, 100), (1, 100, 103)]),
        ({"storeys": 1, "storeys_below": 1, "height": 4}, [(-1, 96, 100), (1, 100, 104)]),
        ({"storeys_below": 1, "basement_height": 4}, [(-1, 96, 100)]),
        ({"height": 20.0}, []),
    ],
)
def test_levels_are_as_high_as_the_row_says_or_their_share_of_the_total(
    cells: dict[str, Any], expected: list[tuple[int, float, float]]
) -> None:
    assert levels(**cells) == (expected, [])


@pytest.mark.parametrize(
    ("cells", "count", "code"),
    [
        ({"storeys": 5}, 0, "STOREYS_WITHOUT_HEIGHT"),
        ({"storeys_below": 1}, 0, "STOREYS_WITHOUT_HEIGHT"),
        ({"storeys": "多层"}, 0, "STOREYS_UNCLEAR"),
        ({"storeys": 2.5, "height": 9}, 0, "STOREYS_UNCLEAR"),
        ({"storeys": 1999, "height": 9}, 0, "STOREYS_UNCLEAR"),
        ({"storeys": 4, "storey_height": 4.0, "height": 12.0}, 4, "STOREY_HEIGHTS_DISAGREE"),
    ],
)
def test_what_a_row_leaves_open_is_found_not_filled(cells: dict[str, Any], count: int, code: str) -> None:
    found, findings = levels(**cells)
    assert (len(found), findings) == (count, [code])


@given(st.integers(1, 60), st.integers(0, 5), st.floats(2.0, 6.0), st.floats(2.0, 6.0))
def test_levels_touch_and_none_is_missing(above: int, below: int, each: float, deep: float) -> None:
    found, _ = find_levels({"storeys": above, "storeys_below": below, "storey_height": each, "basement_height": deep}.get, 0.0, None)
    assert [level.number for level in found] == [n for n in range(-below, above + 1) if n]
    assert all(one.high == pytest.approx(other.low) for one, other in pairwise(found))
    assert found[0].low == pytest.approx(-below * deep)
    assert found[-1].high == pytest.approx(above * each)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (3, 3), ("3", 3), (3.0, 3), ("3F", 3), ("F3", 3), ("３Ｆ", 3), ("3层", 3), ("三层", 3), ("第三层", 3), ("十二楼", 12),
        ("二十层", 20),
        ("第二十一层", 21), ("B1", -1), ("b2层", -2), ("-1", -1), (-2, -2), ("地下一层", -1), ("负二层", -2), ("地上3层", 3),
        ("Level 4", 4),
        ("屋面", None), ("0", None), ("", None), (None, None), ("夹层", None), ("301", 301), ("百层", None),
    ],
)  # fmt: skip
def test_storeys_are_understood_as_people_write_them(written: Any, number: int | None) -> None:
    assert parse_storey(written) == number


def layer_of(path: Path, storeys: tuple[StoreyPlace, ...] = (), **tables: tuple[dict[str, list[Any]], list[Any]]) -> cim.CityLayer:
    for name, (columns, shapes) in tables.items():
        moved = [shapely.transform(s, lambda p: np.add(p, (EAST, NORTH))) for s in shapes]
        geopandas.GeoDataFrame(columns, geometry=moved, crs="EPSG:4549").to_file(path, layer=name, driver="GPKG")
    return cim.read_city(path, "g", FRAME, ground=slope(), storeys=storeys)


def of_kind(layer: cim.CityLayer, kind: Kind) -> dict[str, Feature]:
    return {feature.id: feature for feature in layer.features if feature.kind is kind}


BUILDINGS = (
    {"id": ["a", "b"], "name": ["综合楼", "车库"], "层数": [3, None], "地下层数": [1, None], "层高": [4.0, None], "高度": [13.0, 5.0]},
    [PLAN, shapely.box(50, 0, 60, 10)],
)


def test_a_building_with_storeys_is_cut_into_them_and_nothing_is_drawn_twice(tmp_path: Path) -> None:
    layer = layer_of(tmp_path / "b.gpkg", buildings=BUILDINGS)
    storeys = of_kind(layer, Kind.STOREY)
    assert list(storeys) == [f"g:buildings/a/storey-{n}" for n in ("b1", "1", "2", "3")]
    boxes = layer.meshes.feature_bounds()
    base = storeys["g:buildings/a/storey-1"].z_range[0]  # type: ignore[index]
    for name, storey in storeys.items():
        assert (storey.parent, storey.building) == ("g:buildings/a", "g:buildings/a")
        assert storey.footprint is not None
        assert storey.footprint.area == pytest.approx(360, rel=1e-3)
        assert storey.z_range is not None
        assert boxes[name][1, 2] == pytest.approx(storey.z_range[1], abs=1e-3)
        assert boxes[name][0, 2] == pytest.approx(storey.z_range[0] - 0.15, abs=1e-3)
    assert boxes["g:buildings/a"][:, 2] == pytest.approx([base + 12.0, base + 13.0], abs=1e-3)
    (building, garage) = of_kind(layer, Kind.CITY_OBJECT).values()
    assert building.z_range == pytest.approx((base - 4.0, base + 13.0), abs=1e-3)
    assert garage.z_range is not None
    assert [(row.local_id, row.outcome) for row in layer.ledger] == [("buildings/a", "placed"), ("buildings/b", "placed")]
    assert layer.issues == ()


def rooms(**changes: list[Any]) -> tuple[dict[str, list[Any]], list[Any]]:
    columns: dict[str, list[Any]] = {
        "房间号": ["201", "202"],
        "楼层": ["2F", "二层"],
        "楼栋": ["综合楼", "综合楼"],
        "房间名称": ["办公室", None],
    }
    return columns | changes, [shapely.box(1, 1, 5, 7), shapely.box(5, 1, 9, 7)]


def test_rooms_of_a_plan_lie_on_their_storey_as_solids(tmp_path: Path) -> None:
    layer = layer_of(tmp_path / "b.gpkg", rooms=rooms(), buildings=BUILDINGS)
    spaces = of_kind(layer, Kind.SPACE)
    storey = of_kind(layer, Kind.STOREY)["g:buildings/a/storey-2"]
    boxes = layer.meshes.feature_bounds()
    assert [(room.name, room.long_name, room.parent, room.storey, room.building) for room in spaces.values()] == [
        ("201", "办公室", storey.id, storey.id, "g:buildings/a"),
        ("202", None, storey.id, storey.id, "g:buildings/a"),
    ]
    for name, room in spaces.items():
        assert room.z_range == storey.z_range
        assert boxes[name][:, 2] == pytest.approx(storey.z_range, abs=1e-3)
        assert room.properties["measured"]["area_m2"] == pytest.approx(24, rel=1e-3)
        assert room.properties["measured"]["volume_m3"] == pytest.approx(96, rel=1e-3)
    assert layer.issues == ()


def test_a_room_whose_storey_nobody_knows_keeps_its_outline_and_is_not_drawn(tmp_path: Path) -> None:
    layer = layer_of(tmp_path / "r.gpkg", rooms=rooms())
    assert count_codes(layer.issues) == {"ROOM_STOREY_UNKNOWN": 2}
    assert {row.outcome for row in layer.ledger} == {"without_geometry"}
    room = layer.features[0]
    assert (room.kind, room.storey, room.z_range, layer.meshes.parts) == (Kind.SPACE, None, None, 0)
    assert room.footprint is not None


def test_rooms_find_the_storey_of_another_file_by_name_or_by_where_they_lie(tmp_path: Path) -> None:
    place = StoreyPlace(
        id="m:s2",
        number=2,
        name="二层",
        z_range=(7.0, 11.0),
        building="m:b",
        building_names=("综合楼",),
        footprint=shapely.box(-5, -5, 40, 20),
    )
    named = layer_of(tmp_path / "n.gpkg", (place,), rooms=rooms())
    lying = layer_of(tmp_path / "l.gpkg", (place,), rooms=rooms(楼栋=[None, None]))
    for layer in (named, lying):
        assert [(room.storey, room.building, room.parent, room.z_range) for room in layer.features] == [
            ("m:s2", "m:b", None, (7.0, 11.0))
        ] * 2
    other = layer_of(tmp_path / "o.gpkg", (place,), rooms=rooms(楼栋=["别的楼", "综合楼"], 楼层=["2", "9"]))
    assert count_codes(other.issues) == {"ROOM_STOREY_UNKNOWN": 2}


def test_two_storeys_that_may_be_meant_are_none() -> None:
    twins = [StoreyPlace(id=f"m:{i}", number=2, name="2", z_range=(0, 3), building=f"m:b{i}", building_names=("楼",)) for i in range(2)]
    assert Storeys(twins).find("楼", "2")[0] is None
    assert Storeys(twins).find("m:b1", "2")[0] is twins[1]


def test_overlaps_repeated_and_missing_numbers_are_found(tmp_path: Path) -> None:
    columns, _ = rooms(房间号=["201", "２０１"])
    columns = {name: [*cells, cells[1]] for name, cells in columns.items()} | {"class": ["房间"] * 3, "房间号": ["201", "２０１", None]}
    shapes = [shapely.box(1, 1, 5, 7), shapely.box(4, 1, 9, 7), shapely.box(9, 1, 12, 7)]
    layer = layer_of(tmp_path / "b.gpkg", buildings=BUILDINGS, rooms=(columns, shapes))
    assert count_codes(layer.issues) == {"ROOMS_OVERLAP": 1, "ROOM_NUMBER_MISSING": 1, "ROOM_NUMBER_REPEATED": 1}
    assert next(issue for issue in layer.issues if issue.code == "ROOMS_OVERLAP").message.startswith("shares 6.00 m²")
    assert len(of_kind(layer, Kind.SPACE)) == 3


def test_storeys_higher_than_their_building_share_its_height() -> None:
    found, _ = levels(storeys=4, storey_height=4.0, height=12.0)
    assert found == [(1, 100, 103), (2, 103, 106), (3, 106, 109), (4, 109, 112)]
