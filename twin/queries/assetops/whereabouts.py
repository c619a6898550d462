"""Places of scans: words into nodes of the tree, nodes into the words that a card keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from twin.errors import Refused
from twin.imports.tie import Grounds, tree_of
from twin.link.places import PlaceText, resolve_places
from twin.records.places import Place, list_places

__all__ = ["Whereabouts"]

LOCATION = ("building", "storey", "room")


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """The tree of places, looked up both ways."""

    connection: Connection
    grounds: Grounds
    by_id: Mapping[int, Place]

    @classmethod
    def of(cls, connection: Connection, grounds: Grounds) -> Whereabouts:
        """The tree as this connection sees it."""
        return cls(connection=connection, grounds=grounds, by_id={place.id: place for place in list_places(connection)})

    def find(self, said: Sequence[Mapping[str, str]]) -> list[Place | None]:
        """The node that each text (`building`, `storey`, `room`) names; None for one that was not understood to its end."""
        distinct = {self._text(one): None for one in said}
        answers = resolve_places(list(distinct), tree_of(self.connection, self.grounds)) if distinct else []
        found = {
            text: self.by_id.get(int(answer.place_id)) if answer.place_id is not None and not answer.reason else None
            for text, answer in zip(distinct, answers, strict=True)
        }
        return [found[self._text(one)] for one in said]

    def words(self, place_id: int, said: Mapping[str, str]) -> dict[str, str | None]:
        """What a card says of standing there: the words of the scan where they name the place, else its own names.

        Raises Refused (`STOCKTAKE_PLACE_UNNAMED`) where neither is understood as that place.
        """
        for words in (said, self._own_words(place_id)):
            found = self.find([words])[0] if any(words.values()) else None
            if found is not None and found.id == place_id:
                return {name: words.get(name) or None for name in LOCATION}
        place = self.by_id.get(place_id)
        raise Refused(
            f"no words of a card name the place {place.name if place else place_id}",
            code="STOCKTAKE_PLACE_UNNAMED",
            path=str(place_id),
            hint="give the room a number of its own in its building, or correct the card by hand",
        )

    def _own_words(self, place_id: int) -> dict[str, str]:
        place = self.by_id.get(place_id)
        words: dict[str, str] = {}
        while place is not None:
            if place.kind in LOCATION:
                words[place.kind] = (place.number if place.kind == "room" else None) or place.name
            place = self.by_id.get(place.parent_id or 0)
        return words

    @staticmethod
    def _text(said: Mapping[str, str]) -> PlaceText:
        return PlaceText(**{name: said.get(name) or "" for name in LOCATION})
