"""The registers of gates, guard posts, zones and the perimeter."""

from datetime import timedelta
from typing import Any

from shapely.geometry import LineString, Polygon, box

from twin.demo.registers.buildings import storey_words
from twin.demo.registers.draft import Draft
from twin.demo.registers.outdoors import Spot, bearing_deg, device_id, fence, plan_wkt
from twin.demo.registers.truth import Planter
from twin.demo.registers.world import World
from twin.demo.siteplan import GATES, LODGES, PERIMETER
from twin.demo.streets import COMPOUND_ROADS

__all__ = ["gate_draft", "perimeter_draft", "post_place_draft", "zone_draft"]

SEGMENT_M = 60.0
POSTS = 31
COMPOUND = "屏山大院"
STREAMS = ("出入口编号", "岗位编号", "区域编号", "周界编号")
SENSORS = ("振动光纤", "电子围栏", "红外对射")
AREAS: tuple[tuple[str, str, Polygon, float], ...] = (
    ("中心广场", "开放区", box(-44.0, -64.0, 44.0, 30.0), 20.0),
    ("南停车区", "停车区", box(55.0, -110.0, 120.0, -97.0), 6.0),
    ("疏散集合点", "集结区", box(-110.0, -88.0, -70.0, -70.0), 6.0),
    ("北侧巡逻区", "巡逻区", box(-128.0, 84.0, 128.0, 92.0), 6.0),
    ("综合楼前限制区", "限制区", box(-20.0, 36.0, 20.0, 46.0), 15.0),
)


def gate_draft(world: World, planter: Planter) -> Draft:
    """The gates of the compound."""
    rows = []
    middle = Spot(0.0, 0.0)
    for at, gate in enumerate(GATES, 1):
        spot = Spot(gate.u, gate.v)
        east, north = spot.grid
        outwards = Spot(gate.u, gate.v - 10.0) if gate.v < -100 else spot.towards(Spot(middle.u, gate.v), -10.0)
        rows.append(
            {
                "出入口编号": f"GATE-{at:02d}",
                "出入口名称": gate.name,
                "通行类型": gate.kind,
                "院区": COMPOUND,
                "东坐标": east,
                "北坐标": north,
                "坐标系": "院区坐标网",
                "朝向(°)": bearing_deg(spot, outwards),
                "净宽(m)": gate.width_m,
                "开放时间": "00:00-24:00" if at == 1 else "07:00-21:00",
                "管理单位": world.units[0].name,
                "状态": "在用",
            }
        )
    return _draft(rows, "出入口编号", planter, world)


def post_place_draft(world: World, planter: Planter) -> Draft:
    """Some thirty guard posts: at the gates, in their lodges, at receptions, along the roads and the fence."""
    rows: list[dict[str, Any]] = []

    def outside(name: str, kind: str, spot: Spot, guards: int) -> None:
        lon, lat = spot.lon_lat
        rows.append({"岗位名称": name, "岗位类型": kind, "经度": lon, "纬度": lat, "坐标系": "CGCS2000", "值勤人数": guards})

    for gate in GATES:
        outside(f"{gate.name}岗", "门岗", Spot(gate.u, gate.v).towards(Spot(0.0, 0.0), 4.0), 2 if gate.kind == "车行" else 1)
    for name, lodge in LODGES.items():
        outside(f"{name}", "监控岗", Spot(lodge.centroid.x, lodge.centroid.y), 2)
    for room in world.rooms:
        if room.model is not None and room.name in ("门厅", "前厅"):
            house = world.buildings[room.building]
            place = {"楼栋": house.number, "楼层": storey_words(room.storey, house.style), "房间号": room.number}
            rows.append({"岗位名称": f"{house.number}{room.name}岗", "岗位类型": "大堂岗", "值勤人数": 1, **place})
    walks = [LineString(road.line) for road in COMPOUND_ROADS] + fence(SEGMENT_M)
    for number, walk in enumerate(walks, 1):
        if len(rows) == POSTS:
            break
        middle = walk.interpolate(0.5, normalized=True)
        outside(f"巡逻点{number:02d}", "巡逻岗", Spot(middle.x, middle.y).towards(Spot(0.0, 0.5), 2.0), 1)
    common = {"院区": COMPOUND, "值勤时间": "00:00-24:00", "管理单位": world.units[0].name, "状态": "在用"}
    full = [{"岗位编号": f"POST-{at:02d}", **row, **common} for at, row in enumerate(rows, 1)]
    draft = _draft(full, "岗位编号", planter, world)
    draft.change("guard_post_datum", "坐标系", lambda *_: None, [at for at, row in enumerate(rows) if "经度" in row])
    return draft


def zone_draft(world: World, planter: Planter) -> Draft:
    """Zones drawn in the plan, and those that are a storey or a room of a model."""
    rows: list[dict[str, Any]] = [
        {"区域名称": name, "区域类型": kind, **_drawn(shape), "地上高度(m)": height} for name, kind, shape, height in AREAS
    ]
    rows.append({"区域名称": "大院", "区域类型": "巡逻区", **_drawn(Polygon(PERIMETER)), "底1985高程": 18.0, "顶1985高程": 90.0})
    for room in world.rooms:
        if room.model is not None and any(word in room.name for word in ("配电", "消防控制", "档案")):
            house = world.buildings[room.building]
            place = {"楼栋": house.number, "楼层": storey_words(room.storey, house.style), "房间号": room.number}
            rows.append({"区域名称": f"{house.number}{room.name}", "区域类型": "要害部位", **place})
    common = {"院区": COMPOUND, "管理单位": world.units[0].name, "状态": "在用"}
    draft = _draft([{"区域编号": f"ZONE-{at:02d}", **row, **common} for at, row in enumerate(rows, 1)], "区域编号", planter, world)
    drawn = range(len(AREAS))
    draft.change("zone_outline", "范围", lambda _, was: was[:-12], drawn)
    draft.change("zone_datum", "坐标系", lambda *_: None, drawn)
    draft.change("zone_height", "地上高度(m)", lambda *_: None, drawn)
    return draft


def perimeter_draft(world: World, planter: Planter) -> Draft:
    """The fence in segments, each with its sensor."""
    rows = [
        {
            "周界编号": f"PER-{at:02d}",
            "周界名称": f"周界第{at}防区",
            "围界类型": "栅栏" if at % 3 else "围墙",
            "院区": COMPOUND,
            "线位": plan_wkt(piece),
            "坐标系": "CGCS2000",
            "围界高度(m)": 2.6,
            "探测器类型": SENSORS[at % len(SENSORS)],
            "报警输入编码": device_id("134", at),
            "管理单位": world.units[0].name,
            "状态": "在用",
        }
        for at, piece in enumerate(fence(SEGMENT_M), 1)
    ]
    draft = _draft(rows, "周界编号", planter, world)
    draft.change("perimeter_sensor", "报警输入编码", lambda _, was: was[:10] + "132" + was[13:])
    return draft


def _drawn(shape: Polygon) -> dict[str, str]:
    return {"范围": plan_wkt(shape), "坐标系": "CGCS2000"}


def _draft(rows: list[dict[str, Any]], key: str, planter: Planter, world: World) -> Draft:
    days = world.rng(31, STREAMS.index(key)).integers(0, 300, len(rows))
    rows = [{**row, "备注": f"{world.today - timedelta(days=int(ago))}核查"} for row, ago in zip(rows, days, strict=True)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Draft(key=key, planter=planter, columns={name: [row.get(name) for row in rows] for name in names})
