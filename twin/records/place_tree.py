"""The tree of places as columns in preorder: what lies below a node is a range, what a reader may not know of a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Row, case, func, select

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
    stored = connection.execute(select(*columns).order_by(place.order_key, place.id)).all()
    rows, parent, end = _in_preorder(stored)
    position_of = _by_id([row.id for row in rows])
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
    named = case((func.coalesce(location.room, "") != "", 2), (func.coalesce(location.storey, "") != "", 1), else_=0)
    query = select(location.id, named, func.coalesce(location.place_id, NOWHERE)).where(location.id >= known)
    found = np.array([tuple(row) for row in connection.execute(query).all()], dtype=np.int32).reshape(-1, 3)
    more = int(found[:, 0].max(initial=known - 1)) + 1 - known
    position = np.append(tree.location_position, np.full(more, NOWHERE, dtype=np.int32))
    fineness = np.append(tree.location_fineness, np.zeros(more, dtype=np.int32))
    number, fineness_found, place = found.T
    fineness[number] = fineness_found
    position[number] = np.append(tree.position_of, np.int32(NOWHERE))[
        np.where((place >= 0) & (place < len(tree.position_of)), place, len(tree.position_of))
    ]
    return replace(tree, location_position=position, location_fineness=fineness)


def _by_id(ids: Sequence[int]) -> Int32:
    """By id its position in the sequence, `NOWHERE` for what is not in it."""
    every = np.array(ids, dtype=np.int64)
    found = np.full(int(every.max(initial=0)) + 1, NOWHERE, dtype=np.int32)
    found[every] = np.arange(len(every), dtype=np.int32)
    return found


def _in_preorder(stored: Sequence[Row[Any]]) -> tuple[list[Row[Any]], Int32, Int32]:
    """Rows, the position of the node above each, and the position after the last node below it; siblings stay in their order.

    Level by level: a node stands after the one above it and after all that lies below its elder siblings.
    """
    row_of = _by_id([row.id for row in stored])
    named = np.array([NOWHERE if row.parent_id is None else row.parent_id for row in stored], dtype=np.int64)
    above = np.append(row_of, np.int32(NOWHERE))[np.where((named >= 0) & (named < len(row_of)), named, len(row_of))]
    levels = [np.flatnonzero(above == NOWHERE)]
    below = np.argsort(above, kind="stable")
    first, last = (np.searchsorted(above[below], np.arange(len(stored)), side=side) for side in ("left", "right"))
    while len(levels[-1]):
        held = levels[-1][last[levels[-1]] > first[levels[-1]]]
        levels.append(np.concatenate([below[:0], *(below[first[row] : last[row]] for row in held)]))
    size = np.ones(len(stored), dtype=np.int64)
    for level in reversed(levels[1:]):
        np.add.at(size, above[level], size[level])
    position = np.full(len(stored), NOWHERE, dtype=np.int64)
    for depth, level in enumerate(levels):
        before = np.cumsum(size[level]) - size[level]
        group = above[level]
        starts = np.flatnonzero(np.append(True, group[1:] != group[:-1])) if len(level) else level
        before -= np.repeat(before[starts], np.diff(np.append(starts, len(level))))
        position[level] = before if depth == 0 else before + position[group] + 1
    reached = position != NOWHERE
    order = np.argsort(position, kind="stable")[np.count_nonzero(~reached) :]
    parents = np.where(above[order] == NOWHERE, NOWHERE, position[above[order]]).astype(np.int32)
    return [stored[row] for row in order.tolist()], parents, (np.arange(len(order)) + size[order]).astype(np.int32)
