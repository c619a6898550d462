"""What /spatial/visible-from, /spatial/coverage and /spatial/explain of a camera are asked and answer, as OpenAPI describes it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import bilingual

__all__ = ["CameraExplanation", "CoverageAsked", "CoverageDocument", "Datum", "VisibleAsked", "VisibleDocument", "WhatIf"]

Datum = Literal["ellipsoidal", "1985", "ground"]
Pair = tuple[float, float]


def _field(chinese: str, english: str, default: Any = None, **more: Any) -> Any:
    return Field(default=default, description=bilingual(chinese, english), **more)


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class TargetAsked(_Asked):
    """一点(经纬度、高、高程基准)或一要素 · a point with its height and datum, or a feature."""

    feature: str | None = _field("要素标识", "id of a room, element, zone …", max_length=300)
    lon: float | None = _field("经度", "longitude, degrees (CRS84h)", ge=-180, le=180)
    lat: float | None = _field("纬度", "latitude, degrees", ge=-90, le=90)
    height_m: float | None = _field("站立面的高", "height of the floor stood on, metres")
    datum: Datum | None = _field("椭球高、1985 高程或地面以上", "what the height is counted from; never assumed")


class _How(_Asked):
    site: str | None = _field("大院;只有一个时可省", "site; may stay out where there is one", max_length=100)
    turned: bool = _field("云台转向各点", "each camera turned and zoomed to the point as far as it can be", default=False)
    open_doors: list[str] = _field(
        "开着的门", "ids of doors and gates that stand open; the others are closed", default=[], max_length=10_000
    )
    left_out: list[str] = _field("设想拆除的", "ids of walls and other things imagined away", default=[], max_length=10_000)
    cameras: list[str] | None = _field("只问这些摄像机", "only these cameras", max_length=10_000)


class VisibleAsked(_How):
    """谁看得见这些目标 · who sees these targets."""

    targets: list[TargetAsked] = Field(description=bilingual("一至 1,000 个目标", "1 to 1,000 targets"))
    heights_m: dict[str, float] | None = _field("看哪些高度", "name → metres above the floor; feet 0.1, chest 1.3, head 1.7", max_length=20)
    perimeter_m: float = _field("周界多近才算", "how near a perimeter segment is told, metres in plan", default=3.0, ge=0, le=1000)


class PtzAsked(_Asked):
    """云台范围 · how far it turns and zooms."""

    heading_deg: Pair
    tilt_deg: Pair
    focal_length_mm: Pair


class CameraAsked(_Asked):
    """设想移动或增设的摄像机 · a camera imagined elsewhere (what is other) or added (all of it)."""

    camera: str = Field(max_length=300, description=bilingual("标识;增设的不含冒号", "its id; of an added one a new name without a colon"))
    lon: float | None = _field("经度", "longitude", ge=-180, le=180)
    lat: float | None = _field("纬度", "latitude", ge=-90, le=90)
    height_m: float | None = _field("镜头的高", "height of the lens, metres")
    datum: Datum | None = _field("高从何算起", "what the height is counted from")
    heading_deg: float | None = _field("朝向,自真北顺时针", "clockwise from true north", ge=-360, le=720)
    tilt_deg: float | None = _field("俯仰,向上为正", "above the horizon", ge=-90, le=90)
    focal_length_mm: float | None = _field("焦距", "focal length, mm", gt=0, le=2000)
    range_m: float | None = _field("监视距离", "range, metres", gt=0, le=20_000)
    sensor_mm: Pair | None = _field("靶面宽、高", "width and height of the sensor")
    resolution_px: tuple[int, int] | None = _field("像素", "pixels across and down")
    ptz: PtzAsked | None = _field("云台范围;仅增设的", "of an added one alone")


class WhatIf(_Asked):
    """只在此问中,不存 · in this question alone, never stored."""

    failed: list[str] = Field(default=[], max_length=10_000)
    moved: list[CameraAsked] = Field(default=[], max_length=1_000)
    added: list[CameraAsked] = Field(default=[], max_length=1_000)


class CoverageAsked(_How):
    """摄像机看到什么、看不到什么 · what cameras cover together."""

    holder: str | None = Field(
        default=None, alias="in", max_length=300, description=bilingual("楼栋、楼层或房间", "only of this building …")
    )
    kinds: list[Literal["room", "road", "perimeter"]] | None = _field("只算这些", "only these kinds of areas")
    what_if: WhatIf | None = None
    step_m: float = _field("取样间距", "step of the grid, metres", default=0.5)
    heights_m: list[float] | None = _field("高度", "metres above the floor; 1.3 and 1.7", max_length=8)
    blind: bool = _field("画出盲区", "draw the blind spots", default=True)
    fewer_than: int = _field("少于几台算盲区", "blind is what fewer cameras see", default=1, ge=1, le=100)


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")

    site: str
    scene_revision: int
    drawn: str = Field(description=bilingual("所用三角网的版本", "which triangles were asked"))
    outdated: bool = Field(description=bilingual("新模型正在装入", "newer models are being made ready"))


class VisibleDocument(_Told):
    """每个目标由谁看见 · who sees each target."""

    asked: int = Field(description=bilingual("问了几台摄像机", "how many cameras were asked"))
    turned: bool
    heights_m: dict[str, float]
    targets: list[dict[str, Any]]
    unusable: list[dict[str, Any]] = Field(description=bilingual("缺数据、未参与的摄像机", "cameras that lack a value, with the reason"))
    features: dict[str, dict[str, str]] = Field(description=bilingual("所提要素的名称", "what the features named are called"))


class CameraExplanation(_Told):
    """这台摄像机为何看不见 · why that camera does or does not see it."""

    camera: dict[str, str]
    target: dict[str, Any]
    unusable: dict[str, Any] | None
    points: list[dict[str, Any]]
    lens_inside: list[str] = Field(description=bilingual("镜头在哪些实体之内", "solids that the lens itself is in"))
    features: dict[str, dict[str, str]]


class CoverageDocument(_Told):
    """GeoJSON:每个区域一个要素,几何为盲区 · a feature an area, its geometry the blind spots."""

    type: Literal["FeatureCollection"]
    step_m: float
    heights_m: list[float]
    turned: bool
    open_doors: list[str]
    left_out: list[str]
    what_if: dict[str, str]
    cameras: list[dict[str, Any]]
    unusable: list[dict[str, Any]]
    storeys: list[dict[str, Any]]
    totals: dict[str, dict[str, float]]
    features: list[dict[str, Any]]
