"""The compound that the simulator drives in, out of the store: roads, gates, segments, cameras, posts, meters; vehicles with terminals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiPoint
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select

from sensors.simulate_place import Built, Compound, GateLine, Post, Segment
from sensors.simulate_roads import RoadLine, Streets
from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from spatial.mesh import Float64
from twin.codes import list_kinds
from twin.queries.live.terminals import Terminals
from twin.queries.routes.roads import Direction, direction_of, speed_of
from twin.records.counters import clock_of
from twin.store import Store
from twin.store import record_schema as schema

__all__ = ["Simulated", "read_simulated"]

WAYS = {"Road": True, "Path": False}
"""Classes of features that have a centre line, and whether cars drive there."""
POSTS = {
    "cameras": "camera",
    "posts": "guard_post",
    "doors": "door",
    "fire_points": "fire_point",
    "lifts": "lift",
    "panic_buttons": "panic_button",
}
"""Kinds that are a key and a place, by where the compound has them."""
ASKED = ("city_object", "building", "gate", "perimeter_segment", "zone", *POSTS.values())
KINDS = tuple(kind for kind in Kind if kind.value in ASKED)
USUAL_M_S, INSIDE_M_S, WIDTH_M = 30 / 3.6, 20 / 3.6, 6.0
"""Where no layer says how fast a road is driven or how wide it is."""
MOST_PEOPLE = 200
ASSEMBLY = "assembly"
HOLDS_CARS = ("vehicle", "mixed", "both")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulated:
    """A site's compound with its frame, and `(key, terminal, plate)` of each vehicle whose terminal is its own."""

    frame: SiteFrame
    compound: Compound
    vehicles: Sequence[tuple[str, str, str]]

    def driven(self, at_most: int | None) -> Sequence[tuple[str, str, str]]:
        """Those of the vehicles that drive; none where there is no road for them."""
        return self.vehicles[:at_most] if self.compound.streets.open_arcs.any() else ()

    def lon_lat(self, xy: Float64) -> Float64:
        """Degrees (n, 2) of points (n, 2) in site metres."""
        xyz = np.column_stack([xy, np.zeros(len(xy))])
        return np.asarray(self.frame.to_lon_lat_height(xyz)[:, :2])


def read_simulated(store: Store, site: str) -> Simulated:
    """What the simulator needs of a site; raises SiteUnknown."""
    frame = SiteFrame.of(store.get_site(site))
    features = [row.feature for row in store.features(site, None, kinds=KINDS)]
    drawn = [one for one in _of(features, Kind.PERIMETER_SEGMENT) if one.footprint is not None]
    segments = [Segment(key=_key(one), line=shapely.get_coordinates(one.footprint)) for one in drawn]
    ground: BaseGeometry = MultiPoint(np.concatenate([np.empty((0, 2)), *(one.line for one in segments)])).convex_hull
    terminals = Terminals(store, b"")
    terminals.refresh()
    vehicles = [(key, terminal, plate or "") for key, terminal, plate in terminals.listed()]
    driven = {key for key, _, _ in vehicles}
    assembly = _at_assembly(features)
    posts = [one for one in features if not (one.kind is Kind.DOOR and _key(one) in assembly)]
    compound = Compound(
        streets=Streets.of([line for one in features if one.class_name in WAYS for line in _lines(one, frame, ground)]),
        ground=ground,
        built=_built(features),
        gates=[gate for one in _of(features, Kind.GATE) for gate in _gates(one)],
        segments=segments,
        **{name: [Post(key=_key(one), xy=_place(one)) for one in posts if one.kind.value == kind] for name, kind in POSTS.items()},
        guards=[key for key, _ in _column(store, "guard", "key")],
        meters=[(key, carrier) for key, carrier in _column(store, "meter", "carrier") if carrier],
        people=[key for key, _ in _column(store, "person", "key")][:MOST_PEOPLE],
        assembly=assembly,
        lift_floors={key: floors for key, said in _column(store, "lift", "floors") if (floors := _floors(said)) is not None},
        cars=[*(plate for key, plate in _column(store, "vehicle", "plate") if plate and key not in driven), *_announced(store)],
    )
    return Simulated(frame=frame, compound=compound, vehicles=vehicles)


