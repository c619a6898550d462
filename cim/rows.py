"""Rows of a vector file (GeoPackage, GeoJSON, Shapefile) in the site frame, each with its class and all its attributes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from cim.city_layer import agreed_crs
from cim.columns import class_of, columns_of, find_column, identity_column, text
from cim.coordinates import Reading, find_reading
from cim.ground import Ground
from cim.vector_file import Layer, VectorFile, open_vector_file
from spatial.frame import Site, SiteFrame
from spatial.issue import Issue, Severity
from spatial.mesh import Float64

__all__ = ["OUTSIDE", "Row", "Rows", "near", "read_rows", "to_degrees", "to_site_xy"]

Bool = NDArray[np.bool_]
OUTSIDE = "outside the site's radius"
NEAR_RADII = 4
METRES_A_DEGREE = 110_574
"""Of latitude, at the equator, where it is shortest (WGS84)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One row: where it stands, its class, its geometry in site xy metres (None where it has none there) and in lon, lat degrees, every
    attribute.

    `fault` says why a geometry that is in the file cannot be placed; `repeats` names the row that is the same thing.
    """

    local_id: str
    entity: str
    class_name: str
    name: str | None
    geometry: BaseGeometry | None
    geographic: BaseGeometry | None
    attributes: Mapping[str, Any]
    fault: str = ""
    repeats: str = ""

    def cell(self, meaning: str) -> Any:
        """The attribute that means this (cim.columns.COLUMNS), of several the first that says anything; None where none does."""
        stated = (self.attributes[column] for column in columns_of(self.attributes, meaning))
        return next((value for value in stated if text(value) is not None), None)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """All rows of a file, the CRS they were read with, the driver's name, and what was found odd."""

    rows: tuple[Row, ...]
    crs: str
    driver: str
    issues: tuple[Issue, ...]


def read_rows(path: Path, site_frame: SiteFrame, ground: Ground | None, *, crs: str | None, force_crs: bool, file: str) -> Rows:
    """Every row of every layer. `file` is the name the file came under; a GeoJSON's layer is named by it.

    A geometry without a place (not finite, outside the CRS's domain) is the fault of its row alone.
    Raises CityFileInvalid, CrsError, CrsDisagrees.
    """
    source = open_vector_file(path, file)
    rows: list[Row] = []
    issues = list(_of_the_file(source))
    used: list[str] = []
    for layer in source.layers():
        agreed = None
        if any(geometry is not None for geometry in layer.geometries):
            declared = _declared(layer.crs, layer.geometries)
            agreed = agreed_crs(declared, crs, force=force_crs, what=f"{file}, layer {layer.name}")
            used.append(agreed)
        if not layer.fids:
            message = "the layer holds no row"
            issues.append(Issue(code="LAYER_EMPTY", path=layer.name, message=message, source=file))
        rows += _Layer(layer, agreed, site_frame, ground, file, issues).rows()
    return Rows(tuple(rows), "; ".join(dict.fromkeys(used)), source.driver, tuple(issues))


def to_degrees(geometries: Sequence[BaseGeometry | None], reading: Reading) -> tuple[NDArray[np.object_], Bool]:
    """Plan geometries (n,) in lon, lat degrees from a file's coordinates, and which (n,) have no place: those are None."""
    array = shapely.force_2d(np.asarray(list(geometries), dtype=object))
    points, owner = shapely.get_coordinates(array, return_index=True)
    degrees = reading.lon_lat(points)
    lost = np.zeros(len(array), dtype=bool)
    lost[owner[~np.isfinite(degrees).all(axis=1)]] = True
    array[lost] = None
    return shapely.set_coordinates(array, degrees[~lost[owner]]), lost


