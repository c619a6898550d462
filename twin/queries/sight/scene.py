"""The sight scene of a site: the layers that are tiled, with what their classes mean to a line of sight."""

from collections.abc import Iterable

import numpy as np

from spatial.feature import Feature, Kind
from spatial.scene import Layer
from spatial.source import bytes_sha256
from spatial.surfaces import OPAQUE_ALPHA, Collected, Collector, Surfaces
from spatial.visibility import SightScene

__all__ = ["collect_layers", "sight_scene", "surfaces_of", "windows_without_glass"]

DOOR_CLASSES = frozenset({"IfcDoor", "IfcDoorStandardCase", "Gate"})
WINDOW_CLASSES = frozenset({"IfcWindow", "IfcWindowStandardCase"})
GROUND_CLASSES = frozenset({"TINRelief", "Road", "Path", "Square"})
"""Terrain, and what is laid 8 to 10 cm above it (cim.drape): who stands on a road stands on its surface."""


def sight_scene(layers: Iterable[Layer]) -> SightScene:
    """From `twin.assemble.iter_layers`, one layer in memory at a time; `revision` is one digest over all their revisions."""
    collected, revision = collect_layers(layers)
    return SightScene.of(collected, revision=revision)


def collect_layers(layers: Iterable[Layer]) -> tuple[Collected, str]:
    """The triangles of the layers, and the digest over their revisions."""
    revisions: list[str] = []
    collector = Collector()
    for layer in layers:
        revisions.append(f"{layer.key}={layer.revision}")
        collector.take(surfaces_of(layer))
    return collector.collected(), bytes_sha256("\n".join(revisions).encode())[:16]


def surfaces_of(layer: Layer) -> Surfaces:
    """Rooms have no surface; storeys drawn of a building without a model are its walls; doors and gates can be opened."""
    return Surfaces(
        meshes=layer.meshes,
        unseen=_ids(feature for feature in layer.features if feature.kind is Kind.SPACE),
        doors=_ids(feature for feature in layer.features if feature.class_name in DOOR_CLASSES),
        ground=_ids(feature for feature in layer.features if feature.class_name in GROUND_CLASSES),
    )


def windows_without_glass(layer: Layer) -> list[str]:
    """Windows whose file gives no part of them a transparent material: lines of sight end at them, as at a wall."""
    meshes = layer.meshes
    clear = np.unique(meshes.part_feature[meshes.part_rgba[:, 3] < OPAQUE_ALPHA])
    glazed = {meshes.features[number] for number in clear}
    drawn = set(meshes.features)
    return [f.id for f in layer.features if f.class_name in WINDOW_CLASSES and f.id in drawn and f.id not in glazed]


def _ids(features: Iterable[Feature]) -> frozenset[str]:
    return frozenset(str(feature.id) for feature in features)
