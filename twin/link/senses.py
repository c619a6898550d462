"""Between the senses of one text: those that lead to rooms that exist, then what other texts of the same form mean."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twin.link.building import BuildingIndex, BuildingMatch
from twin.link.number import Reading
from twin.link.shelf import Found, Shelf

__all__ = ["Habits", "Sense", "Text", "find_senses", "hangs_on_habits", "is_far_fetched", "learn_habits", "pick_sense", "read_text"]

_ENOUGH = 3
_MOSTLY = 0.8
_PACKED = ("packed",)
_GUESSED = (*_PACKED, "letter=building")
_FAR_FETCHED = (*_GUESSED, "below", "building-room")
_LOOSE = (*_GUESSED, "building-room")
"""Kinds that take a building out of a bare number: packed ones never beside a building column, the others not beside one that
says nothing known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A place as written: building, storey (in the notation of `twin.link.storey`, "" for none) and room; `form` is how its room
    can be read, a building's name in front left aside."""

    building: str
    storey: str
    room: str
    form: str


def read_text(building: str, storey: str, room: str, buildings: BuildingIndex) -> Text:
    """A text with its form; `storey` in the notation of `twin.link.storey`."""
    return Text(building=building, storey=storey, room=room, form="|".join(reading.kind for reading, _ in buildings.read(room)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """One sense of a text in one building: rooms per number, and how sure the building is. Nothing found is `found` all empty;
    `likeliest` that it is the first sense of its text."""

    reading: Reading
    building_id: str
    building: BuildingMatch
    found: tuple[Found, ...]
    likeliest: bool = True

    @property
    def complete(self) -> bool:
        """Whether every number leads to a room."""
        return bool(self.found) and all(found.ids for found in self.found)

    @property
    def ids(self) -> tuple[str, ...]:
        """The rooms of all numbers."""
        return tuple(id for found in self.found for id in found.ids)


Habits = Mapping[tuple[str, str], Counter[str]]
"""(building as written, form of the text) → kinds of readings that led to a room when only one did."""


def find_senses(text: Text, buildings: BuildingIndex, shelves: Mapping[str, Shelf]) -> tuple[list[Sense], BuildingMatch, bool]:
    """The complete senses of a text; the buildings it may lie in; and whether its two statements of a building contradict each other."""
    column = buildings.find(text.building) if text.building else BuildingMatch()
    where, clash, senses = column, False, []
    for place, (reading, own) in enumerate(buildings.read(text.room)):
        if own is not None and text.building and column.ids and own.ids and not set(own.ids) & set(column.ids):
            clash = clash or not reading.kind.startswith(_GUESSED)
            continue
        if text.building and reading.kind.startswith(_LOOSE if not column.ids else _PACKED):
            continue
        at = _meet(column if text.building else None, own, buildings)
        if own is not None and own.ids and not column.ids:
            where = own
        for building_id in at.ids:
            found = _on_shelf(reading, text.storey, shelves.get(building_id))
            sense = Sense(reading=reading, building_id=building_id, building=at, found=found, likeliest=place == 0)
            if sense.complete:
                senses.append(sense)
    return senses, where, clash and not senses


def learn_habits(found: Iterable[tuple[Text, Sequence[Sense]]], habits: dict[tuple[str, str], Counter[str]] | None = None) -> Habits:
    """What texts of one form mean in one building, from those that have one sense only; added to `habits`, if there are any."""
    learnt = defaultdict(Counter) if habits is None else habits
    for text, senses in found:
        if senses and all(sense.reading.kind == senses[0].reading.kind for sense in senses):
            learnt[_form(text)][senses[0].reading.kind] += 1
    return learnt


def hangs_on_habits(senses: Sequence[Sense]) -> bool:
    """Whether another text of the same form may tell how this one is meant."""
    several = len(senses) > 1 and len({sense.ids for sense in senses}) > 1
    return several or any(not sense.likeliest and sense.reading.kind.startswith(_FAR_FETCHED) for sense in senses)


def pick_sense(text: Text, senses: Sequence[Sense], habits: Habits) -> list[Sense]:
    """The senses that remain: one where they all mean the same rooms or others of their form decide; else all of them."""
    if len({sense.ids for sense in senses}) <= 1:
        return list(senses[:1])
    votes = habits.get(_form(text), Counter())
    kind, count = votes.most_common(1)[0] if votes else ("", 0)
    if count >= _ENOUGH and count >= _MOSTLY * votes.total():
        return [sense for sense in senses if sense.reading.kind == kind] or list(senses)
    return list(senses)


def is_far_fetched(text: Text, sense: Sense, habits: Habits) -> bool:
    """Whether a sense is not the first that its form has and fewer than three others were read so: it needs evidence."""
    if sense.likeliest or not sense.reading.kind.startswith(_FAR_FETCHED):
        return False
    return habits.get(_form(text), Counter())[sense.reading.kind] < _ENOUGH


def _form(text: Text) -> tuple[str, str]:
    return text.building, text.form


def _meet(column: BuildingMatch | None, own: BuildingMatch | None, buildings: BuildingIndex) -> BuildingMatch:
    if column is not None and column.ids:
        if own is None:
            return column
        both = tuple(id for id in column.ids if id in own.ids)
        return BuildingMatch(ids=both, method=column.method, confidence=column.confidence if len(both) < len(column.ids) or both else 0.0)
    if own is not None:
        return own
    if column is None and len(buildings.ids) == 1:
        return BuildingMatch(ids=buildings.ids, method="only", confidence=0.95)
    return BuildingMatch()


def _on_shelf(reading: Reading, storey: str, shelf: Shelf | None) -> tuple[Found, ...]:
    if shelf is None:
        return ()
    return tuple(shelf.find(number, reading.storey or storey) for number in reading.numbers)
