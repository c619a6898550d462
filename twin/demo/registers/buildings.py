"""The buildings of the demo: those of the compound, office houses of the city model, and those a division's units share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from shapely.geometry import Polygon

from spatial.crs import horizontal
from twin.demo.city import CityBuilding
from twin.demo.registers.units import Place
from twin.demo.siteplan import CRS, TOWER, to_grid

__all__ = ["COMPOUND", "Building", "city_houses", "compound_houses", "shared_house", "storey_name", "storey_words"]

COMPOUND = "屏山大院"
NUMERALS = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十")
STRUCTURES = ("框架", "框剪", "砖混", "钢混")
MODELLED = {"1号楼": ("tower", "综合办公楼"), "2号楼": ("block", "综合服务楼"), "3号楼": ("hall", "大礼堂")}
STOREYS = {"tower": 12, "block": 4, "hall": 2}
FOOTPRINTS_M2 = {"tower": 762.1, "block": 832.3, "hall": 1380.0}


@dataclass(slots=True, kw_only=True)
class Building:
    """A building: `model` names the IFC model or the city model's object that shows it, `style` how its clerk writes storeys."""

    code: str
    name: str
    site: str
    number: str
    place: Place
    address: str
    storeys: int
    per_storey: int
    below: int = 0
    built: int = 2000
    footprint_m2: float = 0.0
    lon: float = 0.0
    lat: float = 0.0
    model: str = ""
    style: int = 0
    structure: str = "框架"
    holder: str = ""

    @property
    def capacity(self) -> int:
        """How many rooms the storeys above the ground hold."""
        return self.storeys * self.per_storey


@cache
def storey_words(storey: int, style: int) -> str:
    """A storey as one clerk writes it: 3F, 3层, 三层, 3, 3楼; below ground B1, 负一层, 地下一层."""
    if storey < 0:
        return (f"B{-storey}", f"负{NUMERALS[-storey]}层", f"地下{NUMERALS[-storey]}层", f"{storey}", f"B{-storey}")[style % 5]
    return (f"{storey}F", f"{storey}层", f"{storey_name(storey)}层", f"{storey}", f"{storey}楼")[style % 5]


@cache
def storey_name(storey: int) -> str:
    """The Chinese numeral of a storey up to 39: 12 is 十二."""
    tens, ones = divmod(storey, 10)
    return ("" if not tens else "十" if tens == 1 else NUMERALS[tens] + "十") + (NUMERALS[ones] if ones or not tens else "")


def compound_houses(place: Place, models: Sequence[str], others: int, rng: np.random.Generator) -> list[Building]:
    """Buildings 1 to 3, which have models, then `others` that the register alone knows."""
    houses = []
    for at in range(3 + others):
        number = f"{at + 1}号楼"
        model, name = MODELLED.get(number, ("", "办公楼"))
        lon, lat = _lon_lat(-120.0 + 31.0 * (at % 9), -90.0 + 60.0 * (at % 4)) if model == "" else _lon_lat(TOWER.u + 60.0 * at, TOWER.v)
        storeys = STOREYS.get(model, int(rng.integers(4, 9)))
        houses.append(
            Building(
                code=f"{place.code}{at + 1:04d}",
                name=f"{COMPOUND}{number}" + (f"({name})" if model else ""),
                site=COMPOUND,
                number=number,
                place=place,
                address=f"福州市鼓楼区屏山路1号{number}",
                storeys=storeys,
                per_storey=int(rng.integers(14, 22)),
                below=int(rng.random() < 0.3) if not model else 0,
                built=int(rng.integers(1985, 2016)),
                footprint_m2=FOOTPRINTS_M2.get(model, round(float(rng.uniform(620, 1150)), 1)),
                lon=lon,
                lat=lat,
                model=model if model in models else "",
                style=0 if model else int(rng.integers(0, 5)),
                structure=STRUCTURES[int(rng.integers(0, 4))],
            )
        )
    return houses


def city_houses(place: Place, rows: Sequence[CityBuilding], first: int, rng: np.random.Generator) -> list[Building]:
    """What the city model shows, with the model's own footprint and storeys; `first` is the number of the first code."""
    houses = []
    for at, row in enumerate(row for row in rows if row.style != "crude"):
        shape = Polygon(row.ring)
        lon, lat = _lon_lat(shape.centroid.x, shape.centroid.y)
        houses.append(
            Building(
                code=f"{place.code}{first + at:04d}",
                name=row.name,
                site="",
                number=row.name,
                place=place,
                address=f"福州市鼓楼区屏山路{at + 3}号",
                storeys=row.storeys,
                per_storey=max(int(shape.area // 38), 6),
                built=int(rng.integers(1988, 2021)),
                footprint_m2=round(shape.area, 1),
                lon=lon,
                lat=lat,
                model=row.id,
                style=int(rng.integers(0, 5)),
                structure=STRUCTURES[int(rng.integers(0, 4))],
            )
        )
    return houses


def shared_house(place: Place, at: int, ordinal: int, owner: str, rng: np.random.Generator) -> Building:
    """A building of a division's administrative centre, or an office house of one unit where `owner` names it."""
    tall = rng.random() < 0.1
    storeys = int(rng.integers(8, 19)) if tall else int(rng.integers(4, 9))
    per_storey = int(rng.integers(9, 15)) if tall else int(rng.integers(11, 22))
    short = place.name if place.level != "provincial" else "省直"
    site = "" if owner else f"{short}行政中心"
    number = f"{ordinal}号楼"
    return Building(
        code=f"{place.code}{at:04d}",
        name=f"{owner}办公楼" + (f"{ordinal}号楼" if ordinal > 1 else "") if owner else site + number,
        site=site,
        number=number if site else "",
        place=place,
        address=f"{'' if place.city == place.name else place.city}{place.name}{_street(rng)}{int(rng.integers(1, 399))}号",
        storeys=storeys,
        per_storey=per_storey,
        below=int(rng.random() < 0.3),
        built=int(rng.integers(1982, 2022)),
        footprint_m2=round(per_storey * float(rng.uniform(34, 52)), 1),
        lon=round(place.lon + float(rng.normal(0, 0.008)), 6),
        lat=round(place.lat + float(rng.normal(0, 0.008)), 6),
        style=int(rng.integers(0, 5)),
        structure=STRUCTURES[int(rng.integers(0, 4))],
    )


def _street(rng: np.random.Generator) -> str:
    first, second = "东西南北中新建江湖龙凤金华福", "大路街门山湖台滨安环"
    return first[rng.integers(len(first))] + second[rng.integers(len(second))] + ("路" if rng.random() < 0.7 else "大道")


def _lon_lat(u: float, v: float) -> tuple[float, float]:
    east, north = to_grid(u, v)
    lon, lat = horizontal(CRS).to_lon_lat(east, north)
    return round(float(lon), 6), round(float(lat), 6)
