"""Where content is on Earth, by a way of its own: pyproj's geodetic conversion and its differences, no rotation formula."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from spatial.crs import ecef_from_lon_lat_height, lon_lat_height_from_ecef
from spatial.frame import Site
from spatial.mesh import Float64

__all__ = ["SitePlace"]

STEP_DEG = 1e-4
STEP_M = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class SitePlace:
    """A site's origin in ECEF and its east, north, up directions (3, 3), one a row, from central differences of pyproj's conversion."""

    site: Site
    origin: Float64
    directions: Float64

    @classmethod
    def of(cls, site: Site) -> Self:
        """The place of a site."""
        here = np.array([site.lon, site.lat, site.height_m])
        steps = np.diag([STEP_DEG, STEP_DEG, STEP_M])
        ahead, behind = ecef_from_lon_lat_height(here + steps), ecef_from_lon_lat_height(here - steps)
        difference = ahead - behind
        return cls(site, ecef_from_lon_lat_height(here[None])[0], difference / np.linalg.norm(difference, axis=1, keepdims=True))

    def site_xyz(self, ecef: Float64) -> Float64:
        """East, north, up (n, 3) metres from the site's origin."""
        return np.asarray((ecef - self.origin) @ self.directions.T)

    def ecef(self, site_xyz: Float64) -> Float64:
        """The ECEF point (3,) of one point (3,) of the site's frame."""
        return np.asarray(site_xyz @ self.directions + self.origin)

    def describe(self, ecef: Float64) -> str:
        """Degrees and ellipsoidal metres of one ECEF point (3,), for a message."""
        lon, lat, height = lon_lat_height_from_ecef(ecef[None])[0]
        return f"lon {lon:.6f}, lat {lat:.6f}, height {height:.1f} m"
