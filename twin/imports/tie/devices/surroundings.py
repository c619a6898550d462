"""What devices stand in: the sites with their frames and ground, rooms to find a point in, and what a location stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature, Kind
from spatial.frame import Site, SiteFrame
from spatial.mesh import Float64
from twin.auth import LabelPolicy
from twin.imports.tie.scene import Scene, feature_key
from twin.records.places import Place
from twin.store import FeatureRow

__all__ = ["Ground", "Room", "Standing", "Surroundings"]

REACH_UP_M = 0.3
"""How far above its ceiling or below its floor a thing is still of a room: what hangs on the slab."""


class Ground(Protocol):
    """A surface to sample (`cim.Ground`)."""

    def sample(self, site_xy: ArrayLike) -> Float64:
        """z (n,) in site metres at site_xy (n, 2), NaN where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room of the scene: its feature, the keys of its storey and building (empty for none)."""

    key: str
    feature: Feature
    storey: str
    building: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a location stands for: the place it was found to be and, where the scene has them, feature keys; empty for none."""

    place_id: int | None = None
    level: str = ""
    site_id: int | None = None
    room: str = ""
    storey: str = ""
    building: str = ""


@dataclass(kw_only=True)
class Surroundings:
    """The scene, sites and tree of places as one run sees them; `ground_of` gives a site's ground or, in words, why there is none;
    `elements` are those that devices name, by GlobalId, each with its site."""

    scene: Scene
    places: Mapping[int, Place]
    policies: Mapping[int, LabelPolicy]
    ground_of: Callable[[Site], Ground | str]
    elements: Mapping[str, Sequence[tuple[int, FeatureRow]]] = field(default_factory=dict)
    frames: dict[int, SiteFrame] = field(init=False)
    _grounds: dict[int, Ground | str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.frames = {site_id: SiteFrame.of(site) for site_id, site in self.scene.sites.items()}
        self._rooms = {site_id: _Rooms(self.scene, site_id) for site_id in self.scene.sites}
        drawn = [one for one in self.places.values() if one.site_id and one.feature_id]
        self._place_of_site = {one.site_id: one.id for one in self.places.values() if one.kind == "site" and one.site_id}
        self._place_of = {feature_key(one.site_id or 0, one.feature_id or ""): one.id for one in drawn}

    def site_named(self, said: str | None) -> int | None:
        """The site a record names by code or name; of one that names none, the only site there is."""
        if not said:
            return next(iter(self.scene.sites)) if len(self.scene.sites) == 1 else None
        folded = said.strip().casefold()
        return next((key for key, site in self.scene.sites.items() if folded in (site.code.casefold(), site.name.casefold())), None)

    def site_at(self, lon_lat: tuple[float, float]) -> int | None:
        """The site within whose radius a point lies, the nearest of several."""
        near = []
        for site_id, frame in self.frames.items():
            xyz = frame.from_lon_lat_height([[*lon_lat, frame.site.height_m]])[0]
            distance = float(np.hypot(xyz[0], xyz[1]))
            if distance <= frame.site.radius_m:
                near.append((distance, site_id))
        return min(near)[1] if near else None

    def ground(self, site_id: int) -> Ground | str:
        """The ground of a site, or why there is none."""
        if site_id not in self._grounds:
            self._grounds[site_id] = self.ground_of(self.scene.sites[site_id])
        return self._grounds[site_id]

    def standing(self, place_id: int | None) -> Standing:
        """What a place stands for, by itself and what lies above it."""
        found: dict[str, str] = {}
        site_id, level, at = None, "", self.places.get(place_id) if place_id is not None else None
        first = at
        while at is not None:
            level = level or at.kind
            site_id = site_id or at.site_id
            if at.site_id and at.feature_id:
                found.setdefault(at.kind, feature_key(at.site_id, at.feature_id))
            at = self.places.get(at.parent_id) if at.parent_id is not None else None
        names = {name: found.get(name, "") for name in ("room", "storey", "building")}
        return Standing(place_id=first.id if first else None, level=level, site_id=site_id, **names)

    def feature(self, key: str) -> Feature | None:
        """The feature of a key; None where the scene has none."""
        row = self.scene.rows.get(key)
        return row[1].feature if row else None

    def label_of(self, key: str) -> str | None:
        """The label of a feature; None where there is none."""
        feature = self.feature(key)
        return feature.label if feature else None

    def key_of(self, site_id: int, feature_id: str | None) -> str:
        """The key of a feature that the scene has; empty for none."""
        key = feature_key(site_id, feature_id) if feature_id else ""
        return key if key in self.scene.rows else ""

    def place_of(self, key: str) -> int | None:
        """The place of a feature."""
        return self._place_of.get(key)

    def place_of_site(self, site_id: int) -> int | None:
        """The place that is a whole site."""
        return self._place_of_site.get(site_id)

    def rooms_over(self, site_id: int, xy: tuple[float, float]) -> Sequence[Room]:
        """The rooms of any storey whose outline a point lies in."""
        return self._rooms[site_id].at(xy)

    def room_at(self, site_id: int, xyz: tuple[float, float, float]) -> Room | None:
        """The room a point is in, the smallest of several."""
        rooms = [room for room in self.rooms_over(site_id, xyz[:2]) if _reaches(room.feature, xyz[2])]
        return min(rooms, key=lambda room: (room.feature.footprint.area if room.feature.footprint else 0.0, room.key), default=None)

    def floor_z(self, standing: Standing) -> float | None:
        """The floor of the room or storey that a location names, site metres."""
        room = self.feature(standing.room)
        if room is not None and room.z_range is not None:
            return room.z_range[0]
        return self._rooms[standing.site_id].floors.get(standing.storey) if standing.site_id else None

    def outline(self, key: str) -> BaseGeometry | None:
        """The outline of a room, storey or building, site metres; of a storey without one that of its rooms together."""
        feature = self.feature(key)
        if feature is None:
            return None
        if feature.footprint is None and feature.kind is Kind.STOREY:
            return self._rooms[int(key.split("/", 1)[0])].together(key)
        return feature.footprint


class _Rooms:
    """The rooms of a site with outline and heights, in a tree."""

    def __init__(self, scene: Scene, site_id: int) -> None:
        self.rooms: list[Room] = []
        self.floors: dict[str, float] = {}
        for key, of, feature in scene.of_kind(Kind.SPACE):
            if of != site_id or feature.footprint is None or feature.z_range is None:
                continue
            storey = feature_key(site_id, feature.storey) if feature.storey else ""
            self.rooms.append(Room(key=key, feature=feature, storey=storey, building=scene.building_of(site_id, feature)))
            self.floors[storey] = min(feature.z_range[0], self.floors.get(storey, np.inf))
        self.floors.pop("", None)
        self.tree = shapely.STRtree(np.array([room.feature.footprint for room in self.rooms], dtype=object))

    def at(self, xy: tuple[float, float]) -> list[Room]:
        return [self.rooms[row] for row in sorted(self.tree.query(shapely.Point(xy), predicate="intersects").tolist())]

    def together(self, storey: str) -> BaseGeometry | None:
        outlines = [room.feature.footprint for room in self.rooms if room.storey == storey]
        return shapely.union_all(outlines) if outlines else None


def _reaches(feature: Feature, z: float) -> bool:
    low, high = feature.z_range or (np.inf, -np.inf)
    return low - REACH_UP_M <= z <= high + REACH_UP_M
