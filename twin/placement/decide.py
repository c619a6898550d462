"""The decision: for each asset the best position anybody knows, by which method, and what kept it from a better one."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.mesh import Float64
from spatial.spots import CLEARANCE_M, spots_of_rooms
from twin.placement.places import PlaceKind, Places, Rows, positioned
from twin.placement.slots import NO_SLOT, Taken, assign_slots

if TYPE_CHECKING:
    import pyarrow

__all__ = ["Assets", "Elements", "Method", "Placement", "Reason", "place_assets"]

NOWHERE = -1


class Method(IntEnum):
    """What a position was taken from, best first; the names are those of the records."""

    NONE = 0
    ELEMENT = 1
    SPOT = 2
    ROOM = 3
    STOREY = 4
    BUILDING = 5
    SITE = 6
    UNIT = 7


class Reason(IntEnum):
    """Why a position is no better than it is; NONE where it is the element itself or a spot of the room."""

    NONE = 0
    INTANGIBLE = 1
    ELEMENT_ELSEWHERE = 2
    ROOM_WITHOUT_OUTLINE = 3
    ROOM_NOT_STATED = 4
    PLACE_NOT_STATED = 5
    PLACE_WITHOUT_POSITION = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Elements:
    """BIM elements that assets are tied to: `xyz` (e, 3) site metres, middle of the box in plan and its top, NaN for one without
    geometry; `place` (e,) the row of the place it stands in, -1 unknown."""

    xyz: Float64
    place: Rows

    @classmethod
    def none(cls) -> "Elements":
        """No elements at all."""
        return cls(xyz=np.empty((0, 3)), place=np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assets:
    """What is known of where n assets are; rows of Elements and Places, -1 for none.

    `place` is where the register says, `unit_place` the address of the unit that has it, `held_place` and `held_slot` the
    placement it had until now.
    """

    intangible: NDArray[np.bool_]
    element: Rows
    place: Rows
    unit_place: Rows
    held_place: Rows
    held_slot: Rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """One row an asset: `place` the id of its place (-1 none), `method` a Method, `slot` (-1 none), `xyz` (n, 3) site metres
    (NaN none), `accuracy_m` how far from there it may be, `reason` a Reason; `crammed` the spacing by place id of rooms whose
    spots are nearer than 0.3 m."""

    place: Rows
    method: NDArray[np.uint8]
    slot: Rows
    xyz: Float64
    accuracy_m: Float64
    reason: NDArray[np.uint8]
    crammed: dict[int, float] = field(default_factory=dict)

    def to_arrow(self) -> "pyarrow.Table":
        """Columns place_id, method, slot, x, y, z, accuracy_m, reason; nulls for none, method and reason as words."""
        import pyarrow as pa

        lost = ~np.isfinite(self.xyz[:, 0])
        columns = {
            "place_id": pa.array(self.place, mask=self.place == NOWHERE),
            "method": _words(self.method, Method),
            "slot": pa.array(self.slot.astype(np.int32), mask=self.slot == NO_SLOT),
            **{axis: pa.array(np.ascontiguousarray(self.xyz[:, i]), mask=lost) for i, axis in enumerate("xyz")},
            "accuracy_m": pa.array(self.accuracy_m, mask=lost | ~np.isfinite(self.accuracy_m)),
            "reason": _words(self.reason, Reason),
        }
        return pa.table(columns)


CRAMMED_M = 0.3


def place_assets(
    assets: Assets, places: Places, elements: Elements, *, taken: Taken | None = None, clearance_m: float = CLEARANCE_M
) -> Placement:
    """Where each asset stands: element, else spot in its room, else storey, building, site, else its unit's address, else none.

    An asset tied to an element is where that stands, also where the register says otherwise (reason ELEMENT_ELSEWHERE). Intangible
    assets have neither place nor position. An asset keeps its place where only the position is unknown. `taken` are slots of
    assets not asked about, by row of their place.
    """
    placed = _blank(len(assets.place))
    tangible = ~assets.intangible
    place = _effective_places(assets, elements)
    at_element = _at_elements(placed, assets, elements, places, place, tangible)
    with_outline = places.with_outline()
    in_room = tangible & ~at_element & _has(with_outline, place)
    crammed = _at_spots(placed, np.flatnonzero(in_room), place, assets, places, taken, clearance_m)
    _at_places(placed, tangible & ~at_element & ~in_room, place, assets.unit_place, places)
    placed.reason[assets.intangible] = Reason.INTANGIBLE
    placed.place[placed.place != NOWHERE] = places.id[placed.place[placed.place != NOWHERE]]
    placed.crammed.update(crammed)
    return placed


def _blank(count: int) -> Placement:
    return Placement(
        place=np.full(count, NOWHERE, dtype=np.int64),
        method=np.zeros(count, dtype=np.uint8),
        slot=np.full(count, NO_SLOT, dtype=np.int64),
        xyz=np.full((count, 3), np.nan),
        accuracy_m=np.full(count, np.nan),
        reason=np.zeros(count, dtype=np.uint8),
    )


def _has(column: NDArray[np.bool_], row: Rows) -> NDArray[np.bool_]:
    """Whether the column holds at each row; False where there is none."""
    held: NDArray[np.bool_] = (row >= 0) & np.append(column, False)[row]
    return held


def _effective_places(assets: Assets, elements: Elements) -> Rows:
    of_element = np.append(elements.place, NOWHERE)[assets.element]
    return np.where(of_element >= 0, of_element, assets.place)


def _at_elements(
    placed: Placement, assets: Assets, elements: Elements, places: Places, place: Rows, tangible: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    chosen: NDArray[np.bool_] = tangible & _has(positioned(elements.xyz), assets.element)
    placed.xyz[chosen] = elements.xyz[assets.element[chosen]]
    placed.method[chosen] = Method.ELEMENT
    placed.accuracy_m[chosen] = 0.0
    placed.place[chosen] = place[chosen]
    differing = np.flatnonzero(tangible & (assets.place >= 0) & (place != assets.place))
    elsewhere = ~places.holds(assets.place[differing], place[differing])
    placed.reason[differing[elsewhere]] = Reason.ELEMENT_ELSEWHERE
    return chosen


def _at_spots(
    placed: Placement, rows: Rows, place: Rows, assets: Assets, places: Places, taken: Taken | None, clearance_m: float
) -> dict[int, float]:
    """Give the assets of these rows a spot of their room; the spacing of rooms that are crammed, by place id."""
    at = place[rows]
    slot = assign_slots(at, np.where(assets.held_place[rows] == at, assets.held_slot[rows], NO_SLOT), taken)
    rooms, index = np.unique(at, return_inverse=True)
    counts = np.zeros(len(rooms), dtype=np.int64)
    np.maximum.at(counts, index, slot + 1)
    outlines = [places.outlines[int(room)] for room in rooms]
    found = spots_of_rooms(
        outlines,
        counts,
        keys=[str(id_) for id_ in places.id[rooms]],
        clearance_m=clearance_m,
        avoid=[places.standing.get(int(room)) for room in rooms],
    )
    placed.xyz[rows, :2] = found.xy[found.starts[index] + slot]
    placed.xyz[rows, 2] = places.xyz[at, 2]
    bounds = shapely.bounds(np.array(outlines, dtype=object)).reshape(-1, 4)
    placed.accuracy_m[rows] = (np.hypot(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) / 2)[index]
    placed.slot[rows], placed.place[rows], placed.method[rows] = slot, at, Method.SPOT
    tight = np.flatnonzero(found.spacing_m < CRAMMED_M)
    return {int(places.id[rooms[i]]): float(found.spacing_m[i]) for i in tight}


METHOD_OF_KIND = np.array([Method.NONE, Method.SITE, Method.BUILDING, Method.STOREY, Method.ROOM], dtype=np.uint8)


def _at_places(placed: Placement, chosen: NDArray[np.bool_], place: Rows, unit_place: Rows, places: Places) -> None:
    """Give the chosen assets the position of their place or the nearest above it, else of their unit's address."""
    rows = np.flatnonzero(chosen)
    own, unit = place[rows], unit_place[rows]
    anchor = np.append(places.nearest_positioned(), NOWHERE)
    kind = np.append(places.kind, PlaceKind.EVERYTHING)
    near, address = anchor[own], anchor[unit]
    at = np.where(near >= 0, near, address)
    placed.place[rows] = np.where(own >= 0, own, unit)
    placed.xyz[rows] = np.vstack((places.xyz, np.full((1, 3), np.nan)))[at]
    placed.accuracy_m[rows] = np.append(places.extent_m, np.nan)[at]
    by_unit = (near < 0) & (address >= 0)
    placed.method[rows] = np.where(by_unit, Method.UNIT, METHOD_OF_KIND[kind[at]])
    reasons = np.full(len(rows), Reason.ROOM_NOT_STATED, dtype=np.uint8)
    reasons[kind[own] == PlaceKind.ROOM] = Reason.ROOM_WITHOUT_OUTLINE
    reasons[near < 0] = Reason.PLACE_WITHOUT_POSITION
    reasons[own < 0] = Reason.PLACE_NOT_STATED
    unexplained = placed.reason[rows] == Reason.NONE
    placed.reason[rows] = np.where(unexplained, reasons, placed.reason[rows])


def _words(codes: NDArray[np.uint8], words: type[Method] | type[Reason]) -> "pyarrow.DictionaryArray":
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array([word.name.lower() for word in words]))
