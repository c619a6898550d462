"""Which assets a question means, from the columns of a process instead of the table: the same ones, in the order of their codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from spatial.frame import Site, SiteFrame
from twin.queries.asset_filter import visible_mask
from twin.queries.cql2 import Filter, Queryables
from twin.queries.cql2.by_column import ByColumn, Codes, NotInColumns, Texts, Wholes
from twin.queries.cql2.compile import check_filter
from twin.queries.cql2.nodes import Node, Operation
from twin.queries.items.asked import Asked
from twin.queries.items.box import Box
from twin.queries.items.catalogue import ItemReader
from twin.queries.items.points import Plane, planes_of
from twin.queries.place.assets import StandingAssets, asset_points
from twin.queries.records.context import Registers
from twin.records.columns import NO_DAY, NO_VALUE, asset_states
from twin.records.moves import Moves
from twin.records.shelf import AssetView
from twin.store.items import Window

__all__ = ["AssetChoice", "choose_assets", "moved_assets"]

EARTH_M = 6_356_000.0
SLACK_M = 1.0
FEW = 16
"""Of so many assets one: then it costs less to sort them than to mark them."""
TEXTS = ("article", "specification", "brand", "unit", "location")
SOME = 4
"""Of so many one or more: then whole columns are read quicker than their rows here and there."""
Positions: TypeAlias = NDArray[np.int32]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetChoice:
    """Positions of assets in the columns of a view, None: all of them. `rest` are conditions that no column decides, for the table."""

    view: AssetView
    positions: Positions | None
    rest: tuple[Filter, ...]

    def __len__(self) -> int:
        return len(self.view.columns) if self.positions is None else len(self.positions)

    def records(self, after: str, limit: int) -> list[int]:
        """The ids of the first `limit` assets whose code is greater than `after`."""
        columns = self.view.columns
        start = columns.position_at(after.encode(), after=True) if after else 0
        if self.positions is None:
            chosen = columns.arrays["record"][start : start + limit]
        else:
            first = int(np.searchsorted(self.positions, start))
            chosen = columns.arrays["record"][self.positions[first : first + limit]]
        return [int(record) for record in chosen]

    def key_of(self, record: int) -> str:
        """The code of one of them."""
        return self.view.columns.key(self.view.columns.position_of(record)).decode()


def choose_assets(
    connection: Connection,
    registers: Registers,
    reader: ItemReader,
    asked: Asked,
    queryables: Queryables,
    *,
    moves: Moves | None = None,
) -> AssetChoice | None:
    """The assets in the box that the reader may know of and for which the conditions hold that columns can decide.

    With `moves` those alone that said on its day what they say now. None where the columns are not of the state that the
    connection sees. Raises FilterInvalid for what cannot be asked.
    """
    assert reader.records is not None
    for one in asked.filters:
        check_filter(one, queryables)
    view = registers.shelf.assets_of_now(connection)
    if view is None:
        return None
    seen = visible_mask(view, reader.records)
    if moves is not None:
        still = unmoved_mask(connection, view, moves)
        seen = still if seen is None else seen & still
    nodes = [node for one in asked.filters for node in _conjuncts(one.node)]

    def choose() -> tuple[Positions | None, list[Node]]:
        positions, mask = (None, seen) if asked.box is None else _in_box(registers, view, reader, asked.box)
        if asked.box is not None and seen is not None:
            mask = seen[positions] if mask is None else seen & mask
        return _holding(connection, view, queryables, nodes, positions, mask)

    key = (
        "chosen",
        moves and moves.day,
        asked.box,
        tuple(nodes),
        reader.records.labels,
        reader.records.units,
        frozenset(reader.site_codes),
    )
    positions, rest = view.once(key, choose)
    return AssetChoice(view=view, positions=positions, rest=tuple(map(Filter, rest)))


def moved_assets(connection: Connection, view: AssetView, moves: Moves) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`Moves.ids`, asked once a state and day."""
    return view.once(("moved", moves.day), lambda: moves.ids(connection))


def unmoved_mask(connection: Connection, view: AssetView, moves: Moves) -> Mask:
    """Which assets said on the day what they say now."""

    def look() -> Mask:
        records = view.columns.arrays["record"]
        return np.logical_not(np.isin(records, np.concatenate(moved_assets(connection, view, moves))))

    return view.once(("unmoved", moves.day), look)


