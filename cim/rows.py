"""Rows of a vector file (GeoPackage, GeoJSON, Shapefile) in the site frame, each with its class and all its attributes."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataSourceError
from shapely.geometry.base import BaseGeometry

from cim.city_layer import agreed_crs
from cim.columns import class_of, find_column, json_value, text
from cim.errors import CityFileInvalid
from cim.ground import Ground
from spatial.crs import horizontal
from spatial.frame import SiteFrame
from spatial.issue import Issue, Severity
from spatial.mesh import Float64

__all__ = ["Row", "Rows", "read_rows", "to_site_xy"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One row: where it stands, its class, its geometry in site xy metres (None where it has none), every attribute."""

    local_id: str
    entity: str
    class_name: str
    name: str | None
    geometry: BaseGeometry | None
    attributes: Mapping[str, Any]

    def cell(self, meaning: str) -> Any:
        """The attribute that means this (cim.columns.COLUMNS), None where there is none."""
        column = find_column(self.attributes, meaning)
        return None if column is None else self.attributes[column]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """All rows of a file, the CRS they were read with, the driver's name, and what was found odd."""

    rows: tuple[Row, ...]
    crs: str
    driver: str
    issues: tuple[Issue, ...]


def read_rows(path: Path, site_frame: SiteFrame, ground: Ground | None, *, crs: str | None, force_crs: bool, file: str) -> Rows:
    """Every row of every layer. `file` is the name the file came under; a GeoJSON's layer is named by it.

    Raises CityFileInvalid, CrsError, CrsDisagrees.
    """
    try:
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        driver = str(pyogrio.read_info(path, layer=layers[0])["driver"]) if layers else ""
    except DataSourceError as error:
        raise CityFileInvalid(f"{file} cannot be read: {error}", hint="GeoPackage, GeoJSON, CityJSON or GeoTIFF") from error
    if not layers:
        raise CityFileInvalid(f"{file} holds no layer", hint="is it the right file?")
    rows: list[Row] = []
    issues: list[Issue] = []
    used: list[str] = []
    for layer in layers:
        name = layer if driver == "GPKG" else file.split(".")[0]
        rows += _read_layer(path, layer, name, site_frame, ground, crs, force_crs, file, issues, used)
    return Rows(tuple(rows), "; ".join(dict.fromkeys(used)), driver, tuple(issues))


def to_site_xy(
    geometries: Sequence[BaseGeometry | None], crs: str, site_frame: SiteFrame, ground: Ground | None
) -> list[BaseGeometry | None]:
    """Geometries in site xy metres from the units of `crs`, at the height of the ground (the origin's where there is none).

    The height matters because ups differ by 1/R a metre: 50 m wrong is 16 mm aside at 2 km.
    """
    array = np.asarray(list(geometries), dtype=object)
    points = shapely.get_coordinates(array)
    if not len(points):
        return list(geometries)
    lon, lat = horizontal(crs).to_lon_lat(points[:, 0], points[:, 1])
    height = np.full(len(lon), site_frame.site.height_m)
    xyz = site_frame.from_lon_lat_height(np.column_stack([lon, lat, height]))
    if ground is not None:
        z = ground.sample(xyz[:, :2])
        known = ~np.isnan(z)
        if known.any():
            height[known] = site_frame.to_lon_lat_height(np.column_stack([xyz[known, :2], z[known]]))[:, 2]
            xyz = site_frame.from_lon_lat_height(np.column_stack([lon, lat, height]))
    return list(shapely.set_coordinates(shapely.force_2d(array), xyz[:, :2]))


def _read_layer(
    path: Path,
    layer: str,
    name: str,
    site_frame: SiteFrame,
    ground: Ground | None,
    crs: str | None,
    force_crs: bool,
    file: str,
    issues: list[Issue],
    used: list[str],
) -> list[Row]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Several features with id", category=RuntimeWarning)
        frame = pyogrio.read_dataframe(path, layer=layer, fid_as_index=True)
    spatial = "geometry" in frame.columns and hasattr(frame, "crs")
    geometries: list[BaseGeometry | None] = list(frame.geometry) if spatial else [None] * len(frame)
    if any(geometry is not None for geometry in geometries):
        agreed = agreed_crs(_declared(frame.crs, geometries), crs, force=force_crs, what=f"{file}, layer {name}")
        used.append(agreed)
        geometries = to_site_xy(geometries, agreed, site_frame, ground)
    columns = [column for column in frame.columns if not spatial or column != frame.geometry.name]
    cells = {str(column): [json_value(value) for value in frame[column].tolist()] for column in columns}
    identity = find_column(cells, "id")
    title = find_column(cells, "name")
    taken: dict[str, int] = {}
    rows = []
    for position, (fid, geometry) in enumerate(zip(frame.index.tolist(), geometries, strict=True)):
        attributes = {column: values[position] for column, values in cells.items()}
        known = text(attributes[identity]) if identity is not None else None
        local = f"{name}/{known if known is not None else fid if identity is None else f'fid-{fid}'}"
        taken[local] = taken.get(local, 0) + 1
        entity = f"{name} fid {fid}"
        if taken[local] > 1:
            message = f"id {local} occurs again; this row is {local}~{taken[local]}"
            issues.append(Issue(code="ROW_ID_DUPLICATE", path=entity, message=message, source=file))
            local = f"{local}~{taken[local]}"
        geometry = None if geometry is None or geometry.is_empty else geometry
        if geometry is not None and not geometry.is_valid:
            geometry = shapely.make_valid(geometry)
            issues.append(
                Issue(
                    code="GEOMETRY_REPAIRED",
                    path=entity,
                    message="the geometry crosses itself and was made valid",
                    severity=Severity.INFO,
                    source=file,
                )
            )
        rows.append(
            Row(
                local_id=local,
                entity=entity,
                class_name=class_of(attributes, name, 2 if geometry is None else int(shapely.get_dimensions(geometry))),
                name=text(attributes[title]) if title is not None else None,
                geometry=geometry,
                attributes=attributes,
            )
        )
    return rows


def _declared(crs: Any, geometries: Sequence[BaseGeometry | None]) -> str | None:
    if crs is None:
        return None
    low_x, low_y, high_x, high_y = _bounds(geometries)
    if crs.is_geographic and (low_x < -360 or high_x > 360 or low_y < -90 or high_y > 90):
        return None
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _bounds(geometries: Sequence[BaseGeometry | None]) -> Float64:
    return np.asarray(shapely.total_bounds(np.asarray(list(geometries), dtype=object)), dtype=np.float64)
