"""What /spatial answers, as OpenAPI describes it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import bilingual

__all__ = ["Explanation", "Found", "Located", "LocatedColumns", "Nearest", "Picked", "PointColumns", "StoreyPlan"]

Nothing = Field(default=None)


def _field(chinese: str, english: str, **more: Any) -> Any:
    return Field(description=bilingual(chinese, english), **more)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class PointColumns(_Document):
    """许多点,按列 · many points as columns of one length."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    lon: list[float] = _field("经度", "longitudes, degrees (CRS84h)")
    lat: list[float] = _field("纬度", "latitudes, degrees")
    height_m: list[float | None] | None = _field("椭球高;不明为 null", "ellipsoidal heights; null where nobody knows", default=None)
    accuracy_m: float | list[float] | None = _field("精度半径,米", "radius of the ball each point may be in, metres", default=None)


class NamedFeature(BaseModel):
    """一个要素 · a feature."""

    model_config = ConfigDict(extra="allow")

    id: str
    kind: str
    class_: str = Field(alias="class")
    name: str | None
    long_name: str | None
    building: str | None
    storey: str | None


class Certain(_Document):
    """是否确定 · whether the whole ball is there."""

    building: bool
    storey: bool
    room: bool
    zone: bool


class Located(_Document):
    """一点所在 · where a point is."""

    site: str | None = _field("大院;不在任何大院为 null", "site; null outside all")
    scene_revision: int | None
    building: NamedFeature | None
    storey: NamedFeature | None
    room: NamedFeature | None
    zone: NamedFeature | None
    certain: Certain
    possible: list[NamedFeature] = _field("可能的房间,最内在前", "rooms that are possible, innermost first")
    zones: list[NamedFeature] = _field("所在的全部防区,最内在前", "all zones that hold the point, innermost first")


class CertainColumns(_Document):
    """每点是否确定 · whether each is certain."""

    building: list[bool]
    storey: list[bool]
    room: list[bool]
    zone: list[bool]


class Possible(_Document):
    """可能的房间 · rooms possible for point i: rooms[starts[i]:starts[i + 1]]."""

    starts: list[int]
    rooms: list[int]


class LocatedColumns(_Document):
    """许多点所在,按列;列中是各表的序号 · columns of numbers into the lists."""

    count: int
    sites: list[str]
    scene_revisions: list[int]
    buildings: list[NamedFeature]
    storeys: list[NamedFeature]
    rooms: list[NamedFeature]
    zones: list[NamedFeature]
    site: list[int | None]
    building: list[int | None]
    storey: list[int | None]
    room: list[int | None]
    zone: list[int | None]
    certain: CertainColumns
    possible: Possible


class Nearest(_Document):
    """最近的若干 · the nearest."""

    site: str | None
    scene_revision: int | None
    kind: str
    nearest: list[dict[str, Any]] = _field("由近到远,含 distance_m", "nearest first, with distance_m; along the way with seconds")
    along: str | None = _field("沿路", "how one goes; absent where straight", default=None)
    unreached: list[dict[str, Any]] = _field("到不了的及原因", "no way leads there, with the reason; at most 1,000 listed", default=[])
    unreached_total: int | None = _field("到不了的总数", "how many no way leads to", default=None)


class Found(_Document):
    """范围内的一页 · a page of what lies within."""

    site: str
    scene_revision: int
    kind: str
    total: int
    found: list[dict[str, Any]]
    next: str | None = _field("下一页的地址", "address of the following page")


class Picked(_Document):
    """射线首先碰到的 · what a ray meets first."""

    site: str | None
    scene_revision: int | None
    hit: dict[str, Any] | None


class StoreyPlan(BaseModel):
    """楼层平面,GeoJSON · a plan as GeoJSON."""

    model_config = ConfigDict(extra="allow")

    type: str
    features: list[dict[str, Any]]


class Explanation(_Document):
    """资产为何在此 · why an asset is where it is."""

    asset: dict[str, Any]
    place: dict[str, Any] | None
    method: dict[str, str] | None
    reason: dict[str, str] | None
    slot: int | None
    accuracy_m: float | None
    said: dict[str, Any] | None
    resolved: dict[str, Any] | None
    links: list[dict[str, Any]]
    located: dict[str, Any] | None
    agrees: bool | None
