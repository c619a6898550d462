"""Places as a person types them: an id, or `BUILDING/STOREY/ROOM`."""

from __future__ import annotations

from collections.abc import Sequence

from twin.errors import NotFound
from twin.imports.tie import grounds_of
from twin.queries.assetops.whereabouts import Whereabouts
from twin.queries.records.context import Registers

__all__ = ["find_named_places"]

PARTS = {1: ("building",), 2: ("building", "room"), 3: ("building", "storey", "room")}


def find_named_places(registers: Registers, said: Sequence[str]) -> list[int]:
    """The ids of places given by id, or as a building, `BUILDING/ROOM` or `BUILDING/STOREY/ROOM`; raises NotFound for one that is none."""
    with registers.store.database.reading() as connection:
        where = Whereabouts.of(connection, grounds_of(registers.store))
        return [_find(where, one) for one in said]


def _find(where: Whereabouts, said: str) -> int:
    if said.isdigit() and int(said) in where.by_id:
        return int(said)
    parts = said.split("/")
    words = dict(zip(PARTS.get(len(parts), ()), parts, strict=False))
    found = where.find([words])[0] if words else None
    if found is None:
        raise NotFound(
            f"no place is called {said}", path=said, hint="BUILDING, BUILDING/ROOM or BUILDING/STOREY/ROOM as the registers write them"
        )
    return found.id
