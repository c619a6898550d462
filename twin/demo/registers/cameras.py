"""The register of cameras: at gates and entrances, along the fence, on corners of buildings, on poles, in corridors."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import shapely

from twin.demo.registers.buildings import storey_words
from twin.demo.registers.draft import Draft
from twin.demo.registers.outdoors import Spot, bearing_deg, device_id, fence, tilt_deg
from twin.demo.registers.truth import Planter
from twin.demo.registers.world import World
from twin.demo.siteplan import GATES, footprints

__all__ = ["camera_draft", "platform_draft"]

INDOORS = 20
FENCE_M = 64.0
"""A camera of the fence looks along one piece of it."""
POLES = (Spot(-30.0, 0.0), Spot(30.0, 0.0), Spot(100.0, -92.0), Spot(-100.0, 60.0))
WATCHED = ("门厅", "前厅", "观众厅", "走廊", "电梯厅", "舞台", "楼梯间")
"""Rooms that are watched, the most watched first."""
PLATFORM_ROOMS = 4
COLUMNS = (
    *("摄像机编号", "摄像机名称", "国标编码", "摄像机类型", "院区", "楼栋", "楼层", "房间号", "经度", "纬度", "东坐标", "北坐标", "坐标系"),
    *("安装高度(m)", "朝向(°)", "俯仰角(°)", "焦距(mm)", "最大焦距(mm)", "靶面宽(mm)", "靶面高(mm)", "水平像素", "垂直像素", "监视距离(m)"),
    *("水平转动下限", "水平转动上限", "俯仰转动下限", "俯仰转动上限", "安装日期", "管理单位", "状态"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """What a kind of camera has: focal lengths and sensor in mm, pixels, range in m."""

    kind: str
    focal: float
    longest: float | None
    sensor: tuple[float, float]
    pixels: tuple[int, int]
    reach: float


BULLET = Lens(kind="枪机", focal=6.0, longest=None, sensor=(5.38, 3.02), pixels=(2560, 1440), reach=50.0)
LONG = Lens(kind="枪机", focal=12.0, longest=None, sensor=(5.38, 3.02), pixels=(2560, 1440), reach=90.0)
DOME = Lens(kind="半球", focal=2.8, longest=None, sensor=(5.38, 3.02), pixels=(2560, 1440), reach=25.0)
PTZ = Lens(kind="球机", focal=5.9, longest=147.5, sensor=(7.18, 4.04), pixels=(3840, 2160), reach=200.0)


def camera_draft(world: World, planter: Planter) -> Draft:
    """Some sixty cameras of the compound, and what is wrong with a few of them."""
    rows = [*_outdoors(world), *_indoors(world)]
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in COLUMNS}
    columns["摄像机编号"] = [f"CAM-{at:03d}" for at in range(1, len(rows) + 1)]
    columns["国标编码"] = [device_id("132", at) for at in range(1, len(rows) + 1)]
    columns["安装日期"] = _installed(world, len(rows), 0)
    draft = Draft(key="摄像机编号", planter=planter, columns=columns)
    outside = [at for at, row in enumerate(rows) if row.get("经度")]
    inside = [at for at, row in enumerate(rows) if row.get("房间号")]
    draft.change("camera_id_type", "国标编码", lambda _, was: was[:10] + "118" + was[13:])
    draft.change("camera_id_form", "国标编码", lambda _, was: was[:-1])
    draft.change("camera_datum", "坐标系", lambda *_: None, outside)
    draft.change("camera_height", "安装高度(m)", lambda *_: None, outside)
    draft.change("camera_far", "经度", lambda _, was: round(float(was) - 1.0, 8), outside)
    draft.change("camera_heading", "朝向(°)", lambda _, was: round(float(was) + 400.0, 1))
    for at in planter.rows("camera_swapped", outside):
        lon, lat = columns["经度"][at], columns["纬度"][at]
        columns["经度"][at], columns["纬度"][at] = lat, lon
        draft.note("camera_swapped", at, "经度", lon, lat)
    if inside:
        draft.change("camera_room", "房间号", lambda *_: "999", inside)
    draft.repeat("camera_twice", lambda row: {"摄像机名称": f"{row['摄像机名称']}(换装)"})
    return draft


def platform_draft(world: World, planter: Planter) -> Draft:
    """Cameras as the gate's map platform hands them over: all in GCJ-02, which it calls WGS84; some say in which room they hang."""
    watched = [room for room in _rooms(world) if room["_spot"] is not None][:PLATFORM_ROOMS]
    lens = _optics(DOME, 0.0, -20.0)
    rows = [{**room, "安装高度(m)": 2.8, **lens} for room in watched]
    rows += [{"摄像机名称": f"{gate.name}平台机", "安装高度(m)": 4.5, "_spot": Spot(gate.u, gate.v), **lens} for gate in GATES[:2]]
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in COLUMNS}
    columns["摄像机编号"] = [f"PT-{at:03d}" for at in range(1, len(rows) + 1)]
    columns["国标编码"] = [device_id("131", at) for at in range(1, len(rows) + 1)]
    columns["安装日期"] = _installed(world, len(rows), 1)
    columns["院区"] = ["屏山大院"] * len(rows)
    columns["坐标系"] = ["WGS84"] * len(rows)
    draft = Draft(key="摄像机编号", planter=planter, columns=columns)
    for at, row in enumerate(rows):
        columns["经度"][at], columns["纬度"][at] = row["_spot"].gcj02
        if len(watched) >= PLATFORM_ROOMS - 1:
            draft.note("camera_shifted", at, "坐标系", "GCJ-02", "WGS84")
    return draft


