"""Between the senses of one text: those that lead to rooms that exist, then what other texts of the same form mean."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from twin.link.building import NOWHERE, BuildingIndex, BuildingMatch, RoomText
from twin.link.number import Reading
from twin.link.shelf import Found, Shelf

__all__ = [
    "Habits",
    "Sense",
    "Text",
    "find_senses",
    "hangs_on_habits",
    "is_far_fetched",
    "learn_habit",
    "learn_habits",
    "pick_sense",
    "read_text",
]

_ENOUGH = 3
_MOSTLY = 0.8
_PACKED = ("packed",)
_GUESSED = (*_PACKED, "letter=building")
_FAR_FETCHED = (*_GUESSED, "below", "building-room")
_LOOSE = (*_GUESSED, "building-room")
"""Kinds that take a building out of a bare number: packed ones never beside a building column, the others not beside one that
says nothing known."""


class Text(NamedTuple):
    """A place as written: building, storey (in the notation of `twin.link.storey`, "" for none) and room; what its room may mean."""

    building: str
    storey: str
    room: str
    read: RoomText


def read_text(building: str, storey: str, room: str, buildings: BuildingIndex) -> Text:
    """A text with what its room may mean; `storey` in the notation of `twin.link.storey`."""
    return Text(building, storey, room, buildings.read(room))


class Sense(NamedTuple):
    """One complete sense of a text in one building, whose every number leads to rooms: what was found per number, the rooms of all,
    and how sure the building is; `likeliest` that it is the first sense of its text."""

    reading: Reading
    building: BuildingMatch
    found: tuple[Found, ...]
    ids: tuple[str, ...]
    likeliest: bool


Habits = Mapping[tuple[str, str], Counter[str]]
"""(building as written, form of the text) → kinds of readings that led to a room when only one did."""


def find_senses(text: Text, buildings: BuildingIndex, shelves: Mapping[str, Shelf]) -> tuple[list[Sense], BuildingMatch, bool]:
    """The complete senses of a text; the buildings it may lie in; and whether its two statements of a building contradict each other."""
    column = buildings.find(text.building) if text.building else None
    known = column.ids if column is not None else ()
    where, clash, senses = NOWHERE if column is None else column, False, []
    for place, (reading, own) in enumerate(text.read.readings):
        if own is not None and known and own.ids and not set(own.ids) & set(known):
            clash = clash or not reading.kind.startswith(_GUESSED)
            continue
        if column is not None and reading.kind.startswith(_PACKED if known else _LOOSE):
            continue
        at = column if own is None and column is not None and known else _meet(column, own, buildings)
        if own is not None and own.ids and not known:
            where = own
        for building_id in at.ids:
            shelf = shelves.get(building_id)
            if shelf is not None and (found := shelf.find_all(reading.numbers, reading.storey or text.storey)):
                ids = found[0].ids if len(found) == 1 else tuple(id for one in found for id in one.ids)
                senses.append(Sense(reading, at, found, ids, place == 0))
    return senses, where, clash and not senses


def learn_habits(found: Iterable[tuple[Text, Sequence[Sense]]]) -> Habits:
    """What texts of one form mean in one building, from those that have one sense only."""
    learnt: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for text, senses in found:
        learn_habit(text, senses, learnt)
    return learnt


def learn_habit(text: Text, senses: Sequence[Sense], habits: dict[tuple[str, str], Counter[str]]) -> None:
    """Add what a text tells of its form, if it has one kind of sense only; `habits` makes a counter where it has none."""
    if senses and (len(senses) == 1 or all(sense.reading.kind == senses[0].reading.kind for sense in senses)):
        habits[text.building, text.read.form][senses[0].reading.kind] += 1


def hangs_on_habits(senses: Sequence[Sense]) -> bool:
    """Whether another text of the same form may tell how this one is meant."""
    if len(senses) == 1 and senses[0].likeliest:
        return False
    several = len(senses) > 1 and len({sense.ids for sense in senses}) > 1
    return several or any(not sense.likeliest and sense.reading.kind.startswith(_FAR_FETCHED) for sense in senses)


def pick_sense(text: Text, senses: Sequence[Sense], habits: Habits) -> list[Sense]:
    """The senses that remain: one where they all mean the same rooms or others of their form decide; else all of them."""
    if len(senses) <= 1 or len({sense.ids for sense in senses}) == 1:
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
    return text.building, text.read.form


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
    return NOWHERE
