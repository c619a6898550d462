"""Elevation models (GeoTIFF) to ground: a TIN in the site frame, with holes where nothing is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.windows import Window

from cim.city_layer import PLACED, CityLayer, LedgerRow, Progress, agreed_crs, height_datum
from cim.errors import CityFileInvalid
from cim.ground import Ground
from cim.groundcover import ground_tints
from cim.palette import LIGHTEST_TERRAIN
from cim.shade import add_smooth
from spatial.crs import ellipsoidal_height, horizontal
from spatial.errors import OutsideSite
from spatial.feature import Feature, Kind, feature_id
from spatial.frame import SiteFrame
from spatial.issue import Issue, Severity
from spatial.mesh import Float64, MeshBuilder
from spatial.scene import LayerKind
from spatial.source import Source, sha256_of

__all__ = ["read_ground", "read_terrain"]

TOLERANCE_M = 0.1
MAX_CELLS = 1024
LATTICE_M = 100.0
SKIRT_CELLS = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Raster:
    heights: Float64
    to_world: Float64
    crs: str
    pixel_m: float
    issues: tuple[Issue, ...]


def read_ground(path: Path, site_frame: SiteFrame, *, crs: str | None = None, force_crs: bool = False) -> Ground:
    """The ground of an elevation model in the site frame; holes where it has no data.

    The bilinear surface of the pixels is read on a grid of the same spacing in the site frame (which rounds a sharp peak by at
    most an eighth of its second difference each way), and the TIN keeps within 0.1 m of that grid.
    Raises CrsError, CrsDisagrees, HeightDatumUnknown (1985 heights and no geoid separation), OutsideSite, CityFileInvalid.
    """
    return _ground_of(_read_raster(path, site_frame, crs, force_crs), site_frame, path)[0]


def read_terrain(
    path: Path,
    layer_key: str,
    site_frame: SiteFrame,
    *,
    crs: str | None = None,
    force_crs: bool = False,
    source_name: str | None = None,
    progress: Progress | None = None,
) -> CityLayer:
    """An elevation model as a terrain layer: one feature a chunk, with skirts, coloured softly by slope and height."""
    raster = _read_raster(path, site_frame, crs, force_crs)
    ground, issues = _ground_of(raster, site_frame, path)
    digest = sha256_of(path)
    builder, features, ledger = MeshBuilder(), [], []
    chunk_of = (ground.vertex_cells[ground.triangles].sum(axis=1) // (3 * ground.chunk)).astype(np.int64)
    chunks, member = np.unique(chunk_of, axis=0, return_inverse=True)
    low, high = float(ground.vertices[:, 2].min()), float(ground.vertices[:, 2].max())
    for number, (i, j) in enumerate(chunks):
        local = f"tin/{i}-{j}"
        name = feature_id(layer_key, local)
        triangles = ground.triangles[member.reshape(-1) == number]
        corners = ground.vertices[triangles]
        _add_chunk(builder, name, ground, triangles, low + 0.6 * (high - low))
        features.append(
            Feature(
                id=name,
                kind=Kind.TERRAIN,
                class_name="TINRelief",
                source=Source(file=source_name or path.name, sha256=digest, entity=local),
                footprint=shapely.coverage_union_all(shapely.polygons(corners[:, :, :2])),
                z_range=(float(corners[:, :, 2].min()), float(corners[:, :, 2].max())),
                properties={"attributes": {}, "measured": {"triangles": len(triangles), "error_m": round(ground.error_m, 4)}},
            )
        )
        ledger.append(LedgerRow(local_id=local, entity=local, class_name="TINRelief", outcome=PLACED))
        if progress is not None:
            progress(number + 1, len(chunks))
    return CityLayer(
        key=layer_key,
        kind=LayerKind.TERRAIN,
        features=tuple(features),
        meshes=builder.build(),
        ledger=tuple(ledger),
        schema="GeoTIFF",
        crs=raster.crs,
        issues=issues,
        sha256=digest,
        ground_dependent=False,
    )


def _read_raster(path: Path, site_frame: SiteFrame, crs: str | None, force_crs: bool) -> _Raster:
    try:
        with rasterio.open(path) as data:
            declared = data.crs.to_wkt() if data.crs else None
            if declared is not None and data.crs.to_epsg():
                declared = f"EPSG:{data.crs.to_epsg()}"
            if data.count != 1 or data.dtypes[0] == "uint8":
                raise CityFileInvalid(
                    f"{path.name} has {data.count} bands of {data.dtypes[0]}: a picture, not an elevation model",
                    hint="give a GeoTIFF of one band of heights",
                )
            agreed = agreed_crs(declared, crs, force=force_crs, what=path.name)
            window, issues = _window(data, site_frame, agreed, path)
            band = data.read(1, window=window, masked=True).astype(np.float64)
            heights = np.asarray(band.filled(np.nan)) * float(data.scales[0]) + float(data.offsets[0])
            to_world = _affine(data) @ np.array([[1.0, 0.0, window.col_off], [0.0, 1.0, window.row_off], [0.0, 0.0, 1.0]])
    except rasterio.errors.RasterioIOError as error:
        raise CityFileInvalid(f"{path.name} cannot be read as a GeoTIFF: {error}") from error
    heights[~np.isfinite(heights)] = np.nan
    plane = horizontal(agreed)
    pixel = float(np.sqrt(abs(np.linalg.det(to_world[:2, :2]))))
    metres = pixel * (plane.unit_m if plane.projected else 111_320.0 * float(np.sqrt(np.cos(np.radians(site_frame.site.lat)))))
    return _Raster(heights, to_world, agreed, metres, issues)


def _window(data: rasterio.DatasetReader, site_frame: SiteFrame, crs: str, path: Path) -> tuple[Window, tuple[Issue, ...]]:
    radius = site_frame.site.radius_m
    angles = np.linspace(0, 2 * np.pi, 65)
    ring = np.column_stack([radius * np.cos(angles), radius * np.sin(angles), np.zeros(65)])
    degrees = site_frame.to_lon_lat_height(ring)
    x, y = horizontal(crs).from_lon_lat(degrees[:, 0], degrees[:, 1])
    columns, rows = _applied(np.linalg.inv(_affine(data)), x, y)
    left, top = max(int(np.floor(columns.min())), 0), max(int(np.floor(rows.min())), 0)
    right, bottom = min(int(np.ceil(columns.max())), data.width), min(int(np.ceil(rows.max())), data.height)
    if right <= left or bottom <= top:
        raise OutsideSite(
            f"{path.name} does not touch the {radius:,.0f} m around site {site_frame.site.code}", hint="wrong site or wrong CRS"
        )
    window = Window(left, top, right - left, bottom - top)
    if (right - left, bottom - top) == (data.width, data.height):
        return window, ()
    message = f"only the {right - left} × {bottom - top} of {data.width} × {data.height} pixels around the site's radius are used"
    return window, (Issue(code="TERRAIN_CLIPPED", path=path.name, message=message, severity=Severity.INFO, source=path.name),)


def _affine(data: rasterio.DatasetReader) -> Float64:
    return np.array(tuple(data.transform), dtype=np.float64).reshape(3, 3)


def _applied(matrix: NDArray[np.floating[Any]], x: Float64, y: Float64) -> tuple[Float64, Float64]:
    return matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2], matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]


def _ground_of(raster: _Raster, site_frame: SiteFrame, path: Path) -> tuple[Ground, tuple[Issue, ...]]:
    low, high = _extent(raster, site_frame)
    issues = list(raster.issues)
    step = raster.pixel_m
    longest = float((high - low).max())
    if longest / step > MAX_CELLS:
        step = longest / MAX_CELLS
        message = f"pixels of {raster.pixel_m:.2f} m are read every {step:.2f} m: at most {MAX_CELLS} cells a side"
        issues.append(Issue(code="TERRAIN_COARSENED", path=path.name, message=message, severity=Severity.INFO, source=path.name))
    first = np.floor(low / step) * step
    count = np.ceil((high - first) / step).astype(int) + 1
    x, y = first[0] + step * np.arange(count[0]), first[1] + step * np.arange(count[1])
    z = _surface(raster, site_frame, x, y)
    if not np.isfinite(z).any():
        raise CityFileInvalid(f"{path.name} holds no height within the site's radius", hint="is its no-data value right?")
    chunk = 1 << max(int(np.ceil(np.log2(max(count.max() / 8, 16)))), 4)
    return Ground.of(z, (float(first[0]), float(first[1])), step, tolerance_m=TOLERANCE_M, chunk=chunk), tuple(issues)


def _extent(raster: _Raster, site_frame: SiteFrame) -> tuple[Float64, Float64]:
    rows, columns = raster.heights.shape
    along = np.linspace(0.5, 1.0 * columns - 0.5, 33)
    down = np.linspace(0.5, 1.0 * rows - 0.5, 33)
    c = np.concatenate([along, along, np.full(33, 0.5), np.full(33, columns - 0.5)])
    r = np.concatenate([np.full(33, 0.5), np.full(33, rows - 0.5), down, down])
    x, y = _applied(raster.to_world, c, r)
    lon, lat = horizontal(raster.crs).to_lon_lat(x, y)
    border = site_frame.from_lon_lat_height(np.column_stack([lon, lat, np.full(len(lon), site_frame.site.height_m)]))[:, :2]
    radius = site_frame.site.radius_m
    return np.maximum(border.min(axis=0), -radius), np.minimum(border.max(axis=0), radius)


def _surface(raster: _Raster, site_frame: SiteFrame, x: Float64, y: Float64) -> Float64:
    """z (len(y), len(x)) where the elevation model's surface passes over the site-frame grid."""
    datum, n = height_datum(raster.crs), site_frame.site.geoid_separation_m
    column, row, height = _lattice(raster, site_frame, x, y, 0.0)
    column_up, row_up, height_up = _lattice(raster, site_frame, x, y, 100.0)
    z = np.zeros((len(y), len(x)))
    for _ in range(3):
        share = z / 100.0
        known = _bilinear(raster.heights, column + share * (column_up - column), row + share * (row_up - row))
        target = ellipsoidal_height(known, datum, n)
        z = (target - height) * 100.0 / (height_up - height)
        unknown = np.isnan(z)
        z[unknown] = 0.0
    z[unknown] = np.nan
    return z


