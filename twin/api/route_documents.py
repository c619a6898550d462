"""What /spatial/route and its kin answer, as OpenAPI describes it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import bilingual

__all__ = ["EvacuationDocument", "GuardsDocument", "RouteDocument", "RouteFeature", "UnreachedDocument"]


def _field(chinese: str, english: str, **more: Any) -> Any:
    return Field(description=bilingual(chinese, english), **more)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class InTwoLanguages(_Document):
    """中英文 · in Chinese and English."""

    zh: str
    en: str


class RoutePlace(_Document):
    """起点或终点 · where a way begins or ends."""

    id: str | None = _field("要素;只是一点则为 null", "the feature; null of a mere point")
    name: InTwoLanguages
    site_xyz: list[float] = _field("大院坐标,米", "site metres, three numbers", min_length=3, max_length=3)


class RouteStep(_Document):
    """一步 · one step."""

    kind: str = _field("种类,如 door_left、stairs_up", "its kind, as door_left or stairs_up")
    feature: str | None = _field("经过的要素", "the feature that is passed")
    metres: float
    seconds: float
    words: InTwoLanguages


class RouteNote(_Document):
    """不明之处 · what is not known of the way."""

    kind: str
    features: list[str]
    words: InTwoLanguages


class DegreesLine(_Document):
    """线,经纬度与椭球高 · a line of lon, lat, metres above the ellipsoid."""

    type: Literal["LineString"]
    coordinates: list[list[float]]
    coordRefSys: str


class RouteFacts(_Document):
    """一条路,或为何没有 · a way, or why there is none."""

    site: str
    revision: int = _field("景的修订号", "the revision of the scene")
    mode: Literal["foot", "wheelchair", "car"]
    start: RoutePlace = Field(alias="from")
    end: RoutePlace = Field(alias="to")
    metres: float | None = _field("全长;无路为 null", "its length; null where there is none")
    seconds: float | None
    site_xyz: list[list[float]] = _field("线,大院坐标,米", "its line, site metres")
    storeys: list[str | None] = _field("线上每点所在楼层,室外为 null", "the storey at each point of the line, null out of doors")
    doors: list[str] = _field("依次经过的门", "the doors and gates passed in order")
    steps: list[RouteStep]
    reason: str | None = _field("无路的原因", "why there is none")
    words: InTwoLanguages | None = _field("原因的文字", "the reason in words")
    closed_by: list[str] = _field("若全开时会经过的关闭物", "the closed things that the way would pass if all were open")
    notes: list[RouteNote]


class RouteDocument(RouteFacts):
    """一条路及其线 · a way with its line."""

    line: DegreesLine | None


class RouteFeature(_Document):
    """一条路,GeoJSON 要素 · a way as a GeoJSON feature."""

    type: Literal["Feature"]
    geometry: DegreesLine | None
    properties: RouteFacts


class ReachedPost(_Document):
    """沿路可到者 · one that comes along the way."""

    id: str
    metres: float
    seconds: float


class GuardsDocument(_Document):
    """最近的岗亭 · the nearest guard posts."""

    site: str
    revision: int
    found: list[ReachedPost] = _field("由近到远", "nearest first")
    unreached: list[str] = _field("无路可到", "no open way joins them to the place")
    apart: list[str] = _field("不在房间也不在路边", "they stand in no room and at no path")


class UnreachedRoom(_Document):
    """到不了的房间 · a room that nobody reaches."""

    room: str
    name: str | None
    reason: str
    words: InTwoLanguages


class RoomWayOut(_Document):
    """一个房间的疏散 · the way out of a room."""

    room: str
    metres: float = _field("自最远角", "from its farthest corner")
    door_metres: float = _field("自最近的房门", "from the nearest of its doors")
    seconds: float
    exit: str | None = _field("所用的出口", "the door that is used")


class EvacuationDocument(_Document):
    """各房间的疏散 · the way out of each room."""

    site: str
    revision: int
    rooms: list[RoomWayOut]
    unreached: list[UnreachedRoom]


class UnreachedDocument(_Document):
    """到不了的房间及原因 · rooms that nobody reaches, and why."""

    site: str
    revision: int
    mode: Literal["foot", "wheelchair"]
    reached: int = _field("到得了的房间数", "how many rooms are reached")
    unreached: list[UnreachedRoom]
