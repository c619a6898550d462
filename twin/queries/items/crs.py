"""The coordinate reference systems items are given in (OGC 18-058r1): by URI, in the order of axes its authority states."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.crs import horizontal, is_northing_first
from spatial.errors import CrsError
from spatial.frame import Site
from spatial.mesh import Float64
from twin.errors import Invalid

__all__ = ["CRS84", "CRS84H", "OutputCrs", "find_crs", "list_crs"]

OGC = "http://www.opengis.net/def/crs/"
CRS84, CRS84H = f"{OGC}OGC/1.3/CRS84", f"{OGC}OGC/0/CRS84h"
PLAIN = ("EPSG:4326", "EPSG:4490", "EPSG:3857")
ELLIPSOIDAL = {"EPSG:4979": "EPSG:4326", "EPSG:4480": "EPSG:4490"}
HEIGHT_1985 = "5737"
FARTHEST = 1e9
"""Nothing on earth has coordinates beyond it, in whatever unit."""


@dataclass(frozen=True, slots=True)
class OutputCrs:
    """A CRS by its URI: `plan` is the horizontal one for pyproj, None for lon, lat; `height` is `none`, `ellipsoidal` or `1985`."""

    uri: str
    plan: str | None
    height: str

    @property
    def projected(self) -> bool:
        """Whether its plane is metres."""
        return self.plan is not None and horizontal(self.plan).projected

    @property
    def latitude_first(self) -> bool:
        """Whether it is in degrees and its authority states the latitude first."""
        return self.plan is not None and not self.projected and is_northing_first(self.plan)

    def coordinates(self, shapes: NDArray[np.object_], sites: Sequence[Site | None]) -> NDArray[np.object_]:
        """Shapes (n,) of lon, lat degrees and ellipsoidal metres as this CRS states them; each shape's site has the geoid separation.

        A shape without heights stays plane. Raises Invalid (HEIGHT_DATUM_UNKNOWN) where 1985 heights are asked for and the site has no N,
        and (PARAMETER_INVALID) for a shape beyond the domain of the projection.
        """
        result = shapely.force_2d(shapes) if self.height == "none" else shapes.copy()
        if self.height == "1985":
            result = self._lowered(result, sites)
        if self.plan is None:
            return result
        points = shapely.get_coordinates(result, include_z=True)
        return _with_points(result, np.column_stack([self._moved(points[:, :2]), points[:, 2]]))

    def degrees(self, plan: BaseGeometry, parameter: str = "filter") -> BaseGeometry:
        """A plan given in this CRS, in lon, lat degrees; its sides are followed at a sixty-fourth of its extent.

        Raises Invalid (PARAMETER_INVALID) for a plan that reaches beyond where the CRS holds.
        """
        if plan.is_empty:
            return plan
        west, south, east, north = plan.bounds
        step = max(east - west, north - south) / 64
        try:
            if max(map(abs, plan.bounds)) > FARTHEST:
                raise CrsError(f"{self.plan}: coordinates outside its domain")
            return shapely.transform(shapely.segmentize(plan, step) if step else plan, self._to_degrees)
        except CrsError:
            message = f"{parameter} reaches beyond where {self.plan} holds"
            raise Invalid(
                message, path=parameter, code="PARAMETER_INVALID", hint=f"the order of axes is that of the authority; or {CRS84}"
            ) from None

    def _to_degrees(self, given: Float64) -> Float64:
        if self.plan is None:
            return given
        plane = given[:, ::-1] if is_northing_first(self.plan) else given
        return np.column_stack(horizontal(self.plan).to_lon_lat(plane[:, 0], plane[:, 1]))

    def _moved(self, degrees: Float64) -> Float64:
        assert self.plan is not None
        if not len(degrees):
            return degrees
        try:
            east, north = horizontal(self.plan).from_lon_lat(degrees[:, 0], degrees[:, 1])
        except CrsError:
            message = f"{self.plan} ends before some of the items of this page"
            raise Invalid(message, path="crs", code="PARAMETER_INVALID", hint=f"a bbox nearer to where it holds, or {CRS84}") from None
        return np.column_stack([north, east] if is_northing_first(self.plan) else [east, north])

    def _lowered(self, shapes: NDArray[np.object_], sites: Sequence[Site | None]) -> NDArray[np.object_]:
        high = shapely.has_z(shapes)
        unknown = {site.code for site, has in zip(sites, high, strict=True) if has and site and site.geoid_separation_m is None}
        if unknown:
            raise Invalid(
                f"site {min(unknown)} has no geoid separation: no 1985 heights", path="crs", code="HEIGHT_DATUM_UNKNOWN", hint=CRS84H
            )
        points, owner = shapely.get_coordinates(shapes, include_z=True, return_index=True)
        points[:, 2] -= np.array([site.geoid_separation_m or 0.0 if site else 0.0 for site in sites])[owner]
        return _with_points(shapes, points)


def _with_points(shapes: NDArray[np.object_], points: Float64) -> NDArray[np.object_]:
    """The shapes with these points (m, 3) in the place of theirs; those that are plane stay so."""
    moved = shapely.set_coordinates(shapely.force_3d(shapes), points)
    return np.where(shapely.has_z(shapes), moved, shapely.force_2d(moved))


def list_crs(project: Sequence[str]) -> list[OutputCrs]:
    """Those offered: CRS84 and CRS84h first, then those of the field and the project CRS of each site, plane and with 1985 heights."""
    grids = [crs for crs in dict.fromkeys(project) if crs not in PLAIN]
    found = [OutputCrs(CRS84H, None, "ellipsoidal"), OutputCrs(CRS84, None, "none")]
    found += [OutputCrs(_uri(crs), crs, "none") for crs in (*PLAIN, *grids)]
    found += [OutputCrs(_uri(crs), plan, "ellipsoidal") for crs, plan in ELLIPSOIDAL.items()]
    return found + [OutputCrs(f"{OGC[:-4]}crs-compound?1={_uri(crs)}&2={_uri(f'EPSG:{HEIGHT_1985}')}", crs, "1985") for crs in grids]


def find_crs(uri: str, offered: Sequence[OutputCrs], parameter: str = "crs") -> OutputCrs:
    """The CRS of a URI, also as safe CURIE (`[EPSG:4549]`); raises Invalid for one that is not offered."""
    wanted = _uri(uri[1:-1]) if uri.startswith("[") and uri.endswith("]") else uri.replace("https://", "http://", 1)
    found = next((crs for crs in offered if crs.uri == wanted), None)
    if found is None:
        named = ", ".join(crs.uri for crs in offered)
        raise Invalid(f"{parameter}={uri!r} is not offered", path=parameter, code="PARAMETER_INVALID", hint=f"one of: {named}")
    return found


def _uri(crs: str) -> str:
    authority, _, code = crs.partition(":")
    return f"{OGC}{authority}/0/{code}"