def _holding(
    connection: Connection, view: AssetView, queryables: Queryables, nodes: Sequence[Node], positions: Positions | None, held: Mask | None
) -> tuple[Positions | None, list[Node]]:
    """Those of the positions (None: of all) that are marked and for which each node holds that columns decide, and the other nodes."""
    at: Any = slice(None) if positions is None else positions
    count = len(view.columns) if positions is None else len(positions)
    by_column, rest = ByColumn(connection, queryables, columns_of(view), view.once, at, count), []
    for node in nodes:
        try:
            found = by_column.holds(node)
        except NotInColumns:
            rest.append(node)
            continue
        held = found if held is None else held & found
    if held is None:
        return positions, rest
    return np.flatnonzero(held).astype(np.int32) if positions is None else positions[held], rest


def columns_of(view: AssetView) -> Mapping[str, Texts | Codes | Wholes]:
    """What a filter may name, as columns."""
    arrays = view.columns.arrays
    parts = {"article": ("name", "class_code", "class_edition"), "location": ("building", "storey", "room")}
    found: dict[str, Texts | Codes | Wholes] = {}
    for name in TEXTS:
        for queryable in parts.get(name, (name,)):
            found[queryable] = Texts(cells=arrays[name])
    return found | {
        "state": Codes(cells=arrays["state"], words=asset_states()),
        "value": Wholes(cells=arrays["value"], empty=int(NO_VALUE)),
        "acquired": Wholes(cells=arrays["acquired"], empty=int(NO_DAY), days=True),
    }


def _conjuncts(node: Node) -> Iterator[Node]:
    if isinstance(node, Operation) and node.op == "and":
        for arg in node.args:
            yield from _conjuncts(arg)
    else:
        yield node


def _in_box(registers: Registers, view: AssetView, reader: ItemReader, box: Box) -> tuple[Positions | None, Mask | None]:
    """The positions of the assets whose points lie in the box, exactly, in order; of a large part of all a mark on each that does."""
    points, found = asset_points(registers), [np.zeros(0, dtype=np.int32)]
    for number, code in reader.site_codes.items():
        standing, site = points.in_view(view, number), reader.sites[code]
        at = view.once(("standing", number), lambda: view.columns.arrays["position"][standing.record])  # noqa: B023  asked at once
        for window in box.windows:
            planes = planes_of(site, window)
            if planes is not None and len(standing.record):
                found.append(_standing_in(standing, at, site, box, window, planes))
    positions = np.concatenate(found)
    if len(positions) * FEW <= len(view.columns):
        return np.unique(positions).astype(np.int32), None
    held = np.zeros(len(view.columns), dtype=np.bool_)
    held[positions] = True
    return (None, held) if len(positions) * SOME > len(view.columns) else (np.flatnonzero(held).astype(np.int32), None)


def _standing_in(
    standing: StandingAssets, at: NDArray[np.int32], site: Site, box: Box, window: Window, planes: tuple[Plane, Plane]
) -> NDArray[np.int32]:
    """Where in the columns the assets of a site in a box are, `at` where each of its points is: those well within its planes are in it,
    those at its sides are looked at in degrees."""
    (west, south, east, north), inner = planes
    reach = max(abs(west), abs(east)) ** 2 + max(abs(south), abs(north)) ** 2
    drop = reach / (2 * EARTH_M) + SLACK_M  # away from the origin z is less than the height
    low = -np.inf if window.low_m is None else window.low_m - site.height_m
    high = np.inf if window.high_m is None else window.high_m - site.height_m
    outer = (west, south, low - drop), (east, north, high + SLACK_M)
    certain = (inner[0], inner[1], low + SLACK_M), (inner[2], inner[3], high - drop)
    nothing = (np.inf, np.inf, np.inf), (-np.inf, -np.inf, -np.inf)
    rows, doubtful = standing.points.in_boxes(outer, certain if box.upright else nothing)
    if not len(doubtful):
        return at[rows]
    xyz = standing.points.xyz[:, standing.points.position[doubtful]]
    meets = box.meets_points(SiteFrame.of(site).to_lon_lat_height(xyz.T))
    found: NDArray[np.int32] = at[np.concatenate([rows, doubtful[meets]])]
    return found
