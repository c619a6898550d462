"""The scene from above, as the hub asks it: zones and buildings that a point is in or near, and the height of the ground there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sensors import NO_NUMBER
from spatial.feature import Kind
from spatial.frame import SiteFrame
from spatial.mesh import Float64
from twin.errors import NotFound, StoreUnavailable
from twin.imports.ground import find_terrain, read_ground
from twin.live.fences import Fact, Near
from twin.live.streets import NO_STREETS, Streets
from twin.queries.place.scene import Scenes, SitePlaces
from twin.settings import Settings

if TYPE_CHECKING:
    from cim import Ground as Terrain

__all__ = ["Grounds"]

ASKED = ("zone", "building")
ROAD = "Road"
METRES_A_DEGREE = 111_000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Site:
    frame: SiteFrame
    ids: list[str]
    fence: NDArray[np.bool_]
    shapes: NDArray[np.object_]
    edges: NDArray[np.object_]
    tree: shapely.STRtree
    terrain: Terrain
    places: SitePlaces
    streets: Streets

    def fact(self, feature: str) -> Fact | None:
        """What is known of a feature of the site."""
        row = self.places.position.get(feature)
        if row is None:
            return None
        words, box = self.places.extents.words, self.places.extents.boxes[row]
        middle = box.mean(axis=0) if np.isfinite(box).all() else None
        there = None if middle is None else self.frame.to_lon_lat_height(middle.reshape(1, 3))[0]
        return Fact(
            site=self.places.code,
            kind=str(words["kind"][row]),
            label=str(words["label"][row]),
            within=words["space"][row] or words["storey"][row] or words["building"][row],
            lon_lat=None if there is None else (float(there[0]), float(there[1])),
            height_m=None if there is None else float(there[2]),
        )

    def local(self, lon: Float64, lat: Float64) -> tuple[NDArray[np.int64], Float64]:
        """Which points lie within the site's radius, and their site x, y."""
        site = self.frame.site
        reach = site.radius_m / METRES_A_DEGREE
        close = (np.abs(lat - site.lat) <= reach) & (np.abs(lon - site.lon) * np.cos(np.radians(site.lat)) <= reach)
        rows = np.flatnonzero(close)
        if not len(rows):
            return rows, np.zeros((0, 2))
        told = np.column_stack([lon[rows], lat[rows], np.full(len(rows), site.height_m)])
        return rows, np.asarray(self.frame.from_lon_lat_height(told)[:, :2])


