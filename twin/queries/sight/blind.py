"""Blind spots: the part of an area that no camera sees, as polygons, or as stretches of a line."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from twin.errors import NotFound
from twin.queries.sight.coverage import Coverage

__all__ = ["blind_spots", "squares_joined"]


def blind_spots(coverage: Coverage, area: str, height_m: float | None = None, *, fewer_than: int = 1) -> BaseGeometry:
    """What fewer than so many cameras see of an area at a height, by default at any of the heights; site xy metres, valid.

    A MultiPolygon of the unseen squares of the grid cut to the outline, or a MultiLineString of unseen pieces; empty where all is
    seen. True to about half a step: squares whose centre lies beyond the outline belong to neither side. NotFound for another area.
    """
    samples = coverage.samples
    number = next((i for i, one in enumerate(samples.areas) if one.id == area), None)
    if number is None:
        raise NotFound(f"no area {area} in this coverage", path=area)
    heights = coverage.heights_m if height_m is None else (height_m,)
    mine = samples.of_area(number)
    unseen = np.any([coverage.seen(height)[mine] < fewer_than for height in heights], axis=0)
    outline, squares = samples.areas[number].outline, samples.square[mine[unseen]]
    if samples.areas[number].is_line:
        return _stretches(outline, squares, samples.step_m)
    if samples.counts[number] + samples.without_ground[number] == 1 and len(squares):
        return shapely.MultiPolygon(list(_polygons(outline)))
    return shapely.MultiPolygon(list(_polygons(shapely.intersection(squares_joined(squares, samples.step_m), outline))))


def squares_joined(squares: NDArray[np.int32], step_m: float) -> BaseGeometry:
    """The union of grid squares (n, 2): runs of each row, equal runs of rows that follow each other as one rectangle."""
    if not len(squares):
        return shapely.MultiPolygon()
    i, j = squares[np.lexsort((squares[:, 0], squares[:, 1]))].astype(np.int64).T
    first = np.concatenate([[True], (np.diff(j) != 0) | (np.diff(i) != 1)])
    west, east, row = i[first], i[np.append(first[1:], True)] + 1, j[first]
    west, east, row = np.column_stack([west, east, row])[np.lexsort((row, east, west))].T
    first = np.concatenate([[True], (np.diff(west) != 0) | (np.diff(east) != 0) | (np.diff(row) != 1)])
    south, north = row[first], row[np.append(first[1:], True)] + 1
    return shapely.union_all(shapely.box(west[first] * step_m, south * step_m, east[first] * step_m, north * step_m))


def _polygons(geometry: BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(geometry, return_index=False) if part.geom_type == "Polygon"]


def _stretches(line: BaseGeometry, pieces: NDArray[np.int32], step_m: float) -> BaseGeometry:
    found = []
    for part, one in enumerate(shapely.get_parts(line)):
        total = max(1, int(np.ceil(one.length / step_m)))
        mine = np.sort(pieces[pieces[:, 0] == part, 1])
        if len(mine):
            runs = np.split(mine, np.flatnonzero(np.diff(mine) != 1) + 1)
            found += [shapely.get_coordinates(substring(one, run[0] / total, (run[-1] + 1) / total, normalized=True)) for run in runs]
    return shapely.MultiLineString(found)
