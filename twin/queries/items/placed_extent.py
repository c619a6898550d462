"""Where placed records lie, and since when they are known: worked out once for a state of their register, and grown by single changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, func, select

from spatial.frame import Site, SiteFrame
from spatial.mesh import Float64
from twin.queries.items.catalogue import Catalogue, ItemReader
from twin.queries.items.points import site_of
from twin.records.counters import clock_of
from twin.records.place_tree import PlaceTree
from twin.records.state import read_place_state
from twin.store import record_schema as schema

__all__ = ["placed_extent"]

Box = tuple[float | None, ...]
NOWHERE: Box = (None,) * 6
OUTWARDS_DEGREES, OUTWARDS_M = 1e-7, 0.01
"""A centimetre: a box in a site's plane is followed at some hundred points."""
POINTS = 17
KEPT = 256
EXTENTS = "extents"


@dataclass(frozen=True, slots=True)
class _Known:
    """The box as of the last change in the log of changes."""

    touched: int
    box: Box


def placed_extent(
    connection: Connection, catalogue: Catalogue, table: Table, places: PlaceTree, reader: ItemReader, seen: Sequence[ColumnElement[bool]]
) -> Box:
    """West, south, east, north in degrees, lowest and highest metres above the ellipsoid of what is `seen` of a table of records.

    It holds them all, and is a centimetre larger; what was moved away or ended since the last import may still be within it.
    """
    assert reader.records is not None
    log = schema.touched.c
    last = select(func.coalesce(func.max(log.seq), 0)).where(log.kind == table.name)
    touched = int(connection.execute(last).scalar_one())
    state = (read_place_state(connection), clock_of(connection, table.name))
    key = (table.name, state, reader.records.labels, reader.records.units, tuple(sorted(reader.sites)))
    registers = catalogue.registers
    with registers.lock:
        known: _Known | None = registers.kept.setdefault(EXTENTS, {}).get(key)
    if known is None:
        known = _Known(touched, _box(connection, table, places, reader, seen))
    elif known.touched < touched:
        changed = select(log.record_id).where(log.kind == table.name, log.seq > known.touched)
        known = _Known(touched, _around(known.box, _box(connection, table, places, reader, [*seen, table.c.record_id.in_(changed)])))
    with registers.lock:
        kept = {one: value for one, value in registers.kept[EXTENTS].items() if one[:2] == key[:2] or one[0] != table.name}
        registers.kept[EXTENTS] = dict(list(kept.items())[-KEPT:]) | {key: known}
    return known.box


def _box(connection: Connection, table: Table, places: PlaceTree, reader: ItemReader, where: Sequence[ColumnElement[bool]]) -> Box:
    """Several sites are told apart by the places; of one the table alone is asked."""
    column, now = table.c, clock_of(connection, table.name)
    sides = [one(column[axis]) for axis in ("x_m", "y_m", "z_m") for one in (func.min, func.max)]
    standing = [column.since <= now, column.until > now, column.ended.is_(None), column.x_m.is_not(None), *where]
    sites = {row.site_id for row in places.rows if row.site_id is not None}
    if len(sites) == 1:
        only = reader.sites.get(reader.site_codes.get(sites.pop(), ""))
        whole = connection.execute(select(*sides).where(*standing)).one()
        return NOWHERE if only is None or whole[0] is None else _degrees(only, np.array([tuple(whole)], dtype=np.float64))
    apart = (column.place_id, column.location_id)
    found: dict[str, tuple[Site, list[Sequence[float]]]] = {}
    for place, location, *bounds in connection.execute(select(*apart, *sides).where(*standing).group_by(*apart)):
        site = site_of(places, places.place_of(place, location), reader)
        if site is not None:
            found.setdefault(site.code, (site, []))[1].append(bounds)
    box = NOWHERE
    for site, boxes in found.values():
        box = _around(box, _degrees(site, np.array(boxes, dtype=np.float64)))
    return box


def _degrees(site: Site, boxes: Float64) -> Box:
    """What holds boxes (n, 6) of the site's plane: lowest and highest x, y, z in turn."""
    low, high = boxes[:, ::2].min(axis=0), boxes[:, 1::2].max(axis=0)
    x, y = (np.linspace(low[axis], high[axis], POINTS) for axis in (0, 1))
    grid = np.array(np.meshgrid(x, y, [low[2], high[2]])).reshape(3, -1).T
    points = SiteFrame.of(site).to_lon_lat_height(grid)
    outwards = np.array([OUTWARDS_DEGREES, OUTWARDS_DEGREES, OUTWARDS_M])
    (west, south, bottom), (east, north, top) = (points.min(axis=0) - outwards).tolist(), (points.max(axis=0) + outwards).tolist()
    return (west, south, east, north, bottom, top)


def _around(one: Box, other: Box) -> Box:
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    least: tuple[Any, ...] = (min, min, max, max, min, max)
    return tuple(choose(mine, theirs) for choose, mine, theirs in zip(least, one, other, strict=True))
