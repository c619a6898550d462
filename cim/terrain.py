"""Elevation models (GeoTIFF) to ground: a TIN in the site frame, with holes where nothing is known."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from cim.city_layer import PLACED, CityLayer, LedgerRow, Progress, height_datum
from cim.errors import CityFileInvalid
from cim.ground import Ground
from cim.groundcover import ground_tints
from cim.palette import LIGHTEST_TERRAIN
from cim.raster import MAX_CELLS, Raster, read_raster
from cim.shade import add_smooth, local_origin
from spatial.crs import ellipsoidal_height
from spatial.feature import Feature, Kind, feature_id
from spatial.frame import SiteFrame
from spatial.issue import Issue, Severity
from spatial.mesh import Float64, Mesh, MeshBuilder
from spatial.scene import LayerKind
from spatial.source import Source, sha256_of

__all__ = ["read_ground", "read_terrain"]

TOLERANCE_M = 0.1
LATTICE_M = 100.0
SKIRT_CELLS = 0.5
HALF_PIXEL = 0.5
MEASURED_PIXELS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Misses:
    """How far the TIN lies from the pixels' centres: over so many of them, at most and root mean square, metres."""

    pixels: int
    max_m: float
    rms_m: float


def read_ground(path: Path, site_frame: SiteFrame, *, crs: str | None = None, force_crs: bool = False) -> Ground:
    """The ground of an elevation model in the site frame; holes where it has no data.

    The bilinear surface of the pixels is read on a grid of the same spacing in the site frame (which rounds a sharp peak by at
    most an eighth of its second difference each way), and the TIN keeps within 0.1 m of that grid.
    Raises CrsError, CrsDisagrees, HeightDatumUnknown (1985 heights and no geoid separation), OutsideSite, CityFileInvalid.
    """
    return _ground_of(read_raster(path, site_frame, crs, force_crs, path.name), site_frame, path.name)


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
    """An elevation model as a terrain layer: one feature a chunk, with skirts, coloured softly by slope and height.

    `properties["measured"]` says how far the TIN lies from its grid (`error_m`, at most 0.1) and from the pixels themselves.
    """
    file = source_name or path.name
    raster = read_raster(path, site_frame, crs, force_crs, file)
    ground = _ground_of(raster, site_frame, file)
    misses = _misses(raster, ground, site_frame)
    measured = {
        "error_m": round(ground.error_m, 4),
        "pixels": misses.pixels,
        "pixel_error_max_m": round(misses.max_m, 4),
        "pixel_error_rms_m": round(misses.rms_m, 4),
    }
    digest = sha256_of(path)
    builder, features, ledger = MeshBuilder(), [], []
    chunk_of = (ground.vertex_cells[ground.triangles].sum(axis=1) // (3 * ground.chunk)).astype(np.int64)
    chunks, member = np.unique(chunk_of, axis=0, return_inverse=True)
    low, high = float(ground.vertices[:, 2].min()), float(ground.vertices[:, 2].max())
    order = np.argsort(member.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(member.reshape(-1), minlength=len(chunks)))[:-1]
    for number, ((i, j), own) in enumerate(zip(chunks, np.split(order, ends), strict=True)):
        local = f"tin/{i}-{j}"
        name = feature_id(layer_key, local)
        triangles = ground.triangles[own]
        corners = ground.vertices[triangles]
        _add_chunk(builder, name, ground, triangles, low + 0.6 * (high - low))
        features.append(
            Feature(
                id=name,
                kind=Kind.TERRAIN,
                class_name="TINRelief",
                source=Source(file=file, sha256=digest, entity=local),
                footprint=shapely.coverage_union_all(shapely.polygons(corners[:, :, :2])),
                z_range=(float(corners[:, :, 2].min()), float(corners[:, :, 2].max())),
                properties={"attributes": {}, "measured": {"triangles": len(triangles), **measured}},
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
        crs=raster.reading.crs,
        issues=(*raster.issues, *_coarsened(raster, ground, misses, file)),
        sha256=digest,
        ground_dependent=False,
    )


def _ground_of(raster: Raster, site_frame: SiteFrame, file: str) -> Ground:
    low, high = _extent(raster, site_frame)
    step = max(raster.pixel_m, float((high - low).max()) / MAX_CELLS)
    count = np.floor((high - low) / step + 1e-6).astype(int) + 1
    x, y = low[0] + step * np.arange(count[0]), low[1] + step * np.arange(count[1])
    ground = None
    if count.min() >= 2:
        z = _surface(raster, site_frame, x, y)
        chunk = 1 << max(int(np.ceil(np.log2(max(count.max() / 8, 16)))), 4)
        ground = Ground.of(z, (float(x[0]), float(y[0])), step, tolerance_m=TOLERANCE_M, chunk=chunk)
    if ground is None or not len(ground.triangles):
        raise CityFileInvalid(
            f"{file} is too small or too full of holes: no cell of {step:.2f} m has heights at its corners", hint="give a larger model"
        )
    return ground


def _coarsened(raster: Raster, ground: Ground, misses: _Misses, file: str) -> tuple[Issue, ...]:
    if ground.step <= raster.pixel_m * (1 + 1e-9):
        return ()
    message = (
        f"pixels of {raster.pixel_m:.2f} m are read every {ground.step:.2f} m, at most {MAX_CELLS} cells a side: "
        f"the ground misses them by {misses.max_m:.2f} m at most, {misses.rms_m:.2f} m root mean square"
    )
    return (Issue(code="TERRAIN_COARSENED", path=file, message=message, severity=Severity.INFO, source=file),)


def _misses(raster: Raster, ground: Ground, site_frame: SiteFrame) -> _Misses:
    rows, columns = raster.heights.shape
    every = max(int(np.ceil(np.sqrt(raster.heights.size / MEASURED_PIXELS))), 1)
    column, row = np.meshgrid(np.arange(0, columns, every), np.arange(0, rows, every))
    heights = raster.heights[row, column].ravel()
    known = np.isfinite(heights)
    centres = np.column_stack([column.ravel()[known], row.ravel()[known]]).astype(np.float64) + HALF_PIXEL
    degrees = raster.lon_lat(centres[:, 0], centres[:, 1])
    above = ellipsoidal_height(heights[known], height_datum(raster.reading.crs), site_frame.site.geoid_separation_m)
    points = site_frame.from_lon_lat_height(np.column_stack([degrees, above]))
    missed = ground.sample(points[:, :2]) - points[:, 2]
    missed = np.abs(missed[np.isfinite(missed)])
    if not len(missed):
        return _Misses(pixels=0, max_m=0.0, rms_m=0.0)
    return _Misses(pixels=len(missed), max_m=float(missed.max()), rms_m=float(np.sqrt((missed**2).mean())))


def _extent(raster: Raster, site_frame: SiteFrame) -> tuple[Float64, Float64]:
    rows, columns = raster.heights.shape
    along, down = np.linspace(0.0, columns, 33), np.linspace(0.0, rows, 33)
    column = np.concatenate([along, along, np.zeros(33), np.full(33, float(columns))])
    row = np.concatenate([np.zeros(33), np.full(33, float(rows)), down, down])
    degrees = raster.lon_lat(column, row)
    border = site_frame.from_lon_lat_height(np.column_stack([degrees, np.full(len(degrees), site_frame.site.height_m)]))[:, :2]
    radius = site_frame.site.radius_m
    return np.maximum(border.min(axis=0), -radius), np.minimum(border.max(axis=0), radius)


def _surface(raster: Raster, site_frame: SiteFrame, x: Float64, y: Float64) -> Float64:
    """z (len(y), len(x)) where the elevation model's surface passes over the site-frame grid."""
    datum, n = height_datum(raster.reading.crs), site_frame.site.geoid_separation_m
    column, row, height = _lattice(raster, site_frame, x, y, 0.0)
    column_up, row_up, height_up = _lattice(raster, site_frame, x, y, 100.0)
    z = np.zeros((len(y), len(x)))
    for _ in range(3):
        share = z / 100.0
        known = _bilinear(raster.heights, column + share * (column_up - column), row + share * (row_up - row), HALF_PIXEL)
        target = ellipsoidal_height(known, datum, n)
        z = (target - height) * 100.0 / (height_up - height)
        unknown = np.isnan(z)
        z[unknown] = 0.0
    z[unknown] = np.nan
    return z


def _lattice(raster: Raster, site_frame: SiteFrame, x: Float64, y: Float64, z: float) -> tuple[Float64, Float64, Float64]:
    """Raster column, row and ellipsoidal height over the grid: pyproj every ≤ 100 m, bilinear between (0.2 mm off at most)."""
    knots_x = np.linspace(x[0], x[-1], max(int(np.ceil((x[-1] - x[0]) / LATTICE_M)), 1) + 1)
    knots_y = np.linspace(y[0], y[-1], max(int(np.ceil((y[-1] - y[0]) / LATTICE_M)), 1) + 1)
    mesh_x, mesh_y = np.meshgrid(knots_x, knots_y)
    degrees = site_frame.to_lon_lat_height(np.column_stack([mesh_x.ravel(), mesh_y.ravel(), np.full(mesh_x.size, z)]))
    columns, rows = raster.column_row(degrees[:, 0], degrees[:, 1])
    u = np.broadcast_to((x - x[0]) / (knots_x[1] - knots_x[0]), (len(y), len(x)))
    v = np.broadcast_to(((y - y[0]) / (knots_y[1] - knots_y[0]))[:, None], (len(y), len(x)))
    fields = (columns - HALF_PIXEL, rows - HALF_PIXEL, degrees[:, 2])
    a, b, c = (_bilinear(field.reshape(mesh_x.shape), u, v) for field in fields)
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
    _add_cover(builder, name, ground, triangles, dry_from_z)
    skirt, normals = _skirt(ground, triangles)
    tints = ground_tints(skirt.reshape(-1, 3), normals.reshape(-1, 3), dry_from_z)
    add_smooth(builder, name, skirt, normals, LIGHTEST_TERRAIN, tints)


def _add_cover(builder: MeshBuilder, name: str, ground: Ground, triangles: NDArray[np.int64], dry_from_z: float) -> None:
    used, local = np.unique(triangles, return_inverse=True)
    points, normals = ground.vertices[used], ground.normals(ground.vertices[used, :2])
    matrix = local_origin(points)
    near, facing = (points - matrix[:3, 3]).astype(np.float32), normals.astype(np.float32)
    index, tints = local.reshape(-1, 3).astype(np.uint32), ground_tints(points, normals, dry_from_z)
    digest = hashlib.sha256(b"cover")
    for column in (near, facing, index, tints):
        digest.update(np.ascontiguousarray(column).tobytes())
    builder.add_mesh(name, Mesh(near, facing, index, digest.hexdigest(), tints), LIGHTEST_TERRAIN, matrix)


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
