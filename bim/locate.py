"""Where a claim puts a model: exact positions of sample points in the site frame, and what is wrong with the claim.

Map coordinates are grid metres: the points go through the map plane to longitude and latitude one by one and a similarity is
fitted to them, so it is centred on the model. Longitude and latitude are ground metres: a rigid east-north-up frame there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import atan2, cos, degrees, hypot, isfinite, log, radians, sin

import numpy as np

from bim.claims import Claim, ClaimKind
from spatial.crs import HeightDatum, Horizontal, ellipsoidal_height, grid_convergence_scale, horizontal
from spatial.errors import CrsError, HeightDatumUnknown, SpatialError
from spatial.frame import Similarity, SiteFrame
from spatial.mesh import Float64

__all__ = ["CENTRE", "DEFAULT_PLACES", "Doubt", "Located", "heading_rotation", "locate", "sample_points"]

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


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is wrong with a claim, in one sentence with its numbers; `harmless` where the place is as good as without it."""

    code: str
    message: str
    harmless: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Located:
    """A claim applied to the sample points of a model.

    `lon`, `lat` degrees of the model's centre (None: no way to longitude and latitude), `height_m` its ellipsoidal height
    (None: the datum is unknown), `site_xyz` (9, 3) metres, `heading_deg` clockwise from true north to the model's +Y,
    `to_site` the similarity, `residual_m` its largest error over the samples, `doubts` in order of discovery, one a code.
    """

    claim: Claim
    doubts: dict[str, Doubt] = field(default_factory=dict)
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
        return self.to_site is not None and not UNUSABLE.intersection(self.doubts)

    def doubt(self, code: str, message: str, *, harmless: bool = False) -> None:
        """Note a doubt; the first of a code stays."""
        self.doubts.setdefault(code, Doubt(code, message, harmless))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reading:
    """One way to read a claim's numbers: easting, northing in metres of the map, and what had to be assumed."""

    east: float
    north: float
    height: float | None
    scale: float
    doubts: tuple[Doubt, ...]


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
    """The claim applied to (9, 3) model-frame metres from `sample_points`; what is wrong with it is in `doubts`, nothing is raised."""
    found = Located(claim=claim)
    if not all(isfinite(number) for number in (claim.first, claim.second, *claim.factors)):
        found.doubt("GEOREF_NONE", "a coordinate or factor is missing or no number; complete it, or place the model with --anchor")
        return found
    if claim.to_source is None:
        found.doubt("REFERENCE_MISSING", "the placement or context whose place it states is missing or broken; export it again")
        return found
    crs = _find_crs(found)
    if crs is None:
        return found
    source = samples @ claim.to_source[:3, :3].T + claim.to_source[:3, 3]
    try:
        if claim.geographic:
            _locate_geographic(found, crs, frame, source)
        else:
            _locate_projected(found, crs, frame, source, samples)
    except SpatialError as refusal:
        found.doubt("CRS_MISSING", f"{claim.first:,.3f}, {claim.second:,.3f} lead nowhere in {crs.name}: {refusal}")
        found.to_site = found.site_xyz = None
    if found.site_xyz is not None:
        farthest_m = float(_distances(found.site_xyz, frame).max())
        if farthest_m > frame.site.radius_m:
            found.doubt(
                "GEOREF_OUTSIDE_SITE", f"it reaches {farthest_m:,.0f} m from the site's origin, the radius is {frame.site.radius_m:,.0f} m"
            )
    return found


def _find_crs(found: Located) -> Horizontal | None:
    """The CRS by its name, else by its well-known text, if it is of the kind the claim's numbers need."""
    claim = found.claim
    for text in (claim.crs, claim.crs_wkt):
        try:
            crs = horizontal(text or "")
        except CrsError:
            continue
        if crs.projected is not claim.geographic:
            return crs
        kind, numbers = ("projected", "angles") if crs.projected else ("geographic", "lengths")
        found.doubt("CRS_MISSING", f"{crs.name} is a {kind} CRS, the coordinates are {numbers}")
        return None
    named = f"{claim.crs!r} is no CRS that PROJ knows" if claim.crs else "no CRS is named"
    found.doubt("CRS_MISSING", f"{named}; name it by its EPSG code")
    return None


