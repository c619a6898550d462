"""The places of a site in memory, built once for a scene revision: bodies of rooms, storeys, buildings, zones, and an index a kind."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.bodies import Bodies
from spatial.cells import Int64
from spatial.frame import SiteFrame
from spatial.index import SpatialIndex
from spatial.mesh import Float64
from spatial.whereabouts import Known, Whereabouts
from twin.auth import Labels
from twin.errors import SiteUnknown, StoreUnavailable
from twin.queries.place.replaced import replaced_rows
from twin.queries.place.shapes import Shapes, solids_of
from twin.settings import Settings
from twin.store import Store
from twin.store.extents import Extents, read_extents

__all__ = ["Scenes", "SitePlaces"]

BODIES = ("space", "storey", "building", "zone")
CITY_BUILDINGS = frozenset({"Building", "BuildingPart"})
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SitePlaces:
    """One site at one scene revision. `rows[kind]` are the rows of `extents` that the bodies of a kind stand for, in their order;
    `replaced` says of each row whether a model of a building takes its place, so that it is not drawn."""

    frame: SiteFrame
    extents: Extents
    shapes: Shapes
    rows: dict[str, Int64]
    where: Whereabouts
    position: dict[str, int]
    solids: int
    replaced: Mask
    _indexes: dict[str, tuple[Int64, SpatialIndex]] = field(default_factory=dict)
    _masks: dict[Labels, Mask] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def code(self) -> str:
        """The code of the site."""
        return self.frame.site.code

    def visible(self, labels: Labels) -> Mask:
        """Which rows a reader may know of."""
        if labels not in self._masks:
            words = self.extents.words["label"]
            self._masks[labels] = np.array([labels is None or word in labels for word in words], dtype=bool)
        return self._masks[labels]

    def known(self, labels: Labels) -> Known:
        """The same for the bodies."""
        if labels is None:
            return Known()
        seen = self.visible(labels)
        return Known(*(seen[self.rows[kind]] for kind in BODIES))

    def index(self, kind: str) -> tuple[Int64, SpatialIndex]:
        """The features of a kind that have a place: their rows, and the index whose rows follow them."""
        with self._lock:
            if kind not in self._indexes:
                self._indexes[kind] = self._indexed(kind)
            return self._indexes[kind]

    def kinds(self) -> list[str]:
        """The kinds that have features here."""
        return sorted({str(kind) for kind in self.extents.words["kind"]})

    def named(self, row: int, labels: Labels) -> dict[str, Any]:
        """`{id, kind, class, name, long_name, storey, building}`; what the reader may not know of is not named."""
        words = self.extents.words
        return {
            "id": self.extents.ids[row],
            "kind": words["kind"][row],
            "class": words["class_name"][row],
            "name": words["name"][row],
            "long_name": words["long_name"][row],
            "storey": self._shown(words["storey"][row], labels),
            "building": self._shown(words["building"][row], labels),
        }

    def _shown(self, feature_id: str | None, labels: Labels) -> str | None:
        if feature_id is None or labels is None:
            return feature_id
        at = self.position.get(feature_id)
        return feature_id if at is not None and self.visible(labels)[at] else None

    def _indexed(self, kind: str) -> tuple[Int64, SpatialIndex]:
        extents = self.extents
        of_kind = np.array([word == kind for word in extents.words["kind"]], dtype=bool)
        rows = np.flatnonzero(of_kind & (np.isfinite(extents.boxes).all(axis=(1, 2)) | _has_prism(extents)))
        ranges = np.where(np.isfinite(extents.z_ranges[rows]), extents.z_ranges[rows], extents.boxes[rows][:, :, 2])
        boxes = extents.boxes[rows].copy()
        for i in np.flatnonzero(~np.isfinite(boxes).all(axis=(1, 2))):
            plan = shapely.bounds(extents.footprints[rows[i]])
            boxes[i] = [[*plan[:2], ranges[i, 0]], [*plan[2:], ranges[i, 1]]]
        ids = [extents.ids[row] for row in rows]
        revision = str(extents.scene_revision)
        at = {int(row): i for i, row in enumerate(rows)}
        solids = {at[row]: faces for row, faces in self._solid_rooms() if row in at} if kind == "space" else {}
        return rows, SpatialIndex.build(ids, boxes, list(extents.footprints[rows]), ranges, solids, revision=revision)

    def _solid_rooms(self) -> Iterator[tuple[int, Float64]]:
        """Rows of the rooms that are no prisms, and their faces."""
        rooms = self.where.rooms
        for row, solid in zip(self.rows["space"].tolist(), rooms.solid.tolist(), strict=True):
            if solid >= 0:
                yield row, rooms.solids.triangles[rooms.solids.starts[solid] : rooms.solids.starts[solid + 1]]


class Scenes:
    """The places of every site of a store, each rebuilt when its scene revision has changed; one for all threads of a process."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self._lock = threading.Lock()
        self._sites: dict[str, SitePlaces] = {}

    def site(self, code: str) -> SitePlaces:
        """The places of a site as the store has them now; raises SiteUnknown."""
        revision = self.store.scene_revision(code)
        with self._lock:
            kept = self._sites.get(code)
            if kept is None or kept.extents.scene_revision != revision:
                self._sites[code] = kept = self._built(code)
            return kept

    def codes(self, scopes: Collection[str]) -> list[str]:
        """The sites within some scopes, `*` for all."""
        return [site.code for site in self.store.list_sites() if "*" in scopes or site.code in scopes]

    def labels_of(self, code: str, features: Iterable[str]) -> dict[str, str]:
        """Feature → label, of features of a site; one that the site does not know has ``: a label that no reader has."""
        try:
            places = self.site(code)
        except SiteUnknown:
            return dict.fromkeys(features, "")
        words = places.extents.words["label"]
        return {feature: str(words[places.position[feature]]) if feature in places.position else "" for feature in features}

    def warm(self) -> None:
        """Make every site ready before anybody asks; one that cannot be is told to who asks for it."""
        with suppress(StoreUnavailable):
            for code in self.codes(("*",)):
                self.site(code)

    def _built(self, code: str) -> SitePlaces:
        with self.store.database.reading() as connection:
            extents = read_extents(connection, code)
        return build_places(SiteFrame.of(self.store.get_site(code)), extents, Shapes.of(self.store, self.settings, code))


