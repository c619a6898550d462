"""Which roads a whole track took: the likeliest way through the network, by a hidden Markov model.

After Newson and Krumm, "Hidden Markov Map Matching Through Noise and Sparseness", ACM GIS 2009: a fix is as likely on a road as it is near
to it, and two fixes are as likely joined by a way as that is as long as the straight line between them.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from sensors.roads import NO_ROAD, Roads

__all__ = ["MatchedTrack", "RoadGraph", "match_track"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
CANDIDATES = 8
STEP_M = 15.0
"""Of fixes nearer than this to the last one looked at, none decides."""
DETOUR_M = 8.0
"""The paper's beta: how much longer than the straight line a way is, of vehicles that go where they go."""
LONGEST = 3.0
NODE_M = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadGraph:
    """Segments of `roads` joined where their ends meet: nodes of both ends (m, 2), metres (m,), who reaches whom, which segment joins."""

    roads: Roads
    ends: Int64
    length_m: Float64
    reach: csr_array
    joins: dict[tuple[int, int], int]

    @classmethod
    def of(cls, roads: Roads, one_way: NDArray[np.int8] | None = None) -> Self:
        """The graph of roads in metres; `one_way` (m,): 1 driven from its first to its last point alone, -1 back, 0 both."""
        points = np.round(roads.segments.reshape(-1, 2) / NODE_M).astype(np.int64)
        _, node = np.unique(points, axis=0, return_inverse=True)
        ends = node.reshape(-1, 2).astype(np.int64)
        length = np.maximum(np.hypot(*(roads.segments[:, 2:] - roads.segments[:, :2]).T), NODE_M)
        sense = np.zeros(len(ends), dtype=np.int8) if one_way is None else one_way
        ahead, back = np.flatnonzero(sense >= 0), np.flatnonzero(sense <= 0)
        edge = np.r_[ahead, back]
        pairs = np.r_[ends[ahead], ends[back][:, ::-1]]
        order = np.lexsort((length[edge], pairs[:, 1], pairs[:, 0]))
        edge, pairs = edge[order], pairs[order]
        shortest = np.flatnonzero(np.r_[True, (pairs[1:] != pairs[:-1]).any(axis=1)][: len(pairs)])
        edge, pairs = edge[shortest], pairs[shortest]
        count = int(ends.max(initial=-1)) + 1
        reach = csr_array((length[edge], (pairs[:, 0], pairs[:, 1])), shape=(count, count))
        joins = dict(zip(map(tuple, pairs.tolist()), edge.tolist(), strict=True))
        return cls(roads=roads, ends=ends, length_m=length, reach=reach, joins=joins)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MatchedTrack:
    """Of each fix (n,): its segment, `NO_ROAD` where it was on none; and the segments driven, in order, where the way is whole."""

    segment: NDArray[np.int32]
    path: list[int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layer:
    """What a fix may be on: segments (k,), how far along each (0 to 1), log of likelihood."""

    fix: int
    segment: Int64
    along: Float64
    log: Float64


def match_track(xy: Float64, sigma_m: Float64, graph: RoadGraph) -> MatchedTrack:
    """The likeliest roads of fixes (n, 2), metres in the plane of the graph, each right to `sigma_m` (n,) of each axis.

    Fixes without a road within reach, or that no way joins to those before, begin anew.
    """
    layers = _layers(xy, sigma_m, graph)
    segment = np.full(len(xy), NO_ROAD, dtype=np.int32)
    path: list[int] = []
    for chain in _chains(layers, xy, graph):
        found = [(layer, pick) for layer, pick in chain]
        for (layer, pick), (after, next_pick) in zip(found, [*found[1:], found[-1]], strict=True):
            segment[layer.fix] = layer.segment[pick]
            if after is not layer:
                way = _way(
                    graph,
                    (int(layer.segment[pick]), float(layer.along[pick])),
                    (int(after.segment[next_pick]), float(after.along[next_pick])),
                )
                path += [one for one in way if not path or path[-1] != one]
                _between(segment, xy, layer.fix, after.fix, way, graph.roads.segments)
    return MatchedTrack(segment=segment, path=path)


def _layers(xy: Float64, sigma_m: Float64, graph: RoadGraph) -> list[_Layer]:
    decide, last = [], None
    for at in np.flatnonzero(np.isfinite(xy).all(axis=1)):
        if last is None or np.hypot(*(xy[at] - xy[last])) >= STEP_M:
            decide.append(int(at))
            last = at
    near = graph.roads.near(xy[decide]) if decide else graph.roads.near(np.zeros((0, 2)))
    layers = []
    for row, fix in enumerate(decide):
        mine = np.flatnonzero(near.point == row)
        mine = mine[np.argsort(near.distance_m[mine], kind="stable")[:CANDIDATES]]
        log = -0.5 * (near.distance_m[mine] / sigma_m[fix]) ** 2
        layers.append(_Layer(fix=fix, segment=near.segment[mine], along=near.along[mine], log=log))
    return layers


def _chains(layers: list[_Layer], xy: Float64, graph: RoadGraph) -> list[list[tuple[_Layer, int]]]:
    """Viterbi: stretches of fixes, each with the candidate taken."""
    chains: list[list[tuple[_Layer, int]]] = []
    stretch: list[tuple[_Layer, Int64]] = []
    score = np.zeros(0)
    for layer in layers:
        joined = np.zeros(0)
        if stretch and len(layer.segment):
            before = stretch[-1][0]
            straight = float(np.hypot(*(xy[layer.fix] - xy[before.fix])))
            step = score[:, None] - np.abs(_route_m(graph, before, layer, straight) - straight) / DETOUR_M
            joined = step.max(axis=0)
            came = step.argmax(axis=0)
        if len(joined) and np.isfinite(joined).any():
            stretch.append((layer, came))
            score = joined + layer.log
            continue
        chains += _traced(stretch, score)
        stretch = [(layer, np.zeros(0, dtype=np.int64))] if len(layer.segment) else []
        score = layer.log
    return chains + _traced(stretch, score)


def _traced(stretch: list[tuple[_Layer, Int64]], score: Float64) -> list[list[tuple[_Layer, int]]]:
    if not stretch:
        return []
    pick = int(score.argmax())
    taken = []
    for layer, came in reversed(stretch):
        taken.append((layer, pick))
        pick = int(came[pick]) if len(came) else pick
    return [taken[::-1]]


def _route_m(graph: RoadGraph, before: _Layer, after: _Layer, straight_m: float) -> Float64:
    """Metres of the shortest way from each candidate before to each after (k, l); inf where none is at most `LONGEST` times as long."""
    sources, inverse = np.unique(graph.ends[before.segment], return_inverse=True)
    limit = LONGEST * straight_m + 4 * graph.roads.reach_m
    nodes = dijkstra(graph.reach, indices=sources, limit=limit)[inverse.reshape(-1, 2)]
    long_before, long_after = graph.length_m[before.segment], graph.length_m[after.segment]
    leaves = np.stack([before.along * long_before, (1 - before.along) * long_before], axis=1)
    comes = np.stack([after.along * long_after, (1 - after.along) * long_after], axis=1)
    _bar(graph, before.segment, leaves, leaving=True)
    _bar(graph, after.segment, comes, leaving=False)
    whole = leaves[:, :, None, None] + nodes[:, :, graph.ends[after.segment]] + comes[None, None]
    route = whole.min(axis=(1, 3))
    same = before.segment[:, None] == after.segment[None]
    within = np.abs(before.along[:, None] - after.along[None]) * long_before[:, None]
    result: Float64 = np.where(same, np.minimum(route, within), route)
    return result


def _bar(graph: RoadGraph, segment: Int64, metres: Float64, *, leaving: bool) -> None:
    """Forbid ends of one-way segments (k, 2) that may not be left or entered by."""
    for row, one in enumerate(segment.tolist()):
        first, last = graph.ends[one].tolist()
        ahead, back = graph.joins.get((first, last)) is not None, graph.joins.get((last, first)) is not None
        if not (back if leaving else ahead):
            metres[row, 0] = np.inf
        if not (ahead if leaving else back):
            metres[row, 1] = np.inf


def _way(graph: RoadGraph, start: tuple[int, float], end: tuple[int, float]) -> list[int]:
    """The segments of the shortest way between two places on segments."""
    if start[0] == end[0]:
        return [start[0]]
    sources = graph.ends[start[0]]
    metres, came = dijkstra(graph.reach, indices=sources, return_predecessors=True)
    leaves = np.array([[start[1], 1 - start[1]]]) * graph.length_m[start[0]]
    comes = np.array([[end[1], 1 - end[1]]]) * graph.length_m[end[0]]
    _bar(graph, np.array([start[0]]), leaves, leaving=True)
    _bar(graph, np.array([end[0]]), comes, leaving=False)
    targets = graph.ends[end[0]]
    out, into = np.unravel_index(np.argmin(leaves[0][:, None] + metres[:, targets] + comes[0][None]), (2, 2))
    node, way = int(targets[into]), [end[0]]
    while node != int(sources[out]):
        before = int(came[out, node])
        if before < 0:
            return [start[0], end[0]]
        way.append(graph.joins[before, node])
        node = before
    way.append(start[0])
    return [one for at, one in enumerate(way[::-1]) if at == 0 or way[::-1][at - 1] != one]


def _between(segment: NDArray[np.int32], xy: Float64, first: int, last: int, way: list[int], lines: Float64) -> None:
    """Give the fixes between two that decided the nearest segment of the way between those."""
    rows = np.arange(first + 1, last)
    rows = rows[np.isfinite(xy[rows]).all(axis=1)]
    if not len(rows):
        return
    start, along = lines[way, :2], lines[way, 2:] - lines[way, :2]
    part = np.clip(((xy[rows, None] - start) * along).sum(axis=2) / np.maximum((along**2).sum(axis=1), 1e-9), 0, 1)
    off = np.hypot(*np.moveaxis(xy[rows, None] - start - along * part[:, :, None], 2, 0))
    segment[rows] = np.array(way)[off.argmin(axis=1)]
