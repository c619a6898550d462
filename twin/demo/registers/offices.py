"""Who sits where: people with ranks, the rooms of the models filled with them, rooms of other buildings made for them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from twin.demo.registers.buildings import Building
from twin.demo.registers.models import ModelRoom
from twin.demo.registers.units import Unit
from twin.demo.registers.vocabulary import draw, people_names, table

__all__ = ["Person", "Room", "fill_models", "house_rooms", "limit_m2", "people_of", "rooms_for"]

OFFICE = "办公室"
USES = {
    "服务用房": "会议 接待 档案 资料 阅览 展览 多功能 贵宾 观众 舞台 前厅 门厅 候场 化妆 声控 灯光 道具",
    "设备用房": "配电 设备 消防控制 电梯井",
    "附属用房": "值班 库房 开水",
    "公共部位": "走廊 楼梯 卫生间 电梯厅",
}


@dataclass(slots=True, kw_only=True)
class Person:
    """Someone of a unit (position), with rank and, once seated, room (position) and seat from 1."""

    name: str
    unit: int
    rank: str
    section: str
    room: int = -1
    seat: int = 0


@dataclass(slots=True, kw_only=True)
class Room:
    """A room: positions of building and unit (−1: none), storey (−1 the basement), use as the register words it, usable m², people;
    `second` are those who have it besides their own."""

    building: int = -1
    storey: int = 0
    number: str = ""
    name: str
    use: str
    area_m2: float
    unit: int = -1
    people: list[int] = field(default_factory=list)
    second: list[int] = field(default_factory=list)
    washroom_m2: float = 0.0
    model: ModelRoom | None = None


def limit_m2(unit: Unit, rank: str) -> float:
    """The largest office of one person of a rank in a unit, usable m²."""
    limits = table("rooms")["limit"][unit.level]
    return float(limits.get(rank, limits["others"]))


def people_of(units: Sequence[Unit], staff: Sequence[int], rng: np.random.Generator) -> list[Person]:
    """The people of each unit, higher ranks first: a chief, deputies, then by the shares of the unit's kind."""
    words = table("units")
    ranks: list[str] = []
    unit_of: list[int] = []
    for at, (unit, count) in enumerate(zip(units, staff, strict=True)):
        shape = words["ranks"][unit.ranks]
        heads = [shape["chief"], *[shape["deputy"]] * shape["deputies"]][:count]
        names = list(shape["shares"])
        rest = np.sort(draw(rng, list(shape["shares"].values()), count - len(heads)))
        ranks += [*heads, *(names[i] for i in rest)]
        unit_of += [at] * count
    sections = words["sections"]
    section = rng.integers(0, len(sections), len(ranks)).tolist()
    return [
        Person(name=name, unit=unit, rank=rank, section="" if rank.startswith("bureau") else sections[s])
        for name, unit, rank, s in zip(people_names(rng, len(ranks)), unit_of, ranks, section, strict=True)
    ]


def fill_models(rooms: Sequence[ModelRoom], houses: Sequence[Building], units: Sequence[Unit], people: Sequence[Person]) -> list[Room]:
    """The models' rooms as the register has them; offices take people until their limits cover the area, at most one per 4.5 m²."""
    building = {house.number: at for at, house in enumerate(houses)}
    waiting = list(range(len(people)))
    filled = []
    for room in sorted(rooms, key=lambda one: "处长" not in one.name):
        use = next((use for use, words in USES.items() if any(word in room.name for word in words.split())), OFFICE)
        here = Room(
            building=building[room.building],
            storey=int(room.storey.removesuffix("F")),
            number=room.number,
            name=room.name,
            use=use,
            area_m2=room.area_m2,
            unit=0 if use != "公共部位" else -1,
            model=room,
        )
        while use == OFFICE and waiting and (len(here.people) + 1) * 4.5 <= room.area_m2:
            if sum(limit_m2(units[people[at].unit], people[at].rank) for at in here.people) >= room.area_m2:
                break
            here.people.append(waiting.pop(0 if not here.people and "长" in room.name else -1))
        if here.people:
            here.unit = people[here.people[0]].unit
        filled.append(here)
    return sorted(filled, key=lambda room: (room.building, room.storey, room.number))


def rooms_for(unit: Unit, at: int, ranked: Sequence[tuple[int, str]], rng: np.random.Generator) -> list[Room]:
    """Rooms made for a unit's people (position, rank), within their limits: high ranks alone, others together; then what stands beside."""
    rooms: list[Room] = []
    low: list[int] = []
    for person, rank in ranked:
        limit = limit_m2(unit, rank)
        if limit >= 12:
            pair = limit == 12 and rooms and len(rooms[-1].people) == 1 and rooms[-1].area_m2 <= 12 and rng.random() < 0.4
            if pair:
                rooms[-1].people.append(person)
                rooms[-1].area_m2 = round(float(rng.uniform(19, 24)), 2)
                continue
            area = round(limit * float(rng.uniform(0.8, 0.995)), 2)
            rooms.append(Room(name=f"{_title(rank)}办公室", use=OFFICE, area_m2=area, unit=at, people=[person]))
            if limit >= 24:
                rooms[-1].washroom_m2 = round(float(rng.uniform(2.8, 5.8)), 2)
        else:
            low.append(person)
    while low:
        count = int(min(rng.choice([1, 1, 2, 2, 2, 3, 3, 4, 6]), len(low)))
        area = round(9 * count * float(rng.uniform(0.68, 0.99)), 2)
        rooms.append(Room(name=OFFICE, use=OFFICE, area_m2=area, unit=at, people=low[:count]))
        low = low[count:]
    return [*rooms, *beside(max(len(ranked) // 12, 1), at, rng)]


def beside(count: int, unit: int, rng: np.random.Generator) -> Iterator[Room]:
    """Meeting rooms, archives, stores and the like of a unit."""
    kinds = table("rooms")["beside"]
    for i in draw(rng, [kind["share"] for kind in kinds], count).tolist():
        low, high = kinds[i]["area"]
        yield Room(name=kinds[i]["name"], use=kinds[i]["use"], area_m2=round(float(rng.uniform(low, high)), 2), unit=unit)


def house_rooms(rooms: Sequence[Room], houses: list[Building], free: list[int], more: Callable[[], Building]) -> None:
    """Give rooms storeys and numbers, building after building; `free` holds positions of empty houses, `more` makes another."""
    at, taken = -1, 0
    cellar = 0
    for room in rooms:
        if at < 0 or taken >= houses[at].capacity:
            if free:
                at = free.pop(0)
            else:
                houses.append(more())
                at = len(houses) - 1
            taken, cellar = 0, 0
        house = houses[at]
        if house.below and cellar < 6 and room.use in ("附属用房", "设备用房"):
            cellar += 1
            room.building, room.storey, room.number = at, -1, f"B1{cellar:02d}"
            continue
        storey, place = divmod(taken, house.per_storey)
        taken += 1
        room.building, room.storey, room.number = at, storey + 1, f"{storey + 1}{place + 1:02d}"


def _title(rank: str) -> str:
    return {"bureau_chief": "厅长", "bureau_deputy": "副厅长", "division_chief": "处长", "division_deputy": "副处长"}.get(rank, "科长")
