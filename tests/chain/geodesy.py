"""The independent way to earth-centred metres: pyproj for the plane, the site's N by hand for the height, nothing of ours."""

from collections.abc import Callable
from typing import Any

import ifcopenshell.geom
import numpy as np
import pyproj

__all__ = ["N", "Path3D", "at_anchor", "body_vertices", "miss_m", "through_the_grid"]

N = 10.0
Path3D = Callable[[np.ndarray], np.ndarray]
TO_ECEF = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def body_vertices(ifc: Any, count: int, kinds: tuple[str, ...] = ("IfcElement",)) -> list[tuple[str, np.ndarray]]:
    """GlobalId and a vertex (3,) in model metres, by ifcopenshell's own kernel: `count` of them over as many elements as there are."""
    settings = ifcopenshell.geom.settings()
    settings.set("use-world-coords", True)
    solid = [element for kind in kinds for element in ifc.by_type(kind) if _has_body(element)]
    chosen = solid[:: max(1, len(solid) // count)][:count]
    result: list[tuple[str, np.ndarray]] = []
    for element in chosen:
        points = np.array(ifcopenshell.geom.create_shape(settings, element).geometry.verts).reshape(-1, 3)
        corners = np.unique(points, axis=0)
        result += [(element.GlobalId, point) for point in corners[-max(1, count // len(chosen)) :]]
    return result


def miss_m(drawn: np.ndarray, wanted: np.ndarray) -> float:
    """How far the nearest vertex drawn (n, 3) lies from where one (3,) belongs, ECEF metres."""
    return float(np.linalg.norm(drawn - wanted, axis=1).min())


def through_the_grid(crs: str, geographic: str, east_m: float, north_m: float, height_m: float, x_axis: tuple[float, float]) -> Path3D:
    """Model metres turned to the map, moved to its origin, taken to degrees by pyproj and lifted by N."""
    grid = pyproj.Transformer.from_crs(crs, geographic, always_xy=True)
    c, s = np.array(x_axis) / np.hypot(*x_axis)

    def to_ecef(p: np.ndarray) -> np.ndarray:
        lon, lat = grid.transform(east_m + c * p[0] - s * p[1], north_m + s * p[0] + c * p[1], errcheck=True)
        return np.array(TO_ECEF.transform(lon, lat, height_m + p[2] + N, errcheck=True))

    return to_ecef


def at_anchor(lon: float, lat: float, ellipsoidal_m: float, heading_deg: float) -> Path3D:
    """Ground metres about a point on the ellipsoid: PROJ's topocentric frame, the model's +Y turned clockwise from true north."""
    topocentric = pyproj.Transformer.from_pipeline(
        f"+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 +lon_0={lon!r} +lat_0={lat!r} +h_0={ellipsoidal_m!r}"
    )
    c, s = np.cos(np.radians(heading_deg)), np.sin(np.radians(heading_deg))

    def to_ecef(p: np.ndarray) -> np.ndarray:
        return np.array(topocentric.transform(c * p[0] + s * p[1], -s * p[0] + c * p[1], p[2]))

    return to_ecef


def _has_body(element: Any) -> bool:
    shape = element.Representation
    drawn = shape is not None and any(one.RepresentationIdentifier == "Body" for one in shape.Representations)
    return drawn and not element.is_a("IfcFeatureElement")
