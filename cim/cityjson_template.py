"""CityJSON geometry templates: one mesh, placed many times (CityJSON 2.0.1, section 3.4)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cim.cityjson_geometry import colours, surfaces_of
from spatial.frame import Similarity
from spatial.mesh import Float64, MeshBuilder, flat_shaded

__all__ = ["add_instance"]

FIT_M = 10.0


def add_instance(
    builder: MeshBuilder,
    feature: str,
    instance: Mapping[str, Any],
    template: Mapping[str, Any],
    template_vertices: Float64,
    to_site: Callable[[int, Float64], Float64],
    class_name: str,
    family: str,
) -> None:
    """The parts of one GeometryInstance; `to_site(vertex, offsets (n, 3))` maps file metres around its anchor to the site.

    A transformation that is a similarity keeps the template's mesh shared; any other is baked into a mesh of its own.
    """
    matrix = np.array(instance["transformationMatrix"], dtype=np.float64).reshape(4, 4)
    anchor = int(instance["boundaries"][0])
    probe = np.vstack([np.zeros(3), FIT_M * np.eye(3)])
    placement = Similarity.fitted(probe, to_site(anchor, probe))[0].matrix
    linear = matrix[:3, :3]
    scale = np.cbrt(np.linalg.det(linear))
    if scale > 1e-9 and np.allclose(linear.T @ linear, scale**2 * np.eye(3), atol=1e-6 * scale**2):
        local, placement = template_vertices, placement @ matrix
    else:
        local, placement = template_vertices @ linear.T, placement @ _translation(matrix[:3, 3])
    surfaces = surfaces_of(template, local, class_name)
    corners = surfaces.corners if np.linalg.det(linear) > 0 else surfaces.corners[:, ::-1]
    for rgba, mask in colours(surfaces.types, class_name, family):
        points = corners[mask].reshape(-1, 3)
        builder.add_mesh(feature, flat_shaded(points, np.arange(len(points)).reshape(-1, 3)), rgba, placement)


def _translation(offset: Float64) -> Float64:
    matrix = np.eye(4)
    matrix[:3, 3] = offset
    return matrix
