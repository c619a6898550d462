"""What the service answers, as OpenAPI describes it: one model a document, each field in Chinese and English."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from spatial.feature import Kind

__all__ = [
    "NOT_FOUND",
    "Children",
    "FeatureDossier",
    "Health",
    "Landing",
    "Problem",
    "SiteDocument",
    "SiteList",
    "SiteTree",
    "bilingual",
]


def bilingual(chinese: str, english: str) -> str:
    """A description as users see it: Chinese first, English complete."""
    return f"{chinese} · {english}"


def _field(chinese: str, english: str, **more: Any) -> Any:
    return Field(description=bilingual(chinese, english), **more)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class InvalidParameter(_Document):
    """A parameter that is wrong."""

    where: str
    what: str


class InBothLanguages(_Document):
    """给人看的话 · words for people."""

    zh: str
    en: str


class Problem(_Document):
    """错误,RFC 9457 · an error (RFC 9457)."""

    type: str = _field("总是 about:blank", "always about:blank")
    title: str = _field("HTTP 状态的短语,按 Accept-Language", "the phrase of the HTTP status, by Accept-Language")
    status: int = _field("HTTP 状态", "the HTTP status")
    detail: str = _field("什么错、在哪里", "what is wrong, and where")
    instance: str = _field("所请求的路径", "the path that was asked for")
    code: str = _field("错误代码,见 docs/issue-codes.md", "the finding code, docs/issue-codes.md")
    hint: str = _field("怎么办;可为空", "what to do about it; may be empty")
    words: InBothLanguages = _field("出了什么问题", "what was declined")
    advice: InBothLanguages = _field("该怎么办", "what to do about it")
    parameter: str = _field("首个无效的参数;不明则缺", "the first parameter that is wrong; absent where nothing tells", default="")
    parameters: list[InvalidParameter] = _field("无效的参数", "the parameters that are wrong", default_factory=list)


class Link(_Document):
    """一个链接 · a link."""

    rel: str
    type: str
    href: str
    title: str


class Landing(_Document):
    """入口文档 · the landing document (OGC API Common)."""

    title: str
    description: str
    links: list[Link]


class Health(_Document):
    """在线 · alive."""

    status: str


class Place(_Document):
    """一点 · a point: degrees and ellipsoidal metres (EPSG:4979)."""

    lon: float = _field("经度,度", "longitude in degrees")
    lat: float = _field("纬度,度", "latitude in degrees")
    height_m: float = _field("椭球高,米", "ellipsoidal height in metres")


class Origin(Place):
    """原点 · the origin of the site frame."""

    height_datum: str = _field("高程基准", "what the height is measured from")


class SiteName(_Document):
    """大院 · a site."""

    code: str = _field("代码", "code")
    name: str = _field("名称", "name")


class SiteList(_Document):
    """访问者权限内的大院 · the sites in the asker's scope."""

    sites: list[SiteName]


class SiteCounts(_Document):
    """数量,只计访问者可见的 · how many, of what the asker may see."""

    buildings: int
    storeys: int
    rooms: int
    elements: int
    city_objects: int
    cameras: int
    gates: int
    zones: int
    guard_posts: int
    perimeter_segments: int
    doors: int
    fire_points: int
    panic_buttons: int
    lifts: int


class SiteBounds(_Document):
    """范围 · the extent."""

    site_xyz: list[list[float]] | None = _field("站点坐标系最低、最高角点,米", "lowest and highest corner, site-frame metres")


class Tileset(_Document):
    """一个图层的瓦片 · the tiles of one layer."""

    key: str
    kind: str = _field("building、city 或 terrain", "building, city or terrain")
    name: str
    url: str = _field("tileset.json 的地址", "address of its tileset.json")
    building_ids: list[str]
    z_range: list[float] | None = _field("站点坐标系 z,米", "site-frame z in metres")


