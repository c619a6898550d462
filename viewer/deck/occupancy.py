"""Who sits in the rooms of a storey, and which rooms are over, under or within what the rules allow."""

from collections import Counter
from dataclasses import dataclass, field
from math import fsum

from viewer.deck.catalogue import number, words
from viewer.deck.classes import Shade, get_shade, list_shades
from viewer.deck.layers import Shape, deck_of, label_layer, outline_layer, surroundings_layer
from viewer.deck.outline import Outline, check_outline, fit_label, view_of
from viewer.deck.page import DeckPage, Figure, Head, Key, Row, notes_of
from viewer.document import Words

__all__ = ["OccupiedRoom", "StoreyOccupancy", "occupancy_page"]

ALWAYS = frozenset({"over", "within", "under_used", "vacant"})
COLUMNS = (
    ("occupancy.room", False),
    ("occupancy.name", False),
    ("occupancy.class", False),
    ("occupancy.unit", False),
    ("occupancy.people", False),
    ("occupancy.usable", True),
    ("occupancy.allowed", True),
    ("occupancy.over", True),
    ("occupancy.reason", False),
)
"""Words of each column of the table, and whether it holds numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupiedRoom:
    """One room. `verdict` is a code of `[[occupancy]]` in classes.toml; `outline` None: the register knows it, no plan does.

    `allowed_m2` is None where no rule gives a limit; `over_m2` is then None too, and negative below the limit.
    """

    number: str
    name: str = ""
    verdict: str
    unit: str = ""
    people: tuple[str, ...] = ()
    usable_m2: float | None = None
    allowed_m2: float | None = None
    over_m2: float | None = None
    reason: Words | str = ""
    outline: Outline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreyOccupancy:
    """The rooms of one storey as of a date. `surroundings` are drawn pale beneath: kind (`storey`, `green` …) and outline.

    `people`: how many have their office there; None: as many as there are different names in the rooms.
    """

    title: Words
    as_of: str
    sources: tuple[Words | str, ...]
    rooms: tuple[OccupiedRoom, ...]
    people: int | None = None
    surroundings: tuple[tuple[str, Outline], ...] = field(default=())


def occupancy_page(storey: StoreyOccupancy) -> DeckPage:
    """The page of a storey: rooms coloured by verdict and labelled with number and name; rooms without outline at the table's end."""
    drawn = [room for room in storey.rooms if room.outline]
    rooms = (*drawn, *(room for room in storey.rooms if not room.outline))
    outlines = [check_outline(room.number, room.outline) for room in drawn if room.outline]
    view = view_of(outlines)
    deck = None
    if view is not None:
        shapes: list[Shape] = [
            (row, outline, _shade(room).rgb, 0.0) for row, (room, outline) in enumerate(zip(drawn, outlines, strict=True))
        ]
        labels = [
            (fit_label(outline, _label(room), view.bearing_deg), "\n".join(_label(room)), 0.0)
            for room, outline in zip(drawn, outlines, strict=True)
        ]
        deck = deck_of([surroundings_layer(storey.surroundings), outline_layer("rooms", shapes), label_layer(labels)], view)
    undrawn = len(rooms) - len(drawn)
    return DeckPage(
        title=storey.title,
        as_of=storey.as_of,
        sources=storey.sources,
        deck=deck,
        view=view,
        figures=_figures(rooms, storey.people),
        legend=_legend(rooms),
        legend_title=words("occupancy.class"),
        heads=tuple(Head(words=words(key), number=numeric) for key, numeric in COLUMNS),
        rows=tuple(map(_row, rooms)),
        notes=notes_of(undrawn, sum(room.usable_m2 is None for room in rooms)),
    )


def _shade(room: OccupiedRoom) -> Shade:
    return get_shade("occupancy", room.verdict, room.number)


def _label(room: OccupiedRoom) -> list[str]:
    return [line for line in (room.number, room.name) if line]


def _row(room: OccupiedRoom) -> Row:
    shade = _shade(room)
    return Row(
        colour=shade.colour,
        cells=(
            room.number,
            room.name,
            shade.words,
            room.unit,
            "、".join(room.people),
            number(room.usable_m2, 2),
            number(room.allowed_m2, 2),
            number(room.over_m2, 2),
            room.reason,
        ),
    )


def _figures(rooms: tuple[OccupiedRoom, ...], people: int | None) -> tuple[Figure, ...]:
    counts = Counter(room.verdict for room in rooms)
    many = len({person for room in rooms for person in room.people}) if people is None else people
    return (
        Figure(name=words("occupancy.count"), value=str(len(rooms))),
        Figure(name=words("occupancy.count_over"), value=str(counts["over"])),
        Figure(name=words("occupancy.count_vacant"), value=str(counts["vacant"])),
        Figure(name=words("occupancy.count_people"), value=str(many)),
        Figure(name=words("occupancy.total_usable"), value=number(fsum(room.usable_m2 or 0.0 for room in rooms), 1), unit="m²"),
        Figure(name=words("occupancy.total_over"), value=number(fsum(max(room.over_m2 or 0.0, 0.0) for room in rooms), 1), unit="m²"),
    )


def _legend(rooms: tuple[OccupiedRoom, ...]) -> tuple[Key, ...]:
    counts = Counter(room.verdict for room in rooms)
    shades = [shade for shade in list_shades("occupancy") if counts[shade.code] or shade.code in ALWAYS]
    return tuple(Key(colour=shade.colour, words=shade.words, count=counts[shade.code]) for shade in shades)
