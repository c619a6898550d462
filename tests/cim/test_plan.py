"""Rooms from DXF plans drawn here: what is a room, what is written in it, where it stands, and that nothing is left out."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
import pytest
import shapely
from ezdxf.document import Drawing
from ezdxf.layouts import Modelspace

import cim
from cim.errors import PlanInvalid
from cim.storeys import StoreyPlace
from spatial.errors import OutsideSite
from spatial.issue import count_codes
from tests.cim.frames import frame_at
from tests.cim.test_layers import EAST, FRAME, NORTH

STOREY = StoreyPlace(id="b:s2", number=2, name="2F", z_range=(4.0, 8.0), building="b:x", building_names=("综合楼",))
ROOM: dict[str, Any] = {"layer": "房间"}
ANCHOR = cim.PlanAnchor(lon=FRAME.site.lon, lat=FRAME.site.lat, heading_deg=0.0)
Draw = Callable[[Modelspace], None]


def drawing(version: str = "R2018", unit: int = 4) -> Drawing:
    document = ezdxf.new(version)
    document.header["$INSUNITS"] = unit
    return document


def box(space: Modelspace, x: float, y: float, wide: float, deep: float, **options: Any) -> Any:
    corners = [(x, y), (x + wide, y), (x + wide, y + deep), (x, y + deep)]
    return space.add_lwpolyline(corners, close=options.pop("close", True), dxfattribs={**ROOM, **options})


def two_rooms(space: Modelspace) -> None:
    box(space, 0, 0, 4000, 6000)
    box(space, 4200, 0, 3000, 6000)
    space.add_text("201", dxfattribs=ROOM).set_placement((1000, 3000))
    space.add_mtext("202\\P会议室\\P18.00㎡", dxfattribs={**ROOM, "insert": (5000, 3000)})
    space.add_text("处长办公室", dxfattribs={"layer": "房间名称"}).set_placement((1000, 2000))
    space.add_line((0, 0), (9, 9), dxfattribs={"layer": "墙"})


def saved(path: Path, draw: Draw, *, version: str = "R2018", unit: int = 4) -> Path:
    document = drawing(version, unit)
    draw(document.modelspace())
    document.saveas(path)
    return path


def read(path: Path, **options: Any) -> cim.CityLayer:
    return cim.read_plan(path, "p", FRAME, **{"storey": STOREY, "place": ANCHOR, **options})


@pytest.mark.parametrize("version", ["R12", "R2000", "R2007", "R2018"])
def test_a_plan_in_millimetres_becomes_rooms_of_its_storey(tmp_path: Path, version: str) -> None:
    def draw(space: Modelspace) -> None:
        if version == "R12":
            space.add_polyline2d([(0, 0), (4000, 0), (4000, 6000), (0, 6000)], close=True, dxfattribs=ROOM)
            space.add_text("201", dxfattribs=ROOM).set_placement((1000, 3000))
            space.add_text("处长办公室", dxfattribs=ROOM).set_placement((1000, 2000))
        else:
            two_rooms(space)

    layer = read(saved(tmp_path / "p.dxf", draw, version=version), unit="mm")
    first = layer.features[0]
    assert (first.id, first.name, first.long_name) == ("p:201", "201", "处长办公室")
    assert (first.storey, first.building, first.parent, first.z_range) == ("b:s2", "b:x", None, (4.0, 8.0))
    assert first.footprint is not None
    assert first.footprint.bounds == pytest.approx((0, 0, 4, 6), abs=1e-6)
    assert layer.meshes.feature_bounds()["p:201"] == pytest.approx(np.array([[0, 0, 4], [4, 6, 8]]), abs=1e-4)
    assert layer.issues == ()
    if version != "R12":
        second = layer.features[1]
        assert (second.name, second.long_name, second.properties["declared"][0]["value"]) == ("202", "会议室", 18.0)
        assert second.properties["measured"] == {"area_m2": 18.0, "volume_m3": 72.0, "method": "plan"}


def test_every_entity_of_the_room_layers_is_in_the_ledger(tmp_path: Path) -> None:
    def draw(space: Modelspace) -> None:
        two_rooms(space)
        box(space, 20000, 0, 3000, 3000, close=False)
        space.add_circle((0, 0), 5, dxfattribs=ROOM)
        space.add_text("楼梯", dxfattribs=ROOM).set_placement((90000, 0))
        space.add_lwpolyline([(0, 0), (5, 5)], close=True, dxfattribs=ROOM)

    path = saved(tmp_path / "p.dxf", draw)
    layer = read(path)
    on_layers = [e for e in ezdxf.filemanagement.readfile(path).modelspace() if "房间" in e.dxf.layer]
    assert len(layer.ledger) == len(on_layers) == 9
    assert Counter(row.outcome for row in layer.ledger) == {"placed": 2, "failed": 2, "without_geometry": 5}
    assert count_codes(layer.issues) == {"GEOMETRY_EMPTY": 1, "OUTLINE_OPEN": 1, "TEXT_OUTSIDE_ROOMS": 1}
    assert len({row.local_id for row in layer.ledger}) == 9


def test_no_number_is_guessed_where_there_are_two_or_none(tmp_path: Path) -> None:
    def draw(space: Modelspace) -> None:
        for i, said in enumerate((["301", "302"], [], ["档案室"], ["303", "303"])):
            box(space, 5000 * i, 0, 4000, 4000)
            for k, words in enumerate(said):
                space.add_text(words, dxfattribs=ROOM).set_placement((5000 * i + 500, 500 + 900 * k))

    layer = read(saved(tmp_path / "p.dxf", draw))
    assert [(room.name, room.long_name) for room in layer.features] == [(None, None), (None, None), ("档案室", None), ("303", None)]
    assert layer.features[0].properties["attributes"] == {"numbers": ["301", "302"]}
    assert count_codes(layer.issues) == {"ROOM_NUMBERS_MANY": 1, "ROOM_NUMBER_MISSING": 2}


def test_overlaps_repeats_and_crossed_outlines_are_found(tmp_path: Path) -> None:
    def draw(space: Modelspace) -> None:
        box(space, 0, 0, 4000, 4000)
        box(space, 3000, 0, 4000, 4000)
        space.add_text("1", dxfattribs=ROOM).set_placement((500, 500))
        space.add_text("1", dxfattribs=ROOM).set_placement((6000, 500))
        space.add_lwpolyline([(9000, 0), (12000, 3000), (12000, 0), (9000, 3000)], close=True, dxfattribs=ROOM)
        space.add_text("3", dxfattribs=ROOM).set_placement((11800, 1500))

    layer = read(saved(tmp_path / "p.dxf", draw))
    assert count_codes(layer.issues) == {"GEOMETRY_REPAIRED": 1, "ROOMS_OVERLAP": 1, "ROOM_NUMBER_REPEATED": 1}
    assert [room.id for room in layer.features] == ["p:1", "p:1~2", "p:3"]


def test_numbers_in_blocks_and_arcs_in_outlines(tmp_path: Path) -> None:
    document = drawing(unit=6)
    block = document.blocks.new("TAG")
    block.add_attdef("ROOMNO", (0, 0))
    block.add_attdef("ROOMNAME", (0, -0.3))
    space = document.modelspace()
    space.add_lwpolyline([(0, 0, 0), (4, 0, 1), (4, 4, 0), (0, 4, 0)], format="xyb", close=True, dxfattribs=ROOM)
    space.add_blockref("TAG", (1, 1), dxfattribs=ROOM).add_auto_attribs({"ROOMNO": "甲-7", "ROOMNAME": "301"})
    document.saveas(tmp_path / "p.dxf")
    layer = read(tmp_path / "p.dxf")
    (room,) = layer.features
    assert (room.name, room.long_name) == ("甲-7", "301")
    assert room.footprint is not None
    assert room.footprint.area == pytest.approx(16 + np.pi * 4 / 2, rel=0.01)
    assert layer.issues == ()


@pytest.mark.parametrize("codepage", ["ANSI_936", "ANSI_1252"])
def test_old_drawings_in_gbk_are_read_whatever_code_page_they_name(tmp_path: Path, codepage: str) -> None:
    path, document = tmp_path / "p.dxf", drawing("R2000")
    two_rooms(document.modelspace())
    document.encoding = "gbk"
    document.saveas(path)
    content = path.read_bytes()
    assert "处长办公室".encode("gbk") in content
    path.write_bytes(content.replace(b"ANSI_936", codepage.encode()))
    layer = read(path)
    assert count_codes(layer.issues) == ({} if codepage == "ANSI_936" else {"TEXT_ENCODING_REPAIRED": 1})
    assert {row.entity.split()[0] for row in layer.ledger} == {"房间", "房间名称"}
    assert [(room.name, room.long_name) for room in layer.features] == [("201", "处长办公室"), ("202", "会议室")]


def test_a_drawing_in_the_sites_grid_stands_where_its_coordinates_say(tmp_path: Path) -> None:
    def draw(space: Modelspace) -> None:
        box(space, EAST, NORTH, 4, 6)
        space.add_text("201", dxfattribs=ROOM).set_placement((EAST + 1, NORTH + 1))

    layer = read(saved(tmp_path / "p.dxf", draw, unit=6), place="EPSG:4549")
    (room,) = layer.features
    assert room.footprint is not None
    assert room.footprint.bounds == pytest.approx((0, 0, 4, 6), abs=0.05)


def test_an_anchor_turns_the_plan_clockwise_around_its_point(tmp_path: Path) -> None:
    anchor = cim.PlanAnchor(lon=FRAME.site.lon, lat=FRAME.site.lat, heading_deg=90.0, point=(4.0, 0.0))
    layer = read(saved(tmp_path / "p.dxf", two_rooms), place=anchor)
    assert layer.features[0].footprint is not None
    assert layer.features[0].footprint.bounds == pytest.approx((0, 0, 6, 4), abs=1e-6)


@pytest.mark.parametrize(
    ("make", "options", "code"),
    [
        (lambda path: saved(path, two_rooms, unit=0), {}, "PLAN_UNIT_UNKNOWN"),
        (lambda path: saved(path, lambda space: space.add_point((0, 0))), {}, "PLAN_WITHOUT_ROOMS"),
        (lambda path: saved(path, two_rooms), {"layers": ["别的层"]}, "PLAN_WITHOUT_ROOMS"),
        (lambda path: path.write_bytes(b"AC1032" + bytes(99)), {}, "PLAN_INVALID"),
        (lambda path: path.write_bytes(np.random.default_rng(1).bytes(4000)), {}, "PLAN_INVALID"),
        (lambda path: path.write_text("0\nSECTION\n2\nENTITIES\n0\nLWPOLY"), {}, "PLAN_INVALID"),
        (lambda path: path.write_bytes(b""), {}, "PLAN_INVALID"),
    ],
)
def test_what_is_no_plan_is_refused_with_what_to_do(
    tmp_path: Path, make: Callable[[Path], Any], options: dict[str, Any], code: str
) -> None:
    make(tmp_path / "p.dxf")
    with pytest.raises(PlanInvalid) as caught:
        read(tmp_path / "p.dxf", **options)
    assert (caught.value.code, bool(caught.value.hint)) == (code, True)


def test_a_named_unit_serves_where_the_drawing_has_none(tmp_path: Path) -> None:
    layer = read(saved(tmp_path / "p.dxf", two_rooms, unit=0), unit="mm")
    assert layer.features[0].properties["measured"]["area_m2"] == pytest.approx(24.0)


def test_a_plan_of_another_place_is_refused(tmp_path: Path) -> None:
    elsewhere = frame_at("EPSG:4549", EAST + 50_000, NORTH)
    anchor = cim.PlanAnchor(lon=elsewhere.site.lon, lat=elsewhere.site.lat, heading_deg=0.0)
    with pytest.raises(OutsideSite):
        read(saved(tmp_path / "p.dxf", two_rooms), place=anchor)


def test_a_large_plan_keeps_each_number_in_its_room(tmp_path: Path) -> None:
    def draw(space: Modelspace) -> None:
        for i in range(400):
            x, y = 4000 * (i % 20), 5000 * (i // 20)
            box(space, x, y, 3800, 4800)
            space.add_text(f"{i + 1}", dxfattribs=ROOM).set_placement((x + 300, y + 300))

    layer = read(saved(tmp_path / "p.dxf", draw))
    for i, room in enumerate(layer.features):
        assert room.name == str(i + 1)
        assert room.footprint is not None
        assert room.footprint.contains(shapely.Point(4 * (i % 20) + 0.5, 5 * (i // 20) + 0.5))


def test_accented_latin_is_not_taken_for_chinese(tmp_path: Path) -> None:
    document = drawing("R2000")
    box(document.modelspace(), 0, 0, 4000, 6000, layer="Room")
    document.modelspace().add_text("Büro für Gäste", dxfattribs={"layer": "Room"}).set_placement((1000, 3000))
    document.saveas(tmp_path / "p.dxf")
    layer = read(tmp_path / "p.dxf")
    assert [room.name for room in layer.features] == ["Büro für Gäste"]
    assert count_codes(layer.issues) == {"ROOM_NUMBER_MISSING": 1}


@pytest.mark.parametrize("small_first", [True, False])
def test_a_text_in_nested_outlines_is_that_of_the_smallest(tmp_path: Path, small_first: bool) -> None:
    def draw(space: Modelspace) -> None:
        sizes = [(2000, 2000), (9000, 9000)]
        for wide, deep in sizes if small_first else sizes[::-1]:
            box(space, 0, 0, wide, deep)
        space.add_text("101", dxfattribs=ROOM).set_placement((6000, 6000))
        space.add_text("102", dxfattribs=ROOM).set_placement((500, 500))

    layer = read(saved(tmp_path / "p.dxf", draw))
    areas = {room.name: room.properties["measured"]["area_m2"] for room in layer.features}
    assert areas == {"101": 81.0, "102": 4.0}
    assert count_codes(layer.issues) == {"ROOMS_OVERLAP": 1}
