"""Rows of the located kinds brought to where their locations, elements and units are now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from twin.imports.tie.coordinates import stated_positions
from twin.imports.tie.elements import tied_elements
from twin.imports.tie.grounds import Grounds, place_of_feature
from twin.imports.tie.links import standing_pairs
from twin.imports.tie.marks import LOCATIONS_MOVED, kind_state, mark_of, read_mark, write_mark
from twin.imports.tie.placing import (
    NONE,
    Ids,
    Placer,
    Reached,
    TiedElements,
    differing,
    intangible_articles,
    location_rows,
    placed_rows,
    places_as_columns,
    reached,
    slots_taken,
    table_by_id,
    unit_addresses,
    write_placed,
)
from twin.imports.tie.turns import in_turns
from twin.placement import Taken
from twin.records.places import Place
from twin.store import Store
from twin.store import record_schema as schema

__all__ = ["LOCATED", "make_placer", "place_again"]

REACHED = ("touched", "moved")
LOCATED = ("asset", "person", "meter")
"""The kinds that have a location; assets may also be elements of a model."""


def place_again(store: Store, read: Callable[[], Grounds], kind: str, tree: int, gone: Sequence[int]) -> int:
    """Place rows of a kind anew where that may differ, and write those that do; how many were written.

    All rows where the tree, the units' addresses or the links to elements changed since the last time, else those that stand
    elsewhere than their location. `read` gives the grounds; `gone` are places about to be removed.
    """
    with store.database.reading() as connection:
        whole_mark = mark_of(tree, unit_addresses(connection), _element_pairs(connection, kind))
        state = kind_state(connection, kind)
        moved = read_mark(connection, LOCATIONS_MOVED) or 0
        rows_mark = mark_of(whole_mark, state, moved)
        whole = read_mark(connection, f"tie.placed.{kind}") != whole_mark
        if not whole and read_mark(connection, f"tie.placed.{kind}.rows") == rows_mark:
            return 0
        now = reached(connection, kind, moved)
        rows = placed_rows(connection, kind, since=None if whole else _reached_before(connection, kind), now=now)
    changed: list[tuple[int, int, tuple[Any, ...]]] = []
    if len(rows["id"]):
        grounds = read()
        with store.database.reading() as connection:
            left_out = set(gone)
            places = [place for place in grounds.places if place.id not in left_out]
            placer = make_placer(connection, grounds, kind, places, but=None if whole else rows["id"], locations=rows["location_id"])
        placed = placer.place(rows, held_place=rows["place_id"], held_slot=rows["slot"])
        at, values = differing(rows, placed)
        changed = list(zip(rows["id"][at].tolist(), rows["record_id"][at].tolist(), values, strict=True))
    in_turns(store.database, changed, lambda connection, part: write_placed(connection, kind, part))
    with store.database.writing() as connection:
        write_mark(connection, f"tie.placed.{kind}", whole_mark)
        for name in REACHED:
            write_mark(connection, f"tie.placed.{kind}.{name}", getattr(now, name))
        after = kind_state(connection, kind)
        log = schema.touched.c
        own = select(func.count()).where(log.kind == kind, log.seq > state[1])
        if after[0] == state[0] and connection.execute(own).scalar_one() == len(changed):  # nobody else's
            write_mark(connection, f"tie.placed.{kind}.touched", after[1])
            write_mark(connection, f"tie.placed.{kind}.rows", mark_of(whole_mark, after, moved))
    return len(changed)


def _reached_before(connection: Connection, kind: str) -> Reached:
    return Reached(**{name: read_mark(connection, f"tie.placed.{kind}.{name}") or 0 for name in REACHED})


def make_placer(
    connection: Connection,
    grounds: Grounds,
    kind: str,
    places: Sequence[Place],
    *,
    but: Ids | None,
    locations: Ids | None = None,
    importing: bool = False,
) -> Placer:
    """A placer of a kind; `but` are the versions it is asked about (None: all, whose slots are then told with them), `locations` theirs."""
    columns, row_of = places_as_columns(places, grounds.scene, stated_positions(grounds.buildings, grounds.scene).positions)
    tied = TiedElements()
    if kind == "asset" and not importing:
        tied = tied_elements(grounds.store, connection, grounds.scene, place_of_feature(places), row_of)
    addresses = [(term, row_of.get(place, NONE)) for term, place in unit_addresses(connection)]
    free = Taken(room=np.empty(0, dtype=np.int64), slot=np.empty(0, dtype=np.int64))
    none_held = (but is None and not importing) or not columns.with_outline().any()
    return Placer(
        places=columns,
        row_of_place=row_of,
        location_row=location_rows(connection, row_of, of=locations),
        unit_row=table_by_id(addresses),
        intangible=intangible_articles(connection),
        taken=free if none_held else slots_taken(connection, kind, row_of, but=but),
        tied=tied,
    )


def _element_pairs(connection: Connection, kind: str) -> list[list[Any]]:
    return standing_pairs(connection, kind) if kind == "asset" else []