class Grounds:
    """Every site of a store as it was at the last `refresh`; see `twin.live.fences.Ground`. Not for several threads."""

    def __init__(self, scenes: Scenes, settings: Settings) -> None:
        self._scenes = scenes
        self._settings = settings
        self._sites: dict[str, tuple[Any, _Site]] = {}
        self.streets = NO_STREETS

    def refresh(self) -> None:
        """Be as the store is now; a store that cannot be read now leaves all as it was."""
        try:
            codes, known = self._scenes.codes(("*",)), dict(self._sites)
            for code in codes:
                places = self._scenes.site(code)
                terrain = find_terrain(self._scenes.store, code)
                mark = places.extents.scene_revision, None if terrain is None else terrain.id
                if code not in known or known[code][0] != mark:
                    known[code] = mark, self._built(places)
            self._sites = {code: known[code] for code in codes}
            self._join([site.streets for _, site in self._sites.values()])
        except StoreUnavailable:
            return

    def _join(self, streets: Sequence[Streets]) -> None:
        """`streets` is another object only when they are others than before."""
        joined = reduce(Streets.joined, streets, NO_STREETS)
        if joined.features != self.streets.features or not np.array_equal(joined.segments, self.streets.segments):
            self.streets = joined

    def sites_at(self, lon_deg: float, lat_deg: float) -> list[str]:
        """The codes of the sites within whose radius a place lies."""
        found = []
        for code, (_, site) in self._sites.items():
            _, xy = site.local(np.array([lon_deg]), np.array([lat_deg]))
            if len(xy) and np.hypot(*xy[0]) <= site.frame.site.radius_m:
                found.append(code)
        return found

    def fact(self, feature: str) -> Fact | None:
        """See `twin.live.fences.Ground`."""
        for _, site in self._sites.values():
            found = site.fact(feature)
            if found is not None:
                return found
        return None

    def near(self, lon_deg: Float64, lat_deg: Float64, reach_m: float) -> Near:
        """See `twin.live.fences.Ground`."""
        found: list[tuple[NDArray[Any], list[str], NDArray[Any], Float64, NDArray[Any]]] = []
        for _, site in self._sites.values():
            rows, xy = site.local(lon_deg, lat_deg)
            if not len(rows) or not len(site.ids):
                continue
            points = np.asarray(shapely.points(xy), dtype=object)
            point, shape = site.tree.query(points, predicate="dwithin", distance=reach_m)
            inside = shapely.intersects(site.shapes[shape], points[point])
            depth = shapely.distance(site.edges[shape], points[point])
            found.append((rows[point], [site.ids[i] for i in shape.tolist()], inside, depth, site.fence[shape]))
        if not found:
            none = np.zeros(0, dtype=np.int64)
            return Near(point=none, feature=[], inside=none.astype(bool), depth_m=none.astype(np.float64), fence=none.astype(bool))
        return Near(
            point=np.concatenate([one[0] for one in found]),
            feature=[feature for one in found for feature in one[1]],
            inside=np.concatenate([one[2] for one in found]),
            depth_m=np.concatenate([one[3] for one in found]),
            fence=np.concatenate([one[4] for one in found]),
        )

    def height_cm(self, lon_deg: Float64, lat_deg: Float64) -> NDArray[np.int32]:
        """See `twin.live.fences.Ground`."""
        heights = np.full(len(lon_deg), NO_NUMBER, dtype=np.int32)
        for _, site in self._sites.values():
            rows, xy = site.local(lon_deg, lat_deg)
            z = site.terrain.sample(xy) if len(rows) else np.zeros(0)
            known = np.isfinite(z)
            if known.any():
                there = site.frame.to_lon_lat_height(np.column_stack([xy[known], z[known]]))
                heights[rows[known]] = np.rint(there[:, 2] * 100).astype(np.int32)
        return heights

    def _built(self, places: SitePlaces) -> _Site:
        extents = places.extents
        polygonal = np.isin(shapely.get_type_id(extents.footprints), (3, 6)) & ~shapely.is_empty(extents.footprints)
        chosen = np.flatnonzero(np.isin(np.array(extents.words["kind"], dtype=object), ASKED) & polygonal & ~places.replaced)
        shapes = extents.footprints[chosen]
        return _Site(
            frame=places.frame,
            ids=[extents.ids[row] for row in chosen],
            fence=np.array([extents.words["kind"][row] == "zone" for row in chosen], dtype=bool),
            shapes=shapes,
            edges=np.asarray(shapely.boundary(shapes), dtype=object),
            tree=shapely.STRtree(shapes),
            terrain=self._terrain(places.frame),
            places=places,
            streets=self._streets(places.code),
        )

    def _streets(self, code: str) -> Streets:
        """The roads of a site that are drawn as lines, of every label: what the hub goes by, it does not tell."""
        rows = self._scenes.store.features(code, None, kinds=(Kind.CITY_OBJECT,))
        drawn = ((one.feature.id, one.feature.geographic) for one in rows if one.feature.class_name == ROAD)
        return Streets.of((feature, shapely.force_2d(line)) for feature, line in drawn if line is not None and not line.is_empty)

    def _terrain(self, frame: SiteFrame) -> Terrain:
        from cim import Ground as Terrain

        found = find_terrain(self._scenes.store, frame.site.code)
        try:
            return read_ground(self._settings, found, frame) if found is not None else Terrain.level(frame, frame.site.radius_m)
        except NotFound:
            return Terrain.level(frame, frame.site.radius_m)
