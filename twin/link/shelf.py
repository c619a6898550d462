"""The rooms of one building by number: every sense of a number finds its rooms without comparing all with all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from sys import intern

from twin.link.number import Reading, RoomNumber, parse_number

__all__ = ["Found", "Shelf", "ShelfRoom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfRoom:
    """A room that exists: its number as written, the storey in the notation of `twin.link.storey` or "" where it is not known."""

    id: str
    number: str
    storey: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Rooms that a number may mean, and how it fits: `number`, `part`, `whole`, `letter` (see `Evidence.tier`), "" for none."""

    ids: tuple[str, ...] = ()
    tier: str = ""


class Shelf:
    """Rooms of a building under all the keys their numbers have.

    Two keys name a room: its storey and ordinal (`2/3` for 203, 2-03, 二层3室) and its number as it stands (`203`). The first
    is used only where the building's numbers do begin with their storey, which the building itself shows.
    """

    def __init__(self, rooms: Sequence[ShelfRoom]) -> None:
        numbered = [(room, reading, number) for room in rooms for reading in _own(room) for number in reading.numbers[:1]]
        self.storey_coded = _is_storey_coded(numbered)
        self._rooms: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        self._bare: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.storeys = {room.id: room.storey for room in rooms}
        for room, reading, number in numbered:
            for key in self._keys(number, reading.storey or room.storey, literal=not reading.storey):
                at = (intern(number.letter), intern(key))
                self._rooms[at] = (*self._rooms.get(at, ()), (room.id, number.suffix))
                if number.letter.isalpha():
                    self._bare[key, number.suffix].append(room.id)

    def find(self, number: RoomNumber, storey: str) -> Found:
        """The rooms that a number in a storey ("" where none is said) means; several where the building itself repeats it."""
        keys = list(self._keys(number, storey))
        bound = storey if number.value < 100 or storey == f"-{number.value // 100}" else ""
        there = [self._rooms.get((number.letter, key), ()) for key in keys]
        for base in there:
            if ids := self._on([id for id, suffix in base if suffix == number.suffix], storey, bound):
                return Found(ids=ids, tier="number")
        for base in there:
            if number.suffix and (ids := self._on([id for id, suffix in base if not suffix], storey, bound)):
                return Found(ids=ids, tier="part")
            if not number.suffix and (ids := self._on([id for id, _ in base], storey, bound)):
                return Found(ids=ids, tier="whole")
        if not number.letter:
            for key in keys:
                if ids := self._on(self._bare.get((key, number.suffix), ()), storey, bound):
                    return Found(ids=ids, tier="letter")
        return Found()

    def _on(self, ids: Sequence[str], storey: str, bound: str) -> tuple[str, ...]:
        """Of several rooms those of the storey said, all where none is there; with `bound` only those of that storey or of none."""
        if len(ids) == 1 and not bound:
            return (ids[0],)
        unique = tuple(id for id in dict.fromkeys(ids) if not bound or self.storeys[id] in ("", bound))
        there = tuple(id for id in unique if self.storeys[id] == storey)
        return there if storey and len(unique) > 1 and there else unique

    def _keys(self, number: RoomNumber, storey: str, *, literal: bool = True) -> Iterator[str]:
        if number.value < 100:
            if storey:
                yield f"{storey}/{number.value}"
        elif self.storey_coded and number.value < 10_000:
            head, ordinal = divmod(number.value, 100)
            yield f"{storey}/{ordinal}" if storey == f"-{head}" else f"{head}/{ordinal}"
        if literal or number.value >= 100:
            yield f"#{number.value}"


def _own(room: ShelfRoom) -> Iterator[Reading]:
    """The senses of a room's own number: it says no building, or one that its neighbours share."""
    readings = parse_number(room.number)
    own = [reading for reading in readings if reading.numbers and not reading.building]
    yield from own or [reading for reading in readings if reading.numbers][:1]


def _is_storey_coded(numbered: Iterable[tuple[ShelfRoom, Reading, RoomNumber]]) -> bool:
    said = [room.storey.lstrip("-") == str(number.value // 100) for room, _, number in numbered if number.value >= 100 and room.storey]
    return sum(said) * 2 >= len(said)
