"""What a column and a class mean: recognised by name, in Chinese and English, from tables."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np

__all__ = ["CLASS_COLUMNS", "COLUMNS", "class_of", "columns_of", "find_column", "identity_column", "json_value", "number", "text"]

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "height": ("height", "height_m", "高度", "建筑高度", "楼高", "建筑高", "高", "bldg_height", "building_height", "measuredheight", "hgt"),
    "storeys": ("storeys", "stories", "levels", "building:levels", "building_levels", "floors", "num_floors", "floor_count",
                "层数", "楼层数", "楼层", "建筑层数", "地上层数"),
    "storey_height": ("层高", "storey_height", "storey_height_m", "floor_height"),
    "storeys_below": ("地下层数", "地下楼层数", "storeys_below", "basements", "underground_floors", "building:levels:underground"),
    "basement_height": ("地下层高", "basement_height", "basement_height_m"),
    "room_number": ("房间号", "房号", "室号", "房间编号", "room_number", "room_no", "roomnumber", "roomno", "number"),
    "room_name": ("房间名称", "房间名", "用房名称", "room_name", "roomname"),
    "room_storey": ("楼层", "所在楼层", "层号", "storey", "story", "floor", "level", "floor_no"),
    "room_building": ("楼栋", "所在楼栋", "楼栋名称", "楼栋编码", "楼名", "建筑名称", "building", "building_name", "building_id", "bldg"),
    "room_area": ("使用面积", "面积", "usable_area", "area", "area_m2"),
    "width": ("width", "width_m", "宽度", "路宽", "道路宽度", "路面宽度", "红线宽度", "宽"),
    "crown": ("crown", "crown_m", "crown_diameter", "crown_diameter_m", "冠幅", "树冠", "冠径"),
    "species": ("species", "树种", "genus", "品种", "树种名称"),
    "name": ("name", "name:zh", "名称", "名字", "道路名称", "路名", "建筑名称", "标注"),
    "id": ("id", "gid", "osm_id", "编号", "编码", "标识码"),
    "heading": ("heading", "heading_deg", "bearing", "朝向", "方位角"),
    "material": ("surface", "material", "材质", "铺装材质", "面层"),
}  # fmt: skip
CLASS_COLUMNS: Final = ("class", "kind", "type", "类别", "类型", "种类", "地物类型")
LAYER_COLUMNS: Final = ("_layer", "layer_name", "图层")
OSM_COLUMNS: Final[dict[str, str]] = {"building": "Building", "highway": "Road", "railway": "Railway", "waterway": "WaterBody"}
OSM_VALUES: Final = ("barrier", "natural", "landuse", "leisure", "amenity")
DISTINCT_SHARE: Final = 0.5
ROOM_NUMBERS: Final = frozenset({"房间号", "房号", "室号", "room_number", "room_no", "roomnumber", "roomno"})
"""Columns that only rooms have: `number` and 房间编号 may be anybody's."""

WORDS: Final[tuple[tuple[str, frozenset[str], tuple[str, ...]], ...]] = (
    ("BuildingRoom", frozenset({"room"}), ("房间",)),
    ("Kerb", frozenset({"kerb", "curb"}), ("路缘", "侧石", "池缘")),
    ("Marking", frozenset({"marking", "crossing", "zebra"}), ("标线", "斑马线", "人行横道", "车位线", "地面标识")),
    ("CityFurniture", frozenset({"furniture", "lamp", "streetlight", "bench", "bollard", "bin"}),
     ("路灯", "庭院灯", "座椅", "长椅", "坐凳", "护柱", "垃圾桶", "市政设施", "城市家具")),
    ("GenericCityObject", frozenset({"sign", "manhole"}), ("灯", "路牌", "标志牌", "井盖")),
    ("Gate", frozenset({"gate", "entrance"}), ("大门", "门岗", "出入口")),
    ("Fence", frozenset({"fence", "perimeter", "barrier", "railing", "wall"}), ("围墙", "围栏", "栅栏", "护栏", "周界")),
    ("SolitaryVegetationObject", frozenset({"tree"}), ("树", "乔木")),
    ("Railway", frozenset({"rail", "railway", "tram", "subway"}), ("铁路", "轨道")),
    ("PlantCover", frozenset({"green", "grass", "lawn", "park", "forest", "wood", "garden", "shrub", "meadow", "plantcover",
                               "flowerbed"}), ("绿地", "绿化", "草", "林", "花坛", "公园", "植被", "灌木")),
    ("Square", frozenset({"paving", "pavement", "plaza", "square", "parking", "court", "courtyard"}), ("铺装", "广场", "停车场", "庭院")),
    ("WaterBody", frozenset({"water", "waterbody", "river", "lake", "pond", "pool", "canal", "stream"}),
     ("水体", "水系", "水面", "水池", "池塘", "河", "湖")),
    ("Building", frozenset({"building", "house", "bldg", "footprint"}), ("建筑", "房屋", "楼")),
    ("Path", frozenset({"path", "footway", "sidewalk", "footpath", "cycleway", "pedestrian", "track"}),
     ("人行道", "步行道", "步道", "园路", "小路")),
    ("Road", frozenset({"road", "street", "highway", "lane", "avenue", "motorway"}), ("道路", "公路", "路", "街", "车道")),
)  # fmt: skip
FITS: Final[dict[str, frozenset[int]]] = {
    "GenericCityObject": frozenset({0, 1, 2}),
    "Building": frozenset({2}),
    "BuildingRoom": frozenset({2}),
    "PlantCover": frozenset({2}),
    "Square": frozenset({2}),
    "WaterBody": frozenset({1, 2}),
    "Road": frozenset({1, 2}),
    "Path": frozenset({1, 2}),
    "Railway": frozenset({1, 2}),
    "Fence": frozenset({1, 2}),
    "Gate": frozenset({0, 1}),
    "Kerb": frozenset({1, 2}),
    "Marking": frozenset({1, 2}),
    "CityFurniture": frozenset({0}),
    "SolitaryVegetationObject": frozenset({0}),
}
QUANTITY = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(?:m|米|公尺|层|f)?\s*$", re.IGNORECASE)


