"""What features are called, for a reader who may know of some labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from twin.auth import Labels
from twin.queries.place.scene import SitePlaces
from twin.queries.snapshot.phrases import phrase
from viewer.document import Words

__all__ = ["Names", "names_of", "storey_name", "where"]

Names: TypeAlias = Callable[[str], str]
"""Name and long name of a feature by its id; the id of one that is not (any more) there or has none, nothing for a hidden one."""
ORDER = ("building", "storey", "room", "zone", "segment")


def names_of(places: SitePlaces, labels: Labels) -> Names:
    """The names that a reader may know."""
    words, seen = places.extents.words, places.visible(labels)

    def name(feature: str) -> str:
        row = places.position.get(feature)
        if row is None:
            return feature
        if not seen[row]:
            return ""
        return " ".join(text for text in (words["name"][row], words["long_name"][row]) if text) or feature

    return name


def storey_name(places: SitePlaces, names: Names, storey: str) -> str:
    """Building and storey."""
    row = places.position.get(storey)
    building = None if row is None else places.extents.words["building"][row]
    return " · ".join(text for text in (names(building) if building else "", names(storey)) if text)


def where(place: Mapping[str, Any], names: Names) -> Words:
    """The place of an incident: building, storey, room … by name; degrees where nothing else is known."""
    told = [text for word in ORDER if place.get(word) for text in (names(place[word]),) if text]
    if told:
        return Words.same(" · ".join(told))
    return phrase("unknown") if place.get("lon") is None else Words.same(f"{place['lon']:.6f}, {place['lat']:.6f}")
