"""Areas cut into sample points on a grid, and the cells of space that tell which of them a view cone can hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sensors import Rig
from spatial.mesh import Float64
from spatial.visibility import SightScene
from twin.errors import Invalid

__all__ = ["Area", "Samples"]

TILE_STEPS = 64
CELL_M = np.array([8.0, 8.0, 4.0])
POLYGONS = ("Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Area:
    """What is to be covered: a room, road, segment of the perimeter; `kind` is the caller's word for that.

    `outline` is a valid (multi)polygon, measured in m², or a line, measured in m, in site xy metres; `floor_z` is the z on which
    one stands there, None for the ground below the sky at each point. `within` names what it is summed up for, a room's storey.
    """

    id: str
    kind: str
    outline: BaseGeometry
    floor_z: float | None
    within: str | None = None

    @property
    def is_line(self) -> bool:
        """Whether it is measured in metres."""
        return self.outline.geom_type in LINES

    @property
    def size(self) -> float:
        """m² of a polygon, m of a line."""
        return float(self.outline.length if self.is_line else self.outline.area)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Floor points of areas, sorted by cell of space: point (n, 3) site metres, area index (n,), grid square (n, 2) or piece of the line.

    A square of the grid belongs to an area where its centre lies in the outline; an area that holds no centre has one point, at a
    place in it, and square (0, 0) of no meaning. Each point of an area stands for size / points of it. Points over no ground
    (`floor_z` None, no terrain) are left out and counted in `without_ground` per area: they are neither seen nor blind.
    """

    areas: tuple[Area, ...]
    step_m: float
    floor: Float64
    area: NDArray[np.int32]
    square: NDArray[np.int32]
    counts: NDArray[np.int64]
    without_ground: NDArray[np.int64]
    cell_centre: Float64
    cell_start: NDArray[np.int64]
    by_area: NDArray[np.int64]
    area_start: NDArray[np.int64]

    @classmethod
    def of(cls, scene: SightScene, areas: Sequence[Area], step_m: float = 0.5) -> Self:
        """Points every `step_m` metres; Invalid where the step is not above 0 or an outline is empty, invalid or a point."""
        if not step_m > 0:
            raise Invalid(f"a step of {step_m} m", hint="above 0, for example 0.5")
        pieces = [_points(area, step_m) for area in areas]
        plan = np.concatenate([np.zeros((0, 2)), *(points for points, _ in pieces)])
        square = np.concatenate([np.zeros((0, 2), np.int32), *(squares for _, squares in pieces)])
        area = np.repeat(np.arange(len(areas), dtype=np.int32), [len(points) for points, _ in pieces])
        level = np.array([np.nan if one.floor_z is None else one.floor_z for one in areas], dtype=np.float64)[area]
        open_air = np.isnan(level)
        level[open_air] = scene.ground_z(plan[open_air])
        known = np.isfinite(level)
        without = np.bincount(area[~known], minlength=len(areas))
        floor = np.column_stack([plan, level])[known]
        order, centre, start = _cells(floor)
        owner = area[known][order]
        counts = np.bincount(owner, minlength=len(areas))
        return cls(
            areas=tuple(areas),
            step_m=step_m,
            floor=floor[order],
            area=owner,
            square=square[known][order],
            counts=counts,
            without_ground=without,
            cell_centre=centre,
            cell_start=start,
            by_area=np.argsort(owner, kind="stable"),
            area_start=np.concatenate([[0], np.cumsum(counts)]),
        )

    def __len__(self) -> int:
        return len(self.floor)

    def of_area(self, number: int) -> NDArray[np.int64]:
        """Indices of the points of one area."""
        return self.by_area[self.area_start[number] : self.area_start[number + 1]]

    def candidates(self, rig: Rig, camera: int, top_m: float, *, turned: bool) -> NDArray[np.int64]:
        """Indices of the points that may lie in a camera's cone (`turned`: range) up to `top_m` above the floor; a few too many."""
        if not len(self.floor):
            return np.zeros(0, dtype=np.int64)
        lift = np.array([0.0, 0.0, top_m / 2])
        centre = self.cell_centre + lift
        reach = float(np.linalg.norm(CELL_M / 2 + lift))
        offset = centre - rig.position[camera]
        near = (offset**2).sum(axis=1) <= (rig.range_m[camera] + reach) ** 2
        if not (turned and rig.turns[camera]):
            local = offset @ rig.axes[camera].T
            half = rig.sensor_mm[camera] / (2.0 * rig.focal_mm[camera])
            slack = reach * np.sqrt(1.0 + half**2)
            near &= (np.abs(local[:, :2]) <= local[:, 2:] * half + slack).all(axis=1) & (local[:, 2] >= -reach)
        runs = [np.arange(self.cell_start[i], self.cell_start[i + 1]) for i in np.flatnonzero(near)]
        return np.concatenate(runs) if runs else np.zeros(0, dtype=np.int64)


