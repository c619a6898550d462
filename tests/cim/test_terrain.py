"""Elevation models made here: placed as pyproj places them, holes kept open, coarse ones and wrong ones named."""

from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio

import cim
from spatial.errors import CrsError, HeightDatumUnknown, OutsideSite
from spatial.mesh import Float64
from spatial.scene import LayerKind
from tests.cim.frames import frame_at

EAST, NORTH = 429430.0, 2886950.0
HERE = ("EPSG:4549", EAST, NORTH)


def hill(rows: int = 60, columns: int = 80) -> Float64:
    y, x = np.mgrid[0:rows, 0:columns] * 1.0
    return np.asarray(25 + 30 * np.exp(-((x - 50) ** 2 + (y - 20) ** 2) / 150))


def write(
    path: Path, heights: Float64, *, pixel: float = 5.0, crs: str | None = "EPSG:4549", corner: tuple[float, float] | None = None
) -> Path:
    rows, columns = heights.shape
    west, top = corner or (EAST - columns * pixel / 2, NORTH + rows * pixel / 2)
    transform = rasterio.Affine(pixel, 0.0, west, 0.0, -pixel, top)
    profile = {"driver": "GTiff", "width": columns, "height": rows, "count": 1, "dtype": "float32", "nodata": -9999.0}
    with rasterio.open(path, "w", **profile, crs=crs, transform=transform) as target:
        target.write(np.where(np.isnan(heights), -9999.0, heights).astype(np.float32), 1)
    return path


def test_the_ground_is_where_pyproj_and_n_by_hand_put_the_pixels(tmp_path: Path) -> None:
    heights = hill()
    frame = frame_at(*HERE, separation=10.0, height=30.0)
    ground = cim.read_ground(write(tmp_path / "hill.tif", heights), frame)
    rows, columns = np.array([5, 20, 33, 50]), np.array([4, 50, 12, 70])
    east, north = EAST + (columns - 39.5) * 5, NORTH - (rows - 29.5) * 5
    lon, lat = pyproj.Transformer.from_crs(4549, 4490, always_xy=True).transform(east, north)
    ecef = np.column_stack(pyproj.Transformer.from_crs(4979, 4978, always_xy=True).transform(lon, lat, heights[rows, columns] + 10.0))
    site = (ecef - frame.to_ecef[:3, 3]) @ frame.to_ecef[:3, :3]
    difference = np.abs(ground.sample(site[:, :2]) - site[:, 2])
    rounding = np.abs(np.diff(heights, 2, axis=0)).max() / 8 + np.abs(np.diff(heights, 2, axis=1)).max() / 8
    assert difference.max() < 0.1 + rounding
    assert difference[0] < 0.001
    assert ground.error_m <= 0.1


def test_no_data_is_a_hole_and_never_zero(tmp_path: Path) -> None:
    heights = hill()
    heights[10:20, 10:20] = np.nan
    frame = frame_at(*HERE, height=30.0)
    layer = cim.read_city(write(tmp_path / "hole.tif", heights), "terrain", frame)
    ground = cim.read_ground(tmp_path / "hole.tif", frame)
    assert np.isnan(ground.sample([[(15 - 39.5) * 5, (29.5 - 15) * 5]])).all()
    assert ground.vertices[:, 2].min() > 4.9
    assert min(f.z_range[0] for f in layer.features if f.z_range) > 4.9


def test_every_chunk_is_a_feature_with_skirts_and_colours_that_blend(tmp_path: Path) -> None:
    layer = cim.read_city(write(tmp_path / "hill.tif", hill()), "terrain", frame_at(*HERE, height=30.0))
    assert layer.kind is LayerKind.TERRAIN
    assert {row.outcome for row in layer.ledger} == {"placed"}
    assert set(layer.meshes.features) == {f.id for f in layer.features} == {f"terrain:{row.local_id}" for row in layer.ledger}
    assert len({tuple(rgba) for rgba in layer.meshes.part_rgba.tolist()}) == 1
    tints = [mesh.tints for mesh in layer.meshes.meshes if mesh.tints is not None]
    assert len(tints) == len(layer.meshes.meshes)
    assert len(np.unique(np.concatenate(tints), axis=0)) > 30
    boxes = layer.meshes.feature_bounds()
    for feature in layer.features:
        assert feature.z_range is not None
        assert boxes[feature.id][0, 2] < feature.z_range[0] - 0.9
        assert feature.footprint is not None
        assert feature.footprint.geom_type in ("Polygon", "MultiPolygon")
    normals = np.concatenate([mesh.normals for mesh in layer.meshes.meshes])
    assert np.linalg.norm(normals, axis=1) == pytest.approx(np.ones(len(normals)), abs=1e-5)


