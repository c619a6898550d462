"""One content: parts of a layer as a glb, repeated meshes instanced, the rest batched by material."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import meshopt
import numpy as np
from numpy.typing import NDArray

from spatial.feature import Feature
from spatial.mesh import Float64
from tiles.geometry import Geometry, Ints
from tiles.glb import GlbBuilder
from tiles.limits import MAX_STEP_BIM_M, MAX_STEP_CITY_M, QUANTISED_LEVELS
from tiles.material import looks_of
from tiles.metadata import property_columns
from tiles.partition import Group, Plan
from tiles.quantise import Positions, quantise_normals, quantise_positions, quaternions

__all__ = ["Encoded", "encode_content"]

Z_UP_TO_Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
BYTES_A_TRIANGLE, BYTES_AN_INSTANCE, BYTES_A_NODE = 9, 24, 2000
ROUNDING_M = 2e-5
FLOAT32_ROUNDING = 2.0**-23


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A glb, its box (2, 3) in the tile's frame (metres, z up, conservative), how many features and triangles (drawn) it holds."""

    glb: bytes
    box: Float64
    features: int
    triangles: int


def encode_content(geometry: Geometry, plan: Plan, features: Sequence[Feature], labels: Mapping[str, str], origin: Float64) -> Encoded:
    """The content of a plan as a glb around `origin` (3,), a point of the mesh set's frame."""
    parts = plan.parts
    members, rows = np.unique(geometry.part_feature[parts], return_inverse=True)
    writer = _Writer(geometry, plan, rows.reshape(-1).astype(np.uint16), origin)
    writer.write()
    low = np.full(len(members), np.inf)
    high = np.full(len(members), -np.inf)
    np.minimum.at(low, rows.reshape(-1), geometry.part_low[parts, 2])
    np.maximum.at(high, rows.reshape(-1), geometry.part_high[parts, 2])
    chosen = [features[index] for index in members]
    writer.glb.property_table(property_columns(chosen, plan.label, labels, low, high), len(members))
    pad = writer.error_m + ROUNDING_M
    box = np.array([geometry.part_low[parts].min(axis=0) - pad, geometry.part_high[parts].max(axis=0) + pad]) - origin
    triangles = int(geometry.triangle_count[geometry.part_mesh[parts]].sum())
    return Encoded(writer.glb.to_bytes(), box, len(members), triangles)


