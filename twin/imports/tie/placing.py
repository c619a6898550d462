"""Where rows of a kind stand: element, location or unit become a place and a spot; rows are rewritten only where that differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, bindparam, func, select, union, update

from spatial.feature import Kind
from twin.imports.tie.coordinates import StatedPosition
from twin.imports.tie.scene import Scene, feature_key
from twin.placement import Assets, Elements, Placement, Places, Taken, is_intangible, place_assets
from twin.records.counters import clock_of, take_ids
from twin.records.places import Place
from twin.store import record_schema as schema
from twin.store.database import put_rows

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = [
    "PLACED_COLUMNS",
    "Placer",
    "Reached",
    "TiedElements",
    "differing",
    "intangible_articles",
    "location_rows",
    "placed_rows",
    "places_as_columns",
    "reached",
    "slots_taken",
    "table_by_id",
    "unit_addresses",
    "write_placed",
]

Ids: TypeAlias = NDArray[np.int64]
PLACED_COLUMNS = ("place_id", "place_method", "place_reason", "slot", "x_m", "y_m", "z_m", "accuracy_m")
ARROW_COLUMNS = ("place_id", "method", "reason", "slot", "x", "y", "z", "accuracy_m")
ASKED = ("location_id", "article_id", "unit_id")
NONE = -1
SAME_M = 1e-6
FETCH = 20_000
FEW = 500
KINDS = {"everything": 0, "site": 1, "building": 2, "storey": 3, "room": 4}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TiedElements:
    """Elements that records are linked to, and record id → row among them."""

    elements: Elements = field(default_factory=Elements.none)
    of_record: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class Placer:
    """Places rows of a kind with a location. Tables by id hold rows of `places`, −1 for none; ids beyond their end are unknown.

    `location_row` (by location id), `unit_row` (by term id: where the unit named so has its address), `intangible` (by article
    id); `taken` keeps the slots given so far.
    """

    places: Places
    row_of_place: Mapping[int, int]
    location_row: Ids
    unit_row: Ids
    intangible: NDArray[np.bool_]
    taken: Taken
    tied: TiedElements = field(default_factory=TiedElements)

    def place(self, asked: Mapping[str, Ids], *, held_place: Ids | None = None, held_slot: Ids | None = None) -> Placement:
        """The placement of rows given by `location_id`, and as far as the kind has them `article_id`, `unit_id`, `record_id`."""
        count = len(asked["location_id"])
        nothing = np.full(count, NONE, dtype=np.int64)
        element_of = self.tied.of_record
        elements = nothing
        if element_of and "record_id" in asked:
            elements = np.array([element_of.get(record, NONE) for record in asked["record_id"].tolist()], dtype=np.int64)
        rows = Assets(
            intangible=look_up(self.intangible, asked["article_id"], False) if "article_id" in asked else np.zeros(count, dtype=np.bool_),
            element=elements,
            place=look_up(self.location_row, asked["location_id"], NONE),
            unit_place=look_up(self.unit_row, asked["unit_id"], NONE) if "unit_id" in asked else nothing,
            held_place=self.rows_of(held_place) if held_place is not None else nothing,
            held_slot=held_slot if held_slot is not None else nothing,
        )
        placed = place_assets(rows, self.places, self._elements_within(rows), taken=self.taken)
        self._take(placed)
        return placed

    def _elements_within(self, rows: Assets) -> Elements:
        """The elements, each in the place its asset's register names where that lies within its own: a door of a storey, a room's door."""
        elements = self.tied.elements
        at = np.flatnonzero(rows.element >= 0)
        inner, outer = rows.place[at], elements.place[rows.element[at]]
        within = (inner >= 0) & self.places.holds(outer, inner)
        place = elements.place.copy()
        place[rows.element[at[within]]] = inner[within]
        return Elements(xyz=elements.xyz, place=place)

    def rows_of(self, place_ids: Ids) -> Ids:
        """Rows of places by id, −1 for those that are not there."""
        return rows_of_places(self.row_of_place, place_ids)

    def _take(self, placed: Placement) -> None:
        given = np.flatnonzero(placed.slot >= 0)
        rooms, slots = self.rows_of(placed.place[given]), placed.slot[given]
        self.taken = Taken(room=np.concatenate([self.taken.room, rooms]), slot=np.concatenate([self.taken.slot, slots]))


def rows_of_places(row_of_place: Mapping[int, int], place_ids: Ids) -> Ids:
    """Rows of places by id, −1 for those that are not there."""
    known, inverse = np.unique(place_ids, return_inverse=True)
    rows: Ids = np.array([row_of_place.get(one, NONE) for one in known.tolist()], dtype=np.int64)[inverse]
    return rows


def look_up(table: NDArray[Any], ids: Ids, otherwise: Any) -> NDArray[Any]:
    """The table at each id; `otherwise` for ids that it does not have."""
    inside = (ids >= 0) & (ids < len(table))
    return np.where(inside, table[np.where(inside, ids, 0)], otherwise) if len(table) else np.full(len(ids), otherwise)


def places_as_columns(
    places: Sequence[Place], scene: Scene, stated: Mapping[int, StatedPosition] = MappingProxyType({})
) -> tuple[Places, dict[int, int]]:
    """The tree as columns in site metres, and place id → row; `stated` (by record id) are buildings by their register's coordinates."""
    row_of = {place.id: row for row, place in enumerate(places)}
    xyz = np.full((len(places), 3), np.nan)
    extent = np.full(len(places), np.nan)
    outlines: dict[int, BaseGeometry] = {}
    beyond = np.zeros(len(places), dtype=np.bool_)
    for row, place in enumerate(places):
        stored = scene.rows.get(feature_key(place.site_id, place.feature_id)) if place.site_id and place.feature_id else None
        known = stated.get(place.record_id or 0) if stored is None and place.kind == "building" else None
        if known is not None:
            beyond[row] = known.xyz is None
            xyz[row], extent[row] = known.xyz or np.nan, known.extent_m
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
        beyond=beyond,
    )
    return found, row_of


