"""The tree of places as columns in preorder: what lies below a node is a range, what a reader may not know of a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Row, select

from spatial.feature import PUBLIC
from twin.auth import Labels
from twin.store import record_schema as schema

__all__ = ["NOWHERE", "PlaceTree", "load_places", "with_new_locations"]

Int32: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
Bool: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
NOWHERE = -1
FINENESS = {"storey": 1, "room": 2, "space": 2}
"""How exact a node is: 2 a room, 1 a storey, 0 a building and all above."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlaceTree:
    """Nodes by position (preorder). `end[i]` is the position after the last node below i, `fineness[i]` how exact a place it is.

    `location_position` and `location_fineness` are by the id of a location: the node it was found to be, `NOWHERE` for none, and how
    exact its ledger was (2: a room is named).
    """

    rows: Sequence[Row[Any]]
    parent: Int32
    end: Int32
    fineness: Int32
    position_of: Int32
    location_position: Int32
    location_fineness: Int32
    by_record: dict[int, int]
    masks: dict[Labels, Bool] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def position(self, place_id: int | None) -> int:
        """The position of a place, `NOWHERE` where it is none."""
        if place_id is None or not 0 <= place_id < len(self.position_of):
            return NOWHERE
        return int(self.position_of[place_id])

    def children(self, position: int) -> list[int]:
        """The positions directly below, in the order of siblings."""
        found, here = [], position + 1
        while here < self.end[position]:
            found.append(here)
            here = int(self.end[here])
        return found

    def roots(self) -> list[int]:
        """The positions of nodes that lie under nothing."""
        return [place for place in range(len(self)) if self.parent[place] == NOWHERE]

    def path(self, position: int) -> list[int]:
        """The positions from the top down to a node."""
        found = [position]
        while self.parent[found[-1]] != NOWHERE:
            found.append(int(self.parent[found[-1]]))
        return found[::-1]

    def site_numbers(self) -> Int32:
        """By position the number in the store of the site that a node lies in: its own, else that of the nearest node above."""
        found = np.full(len(self), NOWHERE, dtype=np.int32)
        for position, row in enumerate(self.rows):
            above = self.parent[position]
            found[position] = row.site_id if row.site_id is not None else NOWHERE if above == NOWHERE else found[above]
        return found

    def visible(self, labels: Labels) -> Bool:
        """Which nodes a reader may know of: those whose label and the labels of all nodes above are permitted."""
        if labels not in self.masks:
            mask = np.ones(len(self), dtype=np.bool_)
            for position, row in enumerate(self.rows):
                above = self.parent[position]
                mask[position] = (labels is None or row.label in labels) and (above == NOWHERE or bool(mask[above]))
            self.masks[labels] = mask
        return self.masks[labels]

    def is_visible(self, position: int, labels: Labels) -> bool:
        """Whether a reader may know of what is at a position; what has no place is public."""
        if position == NOWHERE:
            return labels is None or PUBLIC in labels
        return bool(self.visible(labels)[position])

    def place_of(self, place_id: int | None, location_id: int | None) -> int:
        """The position of what has this place of its own, or else of what its ledger says."""
        own = self.position(place_id)
        if own != NOWHERE or location_id is None or location_id >= len(self.location_position):
            return own
        return int(self.location_position[location_id])

    def places_of(self, place_ids: Sequence[int | None], location_ids: Sequence[int | None]) -> list[int]:
        """The same of many."""
        return list(map(self.place_of, place_ids, location_ids))


def load_places(connection: Connection) -> PlaceTree:
    """The tree and how locations are read into it; a node whose parent is gone stands at the top."""
    place = schema.place.c
    columns = (column for column in place if column.name != "order_key")  # which nobody asks a node for: 15 MB of a province
    stored = list(connection.execute(select(*columns).order_by(place.order_key, place.id)))
    rows, parent, end = _in_preorder(stored)
    position_of = np.full(max((row.id for row in rows), default=0) + 1, NOWHERE, dtype=np.int32)
    for position, row in enumerate(rows):
        position_of[row.id] = position
    tree = PlaceTree(
        rows=rows,
        parent=parent,
        end=end,
        fineness=np.array([FINENESS.get(row.kind, 0) for row in rows], dtype=np.int32),
        position_of=position_of,
        location_position=np.empty(0, dtype=np.int32),
        location_fineness=np.empty(0, dtype=np.int32),
        by_record={row.record_id: position for position, row in enumerate(rows) if row.record_id is not None},
    )
    return with_new_locations(connection, tree)


def with_new_locations(connection: Connection, tree: PlaceTree) -> PlaceTree:
    """The same tree with the locations that came since it was loaded: during an import they come by the thousand."""
    location, known = schema.location.c, len(tree.location_position)
    query = select(location.id, location.storey, location.room, location.place_id).where(location.id >= known)
    locations = connection.execute(query).all()
    last = max((row[0] for row in locations), default=known - 1)
    position = np.append(tree.location_position, np.full(last + 1 - known, NOWHERE, dtype=np.int32))
    fineness = np.append(tree.location_fineness, np.zeros(last + 1 - known, dtype=np.int32))
    for location_id, storey, room, place_id in locations:
        fineness[location_id] = 2 if room else 1 if storey else 0
        if place_id is not None and place_id < len(tree.position_of):
            position[location_id] = tree.position_of[place_id]
    return replace(tree, location_position=position, location_fineness=fineness)


def _in_preorder(stored: Sequence[Row[Any]]) -> tuple[list[Row[Any]], Int32, Int32]:
    known = {row.id for row in stored}
    below: dict[int | None, list[Row[Any]]] = {}
    for row in stored:
        below.setdefault(row.parent_id if row.parent_id in known else None, []).append(row)
    rows: list[Row[Any]] = []
    parent: list[int] = []
    waiting = [(row, NOWHERE) for row in reversed(below.get(None, []))]
    while waiting:
        row, above = waiting.pop()
        position = len(rows)
        rows.append(row)
        parent.append(above)
        waiting += [(child, position) for child in reversed(below.get(row.id, []))]
    end = np.arange(1, len(rows) + 1, dtype=np.int32)
    for position in range(len(rows) - 1, -1, -1):
        if parent[position] != NOWHERE:
            end[parent[position]] = max(end[parent[position]], end[position])
    return rows, np.array(parent, dtype=np.int32), end