def _locate_geographic(found: Located, crs: Horizontal, frame: SiteFrame, source: Float64) -> None:
    claim = found.claim
    if claim.true_north is None:
        found.doubt("TRUE_NORTH_INVALID", "TrueNorth is no direction in the plane, so the heading is unknown")
    dx, dy = claim.true_north or (0.0, 1.0)
    heading = round(degrees(atan2(-dx, dy)), 9) % 360.0
    height = _ellipsoidal(found, crs, frame, np.array([0.0 if claim.height is None else claim.height]), stated=claim.height is not None)
    place = _find_default_place(claim.first, claim.second) if claim.kind is ClaimKind.SITE_LAT_LON else None
    if place is not None:
        found.doubt("GEOREF_DEFAULT_PLACE", f"it is {place}: nobody set it")
    rotation = heading_rotation(heading)
    swapped = Doubt("AXIS_SWAPPED", "longitude and latitude stand in each other's place; read the other way round")
    best: tuple[Similarity, Float64, list[Doubt]] | None = None
    for first, second, doubts in ((claim.first, claim.second, []), (claim.second, claim.first, [swapped])):
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
            best = (Similarity(shift[:3, :3], 1.0, shift[:3, 3]).then(to_site), points, doubts)
        if inside:
            break
    if best is None:
        found.doubt("CRS_MISSING", f"{claim.first:g}, {claim.second:g} are no longitude and latitude in degrees")
        return
    found.to_site, points, doubts = best
    found.doubts |= {doubt.code: doubt for doubt in doubts}
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
    _check_twice(found, crs, source)
    if best is None:
        found.doubt("CRS_MISSING", f"easting {claim.first:,.3f}, northing {claim.second:,.3f} lie outside the domain of {crs.name}")
        return
    reading, lon_lat, up = best
    found.doubts |= {doubt.code: doubt for doubt in reading.doubts}
    heights = _ellipsoidal(found, crs, frame, up, stated=reading.height is not None)
    points = frame.from_lon_lat_height(np.column_stack([lon_lat, heights]))
    found.to_site, errors = Similarity.fitted(samples, points)
    found.residual_m = float(errors.max())
    stretch = found.to_site.scale
    if abs(log(stretch)) > SCALE_TOLERANCE:
        found.doubt("GRID_SCALE", f"a metre of {crs.name} is {stretch:.3f} m on the ground here, and the model is drawn at that scale")
    elif found.residual_m > GRID_RESIDUAL_M:
        found.doubt("GRID_SCALE", f"the grid bends over this model: up to {found.residual_m * 1e3:.1f} mm off", harmless=True)
    convergence, _ = grid_convergence_scale(crs.text, float(lon_lat[CENTRE, 0]), float(lon_lat[CENTRE, 1]))
    found.heading_deg = round(convergence - _map_angle_deg(claim), 9) % 360.0
    _note_position(found, frame, points)