class SiteDocument(SiteName):
    """一个大院的事实 · the facts of a site."""

    division: str | None = _field("行政区划代码 GB/T 2260", "GB/T 2260 division code")
    crs: str = _field("工程坐标系", "project CRS")
    origin: Origin
    geoid_separation_m: float | None = _field("椭球高减 1985 高程,米", "ellipsoidal minus 1985 height in metres")
    radius_m: float = _field("站点坐标系有效半径,米", "radius in metres within which the site frame holds")
    to_ecef: list[float] = _field(
        "站点坐标系到 EPSG:4978,4×4 列主序", "column-major 4×4 from the site frame to EPSG:4978", min_length=16, max_length=16
    )
    revision: int = _field("随每次导入增长", "grows with every import")
    counts: SiteCounts
    bounds: SiteBounds
    tilesets: list[Tileset]


class _Placed(_Document):
    centre: Place | None = _field("包围盒中心", "centre of the box")
    radius_m: float | None = _field("包围盒对角线之半,米", "half the box's diagonal in metres")


class Storey(_Document):
    """一层 · a storey."""

    id: str
    name: str | None
    long_name: str | None
    elevation_m: float | None = _field("文件所写标高,米", "elevation as the file states it, metres")
    z_range: list[float] | None = _field("站点坐标系 z,米", "site-frame z in metres")
    rooms: int
    elements: int


class Building(_Placed):
    """一栋建筑 · a building."""

    id: str
    name: str | None
    long_name: str | None
    tileset_key: str | None = _field("其瓦片所在图层", "the layer that holds its tiles")
    z_range: list[float] | None = _field("站点坐标系 z,米", "site-frame z in metres")
    rooms: int
    elements: int
    storeys: list[Storey] = _field("自下而上", "from below")


class SiteTree(_Document):
    """大院、建筑、楼层 · site, buildings, storeys."""

    site: SiteName
    buildings: list[Building]
    storeys: list[Storey] = _field("不属于任何建筑的楼层", "storeys that are in no building")


class Child(_Placed):
    """下级要素 · a feature below."""

    id: str
    kind: Kind
    class_name: str = _field("IFC 或 CityGML 类", "IFC or CityGML class", alias="class")
    name: str | None
    long_name: str | None
    area_m2: float | None = _field("量测面积,平方米", "measured area in m²")
    z_range: list[float] | None = _field("站点坐标系 z,米", "site-frame z in metres")


class Children(_Document):
    """一页下级要素 · a page of what lies below."""

    features: list[Child]
    next: str | None = _field("下一页的地址;末页为空", "address of the next page; null on the last one")


class Step(_Document):
    """上级 · one step up the tree."""

    id: str
    kind: Kind
    name: str | None
    long_name: str | None


class Evidence(_Document):
    """出自哪个文件 · the file it came from."""

    file: str
    sha256: str
    entity: str = _field("文件中的实体", "the entity inside the file")
    global_id: str | None


class RevisionName(_Document):
    """出自哪次导入 · the import it came from."""

    id: str
    number: int
    imported_at: str = _field("UTC", "UTC")
    who: str
    tool: str


class FeatureDossier(_Placed):
    """一个要素的全部已知 · everything known of a feature."""

    id: str
    kind: Kind
    class_name: str = _field("IFC 或 CityGML 类", "IFC or CityGML class", alias="class")
    name: str | None
    long_name: str | None
    label: str = _field("密级标签", "label: who may know of it")
    site: str
    parent: str | None
    path: list[Step] = _field("自根而下的上级", "what lies above, the root first")
    building: str | None
    storey: str | None
    space: str | None
    z_range: list[float] | None = _field("站点坐标系 z,米", "site-frame z in metres")
    counts: dict[str, int] = _field("各类下级的数量", "how many of each kind lie below")
    properties: dict[str, Any] = _field("属性集、工程量、分类、量测值等", "property sets, quantities, classification, measured values …")
    source: Evidence
    revision: RevisionName


_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    400: {"description": bilingual("参数无效", "a parameter is wrong"), "content": _PROBLEM},
    403: {"description": bilingual("无权", "the role or scope does not allow it"), "content": _PROBLEM},
    404: {"description": bilingual("没有,或不可知", "there is none, or none for this reader"), "content": _PROBLEM},
    503: {"description": bilingual("库或瓦片暂不可用", "records or tiles cannot be reached now"), "content": _PROBLEM},
}