def _lattice(raster: _Raster, site_frame: SiteFrame, x: Float64, y: Float64, z: float) -> tuple[Float64, Float64, Float64]:
    """Raster column, row and ellipsoidal height over the grid: pyproj every ≤ 100 m, bilinear between (0.2 mm off at most)."""
    knots_x = np.linspace(x[0], x[-1], max(int(np.ceil((x[-1] - x[0]) / LATTICE_M)), 1) + 1)
    knots_y = np.linspace(y[0], y[-1], max(int(np.ceil((y[-1] - y[0]) / LATTICE_M)), 1) + 1)
    mesh_x, mesh_y = np.meshgrid(knots_x, knots_y)
    degrees = site_frame.to_lon_lat_height(np.column_stack([mesh_x.ravel(), mesh_y.ravel(), np.full(mesh_x.size, z)]))
    east, north = horizontal(raster.crs).from_lon_lat(degrees[:, 0], degrees[:, 1])
    columns, rows = _applied(np.linalg.inv(raster.to_world), east, north)
    u = np.broadcast_to((x - x[0]) / (knots_x[1] - knots_x[0]), (len(y), len(x)))
    v = np.broadcast_to(((y - y[0]) / (knots_y[1] - knots_y[0]))[:, None], (len(y), len(x)))
    fields = (columns - 0.5, rows - 0.5, degrees[:, 2])
    a, b, c = (_bilinear(field.reshape(mesh_x.shape), u, v, slack=1e-6) for field in fields)
    return a, b, c


