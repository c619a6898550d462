"""Rows of the located kinds brought to where their locations, elements and units are now; and what places the rows of an import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, func, select

from twin.imports.tie.coordinates import stated_positions
from twin.imports.tie.elements import tied_elements
from twin.imports.tie.grounds import Grounds, place_of_feature, read_grounds, tree_of
from twin.imports.tie.links import standing_links
from twin.imports.tie.locations import resolve_locations
from twin.imports.tie.marks import kind_state, mark_of, read_mark, write_mark
from twin.imports.tie.placing import (
    ARROW_COLUMNS,
    ASKED,
    NONE,
    PLACED_COLUMNS,
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
from twin.records.places import list_places
from twin.store import Store
from twin.store import record_schema as schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LOCATED", "Placing", "place_again", "placer_of"]

REACHED = ("version", "record", "touched")
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
        rows_mark = mark_of(whole_mark, state, _location_state(connection))
        whole = read_mark(connection, f"tie.placed.{kind}") != whole_mark
        if not whole and read_mark(connection, f"tie.placed.{kind}.rows") == rows_mark:
            return 0
        now = reached(connection, kind)
        rows = placed_rows(connection, kind, since=None if whole else _reached_before(connection, kind))
    changed: list[tuple[int, int, tuple[Any, ...]]] = []
    if len(rows["id"]):
        grounds = read()
        with store.database.reading() as connection:
            placer = _placer(connection, grounds, kind, but=None if whole else rows["id"], gone=gone)
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
            write_mark(connection, f"tie.placed.{kind}.rows", mark_of(whole_mark, after, _location_state(connection)))
    return len(changed)


def _reached_before(connection: Connection, kind: str) -> Reached:
    return Reached(**{name: read_mark(connection, f"tie.placed.{kind}.{name}") or 0 for name in REACHED})


class Placing:
    """What an import of a located kind asks for its rows: new locations are resolved as they come."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        grounds = read_grounds(store)
        with store.database.reading() as connection:
            self._tree = tree_of(connection, grounds)
            self._placer = _placer(connection, grounds, kind, but=None, gone=(), importing=True)
            known = connection.execute(select(schema.location.c.id)).scalars()
            self._known_locations = set(known)
        self._known_articles: set[int] = set()

    def __call__(self, columns: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
        """The placement of new rows."""
        asked = {name: _ids(columns[name]) for name in ASKED if name in columns}
        self._meet_locations(set(np.unique(asked["location_id"]).tolist()) - {NONE})
        if "article_id" in asked:
            self._meet_articles(set(np.unique(asked["article_id"]).tolist()) - {NONE})
        table = self._placer.place(asked).to_arrow()
        return {name: _plain(table[column]) for name, column in zip(PLACED_COLUMNS, ARROW_COLUMNS, strict=True)}

    def _meet_locations(self, locations: set[int]) -> None:
        new = sorted(locations - self._known_locations)
        if not new:
            return
        resolve_locations(self._store.database, self._tree, only=new)
        self._known_locations.update(new)
        with self._store.database.reading() as connection:
            self._placer.location_row = location_rows(connection, self._placer.row_of_place)

    def _meet_articles(self, articles: set[int]) -> None:
        if articles - self._known_articles:
            with self._store.database.reading() as connection:
                self._placer.intangible = intangible_articles(connection)
            self._known_articles |= articles


def placer_of(store: Store, kind: str) -> Placing | None:
    """What places the rows of an import; None for kinds that are nowhere."""
    return Placing(store, kind) if kind in LOCATED else None


def _placer(
    connection: Connection, grounds: Grounds, kind: str, *, but: Ids | None, gone: Sequence[int], importing: bool = False
) -> Placer:
    """A placer of a kind; `but` are the versions it is asked about (None: all, whose slots are then told with them)."""
    left_out = set(gone)
    places = [place for place in list_places(connection) if place.id not in left_out]
    columns, row_of = places_as_columns(places, grounds.scene, stated_positions(grounds.buildings, grounds.scene).positions)
    tied = TiedElements()
    if kind == "asset" and not importing:
        tied = tied_elements(grounds.store, connection, grounds.scene, place_of_feature(places), row_of)
    addresses = [(term, row_of.get(place, NONE)) for term, place in unit_addresses(connection)]
    free = Taken(room=np.empty(0, dtype=np.int64), slot=np.empty(0, dtype=np.int64))
    return Placer(
        places=columns,
        row_of_place=row_of,
        location_row=location_rows(connection, row_of),
        unit_row=table_by_id(addresses),
        intangible=intangible_articles(connection),
        taken=free if but is None and not importing else slots_taken(connection, kind, row_of, but=but),
        tied=tied,
    )


def _element_pairs(connection: Connection, kind: str) -> list[list[Any]]:
    return [[one.record_id, one.feature] for one in standing_links(connection, kind)] if kind == "asset" else []


def _location_state(connection: Connection) -> list[int]:
    """What changes when locations are resolved anew: how many have a place, and the sum of places."""
    place = schema.location.c.place_id
    row = connection.execute(select(func.count(place), func.coalesce(func.sum(place), 0), func.coalesce(func.max(place), 0))).one()
    return [int(one) for one in row]


def _ids(column: pa.Array) -> Ids:
    filled: Ids = column.fill_null(NONE).to_numpy(zero_copy_only=False).astype(np.int64)
    return filled


def _plain(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array