def _installed(world: World, count: int, stream: int) -> list[str]:
    return [str(world.today - timedelta(days=int(ago))) for ago in world.rng(30, stream).integers(30, 2500, count)]


def _outdoors(world: World) -> Iterator[dict[str, Any]]:
    keeper = {"管理单位": world.units[0].name, "状态": "在用", "院区": "屏山大院"}
    middle = Spot(0.0, 0.0)
    for gate in GATES:
        here = Spot(gate.u, gate.v)
        for name, at in (("入", here.towards(middle, 12.0)), ("出", here.towards(middle, -10.0))):
            spot = Spot(at.u + 3.0, at.v + 3.0)
            lon, lat = spot.gcj02
            where = {"摄像机名称": f"{gate.name}{name}口", "经度": lon, "纬度": lat, "坐标系": "GCJ-02", "安装高度(m)": 4.5}
            yield {**keeper, **where, **_optics(BULLET, bearing_deg(spot, here), tilt_deg(4.5, 11.0))}
    for number, piece in enumerate(fence(FENCE_M), 1):
        start, end = Spot(*piece.coords[0]), Spot(*piece.coords[-1])
        spot = Spot(*piece.parallel_offset(1.5, "left").coords[0]).towards(middle, 0.1)
        east, north = spot.grid
        where = {"摄像机名称": f"周界{number:02d}", "东坐标": east, "北坐标": north, "坐标系": "院区坐标网", "安装高度(m)": 4.0}
        yield {**keeper, **where, **_optics(LONG, bearing_deg(start, end), tilt_deg(4.0, piece.length))}
    for key, outline in footprints().items():
        label = {"tower": "1号楼", "block": "2号楼", "hall": "3号楼"}[key]
        centre = Spot(outline.centroid.x, outline.centroid.y)
        corners = shapely.get_coordinates(outline.convex_hull)[:4].tolist()
        for number, (u, v) in enumerate(corners, 1):
            spot = Spot(u, v).towards(centre, -0.8)
            lon, lat = spot.lon_lat
            looked_at = Spot(*corners[number % 4])
            where = {
                "摄像机名称": f"{label}外角{number}",
                "经度": lon,
                "纬度": lat,
                "坐标系": "CGCS2000",
                "安装高度(m)": 6.0,
                "楼栋": label,
            }
            yield {**keeper, **where, **_optics(BULLET, bearing_deg(spot, looked_at.towards(centre, -2.0)), tilt_deg(6.0, 30.0))}
    for number, spot in enumerate(POLES, 1):
        lon, lat = spot.lon_lat
        where = {"摄像机名称": f"高杆球机{number}", "经度": lon, "纬度": lat, "坐标系": "CGCS2000", "安装高度(m)": 12.0}
        limits = {"水平转动下限": 0, "水平转动上限": 360, "俯仰转动下限": -90, "俯仰转动上限": 15}
        yield {**keeper, **where, **_optics(PTZ, bearing_deg(spot, middle), tilt_deg(12.0, 40.0)), **limits}


def _indoors(world: World) -> Iterator[dict[str, Any]]:
    keeper = {"管理单位": world.units[0].name, "状态": "在用", "院区": "屏山大院"}
    for number, room in enumerate(_rooms(world)[:INDOORS]):
        lens = _optics(DOME, float(number * 45 % 360), -25.0)
        yield {**keeper, **room, "安装高度(m)": 2.8, **lens}


def _rooms(world: World) -> list[dict[str, Any]]:
    """The watched rooms of the models, the most watched first; `_spot` is the middle of the building they are in."""
    outlines = footprints()
    found = []
    for room in world.rooms:
        order = next((at for at, word in enumerate(WATCHED) if word in room.name), None)
        if room.model is None or order is None:
            continue
        house = world.buildings[room.building]
        middle = outlines[room.model.model].representative_point()
        place = {"摄像机名称": f"{house.number}{room.number}{room.name}", "楼栋": house.number, "房间号": room.number}
        found.append((order, {**place, "楼层": storey_words(room.storey, house.style), "_spot": Spot(middle.x, middle.y)}))
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def _optics(lens: Lens, heading: float, tilt: float) -> dict[str, Any]:
    return {
        "摄像机类型": lens.kind,
        "朝向(°)": heading,
        "俯仰角(°)": tilt,
        "焦距(mm)": lens.focal,
        "最大焦距(mm)": lens.longest,
        "靶面宽(mm)": lens.sensor[0],
        "靶面高(mm)": lens.sensor[1],
        "水平像素": lens.pixels[0],
        "垂直像素": lens.pixels[1],
        "监视距离(m)": lens.reach,
    }
