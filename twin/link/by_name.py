"""Rooms without a number: by name within their storey, areas choosing among several; and guesses that are only told."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from twin.link.building import BuildingIndex
from twin.link.compare import Rules, Side, compare
from twin.link.contest import Claim
from twin.link.facts import SpaceFact, WorkItem
from twin.link.names import fold_name, names_agree
from twin.link.number import parse_number
from twin.link.written import unify

__all__ = ["link_by_name", "suggest"]

_Place = tuple[str, str]


def link_by_name(
    sides: Iterable[Side], spaces: Iterable[SpaceFact], buildings: BuildingIndex, rules: Rules, refused: set[tuple[str, str]]
) -> tuple[list[Claim], list[WorkItem]]:
    """Claims of records without a number to spaces of the same name in the same storey and building: by name where both
    are the only ones, by area (`geometry`) where one pair alone fits; `LINK_AMBIGUOUS` for the rest."""
    there: dict[tuple[str, str, str], list[SpaceFact]] = defaultdict(list)
    for space in spaces:
        there[space.building_id, _storey(space, rules), fold_name(space.long_name)].append(space)
    claims: list[Claim] = []
    items: list[WorkItem] = []
    wanting: dict[tuple[str, str, str], list[Side]] = defaultdict(list)
    for side in sides:
        name = fold_name(side.record.name) or _words(side)
        place = _place(side, buildings)
        if name and place and not _numbered(side, name):
            wanting[*place, name].append(side)
    for key, records in wanting.items():
        rooms = [space for space in there.get(key, ()) if all((side.record.id, space.id) not in refused for side in records)]
        if rooms:
            found = _pair(records, rooms, rules)
            claims += found
            settled = {claim.record_id for claim in found}
            left = tuple(side.record.id for side in records if side.record.id not in settled)
            if left:
                items.append(_many(left, rooms, key[2]))
    return claims, items


def suggest(sides: Iterable[Side], spaces: Iterable[SpaceFact], buildings: BuildingIndex, rules: Rules) -> dict[str, tuple[str, ...]]:
    """Record → spaces still free in its storey whose name and area agree with it: candidates of a mistyped number."""
    free: dict[_Place, list[SpaceFact]] = defaultdict(list)
    for space in spaces:
        free[space.building_id, _storey(space, rules)].append(space)
    return {
        side.record.id: found
        for side in sides
        if (place := _place(side, buildings)) and (found := tuple(space.id for space in free.get(place, ()) if _alike(side, space, rules)))
    }


def _pair(records: Sequence[Side], rooms: Sequence[SpaceFact], rules: Rules) -> list[Claim]:
    if len(records) == 1 and len(rooms) == 1:
        evidence = compare(records[0], rooms, rules)
        return [_claim(records[0], rooms[0], "name", rules)] if evidence.area is not False else []
    fits = [(side, space) for side in records for space in rooms if compare(side, [space], rules).area is True]
    alone = [
        (side, space) for side, space in fits if sum(one is side for one, _ in fits) == 1 and sum(other is space for _, other in fits) == 1
    ]
    return [_claim(side, space, "geometry", rules) for side, space in alone]


def _claim(side: Side, space: SpaceFact, base: str, rules: Rules) -> Claim:
    return Claim(record_id=side.record.id, space_ids=(space.id,), base=base, evidence=compare(side, [space], rules), building=1.0)


def _many(record_ids: tuple[str, ...], rooms: Sequence[SpaceFact], name: str) -> WorkItem:
    return WorkItem(
        code="LINK_AMBIGUOUS",
        record_ids=record_ids,
        space_ids=tuple(space.id for space in rooms),
        message=f"{len(record_ids)} records without a number and {len(rooms)} rooms are called {name!r} in one storey",
    )


def _alike(side: Side, space: SpaceFact, rules: Rules) -> bool:
    return compare(side, [space], rules).area is True and names_agree(side.record.name, space.long_name) is True


def _storey(space: SpaceFact, rules: Rules) -> str:
    return rules.storey_names.get(space.storey_id) or rules.storeys.get(space.storey_id, "")


def _place(side: Side, buildings: BuildingIndex) -> _Place | None:
    """The building and storey a record says in any of its texts; None where it is not one of each."""
    readings = parse_number(side.record.number)
    storey = side.storey or next((_own_storey(reading.storey, reading.numbers) for reading in readings), "")
    found = buildings.find(side.record.building) if side.record.building else None
    if found is None:
        found = next((own for reading in readings if (own := buildings.find_in(reading)) is not None), None)
    ids = found.ids if found is not None else buildings.ids
    return (ids[0], storey) if len(ids) == 1 and storey else None


def _own_storey(storey: str, numbers: Sequence[object]) -> str:
    value = getattr(numbers[0], "value", 0) if numbers else 0
    return storey or (str(value // 100) if 100 <= value < 10_000 else "")


def _numbered(side: Side, name: str) -> bool:
    """Whether the number column says a number, be it one that cannot be read (2O3): digits that are not the room's name."""
    number = side.record.number
    readable = any(reading.numbers for reading in parse_number(number))
    return readable or (any(letter.isdigit() for letter in unify(number)) and fold_name(number) != name)


def _words(side: Side) -> str:
    return next((fold_name(f"{reading.lead}{reading.words}") for reading in parse_number(side.record.number)), "")