def test_a_geographic_model_and_a_projected_one_give_the_same_ground(tmp_path: Path) -> None:
    frame = frame_at(*HERE, height=30.0)
    lon, lat = frame.site.lon, frame.site.lat
    pixel = 0.0001
    x, y = (np.arange(120) - 59.5) * pixel, (59.5 - np.arange(120)) * pixel
    slope = 25.0 + 1000 * x[None, :] + 500 * y[:, None]
    write(tmp_path / "degrees.tif", slope, pixel=pixel, crs="EPSG:4490", corner=(lon - 60 * pixel, lat + 60 * pixel))
    ground = cim.read_ground(tmp_path / "degrees.tif", frame)
    asked = np.array([[0.0, 0.0], [300.0, 200.0], [-400.0, 100.0]])
    z = ground.sample(asked)
    degrees = frame.to_lon_lat_height(np.column_stack([asked, z]))
    expected = 25.0 + 1000 * (degrees[:, 0] - lon) + 500 * (degrees[:, 1] - lat) + 10.0
    assert degrees[:, 2] == pytest.approx(expected, abs=0.11)


def test_a_model_finer_than_the_bound_is_read_coarser_and_says_so(tmp_path: Path) -> None:
    heights = np.full((30, 2100), 25.0)
    layer = cim.read_city(write(tmp_path / "long.tif", heights, pixel=1.0), "terrain", frame_at(*HERE))
    assert [issue.code for issue in layer.issues] == ["TERRAIN_COARSENED"]
    assert "2.05 m" in layer.issues[0].message


def test_a_model_larger_than_the_site_is_cut_to_it_and_says_so(tmp_path: Path) -> None:
    layer = cim.read_city(write(tmp_path / "wide.tif", np.full((50, 50), 25.0), pixel=50.0), "terrain", frame_at(*HERE, radius=500.0))
    assert [issue.code for issue in layer.issues] == ["TERRAIN_CLIPPED"]
    boxes = np.array(list(layer.meshes.feature_bounds().values()))
    assert np.abs(boxes[:, :, :2]).max() <= 600.0


def test_what_is_no_elevation_model_is_refused(tmp_path: Path) -> None:
    frame = frame_at(*HERE)
    profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 3, "dtype": "uint8", "crs": "EPSG:4549"}
    with rasterio.open(tmp_path / "picture.tif", "w", **profile, transform=rasterio.Affine(1, 0, EAST, 0, -1, NORTH)) as target:
        target.write(np.zeros((3, 4, 4), np.uint8))
    with pytest.raises(cim.CityFileInvalid, match="picture"):
        cim.read_city(tmp_path / "picture.tif", "t", frame)
    with pytest.raises(cim.CityFileInvalid, match="no height"):
        cim.read_city(write(tmp_path / "empty.tif", np.full((9, 9), np.nan)), "t", frame)
    with pytest.raises(OutsideSite):
        cim.read_city(write(tmp_path / "far.tif", hill(), corner=(EAST + 50_000, NORTH)), "t", frame)
    with pytest.raises(CrsError) as missing:
        cim.read_city(write(tmp_path / "nowhere.tif", hill(), crs=None), "t", frame)
    assert missing.value.code == "CRS_MISSING"
    with pytest.raises(HeightDatumUnknown):
        cim.read_city(write(tmp_path / "hill.tif", hill()), "t", frame_at(*HERE, separation=None))
    assert cim.is_terrain(tmp_path / "hill.tif")