def _bilinear(field: Float64, column: Float64, row: Float64, slack: float = 1e-6) -> Float64:
    last_row, last_column = field.shape[0] - 1, field.shape[1] - 1
    inside = (column >= -slack) & (row >= -slack) & (column <= last_column + slack) & (row <= last_row + slack)
    c, r = np.clip(column, 0, last_column), np.clip(row, 0, last_row)
    c0, r0 = np.minimum(c.astype(np.int64), max(last_column - 1, 0)), np.minimum(r.astype(np.int64), max(last_row - 1, 0))
    c1, r1 = np.minimum(c0 + 1, last_column), np.minimum(r0 + 1, last_row)
    s, t = c - c0, r - r0
    parts = (((1 - s) * (1 - t), r0, c0), (s * (1 - t), r0, c1), ((1 - s) * t, r1, c0), (s * t, r1, c1))
    total = np.zeros(column.shape)
    for weight, i, j in parts:
        total += np.where(weight > 1e-9, weight * field[i, j], 0.0)
    return np.where(inside, total, np.nan)


def _add_chunk(builder: MeshBuilder, name: str, ground: Ground, triangles: NDArray[np.int64], dry_from_z: float) -> None:
    used, local = np.unique(triangles, return_inverse=True)
    points = ground.vertices[used]
    facing = ground.normals(points[:, :2])
    tints = ground_tints(points, facing, dry_from_z)[local.reshape(-1, 3)]
    skirt, skirt_normals = _skirt(ground, triangles)
    corners = np.concatenate([ground.vertices[triangles], skirt])
    normals = np.concatenate([facing[local.reshape(-1, 3)], skirt_normals])
    hanging = ground_tints(skirt.reshape(-1, 3), skirt_normals.reshape(-1, 3), dry_from_z).reshape(-1, 3, 3)
    add_smooth(builder, name, corners, normals, LIGHTEST_TERRAIN, np.concatenate([tints, hanging]))


def _skirt(ground: Ground, triangles: NDArray[np.int64]) -> tuple[Float64, Float64]:
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    _, first, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    border = edges[first[count == 1]]
    top = ground.vertices[border]
    down = np.array([0.0, 0.0, max(1.0, SKIRT_CELLS * ground.step)])
    a, b = top[:, 0], top[:, 1]
    quads = np.stack([np.stack([b, a, a - down], axis=1), np.stack([b, a - down, b - down], axis=1)], axis=1).reshape(-1, 3, 3)
    normals = ground.normals(quads.reshape(-1, 3)[:, :2]).reshape(-1, 3, 3)
    return quads, normals
