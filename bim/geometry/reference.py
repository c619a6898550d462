"""The reference engine: ifcopenshell's `opencascade` kernel, product by product; slow, and right wherever it does not crash."""

from collections.abc import Sequence
from typing import Any

import ifcopenshell.geom
import numpy as np

from bim.geometry.body import Bodies, body_representations
from bim.geometry.colour import Rgba, find_styles_colour
from bim.geometry.engine import NO_SURFACE, Drawn, Part
from bim.geometry.source import SourceFile
from bim.placement import PlacementUnresolved

__all__ = ["ReferenceEngine"]


class ReferenceEngine:
    """ifcopenshell over one file: each colour of a product is a part, equal bodies are meshed once."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._bodies = Bodies(source.placements)
        self._known: dict[tuple[object, ...], list[Part]] = {}

    def draw(self, step_ids: Sequence[int]) -> list[Drawn]:
        """Meshes of the products, one after the other."""
        return [self._draw(step_id) for step_id in step_ids]

    def _draw(self, step_id: int) -> Drawn:
        product = self._source.model.by_id(step_id)
        try:
            representations = body_representations(product)
            if not representations:
                return Drawn(step_id=step_id, parts=(), reason=NO_SURFACE)
            # Before the kernel is asked: a placement that refers to itself kills it.
            matrix = self._source.placements.matrix(product)
            key = self._key(product)
            if key is not None and key in self._known:
                parts = self._known[key]
            else:
                parts = [part for r in representations for part in self._parts(product, r)]
                if key is not None:
                    self._known[key] = parts
        except PlacementUnresolved as refusal:
            return Drawn(step_id=step_id, parts=(), reason=str(refusal))
        except RuntimeError as failure:
            return Drawn(step_id=step_id, parts=(), reason=f"ifcopenshell: {str(failure).strip() or 'no shape'}")
        if not parts:
            return Drawn(step_id=step_id, parts=(), reason="ifcopenshell made no triangle of it")
        placed = tuple(Part(vertices=p.vertices, triangles=p.triangles, rgba=p.rgba, matrix=matrix, shared=p.shared) for p in parts)
        return Drawn(step_id=step_id, parts=placed)

    def _key(self, product: Any) -> tuple[object, ...] | None:
        try:
            body = self._bodies.of(product)
        except PlacementUnresolved:
            return None
        return None if body is None else body.key

    def _parts(self, product: Any, representation: Any) -> list[Part]:
        # The geometry is a view into the element: without this name it would be read after it is freed.
        element = ifcopenshell.geom.create_shape(self._source.settings, product, representation)
        geometry = element.geometry
        vertices = np.array(geometry.verts, dtype=np.float64).reshape(-1, 3)
        triangles = np.array(geometry.faces, dtype=np.int64).reshape(-1, 3)
        colours = [self._colour(style) for style in geometry.materials]
        of_triangle = np.array(geometry.material_ids, dtype=np.int64)
        parts: list[Part] = []
        groups: dict[Rgba | None, list[int]] = {}
        for index in np.unique(of_triangle):
            groups.setdefault(colours[index] if index >= 0 else None, []).append(int(index))
        for rgba, indices in groups.items():
            chosen = triangles[np.isin(of_triangle, indices)]
            used, renumbered = np.unique(chosen, return_inverse=True)
            parts.append(
                Part(
                    vertices=vertices[used],
                    triangles=renumbered.reshape(-1, 3).astype(np.int64),
                    rgba=rgba,
                    matrix=np.eye(4),
                    shared=(product.id(), representation.id(), rgba),
                )
            )
        return parts

    def _colour(self, style: Any) -> Rgba | None:
        """What the style says in our own reading: ifcopenshell multiplies a DiffuseColour given as a colour with SurfaceColour."""
        return find_styles_colour([self._source.model.by_id(style.instance_id())]) if style.instance_id() else None
