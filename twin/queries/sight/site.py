"""What lines of sight are asked of: the drawn scene of a site, built once, and what changes beside it with every revision."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from sensors import Rig
from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from spatial.scene import Layer
from spatial.visibility import SightScene
from twin.assemble import iter_layers
from twin.auth import Labels
from twin.errors import NotFound
from twin.queries.sight.areas import areas_of
from twin.queries.sight.cameras import Fleet, fleet_of
from twin.queries.sight.kept import Kept, State, find_kept, write_kept
from twin.queries.sight.samples import LINES, Area
from twin.queries.sight.scene import collect_layers
from twin.settings import Settings
from twin.store import ModelKind, Store
from twin.store.extents import read_labels

__all__ = ["Drawn", "Live", "PerimeterSensor", "SiteSight", "drawn_state", "read_drawn", "read_live"]

KEPT_FOLDER = "sight"
NO_SENSOR = "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """The triangles of a site, what is to be covered, and what things are called; of one `state` of its drawn models."""

    state: State
    frame: SiteFrame
    scene: SightScene
    areas: tuple[Area, ...]
    called: Mapping[str, tuple[str, str]]
    """Id → name, class."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PerimeterSensor:
    """A segment of the perimeter: its line in site metres, what watches it (None where the register says nothing of a sensor)."""

    id: str
    name: str
    line: BaseGeometry
    sensor_type: str | None
    sensor_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Live:
    """What may change without a triangle being another: cameras, perimeter segments, labels; of one scene revision."""

    revision: int
    fleet: Fleet
    perimeter: tuple[PerimeterSensor, ...]
    labels: Mapping[str, str]
    _rigs: dict[Labels, Rig] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rig(self, labels: Labels) -> Rig:
        """The usable cameras that a reader may know of."""
        with self._lock:
            if labels not in self._rigs:
                self._rigs[labels] = Rig.of([one for name, one in self.fleet.cameras.items() if self.knows(labels, name)])
            return self._rigs[labels]

    def knows(self, labels: Labels, feature_id: str) -> bool:
        """Whether a reader may know of a feature; of one that is no longer there only who sees every label."""
        return labels is None or self.labels.get(feature_id) in labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteSight:
    """Both together, as one question sees them; `outdated` where newer triangles are being made ready."""

    drawn: Drawn
    live: Live
    outdated: bool = False

    @property
    def code(self) -> str:
        """The code of the site."""
        return self.drawn.frame.site.code

    @property
    def areas(self) -> tuple[Area, ...]:
        """What is to be covered: of the drawn scene and the perimeter segments of the register."""
        return (
            *self.drawn.areas,
            *(Area(id=one.id, kind="perimeter", outline=one.line, floor_z=None) for one in self.live.perimeter),
        )

    def called(self, feature_id: str) -> dict[str, str]:
        """`{name, class}` of a feature; both its id where nobody knows."""
        camera = self.live.fleet.names.get(feature_id)
        name, word = (camera, "Camera") if camera else self.drawn.called.get(feature_id, ("", ""))
        return {"name": name or feature_id, "class": word}

    def heading(self) -> dict[str, Any]:
        """What every answer begins with."""
        return {"site": self.code, "scene_revision": self.live.revision, "drawn": self.drawn.scene.revision, "outdated": self.outdated}

    def require_known(self, labels: Labels, names: tuple[str, ...], what: str) -> None:
        """Raise NotFound for a feature that is not drawn here, or of which the reader may not know: the two are told alike."""
        for name in names:
            if name not in self.drawn.called or not self.live.knows(labels, name):
                raise NotFound(f"no {what} {name} is drawn in {self.code}", path=name)


def drawn_state(store: Store, site: str) -> State:
    """The current revisions of everything but devices, which is what decides on triangles; raises SiteUnknown."""
    models = [one for one in store.list_models(site) if one.kind is not ModelKind.DEVICE]
    return tuple((one.model_key, one.id, f"{one.mesh_pack} {one.imported_at.isoformat()}") for one in models)


def read_drawn(store: Store, settings: Settings, site: str, *, progress: Callable[[str], None] = lambda _: None) -> Drawn:
    """The scene of a site, by the arrays kept of it where they are of this state; `progress` is told of each layer that is read, and at
    last of none. Raises SiteUnknown, SightLibraryMissing."""
    state = drawn_state(store, site)
    path = settings.home / KEPT_FOLDER / f"{site}.npz"
    frame = SiteFrame.of(store.get_site(site))
    kept = find_kept(path, state)
    if kept is None:
        kept = _collect(store, settings, site, progress)
        write_kept(path, state, kept)
    progress("")
    scene = SightScene.of(kept.collected, revision=kept.revision)
    return Drawn(state=state, frame=frame, scene=scene, areas=kept.areas, called=kept.called)


def _collect(store: Store, settings: Settings, site: str, progress: Callable[[str], None]) -> Kept:
    areas: list[Area] = []
    called: dict[str, tuple[str, str]] = {}

    def each() -> Any:
        for layer in iter_layers(store, settings, site):
            progress(layer.key)
            areas.extend(areas_of(layer))
            called.update(_called(layer))
            yield layer

    collected, revision = collect_layers(each())
    return Kept(collected=collected, revision=revision, areas=tuple(areas), called=called)


def read_live(store: Store, site: str, frame: SiteFrame) -> Live:
    """Cameras, perimeter and labels as the store has them now; raises SiteUnknown."""
    revision = store.scene_revision(site)
    rows = list(store.features(site, None, kinds={Kind.CAMERA, Kind.PERIMETER_SEGMENT}))
    with store.database.reading() as connection:
        labels = read_labels(connection, site)
    fleet = fleet_of([row for row in rows if row.feature.kind is Kind.CAMERA], frame)
    perimeter = tuple(found for row in rows if row.feature.kind is Kind.PERIMETER_SEGMENT for found in _segment(row.feature))
    return Live(revision=revision, fleet=fleet, perimeter=perimeter, labels=labels)


def _called(layer: Layer) -> dict[str, tuple[str, str]]:
    return {str(one.id): (one.long_name or one.name or "", one.class_name) for one in layer.features}


def _segment(feature: Feature) -> list[PerimeterSensor]:
    line = feature.footprint
    if line is None or line.is_empty or line.geom_type not in LINES or not shapely.length(line):
        return []
    device = feature.properties.get("device", {})
    return [
        PerimeterSensor(
            id=str(feature.id),
            name=feature.name or str(feature.id),
            line=line,
            sensor_type=device.get("sensor_type"),
            sensor_id=device.get("sensor_id"),
        )
    ]
