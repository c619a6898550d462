"""Where a model must land, by paths of their own: raw pyproj, hand arithmetic, PROJ's own topocentric frame."""

from math import cos, radians, sin
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from bim import Georeference
from spatial.frame import Site, SiteFrame

Points = NDArray[np.float64]

N = 10.4
LON, LAT, H = 119.2946, 26.0896, 22.0
EAST, NORTH = (float(v) for v in pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(LON, LAT))
# A building of 60 x 40 x 30 m whose near corner lies 200 m from the model's origin.
MODEL = np.array([[x, y, z] for x in (160.0, 190.0, 220.0) for y in (-160.0, -140.0, -120.0) for z in (0.0, 30.0)])


def frame_at(lon: float = LON, lat: float = LAT, n: float | None = N, radius_m: float = 3000.0) -> SiteFrame:
    return SiteFrame.of(Site(code="s", name="s", lon=lon, lat=lat, height_m=H, crs="EPSG:4549", geoid_separation_m=n, radius_m=radius_m))


def to_ecef(lon: Any, lat: Any, h: Any) -> Points:
    cart = pyproj.Transformer.from_pipeline("+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=WGS84")
    return np.stack(cart.transform(np.atleast_1d(lon), np.atleast_1d(lat), np.atleast_1d(h)), axis=1)


def _topocentric(lon: float, lat: float, h: float) -> pyproj.Transformer:
    return pyproj.Transformer.from_pipeline(f"+proj=topocentric +ellps=WGS84 +lon_0={lon} +lat_0={lat} +h_0={h}")


def _to_site(frame: SiteFrame, ecef: Points) -> Points:
    """ECEF to the site's east-north-up by PROJ, not by `SiteFrame`."""
    return np.stack(_topocentric(frame.site.lon, frame.site.lat, frame.site.height_m).transform(*ecef.T), axis=1)


def by_map(
    frame: SiteFrame, points: Points, epsg: int, east: float, north: float, height: float, x_axis: tuple[float, float], n: float = N
) -> Points:
    """Model metres through the map plane by hand, to degrees by raw pyproj, N by hand."""
    e = east + points[:, 0] * x_axis[0] - points[:, 1] * x_axis[1]
    nn = north + points[:, 0] * x_axis[1] + points[:, 1] * x_axis[0]
    lon, lat = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True).transform(e, nn)
    return _to_site(frame, to_ecef(lon, lat, points[:, 2] + height + n))


def by_anchor(frame: SiteFrame, points: Points, lon: float, lat: float, h: float, heading: float, origin: Points) -> Points:
    """Model metres turned by the heading in the anchor's east-north-up frame, lifted out by PROJ."""
    p = points - origin
    a = radians(heading)
    enu = np.stack([p[:, 0] * cos(a) + p[:, 1] * sin(a), -p[:, 0] * sin(a) + p[:, 1] * cos(a), p[:, 2]])
    ecef = np.stack(_topocentric(lon, lat, h).transform(*enu, direction="INVERSE"), axis=1)
    return _to_site(frame, ecef)


def codes_of(verdict: Georeference) -> list[str]:
    return sorted({issue.code for issue in verdict.issues})


def largest_error(verdict: Georeference, expected: Points, points: Points = MODEL) -> float:
    assert verdict.similarity is not None
    return float(np.linalg.norm(verdict.similarity.apply(points) - expected, axis=1).max())