def to_site_xy(geographic: NDArray[np.object_], site_frame: SiteFrame, ground: Ground | None) -> list[BaseGeometry | None]:
    """Plan geometries in site xy metres from lon, lat degrees.

    They are placed at the height of the ground (the origin's where there is none): ups differ by 1/R a metre, so that 50 m
    wrong is 16 mm aside at 2 km.
    """
    degrees = shapely.get_coordinates(geographic)
    if not len(degrees):
        return list(geographic)
    lon_lat_height = np.column_stack([degrees, np.full(len(degrees), site_frame.site.height_m)])
    xyz = site_frame.from_lon_lat_height(lon_lat_height)
    if ground is not None:
        z = ground.sample(xyz[:, :2])
        known = ~np.isnan(z)
        if known.any():
            lon_lat_height[known, 2] = site_frame.to_lon_lat_height(np.column_stack([xyz[known, :2], z[known]]))[:, 2]
            xyz = site_frame.from_lon_lat_height(lon_lat_height)
    return list(shapely.set_coordinates(geographic.copy(), xyz[:, :2]))


def near(geographic: NDArray[np.object_], site: Site) -> NDArray[np.object_]:
    """What of geometries in degrees lies in a rectangle some radii around a site's origin; None for what lies outside it.

    The plane of the site frame holds no more than half the earth, its other half folded onto it: the antipodes of the origin would
    stand in the site.
    """
    north = NEAR_RADII * site.radius_m / METRES_A_DEGREE
    east = north / max(np.cos(np.radians(site.lat)), 0.01)
    window = shapely.box(site.lon - east, site.lat - north, site.lon + east, site.lat + north)
    result = geographic.copy()
    bounds = shapely.bounds(geographic)
    inside = (bounds[:, :2] >= window.bounds[:2]).all(axis=1) & (bounds[:, 2:] <= window.bounds[2:]).all(axis=1)
    for i in np.flatnonzero(~inside & ~shapely.is_missing(geographic)):
        whole = geographic[i] if geographic[i].is_valid else shapely.make_valid(geographic[i], method="structure", keep_collapsed=True)
        part = whole.intersection(window)
        result[i] = None if part.is_empty else part
    return result


