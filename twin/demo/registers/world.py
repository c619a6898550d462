"""The facts that all registers of one demo tell: units, buildings, rooms, people, and what the models hold."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from pathlib import Path

import numpy as np

from twin.demo.city import city_buildings
from twin.demo.registers.buildings import Building, city_houses, compound_houses, shared_house
from twin.demo.registers.models import ModelDoor, ModelThing, read_models
from twin.demo.registers.offices import Person, Room, beside, fill_models, house_rooms, people_of, rooms_for
from twin.demo.registers.units import Place, Unit, compound_units, places, province_units
from twin.errors import Invalid

__all__ = ["SCALES", "Scale", "World", "build_world"]

AREA_M2 = 1_300_000.0
OWN_HOUSE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much of everything; `holders` are the units with assets, `seated` those with office space, `city` the limit of city buildings."""

    units: int
    holders: int
    seated: int
    people: int
    bureau: int
    houses: int
    city: int | None
    rooms: int | None
    assets: int
    vehicles: int
    orders_per_day: int
    days: int
    whole: bool = False


SCALES = {
    "small": Scale(
        units=12,
        holders=12,
        seated=12,
        people=180,
        bureau=120,
        houses=2,
        city=20,
        rooms=None,
        assets=700,
        vehicles=24,
        orders_per_day=8,
        days=5,
    ),
    "compound": Scale(
        units=60,
        holders=60,
        seated=60,
        people=2_400,
        bureau=560,
        houses=9,
        city=None,
        rooms=None,
        assets=40_000,
        vehicles=500,
        orders_per_day=80,
        days=30,
    ),
    "province": Scale(
        units=40_000,
        holders=1_040,
        seated=400,
        people=88_000,
        bureau=560,
        houses=9,
        city=None,
        rooms=65_000,
        assets=1_948_400,
        vehicles=50_000,
        orders_per_day=8_000,
        days=7,
        whole=True,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that is, before anyone writes it down wrongly; positions in the lists are what the rows refer to."""

    scale: Scale
    seed: int
    today: date
    units: list[Unit]
    buildings: list[Building]
    rooms: list[Room]
    people: list[Person]
    things: list[ModelThing] = field(default_factory=list)
    doors: list[ModelDoor] = field(default_factory=list)

    def rng(self, *stream: int) -> np.random.Generator:
        """The random numbers of one register: others do not change where one asks for more."""
        return np.random.default_rng([self.seed, 77, *stream])


def build_world(scale: Scale, *, seed: int, today: date, models: Mapping[str, Path] | None = None) -> World:
    """The world of a scale; with `models` (key → IFC) the rooms of the first three buildings are those of the models."""
    rng = np.random.default_rng([seed, 76])
    units = province_units(rng, scale.units) if scale.whole else compound_units(rng, scale.units)
    staff = _staff(units[: scale.seated], scale)
    people = people_of(units[: scale.seated], staff, rng)
    drawn = read_models(models or {})
    division = next(place for place in places() if place.code == "350102")
    houses = compound_houses(division, list(models or {}), scale.houses, rng)
    own = [person for person in people if person.unit < 5]
    rooms = fill_models(drawn.rooms, houses, units, own) if drawn.rooms else []
    for building in {room.building for room in rooms}:
        houses[building].storeys = max(room.storey for room in rooms if room.building == building)
    city = city_houses(division, city_buildings(np.random.default_rng([seed, 1]), limit=scale.city), len(houses) + 1, rng)
    houses += city
    _house_the_rest(units, people, rooms, houses, scale, rng)
    for at, room in enumerate(rooms):
        for seat, person in enumerate(room.people, 1):
            people[person].room, people[person].seat = at, seat
    for house, holder in zip(houses, _holders(rooms, units, len(houses)), strict=True):
        house.holder = holder
    counts = np.bincount([person.unit for person in people], minlength=len(units))
    units = [replace(unit, staff=int(count) or unit.staff) for unit, count in zip(units, counts, strict=True)]
    return World(
        scale=scale,
        seed=seed,
        today=today,
        units=units,
        buildings=houses,
        rooms=rooms,
        people=people,
        things=drawn.things,
        doors=drawn.doors,
    )


def _staff(units: list[Unit], scale: Scale) -> list[int]:
    """People of each unit: the bureau and its four institutions have `bureau` together, the others share the rest by their size."""
    family = np.array([0.72, 0.07, 0.07, 0.07, 0.07])[: len(units)] * scale.bureau
    rest = np.array([unit.staff for unit in units[5:]], np.float64)
    counts = np.floor(np.concatenate([family, rest / rest.sum() * (scale.people - family.sum())])).astype(int)
    counts[0] += scale.people - counts.sum()
    return [int(count) for count in counts]


def _house_the_rest(
    units: list[Unit], people: list[Person], rooms: list[Room], houses: list[Building], scale: Scale, rng: np.random.Generator
) -> None:
    """Rooms for whoever has none in a model: the compound's other buildings first, then office houses of the city, then new ones."""
    seated = {person for room in rooms for person in room.people}
    waiting: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for at, person in enumerate(people):
        if at not in seated:
            waiting[person.unit].append((at, person.rank))
    made = {unit: rooms_for(units[unit], unit, ranked, rng) for unit, ranked in waiting.items()}
    if scale.rooms is not None:
        _fill_up(made, scale.rooms - len(rooms), AREA_M2 - sum(room.area_m2 for room in rooms), rng)
    by_place: dict[Place, list[Room]] = defaultdict(list)
    for unit, own in made.items():
        by_place[units[unit].place].extend(own)
    compound = [at for at, house in enumerate(houses) if house.site and not house.model and house.number not in ("1号楼", "2号楼", "3号楼")]
    offices = [at for at, house in enumerate(houses) if house.name.startswith("办公楼")]
    numbers: dict[str, int] = defaultdict(int, {houses[0].place.code: len(houses)})
    for place, own in by_place.items():
        free = [*compound, *offices] if place.level == "provincial" else []
        inside = sum(houses[at].capacity for at in free)
        shared = own[:inside] if free else [room for room in own if len(made[room.unit]) < OWN_HOUSE]
        house_rooms(shared, houses, free, _next_house(place, numbers, "", rng))
        kept = {id(room) for room in shared}
        apart: dict[int, list[Room]] = defaultdict(list)
        for room in own:
            if id(room) not in kept:
                apart[room.unit].append(room)
        for unit, rest in apart.items():
            house_rooms(rest, houses, [], _next_house(place, numbers, units[unit].name, rng))
        rooms += own


def _next_house(place: Place, numbers: dict[str, int], owner: str, rng: np.random.Generator) -> Callable[[], Building]:
    ordinals = count(1)

    def make() -> Building:
        numbers[place.code] += 1
        return shared_house(place, numbers[place.code], next(ordinals), owner, rng)

    return make


def _fill_up(made: dict[int, list[Room]], wanted: int, area_m2: float, rng: np.random.Generator) -> None:
    """Add rooms beside the offices until there are `wanted`, and scale theirs so that all have `area_m2` together."""
    missing = wanted - sum(len(own) for own in made.values())
    if missing < 0:
        raise Invalid(f"{-missing} rooms too many for this scale", path="people", hint="fewer people")
    units = list(made)
    added: list[Room] = []
    for unit in rng.choice(units, missing).tolist():
        added += beside(1, unit, rng)
    held = sum(room.area_m2 for own in made.values() for room in own)
    factor = (area_m2 - held) / max(sum(room.area_m2 for room in added), 1.0)
    for room in added:
        room.area_m2 = round(room.area_m2 * factor, 2)
        made[room.unit].append(room)


def _holders(rooms: list[Room], units: list[Unit], houses: int) -> list[str]:
    """The unit with most rooms of each building: its holder; the bureau of a building nobody has rooms in."""
    counts: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for room in rooms:
        if room.unit >= 0:
            counts[room.building][room.unit] += 1
    bureau = units[0].name
    return [units[max(counts[at], key=lambda unit: counts[at][unit])].name if at in counts else bureau for at in range(houses)]