class _Writer:
    def __init__(self, geometry: Geometry, plan: Plan, rows: NDArray[np.uint16], origin: Float64) -> None:
        self.geometry = geometry
        self.parts = plan.parts
        self.rows = rows
        self.row_count = int(rows.max()) + 1
        self.origin = origin
        self.max_step = MAX_STEP_CITY_M if plan.group in (Group.CITY, Group.TERRAIN) else MAX_STEP_BIM_M
        self.max_extent = self.max_step * QUANTISED_LEVELS
        self.look_of, self.looks = looks_of(geometry, plan)
        self.glb = GlbBuilder()
        self.error_m = 0.0

    def write(self) -> None:
        self.glb.use("KHR_mesh_quantization")
        for look in self.looks:
            self.glb.material(look.material())
        instanced = self._instanced()
        for positions in instanced:
            self._write_instances(positions)
        single = np.ones(len(self.parts), dtype=bool)
        if instanced:
            single[np.concatenate(instanced)] = False
        for number in range(len(self.looks)):
            chosen = np.nonzero(single & (self.look_of == number))[0]
            for cell in self._split(chosen):
                self._write_batch(cell, number)

    def _instanced(self) -> list[Ints]:
        """Groups of positions in `parts` that share mesh and look, where sharing saves bytes."""
        mesh = self.geometry.part_mesh[self.parts]
        scale = self.geometry.part_scale[self.parts]
        extent = (self.geometry.part_high[self.parts] - self.geometry.part_low[self.parts]).max(axis=1)
        usable = np.nonzero(np.isfinite(scale) & (extent * np.sqrt(3.0) <= self.max_extent))[0]
        keys, inverse, uses = np.unique(mesh[usable] * len(self.looks) + self.look_of[usable], return_inverse=True, return_counts=True)
        triangles = self.geometry.triangle_count[keys // len(self.looks)]
        saved = (uses - 1) * triangles * BYTES_A_TRIANGLE - uses * BYTES_AN_INSTANCE - BYTES_A_NODE
        order = np.argsort(inverse.reshape(-1), kind="stable")
        ends = np.cumsum(uses)
        return [usable[order[ends[key] - uses[key] : ends[key]]] for key in np.nonzero((uses >= 2) & (saved > 0))[0]]

    def _split(self, positions: Ints) -> list[Ints]:
        """Slabs whose boxes are small enough for int16; parts that alone are too long stand apart with their like."""
        if len(positions) == 0:
            return []
        low, high = self.geometry.part_low[self.parts[positions]], self.geometry.part_high[self.parts[positions]]
        long = (high - low).max(axis=1) > self.max_extent
        cells = [positions[long]] if long.any() else []
        return cells + self._slabs(positions[~long])

    def _slabs(self, positions: Ints) -> list[Ints]:
        if len(positions) == 0:
            return []
        low, high = self.geometry.part_low[self.parts[positions]], self.geometry.part_high[self.parts[positions]]
        span = high.max(axis=0) - low.min(axis=0)
        axis = int(span.argmax())
        if len(positions) == 1 or span[axis] <= self.max_extent:
            return [positions]
        count = int(np.ceil(span[axis] / self.max_extent))
        offset = (low + high)[:, axis] / 2 - low[:, axis].min()
        slab = np.minimum((offset / span[axis] * count).astype(np.int64), count - 1)
        if slab.min() == slab.max():
            slab = (offset > np.median(offset)).astype(np.int64)
        if slab.min() == slab.max():
            slab = np.arange(len(positions)) % 2
        return [cell for number in np.unique(slab) for cell in self._slabs(positions[slab == number])]

    def _write_batch(self, positions: Ints, look: int) -> None:
        points, normals, triangles, owner = self.geometry.expanded(self.parts[positions])
        stored = quantise_positions((points - self.origin) @ Z_UP_TO_Y_UP.T, self.max_step)
        ids = self.rows[positions][owner]
        tints = self.geometry.part_tints(self.parts[positions])
        primitive = self._primitive(stored, normals @ Z_UP_TO_Y_UP.T, triangles, look, tints, ids)
        primitive["extensions"] = {
            "EXT_mesh_features": {"featureIds": [{"featureCount": len(np.unique(ids)), "attribute": 0, "propertyTable": 0}]}
        }
        self.glb.use("EXT_mesh_features", required=False)
        mesh = self.glb.mesh(primitive)
        node: dict[str, Any] = {"mesh": mesh, "translation": stored.centre.tolist()}
        if stored.half != 1.0:
            node["scale"] = [stored.half] * 3
        self.glb.node(node)

    def _write_instances(self, positions: Ints) -> None:
        """Node scale · instance (translation, rotation, scale) · normalised position; the largest instance has scale 1."""
        parts = self.parts[positions]
        mesh = int(self.geometry.part_mesh[parts[0]])
        stored = quantise_positions(self.geometry.mesh_vertices(mesh), np.inf)
        matrix = self.geometry.part_matrix[parts]
        scale = self.geometry.part_scale[parts]
        size = stored.half * float(scale.max())
        centre = np.einsum("nij,j->ni", matrix[:, :3, :3], stored.centre) + matrix[:, :3, 3] - self.origin
        rotation = np.matmul(Z_UP_TO_Y_UP, matrix[:, :3, :3] / scale[:, None, None])
        ids = self.rows[positions]
        primitive = self._primitive(
            stored,
            self.geometry.mesh_normals(mesh),
            self.geometry.mesh_triangles(mesh),
            int(self.look_of[positions[0]]),
            self.geometry.mesh_tints(mesh),
        )
        self.error_m = max(self.error_m, stored.error_m * float(scale.max()) + float(np.abs(centre).max()) * FLOAT32_ROUNDING)
        attributes = {
            "TRANSLATION": self.glb.attribute((centre @ Z_UP_TO_Y_UP.T / size).astype(np.float32), width=3, vertex=False, bounds=True),
            "ROTATION": self.glb.attribute(quaternions(rotation), width=4, vertex=False),
            "SCALE": self.glb.attribute(np.repeat((scale / scale.max()).astype(np.float32)[:, None], 3, axis=1), width=3, vertex=False),
            "_FEATURE_ID_0": self.glb.attribute(ids, width=1, vertex=False),
        }
        features = {"featureIds": [{"featureCount": len(np.unique(ids)), "attribute": 0, "propertyTable": 0}]}
        self.glb.use("EXT_mesh_gpu_instancing")
        self.glb.use("EXT_instance_features", required=False)
        self.glb.node(
            {
                "mesh": self.glb.mesh(primitive),
                "scale": [size] * 3,
                "extensions": {"EXT_mesh_gpu_instancing": {"attributes": attributes}, "EXT_instance_features": features},
            }
        )

    def _primitive(
        self,
        stored: Positions,
        normals: Float64,
        triangles: NDArray[np.uint32],
        look: int,
        tints: NDArray[np.uint8] | None,
        ids: NDArray[np.uint16] | None = None,
    ) -> dict[str, Any]:
        self.error_m = max(self.error_m, stored.error_m)
        indices, remap, used = meshopt.reorder_mesh(np.ascontiguousarray(triangles.reshape(-1)), True, False)
        source = np.empty(used, dtype=np.int64)
        present = np.nonzero(remap < used)[0]
        source[remap[present]] = present
        small = stored.values.dtype == np.int16
        attributes = {
            "POSITION": self.glb.attribute(stored.values[source], width=3, normalised=small, bounds=True),
            "NORMAL": self.glb.attribute(quantise_normals(normals[source]), width=3, normalised=True),
        }
        if tints is not None:
            attributes["COLOR_0"] = self.glb.attribute(tints[source], width=3, normalised=True)
        if ids is not None:
            attributes["_FEATURE_ID_0"] = self.glb.attribute(ids[source], width=1)
        return {"attributes": attributes, "indices": self.glb.triangles(indices, used), "material": look}
