"""The units of the demo: departments, what belongs to them, townships, schools and hospitals, each with its credit code."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, islice

import numpy as np

from twin.demo.registers.identifiers import credit_codes
from twin.demo.registers.vocabulary import table

__all__ = ["LEVELS", "Place", "Unit", "compound_units", "places", "province_units"]

LEVELS = {"provincial": "省级", "city": "市级", "county": "县级", "township": "乡级"}
NATURES = {1: "机关", 2: "事业单位", 3: "群团"}
TURN = {"provincial": 0.2, "city": 2.0, "county": 10.0}
NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A division: province, city or county, with the letter of its plates and where it lies (degrees, rounded)."""

    code: str
    name: str
    city: str
    level: str
    letter: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit as the demo knows it; `ranks` its table of ranks, `parent` a name or empty, `kind` as in the energy statistics."""

    code: str = ""
    credit: str = ""
    name: str
    short: str
    level: str
    nature: int
    parent: str
    place: Place
    ranks: str
    kind: str
    staff: int


def places() -> list[Place]:
    """The province, then each city followed by its counties; a county lies within 0.4° of its city, where the table does not say."""
    found = []
    for city in table("divisions")["city"]:
        level = "provincial" if city["code"] == "350000" else "city"
        common = {"letter": city["letter"], "city": city["name"]}
        found.append(Place(code=city["code"], name=city["name"], level=level, lon=city["lon"], lat=city["lat"], **common))
        for number, county in enumerate(city["counties"]):
            code, name = county.split()
            turn = 2.4 * number
            away = 0.03 + 0.028 * number
            lon, lat = city["lon"] + away * float(np.cos(turn)), city["lat"] + away * float(np.sin(turn))
            found.append(Place(code=code, name=name, level="county", lon=round(lon, 4), lat=round(lat, 4), **common))
    return found


def compound_units(rng: np.random.Generator, wanted: int) -> list[Unit]:
    """The bureau first, its own institutions, other departments with theirs, some of the city and the district around the compound."""
    province, city, district = places()[:3]
    provincial = list(_area(province, rng, affiliates=2))
    bureau = [unit for unit in provincial if "机关事务" in unit.name]
    rest = [unit for unit in provincial if "机关事务" not in unit.name]
    local = [*islice(_area(city, rng, affiliates=0), wanted // 12), *islice(_area(district, rng, affiliates=0), wanted // 8)]
    local += islice(_townships(district, rng, 1), wanted // 30)
    return _coded([*bureau, *rest[: max(wanted - len(bureau) - len(local), 0)], *local], rng)


def province_units(rng: np.random.Generator, wanted: int) -> list[Unit]:
    """Departments first, those of the province sooner than a city's and a county's; then townships, schools, hospitals, venues."""
    everywhere = places()
    areas = [list(_area(place, rng, affiliates=1 if place.level == "county" else 3)) for place in everywhere]
    ordered = sorted((at * TURN[unit.level], n, unit.name) for n, area in enumerate(areas) for at, unit in enumerate(area))
    named = {unit.name: unit for area in areas for unit in area}
    heads = [named[name] for _, _, name in ordered]
    counties = [place for place in everywhere if place.level == "county"]
    each = -(-max(wanted - len(heads), 0) // len(counties)) + 8
    rest = [unit for place in counties for unit in islice(chain(_townships(place, rng, 14), _schools(place, rng)), each)]
    return _coded(list({unit.name: unit for unit in (*heads, *rest)}.values())[:wanted], rng)


def _area(place: Place, rng: np.random.Generator, *, affiliates: int) -> Iterator[Unit]:
    words = table("units")
    prefix = "福建省" if place.level == "provincial" else place.city if place.level == "city" else place.city + place.name
    staff = {"provincial": (45, 150), "city": (26, 80), "county": (12, 44)}[place.level]
    turn = 0
    for _, provincial, local in words["departments"]:
        name = provincial if place.level == "provincial" else local
        nature = 2 if name.endswith(("中心", "馆")) else 1
        kind = "国家机关" if nature == 1 else "其他"
        yield _unit(prefix + name, name.removeprefix("人民政府"), place, nature, "", place.level, kind, rng.integers(*staff))
        for _ in range(affiliates + 2 * (turn == 0 and affiliates > 0)):
            label = words["affiliates"][turn % len(words["affiliates"])]
            turn += 1
            label = "保障中心" if name.endswith(label) else label
            ranks = "provincial_affiliate" if place.level == "provincial" else "county"
            kind = "教育机构" if label == "幼儿园" else "其他"
            yield _unit(prefix + name + label, name + label, place, 2, prefix + name, ranks, kind, rng.integers(12, 60))
    for name in words["groups"]:
        yield _unit(prefix + name, name, place, 3, "", place.level, "团体组织", rng.integers(10, 30))


def _townships(place: Place, rng: np.random.Generator, wanted: int) -> Iterator[Unit]:
    """Townships with their offices, schools and health stations."""
    words = table("units")
    first, second = words["township_first"], words["township_second"]
    prefix, seen = place.city + place.name, set[str]()
    while len(seen) < wanted:
        stem = first[rng.integers(len(first))] + second[rng.integers(len(second))]
        if stem in seen:
            continue
        street = place.name.endswith("区") and len(seen) % 2 == 0
        seen.add(stem)
        town = f"{stem}{'街道' if street else '镇'}"
        head = prefix + town + ("办事处" if street else "人民政府")
        yield _unit(head, town, place, 1, "", "township", "国家机关", rng.integers(35, 90))
        for name in words["township_offices"]:
            yield _unit(prefix + town + name, town + name, place, 2, head, "township", "其他", rng.integers(4, 16))
        school = f"{prefix}{stem}中心小学"
        yield _unit(school, f"{stem}中心小学", place, 2, head, "township", "教育机构", rng.integers(40, 130))
        for n in range(4):
            name = f"{stem}第{NUMERALS[n]}小学"
            yield _unit(prefix + name, name, place, 2, school, "township", "教育机构", rng.integers(8, 45))
        for name in ("初级中学", "中心幼儿园", "卫生院"):
            kind = "医疗机构" if name == "卫生院" else "教育机构"
            yield _unit(prefix + stem + name, stem + name, place, 2, head, "township", kind, rng.integers(18, 110))


def _schools(place: Place, rng: np.random.Generator) -> Iterator[Unit]:
    """Hospitals and venues of a county, then its schools and kindergartens without end."""
    prefix = place.city + place.name
    for name in ("医院", "中医院", "妇幼保健院", "疾病预防控制中心"):
        yield _unit(prefix + name, place.name + name, place, 2, f"{prefix}卫生健康局", "county", "医疗机构", rng.integers(80, 900))
    for name in ("图书馆", "文化馆", "博物馆", "体育中心", "青少年宫"):
        yield _unit(prefix + name, place.name + name, place, 2, f"{prefix}文化体育和旅游局", "county", "场馆", rng.integers(10, 60))
    for number in count(1):
        for name in ("小学", "中学", "幼儿园"):
            whole = f"第{number}{name}"
            yield _unit(prefix + whole, place.name + whole, place, 2, f"{prefix}教育局", "county", "教育机构", rng.integers(16, 190))


def _unit(name: str, short: str, place: Place, nature: int, parent: str, ranks: str, kind: str, staff: np.int64) -> Unit:
    level = "township" if ranks == "township" else place.level
    return Unit(name=name, short=short, level=level, nature=nature, parent=parent, place=place, ranks=ranks, kind=kind, staff=int(staff))


def _coded(units: Sequence[Unit], rng: np.random.Generator) -> list[Unit]:
    """Each with a code and a credit code; a parent that is not among them is left out."""
    names = {unit.name for unit in units}
    serial = rng.choice(89_999_999, len(units), replace=False) + 10_000_000
    nature = np.array([unit.nature for unit in units])
    division = np.array([int(unit.place.code) for unit in units])
    credit = credit_codes(nature, division, serial).to_pylist()
    return [
        replace(unit, code=f"{unit.place.code}{at + 1:05d}", credit=credit[at], parent=unit.parent if unit.parent in names else "")
        for at, unit in enumerate(units)
    ]
