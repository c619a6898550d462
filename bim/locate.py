"""Where a claim puts a model: exact positions of sample points in the site frame, and what is wrong with the claim.

Map coordinates are grid metres: the points go through the map plane to longitude and latitude one by one and a similarity is
fitted to them, so it is centred on the model. Longitude and latitude are ground metres: a rigid east-north-up frame there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import atan2, cos, degrees, hypot, isfinite, log, radians, sin

import numpy as np

from bim.claims import Claim, ClaimKind
from spatial.crs import HeightDatum, Horizontal, ellipsoidal_height, find_height_datum, grid_convergence_scale, horizontal
from spatial.errors import CrsError, HeightDatumUnknown
from spatial.frame import Similarity, SiteFrame
from spatial.mesh import Float64

__all__ = ["CENTRE", "DEFAULT_PLACES", "Located", "heading_rotation", "locate", "sample_points"]

CENTRE = 8
GRID_RESIDUAL_M = 0.002
DEFAULT_PLACES = {
    "0, 0": (0.0, 0.0),
    "Boston, Autodesk Revit's default": (-71.060, 42.358),
    "Boston, older Autodesk Revit": (-71.033, 42.213),
    "London, Autodesk Revit's British default": (-0.126, 51.500),
    "Munich, Autodesk Revit's German default": (11.583, 48.133),
    "Beijing, Autodesk Revit's Chinese default": (116.433, 39.916),
    "Beijing": (116.388, 39.929),
}
DEFAULT_PLACE_DEG = 0.01
SCALE_TOLERANCE = 0.01
FAR_OFFSET_M = 20_000.0
TWICE_M = 5_000.0
NEAR_ORIGIN_M = 10_000.0

UNUSABLE = frozenset(
    {
        "GEOREF_NONE",
        "CRS_MISSING",
        "HEIGHT_DATUM_UNKNOWN",
        "GEOREF_DEFAULT_PLACE",
        "GEOREF_OUTSIDE_SITE",
        "GEOREF_APPLIED_TWICE",
        "TRUE_NORTH_INVALID",
    }
)


@dataclass(slots=True, kw_only=True, eq=False)
class Located:
    """A claim applied to the sample points of a model.

    `lon`, `lat` degrees of the model's centre (None: no way to longitude and latitude), `height_m` its ellipsoidal height
    (None: the datum is unknown), `site_xyz` (9, 3) metres, `heading_deg` clockwise from true north to the model's +Y,
    `to_site` the similarity, `residual_m` its largest error over the samples, `suspicious` codes in order of discovery.
    """

    claim: Claim
    suspicious: list[str] = field(default_factory=list)
    lon: float | None = None
    lat: float | None = None
    height_m: float | None = None
    heading_deg: float | None = None
    distance_to_site_m: float | None = None
    site_xyz: Float64 | None = None
    to_site: Similarity | None = None
    residual_m: float | None = None

    @property
    def usable(self) -> bool:
        """Whether the model could be placed by it."""
        return self.to_site is not None and not UNUSABLE.intersection(self.suspicious)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reading:
    """One way to read a claim's numbers: easting, northing in metres of the map, and what had to be assumed."""

    east: float
    north: float
    height: float | None
    scale: float
    codes: tuple[str, ...]


