"""The rooms of one building by number: every sense of a number finds its rooms without comparing all with all."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from twin.link.number import Reading, RoomNumber, parse_number

__all__ = ["Doors", "Found", "Shelf", "ShelfRoom"]

Key = tuple[str, str]
"""A number's letter, and its storey and ordinal or its digits."""


class ShelfRoom(NamedTuple):
    """A room that exists: its number as written, the storey in the notation of `twin.link.storey` or "" where it is not known."""

    id: str
    number: str
    storey: str = ""


class Found(NamedTuple):
    """Rooms that a number may mean, and how it fits: `number`, `part`, `whole`, `letter` (see `Evidence.tier`), "" for none."""

    ids: tuple[str, ...] = ()
    tier: str = ""


class _Door(NamedTuple):
    """What a number in a storey says: of how many of its senses with a storey the number begins with it; the keys of each sense."""

    coded: int
    told: int
    keys_if_coded: tuple[tuple[RoomNumber, tuple[Key, ...]], ...]
    keys_if_not: tuple[tuple[RoomNumber, tuple[Key, ...]], ...]


class Doors(dict[tuple[str, str], _Door]):
    """Number as written and storey → its door: rooms of many buildings have the same; for as long as shelves are made."""

    def __missing__(self, key: tuple[str, str]) -> _Door:
        door = self[key] = _door(*key)
        return door


class Shelf:
    """Rooms of a building under all the keys their numbers have.

    Two keys name a room: its storey and ordinal (`2/3` for 203, 2-03, 二层3室) and its number as it stands (`203`). The first
    is used only where the building's numbers do begin with their storey, which the building itself shows.
    """

    def __init__(self, rooms: Sequence[ShelfRoom], doors: Doors | None = None) -> None:
        known = Doors() if doors is None else doors
        behind = [(id, known[number, storey]) for id, number, storey in rooms]
        self.storey_coded = sum(door.coded for _, door in behind) * 2 >= sum(door.told for _, door in behind)
        self._rooms: dict[Key, tuple[tuple[str, str], ...]] = {}
        self._bare: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.storeys = {id: storey for id, _, storey in rooms}
        for id, door in behind:
            for number, keys in door.keys_if_coded if self.storey_coded else door.keys_if_not:
                self._put(id, number, keys)

    def _put(self, id: str, number: RoomNumber, keys: Sequence[Key]) -> None:
        room = ((id, number.suffix),)
        for key in keys:
            there = self._rooms.get(key)
            self._rooms[key] = room if there is None else there + room
            if number.letter.isalpha():
                self._bare[key[1], number.suffix].append(id)

    def find_all(self, numbers: Sequence[RoomNumber], storey: str) -> tuple[Found, ...]:
        """What each number means (`find`); empty where one of them leads to no room."""
        if len(numbers) == 1:
            one = self.find(numbers[0], storey)
            return (one,) if one.ids else ()
        found = tuple(self.find(number, storey) for number in numbers)
        return found if all(one.ids for one in found) else ()

    def find(self, number: RoomNumber, storey: str) -> Found:
        """The rooms that a number in a storey ("" where none is said) means; several where the building itself repeats it."""
        bound = storey if number.value < 100 or (storey and storey == f"-{number.value // 100}") else ""
        keys = _keys(number, storey, self.storey_coded)
        there = [self._rooms.get((number.letter, key), ()) for key in keys]
        for base in there:
            if len(base) == 1 and not bound:
                ((id, suffix),) = base
                if suffix == number.suffix:
                    return Found((id,), "number")
            elif ids := self._on([id for id, suffix in base if suffix == number.suffix], storey, bound):
                return Found(ids, "number")
        for base in there:
            if number.suffix and (ids := self._on([id for id, suffix in base if not suffix], storey, bound)):
                return Found(ids, "part")
            if not number.suffix and (ids := self._on([id for id, _ in base], storey, bound)):
                return Found(ids, "whole")
        if not number.letter:
            for key in keys:
                if ids := self._on(self._bare.get((key, number.suffix), ()), storey, bound):
                    return Found(ids, "letter")
        return Found()

    def _on(self, ids: Sequence[str], storey: str, bound: str) -> tuple[str, ...]:
        """Of several rooms those of the storey said, all where none is there; with `bound` only those of that storey or of none."""
        if len(ids) == 1 and not bound:
            return (ids[0],)
        unique = tuple(id for id in dict.fromkeys(ids) if not bound or self.storeys[id] in ("", bound))
        there = tuple(id for id in unique if self.storeys[id] == storey)
        return there if storey and len(unique) > 1 and there else unique


def _door(number: str, storey: str) -> _Door:
    senses = [(reading, own) for reading in _own(number) for own in reading.numbers[:1]]
    told = [storey.lstrip("-") == str(own.value // 100) for _, own in senses if own.value >= 100 and storey]
    coded, plain = (
        tuple(
            (own, tuple((own.letter, key) for key in _keys(own, reading.storey or storey, coded, literal=not reading.storey)))
            for reading, own in senses
        )
        for coded in (True, False)
    )
    return _Door(sum(told), len(told), coded, plain)


def _own(number: str) -> Iterator[Reading]:
    """The senses of a room's own number: it says no building, or one that its neighbours share."""
    readings = parse_number(number)
    own = [reading for reading in readings if reading.numbers and not reading.building]
    yield from own or [reading for reading in readings if reading.numbers][:1]


def _keys(number: RoomNumber, storey: str, coded: bool, *, literal: bool = True) -> list[str]:
    value = number.value
    if value < 100:
        keys = [f"{storey}/{value}"] if storey else []
        return [*keys, f"#{value}"] if literal else keys
    if not coded or value >= 10_000:
        return [f"#{value}"]
    head, ordinal = divmod(value, 100)
    return [f"{storey}/{ordinal}" if storey == f"-{head}" else f"{head}/{ordinal}", f"#{value}"]
