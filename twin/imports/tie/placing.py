"""Where assets stand: their locations and elements become places and spots; rows are rewritten only where that changes something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, bindparam, select, update

from spatial.feature import Kind
from twin.imports.tie.scene import Scene, feature_key
from twin.placement import Assets, Elements, Places, Taken, is_intangible, place_assets
from twin.records.counters import clock_of
from twin.records.places import Place
from twin.store import record_schema as schema

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = ["PlacedColumns", "Placer", "places_as_columns"]

NAMES = ("place_id", "place_method", "place_reason", "slot", "x_m", "y_m", "z_m", "accuracy_m")
NONE = -1
KINDS = {"everything": 0, "site": 1, "building": 2, "storey": 3, "room": 4}
PlacedColumns = dict[str, list[Any]]


@dataclass(slots=True, kw_only=True)
class Placer:
    """Places rows of a kind with a location: what every import of the kind asks, and the tie afterwards.

    `place_of_location` is location id → place id; `taken` keeps the slots given so far.
    """

    places: Places
    row_of_place: Mapping[int, int]
    place_of_location: dict[int, int | None]
    intangible_articles: frozenset[int]
    taken: Taken

    def place(self, columns: Mapping[str, Sequence[Any]], held: Mapping[str, Sequence[Any]] | None = None) -> PlacedColumns:
        """The placement of rows: columns of the table → one value a row. `held` is the placement they have."""
        locations = columns["location_id"]
        count = len(locations)
        rows = np.array([self._row(self.place_of_location.get(location)) for location in locations], dtype=np.int64)
        articles = columns.get("article_id", [None] * count)
        nothing = np.full(count, NONE, dtype=np.int64)
        held_place = np.array([self._row(place) for place in held["place_id"]], dtype=np.int64) if held else nothing
        held_slot = np.array([NONE if slot is None else slot for slot in held["slot"]], dtype=np.int64) if held else nothing
        asked = Assets(
            intangible=np.array([article in self.intangible_articles for article in articles], dtype=np.bool_),
            element=nothing,
            place=rows,
            unit_place=nothing,
            held_place=held_place,
            held_slot=held_slot,
        )
        table = place_assets(asked, self.places, Elements.none(), taken=self.taken).to_arrow()
        placed = {name: table[column].to_pylist() for name, column in zip(NAMES, _ARROW, strict=True)}
        self._take(placed)
        return placed

    def _row(self, place_id: int | None) -> int:
        return NONE if place_id is None else self.row_of_place.get(place_id, NONE)

    def _take(self, placed: PlacedColumns) -> None:
        pairs = [
            (self.row_of_place[place], slot) for place, slot in zip(placed["place_id"], placed["slot"], strict=True) if slot is not None
        ]
        if pairs:
            rooms, slots = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
            self.taken = Taken(room=np.concatenate([self.taken.room, rooms]), slot=np.concatenate([self.taken.slot, slots]))


_ARROW = ("place_id", "method", "reason", "slot", "x", "y", "z", "accuracy_m")


def places_as_columns(places: Sequence[Place], scene: Scene) -> tuple[Places, dict[int, int]]:
    """The tree as columns in site metres, and place id → row."""
    row_of = {place.id: row for row, place in enumerate(places)}
    xyz = np.full((len(places), 3), np.nan)
    extent = np.full(len(places), np.nan)
    outlines: dict[int, BaseGeometry] = {}
    for row, place in enumerate(places):
        stored = scene.rows.get(feature_key(place.site_id, place.feature_id)) if place.site_id and place.feature_id else None
        if stored is None:
            continue
        box, feature = stored[1].box, stored[1].feature
        if box is not None:
            low, high = box
            xyz[row] = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2])
            extent[row] = float(np.hypot(*(high - low)[:2])) / 2
        if feature.kind is Kind.SPACE and feature.footprint is not None and feature.z_range is not None:
            outlines[row] = feature.footprint
            xyz[row, 2] = feature.z_range[0]
    found = Places(
        id=np.array([place.id for place in places], dtype=np.int64),
        parent=np.array([row_of.get(place.parent_id or 0, NONE) for place in places], dtype=np.int64),
        kind=np.array([KINDS[place.kind] for place in places], dtype=np.uint8),
        xyz=xyz,
        extent_m=extent,
        outlines=outlines,
    )
    return found, row_of


def intangible_articles(connection: Connection) -> frozenset[int]:
    """Articles that have no place because they are no things."""
    rows = list(connection.execute(select(schema.article.c.id, schema.article.c.class_code, schema.article.c.class_edition)))
    flags = is_intangible([row.class_code or None for row in rows], [row.class_edition or None for row in rows])
    return frozenset(int(row.id) for row, flag in zip(rows, flags, strict=True) if flag)


def slots_taken(connection: Connection, kind: str, row_of_place: Mapping[int, int]) -> Taken:
    """The slots that visible rows of a kind hold."""
    table, now = schema.kind_table(kind), clock_of(connection, kind)
    query = select(table.c.place_id, table.c.slot).where(table.c.slot.is_not(None), table.c.until > now)
    pairs = [(row_of_place[row.place_id], row.slot) for row in connection.execute(query) if row.place_id in row_of_place]
    if not pairs:
        return Taken(room=np.empty(0, dtype=np.int64), slot=np.empty(0, dtype=np.int64))
    rooms, slots = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    return Taken(room=rooms, slot=slots)


def write_placed(connection: Connection, kind: str, ids: Sequence[int], placed: PlacedColumns) -> None:
    """Write the placement of versions."""
    table = schema.kind_table(kind)
    statement = update(table).where(table.c.id == bindparam("version")).values({name: bindparam(f"new_{name}") for name in NAMES})
    rows = [{"version": version, **{f"new_{name}": placed[name][row] for name in NAMES}} for row, version in enumerate(ids)]
    if rows:
        connection.execute(statement, rows)