def build_places(frame: SiteFrame, extents: Extents, shapes: Shapes) -> SitePlaces:
    """The places of a site from its columns and the meshes of its models."""
    replaced = replaced_rows(extents)
    rows = {kind: _rows_of(extents, kind, replaced) for kind in BODIES}
    solids = solids_of(shapes, [extents.ids[row] for row in rows["space"]])
    bodies = {kind: _bodies(extents, found, solids if kind == "space" else {}) for kind, found in rows.items()}
    at = {kind: {extents.ids[row]: i for i, row in enumerate(found)} for kind, found in rows.items()}
    where = Whereabouts.build(
        *(bodies[kind] for kind in BODIES),
        room_storey=_above(extents, rows["space"], "storey", at["storey"]),
        room_building=_above(extents, rows["space"], "building", at["building"]),
        storey_building=_above(extents, rows["storey"], "building", at["building"]),
    )
    position = {feature_id: row for row, feature_id in enumerate(extents.ids)}
    return SitePlaces(
        frame=frame,
        extents=extents,
        shapes=shapes,
        rows=rows,
        where=where,
        position=position,
        solids=len(solids),
        replaced=replaced,
    )


def _rows_of(extents: Extents, kind: str, replaced: Mask) -> Int64:
    """Rows with a prism; buildings of the city are buildings too where no model replaces them."""
    words = extents.words
    chosen = np.array([word == kind for word in words["kind"]], dtype=bool)
    if kind == "building":
        named = zip(words["kind"], words["class_name"], strict=True)
        chosen |= np.array([word == "city_object" and name in CITY_BUILDINGS for word, name in named], dtype=bool) & ~replaced
    return np.flatnonzero(chosen & _has_prism(extents)).astype(np.int64)


def _has_prism(extents: Extents) -> Mask:
    polygonal = np.isin(shapely.get_type_id(extents.footprints), (3, 6))
    filled = polygonal & ~shapely.is_empty(extents.footprints)
    return np.asarray(filled & np.isfinite(extents.z_ranges).all(axis=1))


def _bodies(extents: Extents, rows: Int64, solids: dict[str, Float64]) -> Bodies:
    own = {i: solids[extents.ids[row]] for i, row in enumerate(rows) if extents.ids[row] in solids}
    return Bodies.build(list(extents.footprints[rows]), extents.z_ranges[rows], own)


def _above(extents: Extents, rows: Int64, name: str, at: dict[str, int]) -> Int64:
    words = extents.words[name]
    return np.array([at.get(words[row] or "", -1) for row in rows], dtype=np.int64)
