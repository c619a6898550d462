"""Scenes of boxes, whose rays one computes in the head."""

from collections.abc import Collection, Sequence

import numpy as np
import trimesh

from spatial.mesh import MeshBuilder, MeshSet
from spatial.surfaces import Surfaces
from spatial.visibility import SightScene

__all__ = ["GLASS", "STONE", "Box", "box_meshes", "box_scene"]

STONE, GLASS = (200, 200, 200, 255), (160, 200, 220, 80)
Box = tuple[str, Sequence[float], Sequence[float], tuple[int, int, int, int]]
"""Name, lowest corner, highest corner, colour."""


def box_meshes(boxes: Sequence[Box]) -> MeshSet:
    """One part a box, under a matrix that moves it to its place."""
    builder = MeshBuilder()
    for name, low, high, rgba in boxes:
        solid = trimesh.creation.box(extents=np.subtract(high, low))
        matrix = np.eye(4)
        matrix[:3, 3] = np.add(low, high) / 2
        builder.add(name, solid.vertices, solid.faces, rgba, matrix)
    return builder.build()


def box_scene(
    boxes: Sequence[Box],
    *,
    shift: Sequence[float] = (0.0, 0.0, 0.0),
    doors: Collection[str] = (),
    unseen: Collection[str] = (),
    ground: Collection[str] = (),
) -> SightScene:
    """The boxes as a sight scene, all moved by `shift`."""
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    surfaces = Surfaces(meshes=box_meshes(boxes).moved(matrix), doors=frozenset(doors), unseen=frozenset(unseen), ground=frozenset(ground))
    return SightScene.build([surfaces], revision="boxes")
