"""Where assets stand, as points of a site: read once for a state of the registers, asked with what the reader may know of."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from spatial.points import Points
from twin.codes import get_kind
from twin.queries.asset_filter import visible_mask
from twin.queries.records.context import Registers
from twin.queries.records.documents import record_href
from twin.records.counters import clock_of
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader
from twin.records.shelf import AssetView
from twin.store import record_schema as schema

__all__ = ["AssetPoints", "StandingAssets", "asset_points"]

FETCH = 50_000
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class StandingAssets:
    """The assets of one site with a position: row i of `points` is `record[i]`."""

    record: NDArray[np.int64]
    points: Points

    def visible(self, view: AssetView, reader: Reader) -> Mask:
        """Which rows the reader may know of; what the columns do not have yet is not shown."""
        at = np.append(view.columns.arrays["position"], NOWHERE)[np.minimum(self.record, len(view.columns.arrays["position"]))]
        mask = visible_mask(view, reader)
        known = at != NOWHERE
        shown: Mask = known if mask is None else known & np.append(mask, False)[at]
        return shown


class AssetPoints:
    """The points of every site; read anew when the registers have changed."""

    def __init__(self, registers: Registers) -> None:
        self.registers = registers
        self._lock = threading.Lock()
        self._state: tuple[Any, ...] = ()
        self._sites: dict[int, StandingAssets] = {}

    def of(self, site_code: str) -> tuple[StandingAssets, AssetView]:
        """The assets of a site and the columns of the same state."""
        number = next(number for number, site in self.registers.store.site_ids().items() if site.code == site_code)
        with self.registers.store.database.reading() as connection:
            view = self.registers.shelf.assets(connection)
            state = (view.columns.clock, view.columns.touched, view.columns.ties)
            with self._lock:
                if state != self._state:
                    self._sites, self._state = _read(connection, view), state
                found = self._sites.get(number)
        return found or StandingAssets(np.zeros(0, dtype=np.int64), Points.build(np.zeros((0, 3)))), view

    def documents(self, view: AssetView, records: list[int]) -> list[dict[str, Any]]:
        """`{id, kind, key, href, name, room}` of some records, in their order."""
        keys = [view.columns.key(view.columns.position_of(record)).decode() for record in records]
        positions = [int(view.position[view.columns.position_of(record)]) for record in records]
        rows = [None if at == NOWHERE else view.places.rows[at] for at in positions]
        return [
            {
                "id": record,
                "kind": "asset",
                "key": key,
                "href": record_href(get_kind("asset"), key),
                "place": None if row is None else {"id": row.id, "kind": row.kind, "name": row.name, "feature": row.feature_id},
            }
            for record, key, row in zip(records, keys, rows, strict=True)
        ]


def asset_points(registers: Registers) -> AssetPoints:
    """The points of a process's registers, one for all its questions."""
    with registers.lock:
        found: AssetPoints = registers.kept.setdefault("asset points", AssetPoints(registers))
    return found


def _read(connection: Connection, view: AssetView) -> dict[int, StandingAssets]:
    table, now = schema.kind_table("asset").c, clock_of(connection, "asset")
    query = select(table.record_id, table.place_id, table.x_m, table.y_m, table.z_m).where(
        table.since <= now, table.until > now, table.x_m.is_not(None)
    )
    parts = [np.array(rows, dtype=np.float64) for rows in connection.execute(query).partitions(FETCH)]
    cells = np.concatenate([part.reshape(-1, 5) for part in parts]) if parts else np.zeros((0, 5))
    site_of = np.full(len(view.places.position_of) + 1, NOWHERE, dtype=np.int64)
    for row in view.places.rows:
        site_of[row.id] = NOWHERE if row.site_id is None else row.site_id
    site = site_of[np.where(np.isfinite(cells[:, 1]), cells[:, 1], -1).astype(np.int64)]
    return {
        int(number): StandingAssets(cells[site == number, 0].astype(np.int64), Points.build(cells[site == number, 2:]))
        for number in np.unique(site[site != NOWHERE])
    }