def table_by_id(pairs: Sequence[tuple[int, int]], otherwise: int = NONE) -> Ids:
    """A table by id from pairs of id and value."""
    table: Ids = np.full(max((one for one, _ in pairs), default=-1) + 1, otherwise, dtype=np.int64)
    for one, value in pairs:
        table[one] = value
    return table


def location_rows(connection: Connection, row_of_place: Mapping[int, int], *, of: Ids | None = None) -> Ids:
    """Row of the place of each location, or of these alone, by location id."""
    columns = schema.location.c
    query = select(columns.id, columns.place_id).where(columns.place_id.is_not(None))
    asked = None if of is None else np.unique(of).tolist()
    few = asked is not None and len(asked) <= FEW
    found = connection.execute(query.where(columns.id.in_(asked)) if asked is not None and few else query).all()
    flat = np.fromiter(chain.from_iterable(found), np.int64, 2 * len(found))  # numpy is slow with rows of SQLAlchemy
    ids, places = flat.reshape(-1, 2).T
    table: Ids = np.full(int(ids.max(initial=-1)) + 1, NONE, dtype=np.int64)
    table[ids] = rows_of_places(row_of_place, places)
    return table


def unit_addresses(connection: Connection) -> list[tuple[int, int]]:
    """Id of a text that names a unit, and the place where that unit has its address (its building)."""
    unit, term, place = schema.kind_table("unit"), schema.term, schema.place
    building = term.alias()
    now = clock_of(connection, "unit")
    query = (
        select(term.c.id, place.c.id.label("place_id"))
        .join(unit, unit.c.record_id == term.c.record_id)
        .join(building, building.c.id == unit.c.building_id)
        .join(place, place.c.record_id == building.c.record_id)
        .where(term.c.domain == "unit", unit.c.since <= now, unit.c.until > now, place.c.kind == "building")
    )
    return sorted((int(row.id), int(row.place_id)) for row in connection.execute(query))


