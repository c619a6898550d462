"""Lines of roads as plain columns, found near many points at once: which segments, how far, on which side."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensors.errors import RoadsInvalid

__all__ = ["NO_ROAD", "Near", "Roads"]

NO_ROAD = -1
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
MOST_CELLS = 20_000_000
ROW = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """Pairs (k,) of a point and a segment within reach of it: rows of both, unit direction of the segment (k, 2) and unit normal to its
    left, its point that is nearest (k, 2), how far along that lies (0 to 1), how far off; in metres from the point."""

    point: Int64
    segment: Int64
    direction: Float64
    normal: Float64
    foot: Float64
    along: Float64
    distance_m: Float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roads:
    """Segments (m, 4): x0, y0, x1, y1 in one plane, metres or degrees of longitude and latitude; `reach_m` is how far they are found."""

    segments: Float64
    reach_m: float
    cell: Float64
    keys: Int64
    members: Int64

    @classmethod
    def of(cls, segments: Float64, *, reach_m: float = 60.0, metres_per_unit: tuple[float, float] = (1.0, 1.0)) -> Self:
        """Roads to be searched; `metres_per_unit` of the plane's axes where they lie (degrees: about 1e5; the smallest that occurs).

        Raises RoadsInvalid for lines that are no numbers, or longer altogether than cells can hold.
        """
        lines = np.asarray(segments, dtype=np.float64).reshape(-1, 4)
        if not np.isfinite(lines).all():
            raise RoadsInvalid("a road with a coordinate that is no number", hint="leave out segments without coordinates")
        cell = reach_m / np.asarray(metres_per_unit)
        low = np.floor(np.minimum(lines[:, :2], lines[:, 2:]) / cell - 1).astype(np.int64)
        high = np.floor(np.maximum(lines[:, :2], lines[:, 2:]) / cell + 1).astype(np.int64)
        wide, tall = (high - low + 1).T
        if float((wide.astype(float) * tall).sum()) > MOST_CELLS:
            raise RoadsInvalid(f"{len(lines)} roads fill more than {MOST_CELLS} cells", hint="cut long lines into segments")
        member = np.repeat(np.arange(len(lines)), wide * tall)
        step = np.arange(len(member)) - np.repeat(np.cumsum(wide * tall) - wide * tall, wide * tall)
        key = (low[member, 0] + step % wide[member]) * ROW + low[member, 1] + step // wide[member]
        order = np.argsort(key, kind="stable")
        return cls(segments=lines, reach_m=reach_m, cell=cell, keys=key[order], members=member[order])

    def __len__(self) -> int:
        return len(self.segments)

    def near(self, points: Float64, metres_per_unit: Float64 | float = 1.0) -> Near:
        """All segments within `reach_m` of points (n, 2), of the same plane; `metres_per_unit` (n, 2) where each point lies."""
        scale = np.broadcast_to(np.asarray(metres_per_unit, dtype=np.float64), points.shape)
        at = np.floor(points / self.cell).astype(np.int64)
        key = at[:, 0] * ROW + at[:, 1]
        first, last = np.searchsorted(self.keys, key, "left"), np.searchsorted(self.keys, key, "right")
        count = last - first
        point = np.repeat(np.arange(len(points)), count)
        step = np.arange(len(point)) - np.repeat(np.cumsum(count) - count, count)
        segment = self.members[first[point] + step]
        lines, origin, metres = self.segments[segment], points[point], scale[point]
        start = (lines[:, :2] - origin) * metres
        way = (lines[:, 2:] - lines[:, :2]) * metres
        length = np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)
        direction = way / length[:, None]
        along = -(start[:, 0] * direction[:, 0] + start[:, 1] * direction[:, 1]) / length
        np.clip(along, 0.0, 1.0, out=along)
        foot = start + way * along[:, None]
        distance = np.hypot(foot[:, 0], foot[:, 1])
        close = np.flatnonzero(distance <= self.reach_m)
        return Near(
            point=point[close],
            segment=segment[close],
            direction=(kept := direction[close]),
            normal=kept[:, ::-1] * (-1.0, 1.0),
            foot=foot[close],
            along=along[close],
            distance_m=distance[close],
        )