def sample_points(corners: Float64) -> Float64:
    """The 8 corners of the box around (n, 3) points and its centre, (9, 3) metres; a box is at least 1 m wide, tall and deep."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    centre, half = (low + high) / 2, np.maximum((high - low) / 2, 0.5)
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
    return np.vstack([centre + signs * half, centre])


def heading_rotation(heading_deg: float) -> Float64:
    """Rotation (3, 3) from model axes to east-north-up where the model's +Y lies `heading_deg` clockwise of true north.

    >>> heading_rotation(90.0).round(6)[:2, 1]
    array([1., 0.])
    """
    c, s = cos(radians(heading_deg)), sin(radians(heading_deg))
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def locate(claim: Claim, frame: SiteFrame, samples: Float64) -> Located:
    """The claim applied to (9, 3) model-frame metres from `sample_points`; what is wrong with it is in `suspicious`, nothing is raised."""
    found = Located(claim=claim)
    if not (isfinite(claim.first) and isfinite(claim.second)):
        found.suspicious.append("GEOREF_NONE")
        return found
    if claim.to_source is None:
        found.suspicious.append("REFERENCE_MISSING")
        return found
    try:
        crs = horizontal(claim.crs or "")
    except CrsError:
        found.suspicious.append("CRS_MISSING")
        return found
    source = samples @ claim.to_source[:3, :3].T + claim.to_source[:3, 3]
    if claim.geographic:
        _locate_geographic(found, crs, frame, source, samples)
    else:
        _locate_projected(found, crs, frame, source, samples)
    if found.distance_to_site_m is not None and found.site_xyz is not None and not _inside(found, frame):
        found.suspicious.append("GEOREF_OUTSIDE_SITE")
    return found


def _locate_geographic(found: Located, crs: Horizontal, frame: SiteFrame, source: Float64, samples: Float64) -> None:
    claim = found.claim
    if claim.true_north is None:
        found.suspicious.append("TRUE_NORTH_INVALID")
    dx, dy = claim.true_north or (0.0, 1.0)
    heading = round(degrees(atan2(-dx, dy)), 9) % 360.0
    height = _ellipsoidal(found, frame, np.array([0.0 if claim.height is None else claim.height]))
    if claim.height is None and "HEIGHT_DATUM_UNKNOWN" not in found.suspicious:
        found.suspicious.append("HEIGHT_DATUM_UNKNOWN")
    if claim.kind is ClaimKind.SITE_LAT_LON and _default_place(claim.first, claim.second):
        found.suspicious.append("GEOREF_DEFAULT_PLACE")
    rotation = heading_rotation(heading)
    best: tuple[Similarity, Float64, list[str]] | None = None
    for first, second, codes in ((claim.first, claim.second, []), (claim.second, claim.first, ["AXIS_SWAPPED"])):
        if abs(first) > 180.0 or abs(second) > 90.0:
            continue
        try:
            lon, lat = (float(value) for value in crs.to_lon_lat(first, second))
        except CrsError:
            continue
        to_site = Similarity(rotation, 1.0, np.zeros(3)).then(frame.local(lon, lat, float(height[0])))
        points = to_site.apply(source)
        inside = _distances(points, frame).max() <= frame.site.radius_m
        if best is None or inside:
            shift = claim.to_source if claim.to_source is not None else np.eye(4)
            best = (Similarity(shift[:3, :3], 1.0, shift[:3, 3]).then(to_site), points, codes)
        if inside:
            break
    if best is None:
        found.suspicious.append("AXIS_SWAPPED" if abs(claim.second) > 90.0 >= abs(claim.first) else "CRS_MISSING")
        return
    found.to_site, points, codes = best
    found.suspicious += codes
    found.heading_deg, found.residual_m = heading, 0.0
    _note_position(found, frame, points)


def _locate_projected(found: Located, crs: Horizontal, frame: SiteFrame, source: Float64, samples: Float64) -> None:
    claim = found.claim
    best: tuple[_Reading, Float64, Float64] | None = None
    for reading in _readings(claim, crs, frame):
        plane, up = _on_map(claim, reading, source)
        try:
            lon, lat = crs.to_lon_lat(plane[:, 0] / crs.unit_m, plane[:, 1] / crs.unit_m)
        except CrsError:
            continue
        heights = np.zeros(len(up)) + frame.site.height_m
        inside = _distances(frame.from_lon_lat_height(np.stack([lon, lat, heights], axis=1)), frame).max() <= frame.site.radius_m
        if best is None or inside:
            best = (reading, np.stack([lon, lat], axis=1), up)
        if inside:
            break
    _check_twice(found, source)
    if best is None:
        found.suspicious.append("EASTING_ZONE_PREFIX" if claim.first > 1e6 else "CRS_MISSING")
        return
    reading, lon_lat, up = best
    found.suspicious += reading.codes
    heights = _ellipsoidal(found, frame, up)
    if reading.height is None and "HEIGHT_DATUM_UNKNOWN" not in found.suspicious:
        found.suspicious.append("HEIGHT_DATUM_UNKNOWN")
    points = frame.from_lon_lat_height(np.column_stack([lon_lat, heights]))
    found.to_site, errors = Similarity.fitted(samples, points)
    found.residual_m = float(errors.max())
    if found.residual_m > GRID_RESIDUAL_M:
        found.suspicious.append("GRID_SCALE")
    convergence, _ = grid_convergence_scale(claim.crs or "", float(lon_lat[CENTRE, 0]), float(lon_lat[CENTRE, 1]))
    found.heading_deg = round(convergence - _map_angle_deg(claim), 9) % 360.0
    _note_position(found, frame, points)


def _readings(claim: Claim, crs: Horizontal, frame: SiteFrame) -> Iterator[_Reading]:
    """Ways to read the numbers, the file's own first; each further one costs a code and only counts where it lies in the site."""
    stated = claim.map_unit_m is not None
    units = [claim.map_unit_m] if claim.map_unit_m is not None else [claim.length_unit_m, crs.unit_m]
    ratio = claim.scale if claim.scale is not None else 1.0
    units.sort(key=lambda unit: abs(log(abs(ratio) * unit / claim.length_unit_m)) if ratio else 0.0)
    site_east = float(crs.from_lon_lat(frame.site.lon, frame.site.lat)[0]) * crs.unit_m
    for number, unit in enumerate(dict.fromkeys(units)):
        scale = ratio * unit / claim.length_unit_m
        codes: tuple[str, ...] = ()
        if not (scale > 0 and abs(log(scale)) <= SCALE_TOLERANCE) or (number and not stated):
            codes = ("GEOREF_SCALE_CONTRADICTS_UNITS",)
        if not (scale > 0 and abs(log(scale)) <= SCALE_TOLERANCE):
            scale = 1.0
        height = None if claim.height is None else claim.height * unit
        east, north = claim.first * unit, claim.second * unit
        for a, b, swapped in ((east, north, ()), (north, east, ("AXIS_SWAPPED",))):
            yield _Reading(east=a, north=b, height=height, scale=scale, codes=codes + swapped)
            prefix = (site_east // 1e6 - a // 1e6) * 1e6
            if prefix:
                yield _Reading(east=a + prefix, north=b, height=height, scale=scale, codes=(*codes, *swapped, "EASTING_ZONE_PREFIX"))


def _on_map(claim: Claim, reading: _Reading, source: Float64) -> tuple[Float64, Float64]:
    """East, north (n, 2) and height (n,) in metres of the map (IFC4.3 IfcMapConversion, formula of the Helmert transformation)."""
    scaled = source * reading.scale * np.array(claim.factors)
    c, s = claim.x_axis
    east = scaled[:, 0] * c - scaled[:, 1] * s + reading.east
    north = scaled[:, 0] * s + scaled[:, 1] * c + reading.north
    return np.stack([east, north], axis=1), scaled[:, 2] + (reading.height or 0.0)


def _map_angle_deg(claim: Claim) -> float:
    return degrees(atan2(claim.x_axis[1], claim.x_axis[0]))


def _check_twice(found: Located, source: Float64) -> None:
    """The model's own coordinates already hold the offset, or neither does: E = N = 0 for a model at its origin is a default."""
    claim = found.claim
    unit = claim.map_unit_m or 1.0
    east, north = claim.first * unit, claim.second * unit
    centre = source[CENTRE]
    if hypot(east, north) > FAR_OFFSET_M and hypot(centre[0] - east, centre[1] - north) < TWICE_M:
        found.suspicious.append("GEOREF_APPLIED_TWICE")
    if east == north == 0.0 and hypot(centre[0], centre[1]) < NEAR_ORIGIN_M:
        found.suspicious.append("GEOREF_DEFAULT_PLACE")


def _ellipsoidal(found: Located, frame: SiteFrame, heights: Float64) -> Float64:
    claim = found.claim
    ellipsoidal = "ellips" in (claim.vertical_datum or "").lower() or find_height_datum(claim.crs or "") is HeightDatum.ELLIPSOIDAL
    datum = HeightDatum.ELLIPSOIDAL if ellipsoidal else HeightDatum.ORTHOMETRIC
    try:
        return ellipsoidal_height(heights, datum, frame.site.geoid_separation_m)
    except HeightDatumUnknown:
        found.suspicious.append("HEIGHT_DATUM_UNKNOWN")
        return np.asarray(heights, dtype=np.float64)


def _note_position(found: Located, frame: SiteFrame, points: Float64) -> None:
    found.site_xyz = points
    lon, lat, height = (float(value) for value in frame.to_lon_lat_height(points[CENTRE])[0])
    found.lon, found.lat = lon, lat
    found.height_m = None if "HEIGHT_DATUM_UNKNOWN" in found.suspicious else height
    found.distance_to_site_m = float(_distances(points[CENTRE : CENTRE + 1], frame)[0])


def _inside(found: Located, frame: SiteFrame) -> bool:
    return found.site_xyz is not None and bool(_distances(found.site_xyz, frame).max() <= frame.site.radius_m)


def _distances(points: Float64, frame: SiteFrame) -> Float64:
    """Straight distances from the site's origin of (n, 3) site-frame points laid on its own height."""
    lon_lat_height = frame.to_lon_lat_height(points)
    lon_lat_height[:, 2] = frame.site.height_m
    return np.asarray(np.linalg.norm(frame.from_lon_lat_height(lon_lat_height), axis=1))


def _default_place(lon: float, lat: float) -> bool:
    return any(abs(lon - place[0]) < DEFAULT_PLACE_DEG and abs(lat - place[1]) < DEFAULT_PLACE_DEG for place in DEFAULT_PLACES.values())