def intangible_articles(connection: Connection, known: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Whether each article has no place because it is no thing, by article id; those `known` are not asked for again."""
    article = schema.article.c
    query = select(article.id, article.class_code, article.class_edition).where(article.id >= (0 if known is None else len(known)))
    rows = list(connection.execute(query))
    flags = is_intangible([row.class_code or None for row in rows], [row.class_edition or None for row in rows])
    table: NDArray[np.bool_] = table_by_id([(row.id, int(flag)) for row, flag in zip(rows, flags, strict=True)], 0).astype(np.bool_)
    if known is not None:
        table[: len(known)] = known[: len(table)]
    return table if len(table) or known is None else known


def slots_taken(connection: Connection, kind: str, row_of_place: Mapping[int, int], *, but: Ids | None = None) -> Taken:
    """The slots that visible rows of a kind hold, but for these versions."""
    table, now = schema.kind_table(kind), clock_of(connection, kind)
    query = select(table.c.id, table.c.place_id, table.c.slot).where(table.c.slot.is_not(None), table.c.since <= now, table.c.until > now)
    left_out = set() if but is None else set(but.tolist())
    pairs = [
        (row_of_place[row.place_id], row.slot)
        for row in connection.execute(query)
        if row.place_id in row_of_place and row.id not in left_out
    ]
    rooms, slots = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Taken(room=rooms, slot=slots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far the rows of a kind were when they were last placed: touched number, and how often locations had moved."""

    touched: int
    moved: int


def reached(connection: Connection, kind: str, moved: int) -> Reached:
    """How far they are now."""
    log = schema.touched.c
    touched = connection.execute(select(func.coalesce(func.max(log.seq), 0)).where(log.kind == kind)).scalar_one()
    return Reached(touched=int(touched), moved=moved)


def placed_rows(connection: Connection, kind: str, *, since: Reached | None, now: Reached) -> dict[str, NDArray[Any]]:
    """Visible rows of a kind as columns: ids, what they are placed by, and their placement (−1 and NaN for null, "" for no word).

    With `since` only those that may stand elsewhere: those without a placement, those that people touched, and, where locations
    have moved, those in another place than their location, elements and intangible ones aside.
    """
    table, clock = schema.kind_table(kind), clock_of(connection, kind)
    names = ["id", "record_id", *(name for name in ASKED if name in table.c), *PLACED_COLUMNS]
    query = select(*(table.c[name] for name in names)).where(table.c.since <= clock, table.c.until > clock)
    if since is not None:
        log = schema.touched.c
        touched = select(log.record_id).where(log.kind == kind, log.seq > since.touched)
        by_index = union(select(table.c.id).where(table.c.place_method.is_(None)), select(table.c.id).where(table.c.record_id.in_(touched)))
        wanted: ColumnElement[bool] = table.c.id.in_(by_index)
        if now.moved != since.moved:
            stated = schema.location.c.place_id
            at_unit = stated.is_(None) & (table.c.place_reason == "place_not_stated")
            settled = (table.c.place_method == "element") | (table.c.place_reason == "intangible") | at_unit
            query = query.outerjoin(schema.location, schema.location.c.id == table.c.location_id)
            wanted |= table.c.place_id.is_distinct_from(stated) & ~settled
        query = query.where(wanted)
    parts: list[list[Any]] = [[] for _ in names]
    for rows in connection.execution_options(yield_per=FETCH).execute(query).partitions():
        for part, column in zip(parts, zip(*rows, strict=True), strict=True):
            part.append(_array(column))
    return {name: np.concatenate(part) if part else np.empty(0, dtype=np.int64) for name, part in zip(names, parts, strict=True)}


def _array(column: Sequence[Any]) -> NDArray[Any]:
    first = next((one for one in column if one is not None), 0)
    if isinstance(first, str):
        return np.array([one or "" for one in column], dtype=object)
    if isinstance(first, float):
        return np.array([np.nan if one is None else one for one in column], dtype=np.float64)
    return np.array([NONE if one is None else one for one in column], dtype=np.int64)


def differing(rows: Mapping[str, NDArray[Any]], placed: Placement) -> tuple[Ids, list[tuple[Any, ...]]]:
    """Which rows have another placement than the one given, and theirs in the order of `PLACED_COLUMNS`."""
    table = placed.to_arrow()
    words = {
        name: np.array(table[column].to_pylist(), dtype=object)
        for name, column in zip(PLACED_COLUMNS[1:3], ("method", "reason"), strict=True)
    }
    changed = (rows["place_id"] != placed.place) | (rows["slot"] != placed.slot)
    for name, said in words.items():
        changed |= rows[name] != said
    for axis, name in enumerate(("x_m", "y_m", "z_m")):
        changed |= _moved(rows[name], placed.xyz[:, axis])
    changed |= _moved(rows["accuracy_m"], np.where(np.isfinite(placed.xyz[:, 0]), placed.accuracy_m, np.nan))
    at = np.flatnonzero(changed)
    chosen = table.take(at)
    columns = [chosen[column].to_pylist() for column in ARROW_COLUMNS]
    return at, list(zip(*columns, strict=True))


def _moved(before: NDArray[Any], after: NDArray[np.float64]) -> NDArray[np.bool_]:
    held = before.astype(np.float64) if before.dtype != np.float64 else before
    held = np.where(held == NONE, np.nan, held) if before.dtype == np.int64 else held
    moved: NDArray[np.bool_] = ~np.isclose(held, after, rtol=0.0, atol=SAME_M, equal_nan=True)
    return moved


def write_placed(connection: Connection, kind: str, rows: Sequence[tuple[int, int, tuple[Any, ...]]]) -> None:
    """Write the placement of versions (version id, record id, `PLACED_COLUMNS`), and that their records were touched."""
    if not rows:
        return
    table = schema.kind_table(kind)
    statement = update(table).where(table.c.id == bindparam("version")).values({name: bindparam(f"new_{name}") for name in PLACED_COLUMNS})
    connection.execute(
        statement,
        [
            {"version": version, **{f"new_{name}": value for name, value in zip(PLACED_COLUMNS, values, strict=True)}}
            for version, _, values in rows
        ],
    )
    first = take_ids(connection, "touched", len(rows))
    touched = [(first + at, kind, record) for at, (_, record, _) in enumerate(rows)]
    put_rows(connection, schema.touched, ("seq", "kind", "record_id"), touched)
