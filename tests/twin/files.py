"""Small files of every kind for the tests of imports and commands, written once a session and never changed."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio
from affine import Affine
from shapely.geometry import LineString, Point, Polygon

from spatial.frame import Site
from twin.demo import write_small_office

__all__ = ["ANCHOR", "SITE", "SITE_ARGUMENTS", "Files", "write_dem", "write_files"]

SITE = Site(code="s", name="试验", lon=119.2946, lat=26.0896, height_m=30.0, crs="EPSG:4549", geoid_separation_m=10.0)
SITE_ARGUMENTS = ("--name", "试验", "--origin", "119.2946,26.0896,30", "--crs", "EPSG:4549", "--geoid-separation", "10")
ANCHOR = "119.2946,26.0896,30,0"
CRS = "EPSG:4549"
EAST, NORTH = 429_426.0, 2_886_780.0
"""A point some metres from the site's origin, in its project CRS."""


@dataclass(frozen=True)
class Files:
    """What lies in the folder."""

    office: Path
    office_later: Path
    other_office: Path
    truncated: Path
    junk_ifc: Path
    roads: Path
    roads_without_crs: Path
    junk_gpkg: Path
    dem: Path
    dem_higher: Path
    junk_tif: Path


def write_files(folder: Path) -> Files:
    """Three offices (one a later export, one of other ids), roads with a house and a tree, two elevation models, and broken ones."""
    named = {
        "office": "office.ifc",
        "office_later": "office-later.ifc",
        "other_office": "other-office.ifc",
        "truncated": "truncated.ifc",
        "junk_ifc": "junk.ifc",
        "roads": "roads.gpkg",
        "roads_without_crs": "bare.gpkg",
        "junk_gpkg": "junk.gpkg",
        "dem": "dem.tif",
        "dem_higher": "dem-higher.tif",
        "junk_tif": "junk.tif",
    }
    files = Files(**{name: folder / file for name, file in named.items()})
    write_small_office(files.office, storeys=1)
    write_small_office(files.office_later, storeys=2)
    write_small_office(files.other_office, storeys=1, key="other", seed=9)
    files.truncated.write_bytes(files.office.read_bytes()[:70_000])
    noise = np.random.default_rng(7).bytes(3_000)
    for path in (files.junk_ifc, files.junk_gpkg):
        path.write_bytes(noise)
    files.junk_tif.write_bytes(b"II*\x00" + noise)
    _write_layers(files.roads, CRS)
    _write_layers(files.roads_without_crs, None)
    write_dem(files.dem, lambda x, y: 20.0 + 0.02 * x + 0.01 * y)
    write_dem(files.dem_higher, lambda x, y: 26.0 + 3.0 * np.sin(x / 60.0))
    return files


def write_dem(path: Path, height: Any, *, size: int = 100, step: float = 4.0) -> None:
    """A GeoTIFF of 1985 heights around the point; `height` takes metres east and north of it."""
    offsets = (np.arange(size) - size / 2 + 0.5) * step
    x, y = np.meshgrid(offsets, -offsets)
    corner = Affine(step, 0.0, EAST - size / 2 * step, 0.0, -step, NORTH + size / 2 * step)
    options = {"driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": "float32", "crs": CRS, "transform": corner}
    with rasterio.open(path, "w", **options) as raster:
        raster.write(height(x, y).astype(np.float32), 1)


def _write_layers(path: Path, crs: str | None) -> None:
    def at(x: float, y: float) -> tuple[float, float]:
        return EAST + x, NORTH + y

    house = Polygon([at(10, 10), at(22, 10), at(22, 20), at(10, 20)])
    layers: dict[str, dict[str, list[Any]]] = {
        "roads": {"name": ["中山路"], "width": [6.0], "geometry": [LineString([at(-90, -40), at(0, -30), at(95, 20)])]},
        "buildings": {"name": ["门房"], "height": [4.5], "geometry": [house]},
        "trees": {"name": ["樟树"], "height": [8.0], "geometry": [Point(at(-20, 25))]},
    }
    for name, columns in layers.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a file without a CRS is written is the point
            geopandas.GeoDataFrame(columns, crs=crs).to_file(path, layer=name, driver="GPKG")
