"""GeoTIFF elevation models as heights in metres on a grid of pixels, cut to a site; nothing assumed about unit, place or no-data."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.windows import Window

from cim.city_layer import agreed_crs
from cim.coordinates import Reading, find_reading
from cim.errors import CityFileInvalid
from spatial.crs import horizontal
from spatial.errors import OutsideSite
from spatial.frame import SiteFrame
from spatial.issue import Issue, Severity
from spatial.mesh import Float64

__all__ = ["MAX_CELLS", "Raster", "read_raster"]

MAX_CELLS = 1024
DEGREE_M = 111_320.0
POSSIBLE_M = (-500.0, 9000.0)
UNITS_M = {
    "": 1.0, "m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0, "米": 1.0,
    "ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "us-ft": 1200 / 3937, "ftus": 1200 / 3937, "us survey foot": 1200 / 3937,
    "dm": 0.1, "cm": 0.01, "mm": 0.001, "km": 1000.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raster:
    """Heights (rows, columns) float64 metres over their own datum, NaN where nothing is known.

    `to_world` (3, 3) maps column, row (pixel edges, GDAL's convention) to the file's plan coordinates, which `reading` reads;
    `pixel_m` is the side of a pixel. Where the file has far more pixels than are used, each is the mean of several.
    """

    heights: Float64
    to_world: Float64
    reading: Reading
    pixel_m: float
    issues: tuple[Issue, ...]

    def lon_lat(self, column: Float64, row: Float64) -> Float64:
        """Degrees (n, 2) at columns and rows (n,)."""
        return self.reading.lon_lat(_applied(self.to_world, column, row))

    def column_row(self, lon: Float64, lat: Float64) -> tuple[Float64, Float64]:
        """Columns and rows (n,) at degrees."""
        plan = self.reading.from_lon_lat(lon, lat)
        found = _applied(_inverse(self.to_world), plan[:, 0], plan[:, 1])
        return found[:, 0], found[:, 1]


def read_raster(path: Path, site_frame: SiteFrame, crs: str | None, force_crs: bool, file: str) -> Raster:
    """The pixels within a site's radius; `file` is the name the file came under.

    Raises CityFileInvalid (a picture, an unknown unit, no georeference, no height), CrsError, CrsDisagrees, OutsideSite.
    """
    issues: list[Issue] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(path) as data:
                _require_elevation(data, file)
                agreed = agreed_crs(_declared(data), crs, force=force_crs, what=file)
                affine = np.array(tuple(data.transform), dtype=np.float64).reshape(3, 3)
                reading = find_reading(_sample(data, affine), agreed, site_frame)
                issues += reading.issues(file, file)
                window = _window(data, affine, reading, site_frame, file)
                heights, share = _read(data, window)
                factor = float(data.scales[0]) * _unit_m(data, file), float(data.offsets[0]) * _unit_m(data, file)
                issues += _clipped(data, window, file)
    except rasterio.errors.RasterioIOError as error:
        raise CityFileInvalid(f"{file} cannot be read as a GeoTIFF: {error}", hint="is the file complete?") from error
    heights = heights * factor[0] + factor[1]
    heights[~np.isfinite(heights)] = np.nan
    issues += _without_impossible(heights, file)
    if not np.isfinite(heights).any():
        raise CityFileInvalid(f"{file} holds no height within the site's radius", hint="is its no-data value right?")
    to_world = affine @ np.array([[share[0], 0.0, window.col_off], [0.0, share[1], window.row_off], [0.0, 0.0, 1.0]])
    return Raster(heights=heights, to_world=to_world, reading=reading, pixel_m=_pixel_m(to_world, agreed, site_frame), issues=tuple(issues))


def _require_elevation(data: rasterio.DatasetReader, file: str) -> None:
    if data.count != 1 or data.dtypes[0] == "uint8" or data.dtypes[0].startswith("complex"):
        raise CityFileInvalid(
            f"{file} has {data.count} bands of {data.dtypes[0]}: a picture, not an elevation model",
            hint="give a GeoTIFF of one band of heights",
        )
    if data.transform.is_identity:
        points = ", only ground control points" if data.gcps[0] else ""
        raise CityFileInvalid(
            f"{file} does not say where its pixels lie{points}", hint="georeference it (gdalwarp, or a .tfw made part of it)"
        )


def _declared(data: rasterio.DatasetReader) -> str | None:
    if not data.crs:
        return None
    code = data.crs.to_epsg()
    return f"EPSG:{code}" if code else str(data.crs.to_wkt())


def _unit_m(data: rasterio.DatasetReader, file: str) -> float:
    unit = (data.units[0] or "").strip()
    if unit.lower() not in UNITS_M:
        raise CityFileInvalid(f"{file} gives its heights in {unit!r}, an unknown unit", hint="convert them to metres")
    return UNITS_M[unit.lower()]


def _sample(data: rasterio.DatasetReader, affine: Float64) -> Float64:
    column, row = np.meshgrid(np.linspace(0, data.width, 21), np.linspace(0, data.height, 21))
    return _applied(affine, column.ravel(), row.ravel())


def _window(data: rasterio.DatasetReader, affine: Float64, reading: Reading, site_frame: SiteFrame, file: str) -> Window:
    radius = site_frame.site.radius_m
    angles = np.linspace(0, 2 * np.pi, 65)
    degrees = site_frame.to_lon_lat_height(np.column_stack([radius * np.cos(angles), radius * np.sin(angles), np.zeros(65)]))
    ring = reading.from_lon_lat(degrees[:, 0], degrees[:, 1])
    inside = _applied(_inverse(affine), ring[:, 0], ring[:, 1])
    left, top = np.maximum(np.floor(inside.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(inside.max(axis=0)).astype(int), (data.width, data.height))
    if right <= left or bottom <= top:
        raise OutsideSite(f"{file} does not touch the {radius:,.0f} m around site {site_frame.site.code}", hint="wrong site or wrong CRS")
    return Window(int(left), int(top), int(right - left), int(bottom - top))


def _read(data: rasterio.DatasetReader, window: Window) -> tuple[Float64, tuple[float, float]]:
    """Heights of a window, at most twice as many a side as are used, and how many pixels of the file one is wide and high."""
    columns, rows = int(window.width), int(window.height)
    every = max(max(columns, rows) // (2 * MAX_CELLS), 1)
    shape = (-(-rows // every), -(-columns // every))
    band = data.read(1, window=window, masked=True, out_shape=shape, resampling=Resampling.average if every > 1 else Resampling.nearest)
    return np.asarray(band.astype(np.float64).filled(np.nan)), (columns / shape[1], rows / shape[0])


def _clipped(data: rasterio.DatasetReader, window: Window, file: str) -> Iterator[Issue]:
    if (window.width, window.height) != (data.width, data.height):
        message = f"only the {window.width} × {window.height} of {data.width} × {data.height} pixels around the site's radius are used"
        yield Issue(code="TERRAIN_CLIPPED", path=file, message=message, severity=Severity.INFO, source=file)


def _without_impossible(heights: Float64, file: str) -> Iterator[Issue]:
    """Takes heights that are none on earth for no data, in place."""
    low, high = POSSIBLE_M
    with np.errstate(invalid="ignore"):
        impossible = (heights < low) | (heights > high)
    if impossible.any():
        example = float(heights[impossible][0])
        heights[impossible] = np.nan
        message = f"{int(impossible.sum())} pixels hold no possible height, like {example:g} m: taken as no data, though undeclared"
        yield Issue(code="TERRAIN_IMPLAUSIBLE", path=file, message=message, source=file)


def _pixel_m(to_world: Float64, crs: str, site_frame: SiteFrame) -> float:
    plane = horizontal(crs)
    side = float(np.sqrt(abs(np.linalg.det(to_world[:2, :2]))))
    return side * (plane.unit_m if plane.projected else DEGREE_M * float(np.sqrt(np.cos(np.radians(site_frame.site.lat)))))


def _inverse(matrix: Float64) -> Float64:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _applied(matrix: Float64, x: Float64, y: Float64) -> Float64:
    return np.column_stack([matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2], matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]])
