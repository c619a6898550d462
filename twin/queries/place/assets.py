"""Where assets stand, as points of a site: sorted once from the columns, asked with what the reader may know of."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.points import Points
from twin.codes import get_kind
from twin.errors import StoreUnavailable
from twin.queries.asset_filter import visible_mask
from twin.queries.records.context import Registers
from twin.queries.records.documents import record_href
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader
from twin.records.shelf import AssetView

__all__ = ["AssetPoints", "StandingAssets", "asset_points"]

AXES = ("x_m", "y_m", "z_m")
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class StandingAssets:
    """The assets of one site with a position: row i of `points` is `record[i]`."""

    record: NDArray[np.int32]
    points: Points

    def visible(self, view: AssetView, reader: Reader) -> Mask:
        """Which rows the reader may know of; what the columns do not have yet is not shown."""
        at = np.append(view.columns.arrays["position"], NOWHERE)[np.minimum(self.record, len(view.columns.arrays["position"]))]
        mask = visible_mask(view, reader)
        known = at != NOWHERE
        shown: Mask = known if mask is None else known & np.append(mask, False)[at]
        return shown


class AssetPoints:
    """The points of every site: kept while no asset has come, gone or moved, whatever else the registers change."""

    def __init__(self, registers: Registers) -> None:
        self.registers = registers
        self._lock = threading.Lock()
        self._kept: _Sorted | None = None

    def of(self, site_code: str) -> tuple[StandingAssets, AssetView]:
        """The assets of a site and the columns of the same state."""
        number = next(number for number, site in self.registers.store.site_ids().items() if site.code == site_code)
        with self.registers.store.database.reading() as connection:
            view = self.registers.shelf.assets(connection)
        return self.in_view(view, number), view

    def warm(self) -> None:
        """Sort them before anybody asks; nothing where the columns are not there yet."""
        with suppress(StoreUnavailable), self.registers.store.database.reading() as connection:
            self.in_view(self.registers.shelf.assets(connection), NOWHERE)

    def in_view(self, view: AssetView, number: int) -> StandingAssets:
        """The assets of the site of this number in the store, in the state of the view."""
        with self._lock:
            if self._kept is None or not self._kept.fits(view):
                self._kept = _Sorted.of(view)
            found = self._kept.sites.get(number)
        return found or StandingAssets(np.zeros(0, dtype=np.int32), Points.build(np.zeros((0, 3))))

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


@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    """Points by site, and the columns they were made of."""

    columns: dict[str, NDArray[Any]]
    position: NDArray[Any]
    site: NDArray[np.int32]
    sites: dict[int, StandingAssets]

    @classmethod
    def of(cls, view: AssetView) -> _Sorted:
        """From the columns of a view."""
        arrays, site = view.columns.arrays, view.site_numbers()
        stands = (site != NOWHERE) & np.isfinite(arrays["x_m"])
        sites = {}
        for number in np.unique(site[stands]).tolist():
            at = np.flatnonzero(stands & (site == number))
            xyz = np.stack([arrays[axis][at] for axis in AXES], axis=1)
            sites[number] = StandingAssets(arrays["record"][at], Points.build(xyz))
        return cls({name: arrays[name] for name in ("record", *AXES)}, view.position, site, sites)

    def fits(self, view: AssetView) -> bool:
        """Whether every asset of the view stands where it stood."""
        if not all(_same(mine, view.columns.arrays[name]) for name, mine in self.columns.items()):
            return False
        return self.position is view.position or np.array_equal(self.site, view.site_numbers())


def _same(before: NDArray[Any], after: NDArray[Any]) -> bool:
    return before is after or np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
