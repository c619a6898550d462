"""A coverage as GeoJSON: a feature an area with its blind spots, sums a storey, and what each camera adds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sensors import EDITIONS, classes_of
from spatial.mesh import Float64
from twin.queries.sight.asking import unusable_of
from twin.queries.sight.blind import blind_spots
from twin.queries.sight.coverage import AreaCover, Coverage
from twin.queries.sight.covering import Covered

__all__ = ["coverage_json"]

BELOW = "below"
Pause = Callable[[], None]


def coverage_json(covered: Covered, *, pause: Pause = lambda: None) -> Iterator[bytes]:
    """The pieces of one GeoJSON FeatureCollection in degrees and ellipsoidal metres (CRS84h), small enough to be made one by one.

    Geometries are the blind spots, on the floor, true to half a step; null where nothing is blind or none are asked for. Other
    members: `site`, `scene_revision`, `storeys`, `cameras`, `unusable`, `totals` …
    """
    coverage, sight = covered.coverage, covered.sight
    classes = _classes(coverage)
    head = {
        "type": "FeatureCollection",
        **sight.heading(),
        "step_m": coverage.samples.step_m,
        "heights_m": list(coverage.heights_m),
        "turned": coverage.turned,
        "open_doors": sorted(coverage.open_doors),
        "left_out": sorted(coverage.left_out),
        "what_if": dict(covered.changed),
        "cameras": _cameras(covered),
        "unusable": unusable_of(sight, covered.labels),
        "storeys": [{**one.to_json(), **sight.called(one.id)} for one in coverage.by_group(known=covered.knows)],
    }
    areas = coverage.by_area(covered.knows)
    head["totals"] = _totals(areas)
    pause()
    yield _json(head)[:-1] + b',"features":['
    number = {area.id: i for i, area in enumerate(coverage.samples.areas)}
    for i, area in enumerate(areas):
        pause()
        yield (b"," if i else b"") + _feature(covered, area, classes, number[area.id])
    yield b"]}"


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _feature(covered: Covered, area: AreaCover, classes: Mapping[str, Any], number: int) -> bytes:
    coverage, sight = covered.coverage, covered.sight
    within = coverage.samples.areas[number].within
    document = area.to_json()
    facts = {
        **{name: round(value, 3) if isinstance(value, float) else value for name, value in document.items() if name != "id"},
        **sight.called(area.id),
        "within": within if within is not None and covered.knows(within) else None,
        "classes": {edition: {name: round(float(sizes[number]), 3) for name, sizes in one.items()} for edition, one in classes.items()},
    }
    shape = _blind(covered, area.id, number) if covered.blind else None
    head = _json({"type": "Feature", "id": area.id, "properties": facts})
    return head[:-1] + b',"geometry":' + (shape or b"null") + b"}"


def _blind(covered: Covered, area: str, number: int) -> bytes | None:
    """The blind spots of one area as GeoJSON in degrees, at its floor; on the ground each corner is as high as the sample nearest to it."""
    coverage = covered.coverage
    shape = blind_spots(coverage, area, fewer_than=covered.fewer_than)
    if shape.is_empty:
        return None
    frame, floor_z = covered.sight.drawn.frame, coverage.samples.areas[number].floor_z
    floor = coverage.samples.floor[coverage.samples.of_area(number)]

    def carry(corners: Float64) -> Float64:
        plan = corners[:, :2]
        z = np.full(len(plan), floor_z) if floor_z is not None else _ground(plan, floor)
        placed = frame.to_lon_lat_height(np.column_stack([plan, z]))
        return np.column_stack([np.round(placed[:, :2], 8), np.round(placed[:, 2], 3)])

    placed: BaseGeometry = shapely.transform(shapely.force_3d(shape), carry, include_z=True)
    return str(shapely.to_geojson(placed)).encode()


def _ground(plan: Float64, floor: Float64) -> Float64:
    tree = shapely.STRtree(np.asarray(shapely.points(floor[:, :2]), dtype=np.object_))
    return np.asarray(floor[tree.nearest(shapely.points(plan)), 2], dtype=np.float64)


def _classes(coverage: Coverage) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Edition → class → m² or m of each area whose best picture, at the worst of the heights, reaches that class and no higher; `below`
    is seen with less than the lowest class wants."""
    samples = coverage.samples
    best = coverage.best_pixels_per_metre().reshape(len(coverage.heights_m), -1).min(axis=0)
    sizes = np.array([area.size for area in samples.areas])
    weight = (sizes / np.maximum(samples.counts + samples.without_ground, 1))[samples.area]
    told: dict[str, dict[str, NDArray[np.float64]]] = {}
    for edition in EDITIONS:
        steps = classes_of(edition)
        reached = np.searchsorted([one.pixels_per_metre for one in steps], best, side="right")
        names = [BELOW, *(one.name for one in steps)]
        told[edition] = {
            name: np.bincount(samples.area, weight * ((reached == i) & (best > 0)), len(samples.areas)).astype(np.float64)
            for i, name in enumerate(names)
        }
    return told


def _cameras(covered: Covered) -> list[dict[str, Any]]:
    """What each camera sees at any height, and what it alone sees, of areas (m²) and lines (m) that the reader may know of."""
    coverage, samples = covered.coverage, covered.coverage.samples
    known = np.array([covered.knows(area.id) for area in samples.areas], dtype=np.bool_)
    line = np.array([area.is_line for area in samples.areas], dtype=np.bool_)
    sizes = np.array([area.size for area in samples.areas]) * known
    weight = (sizes / np.maximum(samples.counts + samples.without_ground, 1))[samples.area]
    rows = []
    for name, cover in coverage.covers.items():
        point = np.unique(cover.slot % len(samples)) if len(samples) else cover.slot
        alone = np.unique(cover.slot[coverage.count[cover.slot] == 1] % len(samples)) if len(samples) else cover.slot
        on_line = line[samples.area[point]]
        rows.append(
            {
                "camera": name,
                "name": covered.sight.live.fleet.names.get(name, name),
                "what_if": covered.changed.get(name),
                "seen_m2": round(float(weight[point[~on_line]].sum()), 3),
                "seen_m": round(float(weight[point[on_line]].sum()), 3),
                "alone_m2": round(float(weight[alone[~line[samples.area[alone]]]].sum()), 3),
                "alone_m": round(float(weight[alone[line[samples.area[alone]]]].sum()), 3),
            }
        )
    return rows


def _totals(areas: list[AreaCover]) -> dict[str, dict[str, float]]:
    """Kind of area → size, seen, seen twice, only through glass, without ground."""
    told: dict[str, dict[str, float]] = {}
    for area in areas:
        row = told.setdefault(area.kind, dict.fromkeys(("size", "seen", "seen_twice", "only_through_glass", "without_ground"), 0.0))
        for name in row:
            row[name] += getattr(area, name)
    return {kind: {name: round(value, 3) for name, value in row.items()} for kind, row in told.items()}
