"""The meshes of a site's models, read when a question needs them: solids of rooms that are no prisms, cuts, rays."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from spatial.mesh import Float64, MeshSet, read_mesh_set
from spatial.solid import is_closed, is_prism
from twin.errors import StoreUnavailable
from twin.settings import Settings
from twin.store import Store

__all__ = ["ModelShapes", "Shapes", "solids_of"]


@dataclass(frozen=True, slots=True, eq=False)
class ModelShapes:
    """The meshes of a model in the site frame and which parts show which feature."""

    meshes: MeshSet
    parts: Mapping[str, tuple[int, ...]]

    def triangles(self, feature_id: str) -> Float64:
        """Faces (n, 3, 3) site metres of a feature; none where it has no mesh."""
        found = [self.meshes.part_vertices(part)[self.meshes.meshes[self.meshes.part_mesh[part]].triangles] for part in self.of(feature_id)]
        return np.concatenate(found) if found else np.zeros((0, 3, 3))

    def of(self, feature_id: str) -> tuple[int, ...]:
        """The parts of a feature."""
        return self.parts.get(feature_id, ())


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Packs of a site by model key, with the matrix into the site frame; each is read once, when first asked for."""

    packs: Mapping[str, tuple[Path, Float64 | None]]
    _read: dict[str, ModelShapes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, store: Store, settings: Settings, site: str) -> Self:
        """The packs of the current revisions; a model that has no place in the site has none."""
        packs: dict[str, tuple[Path, Float64 | None]] = {}
        for revision in store.list_models(site):
            if revision.mesh_pack is not None and (revision.kind != "bim" or revision.similarity is not None):
                matrix = None if revision.similarity is None else np.array(revision.similarity)
                packs[revision.model_key] = (settings.meshes_dir / revision.mesh_pack, matrix)
        return cls(packs)

    def model(self, key: str) -> ModelShapes | None:
        """The meshes of a model; None where it has none."""
        with self._lock:
            if key not in self._read and key in self.packs:
                self._read[key] = self._load(key)
            return self._read.get(key)

    def triangles(self, feature_id: str) -> Float64:
        """Faces (n, 3, 3) site metres of a feature."""
        model = self.model(_model_of(feature_id))
        return np.zeros((0, 3, 3)) if model is None else model.triangles(feature_id)

    def passing(self, key: str) -> ModelShapes | None:
        """The meshes of a model without keeping them."""
        return self._read.get(key) or (self._load(key) if key in self.packs else None)

    def _load(self, key: str) -> ModelShapes:
        path, matrix = self.packs[key]
        try:
            meshes = read_mesh_set(path)
        except FileNotFoundError:
            message = f"the meshes of model {key} are gone"
            raise StoreUnavailable(message, path=path.name, code="MESHES_MISSING", hint="restore them, or import the model again") from None
        return _grouped(meshes if matrix is None else meshes.moved(matrix))


def solids_of(shapes: Shapes, rooms: Collection[str]) -> dict[str, Float64]:
    """Faces of the rooms that are closed and no prisms; every room's own mesh is looked at, one model after another."""
    by_model: dict[str, list[str]] = {}
    for room in rooms:
        by_model.setdefault(_model_of(room), []).append(room)
    found: dict[str, Float64] = {}
    for key, names in by_model.items():
        model = shapes.passing(key)
        if model is not None:
            found |= dict(_odd(model, names))
    return found


def _odd(model: ModelShapes, names: Iterable[str]) -> Iterable[tuple[str, Float64]]:
    for name in names:
        triangles = model.triangles(name)
        if len(triangles) and not is_prism(triangles) and is_closed(triangles):
            yield name, triangles


def _grouped(meshes: MeshSet) -> ModelShapes:
    parts: dict[str, list[int]] = {}
    for part, feature in enumerate(meshes.part_feature):
        parts.setdefault(meshes.features[feature], []).append(part)
    return ModelShapes(meshes, {name: tuple(found) for name, found in parts.items()})


def _model_of(feature_id: str) -> str:
    return feature_id.partition(":")[0]