class _Layer:
    """The rows of one layer: names, repeats, geometries made valid; findings go to `issues`."""

    def __init__(self, layer: Layer, crs: str | None, site_frame: SiteFrame, ground: Ground | None, file: str, issues: list[Issue]) -> None:
        self.layer, self.file, self.issues = layer, file, issues
        self.geographic, self.geometries, self.lost = self._placed(crs, site_frame, ground)
        self.radius_m = site_frame.site.radius_m
        self.identity = identity_column(layer.cells)
        self.title = find_column(layer.cells, "name")
        self.taken: set[str] = set()
        self.first: dict[tuple[str, bytes], str] = {}

    def rows(self) -> Iterator[Row]:
        for position, fid in enumerate(self.layer.fids):
            attributes = {column: values[position] for column, values in self.layer.cells.items()}
            entity = f"{self.layer.name} fid {fid}"
            geometry, fault = self._sound(self.geometries[position], bool(self.lost[position]), entity)
            if self._far(position):
                fault = f"{OUTSIDE} of {self.radius_m:,.0f} m"
            repeats = self._repeats(attributes, geometry, entity)
            geographic = self.geographic[position]
            dimension = 2 if geographic is None else int(shapely.get_dimensions(geographic))
            yield Row(
                local_id=self._local_id(attributes, fid, entity),
                entity=entity,
                class_name=class_of(attributes, self.layer.name, dimension),
                name=text(attributes[self.title]) if self.title is not None else None,
                geometry=geometry,
                geographic=_valid(geographic) if fault or geometry is not None else None,
                attributes=attributes,
                fault=fault,
                repeats=repeats,
            )

    def _placed(
        self, crs: str | None, site_frame: SiteFrame, ground: Ground | None
    ) -> tuple[Sequence[BaseGeometry | None], list[BaseGeometry | None], Bool]:
        if crs is None:
            return self.layer.geometries, self.layer.geometries, np.zeros(len(self.layer.geometries), dtype=bool)
        array = np.asarray(self.layer.geometries, dtype=object)
        reading = find_reading(shapely.get_coordinates(array), crs, site_frame)
        self.issues += reading.issues(self.layer.name, self.file)
        high = int(shapely.has_z(array).sum())
        if high:
            message = f"{high} of {len(array)} geometries carry z, which is not used: vector layers are laid on the terrain"
            self._find("GEOMETRY_Z_UNUSED", self.layer.name, message, Severity.INFO)
        geographic, lost = to_degrees(self.layer.geometries, reading)
        return list(geographic), to_site_xy(near(geographic, site_frame.site), site_frame, ground), lost

    def _far(self, position: int) -> bool:
        """Whether a row has a place, which is nowhere near the site."""
        whole = self.geographic[position]
        return self.geometries[position] is None and whole is not None and not whole.is_empty

    def _sound(self, geometry: BaseGeometry | None, lost: bool, entity: str) -> tuple[BaseGeometry | None, str]:
        if lost:
            return None, "coordinates that are no numbers, or outside the domain of the CRS"
        if geometry is None or geometry.is_empty:
            return None, ""
        if geometry.is_valid:
            return geometry, ""
        try:
            valid: BaseGeometry = shapely.make_valid(geometry, method="structure", keep_collapsed=True)
        except GEOSException as error:
            return None, f"the geometry cannot be made valid: {error}"
        self._find("GEOMETRY_REPAIRED", entity, "the geometry crosses itself and was made valid", Severity.INFO)
        return valid, ""

    def _repeats(self, attributes: Mapping[str, Any], geometry: BaseGeometry | None, entity: str) -> str:
        known = text(attributes[self.identity]) if self.identity is not None else None
        if known is None or geometry is None:
            return ""
        first = self.first.setdefault((known, shapely.to_wkb(shapely.normalize(geometry))), entity)
        if first == entity:
            return ""
        self._find("ROW_REPEATED", entity, f"id {known} and geometry are those of {first}, where it is drawn", Severity.INFO)
        return first

    def _local_id(self, attributes: Mapping[str, Any], fid: Any, entity: str) -> str:
        known = text(attributes[self.identity]) if self.identity is not None else None
        wanted = f"{self.layer.name}/{known if known is not None else fid if self.identity is None else f'fid-{fid}'}"
        local, number = wanted, 1
        while local in self.taken:
            number += 1
            local = f"{wanted}~{number}"
        self.taken.add(local)
        if number > 1:
            self._find("ROW_ID_DUPLICATE", entity, f"id {wanted} occurs again; this row is {local}", Severity.WARNING)
        return local

    def _find(self, code: str, path: str, message: str, severity: Severity) -> None:
        self.issues.append(Issue(code=code, path=path, message=message, severity=severity, source=self.file))


def _valid(geometry: BaseGeometry | None) -> BaseGeometry | None:
    if geometry is None or geometry.is_empty:
        return None
    if geometry.is_valid:
        return geometry
    try:
        valid: BaseGeometry = shapely.make_valid(geometry, method="structure", keep_collapsed=True)
    except GEOSException:
        return None
    return valid


def _of_the_file(source: VectorFile) -> Iterator[Issue]:
    if source.encoding is not None and source.encoding != "utf-8":
        message = f"its text is {source.encoding.upper()}, which the file does not say; decoded as that"
        yield Issue(code="TEXT_ENCODING_REPAIRED", path=source.file, message=message, source=source.file)
    for name in source.skipped:
        message = "the table holds a desktop program's drawing styles, no things; not read"
        yield Issue(code="TABLE_SKIPPED", path=name, message=message, severity=Severity.INFO, source=source.file)


def _declared(crs: Any, geometries: Sequence[BaseGeometry | None]) -> str | None:
    if crs is None or not (crs.is_geographic or crs.is_projected or crs.is_compound or crs.is_bound):
        return None
    if crs.is_geographic and not _degrees(geometries):
        return None
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _degrees(geometries: Sequence[BaseGeometry | None]) -> bool:
    """Whether most coordinates can be degrees, in either order: metres under a geographic CRS are a file without a CRS."""
    points: Float64 = np.abs(shapely.get_coordinates(np.asarray(list(geometries), dtype=object)))
    points = points[np.isfinite(points).all(axis=1)]
    return not len(points) or bool(np.median(points.max(axis=1)) <= 360.0)
