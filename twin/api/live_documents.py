"""What /live/positions and /live/states answer, as OpenAPI describes it."""

from typing import Any

from pydantic import BaseModel, Field

from twin.api.documents import bilingual

__all__ = ["InsideDocument", "PositionsDocument", "StatesDocument"]


def _field(chinese: str, english: str) -> Any:
    return Field(description=bilingual(chinese, english))


class Road(BaseModel):
    """所行道路 · the road it drives on."""

    id: str = _field("标识", "id of the feature")
    name: str | None = _field("名称", "name")


class Position(BaseModel):
    """一物此刻所在 · where one thing is now."""

    id: str = _field("标识", "address: kind and key of its record")
    kind: str = _field("类别", "kind")
    key: str = _field("编号", "key of the record")
    lon: float = _field("推算经度", "derived longitude, degrees (CRS84)")
    lat: float = _field("推算纬度", "derived latitude, degrees")
    height_m: float | None = _field("地面椭球高", "ellipsoidal height of the ground there, metres")
    raw: tuple[float, float] = _field("终端所报经纬度", "longitude and latitude as the device said them")
    heading_deg: float | None = _field("航向", "heading, degrees clockwise from true north")
    speed_kmh: float | None = _field("速度", "speed, km/h")
    accuracy_m: float | None = _field("精度", "how far off it may be, metres")
    time: str | None = _field("定位时刻", "time of the fix, UTC")
    received: str | None = _field("收到时刻", "time of receipt, UTC")
    silent_s: float | None = _field("静默秒数", "seconds since its last word")
    since: str | None = _field("在此处自", "since when it is in this place")
    place: list[str] = _field("所在的区域与楼", "ids of the zones and buildings it is in")
    road: Road | None = _field("所行道路", "the road it drives on, where the evidence says so")
    verdict: str = _field("定位判定", "what is thought of its last fix")
    flags: list[str] = _field("标志", "smoothed, moving, ignition, silent, alarm, backlog, doubted, no_fix")
    alarm: int = _field("终端报警字", "the alarm word of the terminal")


class PositionsDocument(BaseModel):
    """一页位置 · a page of positions."""

    at: str = _field("此刻", "the moment, UTC")
    numberMatched: int = _field("总数", "how many there are in all pages")
    positions: list[Position] = _field("位置", "positions, by id")
    next: str | None = _field("续自", "where the next page begins: `after`")


class State(BaseModel):
    """一设备此刻状态 · the state of one device."""

    id: str = _field("标识", "address: kind and key of its record")
    kind: str = _field("类别", "kind")
    key: str = _field("编号", "key of the record")
    state: str | None = _field("状态", "what it last said of itself")
    since: str | None = _field("自", "since when")
    received: str | None = _field("收到时刻", "time of its last word, UTC")
    silent_s: float | None = _field("静默秒数", "seconds since its last word")
    silent_since: str | None = _field("失联自", "time of its last word, where its silence is an alarm")
    value: dict[str, Any] = _field("读数;出入口含今日进出", "readings and facts it gave; of a gate the passages of today (GMT+8)")
    alarms: list[str] = _field("报警", "codes of the alarms it reports now")
    name: str | None = _field("名称", "name")
    lon: float | None = _field("经度", "longitude, degrees: of the scene, else as it said")
    lat: float | None = _field("纬度", "latitude, degrees")
    height_m: float | None = _field("椭球高", "ellipsoidal height, metres")
    place: dict[str, str | None] = _field("所在房间、楼层、楼", "ids of the room, storey and building it is in")
    zones: list[str] = _field("所在区域(须给出大院)", "ids of the zones it stands in, where a site is asked for")


class StatesDocument(BaseModel):
    """一页状态 · a page of states."""

    at: str = _field("此刻", "the moment, UTC")
    numberMatched: int = _field("总数", "how many there are in all pages")
    states: list[State] = _field("状态", "states, by id")
    next: str | None = _field("续自", "where the next page begins: `after`")


class Who(BaseModel):
    """台账中是谁 · who it is in the registers."""

    kind: str = _field("类别", "vehicle, person or visit")
    key: str = _field("编号", "key of the record")
    name: str | None = _field("名称或姓名", "its name, of a visit the visitor's")


class InsideRow(BaseModel):
    """在内的一车或一人 · one vehicle or person inside."""

    key: str = _field("车牌或人员编号", "plate, or key or card of the person")
    since: str | None = _field("自", "since when")
    through: str = _field("经由", "address of the gate or door it came in by")
    seen: str | None = _field("最近通行", "its last passage of any gate")
    seen_at: str = _field("最近通行处", "address of that gate")
    who: Who | None = _field(
        "车辆、人员或来访预约;台账无或无权看则空", "vehicle, person or announced visit; null where none is, or not to be known"
    )


class InsideDocument(BaseModel):
    """一页在内名单 · a page of who is inside."""

    at: str = _field("此刻", "the moment, UTC")
    site: str = _field("大院", "site")
    building: str | None = _field("楼栋", "building")
    kind: str = _field("类别", "vehicle or person")
    numberMatched: int = _field("总数", "how many there are in all pages")
    inside: list[InsideRow] = _field("在内", "who is inside, by key")
    next: str | None = _field("续自", "where the next page begins: `after`")