def _readings(claim: Claim, crs: Horizontal, frame: SiteFrame) -> Iterator[_Reading]:
    """Ways to read the numbers, the file's own first; each further one costs a doubt and only counts where it lies in the site."""
    ratio = claim.scale if claim.scale is not None else 1.0
    units = sorted(_map_units(claim, crs), key=lambda unit: abs(log(abs(ratio) * unit / claim.length_unit_m)) if ratio else 0.0)
    site_east = _site_east_m(crs, frame)
    for number, unit in enumerate(dict.fromkeys(units)):
        scale = ratio * unit / claim.length_unit_m
        fits = scale > 0 and abs(log(scale)) <= SCALE_TOLERANCE
        doubts: tuple[Doubt, ...] = ()
        if not fits or (number and claim.map_unit_m is None):
            wanted = claim.length_unit_m / unit
            text = f"Scale {ratio:g} does not fit a model in units of {claim.length_unit_m:g} m on a map in {unit:g} m ({wanted:g} would)"
            doubts = (Doubt("GEOREF_SCALE_CONTRADICTS_UNITS", f"{text}; the units were believed"),)
        height = None if claim.height is None else claim.height * unit
        for east, north, swap in _orders(claim.first * unit, claim.second * unit):
            one = _Reading(east=east, north=north, height=height, scale=scale if fits else 1.0, doubts=(*doubts, *swap))
            yield one
            prefix = (site_east // 1e6 - east // 1e6) * 1e6 if site_east is not None else 0.0
            if prefix:
                text = f"easting {east:,.0f} m was read as {east + prefix:,.0f} m: it has a zone prefix its CRS has not, or lacks one"
                yield replace(one, east=east + prefix, doubts=(*one.doubts, Doubt("EASTING_ZONE_PREFIX", text)))


def _map_units(claim: Claim, crs: Horizontal) -> tuple[float, ...]:
    """Metres per unit of the map, as stated; where nothing is, the project's unit (the standard's rule) and that of the CRS."""
    return (claim.map_unit_m,) if claim.map_unit_m is not None else (claim.length_unit_m, crs.unit_m)


def _orders(first: float, second: float) -> Iterator[tuple[float, float, tuple[Doubt, ...]]]:
    yield first, second, ()
    yield second, first, (Doubt("AXIS_SWAPPED", f"easting {first:,.0f} m and northing {second:,.0f} m were read the other way round"),)


def _site_east_m(crs: Horizontal, frame: SiteFrame) -> float | None:
    try:
        return float(crs.from_lon_lat(frame.site.lon, frame.site.lat)[0]) * crs.unit_m
    except CrsError:
        return None


def _on_map(claim: Claim, reading: _Reading, source: Float64) -> tuple[Float64, Float64]:
    """East, north (n, 2) and height (n,) in metres of the map (IFC4.3 IfcMapConversion, formula of the Helmert transformation)."""
    scaled = source * reading.scale * np.array(claim.factors)
    c, s = claim.x_axis
    east = scaled[:, 0] * c - scaled[:, 1] * s + reading.east
    north = scaled[:, 0] * s + scaled[:, 1] * c + reading.north
    return np.stack([east, north], axis=1), scaled[:, 2] + (reading.height or 0.0)


def _map_angle_deg(claim: Claim) -> float:
    return degrees(atan2(claim.x_axis[1], claim.x_axis[0]))


def _check_twice(found: Located, crs: Horizontal, source: Float64) -> None:
    """The model's own coordinates already hold the offset, or neither does: E = N = 0 for a model at its origin is a default."""
    claim = found.claim
    centre = source[CENTRE]
    from_origin = hypot(centre[0], centre[1])
    if claim.first == claim.second == 0.0 and from_origin < NEAR_ORIGIN_M:
        found.doubt("GEOREF_DEFAULT_PLACE", "easting and northing are 0 and the model lies at its own origin: nobody set them")
    for unit in _map_units(claim, crs):
        east, north = claim.first * unit, claim.second * unit
        if hypot(east, north) > FAR_OFFSET_M and hypot(centre[0] - east, centre[1] - north) < TWICE_M:
            text = f"the model lies {from_origin:,.0f} m from its own origin, where the conversion would move it"
            found.doubt("GEOREF_APPLIED_TWICE", f"{text}: the offset is in both; take it out of one")


def _ellipsoidal(found: Located, crs: Horizontal, frame: SiteFrame, heights: Float64, *, stated: bool) -> Float64:
    if not stated:
        found.doubt("HEIGHT_DATUM_UNKNOWN", "no height is stated; write one, or place the model with --anchor")
        return np.asarray(heights, dtype=np.float64)
    ellipsoidal = "ellips" in (found.claim.vertical_datum or "").lower() or crs.height_datum is HeightDatum.ELLIPSOIDAL
    try:
        return ellipsoidal_height(
            heights, HeightDatum.ELLIPSOIDAL if ellipsoidal else HeightDatum.ORTHOMETRIC, frame.site.geoid_separation_m
        )
    except HeightDatumUnknown as refusal:
        found.doubt("HEIGHT_DATUM_UNKNOWN", f"{refusal}: {refusal.hint}")
        return np.asarray(heights, dtype=np.float64)


def _note_position(found: Located, frame: SiteFrame, points: Float64) -> None:
    found.site_xyz = points
    lon, lat, height = (float(value) for value in frame.to_lon_lat_height(points[CENTRE])[0])
    found.lon, found.lat = lon, lat
    found.height_m = None if "HEIGHT_DATUM_UNKNOWN" in found.doubts else height
    found.distance_to_site_m = float(_distances(points[CENTRE : CENTRE + 1], frame)[0])


def _distances(points: Float64, frame: SiteFrame) -> Float64:
    """Straight distances from the site's origin of (n, 3) site-frame points laid on its own height."""
    lon_lat_height = frame.to_lon_lat_height(points)
    lon_lat_height[:, 2] = frame.site.height_m
    return np.asarray(np.linalg.norm(frame.from_lon_lat_height(lon_lat_height), axis=1))


def _find_default_place(lon: float, lat: float) -> str | None:
    for name, place in DEFAULT_PLACES.items():
        if abs(lon - place[0]) < DEFAULT_PLACE_DEG and abs(lat - place[1]) < DEFAULT_PLACE_DEG:
            return name
    return None
