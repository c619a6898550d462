"""Elevation models made here: placed as pyproj places them, holes kept open, coarse ones and wrong ones named."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio

import cim
from spatial.crs import HeightDatum
from spatial.errors import CrsError, HeightDatumUnknown, OutsideSite
from spatial.issue import count_codes
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


def raster(path: Path, heights: Float64, affine: rasterio.Affine | None = None, **profile: Any) -> Path:
    """A GeoTIFF with nothing said but what is asked for."""
    rows, columns = heights.shape
    where = affine or rasterio.Affine(5.0, 0.0, EAST - columns * 2.5, 0.0, -5.0, NORTH + rows * 2.5)
    plain = {"driver": "GTiff", "width": columns, "height": rows, "count": 1, "dtype": "float32", "crs": "EPSG:4549"}
    scale, offset, unit = profile.pop("scale", 1.0), profile.pop("offset", 0.0), profile.pop("unit", "")
    with rasterio.open(path, "w", **(plain | profile), transform=where) as target:
        target.write(heights.astype(profile.get("dtype", "float32")), 1)
        target.scales, target.offsets, target.units = (scale,), (offset,), (unit,)
    return path


MIDDLE = [[12.0, -7.0], [100.0, 60.0], [-130.0, 40.0]]


@pytest.mark.parametrize(
    ("stored", "profile", "exact_m"),
    [
        (lambda z: z / 0.3048, {"unit": "ft"}, 0.001),
        (lambda z: np.rint(z * 100), {"dtype": "int16", "scale": 0.01}, 0.01),
        (lambda z: np.rint((z - 20) * 1000), {"dtype": "int32", "scale": 0.001, "offset": 20.0}, 0.002),
        (lambda z: z, {"dtype": "float64", "nodata": np.nan}, 0.001),
        (lambda z: np.where(z == z[0, 0], -32768, z), {"nodata": -32768}, 0.001),
    ],
)
def test_units_scales_and_no_data_are_those_the_file_states(tmp_path: Path, stored: Any, profile: Any, exact_m: float) -> None:
    frame = frame_at(*HERE, height=30.0)
    plain = cim.read_ground(raster(tmp_path / "plain.tif", hill()), frame).sample(MIDDLE)
    found = cim.read_ground(raster(tmp_path / "stored.tif", stored(hill()), **profile), frame).sample(MIDDLE)
    assert found == pytest.approx(plain, abs=0.2 if exact_m > 0.001 else exact_m)


@pytest.mark.parametrize("wrong", [-9999.0, -32768.0, 1e20, 12000.0])
def test_an_undeclared_no_data_value_is_a_hole_and_found(tmp_path: Path, wrong: float) -> None:
    heights = hill()
    heights[10:20, 10:20] = wrong
    layer = cim.read_city(raster(tmp_path / "undeclared.tif", heights), "t", frame_at(*HERE, height=30.0))
    assert count_codes(layer.issues) == {"TERRAIN_IMPLAUSIBLE": 1}
    assert "100 pixels" in layer.issues[0].message
    assert all(feature.z_range is not None and 4 < feature.z_range[0] < feature.z_range[1] < 40 for feature in layer.features)


@pytest.mark.parametrize(
    "affine",
    [
        rasterio.Affine.translation(EAST, NORTH) @ rasterio.Affine.rotation(30) @ rasterio.Affine(5, 0, -200, 0, -5, 150),
        rasterio.Affine(5, 0, EAST - 200, 0, 5, NORTH - 150),
        rasterio.Affine(2, 0, EAST - 80, 0, -8, NORTH + 240),
        rasterio.Affine(-5, 0, EAST + 200, 0, -5, NORTH + 150),
    ],
    ids=["rotated", "south up", "oblong pixels", "mirrored"],
)
def test_any_geotransform_is_followed(tmp_path: Path, affine: rasterio.Affine) -> None:
    frame = frame_at(*HERE, height=30.0)
    ground = cim.read_ground(raster(tmp_path / "turned.tif", hill(), affine), frame)
    rows, columns = np.array([10, 25, 45]), np.array([20, 60, 33])
    east, north = affine @ (columns + 0.5, rows + 0.5)
    site = frame.from_projected("EPSG:4549", np.column_stack([east, north]), hill()[rows, columns], HeightDatum.ORTHOMETRIC)
    assert ground.sample(site[:, :2]) == pytest.approx(site[:, 2], abs=0.25)


def test_an_easting_with_its_zone_number_is_read_where_it_lies(tmp_path: Path) -> None:
    frame = frame_at(*HERE, height=30.0)
    affine = rasterio.Affine(5, 0, 40e6 + EAST - 200, 0, -5, NORTH + 150)
    layer = cim.read_city(raster(tmp_path / "zone.tif", hill(), affine), "t", frame)
    assert count_codes(layer.issues) == {"EASTING_ZONE_PREFIX": 1}
    plain = cim.read_ground(raster(tmp_path / "plain.tif", hill()), frame)
    assert cim.read_ground(tmp_path / "zone.tif", frame).sample(MIDDLE) == pytest.approx(plain.sample(MIDDLE), abs=1e-3)


def test_the_distance_from_the_pixels_is_measured_and_stated(tmp_path: Path) -> None:
    frame, heights = frame_at(*HERE, height=30.0), hill()
    heights += np.random.default_rng(5).normal(0.0, 0.3, heights.shape)
    path = raster(tmp_path / "rough.tif", heights)
    measured = cim.read_city(path, "t", frame).features[0].properties["measured"]
    rows, columns = (index.ravel() for index in np.mgrid[0:60, 0:80])
    plan = np.column_stack([EAST - 200 + 5 * (columns + 0.5), NORTH + 150 - 5 * (rows + 0.5)])
    site = frame.from_projected("EPSG:4549", plan, heights[rows, columns].astype(np.float32), HeightDatum.ORTHOMETRIC)
    missed = np.abs(cim.read_ground(path, frame).sample(site[:, :2]) - site[:, 2])
    missed = missed[np.isfinite(missed)]
    assert measured["pixels"] == len(missed) > 4500
    assert measured["pixel_error_max_m"] == pytest.approx(missed.max(), abs=1e-4)
    assert measured["pixel_error_rms_m"] == pytest.approx(np.sqrt((missed**2).mean()), abs=1e-4)
    assert measured["error_m"] <= 0.1 < measured["pixel_error_max_m"]


def test_a_model_of_far_more_pixels_than_are_used_is_averaged_not_thinned(tmp_path: Path) -> None:
    y, x = np.mgrid[0:40, 0:9000]
    stripes = 25.0 + np.where(x % 2 == 0, 1.0, -1.0) + 0.0 * y
    path = raster(tmp_path / "fine.tif", stripes, rasterio.Affine(0.2, 0, EAST - 900, 0, -0.2, NORTH + 4))
    layer = cim.read_city(path, "t", frame_at(*HERE, height=35.0))
    assert count_codes(layer.issues) == {"TERRAIN_COARSENED": 1}
    inner = [feature for feature in layer.features if feature.z_range is not None]
    assert min(f.z_range[0] for f in inner if f.z_range) > -0.3
    assert max(f.z_range[1] for f in inner if f.z_range) < 0.3


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


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 1)])
def test_a_model_too_small_for_one_cell_is_refused(tmp_path: Path, shape: tuple[int, int]) -> None:
    with pytest.raises(cim.CityFileInvalid, match=r"tiny\.tif is too small"):
        cim.read_city(raster(tmp_path / "tiny.tif", np.full(shape, 25.0)), "t", frame_at(*HERE))


def test_an_unknown_unit_and_a_missing_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(cim.CityFileInvalid, match="'chi'"):
        cim.read_city(raster(tmp_path / "unit.tif", hill(), unit="chi"), "t", frame_at(*HERE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        raster(tmp_path / "loose.tif", hill(), rasterio.Affine.identity())
    with pytest.raises(cim.CityFileInvalid, match="does not say where") as refused:
        cim.read_city(tmp_path / "loose.tif", "t", frame_at(*HERE), source_name="地形.tif")
    assert "地形.tif" in str(refused.value)
    assert refused.value.hint