def _of(features: Iterable[Feature], kind: Kind) -> list[Feature]:
    return [one for one in features if one.kind is kind]


def _key(feature: Feature) -> str:
    return feature.id.partition(":")[2]


def _place(feature: Feature) -> Float64:
    x, y, *_ = feature.properties.get("position", {}).get("site_xyz") or (np.nan, np.nan)
    return np.array([x, y], dtype=np.float64)


def _lines(feature: Feature, frame: SiteFrame, ground: BaseGeometry) -> list[RoadLine]:
    drawn = feature.geographic
    if drawn is None or drawn.is_empty or shapely.get_dimensions(drawn) != 1:
        return []
    attributes = feature.properties.get("attributes", {})
    sense = {Direction.AHEAD: 1, Direction.BACK: -1}.get(direction_of(attributes), 0)
    stated = speed_of(attributes)
    found = []
    for part in shapely.get_parts(shapely.line_merge(drawn) if drawn.geom_type != "LineString" else drawn):
        points = shapely.get_coordinates(part)
        line = frame.from_lon_lat_height(np.column_stack([points, np.full(len(points), frame.site.height_m)]))[:, :2]
        usual = INSIDE_M_S if shapely.contains_xy(ground, *line.mean(axis=0)) else USUAL_M_S
        found.append(
            RoadLine(
                name=feature.name or feature.id,
                line=line[np.r_[True, np.hypot(*np.diff(line, axis=0).T) > 1e-6]],
                width_m=float(attributes.get("width_m") or WIDTH_M),
                m_per_s=usual if stated is None else stated,
                driven=WAYS[feature.class_name],
                one_way=sense,
            )
        )
    return found


def _gates(feature: Feature) -> list[GateLine]:
    device, place = feature.properties.get("device", {}), _place(feature)
    if not np.isfinite(place).all() or device.get("heading_deg") is None or device.get("width_m") is None:
        return []
    cars = device.get("type") in HOLDS_CARS
    return [GateLine(key=_key(feature), xy=place, outwards_deg=float(device["heading_deg"]), width_m=float(device["width_m"]), cars=cars)]


def _built(features: Iterable[Feature]) -> Built:
    found = [
        (one.footprint, one.z_range)
        for one in features
        if (one.kind is Kind.BUILDING or one.class_name in ("Building", "BuildingPart")) and one.footprint is not None and one.z_range
    ]
    return Built(outlines=[shape for shape, _ in found], heights_m=np.array([high - low for _, (low, high) in found]))


def _at_assembly(features: Sequence[Feature]) -> list[str]:
    """Doors that stand in an assembly point: readers where people say that they are safe."""
    points = [
        one.footprint
        for one in _of(features, Kind.ZONE)
        if one.footprint is not None and one.properties.get("device", {}).get("type") == ASSEMBLY
    ]
    doors = [(_key(one), _place(one)) for one in _of(features, Kind.DOOR)]
    return [key for key, xy in doors if any(shapely.contains_xy(point, *xy) for point in points)]


def _announced(store: Store) -> list[str]:
    """Plates of announced visits that have no end: who comes all the time."""
    ends = dict(_column(store, "visit", "ends"))
    return [plate for key, plate in _column(store, "visit", "plate") if plate and ends.get(key) is None]


def _floors(said: str | None) -> tuple[int, int] | None:
    """The lowest and the highest of `1-12`.

    >>> _floors("1-12"), _floors("B2,1,5"), _floors("一层")
    ((1, 12), (1, 5), None)
    """
    found = [int(number) for number in re.findall(r"(?<![A-Za-z\d])\d{1,3}", said or "")]
    return (min(found), max(found)) if found else None


def _column(store: Store, kind: str, column: str) -> list[tuple[str, str | None]]:
    """The key and one column of each record of a kind that there is now, by key."""
    if kind not in {one.name for one in list_kinds()}:
        return []
    table = schema.kind_table(kind).c
    with store.database.reading() as connection:
        now = clock_of(connection, kind)
        query = select(table.key, table[column]).where(table.since <= now, table.until > now, table.ended.is_(None)).order_by(table.key)
        return [(str(key), None if value is None else str(value)) for key, value in connection.execute(query)]
