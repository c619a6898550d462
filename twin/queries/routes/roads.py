"""Roads for cars: which way each is driven and how fast, by what its layer says; as facts of the edges over the driven surface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.mesh import Float64
from spatial.route import NOWHERE, Bool, Int32
from twin.queries.routes.scene import Way

__all__ = ["Direction", "Driven", "direction_of", "driven_edges", "speed_of"]

SAMPLE_M = 1.0
TANGENT_M = 0.25
CROSSWISE = 1e-6
MILE_KM = 1.609344
DIRECTION_COLUMNS = ("oneway", "one_way", "单行", "单行线", "单向")
SPEED_COLUMNS = ("maxspeed", "max_speed", "speed_kmh", "限速", "限速_kmh")


class Direction(StrEnum):
    """How a road is driven: along its line (`ahead`), against it (`back`), both ways, both ways by turns, or nobody says."""

    BOTH = "both"
    AHEAD = "ahead"
    BACK = "back"
    REVERSIBLE = "reversible"
    UNKNOWN = "unknown"


SAID = {
    Direction.AHEAD: ("yes", "true", "1", "是", "单行", "单向"),
    Direction.BACK: ("-1", "reverse", "反向"),
    Direction.BOTH: ("no", "false", "0", "否", "双行", "双向"),
    Direction.REVERSIBLE: ("reversible", "alternating", "潮汐"),
}
"""Values of OpenStreetMap's key `oneway` (wiki.openstreetmap.org/wiki/Key:oneway) and what Chinese ledgers write."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Driven:
    """Facts of edges (m,): `one_way` as in `RouteGraph`, `kept` False for one that may be driven neither way, metres a second, and the
    number of the only road that its middle lies on, NOWHERE at junctions."""

    one_way: NDArray[np.int8]
    kept: Bool
    m_per_s: Float64
    road: Int32


def direction_of(attributes: Mapping[str, Any]) -> Direction:
    """What the columns of a layer say of a road; a roundabout is driven along its line unless they say otherwise.

    >>> direction_of({"oneway": "-1"})
    <Direction.BACK: 'back'>
    """
    said = _cell(attributes, DIRECTION_COLUMNS)
    if said is None:
        return Direction.AHEAD if _cell(attributes, ("junction",)) == "roundabout" else Direction.UNKNOWN
    return next((direction for direction, values in SAID.items() if said in values), Direction.UNKNOWN)


def speed_of(attributes: Mapping[str, Any]) -> float | None:
    """Metres a second from a limit in km/h or, where the cell says so, mph; None where there is none or it is no number.

    >>> round(speed_of({"maxspeed": "30"}), 2)
    8.33
    """
    said = (_cell(attributes, SPEED_COLUMNS) or "").replace("km/h", "").replace("公里/小时", "")
    miles = said.endswith("mph")
    try:
        value = float(said.removesuffix("mph"))
    except ValueError:
        return None
    return value * (MILE_KM if miles else 1.0) / 3.6 if 0 < value < np.inf else None


def driven_edges(xy: Float64, pairs: Int32, roads: Sequence[Way], usual_m_per_s: float) -> Driven:
    """How the edges (m, 2) between nodes (n, 2) of the driven surface may be driven.

    Where roads overlap an edge may be driven as any of them allows, and as slowly as the slowest that states a speed.
    """
    starts, ends = xy[pairs[:, 0]], xy[pairs[:, 1]]
    tree = shapely.STRtree([road.outline for road in roads])
    edge, on = tree.query(shapely.points((starts + ends) / 2), predicate="intersects")
    alone = np.flatnonzero(np.bincount(edge, minlength=len(pairs)) == 1)
    road = np.full(len(pairs), NOWHERE, dtype=np.int32)
    road[edge] = on
    only = np.full(len(pairs), NOWHERE, dtype=np.int32)
    only[alone] = road[alone]
    stated = np.array([np.inf if one.m_per_s is None else one.m_per_s for one in roads] or [np.inf])
    speed = np.full(len(pairs), np.inf)
    np.minimum.at(speed, edge, stated[on])
    one_way, kept = _directions(starts, ends, roads, tree)
    return Driven(one_way=one_way, kept=kept, m_per_s=np.where(np.isfinite(speed), speed, usual_m_per_s), road=only)


def _directions(starts: Float64, ends: Float64, roads: Sequence[Way], tree: shapely.STRtree) -> tuple[NDArray[np.int8], Bool]:
    ahead, back = np.ones(len(starts), dtype=bool), np.ones(len(starts), dtype=bool)
    sense = np.array([_sense(road) for road in roads], dtype=np.int64)
    if not sense.any():
        return np.zeros(len(starts), dtype=np.int8), ahead
    lines = shapely.linestrings(np.stack([starts, ends], axis=1))
    barred = shapely.STRtree([road.outline for road, one in zip(roads, sense, strict=True) if one])
    asked = np.unique(barred.query(lines, predicate="intersects")[0])
    ahead[asked], back[asked] = _allowed(starts[asked], ends[asked] - starts[asked], roads, sense, tree)
    return (ahead.astype(np.int8) - back.astype(np.int8)), ahead | back


def _allowed(starts: Float64, along: Float64, roads: Sequence[Way], sense: NDArray[np.int64], tree: shapely.STRtree) -> tuple[Bool, Bool]:
    """Which edges (k,) may be driven from start to end, and which back: at every metre of them by some road that lies there."""
    counts = np.maximum(np.ceil(np.linalg.norm(along, axis=1) / SAMPLE_M), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(starts)), counts)
    share = (np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + 0.5) / counts[edge]
    points = starts[edge] + share[:, None] * along[edge]
    sample, on = tree.query(shapely.points(points), predicate="intersects")
    dot = np.zeros(len(sample))
    for number in np.flatnonzero(sense).tolist():
        here = np.flatnonzero(on == number)
        dot[here] = sense[number] * (_tangents(roads[number], points[sample[here]]) * along[edge[sample[here]]]).sum(axis=1)
    result = []
    for fits in (dot >= -CROSSWISE, dot <= CROSSWISE):
        may = np.bincount(sample, minlength=len(points)) == 0
        may[sample[fits]] = True
        whole = np.ones(len(starts), dtype=bool)
        whole[edge[~may]] = False
        result.append(whole)
    return result[0], result[1]


def _sense(road: Way) -> int:
    return 0 if road.line is None else {Direction.AHEAD: 1, Direction.BACK: -1}.get(Direction(road.direction), 0)


def _tangents(road: Way, points: Float64) -> Float64:
    """The directions (n, 2) of a road's line where it is nearest to points (n, 2)."""
    parts, given = shapely.get_parts(road.line), np.asarray(shapely.points(points), dtype=object)
    line = parts[shapely.distance(parts[:, None], given[None, :]).argmin(axis=0)] if len(points) else np.empty(0, dtype=object)
    at = shapely.line_locate_point(line, given)
    first = shapely.line_interpolate_point(line, np.maximum(at - TANGENT_M, 0.0))
    last = shapely.line_interpolate_point(line, np.minimum(at + TANGENT_M, shapely.length(line)))
    return np.asarray(shapely.get_coordinates(last) - shapely.get_coordinates(first))


def _cell(attributes: Mapping[str, Any], names: Sequence[str]) -> str | None:
    for name, value in attributes.items():
        if name.lower() in names and value is not None and str(value).strip():
            return str(value).strip().lower()
    return None
