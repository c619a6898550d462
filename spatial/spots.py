"""Stable spots in rooms: where the first, second, … asset of a room stands, by slot number.

Spot k of a room is the same point however many spots are asked for and whichever vertex its outline starts with, so a stored slot
number is a place. It moves only where the outline, the clearance, the key or what stands in the room changes.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.errors import SpatialError
from spatial.lattice import Int64, Lattices, edges_of, first_nodes, level_pitch, to_axes
from spatial.mesh import Float64

__all__ = ["CLEARANCE_M", "SpotError", "Spots", "spots", "spots_of_rooms"]

CLEARANCE_M = 0.3
STANDING_M2 = 0.04
OFF_WALLS_M = (0.00713, 0.00419)
"""Shifts the lattice off the middle, so that walls at round lengths never lie on it, where rounding would decide what is inside."""
ROOMS_AT_ONCE = 4096

Geometries = NDArray[np.object_]


class SpotError(SpatialError):
    """An outline has no area to stand in, or the clearance is no length."""

    code = "ROOM_WITHOUT_AREA"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spots:
    """Spots by room and slot.

    Slot k of room i is `xy[starts[i] + k]`, float64 metres in the outline's frame; `starts` has one entry more than there are
    rooms. `clearance_m` is what the room's spots really keep from its walls, less than asked for where it is too thin; no two
    are nearer than `spacing_m` (inf for fewer than two), which shrinks as a room is crammed; `avoided` is False where what
    stands in the room leaves no area and had to be ignored.
    """

    xy: Float64
    starts: Int64
    clearance_m: Float64
    spacing_m: Float64
    avoided: NDArray[np.bool_]


def spots(outline: BaseGeometry, count: int, *, key: str, clearance_m: float = CLEARANCE_M, avoid: BaseGeometry | None = None) -> Spots:
    """The first `count` spots of one room: `spots_of_rooms` for one outline, `xy` is (count, 2)."""
    return spots_of_rooms([outline], [count], keys=[key], clearance_m=clearance_m, avoid=None if avoid is None else [avoid])


def spots_of_rooms(
    outlines: Sequence[BaseGeometry],
    counts: Sequence[int] | Int64,
    *,
    keys: Sequence[str],
    clearance_m: float = CLEARANCE_M,
    avoid: Sequence[BaseGeometry | None] | None = None,
) -> Spots:
    """The first `counts[i]` spots inside each outline (polygon or multipolygon, holes allowed), `clearance_m` from every wall.

    Where a room is too thin for that, its first spot is its pole of inaccessibility and the others keep half of the wall
    distance the pole has. `avoid` is what stands in each room already, kept clear by the same distance; `keys` name the rooms
    (a feature id, say) and order their spots. Raises SpotError for an outline without area.
    """
    if not clearance_m >= 0:
        raise SpotError(f"a clearance of {clearance_m} m", hint="Give zero or more metres.")
    shapes, wanted = _column(outlines), np.asarray(counts, dtype=np.int64)
    standing = _column([None] * len(shapes) if avoid is None else avoid)
    if not len(shapes) == len(wanted) == len(keys) == len(standing):
        raise SpotError(f"{len(shapes)} outlines, {len(wanted)} counts, {len(keys)} keys, {len(standing)} things to avoid")
    chunks = [slice(at, at + ROOMS_AT_ONCE) for at in range(0, len(shapes), ROOMS_AT_ONCE)]
    parts = [_some(shapes[part], wanted[part], keys[part], clearance_m, standing[part]) for part in chunks]
    xy, clearance, spacing, avoided = (np.concatenate(columns) for columns in zip(_no_rooms(), *parts, strict=True))
    return Spots(xy=xy, starts=np.append(0, np.cumsum(wanted)), clearance_m=clearance, spacing_m=spacing, avoided=avoided)


Part = tuple[Float64, Float64, Float64, NDArray[np.bool_]]


def _no_rooms() -> Part:
    return np.empty((0, 2)), np.empty(0), np.empty(0), np.empty(0, bool)


def _column(shapes: Sequence[BaseGeometry | None]) -> Geometries:
    column = np.empty(len(shapes), dtype=object)
    column[:] = shapes
    return column


def _some(outlines: Geometries, counts: Int64, keys: Sequence[str], clearance_m: float, avoid: Geometries) -> Part:
    rooms = _canonical(outlines, keys)
    free, clearance, poles = _free_areas(rooms, clearance_m)
    avoided = _clear(free, clearance, avoid)
    angle = _directions(rooms)
    origin = _middles(free, angle)
    for room, pole in poles.items():
        origin[room] = to_axes(pole[None, :], angle[[room]])[0]
    lattices = Lattices(angle=angle, origin=origin, seed=np.array([_seed(key) for key in keys], dtype=np.uint64))
    xy, levels, owner = first_nodes(free, counts, lattices)
    found = np.bincount(owner, minlength=len(rooms))
    for room in np.flatnonzero(found < counts).tolist():
        raise SpotError(f"{keys[room]}: no {counts[room]} spots in {rooms[room].area:.3g} m²", hint="Correct the outline of the room.")
    spacing = np.full(len(rooms), math.inf)
    several = counts > 1
    spacing[several] = level_pitch(levels[np.cumsum(counts)[several] - 1])
    return xy, clearance, spacing, avoided


def _canonical(outlines: Geometries, keys: Sequence[str]) -> Geometries:
    rooms = outlines.copy()
    odd = ~shapely.is_valid(rooms) | ~np.isin(shapely.get_type_id(rooms), (3, 6))
    rooms[odd] = [_polygons(_valid(shape)) for shape in rooms[odd]]
    for room in np.flatnonzero(~(shapely.area(rooms) > 0)).tolist():
        raise SpotError(f"{keys[room]}: an outline without area", hint="Correct the outline of the room, or leave it without one.")
    canonical: Geometries = shapely.normalize(rooms)
    return canonical


def _valid(shape: BaseGeometry | None) -> BaseGeometry | None:
    finite = shape is not None and np.isfinite(shapely.get_coordinates(shape)).all()
    return shapely.make_valid(shape) if finite else None


def _polygons(shape: BaseGeometry | None) -> BaseGeometry:
    if shape is None:
        return shapely.MultiPolygon()
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.MultiPolygon()


def _free_areas(rooms: Geometries, clearance_m: float) -> tuple[Geometries, Float64, dict[int, Float64]]:
    """Where one may stand, the wall distance kept there, and the pole of inaccessibility of rooms too thin for that asked."""
    free = shapely.buffer(rooms, -clearance_m, join_style="mitre")
    clearance, poles = np.full(len(rooms), clearance_m), {}
    for room in np.flatnonzero(shapely.area(free) < np.minimum(STANDING_M2, shapely.area(rooms))):
        radius = shapely.maximum_inscribed_circle(rooms[room])
        kept = min(clearance_m, float(shapely.length(radius)) / 2)
        narrowed = shapely.buffer(rooms[room], -kept, join_style="mitre")
        if narrowed.area > 0:
            free[room], clearance[room], poles[int(room)] = narrowed, kept, shapely.get_coordinates(radius)[0]
        else:
            free[room], clearance[room] = rooms[room], 0.0
    return free, clearance, poles


def _clear(free: Geometries, clearance: Float64, avoid: Geometries) -> NDArray[np.bool_]:
    """Take what stands in the rooms out of their free areas, in place; False where that would leave nothing."""
    avoided = np.ones(len(free), dtype=bool)
    for room in np.flatnonzero(~shapely.is_empty(avoid) & ~shapely.is_missing(avoid)):
        left = _polygons(free[room].difference(avoid[room].buffer(clearance[room])))
        avoided[room] = left.area >= min(STANDING_M2, free[room].area / 4)
        free[room] = left if avoided[room] else free[room]
    return avoided


def _directions(rooms: Geometries) -> Float64:
    """Direction of each room's longest wall, 0 to π/2 radians; of walls equal to a centimetre the one nearest the x axis."""
    edges, owner = edges_of(rooms)
    dx, dy = (edges[:, 2:] - edges[:, :2]).T
    angles = np.round(np.arctan2(dy, dx) % (math.pi / 2), 9) % round(math.pi / 2, 9)
    order = np.lexsort((angles, -np.round(np.hypot(dx, dy), 2), owner))
    longest: Float64 = angles[order][np.searchsorted(owner[order], np.arange(len(rooms)))]
    return longest


def _middles(areas: Geometries, angle: Float64) -> Float64:
    xy, owner = shapely.get_coordinates(areas, return_index=True)
    turned = to_axes(xy, angle[owner])
    starts = np.searchsorted(owner, np.arange(len(areas)))
    middle: Float64 = (np.minimum.reduceat(turned, starts) + np.maximum.reduceat(turned, starts)) / 2 + OFF_WALLS_M
    return middle


def _seed(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8"), digest_size=8).digest(), "big")