def _points(area: Area, step_m: float) -> tuple[Float64, NDArray[np.int32]]:
    outline = area.outline
    if outline.is_empty or not outline.is_valid or outline.geom_type not in POLYGONS + LINES:
        raise Invalid(f"area {area.id}: its outline is no valid polygon or line", path=area.id, hint="repair it where it comes from")
    if area.is_line:
        return _along(outline, step_m)
    squares = _squares(outline, step_m)
    if not len(squares):
        point = outline.representative_point()
        return np.array([[point.x, point.y]]), np.zeros((1, 2), dtype=np.int32)
    return np.asarray((squares + 0.5) * step_m, dtype=np.float64), squares


def _along(line: BaseGeometry, step_m: float) -> tuple[Float64, NDArray[np.int32]]:
    """The middle of each of as few equal pieces as are no longer than the step; square = (part, piece of it)."""
    points: list[Float64] = []
    numbers: list[NDArray[np.int32]] = []
    for part, one in enumerate(shapely.get_parts(line)):
        pieces = max(1, int(np.ceil(one.length / step_m)))
        at = (np.arange(pieces) + 0.5) / pieces
        points.append(np.asarray(shapely.get_coordinates(shapely.line_interpolate_point(one, at, normalized=True)), dtype=np.float64))
        numbers.append(np.column_stack([np.full(pieces, part), np.arange(pieces)]).astype(np.int32))
    plan: Float64 = np.concatenate(points)
    return plan, np.concatenate(numbers)


def _squares(outline: BaseGeometry, step_m: float) -> NDArray[np.int32]:
    """The squares (i, j) of the site's grid with their centre in the outline; tiles wholly in or out are not asked by point."""
    shapely.prepare(outline)
    x0, y0, x1, y1 = (int(np.floor(value / (step_m * TILE_STEPS))) for value in outline.bounds)
    i, j = (grid.reshape(-1) for grid in np.meshgrid(np.arange(x0, x1 + 1), np.arange(y0, y1 + 1), indexing="ij"))
    side = step_m * TILE_STEPS
    tiles = shapely.box(i * side, j * side, (i + 1) * side, (j + 1) * side)
    touched = shapely.intersects(outline, tiles)
    i, j, whole = i[touched], j[touched], shapely.contains_properly(outline, tiles[touched])
    inner = np.stack(np.meshgrid(np.arange(TILE_STEPS), np.arange(TILE_STEPS), indexing="ij"), axis=-1).reshape(-1, 2)
    squares = (np.column_stack([i, j])[:, None] * TILE_STEPS + inner).reshape(-1, 2)
    ask = np.flatnonzero(~np.repeat(whole, len(inner)))
    keep = np.ones(len(squares), dtype=np.bool_)
    centres = (squares[ask] + 0.5) * step_m
    keep[ask] = shapely.contains_xy(outline, centres[:, 0], centres[:, 1])
    return squares[keep].astype(np.int32)


def _cells(floor: Float64) -> tuple[NDArray[np.int64], Float64, NDArray[np.int64]]:
    """The order by cell, the centres of the cells that hold points, and where each begins in that order (and the end)."""
    cell = np.floor(floor / CELL_M).astype(np.int64)
    cell -= cell.min(axis=0, initial=0)
    size = cell.max(axis=0, initial=0) + 1
    key = (cell[:, 0] * size[1] + cell[:, 1]) * size[2] + cell[:, 2]
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    low = np.floor(floor[order[first]] / CELL_M)
    return order, (low + 0.5) * CELL_M, np.append(first, len(order))
