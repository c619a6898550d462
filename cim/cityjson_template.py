"""CityJSON geometry templates: one mesh, placed many times (CityJSON 2.0.1, section 3.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cim.cityjson_geometry import Part, Surfaces, colours, surfaces_of
from cim.coordinates import Reading
from spatial.crs import HeightDatum, horizontal
from spatial.frame import Similarity, SiteFrame
from spatial.mesh import Float64, flat_shaded

__all__ = ["Instance", "read_instance"]

FIT_M = 10.0
HUGE = 1e6
EXCHANGED = np.eye(4)[[1, 0, 2, 3]]


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A template with its 4×4 matrix, and the similarity that carries file metres around its anchor to the site."""

    template: Mapping[str, Any]
    vertices: Float64
    matrix: Float64
    to_site: Float64

    def surfaces(self, class_name: str) -> Surfaces:
        """The surfaces where they stand in the site frame."""
        whole = self.to_site @ self.matrix
        mirrored = float(np.linalg.det(whole[:3, :3])) < 0
        return surfaces_of(self.template, self.vertices @ whole[:3, :3].T + whole[:3, 3], class_name, mirrored=mirrored)

    def parts(self, class_name: str, family: str) -> list[Part]:
        """The coloured parts; a matrix that is a similarity keeps the template's mesh shared, any other is baked into its own."""
        linear = self.matrix[:3, :3]
        volume = float(np.linalg.det(linear))
        scale = float(np.cbrt(volume))
        if scale > 1e-9 and np.allclose(linear.T @ linear, scale**2 * np.eye(3), atol=1e-6 * scale**2):
            local, placement = self.vertices, self.to_site @ self.matrix
        else:
            local, placement = self.vertices @ linear.T, self.to_site @ _translation(self.matrix[:3, 3])
        surfaces = surfaces_of(self.template, local, class_name, mirrored=volume < 0)
        result = []
        for rgba, mask in colours(surfaces.types, class_name, family):
            points = surfaces.corners[mask].reshape(-1, 3)
            result.append((flat_shaded(points, np.arange(len(points)).reshape(-1, 3)), rgba, placement))
        return result


def read_instance(
    geometry: Mapping[str, Any],
    templates: Sequence[Mapping[str, Any]],
    template_vertices: Float64,
    file_vertices: Float64,
    reading: Reading,
    datum: HeightDatum,
    site_frame: SiteFrame,
) -> Instance:
    """The instance of a GeometryInstance; template metres go east, north, up of its anchor also where the CRS is in degrees.

    Raises IndexError, KeyError, TypeError or ValueError where it refers to nothing.
    """
    matrix = np.array(geometry["transformationMatrix"], dtype=np.float64).reshape(4, 4)
    if not (np.abs(matrix) < HUGE).all() or not (np.abs(template_vertices) < HUGE).all():
        raise ValueError("a transformationMatrix or a template vertex that is no number, or a million and more")
    index, which = int(geometry["boundaries"][0]), int(geometry["template"])
    if index < 0 or which < 0:
        raise IndexError("a negative index")
    if reading.swapped:
        matrix = EXCHANGED @ matrix
    anchor = file_vertices[index]
    if horizontal(reading.crs).projected:
        probe = np.vstack([np.zeros(3), FIT_M * np.eye(3)])
        east_north = reading.plan(anchor[None])[0]
        plain = Reading(crs=reading.crs)
        points = plain.to_site(np.column_stack([probe[:, :2] + east_north, probe[:, 2] + anchor[2]]), datum, site_frame)
        _require_place(points)
        to_site = Similarity.fitted(probe, points)[0].matrix
    else:
        points = reading.to_site(anchor[None], datum, site_frame)
        _require_place(points)
        lon, lat, height = site_frame.to_lon_lat_height(points)[0]
        to_site = site_frame.local(float(lon), float(lat), float(height)).matrix
    return Instance(templates[which], template_vertices, matrix, to_site)


def _require_place(points: Float64) -> None:
    if not np.isfinite(points).all():
        raise ValueError("its anchor has no place in the CRS")


def _translation(offset: Float64) -> Float64:
    matrix = np.eye(4)
    matrix[:3, 3] = offset
    return matrix
