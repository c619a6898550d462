"""Frames: the site's east-north-up frame, and similarities between frames.

The site frame has its origin at the site's surveyed origin, x east, y north, z up along the ellipsoid normal there,
metres, right-handed. It is Cartesian and exact everywhere, but its z is a height only at the origin: 78 mm less at 1 km.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from spatial.crs import HeightDatum, ecef_from_lon_lat_height, ellipsoidal_height, horizontal, lon_lat_height_from_ecef
from spatial.errors import OutsideSite, SpatialError
from spatial.mesh import Float64

__all__ = ["Similarity", "Site", "SiteFrame", "east_north_up_to_ecef"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A compound: origin in degrees and ellipsoidal metres, project CRS, geoid separation N (h − H, metres, surveyed) or None."""

    code: str
    name: str
    lon: float
    lat: float
    height_m: float
    crs: str
    geoid_separation_m: float | None
    radius_m: float = 3000.0
    division: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Rotation, uniform scale and translation from one metric frame to another: `p' = scale · R p + t`."""

    rotation: Float64
    scale: float
    translation: Float64

    @classmethod
    def fitted(cls, source: ArrayLike, target: ArrayLike) -> tuple[Self, Float64]:
        """Least-squares similarity from (n, 3) onto (n, 3) points and the residual of each in metres (Umeyama 1991).

        Needs three points that are not on one line; raises SpatialError where one is not finite.
        """
        a, b = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise SpatialError("no similarity fits points that are not finite")
        mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
        covariance = (b - mean_b).T @ (a - mean_a) / len(a)
        u, singular, vt = np.linalg.svd(covariance)
        sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
        rotation = u @ np.diag(sign) @ vt
        scale = float((singular * sign).sum() / ((a - mean_a) ** 2).sum(axis=1).mean())
        fit = cls(rotation, scale, mean_b - scale * rotation @ mean_a)
        return fit, np.linalg.norm(fit.apply(a) - b, axis=1)

    @classmethod
    def identity(cls) -> Self:
        """The similarity that changes nothing."""
        return cls(np.eye(3), 1.0, np.zeros(3))

    @classmethod
    def from_matrix(cls, matrix: ArrayLike) -> Self:
        """From a 4×4 matrix that is a similarity."""
        m = np.asarray(matrix, dtype=np.float64)
        scale = float(np.cbrt(np.linalg.det(m[:3, :3])))
        return cls(m[:3, :3] / scale, scale, m[:3, 3].copy())

    @property
    def matrix(self) -> Float64:
        """The 4×4 matrix, row-major, column vectors."""
        result = np.eye(4)
        result[:3, :3] = self.scale * self.rotation
        result[:3, 3] = self.translation
        return result

    def apply(self, points: ArrayLike) -> Float64:
        """Transformed points, (n, 3) float64 metres."""
        return np.asarray(points, dtype=np.float64) @ (self.scale * self.rotation).T + self.translation

    def inverse(self) -> Self:
        """The way back."""
        return type(self).from_matrix(np.linalg.inv(self.matrix))

    def then(self, after: "Similarity") -> "Similarity":
        """This one first, `after` second."""
        return Similarity(after.rotation @ self.rotation, after.scale * self.scale, after.apply(self.translation[None])[0])


@dataclass(frozen=True, slots=True, eq=False)
class SiteFrame:
    """The east-north-up frame of a site, with its ways to degrees, grids and ECEF."""

    site: Site
    to_ecef: Float64

    @classmethod
    def of(cls, site: Site) -> Self:
        """The frame at a site's origin."""
        return cls(site, _to_ecef(site.lon, site.lat, site.height_m))

    def from_lon_lat_height(self, lon_lat_height: ArrayLike) -> Float64:
        """site_xyz (n, 3) metres from degrees and ellipsoidal metres (n, 3)."""
        ecef = ecef_from_lon_lat_height(lon_lat_height)
        return np.asarray((ecef - self.to_ecef[:3, 3]) @ self.to_ecef[:3, :3])

    def to_lon_lat_height(self, site_xyz: ArrayLike) -> Float64:
        """Degrees and ellipsoidal metres (n, 3) from site_xyz (n, 3) metres."""
        points = np.atleast_2d(np.asarray(site_xyz, dtype=np.float64))
        return lon_lat_height_from_ecef(points @ self.to_ecef[:3, :3].T + self.to_ecef[:3, 3])

    def from_projected(self, crs: str, east_north: ArrayLike, height_m: ArrayLike, datum: HeightDatum) -> Float64:
        """site_xyz (n, 3) metres from east, north (n, 2) in the units of `crs` and heights (n,) in metres over `datum`."""
        plane = np.atleast_2d(np.asarray(east_north, dtype=np.float64))
        lon, lat = horizontal(crs).to_lon_lat(plane[:, 0], plane[:, 1])
        heights = np.broadcast_to(ellipsoidal_height(height_m, datum, self.site.geoid_separation_m), lon.shape)
        return self.from_lon_lat_height(np.stack([lon, lat, heights], axis=1))

    def local(self, lon: float, lat: float, height_m: float) -> Similarity:
        """From the east-north-up frame at another point to the site frame: its up is tilted by 1/R per metre of distance."""
        there = east_north_up_to_ecef(lon, lat, height_m)
        return Similarity.from_matrix(np.linalg.inv(self.to_ecef) @ there)

    def require_inside(self, site_xyz: ArrayLike, what: str) -> None:
        """Raise OutsideSite where a point lies beyond the site's radius."""
        distance = float(np.linalg.norm(np.atleast_2d(np.asarray(site_xyz))[:, :2], axis=1).max(initial=0.0))
        if distance > self.site.radius_m:
            raise OutsideSite(
                f"{what} lies {distance:,.0f} m from the origin of site {self.site.code}, whose radius is {self.site.radius_m:,.0f} m",
                hint="wrong site, wrong CRS, or a larger --radius-m",
            )


def east_north_up_to_ecef(lon: float, lat: float, height_m: float) -> Float64:
    """4×4 matrix from the east-north-up frame at a point (degrees, ellipsoidal metres) to earth-centred metres."""
    lam, phi = np.radians([lon, lat])
    sin_lam, cos_lam, sin_phi, cos_phi = np.sin(lam), np.cos(lam), np.sin(phi), np.cos(phi)
    matrix = np.eye(4)
    matrix[:3, 0] = -sin_lam, cos_lam, 0.0
    matrix[:3, 1] = -sin_phi * cos_lam, -sin_phi * sin_lam, cos_phi
    matrix[:3, 2] = cos_phi * cos_lam, cos_phi * sin_lam, sin_phi
    matrix[:3, 3] = ecef_from_lon_lat_height([[lon, lat, height_m]])[0]
    return matrix


@lru_cache(maxsize=256)
def _to_ecef(lon: float, lat: float, height_m: float) -> Float64:
    """Of an origin that is asked for at every question; not to be written to."""
    matrix = east_north_up_to_ecef(lon, lat, height_m)
    matrix.setflags(write=False)
    return matrix