def class_of(attributes: Mapping[str, Any], layer: str, dimension: int) -> str:
    """The CityGML class of a row: from its class column, else its own layer column, else the layer's name.

    Where the class column holds a word not known here, the layer's name counts only if the geometry (0 points, 1 lines,
    2 areas) fits its class; nothing known is `GenericCityObject`.
    """
    lowered = {str(key).lower(): value for key, value in attributes.items()}
    if dimension == 2 and _is_room(attributes, lowered):
        return "BuildingRoom"
    for column in CLASS_COLUMNS:
        found = _class_in(lowered.get(column))
        if found is not None:
            return found
    for column, name in OSM_COLUMNS.items():
        if text(lowered.get(column)) not in (None, "no"):
            return name
    for column in OSM_VALUES:
        found = _class_in(lowered.get(column))
        if found is not None and dimension in FITS[found]:
            return found
    own_layer = next((found for found in (_class_in(lowered.get(column)) for column in LAYER_COLUMNS) if found is not None), None)
    if own_layer is not None:
        return own_layer
    found = _class_in(layer)
    said = any(text(lowered.get(column)) is not None for column in CLASS_COLUMNS)
    if found is not None and (dimension in FITS[found] or not said):
        return found
    return "GenericCityObject"


def _is_room(attributes: Mapping[str, Any], lowered: Mapping[str, Any]) -> bool:
    """Whether a row has the number of a room and the storey it is on, whatever building it names."""
    numbered = any(text(lowered.get(column)) is not None for column in ROOM_NUMBERS)
    return numbered and any(text(attributes[column]) is not None for column in columns_of(attributes, "room_storey"))


def find_column(columns: Iterable[str], meaning: str) -> str | None:
    """The first column that bears a meaning of `COLUMNS`, in the table's order; None where there is none."""
    return next(iter(columns_of(columns, meaning)), None)


def columns_of(columns: Iterable[str], meaning: str) -> list[str]:
    """Every column that bears a meaning of `COLUMNS`, in the table's order: a file may have `height` and 建筑高度."""
    by_name = {str(column).strip().lower(): str(column) for column in columns}
    return [by_name[name] for name in COLUMNS[meaning] if name in by_name]


def identity_column(cells: Mapping[str, Sequence[Any]]) -> str | None:
    """The first column named as an id whose cells tell most rows apart; None where there is none.

    A column called 编码 often holds the code of the kind, the same in every row: no id.
    """
    for column in columns_of(cells, "id"):
        known = [value for value in map(text, cells[column]) if value is not None]
        if known and len(set(known)) >= DISTINCT_SHARE * len(known):
            return column
    return None


def number(value: Any) -> float | None:
    """A positive number of metres or storeys from a cell, `12`, `"12.5 m"`, `"6层"`; None where it is none."""
    if isinstance(value, str):
        match = QUANTITY.match(value)
        value = float(match.group(1)) if match else None
    if value is None or isinstance(value, bool):
        return None
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) and result > 0 else None


def text(value: Any) -> str | None:
    """A cell as text, None where it is empty."""
    value = json_value(value)
    return None if value is None or str(value).strip() == "" else str(value).strip()


def json_value(value: Any) -> Any:
    """A cell as JSON knows it: numpy scalars, dates and missing values turned into numbers, ISO 8601 text and None."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime | date):
        return None if value != value else value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, np.ndarray | list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    return value if value is None or isinstance(value, str | int | float | bool) else None if str(value) in ("NaT", "<NA>") else str(value)


def _class_in(value: Any) -> str | None:
    label = text(value)
    if label is None:
        return None
    tokens = {word for token in re.split(r"[^a-z0-9]+", label.lower()) if token for word in (token, token.removesuffix("s"))}
    return next((name for name, words, parts in WORDS if tokens & words or any(part in label for part in parts)), None)
